use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluicebox_chain::{ChainId, RecordTable};
use sluicebox_events::{
    Attributes, Event, EventData, EventPartition, EventTable, KafkaWatermark, Sealed,
    rfc3339_micros,
};
use sluicebox_types::{Offset, PartitionDate};
use uuid::Uuid;

/// The format that is written and read.
pub(super) const FORMAT: u32 = 1;

/// One sealed partition: an immutable control object, from which alone its event is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seal {
    pub(super) v: u32,
    /// Its place among the topic's seals, from 0.
    pub(super) seq: u64,
    /// The first record of the chain of Kafka partition 0: a topic that is begun anew has others.
    pub(super) genesis: Uuid,
    pub(super) date: PartitionDate,
    pub(super) table: RecordTable,
    /// The partition's folder below the lake's root.
    pub(super) folder: String,
    pub(super) allowed_lateness_seconds: u64,
    /// Where every chain stood, by Kafka partition.
    pub(super) chains: BTreeMap<i32, ChainPlace>,
    /// When it was decided, RFC 3339.
    pub(super) at: String,
}

/// How far a chain was looked through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChainPlace {
    /// The first record that was not looked at.
    pub(super) next: u64,
    /// The first offset that no record before it covers.
    pub(super) end: Offset,
    /// The watermark before it.
    pub(super) watermark: Option<i64>,
}

/// The folder of a topic's seals, with a trailing `/`. Its names are never taken for a record's.
pub(super) fn folder(chain: &ChainId) -> String {
    format!("{}/{}/seals/", chain.pipeline, chain.topic)
}

/// The path of seal `seq`.
pub(super) fn path(chain: &ChainId, seq: u64) -> String {
    format!("{}s{seq:020}.json", folder(chain))
}

impl Seal {
    /// Reads a seal; none from bytes that are not one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let seal: Self = serde_json::from_slice(bytes).ok()?;
        (seal.v == FORMAT).then_some(seal)
    }

    /// Its event.
    pub(super) fn event(&self, chain: &ChainId, lake_url: &str) -> Event {
        let RecordTable {
            database,
            name,
            folder,
            ..
        } = &self.table;
        let key = format!("{database}.{name}");
        let url = |path: &str| format!("{}/{path}", lake_url.trim_end_matches('/'));
        let watermark = |(partition, place): (&i32, &ChainPlace)| KafkaWatermark {
            topic: chain.topic.clone(),
            partition: *partition,
            end: place.end,
            watermark: place.watermark.map(rfc3339_micros),
        };
        let data = Sealed {
            table: EventTable {
                database: database.clone(),
                name: name.clone(),
                location: url(folder),
            },
            partition: EventPartition::new(&self.date, url(&self.folder)),
            allowed_lateness_seconds: self.allowed_lateness_seconds,
            kafka: self.chains.iter().map(watermark).collect(),
        };
        let attributes = Attributes {
            source: format!("urn:sluicebox:{}", chain.pipeline),
            subject: format!("{key}/{}", self.date),
            time: self.at.clone(),
            partitionkey: key,
            sequence: format!("{:020}", self.seq),
        };
        let name = format!("sealed {} {}", chain.topic, self.date);
        Event::named(self.genesis, &name, attributes, EventData::Sealed(data))
    }
}
