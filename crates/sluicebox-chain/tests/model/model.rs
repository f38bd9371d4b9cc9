//! All that can happen next.

use stateright::{Model, Property};

use crate::attempt::{Attempt, small};
use crate::driver::Fate;
use crate::machines::{Ask, Machines};
use crate::rule::Broken;
use crate::world::{Faults, Seat, Working, World};

/// One thing that happens. Writers are known by their place in the world before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    LookUp(usize),
    /// A writer has read up to here.
    Cut(usize, u8),
    /// A writer does what comes next.
    GoOn(usize, Fate),
    /// A writer publishes one of a record's files.
    Publish(usize, u8, Fate),
    /// What the writer asked for may be under way.
    Crash(usize, bool),
    /// A late request arrives.
    Land(usize),
    ForgetHint,
    Prune,
    Merge(usize),
    /// Retention removes all that the chain covers.
    Retain,
    Produce,
    /// The newest records, so many, are not in the copy.
    Restore(u8),
}

/// Writers of one partition, what may happen to them, and which rule they do not keep.
#[derive(Debug)]
pub(crate) struct ChainModel {
    pub(crate) writers: usize,
    /// Files of a record.
    pub(crate) files: u8,
    /// The topic holds the offsets below.
    pub(crate) end: u8,
    pub(crate) faults: Faults,
    pub(crate) restore: Restore,
    pub(crate) broken: Option<Broken>,
    pub(crate) machines: Machines,
}

/// How the control tree may be replaced by an older copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Restore {
    /// Only while nobody is at work, and requests are under way only if Kafka is told of the newest record.
    pub(crate) stopped: bool,
    /// Only by a copy that Kafka's hint is ahead of.
    pub(crate) behind_hint: bool,
}

impl ChainModel {
    /// Who keeps every rule.
    pub(crate) fn new(writers: usize, files: u8, end: u8, faults: Faults) -> Self {
        Self {
            writers,
            files,
            end,
            faults,
            restore: Restore {
                stopped: true,
                behind_hint: true,
            },
            broken: None,
            machines: Machines::new(files),
        }
    }

    fn of_writer(&self, world: &World, writer: usize, actions: &mut Vec<Action>) {
        let seat = &world.seats[writer];
        match seat {
            Seat::Away => actions.push(Action::LookUp(writer)),
            Seat::Halted(_) => {}
            Seat::Owning { end, .. } => self.of_owner(world, writer, *end, actions),
            Seat::Working(working) => self.of_machine(world, writer, working, actions),
            Seat::AskingAgain { .. } => actions.push(Action::GoOn(writer, Fate::Done)),
            Seat::Abandoning(_) | Seat::Sweeping { .. } => {
                actions.push(Action::GoOn(writer, Fate::Done));
                actions.push(Action::GoOn(writer, Fate::Failed));
                if matches!(seat, Seat::Abandoning(_)) && world.left.requests > 0 {
                    actions.push(Action::GoOn(writer, Fate::Late));
                }
            }
            Seat::Telling(_) => {
                actions.push(Action::GoOn(writer, Fate::Done));
                if world.left.hints > 0 {
                    actions.push(Action::GoOn(writer, Fate::Failed));
                }
            }
        }
        if world.left.crashes > 0 && !matches!(seat, Seat::Away | Seat::Halted(_)) {
            actions.push(Action::Crash(writer, false));
            if self.is_changing(seat) {
                actions.push(Action::Crash(writer, true));
            }
        }
    }

    /// Whether what a writer asks for changes anything when it arrives.
    fn is_changing(&self, seat: &Seat) -> bool {
        match seat {
            Seat::Working(working) => {
                let ask = self.machines.ask(&working.machine);
                matches!(ask, Ask::Create(_) | Ask::Publish(_))
            }
            seat => matches!(seat, Seat::Abandoning(_)),
        }
    }

    fn of_owner(&self, world: &World, writer: usize, end: u8, actions: &mut Vec<Action>) {
        let ends = end + 1..=world.kafka.high;
        actions.extend(ends.map(|end| Action::Cut(writer, end)));
        if end == self.end && world.left.seals > 0 {
            actions.push(Action::Cut(writer, end));
        }
        // What it wants to read is not there any more.
        if end < world.kafka.low {
            actions.push(Action::LookUp(writer));
        }
    }

