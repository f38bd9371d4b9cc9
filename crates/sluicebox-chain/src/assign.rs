use sluicebox_types::{Offset, OffsetRange};
use uuid::Uuid;

use crate::command::{Answer, Command};
use crate::halt::Halt;
use crate::hint::Hint;
use crate::record::{ChainId, CommitRecord, Tail, Writer};

/// Taking over a partition: finds the chain's tail, makes the first record if there is none, and
/// rolls the tail's publication forward.
///
/// ```text
/// List ─(empty, hinted)─▶ List all ─(empty)─▶ Start ▶ Create 0 ─┬─▶ Owned
///   └─(some)─▶ Get newest ─▶ compare with the hint ─▶ Publish ──┘
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    chain: ChainId,
    hint: Option<Hint>,
    writer: Writer,
    id: Uuid,
    at: String,
    state: State,
}

/// What [`Assign`] does next.
#[derive(Clone, Debug, PartialEq)]
pub enum AssignStep {
    /// Do this and [`answer`](Assign::answer).
    Do(Assign, Command),
    /// The partition may be read.
    Owned(Ownership),
    /// The partition must not be touched.
    Halt(Halt),
}

/// The right to read on from a chain's tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The published tail.
    pub tail: Tail,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Listing,
    ListingAll,
    Starting,
    CreatingGenesis(Box<CommitRecord>),
    ReadingGenesis(Box<CommitRecord>),
    Reading(u64),
    Publishing(Box<CommitRecord>),
    LookingForSuccessor(Box<CommitRecord>, String),
}

impl Assign {
    /// Starts to take over. `id`, `writer` and `at` are for the first record, should it have to be
    /// made.
    #[must_use]
    pub fn start(
        chain: ChainId,
        hint: Option<Hint>,
        id: Uuid,
        writer: Writer,
        at: String,
    ) -> AssignStep {
        let machine = Self {
            chain,
            hint,
            writer,
            id,
            at,
            state: State::Listing,
        };
        let first = hint.map_or(0, |hint| hint.seq.saturating_sub(1));
        machine.list_after(first.checked_sub(1))
    }

    /// Goes on with the answer to the last command.
    #[must_use]
    pub fn answer(self, answer: Answer) -> AssignStep {
        let state = self.state.clone();
        match (state, answer) {
            (State::Listing, Answer::Listed(seqs)) if seqs.is_empty() && self.hint.is_some() => {
                Self {
                    state: State::ListingAll,
                    ..self
                }
                .list_after(None)
            }
            (State::Listing | State::ListingAll, Answer::Listed(seqs)) => self.listed(&seqs),
            (State::Starting, Answer::StartsAt { offset, topic_id }) => {
                self.create_genesis(offset, topic_id)
            }
            (State::CreatingGenesis(genesis), Answer::Created) => owned(&genesis),
            (State::CreatingGenesis(genesis), Answer::CreateUnclear) => {
                self.then(State::ReadingGenesis(genesis), Command::Get { seq: 0 })
            }
            // Whoever made it: the record that is there decides where reading starts. It may have
            // successors by now, so the winner's chain is read from the beginning.
            (State::ReadingGenesis(_), Answer::Got(Some(_))) => Self {
                state: State::Listing,
                ..self
            }
            .list_after(None),
            (State::ReadingGenesis(genesis), Answer::Got(None)) => {
                let create = Command::Create(genesis.clone());
                self.then(State::CreatingGenesis(genesis), create)
            }
            (State::Reading(_), Answer::Got(Some(newest))) => self.found(newest),
            (State::Reading(seq), Answer::Got(None)) => AssignStep::Halt(Halt::Vanished {
                chain: self.chain,
                seq,
            }),
            (State::Reading(_) | State::ReadingGenesis(_), Answer::Unreadable(detail)) => {
                AssignStep::Halt(Halt::Unreadable {
                    chain: self.chain,
                    detail,
                })
            }
            (State::Publishing(newest), Answer::Published) => owned(&newest),
            (State::Publishing(newest), Answer::StagedDataGone(path)) => {
                let after = Some(newest.seq);
                let state = State::LookingForSuccessor(newest, path);
                self.then(state, Command::List { after, limit: 1 })
            }
            (State::LookingForSuccessor(newest, path), Answer::Listed(seqs)) => {
                self.looked(&newest, path, &seqs)
            }
            (state, answer) => AssignStep::Halt(Halt::Confused {
                chain: self.chain,
                state: state.name(),
                answer: format!("{answer:?}"),
            }),
        }
    }

    fn then(self, state: State, command: Command) -> AssignStep {
        AssignStep::Do(Self { state, ..self }, command)
    }

    fn list_after(self, after: Option<u64>) -> AssignStep {
        AssignStep::Do(
            self,
            Command::List {
                after,
                limit: usize::MAX,
            },
        )
    }

    fn listed(self, seqs: &[u64]) -> AssignStep {
        match (seqs.iter().max(), self.hint) {
            (Some(&seq), _) => self.then(State::Reading(seq), Command::Get { seq }),
            (None, None) => self.then(State::Starting, Command::Start),
            (None, Some(hint)) => AssignStep::Halt(Halt::WentBack {
                chain: self.chain,
                hinted: hint.seq.to_string(),
                found: "none".to_owned(),
            }),
        }
    }

