use std::collections::BTreeMap;

use crate::error::{ConfigError, ConfigErrors, Place, Position};
use crate::pointer;

/// Collects everything that is wrong, and everything that is unwise.
#[derive(Default)]
pub(crate) struct Report {
    errors: Vec<Mistake>,
    warnings: Vec<ConfigError>,
    places: BTreeMap<String, Place>,
}

struct Mistake {
    pointer: String,
    error: ConfigError,
}

impl Report {
    /// Tells where values stand, so that mistakes can be named by pointer from now on.
    pub(crate) fn locate(&mut self, places: BTreeMap<String, Place>) {
        self.places = places;
    }

    /// A mistake in a value, or the lack of one.
    pub(crate) fn error(&mut self, at: &str, message: impl Into<String>, help: Option<String>) {
        let position = self.place(at).map(|place| place.value.clone());
        self.at_position(position.unwrap_or(Position::Derived), at, message, help);
    }

    /// A mistake in a key.
    pub(crate) fn key_error(&mut self, at: &str, message: impl Into<String>, help: Option<String>) {
        let position = self.place(at).map(|place| place.key.clone());
        self.at_position(position.unwrap_or(Position::Derived), at, message, help);
    }

    /// A mistake in a place that is known already.
    pub(crate) fn at_position(
        &mut self,
        position: Position,
        at: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let error = ConfigError {
            position,
            path: pointer::dotted(at),
            message: message.into(),
            help,
        };
        self.errors.push(Mistake {
            pointer: at.to_owned(),
            error,
        });
    }

    /// Something unwise.
    pub(crate) fn warning(&mut self, position: Position, at: &str, message: &str, help: String) {
        let path = pointer::dotted(at);
        let message = message.to_owned();
        self.warnings.push(ConfigError {
            position,
            path,
            message,
            help: Some(help),
        });
    }

    /// Whether something is wrong at this value, or inside it.
    pub(crate) fn is_wrong(&self, at: &str) -> bool {
        self.errors
            .iter()
            .any(|mistake| pointer::lies_in(&mistake.pointer, at))
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn into_warnings(self) -> Vec<ConfigError> {
        self.warnings
    }

    /// Everything, in the order of `main_file`, then of other files, variables and flags; one
    /// mistake that was found in two ways is told once.
    pub(crate) fn into_errors(self, main_file: &str) -> ConfigErrors {
        let mut errors: Vec<_> = self
            .errors
            .into_iter()
            .map(|mistake| mistake.error)
            .collect();
        let elsewhere = |position: &Position| match position {
            Position::File { file, .. } => &**file != main_file,
            _ => true,
        };
        errors.sort_by(|a, b| {
            (elsewhere(&a.position), &a.position).cmp(&(elsewhere(&b.position), &b.position))
        });
        errors.dedup_by(|a, b| a.position == b.position && a.message == b.message);
        ConfigErrors { errors }
    }

    /// Where a value stands; for one that is not written, where it would be: the nearest that
    /// holds it.
    fn place(&self, at: &str) -> Option<&Place> {
        let mut at = at;
        loop {
            match self.places.get(at) {
                None if !at.is_empty() => at = pointer::parent(at),
                place => return place,
            }
        }
    }
}
