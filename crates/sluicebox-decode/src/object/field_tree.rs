use sluicebox_types::RejectReason;

use crate::fault::Fault;
use crate::unknown::{Record, UnknownFields};

use super::member::Member;
use super::name_index::{Found, NameIndex};

/// The declared fields of one JSON object. A field holds a column, or is an object on the path of
/// columns further in: paths may share their beginning.
#[derive(Default)]
pub(super) struct FieldTree {
    fields: Vec<Field>,
    index: NameIndex,
    /// For each field, and at the end for the start of the object, the field that came next the last
    /// time: producers write their fields in a stable order.
    successors: Vec<usize>,
    visit: Visit,
}

/// How far the object that is being read has come.
#[derive(Default)]
struct Visit {
    /// Counts the objects read, so that "seen in this object" needs no clearing.
    number: u64,
    previous: usize,
    declared: usize,
    has_variants: bool,
}

struct Field {
    name: String,
    /// Its name and colon as most producers write them.
    token: String,
    target: Target,
    is_nested: bool,
    seen_in: u64,
    variant: Option<Variant>,
}

enum Target {
    Column(usize),
    Object(FieldTree),
}

/// An undeclared field whose name differs from a declared one in case only.
struct Variant {
    seen_in: u64,
    name: String,
}

impl FieldTree {
    /// Declares that the field at `path` fills the column `column`. If the path is taken, or leads
    /// through a field that holds a column, the error is the part of it where they meet.
    pub(super) fn insert(
        &mut self,
        path: &[String],
        column: usize,
        is_nested: bool,
    ) -> Result<(), String> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(());
        };
        let known = self.fields.iter_mut().find(|field| field.name == *name);
        match (known.map(|field| &mut field.target), rest) {
            (Some(Target::Object(inner)), [_, ..]) => inner
                .insert(rest, column, is_nested)
                .map_err(|conflict| format!("{name}.{conflict}")),
            (Some(_), _) => Err(name.clone()),
            (None, []) => {
                self.fields
                    .push(Field::new(name, Target::Column(column), is_nested));
                Ok(())
            }
            (None, _) => {
                let mut inner = Self::default();
                inner.insert(rest, column, is_nested)?;
                self.fields
                    .push(Field::new(name, Target::Object(inner), true));
                Ok(())
            }
        }
    }

    /// Makes the declared fields findable, once all of them are known.
    pub(super) fn build_index(&mut self) {
        self.index = NameIndex::new(self.fields.iter().map(|field| field.name.clone()).collect());
        self.successors = (1..=self.fields.len()).chain([0]).collect();
        for field in &mut self.fields {
            if let Target::Object(inner) = &mut field.target {
                inner.build_index();
            }
        }
    }

    /// Reads the object whose bracket was peeked.
    pub(super) fn read(
        &mut self,
        members: &mut [Member],
        record: &mut Record<'_>,
    ) -> Result<(), Fault> {
        let number = self.visit.number + 1;
        self.visit = Visit {
            number,
            previous: self.fields.len(),
            ..Visit::default()
        };
        record.unknown.open("{");
        let mut more = record.json.enter(b'}')?;
        while more {
            self.read_field(members, record)?;
            more = record.json.next(b'}')?;
        }
        record.unknown.close("}");
        if self.visit.declared < self.fields.len() || self.visit.has_variants {
            self.settle(members, record.unknown.policy)?;
        }
        Ok(())
    }

    fn read_field(&mut self, members: &mut [Member], record: &mut Record<'_>) -> Result<(), Fault> {
        record.json.peek();
        let expected = self
            .successors
            .get(self.visit.previous)
            .copied()
            .unwrap_or_default();
        if let Some(field) = self.fields.get_mut(expected)
            && record.json.eat(&field.token)
        {
            self.visit.previous = expected;
            self.visit.declared += 1;
            return field.read(self.visit.number, members, record);
        }
        let start = record.json.position();
        let found = self.index.find(record.json.name()?);
        let name = record.json.since(start);
        record.json.colon()?;
        match found {
            Found::Declared(index) => {
                self.learn_successor(index);
                self.visit.declared += 1;
                match self.fields.get_mut(index) {
                    Some(field) => field.read(self.visit.number, members, record),
                    None => Ok(()),
                }
            }
            Found::Variant(index) => {
                self.visit.has_variants = true;
                if let Some(field) = self.fields.get_mut(index) {
                    let name = name.to_owned();
                    field.variant = Some(Variant {
                        seen_in: self.visit.number,
                        name,
                    });
                }
                skip_unknown(start, record)
            }
            Found::Unknown => {
                skip_unknown(start, record)?;
                match record.unknown.policy {
                    UnknownFields::Reject => Err(unknown_field(name)),
                    UnknownFields::Ignore | UnknownFields::Keep => Ok(()),
                }
            }
        }
    }

    fn learn_successor(&mut self, index: usize) {
        if let Some(successor) = self.successors.get_mut(self.visit.previous) {
            *successor = index;
        }
        self.visit.previous = index;
    }

    /// At the end of an object: fills what is missing, and judges fields in the wrong case, now that
    /// it is known whether the right one is there too.
    fn settle(&mut self, members: &mut [Member], policy: UnknownFields) -> Result<(), Fault> {
        for field in &mut self.fields {
            let is_missing = field.seen_in != self.visit.number;
            match field
                .variant
                .take_if(|variant| variant.seen_in == self.visit.number)
            {
                Some(variant) if is_missing => return Err(field_case(&field.name, &variant.name)),
                Some(variant) if policy == UnknownFields::Reject => {
                    return Err(unknown_field(&variant.name));
                }
                _ if is_missing => field.fill(members)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Fills everything: the object itself is missing or null.
    fn fill(&mut self, members: &mut [Member]) -> Result<(), Fault> {
        self.fields
            .iter_mut()
            .try_for_each(|field| field.fill(members))
    }
}

impl Field {
    fn new(name: &str, target: Target, is_nested: bool) -> Self {
        let token = format!("{}:", serde_json::Value::from(name));
        Self {
            name: name.to_owned(),
            token,
            target,
            is_nested,
            seen_in: 0,
            variant: None,
        }
    }

    fn read(
        &mut self,
        visit: u64,
        members: &mut [Member],
        record: &mut Record<'_>,
    ) -> Result<(), Fault> {
        if self.seen_in == visit {
            let fault = Fault::new(RejectReason::DuplicateField, "the object has it twice");
            return Err(fault.inside(&self.name));
        }
        self.seen_in = visit;
        let read = if self.is_nested {
            let mark = record.unknown.mark();
            record.unknown.open(&self.token);
            let read = self.target.read(members, record);
            record.unknown.end_field(&mark);
            read
        } else {
            self.target.read(members, record)
        };
        read.map_err(|fault| fault.inside(&self.name))
    }

    fn fill(&mut self, members: &mut [Member]) -> Result<(), Fault> {
        let filled = match &mut self.target {
            Target::Column(index) => members.get_mut(*index).map_or(Ok(()), Member::fill),
            Target::Object(inner) => inner.fill(members),
        };
        filled.map_err(|fault| fault.inside(&self.name))
    }
}

impl Target {
    #[inline]
    fn read(&mut self, members: &mut [Member], record: &mut Record<'_>) -> Result<(), Fault> {
        match self {
            Self::Column(index) => members
                .get_mut(*index)
                .map_or(Ok(()), |member| member.read(record)),
            Self::Object(inner) => match record.json.peek() {
                Some(b'{') => inner.read(members, record),
                Some(b'n') => {
                    record.json.null()?;
                    inner.fill(members)
                }
                _ => Err(record.json.wrong_type("an object")),
            },
        }
    }
}

fn skip_unknown(start: usize, record: &mut Record<'_>) -> Result<(), Fault> {
    record.json.skip_value()?;
    record.unknown.add(record.json.since(start));
    Ok(())
}

/// `name` is JSON text: quoted, and its control characters escaped.
#[cold]
fn unknown_field(name: &str) -> Fault {
    let message = format!("the schema does not declare the field {}", clipped(name));
    Fault::new(RejectReason::UnknownField, message)
}

#[cold]
fn field_case(declared: &str, found: &str) -> Fault {
    let message = format!(
        "the field `{declared}` is missing, but there is {} in its place",
        clipped(found)
    );
    Fault::new(RejectReason::FieldCase, message)
}

/// Names come from the record, so they may be of any length.
fn clipped(name: &str) -> &str {
    name.get(..name.floor_char_boundary(100))
        .unwrap_or_default()
}
