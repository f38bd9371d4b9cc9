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
/// List ─none─▶ Start ▶ Create 0 ─────────────┐
///  └─some─▶ Get newest ──────────────────────┴─▶ List behind it ─none─▶ Publish ─▶ Owned
///              ▲  └─the one that is hinted─▶ Owned     │
///              └────────────────some───────────────────┘
/// ```
///
/// A record that was read or made counts as the tail only if nothing is listed behind it. It may have
/// got successors since the first listing and been pruned, and a zombie's late create may have filled
/// its place: what stands there would be published beside what was published long ago. As the newest
/// record is never pruned, the listing tells.
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
    /// Whether anything is behind this.
    LookingBehind(Seen),
    Publishing(Box<CommitRecord>),
}

/// What is right only if nothing is behind it.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    /// The newest record.
    Newest(Box<CommitRecord>),
    /// A record that was listed and is not there.
    Missing(u64),
    /// The newest record, one of whose files is gone.
    Unpublishable(Box<CommitRecord>, String),
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
            (State::CreatingGenesis(genesis), Answer::Created) => {
                self.look_behind(Seen::Newest(genesis))
            }
            (State::CreatingGenesis(genesis), Answer::CreateUnclear) => {
                self.then(State::ReadingGenesis(genesis), Command::Get { seq: 0 })
            }
            (State::ReadingGenesis(genesis), Answer::Got(None)) => {
                let create = Command::Create(genesis.clone());
                self.then(State::CreatingGenesis(genesis), create)
            }
            // Whoever made the first one: the record that is there decides where reading starts.
            (State::Reading(_) | State::ReadingGenesis(_), Answer::Got(Some(there))) => {
                self.found(there)
            }
            (State::Reading(seq), Answer::Got(None)) => self.look_behind(Seen::Missing(seq)),
            (State::Reading(_) | State::ReadingGenesis(_), Answer::Unreadable(detail)) => {
                AssignStep::Halt(Halt::Unreadable {
                    chain: self.chain,
                    detail,
                })
            }
            (State::Publishing(newest), Answer::Published) => owned(&newest),
            (State::Publishing(newest), Answer::StagedDataGone(path)) => {
                self.look_behind(Seen::Unpublishable(newest, path))
            }
            (State::LookingBehind(seen), Answer::Listed(seqs)) => self.looked_behind(seen, &seqs),
            (
                State::Listing | State::ListingAll | State::LookingBehind(_),
                Answer::Misplaced { path, place },
            ) => AssignStep::Halt(Halt::Misplaced {
                chain: self.chain,
                path,
                place,
            }),
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

    fn found(self, record: Box<CommitRecord>) -> AssignStep {
        if record.chain != self.chain {
            return AssignStep::Halt(Halt::Foreign {
                path: self.chain.path(record.seq),
                owner: record.chain.to_string(),
                chain: self.chain,
            });
        }
        match self.hint {
            // The hint is committed after publication, so it proves it.
            Some(hint) if (hint.seq, hint.id) == (record.seq, record.id) => owned(&record),
            _ => self.look_behind(Seen::Newest(record)),
        }
    }

    fn look_behind(self, seen: Seen) -> AssignStep {
        let after = match &seen {
            Seen::Newest(record) | Seen::Unpublishable(record, _) => record.seq,
            Seen::Missing(seq) => *seq,
        };
        Self {
            state: State::LookingBehind(seen),
            ..self
        }
        .list_after(Some(after))
    }

    fn looked_behind(self, seen: Seen, seqs: &[u64]) -> AssignStep {
        if let Some(&seq) = seqs.iter().max() {
            return self.then(State::Reading(seq), Command::Get { seq });
        }
        let chain = self.chain.clone();
        match seen {
            Seen::Newest(newest) => self.compare(newest),
            Seen::Missing(seq) => AssignStep::Halt(Halt::Vanished { chain, seq }),
            Seen::Unpublishable(newest, path) => {
                let seq = newest.seq;
                AssignStep::Halt(Halt::DataGone { chain, seq, path })
            }
        }
    }

    /// Holds the newest record against a hint that names another one.
    fn compare(self, newest: Box<CommitRecord>) -> AssignStep {
        let (hinted, found) = match self.hint {
            Some(hint) if hint.seq > newest.seq => (hint.seq.to_string(), newest.seq.to_string()),
            Some(hint) if hint.seq == newest.seq => (
                format!("{} ({})", hint.seq, hint.id),
                format!("{} ({})", newest.seq, newest.id),
            ),
            _ => return self.then(State::Publishing(newest.clone()), Command::Publish(newest)),
        };
        AssignStep::Halt(Halt::WentBack {
            chain: self.chain,
            hinted,
            found,
        })
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
            Self::LookingBehind(_) => "looking behind a record",
            Self::Publishing(_) => "publishing",
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
