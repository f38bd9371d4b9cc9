use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sluicebox_pipeline::RollPolicy;
use sluicebox_storage::memory::MemoryStore;
use tokio::runtime::Runtime;

use super::chains::ChainReader;
use super::dice::Dice;
use super::group::Group;
use super::instance::{Instance, Site, WORKERS};
use super::judge;
use super::log::Log;
use super::network::Network;
use super::process::State;
use super::prover::Prover;
use super::reader::GlobReader;
use super::time::SimulatedClock;
use super::trace::Trace;
use crate::scenario::spec;

/// Instances that run at the same time.
const INSTANCES_MAX: usize = 3;
/// Rounds within which a calm world has to come to its end.
const ROUNDS_MAX: usize = 20_000;

/// Everything there is in one history.
pub(super) struct World {
    runtime: Runtime,
    pub(super) dice: Dice,
    clock: Arc<SimulatedClock>,
    pub(super) site: Site,
    pub(super) instances: Vec<Instance>,
    prover: Prover,
    started: u64,
}

/// How a history went.
#[derive(Debug)]
pub(super) struct History {
    pub(super) verdict: Result<(), String>,
    pub(super) fingerprint: u64,
    /// How often each kind of thing happened.
    pub(super) tally: BTreeMap<&'static str, u64>,
    /// What happened, if that was asked for.
    pub(super) text: String,
}

/// How a history is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Tell what happens in words.
    pub(super) in_words: bool,
    /// The store lets every create win, as one without conditional create does.
    pub(super) lying_store: bool,
}

/// Plays the history of this seed: the same one every time.
pub(super) fn play(seed: u64, options: Options) -> History {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let handle = runtime.handle().clone();
    let _inside = handle.enter();
    let mut world = World::new(runtime, seed, options);
    let verdict = world.live().and_then(|()| world.settle());
    let verdict = verdict.and_then(|()| world.leave_nothing());
    let verdict = verdict.and_then(|()| world.wait_on(judge::judge(&world.site)));
    let trace = &world.site.network.trace;
    History {
        verdict,
        fingerprint: trace.fingerprint(),
        tally: trace.tally(),
        text: trace.text(),
    }
}

impl World {
    fn new(runtime: Runtime, seed: u64, options: Options) -> Self {
        let dice = Dice::new(seed);
        let store = MemoryStore::default();
        let clock = Arc::new(SimulatedClock::new());
        let partitions = usize::try_from(dice.within(1..=3)).expect("small");
        let roll = RollPolicy {
            max_bytes: 1 << 20,
            max_rows: dice.within(1..=25),
            max_age: dice.millis(50..=5_000),
            max_idle: dice.millis(50..=2_000),
        };
        let network = Network {
            reader: GlobReader::new(&store),
            chains: ChainReader::new(&store),
            store,
            dice: dice.clone(),
            trace: Trace::new(options.in_words),
            runtime: runtime.handle().clone(),
            calm: Arc::new(AtomicBool::new(false)),
            lying: options.lying_store,
        };
        let site = Site {
            network,
            log: Arc::new(Log::new(partitions)),
            group: Group::new(partitions),
            letters: Arc::default(),
            heard: Arc::default(),
            clock: Arc::<SimulatedClock>::clone(&clock),
            spec: Arc::new(spec(roll, true, None)),
            attempts: Arc::new(AtomicU64::new(0)),
            memory_bytes: match dice.once_in(5) {
                true => 600_000,
                false => 256 << 20,
            },
            lossy: dice.once_in(4),
        };
        Self {
            // A proof reads most of what there is, and so costs more than all the rest of a history.
            prover: match dice.once_in(25) {
                true => Prover::start(&site.network),
                false => Prover::default(),
            },
            runtime,
            dice,
            clock,
            site,
            instances: Vec::new(),
            started: 0,
        }
    }

    /// The part of the history in which everything may fail.
    fn live(&mut self) -> Result<(), String> {
        self.start_one();
        for _ in 0..self.dice.within(60..=500) {
            self.step();
            self.balance();
            self.poll_groups();
            self.look()?;
        }
        Ok(())
    }

    fn step(&mut self) {
        match self.dice.within(0..=99) {
            0..=42 => self.turn_one(),
            43..=72 => self.pass(self.dice.millis(0..=20)),
            73..=76 => self.pass(self.dice.millis(50..=1_500)),
            77..=87 => self.append(),
            88..=90 => self.move_a_partition(),
            91 | 92 => self.start_one(),
            93 => self.kill_one(),
            94 => self.change(State::Running, State::Frozen),
            95 | 96 => self.change(State::Frozen, State::Running),
            97 => self.evict_one(),
            98 => self.terminate_one(),
            _ => self.shake(),
        }
    }

