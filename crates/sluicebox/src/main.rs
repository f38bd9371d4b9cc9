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
use mimalloc::MiMalloc;

/// Pages of a file come and go by the ten thousand, and memory that is given back to the kernel and
/// asked for again has to be cleared each time. Without huge pages, of which each thread would hold
/// some that it hardly fills.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    terminal::hush_caught_panics();
    let command = cli::CommandLine::parse().command;
    match commands::execute(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
