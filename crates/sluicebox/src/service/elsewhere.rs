use std::collections::BTreeMap;
use std::sync::Arc;

use sluicebox_pipeline::StatusBoard;
use sluicebox_pipeline::ports::{PartitionState, SourceControl, SourceError};
use sluicebox_types::{Offset, TopicPartition};

/// Where the partitions that are not ours end.
type Ends = BTreeMap<TopicPartition, Offset>;

/// What other members of the group have yet to read. One of them may be dead, and the group not know
/// it yet: its partitions come to us then, and a pass that did not wait for them would leave them
/// unread.
#[derive(Debug)]
pub(super) struct Elsewhere {
    control: Arc<dyn SourceControl>,
    /// What is left of that which was there at the first look.
    unread: Option<Ends>,
}

impl Elsewhere {
    pub(super) fn new(control: Arc<dyn SourceControl>) -> Self {
        Self {
            control,
            unread: None,
        }
    }

    /// Whether the group has read everything, as far as it is not ours. Not known is no.
    pub(super) async fn is_read(&mut self, status: &StatusBoard) -> bool {
        let (control, known) = (Arc::clone(&self.control), self.unread.clone());
        let ours: Vec<_> = status.snapshot().into_keys().collect();
        let look = tokio::task::spawn_blocking(move || unread(control.as_ref(), known, &ours));
        match look.await {
            Ok(Ok(unread)) => {
                if self.unread.as_ref() != Some(&unread) && !unread.is_empty() {
                    let partitions: Vec<_> = unread.keys().map(ToString::to_string).collect();
                    tracing::info!(?partitions, "waiting for other members of the group");
                }
                self.unread.insert(unread).is_empty()
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "not known what the group has read");
                false
            }
            Err(_panicked) => false,
        }
    }
}

fn unread(
    control: &dyn SourceControl,
    known: Option<Ends>,
    ours: &[TopicPartition],
) -> Result<Ends, SourceError> {
    let partitions = match &known {
        Some(ends) => ends.keys().cloned().collect(),
        None => control.partitions()?,
    };
    let others = partitions.into_iter().filter(|each| !ours.contains(each));
    let states = control.describe(&others.collect::<Vec<_>>())?;
    let end_of = |state: &PartitionState| {
        let known = known.as_ref().and_then(|ends| ends.get(&state.partition));
        known.copied().unwrap_or(state.high)
    };
    let left = states.into_iter().filter_map(|state| {
        let end = end_of(&state);
        let committed = state.committed.map(|committed| committed.offset);
        (committed.unwrap_or(state.configured_start) < end).then_some((state.partition, end))
    });
    Ok(left.collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sluicebox_pipeline::ports::Committed;

    use super::*;

    /// Partitions 0 to 2 of `t`, which end at 10; committed is as given.
    #[derive(Debug)]
    struct Group([Option<Offset>; 3]);

    impl SourceControl for Group {
        fn describe(&self, asked: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError> {
            let describe = |partition: &TopicPartition| {
                let committed = self.0[usize::try_from(partition.partition).unwrap()];
                PartitionState {
                    partition: partition.clone(),
                    topic_id: None,
                    committed: committed.map(|offset| Committed {
                        offset,
                        metadata: String::new(),
                    }),
                    low: 0,
                    high: 10,
                    configured_start: 0,
                }
            };
            Ok(asked.iter().map(describe).collect())
        }

        fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError> {
            Ok((0..3).map(partition).collect())
        }

        fn topic_id(&self, _topic: &str) -> Option<String> {
            None
        }

        fn commit(&self, _partition: &TopicPartition, _offset: Offset, _metadata: &str) {}

        fn flush_commits(&self, _timeout: Duration) {}

        fn resume_at(&self, _: &TopicPartition, _: Offset) -> Result<(), SourceError> {
            Ok(())
        }

        fn log_end(&self, _partition: &TopicPartition) -> Option<Offset> {
            None
        }

        fn pause(&self, _partitions: &[TopicPartition]) {}
    }

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    fn left(committed: [Option<Offset>; 3], ours: &[i32], known: Option<Ends>) -> Vec<i32> {
        let ours: Vec<_> = ours.iter().copied().map(partition).collect();
        let left = unread(&Group(committed), known, &ours).unwrap();
        left.into_keys().map(|left| left.partition).collect()
    }

    /// What is ours is looked at elsewhere; what others have is unread until it is committed to the
    /// end that was there at the first look.
    #[test]
    fn others_are_waited_for_to_their_ends() {
        assert_eq!(left([None; 3], &[0, 1, 2], None), [0; 0]);
        assert_eq!(left([None; 3], &[0], None), [1, 2]);
        assert_eq!(left([None, Some(9), Some(10)], &[0], None), [1]);
        assert_eq!(left([None, Some(10), Some(10)], &[0], None), [0; 0]);
        let known = || Some(Ends::from([(partition(1), 8), (partition(2), 8)]));
        assert_eq!(left([None, Some(8), Some(7)], &[0], known()), [2]);
        assert_eq!(left([None, Some(8), Some(7)], &[0, 2], known()), [0; 0]);
    }
}
