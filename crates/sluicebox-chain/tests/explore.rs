//! The protocol explored: every interleaving of two writers that take over, stage, create, list and
//! publish, where every create may be late, lose its reply or crash with its writer. Drives the
//! production machines; only the store is a model.
//!
//! Held at every step: a glob reader never sees an offset twice, and no offset below the tail that
//! has a successor is invisible. At the end: every offset is visible exactly once.

#![expect(
    clippy::panic,
    reason = "a halt is the counterexample that this test looks for"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use sluicebox_chain::{
    Answer, Assign, AssignStep, ChainId, Command, Commit, CommitRecord, CommitStep, Tail, Writer,
};
use sluicebox_types::{DataFile, FileKind, Granularity, OffsetRange, PartitionDate, Staged};
use uuid::Uuid;

/// The topic holds this many records.
const TOPIC_END: i64 = 3;
/// A writer may crash this often in one history.
const CRASHES: u8 = 2;
/// A reply may get lost this often in one history.
const LOST_REPLIES: u8 = 2;

#[derive(Clone, Debug, Default)]
struct Store {
    chain: BTreeMap<u64, CommitRecord>,
    staged: BTreeSet<String>,
    visible: BTreeMap<String, OffsetRange>,
    /// Creates that were sent, whose sender has given up on the answer.
    in_flight: Vec<CommitRecord>,
}

#[derive(Clone, Debug)]
enum WriterState {
    Idle,
    Assigning(Assign, Command),
    Owning(Tail),
    Committing(Commit, Command),
}

#[derive(Clone, Debug)]
struct World {
    store: Store,
    writers: [WriterState; 2],
    attempts: u32,
    crashes: u8,
    lost: u8,
}

fn chain() -> ChainId {
    ChainId {
        pipeline: "p".into(),
        topic: "t".into(),
        partition: 0,
    }
}

fn writer() -> Writer {
    Writer {
        instance: "w".into(),
        version: "0".into(),
    }
}

impl World {
    fn fresh_id(&mut self) -> Uuid {
        self.attempts += 1;
        Uuid::from_u128(u128::from(self.attempts))
    }

    /// Every world that one step leads to.
    fn successors(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for index in 0..self.store.in_flight.len() {
            let mut world = self.clone();
            let record = world.store.in_flight.remove(index);
            world.store.chain.entry(record.seq).or_insert(record);
            all.push(world);
        }
        for index in 0..self.writers.len() {
            all.extend(self.steps_of(index));
            if self.crashes < CRASHES && !matches!(self.writers[index], WriterState::Idle) {
                let mut world = self.clone();
                world.crashes += 1;
                // Its request may still be under way when it dies.
                if let WriterState::Committing(_, Command::Create(record)) = &self.writers[index] {
                    let mut late = world.clone();
                    late.store.in_flight.push((**record).clone());
                    late.writers[index] = WriterState::Idle;
                    all.push(late);
                }
                world.writers[index] = WriterState::Idle;
                all.push(world);
            }
        }
        all
    }

    fn steps_of(&self, index: usize) -> Vec<Self> {
        let mut world = self.clone();
        match self.writers[index].clone() {
            WriterState::Idle => {
                let id = world.fresh_id();
                let step = Assign::start(chain(), None, id, writer(), String::new());
                world.after_assign(index, step);
                vec![world]
            }
            WriterState::Owning(tail) => (tail.end + 1..=TOPIC_END)
                .map(|end| {
                    let mut world = self.clone();
                    let record = world.stage(&tail, end);
                    world.after_commit(index, Commit::start(record));
                    world
                })
                .collect(),
            WriterState::Assigning(machine, command) => world
                .perform(&command)
                .into_iter()
                .map(|(mut world, answer)| {
                    world.after_assign(index, machine.clone().answer(answer));
                    world
                })
                .collect(),
            WriterState::Committing(machine, command) => world
                .perform(&command)
                .into_iter()
                .map(|(mut world, answer)| {
                    world.after_commit(index, machine.clone().answer(answer));
                    world
                })
                .collect(),
        }
    }

    fn stage(&mut self, tail: &Tail, end: i64) -> CommitRecord {
        let id = self.fresh_id();
        let mut record = CommitRecord::after(tail, chain(), id, end);
        let path = format!("{}-{end}-{id}", tail.end);
        self.store.staged.insert(path.clone());
        record.files.push(DataFile {
            path: path.clone(),
            kind: FileKind::Golden,
            bytes: 1,
            rows: 1,
            xxh3: String::new(),
            partition_date: PartitionDate::of_micros(0, Granularity::Hour),
            event_time: [0, 0],
            stage: Staged::File { path },
        });
        record
    }

