use super::yaml::{self, Source};
use super::{Content, Entry, Node};
use crate::environment::Environment;
use crate::error::Position;
use crate::pointer;
use crate::report::Report;

const PREFIX: &str = "SLUICEBOX__";

/// What the tools of a cloud take from the environment: keys of a section of `lake`, and the
/// variables for each, the first one first.
struct Cloud {
    /// How its URLs begin.
    schemes: &'static [&'static str],
    section: &'static str,
    server: &'static [(&'static str, &'static [&'static str])],
    credentials: &'static [(&'static str, &'static [&'static str])],
}

const CLOUDS: [Cloud; 2] = [
    Cloud {
        schemes: &["s3:", "s3a:"],
        section: "s3",
        server: &[
            ("endpoint", &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
            ("region", &["AWS_REGION", "AWS_DEFAULT_REGION"]),
        ],
        credentials: &[
            ("access_key_id", &["AWS_ACCESS_KEY_ID"]),
            ("secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
            ("session_token", &["AWS_SESSION_TOKEN"]),
        ],
    },
    Cloud {
        schemes: &["az:", "abfs:", "abfss:"],
        section: "azure",
        server: &[(
            "account",
            &["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"],
        )],
        credentials: &[
            (
                "access_key",
                &["AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"],
            ),
            ("sas_token", &["AZURE_STORAGE_SAS_TOKEN"]),
            ("tenant_id", &["AZURE_TENANT_ID"]),
            ("client_id", &["AZURE_CLIENT_ID"]),
            ("client_secret", &["AZURE_CLIENT_SECRET"]),
        ],
    },
];

/// Lays `SLUICEBOX__A__B=value` over the tree. A name that is in the file already is found whatever
/// its case, and with `_` for its dots and dashes; other names are taken in lower case.
pub(crate) fn environment_overlay(root: &mut Node, environment: &Environment, report: &mut Report) {
    for (variable, value) in environment.iter() {
        let Some(path) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let position = Position::Environment(variable.into());
        let names: Vec<String> = path.split("__").map(str::to_owned).collect();
        let target = Target {
            names,
            loosely: true,
            position,
        };
        target.set(root, value, report);
    }
}

/// Lays `--set a.b=value` over the tree. A name with a dot in it stands in quotes.
pub(crate) fn set_overlay(root: &mut Node, overrides: &[String], report: &mut Report) {
    for text in overrides {
        let Some((key, value)) = split_assignment(text) else {
            let position = Position::Set(leading_key(text).into());
            let help = "--set lake.file.max_age=1m".to_owned();
            report.at_position(position, "", "this is not key=value", Some(help));
            continue;
        };
        let position = Position::Set(key.into());
        Target {
            names: split_path(key),
            loosely: false,
            position,
        }
        .set(root, value, report);
    }
}

/// What the variables of a cloud's tools say about the lake's store, where the file says nothing.
/// Credentials are taken together or not at all: half of a pair from here and half from there is
/// never right.
pub(crate) fn cloud_defaults(root: &mut Node, environment: &Environment, report: &mut Report) {
    let names = |cloud: &&Cloud| cloud.schemes.iter().any(|scheme| lake_is_on(root, scheme));
    let Some(cloud) = CLOUDS.iter().find(names) else {
        return;
    };
    let given = |key: &str| is_given(root, cloud.section, key);
    let own_credentials = cloud.credentials.iter().any(|(key, _)| given(key));
    let server = cloud.server.iter().filter(|(key, _)| !given(key));
    let credentials = cloud.credentials.iter().filter(|_| !own_credentials);
    let absent: Vec<_> = server.chain(credentials).collect();
    for (key, variables) in absent {
        let set = |variable: &&str| environment.get(variable).filter(|value| !value.is_empty());
        if let Some((variable, value)) = variables.iter().find_map(|v| Some((*v, set(v)?))) {
            lake_default(root, [cloud.section, key], variable, value, report);
        }
    }
}

/// Where every Hadoop tool finds the cluster's files, where the file says nothing.
pub(crate) fn hadoop_defaults(root: &mut Node, environment: &Environment, report: &mut Report) {
    if !lake_is_on(root, "hdfs") || is_given(root, "hdfs", "config_dir") {
        return;
    }
    let set = |variable: &str| environment.get(variable).filter(|value| !value.is_empty());
    let at = ["hdfs", "config_dir"];
    if let Some(folder) = set("HADOOP_CONF_DIR") {
        lake_default(root, at, "HADOOP_CONF_DIR", folder, report);
    } else if let Some(home) = set("HADOOP_HOME") {
        let folder = format!("{home}/etc/hadoop");
        lake_default(root, at, "HADOOP_HOME", &folder, report);
    }
}

fn lake_is_on(root: &Node, scheme: &str) -> bool {
    let url = root.get("lake").and_then(|lake| lake.get("url"));
    url.and_then(Node::text)
        .is_some_and(|url| url.starts_with(scheme))
}

fn is_given(root: &Node, section: &str, key: &str) -> bool {
    let section = root.get("lake").and_then(|lake| lake.get(section));
    section.is_some_and(|section| section.get(key).is_some())
}

fn lake_default(root: &mut Node, at: [&str; 2], variable: &str, value: &str, report: &mut Report) {
    let target = Target {
        names: ["lake", at[0], at[1]].map(str::to_owned).to_vec(),
        loosely: false,
        position: Position::Environment(variable.into()),
    };
    target.set(root, value, report);
}

/// A place in the tree, named by a variable or a flag.
struct Target {
    names: Vec<String>,
    /// Whether names match whatever their case.
    loosely: bool,
    position: Position,
}

impl Target {
    fn set(&self, root: &mut Node, value: &str, report: &mut Report) {
        if self.names.iter().any(String::is_empty) {
            let message = "this names no setting: there is an empty name in it";
            report.at_position(self.position.clone(), "", message, None);
            return;
        }
        self.put(root, &self.names, "", value, report);
    }

    /// Goes down the names that are left and puts the value there. What is no mapping on the way
    /// becomes one.
    fn put(&self, node: &mut Node, names: &[String], at: &str, value: &str, report: &mut Report) {
        let Some((name, rest)) = names.split_first() else {
            *node = self.value(at, value, report);
            return;
        };
        let name = self.name_in(node, name);
        let child = pointer::child(at, &name);
        match &mut node.content {
            Content::Sequence(nodes) => {
                let length = nodes.len();
                match name
                    .parse()
                    .ok()
                    .and_then(|index: usize| nodes.get_mut(index))
                {
                    Some(node) => self.put(node, rest, &child, value, report),
                    None => {
                        let message = format!("the list has {length} elements, counted from 0");
                        report.at_position(self.position.clone(), &child, message, None);
                    }
                }
            }
            Content::Mapping(entries) => {
                let position = self.position.clone();
                if !entries.iter().any(|entry| entry.key == name) {
                    let node = Node::mapping(position.clone());
                    entries.push(Entry {
                        key: name.clone(),
                        position,
                        node,
                    });
                }
                for entry in entries.iter_mut().filter(|entry| entry.key == name) {
                    self.put(&mut entry.node, rest, &child, value, report);
                }
            }
            Content::Scalar(_) | Content::Broken => {
                *node = Node::mapping(self.position.clone());
                self.put(node, names, at, value, report);
            }
        }
    }

    /// The name as the tree spells it.
    fn name_in(&self, node: &Node, name: &str) -> String {
        if !self.loosely {
            return name.to_owned();
        }
        let loose = |text: &str| text.to_ascii_lowercase().replace(['.', '-'], "_");
        let wanted = loose(name);
        match &node.content {
            Content::Mapping(entries) => entries
                .iter()
                .map(|entry| &entry.key)
                .find(|key| loose(key) == wanted)
                .cloned(),
            _ => None,
        }
        .unwrap_or_else(|| name.to_ascii_lowercase())
    }

    /// Lists, mappings and quoted texts are YAML; anything else is the scalar itself, so that a
    /// value may hold `#` or `: `. A secret is always taken as it is.
    fn value(&self, at: &str, value: &str, report: &mut Report) -> Node {
        let is_yaml = value.trim_start().starts_with(['[', '{', '"', '\'']);
        if is_yaml && !pointer::is_secret(at) {
            return yaml::parse(value, &Source::Single(self.position.clone()), report);
        }
        Node::plain(value, self.position.clone())
    }
}

/// As much of a malformed assignment as is a key for certain: the rest may be a secret.
fn leading_key(text: &str) -> &str {
    let in_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '"');
    text.find(|c| !in_key(c))
        .map_or(text, |end| text.split_at(end).0)
}

/// `a."b=c".d=value` at the first `=` outside of quotes.
fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = text.find(|c: char| {
        quoted ^= c == '"';
        c == '=' && !quoted
    })?;
    let (key, value) = text.split_at(at);
    Some((key.trim(), value.strip_prefix('=')?))
}

/// `a."b.c".d` as its three names.
fn split_path(key: &str) -> Vec<String> {
    let mut quoted = false;
    let names = key.split(|c: char| {
        quoted ^= c == '"';
        c == '.' && !quoted
    });
    names.map(|name| name.replace('"', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_dots_stands_in_quotes() {
        assert_eq!(split_assignment("a.b=c=d"), Some(("a.b", "c=d")));
        assert_eq!(
            split_assignment("a.\"b=c\".d=e"),
            Some(("a.\"b=c\".d", "e"))
        );
        assert_eq!(split_assignment("a.b"), None);
        assert_eq!(
            split_path("topics.\"raw.x\".table"),
            ["topics", "raw.x", "table"]
        );
    }
}
