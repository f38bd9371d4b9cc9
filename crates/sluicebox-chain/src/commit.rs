use uuid::Uuid;

use crate::command::{Answer, Command};
use crate::halt::Halt;
use crate::record::{CommitRecord, Tail};

/// Appending one record whose files are staged.
///
/// ```text
/// Create ─created──────────────▶ List after it ─none─▶ Publish ─▶ Committed
///   │ ▲                            ▲    └─some─▶ Superseded
///   │ └─nothing there─┐           │mine
///   └─anything else─▶ Get ────────┴─another's─▶ Lost
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    record: Box<CommitRecord>,
    state: State,
}

/// What [`Commit`] does next.
#[derive(Clone, Debug, PartialEq)]
pub enum CommitStep {
    /// Do this and [`answer`](Commit::answer).
    Do(Commit, Command),
    /// The record is the tail and its files are visible.
    Committed(Tail),
    /// Another attempt has the place: this one's staged files may be abandoned, the partition must
    /// be taken over anew or given up.
    Lost {
        /// The attempt that won.
        winner: Uuid,
    },
    /// The record was made, and somebody went on from it, so it is published: nothing of it may be
    /// abandoned, the partition must be taken over anew or given up.
    Superseded,
    /// The partition must not be touched.
    Halt(Halt),
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Creating,
    ReadingBack,
    Listing,
    Publishing,
    LookingForSuccessor(String),
}

impl Commit {
    /// Starts to append `record`, made by [`CommitRecord::after`] the tail and staged completely.
    #[must_use]
    pub fn start(record: CommitRecord) -> CommitStep {
        Self {
            record: Box::new(record),
            state: State::Creating,
        }
        .create()
    }

    /// The record being appended.
    #[must_use]
    pub fn record(&self) -> &CommitRecord {
        &self.record
    }

    /// Goes on with the answer to the last command.
    #[must_use]
    pub fn answer(self, answer: Answer) -> CommitStep {
        let state = self.state.clone();
        match (state, answer) {
            (State::Creating, Answer::Created) => self.list(),
            (State::Creating, Answer::CreateUnclear) => {
                let seq = self.record.seq;
                self.then(State::ReadingBack, Command::Get { seq })
            }
            (State::ReadingBack, Answer::Got(Some(there))) if there.id == self.record.id => {
                self.list()
            }
            (State::ReadingBack, Answer::Got(Some(there))) => CommitStep::Lost { winner: there.id },
            (State::ReadingBack, Answer::Got(None)) => self.create(),
            (State::ReadingBack, Answer::Unreadable(detail)) => {
                CommitStep::Halt(Halt::Unreadable {
                    chain: self.record.chain,
                    detail,
                })
            }
            (State::Listing, Answer::Listed(seqs)) if seqs.is_empty() => {
                let publish = Command::Publish(self.record.clone());
                self.then(State::Publishing, publish)
            }
            (State::Listing | State::LookingForSuccessor(_), Answer::Listed(seqs))
                if !seqs.is_empty() =>
            {
                CommitStep::Superseded
            }
            (State::Publishing, Answer::Published) => CommitStep::Committed(self.record.tail()),
            (State::Publishing, Answer::StagedDataGone(path)) => {
                let list = Command::List {
                    after: Some(self.record.seq),
                    limit: 1,
                };
                self.then(State::LookingForSuccessor(path), list)
            }
            (State::LookingForSuccessor(path), Answer::Listed(_)) => {
                let (chain, seq) = (self.record.chain, self.record.seq);
                CommitStep::Halt(Halt::DataGone { chain, seq, path })
            }
            (State::Listing | State::LookingForSuccessor(_), Answer::Misplaced { path, place }) => {
                CommitStep::Halt(Halt::Misplaced {
                    chain: self.record.chain,
                    path,
                    place,
                })
            }
            (state, answer) => CommitStep::Halt(Halt::Confused {
                chain: self.record.chain,
                state: state.name(),
                answer: format!("{answer:?}"),
            }),
        }
    }

    fn then(self, state: State, command: Command) -> CommitStep {
        CommitStep::Do(Self { state, ..self }, command)
    }

    /// With the same id every time, so that a late success of an earlier try is recognised.
    fn create(self) -> CommitStep {
        let create = Command::Create(self.record.clone());
        self.then(State::Creating, create)
    }

    fn list(self) -> CommitStep {
        let list = Command::List {
            after: Some(self.record.seq),
            limit: 1,
        };
        self.then(State::Listing, list)
    }
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::ReadingBack => "reading back",
            Self::Listing => "listing",
            Self::Publishing => "publishing",
            Self::LookingForSuccessor(_) => "looking for a successor",
        }
    }
}
