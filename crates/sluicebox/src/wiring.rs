//! From config to parts: every adapter is made here and nowhere else, in the order of a record's
//! way.

mod dead_letters;
mod topic_spec;
mod catalog;
mod store;
mod notify;
mod crawler;

use std::sync::Arc;

use sluicebox_chain::Writer;
use sluicebox_config::{ByteSize, Config, RetentionGap};
use sluicebox_kafka::{KafkaQueue, KafkaSource, SourceSettings, fetched_bytes_max};
use sluicebox_pipeline::ports::{LakeStore, SourceControl};
use sluicebox_pipeline::{
    Blocking, Environment, MemoryLimit, Readiness, Relay, StatusBoard, TopicCatalog, WORKER_BYTES,
};
use sluicebox_types::{Clock, SystemClock};
use uuid::Uuid;

pub(crate) use catalog::ConfigCatalog;
pub(crate) use crawler::{crawler, crawler_events, crawler_inside, crawler_service};
pub(crate) use dead_letters::dead_letters;
pub(crate) use notify::relay;
pub(crate) use store::store;
pub(crate) use topic_spec::{SpecMistake, topic_spec};

use crate::failure::Failure;

/// The version that footers, commit records and metrics name.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the process itself takes: code, stacks, clients, and what allocators hold for its threads.
/// Measured as resident memory under small limits.
const PROCESS_BYTES: ByteSize = ByteSize::from_mib(96);

/// What the parts of a process share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) status: Arc<StatusBoard>,
    pub(crate) memory: Arc<MemoryLimit>,
}

/// A pipeline that is ready to run, but does not yet.
pub(crate) struct Pipeline<Q> {
    pub(crate) source: KafkaSource,
    pub(crate) queues: Vec<Q>,
    pub(crate) control: Arc<dyn SourceControl>,
    pub(crate) catalog: Arc<dyn TopicCatalog>,
    pub(crate) env: Environment,
}

/// What is shared, for a process with this config.
pub(crate) fn shared(config: &Config) -> Shared {
    let workers = usize::from(config.limits.threads);
    let dead_letters = config.limits.dead_letter_queue_bytes.as_usize();
    let memory = config.limits.memory;
    let reserved = fetched_bytes_max(&config.kafka, workers, memory)
        .saturating_add(workers.saturating_mul(WORKER_BYTES))
        .saturating_add(dead_letters)
        .saturating_add(PROCESS_BYTES.as_usize());
    Shared {
        clock: Arc::new(SystemClock::new()),
        readiness: Arc::default(),
        status: Arc::default(),
        memory: MemoryLimit::new(memory.as_usize(), reserved),
    }
}

/// Source, rules of each topic, lake and dead letters of a config. `store` is passed in, for it has
/// to be proved before anything is read.
///
/// # Errors
/// When a client refuses its settings. Nothing has been dialled by then.
pub(crate) fn pipeline(
    config: &Arc<Config>,
    store: Arc<dyn LakeStore>,
    shared: &Shared,
) -> Result<Pipeline<KafkaQueue>, Failure> {
    let workers = usize::from(config.limits.threads);
    let settings = SourceSettings::from(config.as_ref());
    let (source, queues) = KafkaSource::connect(&settings, workers, Arc::clone(&shared.readiness))?;
    let control = source.control();
    let catalog = Arc::new(ConfigCatalog::new(Arc::clone(config)));
    let env = environment(config, store, shared)?;
    Ok(Pipeline {
        source,
        queues,
        control,
        catalog,
        env,
    })
}

fn environment(
    config: &Config,
    store: Arc<dyn LakeStore>,
    shared: &Shared,
) -> Result<Environment, Failure> {
    Ok(Environment {
        pipeline: config.name.as_str().into(),
        writer: Writer {
            instance: instance(),
            version: VERSION.to_owned(),
        },
        clock: Arc::clone(&shared.clock),
        fresh_id: Arc::new(Uuid::new_v4),
        store,
        dead_letters: dead_letters(config, shared)?,
        relay: Arc::new(Relay::off()),
        readiness: Arc::clone(&shared.readiness),
        status: Arc::clone(&shared.status),
        memory: Arc::clone(&shared.memory),
        blocking: Blocking::OnThreads,
        drain_timeout: config.drain_timeout.get(),
        skip_retention_gaps: config.kafka.retention_gap == RetentionGap::SkipAndReport,
    })
}

/// This process among all that ever wrote to the lake: host name and a random part.
fn instance() -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    format!("{host}-{:08x}", Uuid::new_v4().as_fields().0)
}
