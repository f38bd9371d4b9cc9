//! What a writer does, as the pipeline's driver does it: performs the machines' commands, and what
//! has to be done when they end.

use sluicebox_chain::Ownership;

use crate::attempt::{Attempt, chain, small, tail};
use crate::machines::{Ask, Cause, Next, Reply, Start};
use crate::model::ChainModel;
use crate::rule::Broken;
use crate::world::{Late, Seat, Working, World};

/// How a request fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done, and answered.
    Done,
    /// It is done, and its answer gets lost.
    Unanswered,
    /// It is given up, and may arrive later.
    Late,
    /// It fails.
    Failed,
}

impl ChainModel {
    /// Looks the partition up.
    pub(crate) fn look_up(&self, world: &mut World, writer: usize) {
        let hint = match self.broken {
            Some(Broken::IgnoresHint) => None,
            _ => world.kafka.hint,
        };
        let id = world.fresh_id();
        let seen = (world.kafka.low, world.kafka.high);
        world.seats[writer] = Seat::working(Start::Assign { hint, id }, seen);
    }

    /// Closes what was read up to `end`, stages it and starts to append it.
    pub(crate) fn cut(&self, world: &mut World, writer: usize, end: u8) {
        if let Seat::Owning { seq, end: start } = world.seats[writer] {
            let id = world.fresh_id();
            let seq = seq + 1;
            world.left.seals -= u8::from(start == end);
            let attempt = Attempt {
                seq,
                start,
                end,
                id,
            };
            world.stage(attempt, attempt.all(self.files));
            world.seats[writer] = Seat::working(Start::Commit(attempt), (0, 0));
        }
    }

    /// The next thing that is neither a create nor a file's publication.
    pub(crate) fn go_on(&self, world: &mut World, writer: usize, fate: Fate) {
        match world.seats[writer].clone() {
            Seat::Working(working) => {
                let reply = self.perform(world, &working, fate);
                self.answer(world, writer, working, reply);
            }
            Seat::AskingAgain { seq, end, low } => {
                world.seats[writer] = match check(seq, end, (low, world.kafka.high)) {
                    Ok(()) => Seat::Owning { seq, end },
                    Err(cause) => Seat::Halted(cause),
                };
            }
            Seat::Abandoning(attempt) => {
                match fate {
                    Fate::Late => {
                        world.left.requests -= 1;
                        world.late.push(Late::Abandon(attempt));
                    }
                    Fate::Failed => {}
                    Fate::Done | Fate::Unanswered => world.abandon(attempt),
                }
                world.seats[writer] = Seat::Away;
            }
            Seat::Telling(attempt) => {
                match fate {
                    Fate::Done => world.kafka.hint = Some(attempt.told()),
                    _ => world.left.hints -= 1,
                }
                let Attempt { seq, end, .. } = attempt;
                world.seats[writer] = Seat::Sweeping { seq, end };
            }
            Seat::Sweeping { seq, end } => {
                if fate == Fate::Done {
                    world.sweep(seq);
                }
                world.seats[writer] = Seat::Owning { seq, end };
            }
            Seat::Away | Seat::Owning { .. } | Seat::Halted(_) => {}
        }
    }

    fn perform(&self, world: &mut World, working: &Working, fate: Fate) -> Reply {
        match self.machines.ask(&working.machine) {
            Ask::List { .. } if self.is_not_looked_for(working) => Reply::Listed(0),
            Ask::List { after, limit } => world.list(after, limit),
            Ask::Get(seq) => match self.broken {
                Some(Broken::ErrorMeansNotMade) if working.is_commit() => {
                    let others = Attempt {
                        seq,
                        start: 0,
                        end: 0,
                        id: world.fresh_id(),
                    };
                    Reply::Got(Some(others))
                }
                _ => Reply::Got(world.record(seq)),
            },
            Ask::Start => Reply::StartsAt(0),
            Ask::Create(attempt) => self.create(world, attempt, fate),
            // What has no files is published by asking for it.
            Ask::Publish(_) => Reply::Published,
        }
    }

    /// Whether a driver that breaks a rule thinks that it knows what a listing would say.
    fn is_not_looked_for(&self, working: &Working) -> bool {
        let last = working.machine.replies.last();
        match self.broken {
            Some(Broken::DoesNotListAfterWinning) => matches!(last, Some(Reply::Created)),
            Some(Broken::DoesNotListAfterReading) => matches!(last, Some(Reply::Got(Some(_)))),
            _ => false,
        }
    }

    fn create(&self, world: &mut World, attempt: Attempt, fate: Fate) -> Reply {
        world.left.requests -= u8::from(fate != Fate::Done);
        match fate {
            Fate::Late => world.late.push(Late::Create(attempt)),
            Fate::Failed => {}
            Fate::Done | Fate::Unanswered => {
                if self.broken == Some(Broken::CreatesOverOthers) {
                    world.chain.retain(|record| record.seq != attempt.seq);
                }
                if world.create(attempt) && fate == Fate::Done {
                    return Reply::Created;
                }
            }
        }
        match self.broken {
            Some(Broken::ErrorMeansMade) => Reply::Created,
            _ => Reply::Unclear,
        }
    }

