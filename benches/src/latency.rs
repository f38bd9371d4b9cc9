//! How long a record takes from its producer to a reader of the lake, and how long nobody reads while
//! a process starts or is replaced. On a real Kafka, to a local disk.

mod producer;
mod lookout;
mod report;

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use sluicebox_tests::harness::{Kafka, Sluicebox};
use sluicebox_types::{Clock, SystemClock};

pub use report::{Latencies, Starts};

use self::lookout::Lookout;
use self::producer::Producer;
use crate::contents::Contents;
use crate::drain::{Drain, Place, Store};
use crate::shapes::Shape;

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Whatever takes longer has failed.
const WITHIN: Duration = Duration::from_secs(120);

/// What Kafka waits for a sign of life of a member before it gives its partitions to others: the
/// least that a broker allows by default.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

const GROUP: &str = "latency";

/// Where all of it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The product's binary.
    pub binary: &'a Path,
    /// What the records look like.
    pub shape: Shape,
    /// Settings that differ from the config's, such as `kafka.fetch.wait=50ms`.
    pub overrides: &'a [String],
}

/// One steady stream.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Records per second.
    pub per_second: u32,
    /// The longest that a file stays open.
    pub max_age: Duration,
}

/// A topic of a broker of its own, and an empty lake.
struct Stage<'a> {
    binary: &'a Path,
    kafka: Kafka,
    contents: Contents,
    place: Place,
    overrides: Vec<String>,
}

impl Site<'_> {
    /// Produces a stream for twice its files' age, and tells how late each record became visible.
    ///
    /// # Errors
    /// When records do not become visible at all.
    pub fn latencies(&self, stream: Stream) -> Result<Latencies> {
        let max_age = stream.max_age;
        let stage = self.stage(4, format!("lake.file.max_age={}s", max_age.as_secs()))?;
        let process = stage.start()?;
        // One record goes ahead, so that no other waits for the start.
        stage.producer(1)?.send(1, 1)?;
        read_something(&process)?;
        let clock = SystemClock::new();
        let since_millis = clock.now_millis();
        let records = u64::from(stream.per_second) * max_age.as_secs() * 2;
        let producer = stage.producer(2)?;
        let producing = thread::spawn(move || producer.send(records, stream.per_second));
        let mut lookout = Lookout::over(stage.place.folder().join("lake/bench"));
        while lookout.rows() < records + 1 {
            lookout.look()?;
            let is_in_time = clock.monotonic() < max_age * 3 + WITHIN;
            ensure!(is_in_time, "rows are missing: {}", process.log());
            thread::sleep(LOOK_EVERY);
        }
        let produced = producing.join();
        produced.map_err(|_panic| anyhow!("the producer panicked"))??;
        Ok(Latencies::of(stream, lookout.latencies(since_millis)?))
    }

    /// Starts a process where a record waits, then kills one that reads and has another take over.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn starts(&self) -> Result<Starts> {
        let session_timeout = format!("kafka.session_timeout={}s", SESSION_TIMEOUT.as_secs());
        let stage = self.stage(1, session_timeout)?;
        stage.producer(1)?.send(1, 1)?;
        let clock = SystemClock::new();
        let mut reading = stage.start()?;
        read_something(&reading)?;
        let first_record = clock.monotonic();
        let idle = stage.start()?;
        let asking: BaseConsumer = stage.kafka.client_config().create()?;
        wait_for("a second member", || {
            let groups = asking.fetch_group_list(Some(GROUP), WITHIN);
            groups
                .iter()
                .flat_map(|list| list.groups())
                .any(|group| group.state() == "Stable" && group.members().len() == 2)
        })?;
        reading.kill();
        let clock = SystemClock::new();
        stage.producer(2)?.send(1, 1)?;
        read_something(&idle)?;
        Ok(Starts {
            first_record,
            take_over: clock.monotonic(),
            session_timeout: SESSION_TIMEOUT,
        })
    }

    fn stage(&self, partitions: u32, setting: String) -> Result<Stage<'_>> {
        let contents = Contents {
            partitions,
            ..Contents::of(self.shape, 0.0)
        };
        let kafka = Kafka::start();
        let (topic, partitions) = (contents.topic(0), i32::try_from(partitions)?);
        let made = kafka.try_create_topic(&topic, partitions, &[]);
        tokio::runtime::Runtime::new()?.block_on(made)?;
        // A broker's first group waits until that has made its topic of offsets, which is no start of ours.
        drop(kafka.committed_offsets("nobody", &topic));
        Ok(Stage {
            binary: self.binary,
            kafka,
            contents,
            place: Place::new(Store::Local)?,
            overrides: self.overrides.iter().cloned().chain([setting]).collect(),
        })
    }
}

impl Stage<'_> {
    fn start(&self) -> Result<Sluicebox> {
        let drain = Drain {
            binary: self.binary,
            brokers: &self.kafka.brokers,
            contents: &self.contents,
            overrides: &self.overrides,
        };
        let command = drain.command("run", GROUP, &self.place)?;
        Ok(Sluicebox::start_command(&command))
    }

    fn producer(&self, seed: u64) -> Result<Producer> {
        Producer::new(&self.kafka.client_config(), &self.contents, seed)
    }
}

/// Waits until a process has read a record.
fn read_something(process: &Sluicebox) -> Result<()> {
    wait_for("a record", || {
        process.metric("sluicebox_consumer_records_total", &[]) > 0
    })
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) -> Result<()> {
    let clock = SystemClock::new();
    while !is_there() {
        ensure!(clock.monotonic() < WITHIN, "{what}: not within {WITHIN:?}");
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
