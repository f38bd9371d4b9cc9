use std::borrow::Cow;

use sluicebox_types::{Reject, RejectReason};

/// Why a record cannot become a row, on its way up to the record: every object, list and map that it
/// leaves adds its part of the path, so the path costs nothing while records are good. One pointer
/// wide, because it is in the return type of every step.
#[derive(Debug)]
pub(crate) struct Fault(Box<Parts>);

#[derive(Debug)]
struct Parts {
    reason: RejectReason,
    path: String,
    message: Cow<'static, str>,
}

impl Fault {
    #[cold]
    pub(crate) fn new(reason: RejectReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            reason,
            path: String::new(),
            message: message.into(),
        }))
    }

    /// The same fault, found inside the field `name`.
    #[cold]
    pub(crate) fn inside(mut self, name: &str) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, name);
        self
    }

    /// The same fault, found inside an element of a list.
    #[cold]
    pub(crate) fn inside_element(self, index: usize) -> Self {
        self.inside(&format!("[{index}]"))
    }

    pub(crate) fn into_reject(self) -> Reject {
        let Parts {
            reason,
            path,
            message,
        } = *self.0;
        if path.is_empty() {
            return Reject::new(reason, message);
        }
        Reject::new(reason, format!("`{path}`: {message}"))
    }
}
