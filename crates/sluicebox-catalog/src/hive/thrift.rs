//! Thrift's binary protocol, as much of it as a client needs: values without a schema.
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md>
//!
//! Without a schema, what a newer metastore adds to a table is read, kept, and sent back with the
//! table; a client of generated structs would drop it. What comes in is checked: its depth, its
//! memory, and that it is Thrift at all.

mod read;
mod write;

use std::collections::BTreeMap;

pub(super) use read::{Message, MessageKind, ReadError, Reader};
pub(super) use write::call;

/// Struct, map and list in one another.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    /// Bytes, or a text in UTF-8: Thrift does not tell them apart.
    Binary(Vec<u8>),
    Struct(Struct),
    Map(Kind, Kind, Vec<(Self, Self)>),
    Set(Kind, Vec<Self>),
    List(Kind, Vec<Self>),
}

/// The kinds of values, by their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Bool = 2,
    I8 = 3,
    Double = 4,
    I16 = 6,
    I32 = 8,
    I64 = 10,
    Binary = 11,
    Struct = 12,
    Map = 13,
    Set = 14,
    List = 15,
}

/// Fields with their ids, in the order of the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Struct(Vec<(i16, Value)>);

impl Kind {
    const ALL: [Self; 11] = [
        Self::Bool,
        Self::I8,
        Self::Double,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::Binary,
        Self::Struct,
        Self::Map,
        Self::Set,
        Self::List,
    ];

    fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

impl Struct {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With a field more.
    pub(super) fn with(mut self, id: i16, value: impl Into<Value>) -> Self {
        self.set(id, value);
        self
    }

    pub(super) fn set(&mut self, id: i16, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(other, _)| *other == id) {
            Some((_, place)) => *place = value,
            None => self.0.push((id, value)),
        }
    }

    /// The first field: its id and value.
    pub(super) fn first(&self) -> Option<&(i16, Value)> {
        self.0.first()
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, id: i16) -> Option<Value> {
        let index = self.0.iter().position(|(other, _)| *other == id)?;
        Some(self.0.remove(index).1)
    }

    /// Takes a struct out; an empty one if it is missing.
    pub(super) fn take_structure(&mut self, id: i16) -> Self {
        match self.take(id) {
            Some(Value::Struct(value)) => value,
            _ => Self::new(),
        }
    }

    /// A text; `None` also if it is something else.
    pub(super) fn text(&self, id: i16) -> Option<&str> {
        self.get(id)?.text()
    }

    /// A struct; `None` also if it is something else.
    pub(super) fn structure(&self, id: i16) -> Option<&Self> {
        match self.get(id)? {
            Value::Struct(value) => Some(value),
            _ => None,
        }
    }

    /// The elements of a list; none if it is something else.
    pub(super) fn list(&self, id: i16) -> &[Value] {
        self.get(id).map_or(&[], Value::list)
    }

    /// A map of texts, without what is no text.
    pub(super) fn text_map(&self, id: i16) -> BTreeMap<String, String> {
        let Some(Value::Map(_, _, entries)) = self.get(id) else {
            return BTreeMap::new();
        };
        let texts = entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())));
        texts.collect()
    }

    fn get(&self, id: i16) -> Option<&Value> {
        let field = self.0.iter().find(|(other, _)| *other == id)?;
        Some(&field.1)
    }
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The elements of a list; none if it is something else.
    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(_, values) => values,
            _ => &[],
        }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::I8(_) => Kind::I8,
            Self::I16(_) => Kind::I16,
            Self::I32(_) => Kind::I32,
            Self::I64(_) => Kind::I64,
            Self::Double(_) => Kind::Double,
            Self::Binary(_) => Kind::Binary,
            Self::Struct(_) => Kind::Struct,
            Self::Map(..) => Kind::Map,
            Self::Set(..) => Kind::Set,
            Self::List(..) => Kind::List,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i16> for Value {
    fn from(value: i16) -> Self {
        Self::I16(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Binary(text.as_bytes().to_vec())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Struct> for Value {
    fn from(value: Struct) -> Self {
        Self::Struct(value)
    }
}

impl From<Vec<Struct>> for Value {
    fn from(values: Vec<Struct>) -> Self {
        Self::List(Kind::Struct, values.into_iter().map(Self::Struct).collect())
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        let binary = |text: String| Self::Binary(text.into_bytes());
        Self::List(Kind::Binary, texts.into_iter().map(binary).collect())
    }
}

impl From<&BTreeMap<String, String>> for Value {
    fn from(texts: &BTreeMap<String, String>) -> Self {
        let entries = texts.iter().map(|(key, value)| (key.into(), value.into()));
        Self::Map(Kind::Binary, Kind::Binary, entries.collect())
    }
}
