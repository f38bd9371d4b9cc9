//! The source and the dead letters against librdkafka's mock cluster: what the driver relies on.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail as the test does"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use sluicebox_config::{
    ByteSize, DeadLetterSection, HumanDuration, KafkaSection, StartPosition, TopicSelector,
};
use sluicebox_kafka::mock::MockKafka;
use sluicebox_kafka::{
    DeadLetterSettings, KafkaDeadLetters, KafkaError, KafkaQueue, KafkaSource, SourceSettings,
};
use sluicebox_pipeline::Readiness;
use sluicebox_pipeline::ports::{
    AssignmentHandler, Committed, DeadLetter, DeadLetterQueue, Outstanding, RecordQueue,
    SourceBatch, SourceControl, SourceError, SourceEvent, StartAt,
};
use sluicebox_types::{
    Offset, OwnedRecord, Reject, RejectReason, SystemClock, TimestampType, TopicPartition,
};

const TOPIC: &str = "raw";
const PARTITIONS: i32 = 4;
const WORKERS: usize = 2;
/// Long enough that only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

fn record(value: &str) -> OwnedRecord {
    OwnedRecord {
        offset: 0,
        timestamp_millis: Some(1_378_000_000_000),
        timestamp_type: TimestampType::CreateTime,
        key: Some(b"key".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: vec![
            (b"trace".to_vec(), Some(b"one".to_vec())),
            (b"trace".to_vec(), None),
            (b"empty".to_vec(), Some(Vec::new())),
        ],
    }
}

fn cluster(records: usize) -> MockKafka {
    let kafka = MockKafka::start().unwrap();
    kafka.create_topic(TOPIC, PARTITIONS).unwrap();
    for index in 0..records {
        for partition in 0..PARTITIONS {
            kafka
                .produce(TOPIC, partition, &record(&format!("{partition}/{index}")))
                .unwrap();
        }
    }
    kafka.flush().unwrap();
    kafka
}

fn section(kafka: &MockKafka) -> KafkaSection {
    KafkaSection {
        brokers: vec![kafka.brokers()],
        group_id: "sluicebox-test".to_owned(),
        ..KafkaSection::default()
    }
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, number)
}

/// The plan of a test: where each partition begins, and what the group has said so far.
struct Plan {
    starts: BTreeMap<i32, StartAt>,
    owned: Mutex<Vec<(TopicPartition, bool)>>,
    revoked: Mutex<Vec<(TopicPartition, bool)>>,
    changed: Condvar,
}

impl Plan {
    fn new(start: impl Fn(i32) -> StartAt) -> Arc<Self> {
        Arc::new(Self {
            starts: (0..PARTITIONS)
                .map(|number| (number, start(number)))
                .collect(),
            owned: Mutex::default(),
            revoked: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn await_assignment(&self) {
        let mut owned = self.owned.lock();
        while owned.len() < self.starts.len() {
            assert!(
                !self.changed.wait_for(&mut owned, PATIENCE).timed_out(),
                "never assigned"
            );
        }
    }
}

impl AssignmentHandler for Plan {
    fn assigned(&self, partitions: &[TopicPartition]) -> Vec<StartAt> {
        self.owned
            .lock()
            .extend(partitions.iter().map(|partition| (partition.clone(), true)));
        self.changed.notify_all();
        partitions
            .iter()
            .map(|partition| self.starts[&partition.partition].clone())
            .collect()
    }

    fn revoked(&self, partitions: &[TopicPartition], lost: bool) {
        self.revoked
            .lock()
            .extend(partitions.iter().map(|partition| (partition.clone(), lost)));
    }

    fn polled(&self) {}
}

/// A source that runs on a thread of its own, as in the service.
struct Running {
    control: Arc<dyn SourceControl>,
    queues: Vec<KafkaQueue>,
    readiness: Arc<Readiness>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), KafkaError>>,
}

impl Running {
    fn start(kafka: KafkaSection, start: StartPosition, plan: &Arc<Plan>) -> Self {
        let topics = vec![(TopicSelector::Name(TOPIC.to_owned()), start)];
        let settings = SourceSettings {
            kafka,
            memory: ByteSize::from_mib(256),
            topics,
        };
        let readiness = Arc::new(Readiness::default());
        let (source, queues) =
            KafkaSource::connect(&settings, WORKERS, Arc::clone(&readiness)).unwrap();
        let control = source.control();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (plan, stop) = (Arc::clone(plan), Arc::clone(&stop));
            move || source.run(plan.as_ref(), &stop)
        });
        Self {
            control,
            queues,
            readiness,
            stop,
            thread,
        }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap().unwrap();
    }
}

