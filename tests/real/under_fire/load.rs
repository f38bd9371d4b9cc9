//! Numbered records, of which it is known what must become of each.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use sluicebox_tests::harness::eventually;

/// The first record's stamp: 2026-01-01T00:00:00Z, in milliseconds. Each is a millisecond after the
/// one before, so a repeat comes well inside of a window of a minute.
const FIRST_STAMP: i64 = 1_767_225_600_000;
/// What a record is stands in its number modulo this.
const CYCLE: i64 = 40;
/// Repeats are of records up to this many cycles ago.
const CYCLES_BACK: i64 = 12;
/// Hours that event times fall into.
const HOURS: i64 = 3;
/// Records that a background load writes at once, and its pause after them.
const BATCH: i64 = 50;
const PAUSE: Duration = Duration::from_millis(50);
/// Only ends a test that hangs: brokers may be away for long.
const FLUSH: Duration = Duration::from_secs(300);

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row of golden.
    Good,
    /// The record of this number once more.
    RepeatOf(i64),
    /// A row of quarantine and a dead letter.
    Bad,
}

/// Records numbered from 0. What each is follows from its number alone, so what was written is known
/// by how many there are.
pub(super) struct Load {
    /// From which number on records are spread over which Kafka partitions.
    spreads: Vec<(i64, Vec<(String, i32)>)>,
    producer: BaseProducer<Refusals>,
    written: i64,
}

/// A load that is being written by a thread of its own.
pub(super) struct Background {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicI64>,
    thread: JoinHandle<Load>,
}

impl Load {
    /// Nothing yet. `client` says where the brokers are.
    pub(super) fn new(mut client: ClientConfig, topic: &str, partitions: i32) -> Self {
        client
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.timeout.ms", FLUSH.as_millis().to_string());
        let producer = client.create_with_context(Refusals::default());
        Self {
            spreads: vec![(0, partitions_of(topic, 0..partitions))],
            producer: producer.expect("a producer needs no broker yet"),
            written: 0,
        }
    }

    /// Spreads what is written from now on over these partitions too. A repeat stays with what it
    /// repeats.
    pub(super) fn spread_to(&mut self, topic: &str, partitions: Range<i32>) {
        let (_, spread) = self.spreads.last().expect("there is always one");
        let wider = [spread.as_slice(), &partitions_of(topic, partitions)].concat();
        self.spreads.push((self.written, wider));
    }

    /// Writes the next `count` records; they are in the log when this returns.
    pub(super) fn write(&mut self, count: i64) {
        for number in self.written..self.written + count {
            self.send(number);
        }
        self.written += count;
        self.producer.flush(FLUSH).expect("the brokers answer");
        let refused = self.producer.context().refused.load(Ordering::SeqCst);
        assert_eq!(refused, 0, "records were refused");
    }

    /// Goes on writing, about a thousand records a second, until it is told to stop or there are
    /// `most` in all.
    pub(super) fn in_background(mut self, most: i64) -> Background {
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicI64::new(self.written));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&written));
        let thread = std::thread::spawn(move || {
            while self.written < most && !stopped.load(Ordering::SeqCst) {
                self.write(BATCH.min(most - self.written));
                counted.store(self.written, Ordering::SeqCst);
                std::thread::sleep(PAUSE);
            }
            self
        });
        Background {
            stop,
            written,
            thread,
        }
    }

    /// How many records were written.
    pub(super) const fn written(&self) -> i64 {
        self.written
    }

    /// The numbers of all records of a kind that were written.
    pub(super) fn numbers(&self, wanted: Kind) -> impl Iterator<Item = i64> {
        (0..self.written).filter(move |number| kind(*number) == wanted)
    }

    fn send(&self, number: i64) {
        let (id, value) = match kind(number) {
            Kind::Good => (number, good(number)),
            Kind::RepeatOf(first) => (first, good(first)),
            Kind::Bad => (number, bad(number)),
        };
        let (topic, partition) = self.place_of(id);
        let key = key(id);
        let mut unsent = Some(
            BaseRecord::to(topic)
                .partition(*partition)
                .timestamp(FIRST_STAMP + number)
                .key(key.as_bytes())
                .payload(value.as_bytes()),
        );
        while let Some(record) = unsent.take() {
            match self.producer.send(record) {
                Ok(()) => {}
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) => {
                    self.producer.poll(Duration::from_millis(100));
                    unsent = Some(record);
                }
                // A partition that was added is heard of late.
                Err((
                    KafkaError::MessageProduction(RDKafkaErrorCode::UnknownPartition),
                    record,
                )) => {
                    let metadata = self.producer.client().fetch_metadata(Some(topic), FLUSH);
                    metadata.expect("the brokers answer");
                    unsent = Some(record);
                }
                Err((error, _)) => panic!("record {number}: {error}"),
            }
        }
        self.producer.poll(Duration::ZERO);
    }

    /// The topic and the Kafka partition of the record that has this id.
    pub(super) fn place_of(&self, id: i64) -> &(String, i32) {
        let mut spreads = self.spreads.iter().rev();
        let spread = spreads.find_map(|(from, spread)| (*from <= id).then_some(spread));
        let spread = spread.expect("the first one is from 0 on");
        &spread[usize::try_from(id).expect("not negative") % spread.len()]
    }
}

impl Background {
    /// How many records were written so far. Faults are timed by it: a load is a clock.
    pub(super) fn written(&self) -> i64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Waits until so many more are written.
    pub(super) async fn goes_on(&self, records: i64) {
        let wanted = self.written() + records;
        eventually("the load is written", async || {
            (self.written() >= wanted).then_some(())
        })
        .await;
    }

    /// Ends it, and gives what was written.
    pub(super) fn stop(self) -> Load {
        self.stop.store(true, Ordering::SeqCst);
        self.finish()
    }

    /// Waits until all of it is written.
    pub(super) fn finish(self) -> Load {
        self.thread.join().expect("the load is written")
    }
}

fn partitions_of(topic: &str, partitions: Range<i32>) -> Vec<(String, i32)> {
    let partitions = partitions.map(|partition| (topic.to_owned(), partition));
    partitions.collect()
}

/// Of each cycle, two records are bad, and one repeats a good one on its partition.
pub(super) fn kind(number: i64) -> Kind {
    let (cycle, place) = (number / CYCLE, number % CYCLE);
    match place {
        37 => {
            let back = (cycle % CYCLES_BACK).min(cycle);
            Kind::RepeatOf((cycle - back) * CYCLE + 1)
        }
        38 | 39 => Kind::Bad,
        _ => Kind::Good,
    }
}

/// A record's Kafka key.
pub(super) fn key(id: i64) -> String {
    format!("key-{id}")
}

/// The hour of a record's event time: `2026-01-01T02`.
pub(super) fn hour(id: i64) -> String {
    format!("2026-01-01T{:02}", id / 7 % HOURS)
}

fn good(id: i64) -> String {
    format!(r#"{{"id":{id},"at":"{}:30:00Z"}}"#, hour(id))
}

/// No JSON, or no number.
fn bad(id: i64) -> String {
    match id % 2 {
        0 => format!("{{{id}"),
        _ => format!(r#"{{"id":"number {id}","at":"{}:30:00Z"}}"#, hour(id)),
    }
}

#[derive(Default)]
struct Refusals {
    refused: AtomicUsize,
}

impl ClientContext for Refusals {}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        if delivery.is_err() {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
    }
}
