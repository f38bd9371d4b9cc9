use std::io::{Error, ErrorKind};

use crate::Failure;

/// What a file system's error means for a lake.
pub(super) fn explain(error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::AlreadyExists => Failure::retry("exists already"),
        kind => match cure(kind) {
            Some(cure) => Failure::fatal(format!("{error}; {cure}")),
            None => Failure::retry(error.to_string()),
        },
    }
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
    use sluicebox_pipeline::ports::Class;

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
            let failure = explain(&Error::from_raw_os_error(code));
            assert_eq!(failure.class, class, "{failure:?}");
            assert!(failure.message.contains(words), "{failure:?}");
        }
    }
}