    /// One file of the record that is being published. All are asked for at once; a failure is
    /// answered by asking for all of them again.
    pub(crate) fn publish(&self, world: &mut World, writer: usize, index: u8, fate: Fate) {
        let Seat::Working(mut working) = world.seats[writer].clone() else {
            return;
        };
        let Ask::Publish(attempt) = self.machines.ask(&working.machine) else {
            return;
        };
        world.left.requests -= u8::from(fate != Fate::Done);
        match fate {
            Fate::Done => {
                let gone = !world.publish(attempt, index);
                working.answered |= 1 << index;
                working.gone |= u8::from(gone) << index;
            }
            Fate::Late => {
                world.late.push(Late::Publish(attempt, index));
                (working.answered, working.gone) = (0, 0);
            }
            Fate::Unanswered | Fate::Failed => {
                world.publish(attempt, index);
                (working.answered, working.gone) = (0, 0);
            }
        }
        if working.answered == attempt.all(self.files) {
            let reply = match working.gone {
                0 => Reply::Published,
                gone => Reply::Gone(small(gone.trailing_zeros())),
            };
            self.answer(world, writer, working, reply);
        } else {
            world.seats[writer] = Seat::Working(working);
        }
    }

    fn answer(&self, world: &mut World, writer: usize, working: Working, reply: Reply) {
        let start = working.machine.start;
        world.seats[writer] = match (self.machines.answer(&working.machine, reply), start) {
            (Next::Do(machine), _) => {
                let working = Working {
                    machine,
                    answered: 0,
                    gone: 0,
                    ..working
                };
                return self.before_next(world, writer, working);
            }
            (Next::Owned { seq, end }, _) => match check(seq, end, working.seen) {
                Ok(()) => Seat::Owning { seq, end },
                Err(_stale) => {
                    let (low, _) = working.seen;
                    Seat::AskingAgain { seq, end, low }
                }
            },
            (Next::Committed, Start::Commit(attempt)) => Seat::Telling(attempt),
            (Next::Lost, Start::Commit(attempt)) => Seat::Abandoning(attempt),
            (Next::Halted(cause), _) => Seat::Halted(cause),
            (Next::Superseded | Next::Committed | Next::Lost, _) => Seat::Away,
        };
    }

    /// Where a driver may act against the rules before it performs the next command.
    fn before_next(&self, world: &mut World, writer: usize, mut working: Working) {
        let ask = self.machines.ask(&working.machine);
        if let (Ask::Publish(attempt), Some(broken)) = (ask, self.broken) {
            match (broken, working.is_commit()) {
                (Broken::HintsBeforePublishing, true) => world.kafka.hint = Some(attempt.told()),
                (Broken::SweepsBeforePublishing, true) => world.sweep(attempt.seq),
                (Broken::DoesNotWaitForPublication, true) => {
                    let files = 0..attempt.files(self.files);
                    let late = files.map(|index| Late::Publish(attempt, index));
                    world.late.extend(late);
                    return self.answer(world, writer, working, Reply::Published);
                }
                (Broken::TakesOverWithoutPublishing, false) => {
                    return self.answer(world, writer, working, Reply::Published);
                }
                _ => working.gone = 0,
            }
        }
        world.seats[writer] = Seat::Working(working);
    }

    /// A writer dies, or gives up; what it has asked for may still be `under_way`.
    pub(crate) fn crash(&self, world: &mut World, writer: usize, under_way: bool) {
        let seat = std::mem::replace(&mut world.seats[writer], Seat::Away);
        let ask = match &seat {
            Seat::Working(working) => self.machines.ask(&working.machine),
            Seat::Abandoning(attempt) if under_way => {
                return world.late.push(Late::Abandon(*attempt));
            }
            _ => return,
        };
        let Seat::Working(working) = seat else { return };
        if let (Start::Commit(attempt), Ask::Create(_) | Ask::Get(_)) = (working.machine.start, ask)
            && self.broken == Some(Broken::GivesUpAndAbandons)
        {
            world.abandon(attempt);
        }
        match ask {
            Ask::Create(attempt) if under_way => world.late.push(Late::Create(attempt)),
            Ask::Publish(attempt) if under_way => {
                let files = 0..attempt.files(self.files);
                let open = files.filter(|index| working.answered >> index & 1 == 0);
                world
                    .late
                    .extend(open.map(|index| Late::Publish(attempt, index)));
            }
            _ => {}
        }
    }
}

impl Working {
    pub(crate) const fn is_commit(&self) -> bool {
        matches!(self.machine.start, Start::Commit(_))
    }
}

impl World {
    fn fresh_id(&mut self) -> u8 {
        self.ids += 1;
        self.ids - 1
    }
}

/// Holds a tail against the topic's ends; where retention tore a gap, this driver halts.
fn check(seq: u8, end: u8, (low, high): (u8, u8)) -> Result<(), Cause> {
    let tail = tail(seq, end);
    match (Ownership { tail }).check(&chain(), None, low.into(), high.into()) {
        Ok(None) => Ok(()),
        Ok(Some(_gap)) => Err(Cause::RetentionGap),
        Err(halt) => Err(Cause::of(&halt)),
    }
}
