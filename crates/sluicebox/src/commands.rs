//! One module per command.

mod demo;
mod run;
mod validate;
mod dry_run;
mod verify;
mod inspect;
mod crawler;
mod ddl;
mod schema;
mod completions;
mod fates;

use std::io;
use std::sync::Arc;

use sluicebox_config::{Config, Environment};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::cli::{Command, ConfigFile};
use crate::failure::Failure;

/// Does what the command line says.
pub(crate) fn execute(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Demo(arguments) => demo::execute(arguments),
        Command::Run(arguments) => run::execute(arguments),
        Command::Validate(arguments) => validate::execute(arguments),
        Command::DryRun(arguments) => dry_run::execute(arguments),
        Command::Verify(arguments) => verify::execute(arguments),
        Command::Inspect(arguments) => inspect::execute(arguments),
        Command::Crawler(arguments) => crawler::execute(arguments),
        Command::Ddl(arguments) => ddl::execute(arguments),
        Command::Schema(arguments) => schema::execute(arguments),
        Command::Completions(arguments) => completions::execute(arguments),
    }
}

fn load(file: &ConfigFile) -> Result<Arc<Config>, Failure> {
    let environment = Environment::of_process();
    Ok(Arc::new(sluicebox_config::load(
        &file.path,
        &file.overrides,
        &environment,
    )?))
}

/// A runtime for a command that asks the store a few things and ends.
fn short_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// A consumer group that takes nothing from the pipeline's own. It starts with the pipeline's
/// group, so that permissions by prefix fit.
fn throwaway_group(config: &Config) -> String {
    format!("{}-{}", config.kafka.group_id, Uuid::new_v4().simple())
}
