//! Finding out where a partition is read from.

use std::sync::Arc;
use std::time::Duration;

use sluicebox_chain::{ChainId, Halt, Hint, Tail};
use sluicebox_types::TopicPartition;

use super::Assigner;
use crate::chain_io::take_over;
use crate::lane::LaneStart;
use crate::ports::{PartitionState, SourceError};
use crate::seat::halt_partition;

/// Pause before a failed look-up is tried again.
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);
/// Why a partition cannot be read right now.
#[derive(Debug)]
pub(super) enum NotNow {
    Halted(String),
    Later(String),
}

impl From<Halt> for NotNow {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt.to_string())
    }
}

impl From<SourceError> for NotNow {
    fn from(error: SourceError) -> Self {
        Self::Later(error.to_string())
    }
}

impl Assigner {
    /// Finds the chain's tail and the offset to read from.
    pub(super) async fn look_up(
        &self,
        state: &PartitionState,
        epoch: u64,
    ) -> Result<LaneStart, NotNow> {
        let partition = &state.partition;
        let spec = self
            .catalog
            .spec(&partition.topic)
            .map_err(NotNow::Halted)?;
        let chain = ChainId {
            pipeline: self.env.pipeline.to_string(),
            topic: partition.topic.to_string(),
            partition: partition.partition,
        };
        let ownership = take_over(&self.env, &chain, state).await?;
        let check = |state: &PartitionState| {
            ownership.check(&chain, state.topic_id.as_deref(), state.low, state.high)
        };
        let gap = match check(state) {
            Ok(gap) => gap,
            // Somebody may have committed after the watermarks were read. The low one stays: retention
            // may have followed a newer tail by now, and what that covers is no gap.
            Err(_stale) => check(&PartitionState {
                low: state.low,
                ..self.describe(partition).await?
            })?,
        };
        let mut tail = ownership.tail;
        // A chain from before ids were put on record takes the one that there is.
        tail.topic_id = tail.topic_id.or_else(|| state.topic_id.clone());
        if let Some(gap) = gap.filter(|_| !self.env.skip_retention_gaps) {
            let (end, low) = (gap.start, gap.end);
            return Err(Halt::RetentionGap { chain, end, low }.into());
        }
        let rebuild_from = match (&spec.dedup, tail.dedup) {
            (Some(_), Some(resume)) => resume.window_start.min(tail.end),
            _ => tail.end,
        };
        let read_from = rebuild_from.max(state.low);
        self.tell_group(state, &tail);
        Ok(LaneStart {
            partition: partition.clone(),
            epoch,
            spec,
            chain,
            tail,
            read_from,
            gap,
        })
    }

    /// The tail's writer may have died before it told the group, and if nothing more comes, nobody
    /// else would: the group would show a lag for ever.
    fn tell_group(&self, state: &PartitionState, tail: &Tail) {
        let told = state.committed.as_ref().map(|committed| committed.offset);
        if tail.seq > 0 && told != Some(tail.end) {
            let hint = Hint::of(tail).to_metadata();
            self.control.commit(&state.partition, tail.end, &hint);
        }
    }

    async fn describe(&self, partition: &TopicPartition) -> Result<PartitionState, SourceError> {
        let (control, asked) = (Arc::clone(&self.control), vec![partition.clone()]);
        let describe = move || control.describe(&asked);
        let described = self.env.blocking.call(describe).await;
        let states = described.map_err(|error| SourceError::Transient(error.to_string()))??;
        let unknown = || SourceError::Transient(format!("{partition} is not known to Kafka"));
        states.into_iter().next().ok_or_else(unknown)
    }

    pub(super) fn look_up_later(self: &Arc<Self>, partition: &TopicPartition) {
        let assigner = Arc::clone(self);
        let parked = partition.clone();
        let task = self
            .runtime
            .spawn(async move { assigner.look_up_parked(&parked).await });
        if let Some(owned) = self.owned.lock().get_mut(partition) {
            owned.look_up = Some(task.abort_handle());
        }
    }

    /// A parked partition is paused: nothing of it is fetched until its lane sits.
    async fn look_up_parked(&self, partition: &TopicPartition) {
        let Some((worker, epoch)) = self
            .owned
            .lock()
            .get(partition)
            .map(|owned| (owned.worker, owned.epoch))
        else {
            return;
        };
        loop {
            match self.resume(partition, worker, epoch).await {
                Ok(()) => return,
                Err(NotNow::Halted(why)) => {
                    halt_partition(&self.env, self.control.as_ref(), partition, &why);
                    return;
                }
                Err(NotNow::Later(why)) => {
                    self.env
                        .readiness
                        .down(&format!("partition {partition}"), why);
                    tokio::time::sleep(LOOK_UP_PAUSE).await;
                }
            }
        }
    }

    async fn resume(
        &self,
        partition: &TopicPartition,
        worker: usize,
        epoch: u64,
    ) -> Result<(), NotNow> {
        let state = self.describe(partition).await?;
        let start = self.look_up(&state, epoch).await?;
        let offset = start.read_from;
        self.install(start, worker).await;
        let (control, parked) = (Arc::clone(&self.control), partition.clone());
        let resume = move || control.resume_at(&parked, offset);
        let resumed = self.env.blocking.call(resume).await;
        resumed.map_err(|error| NotNow::Later(error.to_string()))??;
        Ok(())
    }
}
