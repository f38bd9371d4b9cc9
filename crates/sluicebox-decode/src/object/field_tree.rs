use sluicebox_types::RejectReason;

use crate::fault::Fault;
use crate::json::Token;
use crate::unknown::{Record, UnknownFields};

use super::member::Member;
use super::name_index::{Found, NameIndex};

/// The declared fields of one JSON object. A field holds a column, or is an object on the path of
/// columns further in: paths may share their beginning.
#[derive(Default)]
pub(super) struct FieldTree {
    fields: Vec<Field>,
    index: NameIndex,
    /// The names that the index has learned, of fields that are passed over.
    strangers: Vec<Token>,
    /// For the start of the object, then for each field and each stranger, which of them came next
    /// the last time: producers write their fields in a stable order.
    successors: Vec<usize>,
    visit: Visit,
}

/// How far the object that is being read has come.
#[derive(Default)]
struct Visit {
    /// Counts the objects read, so that "seen in this object" needs no clearing.
    number: u64,
    /// What was read last, counted as in the list of successors.
    previous: usize,
    declared: usize,
    has_variants: bool,
}

struct Field {
    name: String,
    token: Token,
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
        self.successors = (0..=self.fields.len()).collect();
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
        let start = record.json.position();
        let expected = self
            .successors
            .get(self.visit.previous)
            .copied()
            .unwrap_or_default();
        if let Some(field) = self.fields.get_mut(expected) {
            if record.json.eat_token(&field.token) {
                self.visit.previous = expected + 1;
                self.visit.declared += 1;
                return field.read(self.visit.number, members, record);
            }
        } else if let Some(stranger) = self.strangers.get(expected - self.fields.len())
            && record.json.eat_token(stranger)
        {
            self.visit.previous = expected + 1;
            return skip_unknown(start, record);
        }
        self.find_field(start, members, record)
    }

    /// The field that begins at `start` is not the one that was expected.
    fn find_field(
        &mut self,
        start: usize,
        members: &mut [Member],
        record: &mut Record<'_>,
    ) -> Result<(), Fault> {
        let rejects = record.unknown.policy == UnknownFields::Reject;
        let name = record.json.name()?;
        let found = match self.index.find(name) {
            Found::Unknown if !rejects => self.learn(name),
            found => found,
        };
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
            Found::Learned(index) => {
                self.learn_successor(index);
                skip_unknown(start, record)
            }
            Found::Unknown => {
                skip_unknown(start, record)?;
                if rejects {
                    return Err(unknown_field(name));
                }
                Ok(())
            }
        }
    }

    /// Makes an undeclared field one that may be expected, if there is room.
    #[cold]
    fn learn(&mut self, name: &str) -> Found {
        let Some(index) = self.index.learn(name) else {
            return Found::Unknown;
        };
        self.strangers.push(token(name));
        self.successors.push(index + 1);
        Found::Learned(index)
    }

    fn learn_successor(&mut self, index: usize) {
        if let Some(successor) = self.successors.get_mut(self.visit.previous) {
            *successor = index;
        }
        self.visit.previous = index + 1;
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
        Self {
            name: name.to_owned(),
            token: token(name),
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
            record.unknown.open(self.token.as_str());
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

/// A field's name and colon as most producers write them.
fn token(name: &str) -> Token {
    Token::new(format!("{}:", serde_json::Value::from(name)))
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
