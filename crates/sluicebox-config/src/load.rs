use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::check::check;
use crate::consistency;
use crate::defaults;
use crate::document::{self, Content, Document, Node};
use crate::environment::Environment;
use crate::error::{ConfigErrors, Position};
use crate::machine::Machine;
use crate::report::Report;
use crate::sections::Config;
use crate::values::Secret;

/// Variables of the AWS tools that say where credentials come from when none are given.
const AWS_CREDENTIAL_SOURCES: [&str; 12] = [
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "HOME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
];

/// The same of Google's tools.
const GOOGLE_CREDENTIAL_SOURCES: [&str; 2] = ["GOOGLE_APPLICATION_CREDENTIALS", "HOME"];

/// The same of Azure's pods and apps.
const AZURE_CREDENTIAL_SOURCES: [&str; 3] = [
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
];

/// Reads a config file and the files it refers to, at most 1 MiB each. `overrides` are the
/// `a.b=value` of `--set`; the last one wins.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(
    path: &Path,
    overrides: &[String],
    environment: &Environment,
) -> Result<Config, ConfigErrors> {
    match document::read_text(path) {
        Ok(text) => parse(&text, path, overrides, environment),
        Err(message) => {
            let mut report = Report::default();
            let file = Arc::from(path.display().to_string());
            let position = Position::File {
                file,
                line: 1,
                column: 1,
            };
            report.at_position(position, "", message, None);
            Err(report.into_errors(""))
        }
    }
}

/// Reads a config from its text. `path` is what messages call it; relative paths in it start from
/// the folder of `path`.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn parse(
    text: &str,
    path: &Path,
    overrides: &[String],
    environment: &Environment,
) -> Result<Config, ConfigErrors> {
    let name = path.display().to_string();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().unwrap_or(&absolute);
    let mut report = Report::default();
    let root = layers(text, &name, folder, (overrides, environment), &mut report);
    if matches!(root.content, Content::Broken) {
        return Err(report.into_errors(&name));
    }
    let mut document = Document::new(&root);
    report.locate(document.places.clone());
    check(&document, &mut report);
    defaults::derive(&mut document.value, Machine::of_this_process());
    consistency::check(&document.value, &mut report);
    let config = if report.is_clean() {
        Config::deserialize(&document.value).map(Some)
    } else {
        Ok(None)
    };
    match config {
        Ok(Some(config)) => Ok(complete(config, document, folder, environment, report)),
        Ok(None) => Err(report.into_errors(&name)),
        Err(error) => {
            report.error("", error.to_string(), None);
            Err(report.into_errors(&name))
        }
    }
}

/// The file with what lies over it and what it refers to.
fn layers(
    text: &str,
    name: &str,
    folder: &Path,
    (overrides, environment): (&[String], &Environment),
    report: &mut Report,
) -> Node {
    let mut root = document::parse(text, &document::Source::File(name.into()), report);
    document::expand(&mut root, "", environment, report);
    if matches!(root.content, Content::Broken) {
        return root;
    }
    document::environment_overlay(&mut root, environment, report);
    document::set_overlay(&mut root, overrides, report);
    document::cloud_defaults(&mut root, environment, report);
    document::hadoop_defaults(&mut root, environment, report);
    document::resolve_schema_files(&mut root, folder, environment, report);
    document::resolve_secrets(&mut root, folder, environment, report);
    root
}

/// What a config knows beyond its keys.
fn complete(
    mut config: Config,
    document: Document,
    folder: &Path,
    environment: &Environment,
    report: Report,
) -> Config {
    config.places = document.places;
    config.warnings = report.into_warnings();
    config.lake.url.rebase(folder);
    config.lake.control.rebase(folder);
    if let Some(tls) = &mut config.kafka.tls {
        for path in [&mut tls.ca, &mut tls.cert, &mut tls.key]
            .into_iter()
            .flatten()
        {
            *path = folder.join(&*path);
        }
    }
    let hdfs = &mut config.lake.hdfs;
    let keytab = hdfs.kerberos.as_mut().and_then(|k| k.keytab.as_mut());
    for path in hdfs.config_dir.as_mut().into_iter().chain(keytab) {
        *path = folder.join(&*path);
    }
    let variables = |names: &[&str]| -> BTreeMap<String, Secret> {
        let secret = |name: &&str| Some(((*name).to_owned(), Secret::new(environment.get(name)?)));
        names.iter().filter_map(secret).collect()
    };
    config.lake.s3.credential_environment = variables(&AWS_CREDENTIAL_SOURCES);
    config.lake.gcs.credential_environment = variables(&GOOGLE_CREDENTIAL_SOURCES);
    config.lake.azure.credential_environment = variables(&AZURE_CREDENTIAL_SOURCES);
    config
}
