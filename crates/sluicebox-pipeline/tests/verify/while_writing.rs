use parking_lot::Mutex;
use proptest::prelude::*;
use sluicebox_chain::CommitRecord;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_pipeline::verify::ProblemKind::FileMissing;
use sluicebox_pipeline::verify::{Scope, VerifyReport, verify};

use crate::commits::PIPELINE;
use crate::lake::{Lake, now, problems};

/// Chains that there are in the end, at most.
const CHAINS_MAX: usize = 5;

/// Writers that do one thing at a time, of what a driver does, in an order that a seed decides.
struct Writers {
    lake: Lake,
    /// What is on its way in each chain.
    under_way: Vec<Step>,
    random: Random,
    /// One call of the store in so many leaves them time to work.
    pace: usize,
}

enum Step {
    Idle,
    Staged(CommitRecord),
    /// So many files are published.
    Created(CommitRecord, usize),
    Published(CommitRecord),
}

impl Writers {
    fn new(seed: u64, pace: usize) -> Self {
        Self {
            lake: Lake::new(),
            under_way: vec![Step::Idle, Step::Idle],
            random: Random(seed | 1),
            pace,
        }
    }

    /// Up to three steps, if there is time.
    fn work(&mut self) {
        if self.random.below(self.pace) > 0 {
            return;
        }
        for _ in 0..=self.random.below(3) {
            let chain = self.random.below(self.under_way.len() + 1);
            match self.under_way.get_mut(chain) {
                Some(step) => {
                    let step = std::mem::replace(step, Step::Idle);
                    self.under_way[chain] = self.go_on(chain, step);
                }
                None if chain < CHAINS_MAX => self.begin(chain),
                None => {}
            }
        }
    }

    /// A topic of its own now and then, before and after the ones that are there.
    fn begin(&mut self, chain: usize) {
        let topic = ["flights", "a", "z"][self.random.below(3)];
        let partition = i32::try_from(chain).expect("small");
        self.lake.begin(topic, partition);
        self.under_way.push(Step::Idle);
    }

    fn go_on(&mut self, chain: usize, step: Step) -> Step {
        // A crash: the next owner publishes what is committed, and stages anew what is not.
        let crashes = self.random.below(8) == 0;
        match step {
            Step::Staged(_) if crashes => Step::Idle,
            Step::Created(record, _) if crashes => Step::Created(record, 0),
            Step::Idle => {
                let attempt = self.lake.attempt();
                let commit = self.lake.chains[chain].commit(attempt);
                Step::Staged(self.lake.stage(commit))
            }
            Step::Staged(record) => {
                self.lake.create(&record);
                self.lake.chains[chain].tail = record.tail();
                Step::Created(record, 0)
            }
            Step::Created(record, published) => match record.files.get(published) {
                Some(file) => {
                    let publish = self.lake.store.publish(&file.path, file.bytes, &file.stage);
                    now(publish).expect("publish");
                    Step::Created(record, published + 1)
                }
                None => Step::Published(record),
            },
            Step::Published(record) => {
                now(self
                    .lake
                    .store
                    .sweep(&record.chain.prefix(), &record.path()))
                .expect("sweep");
                Step::Idle
            }
        }
    }
}

/// A fixed sequence for a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// Verifies, with writers at work between every two calls of the store.
fn verify_while_writing(writers: Writers, pages_of: usize) -> VerifyReport {
    let store = writers.lake.store.with_pages_of(pages_of);
    let writers = Mutex::new(writers);
    let store = store.with_faults(move |_call| {
        writers.lock().work();
        None
    });
    now(verify(&store, &Scope::whole(PIPELINE))).expect("a report")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No step of a writer looks like damage: commits, chains that begin, partitions that are taken
    /// over, sweeps of staging. Slow writers leave things half done for long, fast ones do much
    /// between a look and the next.
    #[test]
    fn a_writer_at_work_is_no_damage(
        seed: u64, pace in 1usize..30, pages_of in 1usize..6, head_start in 0u32..100
    ) {
        let mut writers = Writers::new(seed, pace);
        for _ in 0..head_start {
            writers.work();
        }
        let report = verify_while_writing(writers, pages_of);
        prop_assert!(report.holds() && report.partitions.len() >= 2, "{report:#?}");
    }

    /// And damage is found all the same.
    #[test]
    fn damage_is_found_while_a_writer_works(
        seed: u64, pace in 1usize..30, pages_of in 1usize..6
    ) {
        let writers = Writers::new(seed, pace);
        let path = writers.lake.file(1, 2, 0);
        writers.lake.store.remove_file(&path);
        let report = verify_while_writing(writers, pages_of);
        prop_assert_eq!(problems(&report), [(FileMissing, path.as_str())]);
    }
}
