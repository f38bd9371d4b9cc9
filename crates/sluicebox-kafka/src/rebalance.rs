use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::{Offset as ClientOffset, TopicPartitionList};
use sluicebox_pipeline::ports::{AssignmentHandler, StartAt};
use sluicebox_types::{Offset, TopicPartition};

use crate::context::Rebalance;
use crate::error::KafkaError;
use crate::native::{Consumer, NativeQueue};

/// The partitions that this process fetches, and the worker that each goes to.
#[derive(Debug)]
pub(crate) struct Assignment {
    client: Client,
    workers: Vec<Arc<NativeQueue>>,
    /// Index of the worker, by partition.
    seats: Mutex<BTreeMap<TopicPartition, usize>>,
}

/// Prints as nothing: the consumer has no form for people.
struct Client(Arc<Consumer>);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consumer")
    }
}

impl Assignment {
    pub(crate) const fn new(consumer: Arc<Consumer>, workers: Vec<Arc<NativeQueue>>) -> Self {
        Self {
            client: Client(consumer),
            workers,
            seats: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether this process fetches the partition.
    pub(crate) fn has(&self, partition: &TopicPartition) -> bool {
        self.seats.lock().contains_key(partition)
    }

    /// Carries out what the group wants. Without a handler everything is given back at once.
    pub(crate) fn rebalance(
        &self,
        rebalance: Rebalance,
        handler: Option<&dyn AssignmentHandler>,
    ) -> Result<(), KafkaError> {
        match (rebalance, handler) {
            (Rebalance::Assign(offered), Some(handler)) => self.assign(offered, handler),
            // Nobody would read them: take none.
            (Rebalance::Assign(_), None) => self.take(&TopicPartitionList::new()),
            (Rebalance::Revoke(wanted), handler) => self.revoke(&wanted, handler),
        }
    }

    /// Start positions and routes are set before the client takes the partitions: nothing is
    /// fetched before them, so no record can come from elsewhere or go elsewhere.
    fn assign(
        &self,
        mut offered: TopicPartitionList,
        handler: &dyn AssignmentHandler,
    ) -> Result<(), KafkaError> {
        let partitions = names(&offered);
        count("assign");
        if partitions.is_empty() {
            return self.take(&offered);
        }
        tracing::info!(?partitions, "assigned");
        let starts = handler.assigned(&partitions);

        let (mut parked, mut started) = (TopicPartitionList::new(), TopicPartitionList::new());
        for (index, partition) in partitions.iter().enumerate() {
            let (offset, worker) = match starts.get(index) {
                Some(StartAt::Offset { offset, worker }) => (Some(*offset), *worker),
                Some(StartAt::Parked { worker }) => (None, *worker),
                None => (None, 0),
            };
            let list = if offset.is_some() {
                &mut started
            } else {
                &mut parked
            };
            list.add_partition(&partition.topic, partition.partition);
            self.seat(partition, worker)?;
            // Where a parked partition begins is of no account: it is moved before it is resumed.
            let start = ClientOffset::Offset(offset.unwrap_or(0));
            offered
                .set_partition_offset(&partition.topic, partition.partition, start)
                .map_err(|error| refusal("assignment", partition, &error))?;
        }
        // A pause outlives an assignment in librdkafka, so both states are set, and before the
        // first fetch.
        let refuse = |error| refusal("assignment", Names(&offered), &error);
        self.client.0.pause(&parked).map_err(refuse)?;
        self.client.0.resume(&started).map_err(refuse)?;
        self.take(&offered)
    }

    fn seat(&self, partition: &TopicPartition, worker: usize) -> Result<(), KafkaError> {
        if !self
            .workers
            .get(worker)
            .is_some_and(|queue| queue.receive(partition))
        {
            return Err(KafkaError::Assignment {
                action: "assignment",
                partitions: partition.to_string(),
                reason: format!("its records cannot be sent to worker {worker}"),
            });
        }
        self.seats.lock().insert(partition.clone(), worker);
        Ok(())
    }

    fn revoke(
        &self,
        wanted: &TopicPartitionList,
        handler: Option<&dyn AssignmentHandler>,
    ) -> Result<(), KafkaError> {
        let lost = self.client.0.assignment_lost();
        let partitions = names(wanted);
        count(if lost { "lost" } else { "revoke" });
        tracing::info!(?partitions, lost, "revoked");
        if let Some(handler) = handler {
            handler.revoked(&partitions, lost);
        }
        self.seats
            .lock()
            .retain(|partition, _| !partitions.contains(partition));
        self.give_back(wanted)
    }

    /// Fetches a partition from `offset` on that the client has given up, as it does at an offset
    /// that does not exist: it cannot be moved then, only given back and taken again. `false` when
    /// it is not ours.
    ///
    /// Only between two turns of the polling thread: librdkafka would take this for the answer to a
    /// rebalance that is being carried out.
    pub(crate) fn restart(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<bool, KafkaError> {
        let Some(worker) = self.seats.lock().get(partition).copied() else {
            return Ok(false);
        };
        let mut one = TopicPartitionList::with_capacity(1);
        one.add_partition_offset(
            &partition.topic,
            partition.partition,
            ClientOffset::Offset(offset),
        )
        .map_err(|error| refusal("assignment", partition, &error))?;
        self.give_back(&one)?;
        self.take(&one)?;
        // After both, because the client forgets the route when it has stopped fetching, which is
        // before it takes the partition again. What came in between is moved along.
        self.seat(partition, worker)?;
        Ok(true)
    }

    fn take(&self, offered: &TopicPartitionList) -> Result<(), KafkaError> {
        match self.client.0.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.client.0.incremental_assign(offered),
            RebalanceProtocol::Eager | RebalanceProtocol::None => self.client.0.assign(offered),
        }
        .map_err(|error| refusal("assignment", Names(offered), &error))
    }

    fn give_back(&self, wanted: &TopicPartitionList) -> Result<(), KafkaError> {
        match self.client.0.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.client.0.incremental_unassign(wanted),
            RebalanceProtocol::Eager | RebalanceProtocol::None => self.client.0.unassign(),
        }
        .map_err(|error| refusal("revocation", Names(wanted), &error))
    }
}

/// A list as people read it.
struct Names<'a>(&'a TopicPartitionList);

impl std::fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(names(self.0)).finish()
    }
}

fn names(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = list.elements();
    let name = elements.iter();
    name.map(|element| TopicPartition::new(element.topic(), element.partition()))
        .collect()
}

fn refusal(
    action: &'static str,
    partitions: impl std::fmt::Display,
    error: &ClientError,
) -> KafkaError {
    KafkaError::Assignment {
        action,
        partitions: partitions.to_string(),
        reason: error.to_string(),
    }
}

fn count(kind: &'static str) {
    metrics::counter!("sluicebox_rebalances_total", "kind" => kind).increment(1);
}
