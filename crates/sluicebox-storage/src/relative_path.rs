use crate::Failure;

/// The folder, in the lake and in the control tree, that holds what is not there yet. Never listed.
pub(crate) const STAGING: &str = "_staging";

/// Refuses a path that could leave its root, that stores spell differently, or that lies in
/// [`STAGING`]. Everything else (`=`, spaces, any Unicode) is kept as it is.
pub(crate) fn check(path: &str) -> Result<(), Failure> {
    complaint(path).map_or(Ok(()), |complaint| {
        Err(Failure::fatal(format!("the path {complaint}")))
    })
}

fn complaint(path: &str) -> Option<&'static str> {
    if path.contains(|c: char| c.is_control() || c == '\\') {
        return Some("holds a control character or a backslash");
    }
    if path.split('/').next() == Some(STAGING) {
        return Some("lies in the folder that is reserved for staging");
    }
    path.split('/').find_map(|segment| match segment {
        "" => Some("is absolute or has an empty segment"),
        "." | ".." => Some("has a `.` or `..` segment"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a lake needs is kept; what could escape its root or differ between stores is refused.
    #[test]
    fn paths_are_kept_or_refused() {
        for (path, refused) in [
            (
                "air/flights/dt=2019-09-01/hour=01/p00012.snappy.parquet",
                false,
            ),
            ("flüge/日本/a b+c%20&d", false),
            ("_staging.d/x", false),
            ("", true),
            ("/etc/passwd", true),
            ("a//b", true),
            ("a/", true),
            ("a/../../b", true),
            ("./a", true),
            ("a\\b", true),
            ("a\nb", true),
            ("_staging/x", true),
        ] {
            assert_eq!(check(path).is_err(), refused, "{path:?}");
        }
    }
}