    fn turn_one(&mut self) {
        let worker = self.dice.index(WORKERS);
        if let Some(index) = self.one_that(State::Running) {
            self.instances[index].turn(worker);
        }
    }

    /// Lets time pass, and everything happen that falls into it.
    fn pass(&self, time: Duration) {
        self.runtime.block_on(tokio::time::sleep(time));
    }

    fn append(&self) {
        let partition = self.dice.index(self.site.log.partitions());
        if self.site.log.end(partition) < 150 {
            self.site.log.append(partition, &self.dice);
        }
    }

    fn start_one(&mut self) {
        let alive = |instance: &&Instance| !instance.process.is(State::Dead);
        if self.instances.iter().filter(alive).count() < INSTANCES_MAX {
            self.started += 1;
            self.note("start", self.started);
            self.instances
                .push(Instance::start(&self.site, self.started));
        }
    }

    /// As `kill -9`: what it had sent goes its way, and the group finds out.
    fn kill_one(&mut self) {
        if self.instances.is_empty() {
            return;
        }
        let index = self.dice.index(self.instances.len());
        let killed = self.instances.swap_remove(index);
        self.note("kill", killed.member);
        killed.process.change_to(State::Dead);
        self.release_all(killed.member);
    }

    fn change(&mut self, from: State, to: State) {
        if let Some(index) = self.one_that(from) {
            let instance = &self.instances[index];
            let what = match to {
                State::Frozen => "freeze",
                State::Running | State::Dead => "thaw",
            };
            self.note(what, instance.member);
            instance.process.change_to(to);
        }
    }

    /// What is rare: clocks jump, the group's offsets are lost, retention passes, as a long time
    /// does.
    fn shake(&self) {
        match self.dice.within(0..=4) {
            4 if self.site.lossy => {
                let partition = self.dice.index(self.site.log.partitions());
                self.site.log.remove(partition, &self.dice);
                self.note("retention", self.site.log.low(partition));
            }
            0 => self.clock.jump(3_600_000),
            1 => self.clock.jump(-3_600_000),
            2 => self.site.group.forget_offsets(),
            _ => self.pass(self.dice.millis(3_000..=40_000)),
        }
    }

    pub(super) fn one_that(&self, state: State) -> Option<usize> {
        let such = |index: &usize| self.instances[*index].process.is(state);
        let such: Vec<_> = (0..self.instances.len()).filter(such).collect();
        (!such.is_empty()).then(|| such[self.dice.index(such.len())])
    }

    /// Everything heals, and everything that was in the log is committed in the end.
    fn settle(&mut self) -> Result<(), String> {
        self.note("calm", "");
        self.site.network.calm.store(true, Ordering::Relaxed);
        for instance in &self.instances {
            instance.process.change_to(State::Running);
        }
        if self.instances.is_empty() {
            self.start_one();
        }
        for round in 0..ROUNDS_MAX {
            for instance in &mut self.instances {
                (0..WORKERS).for_each(|worker| instance.turn(worker));
            }
            self.pass(Duration::from_millis(20));
            self.balance();
            self.poll_groups();
            self.look()?;
            let idle = self.instances.iter().all(Instance::is_idle);
            if idle && round % 8 == 0 && judge::is_committed(&self.site) {
                return Ok(());
            }
        }
        let status: Vec<_> = self.instances.iter().map(|i| i.status.snapshot()).collect();
        Err(format!("does not come to its end: {status:#?}"))
    }

    /// What failed attempts have staged goes with the next commit.
    fn leave_nothing(&mut self) -> Result<(), String> {
        self.pass(Duration::from_secs(180));
        for partition in 0..self.site.log.partitions() {
            self.site.log.append_good(partition);
        }
        self.settle()?;
        self.pass(Duration::from_secs(10));
        match self.site.network.store.staged_count() {
            0 => Ok(()),
            left => Err(format!("{left} staged files are left")),
        }
    }

    fn look(&self) -> Result<(), String> {
        let halted = |instance: &&Instance| {
            let status = instance.status.snapshot();
            let halted = |s: &sluicebox_pipeline::PartitionStatus| {
                s.phase == sluicebox_pipeline::Phase::Halted
            };
            status.values().any(halted)
        };
        if let Some(instance) = self.instances.iter().find(halted) {
            return Err(format!("{} halted without reason", instance.member));
        }
        self.site.network.reader.wrong().map_or(Ok(()), Err)?;
        self.prover.wrong().map_or(Ok(()), Err)?;
        self.site.heard.lock().wrong().map_or(Ok(()), Err)
    }

    fn wait_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(super) fn note(&self, what: &'static str, detail: impl std::fmt::Display) {
        self.site.network.trace.note(what, detail);
    }
}
