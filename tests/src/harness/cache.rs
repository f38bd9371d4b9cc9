use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A folder of the cache that holds what `recipe` says. If it does not, `fill` is called to fill
/// it, from empty, while other test processes wait.
///
/// The recipe is written into the folder when it is full, so a changed recipe, or a fetch that was
/// broken off, fetches again.
pub(super) fn filled(
    name: &str,
    recipe: &str,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let cache = folder()?;
    let folder = cache.join(name);
    let recipe_file = folder.join(".recipe");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    if fs::read_to_string(&recipe_file).is_ok_and(|filled| filled == recipe) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fill(&folder)?;
    fs::write(recipe_file, recipe)?;
    Ok(folder)
}

/// Runs a tool to its end and gives its output; its words if it fails.
pub(super) fn run(command: &mut Command, needed_for: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| {
        format!("the tests need `{program}` for {needed_for}; install it or put it into PATH")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    bail!(
        "{program} ({needed_for}) failed: {}",
        String::from_utf8_lossy(&said).trim()
    )
}

fn folder() -> Result<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("SLUICEBOX_TEST_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("sluicebox-tests")))
        .or_else(|| Some(env::home_dir()?.join(".cache/sluicebox-tests")))
        .context("no home folder for the cache; set SLUICEBOX_TEST_CACHE to a folder")
}
