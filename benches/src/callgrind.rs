//! Counts instructions with valgrind's callgrind: the same on every run, whatever else the machine
//! does.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// Functions that are kept by name; the others are a fraction of a per cent each.
const FUNCTIONS_MAX: usize = 20;

/// Instructions that were executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructions {
    /// All of them.
    pub total: u64,
    /// Those in a function itself, without what it calls: the largest ones.
    pub functions: BTreeMap<String, u64>,
}

/// Counts what a program executes inside of the function `toggle` (with `*` for anything).
///
/// # Errors
/// When there is no valgrind, or the program fails.
pub fn count(program: &Path, arguments: &[&str], toggle: &str) -> Result<Instructions> {
    let folder = tempfile::tempdir()?;
    let profile = folder.path().join("profile");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect={toggle}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow!("valgrind is missing: apt-get install valgrind"),
            _ => error.into(),
        })?;
    ensure!(status.success(), "valgrind: {status}");
    let counted = parse(&fs::read_to_string(profile)?);
    ensure!(counted.total > 0, "{toggle} was not called");
    Ok(counted)
}

/// Sums the costs of a profile by function. Costs stand on lines of numbers below `fn=`; the line
/// after `calls=` has the cost of what was called, which is counted there.
fn parse(profile: &str) -> Instructions {
    let mut names = BTreeMap::new();
    let mut counted = Instructions::default();
    let mut function = "";
    let mut is_of_call = false;
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = resolve(&mut names, name);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            resolve(&mut names, name);
        } else if line.starts_with("calls=") {
            is_of_call = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line.rsplit(' ').next().and_then(|cost| cost.parse().ok());
            let own = if is_of_call { 0 } else { cost.unwrap_or(0) };
            counted.total += own;
            *counted.functions.entry(function.to_owned()).or_default() += own;
            is_of_call = false;
        }
    }
    keep_largest(&mut counted.functions);
    counted
}

/// A name stands behind its number where it comes first, and is left out later.
fn resolve<'a>(names: &mut BTreeMap<&'a str, &'a str>, text: &'a str) -> &'a str {
    let (number, name) = text.split_once(' ').unwrap_or((text, ""));
    if name.is_empty() {
        return names.get(number).copied().unwrap_or_default();
    }
    names.insert(number, name);
    name
}

fn keep_largest(functions: &mut BTreeMap<String, u64>) {
    let mut costs: Vec<u64> = functions.values().copied().collect();
    costs.sort_unstable_by(|one, other| other.cmp(one));
    let least = costs.get(FUNCTIONS_MAX).copied().unwrap_or_default();
    functions.retain(|_, cost| *cost > least);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a function calls is counted where it was called, and names are found by their number.
    #[test]
    fn costs_are_counted_once() {
        let profile =
            "fn=(1) caller\n10 5\ncfn=(2) callee\ncalls=1 20\n11 700\n+1 3\n\nfn=(2)\n20 700\n";
        let counted = parse(profile);
        let functions = BTreeMap::from([("caller".to_owned(), 8), ("callee".to_owned(), 700)]);
        assert_eq!(
            counted,
            Instructions {
                total: 708,
                functions
            }
        );
    }
}
