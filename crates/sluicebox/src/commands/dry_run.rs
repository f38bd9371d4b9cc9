mod rehearsal;
mod report;

use std::io;
use std::sync::Arc;

use sluicebox_config::{LogFormat, LogLevel};
use sluicebox_pipeline::verify::{Scope, verify};

use crate::cli::DryRun;
use crate::commands::dry_run::report::Report;
use crate::commands::fates::Fates;
use crate::commands::load;
use crate::failure::Failure;
use crate::service::{self, Liveness, Observer, Process, Until};
use crate::wiring;

/// Runs the real pipeline over real records into a folder that is thrown away: nothing reaches the
/// lake, the dead-letter topics or the pipeline's consumer group.
pub(crate) fn execute(arguments: &DryRun) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let folder = tempfile::tempdir()?;
    let process = Process::start(LogLevel::Warn, LogFormat::Text)?;
    let rehearsed = Arc::new(rehearsal::config(&config, folder.path()));
    let shared = wiring::shared(&rehearsed);
    let store = wiring::store(&rehearsed.lake, &shared.clock)?;
    let pipeline = wiring::pipeline(&rehearsed, Arc::clone(&store), &shared)?;
    let pipeline = rehearsal::limited(pipeline, arguments.limit, &process.stop);
    let liveness = Liveness::new(config.kafka.max_poll_interval.get());
    let observer = Observer::new(&shared);
    let read = service::read(pipeline, Until::End, &process, &liveness, observer);

    let found = async {
        let proof = verify(store.as_ref(), &Scope::whole(&rehearsed.name)).await?;
        let fates = Fates::read(store.as_ref(), &proof).await?;
        let files = store.list_files("", None, usize::MAX).await?;
        anyhow::Ok(Report::new(&config, &proof, fates, &files))
    };
    let mut report = process.runtime.block_on(found)?;
    if !arguments.show_values {
        report.hide_values();
    }
    report.print(&mut io::stdout().lock(), arguments.json)?;
    read
}