    /// The ways in which the store may answer.
    fn perform(&self, command: &Command) -> Vec<(Self, Answer)> {
        let world = self.clone();
        match command {
            Command::List { after, limit } => {
                let seqs = world.store.chain.keys().copied();
                let seqs = seqs
                    .filter(|seq| after.is_none_or(|after| *seq > after))
                    .take(*limit);
                let answer = Answer::Listed(seqs.collect());
                vec![(world, answer)]
            }
            Command::Get { seq } => {
                let answer = Answer::Got(world.store.chain.get(seq).cloned().map(Box::new));
                vec![(world, answer)]
            }
            Command::Start => vec![(
                world,
                Answer::StartsAt {
                    offset: 0,
                    topic_id: None,
                },
            )],
            Command::Publish(record) => vec![world.publish(record)],
            Command::Create(record) => self.create(record),
        }
    }

    fn create(&self, record: &CommitRecord) -> Vec<(Self, Answer)> {
        let mut done = self.clone();
        let free = !done.store.chain.contains_key(&record.seq);
        done.store
            .chain
            .entry(record.seq)
            .or_insert_with(|| record.clone());
        let answer = if free {
            Answer::Created
        } else {
            Answer::CreateUnclear
        };
        let mut ways = vec![(done.clone(), answer)];
        if self.lost < LOST_REPLIES {
            let mut lost = self.clone();
            lost.lost += 1;
            let mut late = lost.clone();
            late.store.in_flight.push(record.clone());
            ways.push((late, Answer::CreateUnclear));
            done.lost += 1;
            ways.push((done, Answer::CreateUnclear));
            ways.push((lost, Answer::CreateUnclear));
        }
        ways
    }

    fn publish(mut self, record: &CommitRecord) -> (Self, Answer) {
        for file in &record.files {
            let staged = self.store.staged.remove(&file.path);
            if staged {
                self.store.visible.insert(file.path.clone(), record.range);
            } else if !self.store.visible.contains_key(&file.path) {
                return (self, Answer::StagedDataGone(file.path.clone()));
            }
        }
        (self, Answer::Published)
    }

    fn after_assign(&mut self, index: usize, step: AssignStep) {
        self.writers[index] = match step {
            AssignStep::Do(machine, command) => WriterState::Assigning(machine, command),
            AssignStep::Owned(ownership) => WriterState::Owning(ownership.tail),
            AssignStep::Halt(halt) => panic!("halted without reason: {halt}"),
        };
    }

    fn after_commit(&mut self, index: usize, step: CommitStep) {
        self.writers[index] = match step {
            CommitStep::Do(machine, command) => WriterState::Committing(machine, command),
            CommitStep::Committed(tail) => WriterState::Owning(tail),
            CommitStep::Lost { .. } => {
                // Abandons its own staging, as the driver does.
                if let WriterState::Committing(machine, _) = &self.writers[index] {
                    for file in &machine.record().files {
                        self.store.staged.remove(&file.path);
                    }
                }
                WriterState::Idle
            }
            CommitStep::Superseded => WriterState::Idle,
            CommitStep::Halt(halt) => panic!("halted without reason: {halt}"),
        };
    }

    /// What a glob reader must see at every moment.
    fn check(&self) {
        let mut seen = BTreeSet::new();
        for range in self.store.visible.values() {
            for offset in range.start..range.end {
                assert!(
                    seen.insert(offset),
                    "offset {offset} is visible twice: {self:#?}"
                );
            }
        }
        let newest = self.store.chain.keys().max().copied();
        for (seq, record) in &self.store.chain {
            if Some(*seq) != newest {
                for file in &record.files {
                    let visible = self.store.visible.contains_key(&file.path);
                    assert!(
                        visible,
                        "record {seq} has a successor but is invisible: {self:#?}"
                    );
                }
            }
        }
    }

    /// Whether the whole topic is committed and published.
    fn is_complete(&self) -> bool {
        let offsets: i64 = self.store.visible.values().map(|r| r.end - r.start).sum();
        offsets == TOPIC_END
    }

    /// Worlds that differ only in the names of attempts behave alike, but telling so is not worth
    /// its code: the text of the whole world is the key.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!(
            "{:?}",
            (&self.store, &self.writers, self.crashes, self.lost)
        )
        .hash(&mut hasher);
        hasher.finish()
    }
}

/// Exactly once, whatever two writers, crashes and lost replies do.
#[test]
fn every_reachable_state_shows_each_offset_at_most_once() {
    let first = World {
        store: Store::default(),
        writers: [WriterState::Idle, WriterState::Idle],
        attempts: 0,
        crashes: 0,
        lost: 0,
    };
    let mut seen = BTreeSet::from([first.key()]);
    let mut queue = VecDeque::from([first]);
    let (mut states, mut complete) = (0u32, 0u32);
    while let Some(world) = queue.pop_front() {
        world.check();
        states += 1;
        if world.is_complete() {
            complete += 1;
            continue;
        }
        if states > 60_000 {
            break;
        }
        for next in world.successors() {
            if next.attempts <= 7 && seen.insert(next.key()) {
                queue.push_back(next);
            }
        }
    }
    assert!(complete > 0, "no history completed in {states} states");
}
