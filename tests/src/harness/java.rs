use std::env;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// `java` of one of these major versions. It is looked for where environment variables point
/// (`JAVA_HOME`, `JAVA25_HOME`, `JAVA_HOME_25_X64` …), where `java` in PATH lies, and in
/// `/usr/lib/jvm`.
///
/// # Errors
///
/// When there is none, with what to do about it.
pub fn java(versions: RangeInclusive<u32>, needed_for: &str) -> Result<Command> {
    let fits = |home: &PathBuf| version(home).is_some_and(|version| versions.contains(&version));
    let found = homes().into_iter().find(fits).with_context(|| {
        let (from, to) = (versions.start(), versions.end());
        format!(
            "{needed_for} needs Java {from} to {to}: install one below /usr/lib/jvm, or set \
             JAVA{from}_HOME to its folder"
        )
    })?;
    Ok(Command::new(found.join("bin/java")))
}

fn homes() -> Vec<PathBuf> {
    let named = env::vars_os().filter_map(|(name, home)| {
        let name = name.to_string_lossy().into_owned();
        (name.starts_with("JAVA") && name.contains("HOME")).then(|| PathBuf::from(home))
    });
    let in_path = env::var_os("PATH").unwrap_or_default();
    let in_path: Vec<PathBuf> = env::split_paths(&in_path)
        .filter_map(|folder| {
            let program = folder.join("java").canonicalize().ok()?;
            Some(program.parent()?.parent()?.to_owned())
        })
        .collect();
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten();
    let installed = installed.filter_map(|entry| Some(entry.ok()?.path()));
    named.chain(in_path).chain(installed).collect()
}

/// The major version that a Java's `release` file tells.
fn version(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release
        .lines()
        .find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    line.trim_matches('"').split('.').next()?.parse().ok()
}
