//! The production machines, kept small: a machine is what it was started with and the answers that
//! it got. It is built from that when it goes on, and every transition that was seen is remembered,
//! so that a million states cost a few hundred runs of the machines.

use parking_lot::Mutex;
use std::collections::HashMap;

use sluicebox_chain::{Answer, Assign, AssignStep, Command, Commit, CommitStep, Halt, Hint};
use uuid::Uuid;

use crate::attempt::{Attempt, Told, chain, small, writer};

/// What a machine was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Start {
    Assign { hint: Option<Told>, id: u8 },
    Commit(Attempt),
}

/// An answer to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reply {
    /// A bit for each sequence number.
    Listed(u8),
    Got(Option<Attempt>),
    Created,
    Unclear,
    Published,
    /// The index of the file that is gone.
    Gone(u8),
    StartsAt(u8),
}

/// A machine between a command and its answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Machine {
    pub(crate) start: Start,
    pub(crate) replies: Vec<Reply>,
}

/// What a machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    List { after: Option<u8>, limit: usize },
    Get(u8),
    Create(Attempt),
    Publish(Attempt),
    Start,
}

/// What a machine comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Do(Machine),
    Owned { seq: u8, end: u8 },
    Committed,
    Lost,
    Superseded,
    Halted(Cause),
}

/// Why a partition halts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cause {
    WentBack,
    DataGone,
    Vanished,
    TopicRecreated,
    RetentionGap,
    /// None that this model knows: a machine is confused.
    Other,
}

/// What is known of the machines.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    /// How many files a record has.
    files: u8,
    asks: Mutex<HashMap<Machine, Ask>>,
    nexts: Mutex<HashMap<(Machine, Reply), Next>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Assign(AssignStep),
    Commit(CommitStep),
}

impl Machines {
    pub(crate) fn new(files: u8) -> Self {
        Self {
            files,
            ..Self::default()
        }
    }

    /// What a machine waits for.
    pub(crate) fn ask(&self, machine: &Machine) -> Ask {
        let mut asks = self.asks.lock();
        if let Some(ask) = asks.get(machine) {
            return *ask;
        }
        let ask = match self.run(machine) {
            Step::Assign(AssignStep::Do(_, command)) | Step::Commit(CommitStep::Do(_, command)) => {
                ask_of(&command)
            }
            step => panic!("{machine:?} has ended: {step:?}"),
        };
        asks.insert(machine.clone(), ask);
        ask
    }

    /// What a machine does with an answer.
    pub(crate) fn answer(&self, machine: &Machine, reply: Reply) -> Next {
        let mut nexts = self.nexts.lock();
        let asked = (machine.clone(), reply);
        if let Some(next) = nexts.get(&asked) {
            return next.clone();
        }
        let mut told = machine.clone();
        told.replies.push(reply);
        let next = match self.run(&told) {
            Step::Assign(AssignStep::Do(..)) | Step::Commit(CommitStep::Do(..)) => {
                Next::Do(self.shortest(told))
            }
            Step::Assign(AssignStep::Owned(ownership)) => Next::Owned {
                seq: small(ownership.tail.seq),
                end: small(ownership.tail.end),
            },
            Step::Assign(AssignStep::Halt(halt)) | Step::Commit(CommitStep::Halt(halt)) => {
                Next::Halted(Cause::of(&halt))
            }
            Step::Commit(CommitStep::Committed(_)) => Next::Committed,
            Step::Commit(CommitStep::Lost { .. }) => Next::Lost,
            Step::Commit(CommitStep::Superseded) => Next::Superseded,
        };
        nexts.insert(asked, next.clone());
        next
    }

    /// The machine with fewer or plainer answers behind it, if it is the same to the byte.
    fn shortest(&self, machine: Machine) -> Machine {
        let goal = self.run(&machine);
        let Some(last) = machine.replies.last() else {
            return machine;
        };
        for kept in 0..machine.replies.len() {
            let (kept, _) = machine.replies.split_at(kept);
            let plainer = [Some(Reply::Created), Some(last.plain()), Some(*last)];
            for end in [None].into_iter().chain(plainer) {
                let replies = kept.iter().copied().chain(end).collect();
                let start = machine.start;
                let shorter = Machine { start, replies };
                if self.run(&shorter) == goal {
                    return shorter;
                }
            }
        }
        machine
    }

    fn run(&self, machine: &Machine) -> Step {
        let first = match machine.start {
            Start::Assign { hint, id } => {
                let hint = hint.map(|told| Hint {
                    seq: told.seq.into(),
                    id: Uuid::from_u128(told.id.into()),
                    end: 0,
                });
                let id = Uuid::from_u128(id.into());
                Step::Assign(Assign::start(chain(), hint, id, writer(), String::new()))
            }
            Start::Commit(attempt) => Step::Commit(Commit::start(attempt.record(self.files))),
        };
        let replies = machine.replies.iter();
        replies.fold(first, |step, reply| match step {
            Step::Assign(AssignStep::Do(machine, _)) => {
                Step::Assign(machine.answer(reply.answer(self.files)))
            }
            Step::Commit(CommitStep::Do(machine, _)) => {
                Step::Commit(machine.answer(reply.answer(self.files)))
            }
            ended => ended,
        })
    }
}

impl Machine {
    pub(crate) const fn new(start: Start) -> Self {
        let replies = Vec::new();
        Self { start, replies }
    }
}

impl Reply {
    fn answer(self, files: u8) -> Answer {
        match self {
            Self::Listed(seqs) => {
                Answer::Listed((0..8).filter(|seq| seqs >> seq & 1 == 1).collect())
            }
            Self::Got(attempt) => {
                Answer::Got(attempt.map(|attempt| Box::new(attempt.record(files))))
            }
            Self::Created => Answer::Created,
            Self::Unclear => Answer::CreateUnclear,
            Self::Published => Answer::Published,
            Self::Gone(index) => Answer::StagedDataGone(index.to_string()),
            Self::StartsAt(offset) => Answer::StartsAt {
                offset: offset.into(),
                topic_id: None,
            },
        }
    }

    /// An answer that says less.
    const fn plain(self) -> Self {
        match self {
            Self::Listed(seqs) if seqs > 0 => Self::Listed(1 << seqs.ilog2()),
            Self::Gone(_) => Self::Gone(0),
            other => other,
        }
    }
}

impl Cause {
    pub(crate) const fn of(halt: &Halt) -> Self {
        match halt {
            Halt::WentBack { .. } => Self::WentBack,
            Halt::DataGone { .. } => Self::DataGone,
            Halt::Vanished { .. } => Self::Vanished,
            Halt::TopicRecreated { .. } => Self::TopicRecreated,
            Halt::RetentionGap { .. } => Self::RetentionGap,
            _ => Self::Other,
        }
    }
}

fn ask_of(command: &Command) -> Ask {
    match command {
        Command::List { after, limit } => Ask::List {
            after: after.map(small),
            limit: *limit,
        },
        Command::Get { seq } => Ask::Get(small(*seq)),
        Command::Create(record) => Ask::Create(Attempt::of(record)),
        Command::Publish(record) => Ask::Publish(Attempt::of(record)),
        Command::Start => Ask::Start,
    }
}
