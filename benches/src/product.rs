//! The binary that is measured.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The binary at a path; without one it is built from the sources, in the profile of this program.
///
/// # Errors
/// When there is none, or it cannot be built.
pub fn binary(path: Option<&Path>) -> Result<PathBuf> {
    let given = path.map(|path| {
        path.canonicalize()
            .with_context(|| path.display().to_string())
    });
    given.unwrap_or_else(build)
}

/// Builds the product as it is shipped, without what the tests turn on, beside this program.
fn build() -> Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().context("a program lies in a folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target = folder.parent().context("a target folder")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--package", "sluicebox", "--profile"])
        .arg(profile)
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    ensure!(cargo.status()?.success(), "sluicebox cannot be built");
    Ok(folder.join("sluicebox"))
}
