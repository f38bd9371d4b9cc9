use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::failure::Failure;

/// The config in the folder, which also shows that the folder is a demo's.
const CONFIG: &str = "sluicebox.yaml";
/// What a demo leaves behind.
const OURS: &[&str] = &[CONFIG, "lake", "control"];

/// Makes the demo's folder anew and puts the config into it. Answers the config's path.
///
/// # Errors
/// When the folder holds something that no demo has made: nothing is touched then.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, Failure> {
    check_ours(folder)?;
    for name in OURS {
        remove(&folder.join(name)).with_context(|| folder.join(name).display().to_string())?;
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let config = folder.join(CONFIG);
    fs::write(&config, include_str!("../../../demo/sluicebox.yaml"))
        .with_context(|| config.display().to_string())?;
    Ok(config)
}

fn check_ours(folder: &Path) -> Result<(), Failure> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    let is_demo = folder.join(CONFIG).is_file();
    for entry in entries {
        let name = entry?.file_name();
        if !is_demo || !OURS.iter().any(|ours| name == *ours) {
            return Err(Failure::check(format!(
                "{} holds `{}`, which no demo has made; choose another folder with --dir",
                folder.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    match path.is_dir() {
        true => fs::remove_dir_all(path),
        false if path.exists() => fs::remove_file(path),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A demo can be run again over its own folder.
    #[test]
    fn an_old_demo_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path()).expect("an empty folder");
        fs::create_dir_all(folder.path().join("lake/air")).expect("a table");
        let config = prepare(folder.path()).expect("an old demo");
        assert!(config.is_file());
        assert!(!folder.path().join("lake").exists());
    }

    /// A folder with anything else is left as it is.
    #[test]
    fn somebody_elses_folder_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("lake")).expect("a folder");
        prepare(folder.path()).expect_err("a folder that no demo made");
        fs::write(folder.path().join(CONFIG), "").expect("a file");
        fs::write(folder.path().join("thesis.txt"), "").expect("a file");
        let error = prepare(folder.path()).expect_err("refused").to_string();
        assert!(
            error.contains("thesis.txt") && error.contains("--dir"),
            "{error}"
        );
        assert!(folder.path().join("lake").exists());
    }
}
