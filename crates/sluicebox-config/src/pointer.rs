//! JSON pointers (RFC 6901): how this crate names a value inside the file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::json_schema::{json_schema, secret_places};

/// Values that are secret. They are text whatever they look like, and are never shown. `*` stands
/// for any member of a list.
static SECRETS: LazyLock<BTreeSet<String>> = LazyLock::new(|| secret_places(&json_schema()));

/// The pointers of all secrets; see [`SECRETS`] for `*`.
pub(crate) fn secrets() -> &'static BTreeSet<String> {
    &SECRETS
}

/// Whether a value is secret.
pub(crate) fn is_secret(pointer: &str) -> bool {
    SECRETS
        .iter()
        .any(|secret| names_left(secret, pointer) == Some(0))
}

/// Whether a value holds secrets: somebody may have put one in its place.
pub(crate) fn holds_secrets(pointer: &str) -> bool {
    SECRETS
        .iter()
        .any(|secret| names_left(secret, pointer) > Some(0))
}

/// How many names a secret's pointer has behind this one, if it goes this way.
fn names_left(secret: &str, pointer: &str) -> Option<usize> {
    let mut expected = secret.split('/');
    for name in pointer.split('/') {
        let expected = expected.next()?;
        if expected != "*" && expected != name {
            return None;
        }
    }
    Some(expected.count())
}

/// The pointer of the member `key` of the value at `parent`.
pub(crate) fn child(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of the value that holds this one.
pub(crate) fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether `pointer` is `root` or lies below it.
pub(crate) fn lies_in(pointer: &str, root: &str) -> bool {
    pointer
        .strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The names on the way, from the top.
pub(crate) fn segments(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// The pointer as people and `--set` write it: `topics.flights.dedup.window`; names that hold a dot
/// stand in quotes.
pub(crate) fn dotted(pointer: &str) -> String {
    let quoted = |name: String| match name.contains(['.', '"', ' ']) || name.is_empty() {
        true => format!("\"{name}\""),
        false => name,
    };
    segments(pointer).map(quoted).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A topic with odd characters in its name is found again, and shown as `--set` takes it.
    #[test]
    fn names_survive_the_pointer() {
        let pointer = child(&child("/topics", "^a/b~c.*"), "table");
        assert_eq!(pointer, "/topics/^a~1b~0c.*/table");
        assert_eq!(
            segments(&pointer).collect::<Vec<_>>(),
            ["topics", "^a/b~c.*", "table"]
        );
        assert_eq!(dotted(&pointer), "topics.\"^a/b~c.*\".table");
        assert_eq!(parent(&pointer), "/topics/^a~1b~0c.*");
        assert!(lies_in(&pointer, "/topics") && !lies_in("/topics_x", "/topics"));
    }

    /// Secrets are known by their place, in lists as well.
    #[test]
    fn secrets_are_known_by_their_place() {
        for at in [
            "/server/token",
            "/notify/12/webhook/basic/password",
            "/catalog/glue/session_token",
        ] {
            assert!(is_secret(at) && !holds_secrets(at), "{at}");
        }
        for at in ["", "/kafka/sasl", "/notify/12"] {
            assert!(!is_secret(at) && holds_secrets(at), "{at}");
        }
        assert!(!holds_secrets("/kafka/sasl/username"));
        for at in [
            "",
            "/server",
            "/notify/0/webhook/basic",
            "/notify/0/webhook/url",
        ] {
            assert!(!is_secret(at), "{at}");
        }
    }
}
