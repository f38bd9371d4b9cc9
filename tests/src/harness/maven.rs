use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache;

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/// A folder of the cache with the jars of these artifacts (`group:artifact:version`), and of all that
/// they need to run.
///
/// # Errors
///
/// When Maven is missing or one of them cannot be fetched.
pub fn artifacts(name: &str, artifacts: &[&str]) -> Result<PathBuf> {
    jars(name, &pom(artifacts, &[]))
}

/// The same without what they need.
///
/// # Errors
///
/// As [`artifacts`].
pub fn artifacts_alone(name: &str, artifacts: &[&str]) -> Result<PathBuf> {
    jars(name, &pom(&[], artifacts))
}

/// A folder of the cache with the jars of a pom's artifacts, and of all that they need to run.
pub(super) fn jars(name: &str, pom: &str) -> Result<PathBuf> {
    cache::filled(name, pom, |folder| {
        let pom_file = folder.join("pom.xml");
        fs::write(&pom_file, pom)?;
        let mut maven = maven("copy-dependencies");
        maven.arg("--file").arg(pom_file);
        maven.arg("-DincludeScope=runtime").arg(output(folder));
        cache::run(&mut maven, &format!("fetching {name}"))?;
        Ok(())
    })
}

/// A pom of these artifacts (`group:artifact:version`): some with all that they need, some without.
pub(super) fn pom(whole: &[&str], alone: &[&str]) -> String {
    let dependency = |artifact: &str, exclusions: &str| {
        let mut parts = artifact.split(':');
        let mut element = |name| format!("<{name}>{}</{name}>", parts.next().unwrap_or_default());
        let names = ["groupId", "artifactId", "version"].map(&mut element);
        format!("<dependency>{}{exclusions}</dependency>", names.concat())
    };
    let whole = whole.iter().map(|artifact| dependency(artifact, ""));
    let alone = alone.iter().map(|artifact| {
        let all = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>";
        dependency(artifact, &format!("<exclusions>{all}</exclusions>"))
    });
    let dependencies: Vec<String> = whole.chain(alone).collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>sluicebox</groupId><artifactId>tests</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>\n{}\n</dependencies></project>\n",
        dependencies.join("\n")
    )
}

/// A folder of the cache with what an archive (`group:artifact:version:tar.gz:classifier`) holds
/// below its one top folder.
pub(super) fn unpacked(name: &str, artifact: &str) -> Result<PathBuf> {
    cache::filled(name, artifact, |folder| untar(artifact, folder))
}

/// Puts what such an archive holds into `folder`.
pub(super) fn untar(artifact: &str, folder: &Path) -> Result<()> {
    let archive = archive(artifact, folder)?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&archive);
    tar.args(["--strip-components", "1", "-C"]).arg(folder);
    cache::run(&mut tar, &format!("unpacking {artifact}"))?;
    Ok(fs::remove_file(archive)?)
}

/// Puts what a zip archive (`group:artifact:version:zip`) holds into `folder`, its top folder
/// included.
pub(super) fn unzip(artifact: &str, folder: &Path) -> Result<()> {
    let archive = archive(artifact, folder)?;
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-e"]).arg(&archive).arg(folder);
    cache::run(&mut zip, &format!("unpacking {artifact}"))?;
    Ok(fs::remove_file(archive)?)
}

/// Fetches one archive into `folder` and gives its path.
fn archive(artifact: &str, folder: &Path) -> Result<PathBuf> {
    let mut maven = maven("copy");
    maven.arg(format!("-Dartifact={artifact}"));
    // Elsewhere than in any project's folder, for Maven would read its pom.
    maven.arg(output(folder)).current_dir(folder);
    cache::run(&mut maven, &format!("fetching {artifact}"))?;
    let file = fs::read_dir(folder)?.find_map(|entry| Some(entry.ok()?.path()));
    file.with_context(|| format!("Maven copied no {artifact}"))
}

fn maven(goal: &str) -> Command {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet"]);
    maven.arg(format!("{PLUGIN}:{goal}"));
    maven
}

fn output(folder: &Path) -> String {
    format!("-DoutputDirectory={}", folder.display())
}
