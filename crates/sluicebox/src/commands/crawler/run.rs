use std::sync::Arc;

use sluicebox_catalog::crawler::{CrawlerIntake, TOUCHES_MAX};
use sluicebox_console::{Console, EventEntry, View};
use sluicebox_kafka::KafkaEvents;
use sluicebox_pipeline::ports::EventIntake;
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
    let (touches, inbox) = mpsc::channel(TOUCHES_MAX);
    let intake: Arc<dyn EventIntake> = Arc::new(CrawlerIntake::new(Arc::clone(&crawler), touches));
    // The client starts its own tasks as soon as it is made.
    let in_runtime = process.runtime.enter();
    let events = wiring::crawler_events(&config, &shared)?;
    drop(in_runtime);
    let service = wiring::crawler_service(&config, crawler, &shared.clock, readiness);
    let metrics = process.metrics.clone();
    let view = View {
        pipeline: config.name.as_str().into(),
        version: wiring::VERSION,
        readiness: Arc::clone(&shared.readiness),
        status: Arc::clone(&shared.status),
        events: Some(EventEntry {
            intake: Arc::clone(&intake),
            token: config
                .server
                .token
                .as_ref()
                .map(|token| token.expose().into()),
        }),
        metrics: Arc::new(move || metrics.render()),
        alive: Arc::new(|| Ok(())),
    };
    let stop = Arc::clone(&process.stop);
    process.runtime.block_on(async {
        let console = Console::start(config.server.listen, view).await?;
        tracing::info!(address = %console.address(), "the console listens");
        let working = service.run(inbox, async { stop.requested().await });
        tokio::select! {
            () = working => {}
            () = listen(events, intake.as_ref()) => {}
            () = too_long(&stop, config.drain_timeout.get()) => {
                tracing::warn!("what was not done in time is done by the next start");
            }
        }
        console.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Never ends: a crawler without a topic is told by others, or looks by itself.
async fn listen(events: Option<KafkaEvents>, intake: &dyn EventIntake) {
    match events {
        Some(events) => events.run(intake).await,
        None => std::future::pending().await,
    }
}

async fn too_long(stop: &Stop, drain_timeout: std::time::Duration) {
    stop.requested().await;
    tokio::time::sleep(drain_timeout).await;
}
