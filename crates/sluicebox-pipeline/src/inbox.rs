use sluicebox_types::TopicPartition;
use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::commit::CommitOutcome;
use crate::lane::LaneStart;

/// What a worker is told. At most one message per partition and sender is under way.
#[derive(Debug)]
pub(crate) enum ToWorker {
    /// Read this partition from now on.
    Start(Box<LaneStart>, Done),
    /// Commit what was read of this partition, then let it go.
    End(TopicPartition, Ending),
    /// Forget this partition at once.
    Drop(TopicPartition, Done),
    /// A commit of this assignment of the partition has ended.
    Outcome(TopicPartition, u64, CommitOutcome),
    /// End the thread.
    Stop,
}

/// Why a partition ends, and who waits for it.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The group gives it to somebody else, or the process stops.
    Revoked(Done),
    /// It is ours, but its place in the log must be looked up again.
    LookUpAgain,
}

impl Ending {
    /// Tells whoever waits.
    pub(crate) fn done(self) {
        if let Self::Revoked(done) = self {
            done.done();
        }
    }
}

/// Tells somebody who may have stopped waiting that it is done.
#[derive(Debug)]
pub(crate) struct Done(Sender<()>);

impl Done {
    /// A pair: one to tell, one to wait at.
    pub(crate) fn pair() -> (Self, Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// It is done.
    pub(crate) fn done(self) {
        if self.0.send(()).is_err() {
            tracing::trace!("nobody waits for this any more");
        }
    }
}
