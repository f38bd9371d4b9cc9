use std::io::{Error, ErrorKind};

use sluicebox_pipeline::ports::{Class, StoreError};

use crate::Operation;

/// What a file system's error means for a lake.
pub(super) fn io_failure(operation: Operation, url: String, error: &Error) -> StoreError {
    let (class, message) = match error.kind() {
        ErrorKind::AlreadyExists => (Class::Retry, "exists already".to_owned()),
        kind => match cure(kind) {
            Some(cure) => (Class::Fatal, format!("{error}; {cure}")),
            None => (Class::Retry, error.to_string()),
        },
    };
    operation.error(url, class, message)
}

fn cure(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull => Some("free space on that disk"),
        ErrorKind::QuotaExceeded => Some("raise the quota or free space"),
        ErrorKind::PermissionDenied => {
            Some("give the user that runs sluicebox read and write access to the folder")
        }
        ErrorKind::ReadOnlyFilesystem => Some("mount it with write access"),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Some("something else lies in the lake's way; move it aside")
        }
        ErrorKind::CrossesDevices => {
            Some("`_staging` must lie on the same file system as the rest of its tree")
        }
        ErrorKind::Unsupported => {
            Some("a lake needs a file system with hard links and synced folders")
        }
        ErrorKind::InvalidFilename => Some("shorten the names of tables, topics or folders"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A person is told what only a person can heal; the rest is tried again.
    #[test]
    fn failures_name_their_cure() {
        for (code, class, words) in [
            (28, Class::Fatal, "free space"),
            (13, Class::Fatal, "access"),
            (30, Class::Fatal, "write access"),
            (18, Class::Fatal, "same file system"),
            (36, Class::Fatal, "shorten"),
            (5, Class::Retry, "Input/output"),
            (17, Class::Retry, "exists already"),
        ] {
            let error = Error::from_raw_os_error(code);
            let failure = io_failure(Operation::Stage, "file:///lake/a".to_owned(), &error);
            assert_eq!(failure.class, class, "{failure}");
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }
}
