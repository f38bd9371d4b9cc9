//! The file as a tree in which every value knows where it stands.

mod yaml;
mod scalar;
mod expand;
mod overlay;
mod include;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use expand::expand;
pub(crate) use include::{read_text, resolve_schema_files, resolve_secrets};
pub(crate) use overlay::{cloud_defaults, environment_overlay, hadoop_defaults, set_overlay};
pub(crate) use yaml::{Source, parse};

use crate::error::{Place, Position};
use crate::pointer;

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) position: Position,
}

#[derive(Clone)]
pub(crate) enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// Something was wrong here and has been reported; nothing more is said about it.
    Broken,
}

/// A scalar as it was written. Its type is decided last, so that `${PORT}` may become a number.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes, so that `5` is a number.
    pub(crate) plain: bool,
    /// Filled in from somewhere that may be secret: never shown.
    pub(crate) hidden: bool,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) position: Position,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) const fn mapping(position: Position) -> Self {
        Self {
            content: Content::Mapping(Vec::new()),
            position,
        }
    }

    pub(crate) fn plain(text: impl Into<String>, position: Position) -> Self {
        let scalar = Scalar {
            text: text.into(),
            plain: true,
            hidden: false,
        };
        Self {
            content: Content::Scalar(scalar),
            position,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Mapping(entries) => entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.entries_mut()
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.node)
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.content {
            Content::Mapping(entries) => entries,
            _ => &mut [],
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }
}

/// The tree as plain JSON, with everything known about its values beside it, by JSON pointer.
pub(crate) struct Document {
    pub(crate) value: serde_json::Value,
    pub(crate) places: BTreeMap<String, Place>,
    /// Values that are never shown.
    pub(crate) hidden: BTreeSet<String>,
    /// Values about which everything has been said.
    pub(crate) broken: BTreeSet<String>,
}

impl Document {
    pub(crate) fn new(root: &Node) -> Self {
        let mut document = Self {
            value: serde_json::Value::Null,
            places: BTreeMap::new(),
            hidden: BTreeSet::new(),
            broken: BTreeSet::new(),
        };
        document.value = document.flatten(root, "", &root.position);
        document
    }

    fn flatten(&mut self, node: &Node, at: &str, key: &Position) -> serde_json::Value {
        let place = Place {
            key: key.clone(),
            value: node.position.clone(),
        };
        self.places.insert(at.to_owned(), place);
        match &node.content {
            Content::Scalar(scalar) => {
                if scalar.hidden || pointer::is_secret(at) {
                    self.hidden.insert(at.to_owned());
                }
                if scalar.plain && !pointer::is_secret(at) {
                    return scalar::typed(&scalar.text);
                }
                serde_json::Value::String(scalar.text.clone())
            }
            Content::Sequence(nodes) => {
                let element = |(index, node): (usize, &Node)| {
                    self.flatten(
                        node,
                        &pointer::child(at, &index.to_string()),
                        &node.position,
                    )
                };
                nodes.iter().enumerate().map(element).collect()
            }
            Content::Mapping(entries) => {
                let member = |entry: &Entry| {
                    let at = pointer::child(at, &entry.key);
                    (
                        entry.key.clone(),
                        self.flatten(&entry.node, &at, &entry.position),
                    )
                };
                entries.iter().map(member).collect()
            }
            Content::Broken => {
                self.broken.insert(at.to_owned());
                serde_json::Value::Null
            }
        }
    }
}
