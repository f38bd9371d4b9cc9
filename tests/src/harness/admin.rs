//! What an operator does to a cluster while a pipeline reads from it.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::Kafka;
use super::deadline::wait_for;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);

impl Kafka {
    /// Raises the number of a topic's partitions to `partitions`.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn add_partitions(&self, topic: &str, partitions: usize) {
        let added = NewPartitions::new(topic, partitions);
        let answers = self.admin().create_partitions([&added], &options()).await;
        let answers = answers.unwrap_or_else(|error| panic!("partitions of {topic}: {error}"));
        for answer in answers {
            answer.unwrap_or_else(|(topic, error)| panic!("partitions of {topic}: {error}"));
        }
    }

    /// Deletes a topic, and the offsets that groups have committed for it.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn delete_topic(&self, topic: &str) {
        let answers = self.admin().delete_topics(&[topic], &options()).await;
        let answers = answers.unwrap_or_else(|error| panic!("deleting {topic}: {error}"));
        for answer in answers {
            answer.unwrap_or_else(|(topic, error)| panic!("deleting {topic}: {error}"));
        }
    }

    /// Deletes the records of a partition before `offset`, as retention does.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut before = TopicPartitionList::new();
        before
            .add_partition_offset(topic, partition, Offset::Offset(offset))
            .expect("an offset");
        let answer = self.admin().delete_records(&before, &options()).await;
        let answer = answer.unwrap_or_else(|error| panic!("records of {topic}: {error}"));
        for element in answer.elements() {
            element
                .error()
                .unwrap_or_else(|error| panic!("records of {topic}: {error}"));
        }
    }

    /// Deletes a group without members, with everything that it has committed.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn delete_group(&self, group: &str) {
        let answers = self.admin().delete_groups(&[group], &options()).await;
        let answers = answers.unwrap_or_else(|error| panic!("group {group}: {error}"));
        for answer in answers {
            answer.unwrap_or_else(|(group, error)| panic!("group {group}: {error}"));
        }
    }

    /// What a group has committed for each of a topic's partitions; none where it has nothing.
    ///
    /// # Panics
    ///
    /// If there is no such topic, or the broker is gone.
    #[must_use]
    pub fn committed_offsets(&self, group: &str, topic: &str) -> Vec<Option<i64>> {
        let consumer = self.asking(group);
        let mut asked = TopicPartitionList::new();
        for partition in 0..partitions(&consumer, topic) {
            asked.add_partition(topic, partition);
        }
        // The coordinator of the broker's first group takes its place while it is asked.
        let what = format!("offsets of {group}");
        let answer = wait_for(&what, ANSWER_WITHIN, || {
            Ok(consumer
                .committed_offsets(asked.clone(), ANSWER_WITHIN)
                .ok())
        });
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        let elements = answer.elements();
        elements
            .iter()
            .map(|element| element.offset().to_raw().filter(|offset| *offset >= 0))
            .collect()
    }

    /// The offset after the last entry of each of a topic's partitions, markers included.
    ///
    /// # Panics
    ///
    /// If there is no such topic, or the broker is gone.
    #[must_use]
    pub fn log_ends(&self, topic: &str) -> Vec<Option<i64>> {
        let consumer = self.asking("tests-asking");
        (0..partitions(&consumer, topic))
            .map(|partition| {
                let marks = consumer.fetch_watermarks(topic, partition, ANSWER_WITHIN);
                let (_, end) = marks.unwrap_or_else(|error| panic!("the end of {topic}: {error}"));
                Some(end)
            })
            .collect()
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        let client = self.client_config().create();
        client.expect("an admin client needs no broker yet")
    }

    fn asking(&self, group: &str) -> BaseConsumer {
        let mut config = self.client_config();
        config.set("group.id", group);
        config.create().expect("a consumer needs no broker yet")
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN))
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> i32 {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN);
    let metadata = metadata.unwrap_or_else(|error| panic!("partitions of {topic}: {error}"));
    let found = metadata.topics().first();
    let count = found.map_or(0, |topic| topic.partitions().len());
    i32::try_from(count).expect("Kafka counts partitions so")
}
