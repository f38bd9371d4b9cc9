//! What holds in every history.

use stateright::Property;

use crate::machines::Cause;
use crate::model::ChainModel;
use crate::world::{Seat, World};

pub(crate) const ONCE: &str = "a reader never sees an offset twice";
pub(crate) const SHOWN: &str = "what has a successor is visible";
pub(crate) const CAUSE: &str = "nobody halts without cause";
pub(crate) const ALL: &str = "everything becomes visible";
pub(crate) const BEHIND: &str = "nobody takes over what lies behind the hint";

/// That something can happen at all: a model that never comes there proves nothing.
pub(crate) const FILLED_ANEW: &str = "a late create fills the place of a pruned record";
pub(crate) const HALTED: &str = "a writer halts";

impl ChainModel {
    pub(crate) fn promises(&self) -> Vec<Property<Self>> {
        let mut promises = vec![
            Property::always(ONCE, |model: &Self, world| {
                (0..model.files).all(|date| !world.seen(date).1)
            }),
            Property::always(SHOWN, |model: &Self, world: &World| {
                let before = world.newest().map_or(0, |newest| newest.start);
                world.shows(before, model.files)
            }),
            Property::always(CAUSE, |_, world: &World| {
                world.seats.iter().all(|seat| match seat {
                    Seat::Halted(cause) => *cause == Cause::WentBack && world.restored,
                    _ => true,
                })
            }),
        ];
        if self.faults.prunes > 0 && self.faults.requests > 0 {
            promises.push(Property::sometimes(FILLED_ANEW, |_, world: &World| {
                let links = world.chain.windows(2);
                links.into_iter().any(|link| match link {
                    [before, after] => before.end != after.start,
                    _ => false,
                })
            }));
        }
        if self.faults.restores == 0 {
            promises.push(Property::eventually(ALL, |model: &Self, world: &World| {
                world.shows(model.end, model.files)
            }));
        } else {
            promises.push(Property::always(BEHIND, |_, world: &World| {
                !(world.restored
                    && world.is_behind_hint()
                    && world.seats.iter().any(has_taken_over))
            }));
            promises.push(Property::sometimes(HALTED, |_, world: &World| {
                let halted = |seat: &Seat| matches!(seat, Seat::Halted(_));
                world.seats.iter().any(halted)
            }));
        }
        promises
    }
}

fn has_taken_over(seat: &Seat) -> bool {
    match seat {
        Seat::Away | Seat::Halted(_) => false,
        Seat::Working(working) => working.is_commit(),
        _ => true,
    }
}
