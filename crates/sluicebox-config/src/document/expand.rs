use super::{Content, Node};
use crate::environment::Environment;
use crate::pointer;
use crate::report::Report;

/// Fills in `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in the scalars of the tree; `$${` is
/// a plain `${`. As in a shell, `:-` and `:?` count for a variable that is empty too.
pub(crate) fn expand(node: &mut Node, at: &str, environment: &Environment, report: &mut Report) {
    match &mut node.content {
        Content::Sequence(nodes) => {
            for (index, node) in nodes.iter_mut().enumerate() {
                expand(
                    node,
                    &pointer::child(at, &index.to_string()),
                    environment,
                    report,
                );
            }
        }
        Content::Mapping(entries) => {
            for entry in entries {
                expand(
                    &mut entry.node,
                    &pointer::child(at, &entry.key),
                    environment,
                    report,
                );
            }
        }
        Content::Scalar(scalar) if scalar.text.contains("${") => {
            match substitute(&scalar.text, environment) {
                Ok((text, filled)) => {
                    scalar.text = text;
                    scalar.hidden |= filled;
                }
                Err((message, help)) => {
                    report.at_position(node.position.clone(), at, message, help);
                    node.content = Content::Broken;
                }
            }
        }
        Content::Scalar(_) | Content::Broken => {}
    }
}

type Failure = (String, Option<String>);

/// The text with its variables filled in, and whether there were any.
fn substitute(text: &str, environment: &Environment) -> Result<(String, bool), Failure> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    let mut filled = false;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            done.push_str(escaped);
            done.push_str("${");
            rest = after;
            continue;
        }
        let Some((reference, after)) = after.split_once('}') else {
            let help = "write $${ for a plain ${".to_owned();
            return Err(("`${` without its `}`".to_owned(), Some(help)));
        };
        done.push_str(before);
        done.push_str(value_of(reference, environment)?);
        filled = true;
        rest = after;
    }
    done.push_str(rest);
    Ok((done, filled))
}

fn value_of<'a>(reference: &'a str, environment: &'a Environment) -> Result<&'a str, Failure> {
    let (name, otherwise) = match reference.split_once(':') {
        Some((name, otherwise)) => (name, Some(otherwise)),
        None => (reference, None),
    };
    if !is_name(name) {
        let message = "`${…}` takes the name of an environment variable: letters, digits and `_`";
        return Err((
            message.to_owned(),
            Some("write $${ for a plain ${".to_owned()),
        ));
    }
    let value = environment.get(name);
    let present = value.filter(|value| !value.is_empty());
    match otherwise.map(|otherwise| (otherwise.strip_prefix('-'), otherwise.strip_prefix('?'))) {
        None => value.ok_or_else(|| {
            let help = format!("set it, or write ${{{name}:-default}}");
            (
                format!("the environment variable {name} is not set"),
                Some(help),
            )
        }),
        Some((Some(default), _)) => Ok(present.unwrap_or(default)),
        Some((_, Some(message))) => present.ok_or_else(|| {
            let help = (!message.is_empty()).then(|| message.to_owned());
            (
                format!("the environment variable {name} is not set or empty"),
                help,
            )
        }),
        Some((None, None)) => {
            let message = format!("after `${{{name}:` comes `-default` or `?message`");
            Err((message, None))
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let environment: Environment = [("HOST", "kafka"), ("EMPTY", "")].into_iter().collect();
        substitute(text, &environment)
            .map(|(text, _)| text)
            .map_err(|(message, _)| message)
    }

    #[test]
    fn variables_are_filled_in_as_a_shell_does() {
        for (text, expected) in [
            ("${HOST}:9092", "kafka:9092"),
            ("${HOST},${HOST}", "kafka,kafka"),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-}", ""),
            ("${NONE:-a:b}", "a:b"),
            ("$${HOST}", "${HOST}"),
            ("^raw$", "^raw$"),
            ("$HOST", "$HOST"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    /// Each failure names the variable, so that it can be set.
    #[test]
    fn what_cannot_be_filled_in_says_why() {
        for (text, message) in [
            ("${NONE}", "NONE is not set"),
            ("${EMPTY:?x}", "EMPTY is not set or empty"),
            ("${HOST", "without its `}`"),
            ("${}", "takes the name"),
            ("${a-b}", "takes the name"),
            ("${HOST:x}", "comes `-default`"),
        ] {
            let error = filled(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
