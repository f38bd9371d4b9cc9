use std::sync::Arc;

use sluicebox_catalog::crawler::TOUCHES_MAX;
use sluicebox_console::{Console, View};
use tokio::sync::mpsc;

use super::no_catalog;
use crate::cli::CrawlerRun;
use crate::commands::load;
use crate::failure::Failure;
use crate::service::{Process, Stop};
use crate::wiring;

/// The crawler as a service of its own.
pub(super) fn execute(arguments: &CrawlerRun) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let process = Process::start(config.log.level, config.log.format)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let shared = wiring::shared(&config);
    let store = wiring::store(&config.lake, &shared.clock)?;
    let crawler = process.runtime.block_on(wiring::crawler(&config, &store))?;
    let crawler = crawler.ok_or_else(no_catalog)?;
    let readiness = Arc::clone(&shared.readiness);
    let service = wiring::crawler_service(&config, crawler, &shared.clock, readiness);
    let metrics = process.metrics.clone();
    let view = View {
        pipeline: config.name.as_str().into(),
        version: wiring::VERSION,
        readiness: Arc::clone(&shared.readiness),
        status: Arc::clone(&shared.status),
        metrics: Arc::new(move || metrics.render()),
        alive: Arc::new(|| Ok(())),
    };
    let (touches, inbox) = mpsc::channel(TOUCHES_MAX);
    let stop = Arc::clone(&process.stop);
    process.runtime.block_on(async {
        let console = Console::start(config.server.listen, view).await?;
        tracing::info!(address = %console.address(), "the console listens");
        let working = service.run(inbox, async { stop.requested().await });
        tokio::select! {
            () = working => {}
            () = too_long(&stop, config.drain_timeout.get()) => {
                tracing::warn!("what was not done in time is done by the next start");
            }
        }
        drop(touches);
        console.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

async fn too_long(stop: &Stop, drain_timeout: std::time::Duration) {
    stop.requested().await;
    tokio::time::sleep(drain_timeout).await;
}
