use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sluicebox_events::{Event, EventData, EventType, FilesCommitted};
use sluicebox_pipeline::ports::{NotifyError, NotifyTarget};
use sluicebox_pipeline::{NotifyStart, NotifyTo};

use super::chains::ChainReader;
use super::network::Network;
use super::process::Process;
use super::seals::Seals;

/// Everything that the one target of the pipeline was ever told.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// By id: the event's bytes.
    events: BTreeMap<String, Vec<u8>>,
    /// The files, each as often as it is in an event.
    files: Vec<String>,
    /// Where the last event of each Kafka partition ended.
    ends: BTreeMap<i32, i64>,
    pub(super) seals: Seals,
    wrong: Option<String>,
}

impl Heard {
    /// An event that is not a repeat tells files that are visible, in the order of the partition.
    fn take(
        &mut self,
        event: &Event,
        chains: &ChainReader,
        is_visible: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let bytes = event.to_json().map_err(|error| error.to_string())?;
        if let Some(before) = self.events.insert(event.id.clone(), bytes.clone()) {
            return match before == bytes {
                true => Ok(()),
                false => Err(format!("event {} is repeated otherwise", event.id)),
            };
        }
        let subject = &event.attributes.subject;
        match &event.data {
            EventData::FilesCommitted(data) => {
                self.seals.take_files(subject, data);
                self.take_files(data, is_visible)
            }
            EventData::Sealed(data) => {
                self.seals
                    .take(subject, data, &chains.records(), is_visible)
            }
        }
    }

    fn take_files(
        &mut self,
        data: &FilesCommitted,
        is_visible: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        for file in &data.files {
            let path = file.uri.strip_prefix("memory://lake/").unwrap_or_default();
            if !is_visible(path) {
                return Err(format!("{path} is told before it is visible"));
            }
            let end = self.ends.entry(file.kafka.partition).or_default();
            if file.kafka.end < *end {
                return Err(format!("{path} is told behind offset {end}"));
            }
            *end = file.kafka.end;
            self.files.push(path.to_owned());
        }
        Ok(())
    }

    pub(super) fn wrong(&self) -> Option<String> {
        self.wrong.clone().or_else(|| self.seals.wrong())
    }

    /// Whether each of these files was told in exactly one event, and nothing else was.
    pub(super) fn is_of(&self, visible: &BTreeSet<String>) -> bool {
        let told: BTreeSet<_> = self.files.iter().cloned().collect();
        told.len() == self.files.len() && told == *visible
    }
}

/// The way to the target from one process.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) network: Network,
    pub(super) process: Arc<Process>,
    pub(super) heard: Arc<Mutex<Heard>>,
}

impl Listener {
    pub(super) fn target(self) -> NotifyTo {
        NotifyTo {
            name: "listener".to_owned(),
            target: Arc::new(self),
            events: [EventType::FilesCommitted, EventType::Sealed].into(),
            start: NotifyStart::Earliest,
        }
    }
}

#[async_trait]
impl NotifyTarget for Listener {
    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        let (heard, reader) = (Arc::clone(&self.heard), self.network.reader.clone());
        let (told, chains) = (event.clone(), self.network.chains.clone());
        let work = async move {
            let mut heard = heard.lock();
            if let Err(wrong) = heard.take(&told, &chains, |path| reader.has(path)) {
                heard.wrong.get_or_insert(wrong);
            }
            Ok(())
        };
        let what = match event.data {
            EventData::FilesCommitted(_) => "notify",
            EventData::Sealed(_) => "sealed",
        };
        let sent = self.network.request(&self.process, what, &event.id, work);
        sent.await
            .map_err(|error| NotifyError::retry(error.message))
    }
}
