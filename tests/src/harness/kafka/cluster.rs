//! What can be done to one node of several, and who leads what.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::Metadata;

use super::Kafka;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// What a node logs when it becomes the active controller, before the number of its term.
const BECOMES_CONTROLLER: &str = "Becoming the active controller at epoch ";

impl Kafka {
    /// Kills a node, counted from 0, with SIGKILL. Its data stays.
    pub fn kill_node(&self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again after [`kill_node`](Self::kill_node).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    pub fn restart_node(&self, node: usize) {
        self.kill_node(node);
        super::start(&self.nodes[node..=node])
            .unwrap_or_else(|error| panic!("Kafka's node {node}: {error:#}"));
    }

    /// The node that leads a partition; none while there is no leader.
    #[must_use]
    pub fn leader(&self, topic: &str, partition: i32) -> Option<usize> {
        let metadata = self.metadata_of(topic);
        let mut partitions = metadata.topics().first()?.partitions().iter();
        let led = partitions.find(|found| found.id() == partition)?;
        // Nodes are numbered from 1 on.
        usize::try_from(led.leader()).ok()?.checked_sub(1)
    }

    /// Whether every node has everything of a topic.
    #[must_use]
    pub fn is_in_sync(&self, topic: &str) -> bool {
        let metadata = self.metadata_of(topic);
        let partitions = metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions());
        partitions
            .map(|partition| partition.isr().len())
            .all(|in_sync| in_sync == self.nodes.len())
    }

    /// The node that was the last to become the active controller. Clients are not told.
    #[must_use]
    pub fn controller(&self) -> Option<usize> {
        let term = |log: String| -> Option<u64> {
            let (_, said) = log.rsplit_once(BECOMES_CONTROLLER)?;
            said.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        };
        let terms = self.nodes.iter().map(|node| term(node.log()));
        let latest = terms.enumerate().max_by_key(|(_, term)| *term)?;
        latest.1.map(|_| latest.0)
    }

    fn metadata_of(&self, topic: &str) -> Metadata {
        let consumer: BaseConsumer = self
            .client_config()
            .create()
            .expect("a consumer needs no broker yet");
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN);
        metadata.unwrap_or_else(|error| panic!("who leads {topic}: {error}"))
    }
}
