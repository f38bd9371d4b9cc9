use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::yaml::{self, Source};
use super::{Content, Node, Scalar, expand};
use crate::environment::Environment;
use crate::error::Position;
use crate::pointer;
use crate::report::Report;

/// A secret is a line, not a book.
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// More than any config or schema file that a person reads.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The text of a config or schema file, at most 1 MiB.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    read(path, FILE_BYTES_MAX)
}

/// Puts the content of each topic's `schema: {file: …}` in its place, so that its columns are
/// checked with the rest, and mistakes in it are told with its own lines.
pub(crate) fn resolve_schema_files(
    root: &mut Node,
    folder: &Path,
    environment: &Environment,
    report: &mut Report,
) {
    let Some(topics) = root.get_mut("topics") else {
        return;
    };
    for topic in topics.entries_mut() {
        let at = pointer::child(&pointer::child("/topics", &topic.key), "schema");
        let Some(schema) = topic.node.get_mut("schema") else {
            continue;
        };
        let Some(file) = only_member(schema, "file") else {
            continue;
        };
        let path = folder.join(file);
        match read_text(&path) {
            Ok(text) => {
                let source = Source::File(path.display().to_string().into());
                let mut columns = yaml::parse(&text, &source, report);
                expand(&mut columns, &at, environment, report);
                *schema = columns;
            }
            Err(message) => {
                report.at_position(schema.position.clone(), &at, message, None);
                schema.content = Content::Broken;
            }
        }
    }
}

/// Puts the text of each secret in the place of `{file: …}` or `{env: …}`.
pub(crate) fn resolve_secrets(
    root: &mut Node,
    folder: &Path,
    environment: &Environment,
    report: &mut Report,
) {
    for pattern in pointer::secrets() {
        let names: Vec<String> = pointer::segments(pattern).collect();
        resolve_at(root, String::new(), &names, &mut |node, at| {
            resolve_secret(node, at, folder, environment, report);
        });
    }
}

/// Visits the node that the names lead to, or those, where `*` stands for each member of a list.
fn resolve_at(
    node: &mut Node,
    at: String,
    names: &[String],
    visit: &mut dyn FnMut(&mut Node, &str),
) {
    let Some((name, rest)) = names.split_first() else {
        visit(node, &at);
        return;
    };
    match &mut node.content {
        Content::Sequence(members) if name == "*" => {
            for (index, member) in members.iter_mut().enumerate() {
                resolve_at(member, format!("{at}/{index}"), rest, visit);
            }
        }
        _ => {
            if let Some(member) = node.get_mut(name) {
                resolve_at(member, pointer::child(&at, name), rest, visit);
            }
        }
    }
}

fn resolve_secret(
    node: &mut Node,
    at: &str,
    folder: &Path,
    environment: &Environment,
    report: &mut Report,
) {
    match secret_text(node, folder, environment) {
        Some(Ok(text)) => {
            node.content = Content::Scalar(Scalar {
                text,
                plain: false,
                hidden: true,
            });
        }
        Some(Err(message)) => {
            report.at_position(node.position.clone(), at, message, None);
            node.content = Content::Broken;
        }
        None => warn_of_literal(node, at, report),
    }
}

/// The secret that a file or a variable holds; none if the node names neither.
fn secret_text(
    node: &Node,
    folder: &Path,
    environment: &Environment,
) -> Option<Result<String, String>> {
    if let Some(file) = only_member(node, "file") {
        let path = folder.join(file);
        let text = read(&path, SECRET_BYTES_MAX).and_then(|text| {
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            let empty = || format!("the file {} is empty", path.display());
            if text.is_empty() {
                Err(empty())
            } else {
                Ok(text)
            }
        });
        return Some(text);
    }
    let variable = only_member(node, "env")?;
    let value = environment.get(variable).filter(|value| !value.is_empty());
    let missing = || format!("the environment variable {variable} is not set or empty");
    Some(value.map(str::to_owned).ok_or_else(missing))
}

fn warn_of_literal(node: &Node, at: &str, report: &mut Report) {
    let Content::Scalar(scalar) = &node.content else {
        return;
    };
    let (message, help) = match &node.position {
        Position::File { .. } if !scalar.hidden => (
            "this secret stands in the file for everybody to read",
            "write {file: path}, {env: VARIABLE} or ${VARIABLE}",
        ),
        Position::Set(_) => (
            "a secret on the command line is seen in the list of processes",
            "give it by a file or by an environment variable",
        ),
        _ => return,
    };
    report.warning(node.position.clone(), at, message, help.to_owned());
}

/// The text of the only member of a mapping, if it has this name.
fn only_member<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    match &node.content {
        Content::Mapping(entries) if entries.len() == 1 => node.get(key)?.text(),
        _ => None,
    }
}

fn read(path: &Path, bytes_max: u64) -> Result<String, String> {
    let name = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the file {name} cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
        return Err(format!(
            "the file {name} has more than {} KiB",
            bytes_max >> 10
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        format!("the file {name} is not UTF-8 text: byte {valid} is not")
    })
}
