use std::io::Write as _;

use clap::CommandFactory as _;

use crate::cli::{CommandLine, Completions};
use crate::failure::Failure;

/// Prints a completion script.
pub(crate) fn execute(arguments: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut CommandLine::command(),
        "sluicebox",
        &mut script,
    );
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
