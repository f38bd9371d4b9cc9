//! What the memory limit accounts for beside what the kernel says: both at their most, while a load is
//! drained.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;
use sluicebox_tests::harness::Sluicebox;

use crate::broker::Cluster;
use crate::contents::Contents;
use crate::drain::{Drain, Place, Store};
use crate::load::Load;
use crate::report::word;
use crate::shapes::Shape;

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long a process without memory has until its exit code is known.
const EXIT_WITHIN: Duration = Duration::from_secs(10);

const MIB: u64 = 1 << 20;

/// One load, and the limit under which it is drained.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Case {
    /// What the records look like.
    #[serde(skip)]
    pub shape: Shape,
    /// The topic's partitions.
    pub partitions: u32,
    /// The brokers that lead them.
    pub brokers: u16,
    /// `limits.memory`, in MiB.
    pub limit_mib: u32,
}

/// The cases that the limit is judged by: few partitions and many, large records and small ones,
/// one broker and several.
pub const CASES: [Case; 7] = [
    case(Shape::B, 4, 1, 512),
    case(Shape::B, 16, 1, 512),
    case(Shape::B, 4, 1, 256),
    case(Shape::B, 64, 1, 256),
    case(Shape::B, 64, 10, 256),
    case(Shape::A, 64, 1, 256),
    case(Shape::A, 64, 10, 256),
];

const fn case(shape: Shape, partitions: u32, brokers: u16, limit_mib: u32) -> Case {
    Case {
        shape,
        partitions,
        brokers,
        limit_mib,
    }
}

/// What was seen of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Peaks {
    /// The shape's name.
    pub shape: String,
    /// The rest of it.
    #[serde(flatten)]
    pub case: Case,
    /// Where the files went.
    pub store: String,
    /// `sluicebox_memory_used_bytes` at its most.
    pub accounted_bytes: u64,
    /// Resident memory at its most, the program's own text included (`VmHWM`).
    pub resident_bytes: u64,
}

impl Case {
    /// Drains so much JSON, in units of 10⁹ bytes, into a store.
    ///
    /// # Errors
    /// When the run fails, or other rows come out than must.
    pub fn measure(self, binary: &Path, store: Store, gigabytes: f64) -> Result<Peaks> {
        let contents = Contents {
            partitions: self.partitions,
            brokers: self.brokers,
            ..Contents::of(self.shape, gigabytes)
        };
        let load = Load::prepare(&contents)?;
        let totals = load.totals;
        let brokers = Cluster::start(load.topics, contents.brokers)?.addresses();
        let place = Place::new(store)?;
        let drain = Drain {
            binary,
            brokers: &brokers,
            contents: &contents,
            overrides: &[format!("limits.memory={}MiB", self.limit_mib)],
        };
        let mut command = drain.command("run", "memory", &place)?;
        let mut process = Sluicebox::start_command(command.arg("--until-end"));
        let (mut accounted_bytes, mut resident_bytes) = (0, 0);
        while let Some(peak) = process.peak_memory_bytes() {
            resident_bytes = peak;
            let accounted = process.metric("sluicebox_memory_used_bytes", &[]);
            accounted_bytes = accounted.max(accounted_bytes);
            thread::sleep(LOOK_EVERY);
        }
        let code = process.wait(EXIT_WITHIN);
        ensure!(code == 0, "exit code {code}: {}", process.log());
        place.lake()?.check(&totals)?;
        Ok(Peaks {
            shape: self.shape.to_string(),
            case: self,
            store: word(store),
            accounted_bytes,
            resident_bytes,
        })
    }
}

impl Peaks {
    /// The heads of a Markdown table's columns.
    pub const HEADS: &str = "| `limits.memory` | shape, partitions, brokers | store | accounted MiB | \
                             resident MiB | of what is accounted | of the limit |\n\
                             | --- | --- | --- | --- | --- | --- | --- |";
}

impl fmt::Display for Peaks {
    /// A row of that table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case {
            partitions,
            brokers,
            limit_mib,
            ..
        } = self.case;
        let resident = self.resident_bytes as f64;
        write!(
            f,
            "| {limit_mib} MiB | {}, {partitions}, {brokers} | {} | {} | {} | {:.2} | {:.2} |",
            self.shape,
            self.store,
            self.accounted_bytes / MIB,
            self.resident_bytes / MIB,
            resident / self.accounted_bytes as f64,
            resident / (u64::from(limit_mib) * MIB) as f64,
        )
    }
}