    fn of_machine(
        &self,
        world: &World,
        writer: usize,
        working: &Working,
        actions: &mut Vec<Action>,
    ) {
        let fails = world.left.requests > 0;
        let go_on = |fate| Action::GoOn(writer, fate);
        match self.machines.ask(&working.machine) {
            Ask::Publish(attempt) if attempt.files(self.files) > 0 => {
                let files = 0..attempt.files(self.files);
                for index in files.filter(|index| working.answered >> index & 1 == 0) {
                    actions.push(Action::Publish(writer, index, Fate::Done));
                    if fails {
                        actions.push(Action::Publish(writer, index, Fate::Unanswered));
                        actions.push(Action::Publish(writer, index, Fate::Late));
                    }
                }
            }
            Ask::Create(_) => {
                actions.push(go_on(Fate::Done));
                if fails {
                    let fates = [Fate::Unanswered, Fate::Late, Fate::Failed];
                    actions.extend(fates.map(go_on));
                }
            }
            _ => actions.push(go_on(Fate::Done)),
        }
    }

    /// What happens around the writers.
    fn around(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend((0..world.late.len()).map(Action::Land));
        let left = &world.left;
        if left.hints > 0 && world.kafka.hint.is_some() && !world.restored {
            actions.push(Action::ForgetHint);
        }
        if left.prunes > 0 && world.chain.len() > 1 {
            actions.push(Action::Prune);
        }
        let newest = world.newest();
        if left.merges > 0 {
            let any = self.broken == Some(Broken::MergesNewest);
            let whole = world.data.iter().enumerate().filter(|(_, data)| {
                let all = data.attempt.all(self.files);
                data.visible == all && (any || Some(data.attempt) != newest)
            });
            actions.extend(whole.map(|(index, _)| Action::Merge(index)));
        }
        let covered = newest.map_or(0, |newest| newest.end);
        if left.retentions > 0 && covered > world.kafka.low {
            actions.push(Action::Retain);
        }
        if left.produced > 0 {
            actions.push(Action::Produce);
        }
        if left.restores > 0 {
            self.restores(world, actions);
        }
    }

    fn restores(&self, world: &World, actions: &mut Vec<Action>) {
        let at_rest = world.seats.iter().all(|seat| *seat == Seat::Away)
            && (world.late.is_empty() || world.kafka.hint == world.newest().map(Attempt::told));
        if self.restore.stopped && !at_rest {
            return;
        }
        for taken in 1..=world.chain.len() {
            let mut older = world.clone();
            older.chain.truncate(world.chain.len() - taken);
            if !self.restore.behind_hint || older.is_behind_hint() {
                actions.push(Action::Restore(small(taken)));
            }
        }
    }
}

impl Model for ChainModel {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.writers, self.end, self.faults)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for writer in 0..world.seats.len() {
            self.of_writer(world, writer, actions);
        }
        self.around(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        let left = &mut next.left;
        match action {
            Action::LookUp(writer) => self.look_up(&mut next, writer),
            Action::Cut(writer, end) => self.cut(&mut next, writer, end),
            Action::GoOn(writer, fate) => self.go_on(&mut next, writer, fate),
            Action::Publish(writer, index, fate) => self.publish(&mut next, writer, index, fate),
            Action::Crash(writer, under_way) => {
                left.crashes -= 1;
                self.crash(&mut next, writer, under_way);
            }
            Action::Land(index) => next.land(index),
            Action::ForgetHint => {
                left.hints -= 1;
                next.kafka.hint = None;
            }
            Action::Prune => {
                left.prunes -= 1;
                let newest = self.broken == Some(Broken::PrunesNewest);
                let index = if newest { next.chain.len() - 1 } else { 0 };
                next.chain.remove(index);
            }
            Action::Merge(index) => {
                left.merges -= 1;
                next.merge(index);
            }
            Action::Retain => {
                left.retentions -= 1;
                next.kafka.low = next.newest().map_or(0, |newest| newest.end);
            }
            Action::Produce => {
                left.produced -= 1;
                next.kafka.high += 1;
            }
            Action::Restore(taken) => {
                left.restores -= 1;
                let kept = next.chain.len() - usize::from(taken);
                next.chain.truncate(kept);
                next.restored = true;
            }
        }
        Some(next.canonical())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}