    fn create_genesis(self, start: Offset, topic_id: Option<String>) -> AssignStep {
        let (chain, writer, at) = (self.chain.clone(), self.writer.clone(), self.at.clone());
        let genesis = CommitRecord::genesis(chain, self.id, start, writer, at);
        let genesis = Box::new(CommitRecord {
            topic_id,
            ..genesis
        });
        self.then(
            State::CreatingGenesis(genesis.clone()),
            Command::Create(genesis),
        )
    }

    fn found(self, newest: Box<CommitRecord>) -> AssignStep {
        if newest.chain != self.chain {
            return AssignStep::Halt(Halt::Foreign {
                path: self.chain.path(newest.seq),
                owner: newest.chain.to_string(),
                chain: self.chain,
            });
        }
        match self.hint {
            Some(hint) if hint.seq > newest.seq => AssignStep::Halt(Halt::WentBack {
                chain: self.chain,
                hinted: hint.seq.to_string(),
                found: newest.seq.to_string(),
            }),
            Some(hint) if hint.seq == newest.seq && hint.id != newest.id => {
                AssignStep::Halt(Halt::WentBack {
                    chain: self.chain,
                    hinted: format!("{} ({})", hint.seq, hint.id),
                    found: format!("{} ({})", newest.seq, newest.id),
                })
            }
            // The hint is committed after publication, so it proves it.
            Some(hint) if hint.seq == newest.seq => owned(&newest),
            _ => self.then(State::Publishing(newest.clone()), Command::Publish(newest)),
        }
    }

    /// A tail whose data is gone was published and cleaned up after it got a successor, or is lost.
    fn looked(self, newest: &CommitRecord, path: String, seqs: &[u64]) -> AssignStep {
        match seqs.iter().max() {
            Some(&seq) => self.then(State::Reading(seq), Command::Get { seq }),
            None => AssignStep::Halt(Halt::DataGone {
                chain: self.chain,
                seq: newest.seq,
                path,
            }),
        }
    }
}

impl Ownership {
    /// Holds the tail against what Kafka still has: offsets `low..high` of the topic with this id.
    /// Answers the gap that retention tore, if there is one.
    ///
    /// # Errors
    /// The topic has another id than the chain's, or ends before the chain: it is another topic of
    /// the same name.
    pub fn check(
        &self,
        chain: &ChainId,
        topic_id: Option<&str>,
        low: Offset,
        high: Offset,
    ) -> Result<Option<OffsetRange>, Halt> {
        if let (Some(was), Some(is)) = (self.tail.topic_id.as_deref(), topic_id)
            && was != is
        {
            return Err(Halt::OtherTopic {
                chain: chain.clone(),
                was: was.to_owned(),
                is: is.to_owned(),
            });
        }
        if high < self.tail.end {
            return Err(Halt::TopicRecreated {
                chain: chain.clone(),
                end: self.tail.end,
                high,
            });
        }
        Ok((low > self.tail.end).then(|| OffsetRange::new(self.tail.end, low)))
    }
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::ListingAll => "listing all",
            Self::Starting => "starting",
            Self::CreatingGenesis(_) => "creating the first record",
            Self::ReadingGenesis(_) => "reading the first record",
            Self::Reading(_) => "reading the newest record",
            Self::Publishing(_) => "publishing",
            Self::LookingForSuccessor(..) => "looking for a successor",
        }
    }
}

fn owned(record: &CommitRecord) -> AssignStep {
    AssignStep::Owned(Ownership {
        tail: record.tail(),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// A chain goes on only where the topic is the one that it was made of; what cannot be known is
    /// not held against it.
    #[test]
    fn another_topic_of_the_same_name_is_found_out() {
        let chain = ChainId {
            pipeline: "flights".to_owned(),
            topic: "raw".to_owned(),
            partition: 0,
        };
        let check = |was: Option<&str>, is: Option<&str>, low: Offset, high: Offset| {
            let tail = Tail {
                topic_id: was.map(str::to_owned),
                seq: 1,
                id: Uuid::nil(),
                end: 10,
                dedup: None,
                watermark: None,
                decision: String::new(),
            };
            Ownership { tail }.check(&chain, is, low, high)
        };
        for (was, is) in [
            (Some("a"), Some("a")),
            (None, Some("a")),
            (Some("a"), None),
            (None, None),
        ] {
            assert_eq!(check(was, is, 0, 10), Ok(None), "{was:?} {is:?}");
            let gap = Ok(Some(OffsetRange::new(10, 12)));
            assert_eq!(check(was, is, 12, 20), gap, "{was:?} {is:?}");
            let ends_early = check(was, is, 0, 9);
            assert!(matches!(ends_early, Err(Halt::TopicRecreated { .. })));
        }
        let other = check(Some("a"), Some("b"), 0, 20);
        assert!(matches!(other, Err(Halt::OtherTopic { .. })), "{other:?}");
    }
}