#[derive(Debug, Default)]
struct Read {
    records: BTreeMap<i32, Vec<(Offset, String)>>,
    ends: BTreeMap<i32, Offset>,
}

impl Read {
    /// Reads one worker's queue until `until` holds.
    fn from(queue: &mut KafkaQueue, mut until: impl FnMut(&Self) -> bool) -> Self {
        let mut read = Self::default();
        let turns = PATIENCE.as_millis() / POLL.as_millis();
        for _ in 0..turns {
            if until(&read) {
                return read;
            }
            read.take(&queue.poll(7, POLL));
        }
        panic!("only {read:?} came");
    }

    fn take(&mut self, batch: &impl SourceBatch) {
        for index in 0..batch.len() {
            match batch.event(index).unwrap() {
                SourceEvent::Record(partition, record) => {
                    let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                    let records = self.records.entry(partition.partition).or_default();
                    records.push((record.offset, value));
                }
                SourceEvent::EndOfPartition(partition, offset) => {
                    self.ends.insert(partition.partition, offset);
                }
                SourceEvent::Failed(partition, error) => panic!("{partition}: {error}"),
            }
        }
        assert!(batch.event(batch.len()).is_none());
    }
}

fn at(offset: Offset, number: i32) -> StartAt {
    StartAt::Offset {
        offset,
        worker: usize::try_from(number).unwrap() % WORKERS,
    }
}

fn expected(number: i32, offsets: std::ops::Range<Offset>) -> Vec<(Offset, String)> {
    offsets
        .map(|offset| (offset, format!("{number}/{offset}")))
        .collect()
}

/// Every record arrives once, in order, at the worker that was chosen, from the offset that was
/// chosen; the end of each partition is told; a stop gives everything back.
#[test]
fn records_reach_their_worker_once_and_in_order() {
    let kafka = cluster(50);
    let plan = Plan::new(|number| at(if number == 3 { 20 } else { 0 }, number));
    let mut source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    for (worker, queue) in source.queues.iter_mut().enumerate() {
        let read = Read::from(queue, |read| {
            read.ends.values().filter(|end| **end == 50).count() == 2
        });
        let mine =
            (0..PARTITIONS).filter(|number| usize::try_from(*number).unwrap() % WORKERS == worker);
        let wanted = mine.map(|number| {
            (
                number,
                expected(number, if number == 3 { 20..50 } else { 0..50 }),
            )
        });
        assert_eq!(read.records, wanted.collect());
    }
    assert_eq!(source.readiness.reasons(), []);
    source.stop();
    let mut revoked = plan.revoked.lock().clone();
    revoked.sort();
    let all: Vec<_> = (0..PARTITIONS)
        .map(|number| (partition(number), false))
        .collect();
    assert_eq!(revoked, all);
}

/// Key, value, timestamp and headers come as they were produced; null and empty stay apart.
#[test]
fn a_record_keeps_all_its_parts() {
    let kafka = cluster(0);
    let bare = OwnedRecord {
        key: None,
        value: None,
        headers: Vec::new(),
        ..record("")
    };
    let empty = OwnedRecord {
        key: Some(Vec::new()),
        value: Some(Vec::new()),
        ..record("")
    };
    for record in [&record("full"), &bare, &empty] {
        kafka.produce(TOPIC, 0, record).unwrap();
    }
    kafka.flush().unwrap();
    let plan = Plan::new(|number| at(0, number));
    let mut source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    let mut came = Vec::new();
    while came.len() < 3 {
        let batch = source.queues[0].poll(10, PATIENCE);
        came.extend(
            (0..batch.len()).filter_map(|index| match batch.event(index).unwrap() {
                SourceEvent::Record(_, record) => Some(record.to_owned_record()),
                _ => None,
            }),
        );
    }
    let wanted = [record("full"), bare, empty];
    for (offset, (came, wanted)) in came.iter().zip(wanted).enumerate() {
        assert_eq!(
            *came,
            OwnedRecord {
                offset: i64::try_from(offset).unwrap(),
                ..wanted.clone()
            }
        );
        assert_eq!(came.headers, wanted.headers);
    }
    source.stop();
}

