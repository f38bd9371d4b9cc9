use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::error::KafkaError as ClientError;
use sluicebox_types::TopicPartition;

use crate::quiet::Quiet;

/// How many partitions each topic had when this process began to look. What comes later holds
/// nothing but new records, so that even `start: latest` reads it whole; the same choice that
/// Flink's Kafka source makes (FLIP-288).
///
/// A partition that was added while no process of the pipeline ran is not told from an old one.
#[derive(Debug, Default)]
pub(crate) struct FirstSight(OnceLock<BTreeMap<String, usize>>);

impl FirstSight {
    /// Looks at all topics of the cluster, unless that has been done.
    pub(crate) fn look(
        &self,
        client: &Client<Quiet>,
        timeout: Duration,
    ) -> Result<(), ClientError> {
        if self.0.get().is_none() {
            let metadata = client.fetch_metadata(None, timeout)?;
            let topics = metadata.topics().iter();
            let partitions =
                topics.map(|topic| (topic.name().to_owned(), topic.partitions().len()));
            self.0.get_or_init(|| partitions.collect());
        }
        Ok(())
    }

    /// Whether a partition was there, as far as is known.
    pub(crate) fn saw(&self, partition: &TopicPartition) -> bool {
        let Some(topics) = self.0.get() else {
            return true;
        };
        let partitions = topics.get(partition.topic.as_ref()).copied().unwrap_or(0);
        usize::try_from(partition.partition).is_ok_and(|number| number < partitions)
    }
}
