//! A broker of one process: logs in memory, one queue per worker, commits with metadata.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_pipeline::ports::{
    AssignmentHandler, Committed, PartitionState, RecordQueue, SourceBatch, SourceControl,
    SourceError, SourceEvent, StartAt,
};
use sluicebox_types::{OwnedRecord, TimestampType, TopicPartition};

#[derive(Debug, Default)]
pub(crate) struct Broker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    logs: BTreeMap<TopicPartition, Vec<OwnedRecord>>,
    committed: BTreeMap<TopicPartition, Committed>,
    reading: BTreeMap<TopicPartition, Reading>,
    /// Records handed out before the broker falls silent.
    budget: Option<usize>,
    /// A batch that cannot be read stands at this offset of this partition.
    damage: Option<(TopicPartition, usize)>,
    /// The low and high watermarks that the next questions are answered with.
    watermarks: VecDeque<(i64, i64)>,
}

#[derive(Debug)]
struct Reading {
    worker: usize,
    position: usize,
    paused: bool,
    end_told: bool,
}

impl Broker {
    pub(crate) fn append(
        &self,
        partition: &TopicPartition,
        timestamp_millis: i64,
        key: Option<&str>,
        value: Option<&str>,
    ) {
        let mut state = self.state.lock();
        let log = state.logs.entry(partition.clone()).or_default();
        log.push(OwnedRecord {
            offset: i64::try_from(log.len()).expect("a test has it"),
            timestamp_millis: Some(timestamp_millis),
            timestamp_type: TimestampType::CreateTime,
            key: key.map(|key| key.as_bytes().to_vec()),
            value: value.map(|value| value.as_bytes().to_vec()),
            headers: Vec::new(),
        });
    }

    pub(crate) fn committed(&self, partition: &TopicPartition) -> Option<Committed> {
        self.state.lock().committed.get(partition).cloned()
    }

    /// As if the last commits of a process that died had never come.
    pub(crate) fn forget_commits(&self) {
        self.state.lock().committed.clear();
    }

    /// Only `records` more are handed out, so that a test can crash in the middle.
    pub(crate) fn fall_silent_after(&self, records: Option<usize>) {
        self.state.lock().budget = records;
    }

    /// A batch at `position` is damaged: the client tells so, and reads on behind it.
    pub(crate) fn damage(&self, partition: &TopicPartition, position: usize) {
        self.state.lock().damage = Some((partition.clone(), position));
    }

    /// As if the log were, or had been, one with these low and high watermarks.
    pub(crate) fn tell_watermarks(&self, answers: impl Into<VecDeque<(i64, i64)>>) {
        self.state.lock().watermarks = answers.into();
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.state.lock().budget == Some(0)
    }

    pub(crate) fn assign_all(&self, handler: &dyn AssignmentHandler) {
        let partitions: Vec<_> = self.state.lock().logs.keys().cloned().collect();
        let starts = handler.assigned(&partitions);
        let mut state = self.state.lock();
        for (partition, start) in partitions.into_iter().zip(starts) {
            let (worker, offset, paused) = match start {
                StartAt::Offset { offset, worker } => (worker, offset, false),
                StartAt::Parked { worker } => (worker, 0, true),
            };
            let position = usize::try_from(offset).expect("a test has it");
            state.reading.insert(
                partition,
                Reading {
                    worker,
                    position,
                    paused,
                    end_told: false,
                },
            );
        }
    }

    pub(crate) fn revoke_all(&self, handler: &dyn AssignmentHandler, lost: bool) {
        let partitions: Vec<_> = self.state.lock().reading.keys().cloned().collect();
        handler.revoked(&partitions, lost);
        self.state.lock().reading.clear();
    }