/// The metadata that is committed comes back with the offset at the next start, beside watermarks
/// and the configured start.
#[test]
fn committed_metadata_is_there_after_a_restart() {
    let kafka = cluster(10);
    // The mock cluster does not let a member leave: its session has to end.
    let section = KafkaSection {
        session_timeout: HumanDuration::from_secs(6),
        ..section(&kafka)
    };
    let plan = Plan::new(|number| at(0, number));
    let source = Running::start(section.clone(), StartPosition::Latest, &plan);
    plan.await_assignment();
    source
        .control
        .commit(&partition(2), 7, r#"{"seq":3,"id":"x"}"#);
    source.control.flush_commits(PATIENCE);
    source.stop();

    let plan = Plan::new(|number| at(0, number));
    let source = Running::start(section, StartPosition::Latest, &plan);
    plan.await_assignment();
    let states = source
        .control
        .describe(&[partition(2), partition(0)])
        .unwrap();
    let committed = Committed {
        offset: 7,
        metadata: r#"{"seq":3,"id":"x"}"#.to_owned(),
    };
    assert_eq!(states[0].committed, Some(committed));
    assert_eq!(states[1].committed, None);
    for state in &states {
        assert_eq!(
            (state.low, state.high, state.configured_start),
            (0, 10, 10),
            "{state:?}"
        );
    }
    assert_eq!(source.control.describe(&[]), Ok(Vec::new()));
    source.stop();
}

/// A commit that falls into a rebalance is made after it, though no later one comes.
#[test]
fn a_commit_that_fell_into_a_rebalance_is_repeated() {
    let kafka = cluster(10);
    let plan = Plan::new(|number| at(0, number));
    let source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    plan.await_assignment();
    kafka.interrupt_commits(1);
    source.control.commit(&partition(2), 7, "seq 3");
    source.control.flush_commits(PATIENCE);
    let committed = || {
        let states = source.control.describe(&[partition(2)]).unwrap();
        states[0].committed.clone()
    };
    assert_eq!(committed(), None, "it fell into a rebalance");
    let turns = PATIENCE.as_millis() / POLL.as_millis();
    let repeated = (0..turns).find_map(|_| {
        std::thread::sleep(POLL);
        committed()
    });
    let expected = Committed {
        offset: 7,
        metadata: "seq 3".to_owned(),
    };
    assert_eq!(repeated, Some(expected));
    source.stop();
}

/// A start given by offsets holds where it names the partition; elsewhere it is the earliest.
#[test]
fn starts_by_offset_are_per_partition() {
    let kafka = cluster(10);
    let offsets = BTreeMap::from([(TOPIC.to_owned(), BTreeMap::from([(1, 4)]))]);
    let plan = Plan::new(|number| at(0, number));
    let source = Running::start(section(&kafka), StartPosition::Offsets(offsets), &plan);
    plan.await_assignment();
    let states = source
        .control
        .describe(&[partition(0), partition(1)])
        .unwrap();
    let starts: Vec<_> = states.iter().map(|state| state.configured_start).collect();
    assert_eq!(starts, [0, 4]);
    source.stop();
}

/// A parked partition gives nothing until it is resumed, and then begins where it was told to; a
/// second move drops what was fetched before it.
#[test]
fn a_parked_partition_starts_where_it_is_resumed() {
    let kafka = cluster(100);
    let plan = Plan::new(|number| match number {
        0 => StartAt::Parked { worker: 0 },
        number => at(0, number),
    });
    let mut source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    let queue = &mut source.queues[0];
    let other = Read::from(queue, |read| read.ends.contains_key(&2));
    assert!(
        !other.records.contains_key(&0),
        "a parked partition was read"
    );

    resume(&source.control, 0, 40);
    let first = Read::from(queue, |read| read.records.contains_key(&0));
    assert_eq!(first.records[&0][0], (40, "0/40".to_owned()));

    source.control.pause(&[partition(0)]);
    resume(&source.control, 0, 10);
    let second = Read::from(queue, |read| read.ends.contains_key(&0));
    assert_eq!(second.records[&0], expected(0, 10..100));
    source.stop();
}

/// The client may still be starting the partition: asking again is what the contract says.
fn resume(control: &Arc<dyn SourceControl>, number: i32, offset: Offset) {
    let mut answer = control.resume_at(&partition(number), offset);
    for _ in 0..100 {
        if answer.is_ok() {
            return;
        }
        std::thread::yield_now();
        answer = control.resume_at(&partition(number), offset);
    }
    panic!("{answer:?}");
}

/// An offset that does not exist is told as such, with the partition in the text, and reading can
/// go on elsewhere: librdkafka has given the partition up by then.
#[test]
fn an_offset_past_the_end_is_out_of_range() {
    let kafka = cluster(5);
    let plan = Plan::new(|number| at(if number == 0 { 500 } else { 0 }, number));
    let mut source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    let mut failure = None;
    while failure.is_none() {
        let batch = source.queues[0].poll(10, PATIENCE);
        failure = (0..batch.len()).find_map(|index| match batch.event(index).unwrap() {
            SourceEvent::Failed(partition, error) => Some((partition.clone(), error)),
            _ => None,
        });
    }
    let (failed, error) = failure.unwrap();
    assert_eq!(failed, partition(0));
    let SourceError::OffsetOutOfRange(text) = error else {
        panic!("{error:?}")
    };
    assert!(text.contains("raw[0]") && text.contains("500"), "{text}");

    source.control.pause(&[partition(0)]);
    resume(&source.control, 0, 2);
    let read = Read::from(&mut source.queues[0], |read| read.ends.contains_key(&0));
    assert_eq!(read.records[&0], expected(0, 2..5));
    source.stop();
}

/// A topic that was named and does not exist is shown by name, and reading waits for it.
#[test]
fn a_missing_topic_is_shown() {
    let kafka = MockKafka::start().unwrap();
    kafka.deny_topic(TOPIC).unwrap();
    let plan = Plan::new(|number| at(0, number));
    let source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    let reasons = await_reasons(&source.readiness);
    assert_eq!(reasons[0].0, "kafka topic raw");
    assert!(reasons[0].1.contains("does not exist"), "{reasons:?}");
    source.stop();
}

/// Brokers that are away are shown with their addresses and the cure.
#[test]
fn brokers_that_are_away_are_shown() {
    let plan = Plan::new(|number| at(0, number));
    let brokers = vec!["127.0.0.1:1".to_owned()];
    let kafka = KafkaSection {
        brokers,
        group_id: "g".to_owned(),
        ..KafkaSection::default()
    };
    let source = Running::start(kafka, StartPosition::Earliest, &plan);
    let reasons = await_reasons(&source.readiness);
    assert_eq!(reasons[0].0, "kafka");
    assert!(reasons[0].1.contains("127.0.0.1:1"), "{reasons:?}");
    source.stop();
}

fn await_reasons(readiness: &Readiness) -> Vec<(String, String)> {
    for _ in 0..PATIENCE.as_millis() {
        let reasons = readiness.reasons();
        if !reasons.is_empty() {
            return reasons;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!("nothing is shown");
}

/// A source that was made and never run goes away, without a broker too.
#[test]
fn a_source_that_never_ran_is_dropped() {
    let brokers = vec!["127.0.0.1:1".to_owned()];
    let kafka = KafkaSection {
        brokers,
        group_id: "g".to_owned(),
        ..KafkaSection::default()
    };
    let topics = vec![(
        TopicSelector::Name(TOPIC.to_owned()),
        StartPosition::Earliest,
    )];
    let settings = SourceSettings {
        kafka,
        memory: ByteSize::from_mib(256),
        topics,
    };
    drop(KafkaSource::connect(&settings, WORKERS, Arc::default()).unwrap());
}

/// A letter arrives with the record as it was and the reasons in its headers, and only then is its
/// receipt given back.
#[test]
fn dead_letters_arrive_with_their_headers() {
    let kafka = cluster(0);
    let letters = dead_letters(&kafka, 1 << 20, &Arc::default());
    let outstanding = Arc::new(Outstanding::default());
    for offset in 0..20 {
        letters.send(letter(&outstanding, offset)).unwrap();
    }
    settle(&outstanding);

    let plan = Plan::new(|number| at(0, number));
    let mut source = Running::start(section(&kafka), StartPosition::Earliest, &plan);
    let mut came = Vec::new();
    while came.len() < 20 {
        for queue in &mut source.queues {
            let batch = queue.poll(100, POLL);
            came.extend(
                (0..batch.len()).filter_map(|index| match batch.event(index).unwrap() {
                    SourceEvent::Record(_, record) => Some(record.to_owned_record()),
                    _ => None,
                }),
            );
        }
    }
    source.stop();
    let first = came
        .iter()
        .find(|came| header(came, "__connect.errors.offset") == "0")
        .unwrap();
    let wanted = letter(&outstanding, 0).record;
    assert_eq!((&first.key, &first.value), (&wanted.key, &wanted.value));
    assert_eq!(first.timestamp_millis, wanted.timestamp_millis);
    assert_eq!(first.headers[..3], wanted.headers[..]);
    assert_eq!(header(first, "__connect.errors.topic"), "source");
    assert_eq!(header(first, "sluicebox.reason"), "wrong_type");
    assert_eq!(header(first, "sluicebox.attempt"), "1");
}

/// A dead-letter topic that is missing is shown by name; its letters wait and arrive when it is
/// there.
#[test]
fn dead_letters_wait_for_their_topic() {
    let kafka = cluster(0);
    kafka.deny_topic(TOPIC).unwrap();
    let readiness = Arc::new(Readiness::default());
    let letters = dead_letters(&kafka, 1 << 20, &readiness);
    let outstanding = Arc::new(Outstanding::default());
    letters.send(letter(&outstanding, 0)).unwrap();
    let reasons = await_reasons(&readiness);
    assert_eq!(reasons[0].0, "dead_letter raw");
    assert!(reasons[0].1.contains("create it"), "{reasons:?}");
    assert_eq!(outstanding.count(), 1);

    kafka.allow_topic(TOPIC).unwrap();
    settle(&outstanding);
    assert_eq!(readiness.reasons(), []);
}

/// A full queue gives the letter back; a letter without a topic is done with at once.
#[test]
fn the_queue_of_dead_letters_is_bounded() {
    let kafka = cluster(0);
    kafka.go_away().unwrap();
    let letters = dead_letters(&kafka, 1_000, &Arc::default());
    let outstanding = Arc::new(Outstanding::default());
    letters.send(letter(&outstanding, 0)).unwrap();
    let mut refused = 0;
    for offset in 1..10 {
        if letters.send(letter(&outstanding, offset)).is_err() {
            refused += 1;
        }
    }
    assert!(refused > 0);
    let mut other = letter(&Arc::default(), 0);
    other.source = TopicPartition::new("unrouted", 0);
    letters.send(other).unwrap();
    drop(letters);
    assert!(
        outstanding.count() > 0,
        "a letter that never arrived was counted as delivered"
    );
}

fn dead_letters(
    kafka: &MockKafka,
    queue_bytes: usize,
    readiness: &Arc<Readiness>,
) -> KafkaDeadLetters {
    let to = DeadLetterSection {
        topic: TOPIC.to_owned(),
        header_prefix: "__connect.errors.".to_owned(),
    };
    let settings = DeadLetterSettings {
        kafka: section(kafka),
        queue_bytes,
        topics: vec![(TopicSelector::Name("source".to_owned()), Some(to))],
    };
    KafkaDeadLetters::connect(
        &settings,
        Arc::new(SystemClock::new()),
        Arc::clone(readiness),
    )
    .unwrap()
}

fn letter(outstanding: &Arc<Outstanding>, offset: Offset) -> DeadLetter {
    DeadLetter {
        source: TopicPartition::new("source", 1),
        record: OwnedRecord {
            offset,
            ..record("{bad")
        },
        reject: Reject::new(RejectReason::WrongType, "column `a` takes a number"),
        receipt: outstanding.receipt(),
    }
}

fn settle(outstanding: &Outstanding) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, outstanding.settled())
            .await
            .expect("letters do not arrive");
    });
}

fn header(record: &OwnedRecord, name: &str) -> String {
    let value = record
        .headers
        .iter()
        .find(|(known, _)| known == name.as_bytes());
    String::from_utf8(value.unwrap().1.clone().unwrap()).unwrap()
}
