use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::files_committed::FilesCommitted;
use crate::sealed::Sealed;

/// The content type of one event in structured mode.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
/// The content type of several events in one body.
pub const BATCH_MEDIA_TYPE: &str = "application/cloudevents-batch+json";
/// The version of `CloudEvents` that is written and read.
pub(crate) const SPEC_VERSION: &str = "1.0";
/// The content type of every event's data.
pub(crate) const DATA_MEDIA_TYPE: &str = "application/json";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique: who has seen it has seen the event. A UUID in events of Sluicebox.
    pub id: String,
    /// Everything of the envelope that is not the id or follows from the data.
    pub attributes: Attributes,
    /// What happened.
    pub data: EventData,
}

/// The attributes of an event, in the words of `CloudEvents`. Those that are not required are empty
/// where a foreign event leaves them out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Who tells: `urn:sluicebox:<pipeline>`.
    pub source: String,
    /// What it is about: `air.flights/dt=2019-09-01/hour=01`.
    pub subject: String,
    /// When the commit was made, RFC 3339.
    pub time: String,
    /// What must stay in order: `air.flights`. The key in Kafka.
    pub partitionkey: String,
    /// The commit's place in its chain, 20 digits, so that texts sort as numbers do.
    pub sequence: String,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventData {
    /// Files have become visible.
    FilesCommitted(FilesCommitted),
    /// A partition is complete, as far as can be told.
    Sealed(Sealed),
}

/// The types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// [`FilesCommitted`].
    FilesCommitted,
    /// [`Sealed`].
    Sealed,
}

impl EventType {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::FilesCommitted, Self::Sealed];

    /// The word in configurations, metrics and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FilesCommitted => "files_committed",
            Self::Sealed => "sealed",
        }
    }

    /// The `type` attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FilesCommitted => "io.sluicebox.partition.files_committed.v1",
            Self::Sealed => "io.sluicebox.partition.sealed.v1",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// An event whose id is the UUIDv5 (RFC 9562) of `name` in the namespace `of`: the same for the
    /// same two, for ever.
    #[must_use]
    pub fn named(of: Uuid, name: &str, attributes: Attributes, data: EventData) -> Self {
        Self {
            id: Uuid::new_v5(&of, name.as_bytes()).to_string(),
            attributes,
            data,
        }
    }

    /// Its type.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self.data {
            EventData::FilesCommitted(_) => EventType::FilesCommitted,
            EventData::Sealed(_) => EventType::Sealed,
        }
    }

    /// The event as one JSON document (structured mode). Equal events have equal bytes.
    ///
    /// # Errors
    /// None that a caller can cause; serialisation of a well-formed value.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        match &self.data {
            EventData::FilesCommitted(data) => serde_json::to_vec(&self.structured(data)),
            EventData::Sealed(data) => serde_json::to_vec(&self.structured(data)),
        }
    }

    /// The data alone, as JSON: the body in binary mode.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn data_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        match &self.data {
            EventData::FilesCommitted(data) => serde_json::to_vec(data),
            EventData::Sealed(data) => serde_json::to_vec(data),
        }
    }

    fn structured<'a, D>(&'a self, data: &'a D) -> Structured<'a, D> {
        let Attributes {
            source,
            subject,
            time,
            partitionkey,
            sequence,
        } = &self.attributes;
        Structured {
            specversion: SPEC_VERSION,
            id: &self.id,
            source,
            event_type: self.event_type().as_str(),
            subject,
            time,
            datacontenttype: DATA_MEDIA_TYPE,
            partitionkey,
            sequence,
            data,
        }
    }
}

/// The document of structured mode: the order of its members is the order in the text.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Structured<'a, D> {
    /// The version of `CloudEvents`.
    specversion: &'a str,
    /// Unique; a repeated event has the id that it had.
    id: &'a str,
    /// Who tells: `urn:sluicebox:<pipeline>`.
    source: &'a str,
    /// The type, with the version of its data.
    #[serde(rename = "type")]
    event_type: &'a str,
    /// Table and partition.
    subject: &'a str,
    /// When the commit was made, RFC 3339.
    time: &'a str,
    /// The content type of `data`.
    datacontenttype: &'a str,
    /// Events with one key are in order.
    partitionkey: &'a str,
    /// The commit's place in its chain, 20 digits.
    sequence: &'a str,
    /// What happened.
    data: &'a D,
}
