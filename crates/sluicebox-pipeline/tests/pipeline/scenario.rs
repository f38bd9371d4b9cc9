//! One topic of `{"id": …, "at": …}` records with everything around it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_chain::Writer;
use sluicebox_decode::{DecodeOptions, JsonDecoder};
use sluicebox_dedup::{KeySpec, WindowMode, WindowSpec};
use sluicebox_parquet::inspect::{read_footer, read_offsets};
use sluicebox_parquet::{Compression, Layout, TableSpec, quarantine_schema, schema_fingerprint};
use sluicebox_pipeline::ports::{
    AssignmentHandler, DeadLetter, DeadLetterQueue, LakeStore, QueueFull,
};
use sluicebox_pipeline::verify::{Scope, VerifyReport, verify};
use sluicebox_pipeline::{
    Blocking, DedupSpec, Driver, Environment, EventTimeSpec, MemoryLimit, NotifySettings, NotifyTo,
    Readiness, Relay, RollPolicy, StatusBoard, Tombstones, TopicSpec, with_kafka_column,
};
use sluicebox_rules::Rules;
use sluicebox_storage::memory::MemoryStore;
use sluicebox_types::{
    Column, ColumnType, FileKind, Granularity, SystemClock, TableSchema, TimeEncoding,
    TopicPartition,
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::broker::{Broker, Queue};

pub(crate) const TOPIC: &str = "events";
/// Noon of 2026-01-01, in milliseconds.
pub(crate) const NOON: i64 = 1_767_268_800_000;

#[derive(Debug, Default)]
pub(crate) struct Letters(pub(crate) Mutex<Vec<(i64, &'static str)>>);

impl DeadLetterQueue for Letters {
    fn send(&self, letter: DeadLetter) -> Result<(), QueueFull> {
        self.0
            .lock()
            .push((letter.record.offset, letter.reject.reason.code()));
        Ok(())
    }
}

pub(crate) struct Scenario {
    pub(crate) broker: Arc<Broker>,
    pub(crate) store: MemoryStore,
    pub(crate) letters: Arc<Letters>,
    pub(crate) runtime: Runtime,
    pub(crate) attempts: Arc<AtomicU32>,
    pub(crate) roll: RollPolicy,
    pub(crate) memory_bytes: usize,
    pub(crate) kafka_column: bool,
    pub(crate) success_file: bool,
    pub(crate) quiet_after: Option<Duration>,
    /// Who is told of commits, made anew for every process.
    pub(crate) targets: Box<dyn Fn() -> Vec<NotifyTo>>,
}

pub(crate) struct Running {
    pub(crate) driver: Driver,
    pub(crate) handler: Arc<dyn AssignmentHandler>,
    pub(crate) status: Arc<StatusBoard>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) relay: Arc<Relay>,
}

impl Scenario {
    pub(crate) fn new() -> Self {
        Self {
            broker: Arc::default(),
            store: MemoryStore::default(),
            letters: Arc::default(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a test has it"),
            attempts: Arc::default(),
            memory_bytes: 256 << 20,
            kafka_column: true,
            success_file: false,
            quiet_after: None,
            targets: Box::new(Vec::new),
            roll: RollPolicy {
                max_bytes: 1 << 20,
                max_rows: 20,
                max_age: Duration::from_secs(3_600),
                max_idle: Duration::from_secs(3_600),
            },
        }
    }

    /// The same pipeline in a process that tells nobody.
    pub(crate) fn silent(&self) -> Self {
        Self {
            broker: Arc::clone(&self.broker),
            store: self.store.clone(),
            attempts: Arc::clone(&self.attempts),
            ..Self::new()
        }
    }

    pub(crate) fn start(&self) -> Running {
        self.start_on(Arc::new(self.store.clone()))
    }

    pub(crate) fn start_on(&self, store: Arc<dyn LakeStore>) -> Running {
        let attempts = Arc::clone(&self.attempts);
        let relay = self.relay(&store);
        let (status, readiness) = (Arc::<StatusBoard>::default(), Arc::<Readiness>::default());
        let env = Environment {
            pipeline: "test".into(),
            writer: Writer {
                instance: "i".into(),
                version: "0".into(),
            },
            clock: Arc::new(SystemClock::new()),
            fresh_id: Arc::new(move || {
                let attempt = u128::from(attempts.fetch_add(1, Ordering::SeqCst));
                Uuid::from_u128((attempt + 1) << 96)
            }),
            store,
            dead_letters: Arc::clone(&self.letters) as Arc<dyn DeadLetterQueue>,
            relay: Arc::clone(&relay),
            readiness: Arc::clone(&readiness),
            status: Arc::clone(&status),
            memory: MemoryLimit::new(self.memory_bytes, 0),
            drain_timeout: Duration::from_secs(30),
            blocking: Blocking::OnThreads,
            skip_retention_gaps: false,
        };
        let queues = (0..2)
            .map(|worker| Queue {
                broker: Arc::clone(&self.broker),
                worker,
            })
            .collect();
        let catalog = BTreeMap::from([(
            TOPIC.to_owned(),
            Arc::new(spec(self.roll, self.kafka_column, self.quiet_after)),
        )]);
        let control = Arc::clone(&self.broker);
        let runtime = self.runtime.handle().clone();
        let driver =
            Driver::start(env, Arc::new(catalog), control, queues, runtime).expect("a test has it");
        let handler = driver.handler();
        Running {
            driver,
            handler,
            status,
            readiness,
            relay,
        }
    }

    /// Without jitter nothing is waited for between tries.
    fn relay(&self, store: &Arc<dyn LakeStore>) -> Arc<Relay> {
        let settings = NotifySettings {
            targets: (self.targets)(),
            allowed_lateness: Duration::from_secs(60),
            seal_every: Duration::from_millis(10),
            success_file: self.success_file,
        };
        let clock = Arc::new(SystemClock::new());
        let runtime = self.runtime.handle().clone();
        Arc::new(Relay::new(
            settings,
            Arc::clone(store),
            clock,
            Arc::new(|| 0.0),
            runtime,
        ))
    }

    /// Reads everything to the end, commits it and stops.
    pub(crate) fn drain(&self) {
        let running = self.start();
        self.broker.assign_all(running.handler.as_ref());
        wait_until("everything is read", || running.status.all_caught_up());
        self.broker.revoke_all(running.handler.as_ref(), false);
        assert_eq!(running.readiness.reasons(), []);
        running.driver.stop();
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        self.runtime
            .block_on(verify(&self.store, &Scope::whole("test")))
            .expect("a test has it")
    }

    /// The offsets that a glob reader sees in golden or in quarantine, sorted.
    pub(crate) fn visible(&self, kind: FileKind) -> Vec<i64> {
        let prefix = match kind {
            FileKind::Golden => "db/",
            FileKind::Quarantine => "_quarantine/",
        };
        let mut offsets = Vec::new();
        self.runtime.block_on(async {
            for file in self
                .store
                .list_files(prefix, None, usize::MAX)
                .await
                .expect("a test has it")
            {
                let bytes = self
                    .store
                    .read_file(&file.path)
                    .await
                    .expect("a test has it")
                    .expect("a test has it");
                let footer = read_footer(&bytes).expect("a test has it");
                for batch in read_offsets(footer, bytes).expect("a test has it") {
                    offsets.extend(batch.expect("a test has it"));
                }
            }
        });
        offsets.sort_unstable();
        offsets
    }
}

/// The topic as it is configured.
pub(crate) fn spec(
    roll: RollPolicy,
    kafka_column: bool,
    quiet_after: Option<Duration>,
) -> TopicSpec {
    let column = |name: &str, data_type, required| Column {
        name: name.to_owned(),
        from: vec![name.to_owned()],
        data_type,
        required,
        default: None,
    };
    let schema = TableSchema {
        columns: vec![
            column("id", ColumnType::Bigint, true),
            column("at", ColumnType::Timestamp(TimeEncoding::Text), false),
        ],
    };
    let arrow = JsonDecoder::new(&schema, DecodeOptions::default())
        .expect("a test has it")
        .arrow_schema();
    let table = |kind, schema: arrow::datatypes::SchemaRef| {
        Arc::new(TableSpec {
            kind,
            database: "db".into(),
            table: "events".into(),
            topic: TOPIC.into(),
            layout: Layout::Hive,
            granularity: Granularity::Hour,
            schema_fingerprint: schema_fingerprint(&schema),
            schema,
            row_group_bytes: 1 << 20,
            compression: Compression::Snappy,
            pipeline: "test".into(),
            version: "0".into(),
            dictionary: BTreeMap::new(),
            bloom_filters: Vec::new(),
        })
    };
    let golden = match kafka_column {
        true => with_kafka_column(&arrow),
        false => Arc::clone(&arrow),
    };
    let window = WindowSpec {
        length_millis: 60_000,
        mode: WindowMode::Sliding,
        jump_millis: Some(300_000),
    };
    TopicSpec {
        topic: TOPIC.into(),
        schema,
        decode: DecodeOptions::default(),
        tombstones: Tombstones::Skip,
        rules: Rules::compile(&[], &arrow).expect("a test has it"),
        event_time: EventTimeSpec {
            column: Some("at".into()),
            fallback_to_kafka: true,
            earliest_micros: 946_684_800_000_000,
            latest_micros: 4_102_444_800_000_000,
        },
        dedup: Some(DedupSpec {
            key: KeySpec::Fields(vec!["id".into()]),
            window,
        }),
        kafka_column,
        dead_letter: true,
        golden: table(FileKind::Golden, golden),
        quarantine: table(FileKind::Quarantine, quarantine_schema()),
        roll,
        quiet_after,
        decision: "d".into(),
    }
}

pub(crate) fn partition(index: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, index)
}

pub(crate) fn event(id: i64) -> String {
    format!(r#"{{"id":{id},"at":"2026-01-01T12:00:00Z"}}"#)
}

/// Waits for a condition that is bound to come; the limit only ends a test that would hang.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let mut turns = 0;
    while !condition() {
        turns += 1;
        assert!(turns < 600_000, "waited in vain until {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}
