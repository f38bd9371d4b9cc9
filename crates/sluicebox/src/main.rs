//! The command line of Sluicebox.
//!
//! A command reads the config, [`wiring`] makes the parts that it names, [`service`] runs them
//! until they are told to stop. What happens to a record is nowhere in here: see
//! `sluicebox-pipeline`.

mod cli;
mod commands;
mod wiring;
mod service;
mod terminal;
mod failure;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    terminal::hush_caught_panics();
    let command = cli::CommandLine::parse().command;
    match commands::execute(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
