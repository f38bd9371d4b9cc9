//! The commit algorithm, crashed at each of its steps, on each kind of store: the same end state
//! each time.

mod store;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{Sluicebox, duckdb, kafka};
use tempfile::TempDir;

use self::store::Store;

/// Every named step between the first staged file and the committed offset.
const STEPS: [&str; 11] = [
    "between_stages",
    "after_stage",
    "after_dead_letters",
    "before_create",
    "after_create",
    "after_list",
    "before_publish",
    "between_publishes",
    "after_publish",
    "before_offset",
    "after_offset",
];

/// Cases that run at the same time: most of a case is waiting for the group.
const CONCURRENCY: usize = 6;
const RECORDS: i64 = 600;
/// How an aborted process ends.
const SIGABRT: i32 = 128 + 6;

/// After a crash at any step and a restart: every good record once, every bad one once, the proof
/// holds, and where staging is a folder nothing is left of what the crash tore.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_ends_in_the_same_state() {
    let cases = Store::ALL
        .into_iter()
        .flat_map(|store| STEPS.map(|s| (store, s)));
    stream::iter(cases.map(|(store, step)| crash_and_recover(store, step)))
        .buffer_unordered(CONCURRENCY)
        .collect::<()>()
        .await;
}

async fn crash_and_recover(store: Store, step: &'static str) {
    let name = step.replace('_', "-");
    let topic = kafka().create_topic(&name, 2).await;
    let folder = tempfile::tempdir().expect("a folder");
    tokio::task::spawn_blocking(move || {
        let case = Case::new(store, topic, folder);
        case.produce();
        case.crash_at(step);
        case.recover();
        case.judge();
    })
    .await
    .unwrap_or_else(|error| panic!("{store:?}, {step}: {error}"));
}

struct Case {
    store: Store,
    topic: String,
    folder: TempDir,
    /// The bucket or the folder that is the test's own.
    place: String,
}

impl Case {
    fn new(store: Store, topic: String, folder: TempDir) -> Self {
        let place = store.free_place(folder.path());
        Self {
            store,
            topic,
            folder,
            place,
        }
    }

    /// Good records over two hours, a repeat and a malformed record in each hundred.
    fn produce(&self) {
        let records: Vec<(i32, i64, String)> = (0..RECORDS)
            .map(|id| {
                let (partition, hour) = (i32::try_from(id % 2).expect("small"), 10 + id / 2 % 2);
                let value = match id % 100 {
                    98 | 99 => "{".to_owned(),
                    96 | 97 => format!(r#"{{"id":{},"at":"2026-01-01T{hour}:00:00Z"}}"#, id - 4),
                    _ => format!(r#"{{"id":{id},"at":"2026-01-01T{hour}:00:00Z"}}"#),
                };
                (partition, 1_767_261_600_000 + id, value)
            })
            .collect();
        kafka().produce(records.iter().map(|(partition, stamp, value)| {
            BaseRecord::to(&self.topic)
                .partition(*partition)
                .timestamp(*stamp)
                .key(b"".as_slice())
                .payload(value.as_bytes())
        }));
    }

    fn crash_at(&self, step: &str) {
        let mut environment = self.store.environment();
        environment.push(("SLUICEBOX_CRASH_AT".to_owned(), format!("{step}:2")));
        let ended = self.run(&environment);
        assert_eq!(ended.0, SIGABRT, "{step} is passed twice: {}", ended.1);
    }

    fn recover(&self) {
        let ended = self.run(&self.store.environment());
        assert_eq!(ended.0, 0, "{}", ended.1);
    }

    fn run(&self, environment: &[(String, String)]) -> (i32, String) {
        let arguments = ["run", "-c", "{config}", "--until-end"];
        let mut run = Sluicebox::start(&arguments, &self.config(), environment);
        (run.wait(Duration::from_secs(240)), run.log())
    }

    fn judge(&self) {
        let environment = self.store.environment();
        let proof = Sluicebox::output(&["verify", "-c", "{config}"], &self.config(), &environment);
        let said = String::from_utf8_lossy(&proof.stdout);
        assert_eq!(proof.status.code(), Some(0), "{said}");
        let lake = self.folder.path().join("golden");
        let golden = format!("{}/golden", self.place);
        self.store.download(&golden, &lake);
        let files = |place: &str| {
            let glob = lake.join(place).join("**/*.parquet");
            format!(
                "read_parquet('{}', hive_partitioning=false)",
                glob.display()
            )
        };
        let golden = duckdb(&format!(
            "select count(*) as rows, count(distinct id) as ids from {}",
            files("db/events")
        ));
        let good = RECORDS / 100 * 96;
        assert_eq!(
            (golden[0]["rows"].as_i64(), golden[0]["ids"].as_i64()),
            (Some(good), Some(good))
        );
        let bad = duckdb(&format!(
            "select count(*) as rows, count(distinct (_kafka.partition, _kafka.offset)) as offsets \
             from {}",
            files("_quarantine/db/events")
        ));
        let malformed = RECORDS / 100 * 2;
        let counted = (bad[0]["rows"].as_i64(), bad[0]["offsets"].as_i64());
        assert_eq!(counted, (Some(malformed), Some(malformed)));
        let left = files_below(&lake.join("_staging"));
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    fn config(&self) -> String {
        let (root, section) = (self.store.url(&self.place), self.store.section());
        let (brokers, topic) = (&kafka().brokers, &self.topic);
        format!(
            r#"
name: {topic}
kafka:
  brokers: "{brokers}"
  session_timeout: 6s
lake:
  url: {root}/golden
  control: {root}/_sluicebox
  {section}
topics:
  {topic}:
    table: db.events
    schema:
      columns:
        - {{ name: id, type: bigint, required: true }}
        - {{ name: at, type: timestamp }}
    event_time: {{ field: at }}
    dedup: {{ key: [id], window: 60s }}
    file: {{ max_rows: 100, max_age: 5s, max_idle: 1s }}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }
}

/// Every file below a folder, which may be missing.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}
