//! The whole thing on one machine: a Kafka inside the process, a lake in a folder, the real
//! pipeline in between, and a proof at the end.

mod folder;
mod flights;
mod malformed;
mod traffic;
mod producer;
mod progress;
mod report;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use sluicebox_config::{Config, Environment, LogFormat, LogLevel};
use sluicebox_kafka::mock::MockKafka;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_pipeline::verify::{Scope, verify};

use crate::cli::Demo;
use crate::commands::demo::report::Report;
use crate::commands::demo::traffic::Traffic;
use crate::commands::fates::Fates;
use crate::failure::Failure;
use crate::service::{self, Observer, Process, Until};
use crate::wiring::{self, Shared};

/// The topic of the demo's config, and the one for its rejects.
const TOPIC: &str = "flights";
const DEAD_LETTER_TOPIC: &str = "flights.dlq";

/// Shows it all. Success means that every record ended where it had to.
pub(crate) fn execute(arguments: &Demo) -> Result<(), Failure> {
    let config_path = folder::prepare(&arguments.dir)?;
    let level = if arguments.serve {
        LogLevel::Info
    } else {
        LogLevel::Warn
    };
    let process = Process::start(level, LogFormat::Text)?;
    let kafka = MockKafka::start()?;
    kafka.create_topic(TOPIC, traffic::PARTITIONS)?;
    kafka.create_topic(DEAD_LETTER_TOPIC, 1)?;
    let environment = Environment::from_iter([("DEMO_BROKERS", kafka.brokers())]);
    let config = Arc::new(sluicebox_config::load(&config_path, &[], &environment)?);
    let shared = wiring::shared(&config);
    let traffic = Traffic::of(&flights::all()?, shared.clock.now_millis());
    announce(&traffic, &arguments.dir, &config)?;

    let produced = pass_through(arguments.serve, &config, kafka, &traffic, &process, &shared)?;
    let report = process
        .runtime
        .block_on(report(&config, &shared, &traffic))?;
    let mut out = io::stdout().lock();
    report.print(&mut out, &arguments.dir, &config_path)?;
    // Whoever interrupts the slow producer sees the proof, but not all of the traffic.
    if produced { report.verdict() } else { Ok(()) }
}

fn announce(traffic: &Traffic, folder: &Path, config: &Config) -> io::Result<()> {
    let expected = traffic.expected;
    writeln!(
        io::stdout().lock(),
        "All {} flights that left New York City in January 2013, {} of them sent twice, with {} \
         malformed records and {} tombstones in between:\n  from a Kafka inside this process ({})\n  \
         into the folder {}\n",
        expected.golden,
        expected.duplicate,
        expected.rejected,
        expected.skipped,
        config.kafka.brokers.join(","),
        folder.display()
    )
}

/// Produces the traffic and runs the service over it. Answers whether all of it was produced.
fn pass_through(
    serve: bool,
    config: &Arc<Config>,
    kafka: MockKafka,
    traffic: &Traffic,
    process: &Process,
    shared: &Shared,
) -> Result<bool, Failure> {
    let observer = Observer::new(shared);
    if serve {
        return std::thread::scope(|scope| {
            let serving = scope.spawn(|| {
                let served = service::run(config, Until::Told, process, shared, observer);
                process.stop.request();
                served
            });
            // The cluster stays on its own thread; here the service polls on another one.
            let produced = producer::slowly(&kafka, traffic, process);
            let gone = |_panic| Err(Failure::check("the service panicked"));
            serving.join().unwrap_or_else(gone).and(produced)
        });
    }
    producer::at_once(&kafka, &traffic.records)?;
    let showing = progress::show(traffic.expected.read, Arc::clone(&shared.status));
    let showing = process.runtime.spawn(showing);
    let served = service::run(config, Until::End, process, shared, observer);
    showing.abort();
    served.map(|()| true)
}

async fn report(config: &Config, shared: &Shared, traffic: &Traffic) -> Result<Report, Failure> {
    let store: Arc<dyn LakeStore> = wiring::store(&config.lake, &shared.clock)?;
    let proof = verify(store.as_ref(), &Scope::whole(&config.name))
        .await
        .map_err(anyhow::Error::from)?;
    let fates = Fates::read(store.as_ref(), &proof).await?;
    let files = store
        .list_files("", None, usize::MAX)
        .await
        .map_err(anyhow::Error::from)?;
    Ok(Report {
        proof,
        fates,
        files,
        expected: traffic.expected,
        expected_rejects: traffic.expected_rejects.clone(),
    })
}
