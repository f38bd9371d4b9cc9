use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_pipeline::ports::{
    Committed, DeadLetter, DeadLetterQueue, PartitionState, QueueFull, RecordQueue, SourceControl,
    SourceError, StartAt,
};
use sluicebox_types::TopicPartition;

use super::group::{Group, Owner};
use super::log::Log;
use super::network::Network;
use super::process::{Process, State};
use crate::broker::{Batch, Event};
use crate::scenario::{TOPIC, partition};

/// The Kafka client of one process.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) member: u64,
    pub(super) process: Arc<Process>,
    pub(super) log: Arc<Log>,
    pub(super) group: Arc<Group>,
    pub(super) network: Network,
    pub(super) letters: Arc<Mutex<Vec<(usize, i64)>>>,
    pub(super) reading: Mutex<BTreeMap<usize, Reading>>,
}

#[derive(Debug)]
pub(super) struct Reading {
    worker: usize,
    position: i64,
    paused: bool,
    end_told: Option<i64>,
}

impl Client {
    pub(super) fn begin(&self, partition: usize, start: &StartAt) {
        let (worker, position, paused) = match *start {
            StartAt::Offset { offset, worker } => (worker, offset, false),
            StartAt::Parked { worker } => (worker, 0, true),
        };
        let reading = Reading {
            worker,
            position,
            paused,
            end_told: None,
        };
        self.reading.lock().insert(partition, reading);
    }

    pub(super) fn end(&self, partition: usize) {
        self.reading.lock().remove(&partition);
    }

    fn is_calm(&self) -> bool {
        self.network.calm.load(Ordering::Relaxed)
    }

    /// Nothing is asked of a process that is dead or frozen, and a client may refuse or be cut off.
    fn fails(&self) -> bool {
        !self.process.is(State::Running) || (!self.is_calm() && self.network.dice.once_in(8))
    }

    fn take(&self, worker: usize) -> Batch {
        let dice = &self.network.dice;
        let mut batch = Batch::default();
        let mut all = self.reading.lock();
        for (&index, reading) in all.iter_mut() {
            if reading.worker != worker || reading.paused || dice.once_in(3) {
                continue;
            }
            if dice.once_in(15) {
                // The client hands out again what it handed out before.
                let again = i64::try_from(dice.within(1..=4)).expect("small");
                reading.position = (reading.position - again).max(0);
            }
            if reading.position < self.log.low(index) {
                // It tells so once, and gives the partition up until it is moved.
                reading.paused = true;
                batch.0.push((partition_of(index), Event::OutOfRange));
                continue;
            }
            let limit = usize::try_from(dice.within(1..=9)).expect("small");
            for record in self.log.read(index, reading.position, limit) {
                reading.position = record.offset + 1;
                batch.0.push((partition_of(index), Event::Record(record)));
            }
            let end = self.log.end(index);
            let nothing_left = self.log.read(index, reading.position, 1).is_empty();
            if nothing_left && reading.end_told != Some(end) {
                reading.position = end;
                reading.end_told = Some(end);
                batch.0.push((partition_of(index), Event::End(end)));
            }
        }
        batch
    }
}

impl SourceControl for Client {
    fn describe(&self, partitions: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError> {
        if self.fails() {
            return Err(SourceError::Transient("no answer".to_owned()));
        }
        let describe = |partition: &TopicPartition| PartitionState {
            partition: partition.clone(),
            topic_id: Some("id".to_owned()),
            committed: self.group.committed(index_of(partition)),
            low: self.log.low(index_of(partition)),
            high: self.log.end(index_of(partition)),
            configured_start: self.log.low(index_of(partition)),
        };
        Ok(partitions.iter().map(describe).collect())
    }

    fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError> {
        let all = 0..self.log.partitions();
        Ok(all.map(partition_of).collect())
    }

    fn topic_id(&self, _topic: &str) -> Option<String> {
        (!self.fails()).then(|| "id".to_owned())
    }

    fn commit(&self, partition: &TopicPartition, offset: i64, metadata: &str) {
        let (index, member) = (index_of(partition), self.member);
        let committed = Committed {
            offset,
            metadata: metadata.to_owned(),
        };
        if self.fails() {
            return;
        }
        let (group, dice) = (Arc::clone(&self.group), self.network.dice.clone());
        let delay = dice.millis(0..=200);
        drop(self.network.runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            if group.owner(index) == Owner::Member(member) || dice.once_in(3) {
                group.commit(index, committed);
            }
        }));
    }

    fn flush_commits(&self, _timeout: Duration) {}

    fn resume_at(&self, partition: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        let mut reading = self.reading.lock();
        let Some(reading) = reading
            .get_mut(&index_of(partition))
            .filter(|_| !self.fails())
        else {
            return Err(SourceError::Transient("not ours".to_owned()));
        };
        reading.position = offset;
        reading.paused = false;
        reading.end_told = None;
        Ok(())
    }

    fn log_end(&self, partition: &TopicPartition) -> Option<i64> {
        Some(self.log.end(index_of(partition)))
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        let mut reading = self.reading.lock();
        for partition in partitions {
            if let Some(reading) = reading.get_mut(&index_of(partition)) {
                reading.paused = true;
            }
        }
    }
}

/// The dead-letter producer of the process.
#[derive(Debug)]
pub(super) struct Producer(pub(super) Arc<Client>);

impl DeadLetterQueue for Producer {
    fn send(&self, letter: DeadLetter) -> Result<(), QueueFull> {
        let client = Arc::clone(&self.0);
        let dice = &client.network.dice;
        if !client.is_calm() && dice.once_in(6) {
            return Err(QueueFull(Box::new(letter)));
        }
        let delay = dice.millis(0..=300);
        let runtime = client.network.runtime.clone();
        drop(runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            client.process.runs().await;
            let told = (index_of(&letter.source), letter.record.offset);
            client.letters.lock().push(told);
            drop(letter.receipt);
        }));
        Ok(())
    }
}

/// One worker's end of the client.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) client: Arc<Client>,
    pub(super) worker: usize,
}

impl RecordQueue for Queue {
    type Batch = Batch;

    fn poll(&mut self, _records_max: usize, _timeout: Duration) -> Batch {
        self.client.take(self.worker)
    }
}

pub(super) fn partition_of(index: usize) -> TopicPartition {
    partition(i32::try_from(index).expect("a few partitions"))
}

fn index_of(partition: &TopicPartition) -> usize {
    assert_eq!(partition.topic.as_ref(), TOPIC);
    usize::try_from(partition.partition).expect("not negative")
}