    fn take(&self, worker: usize, records_max: usize) -> Batch {
        let mut state = self.state.lock();
        let State {
            logs,
            reading,
            budget,
            damage,
            ..
        } = &mut *state;
        let mut batch = Batch::default();
        for (partition, reading) in reading.iter_mut().filter(|(_, r)| r.worker == worker) {
            if reading.paused {
                continue;
            }
            let log = &logs[partition];
            while reading.position < log.len() && batch.0.len() < records_max {
                if let Some(budget) = budget {
                    if *budget == 0 {
                        return batch;
                    }
                    *budget -= 1;
                }
                let damaged = damage.take_if(|(of, at)| of == partition && *at == reading.position);
                let event = match damaged {
                    Some(_) => Event::Damaged,
                    None => Event::Record(log[reading.position].clone()),
                };
                batch.0.push((partition.clone(), event));
                reading.position += 1;
            }
            if reading.position == log.len() && !reading.end_told {
                reading.end_told = true;
                let end = i64::try_from(log.len()).expect("a test has it");
                batch.0.push((partition.clone(), Event::End(end)));
            }
        }
        batch
    }
}

#[derive(Debug)]
pub(crate) enum Event {
    Record(OwnedRecord),
    Damaged,
    OutOfRange,
    End(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Batch(pub(crate) Vec<(TopicPartition, Event)>);

impl SourceBatch for Batch {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn event(&self, index: usize) -> Option<SourceEvent<'_>> {
        self.0.get(index).map(|(partition, event)| match event {
            Event::Record(record) => SourceEvent::Record(partition, record.as_source()),
            Event::Damaged => {
                let damage = SourceError::Permanent("a batch is damaged".to_owned());
                SourceEvent::Failed(partition, damage)
            }
            Event::OutOfRange => {
                let gone = SourceError::OffsetOutOfRange("retention has passed it".to_owned());
                SourceEvent::Failed(partition, gone)
            }
            Event::End(offset) => SourceEvent::EndOfPartition(partition, *offset),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) broker: Arc<Broker>,
    pub(crate) worker: usize,
}

impl RecordQueue for Queue {
    type Batch = Batch;

    fn poll(&mut self, _records_max: usize, _timeout: Duration) -> Batch {
        // Small batches, so that runs begin and end everywhere.
        let batch = self.broker.take(self.worker, 7);
        if batch.is_empty() {
            std::thread::yield_now();
        }
        batch
    }
}

impl SourceControl for Broker {
    fn describe(&self, partitions: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError> {
        let mut state = self.state.lock();
        let describe = |partition: &TopicPartition| {
            let end = i64::try_from(state.logs[partition].len()).expect("a test has it");
            let (low, high) = state.watermarks.pop_front().unwrap_or((0, end));
            PartitionState {
                partition: partition.clone(),
                topic_id: None,
                committed: state.committed.get(partition).cloned(),
                low,
                high,
                configured_start: 0,
            }
        };
        Ok(partitions.iter().map(describe).collect())
    }

    fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError> {
        Ok(self.state.lock().logs.keys().cloned().collect())
    }

    fn topic_id(&self, _topic: &str) -> Option<String> {
        None
    }

    fn commit(&self, partition: &TopicPartition, offset: i64, metadata: &str) {
        let committed = Committed {
            offset,
            metadata: metadata.to_owned(),
        };
        self.state
            .lock()
            .committed
            .insert(partition.clone(), committed);
    }

    fn flush_commits(&self, _timeout: Duration) {}

    fn resume_at(&self, partition: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        let mut state = self.state.lock();
        if let Some(reading) = state.reading.get_mut(partition) {
            reading.position = usize::try_from(offset).expect("a test has it");
            reading.paused = false;
            reading.end_told = false;
        }
        Ok(())
    }

    fn log_end(&self, partition: &TopicPartition) -> Option<i64> {
        let state = self.state.lock();
        i64::try_from(state.logs.get(partition)?.len()).ok()
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        let mut state = self.state.lock();
        for partition in partitions {
            if let Some(reading) = state.reading.get_mut(partition) {
                reading.paused = true;
            }
        }
    }
}
