use std::collections::HashMap;

use sluicebox_types::{Offset, TopicPartition};

/// Partitions in which a record may have been left out.
///
/// librdkafka up to 2.12 takes the end of a partition, which it tells as a message with the offset
/// of the next record, for a record that was consumed: after the next pause, as each rebalance makes
/// one, it reads on behind that record (its issue 4844). A step over the offset of what was told
/// is therefore in doubt, once: after the partition was looked up again, which sets the client back,
/// what is not there is not there.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// The offset of what was told last, where no record has come since.
    told: HashMap<TopicPartition, Offset>,
}

impl Doubt {
    /// Something else than a record was told at `offset`. Answers the offset that is in doubt.
    pub(crate) fn tell(&mut self, partition: &TopicPartition, offset: Offset) -> Option<Offset> {
        if offset < 0 {
            return None;
        }
        let told = self.told.insert(partition.clone(), offset);
        told.filter(|told| offset > *told)
    }

    /// A record came at `offset`. Answers the offset that is in doubt.
    pub(crate) fn pass(&mut self, partition: &TopicPartition, offset: Offset) -> Option<Offset> {
        let told = self.told.remove(partition)?;
        (offset > told).then_some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step over the place where the end was told is in doubt once, whether a record or another
    /// end comes behind it; what comes at that place, or before it, is not.
    #[test]
    fn a_step_over_the_end_is_in_doubt_once() {
        let partition = TopicPartition::new("raw", 0);
        let mut doubt = Doubt::default();
        assert_eq!(doubt.pass(&partition, 7), None, "nothing was told");
        for (next, answer) in [(5, None), (3, None), (6, Some(5))] {
            assert_eq!(doubt.tell(&partition, 5), None);
            assert_eq!(doubt.pass(&partition, next), answer, "{next}");
            assert_eq!(doubt.pass(&partition, next + 2), None, "a gap as any other");
        }
        assert_eq!(doubt.tell(&partition, 5), None);
        assert_eq!(doubt.tell(&partition, 5), None, "the same end again");
        assert_eq!(doubt.tell(&partition, 7), Some(5));
        assert_eq!(doubt.pass(&TopicPartition::new("raw", 1), 9), None);
        assert_eq!(
            doubt.tell(&partition, -1001),
            None,
            "an error without offset"
        );
    }
}
