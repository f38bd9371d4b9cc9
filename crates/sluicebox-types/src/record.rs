use crate::Offset;

/// What a record's timestamp means: set by its producer, or by the broker when it was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's own stamp.
    CreateTime,
    /// The broker's clock at the append.
    LogAppendTime,
}

/// A record's headers, in order; a name may occur more than once.
pub trait HeaderList {
    /// How many headers there are.
    fn count(&self) -> usize;

    /// The header at `index` (name bytes, value or null); `None` past the end.
    fn get(&self, index: usize) -> Option<(&[u8], Option<&[u8]>)>;
}

impl dyn HeaderList + '_ {
    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        (0..self.count()).filter_map(|index| self.get(index))
    }
}

/// The headers of a record that has none.
#[derive(Debug)]
pub struct NoHeaders;

impl HeaderList for NoHeaders {
    fn count(&self) -> usize {
        0
    }

    fn get(&self, _index: usize) -> Option<(&[u8], Option<&[u8]>)> {
        None
    }
}

/// One record as Kafka holds it, borrowed from the client's fetch buffer.
#[derive(Clone, Copy)]
pub struct SourceRecord<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp in milliseconds since 1970-01-01 UTC; none in topics of the oldest format.
    pub timestamp_millis: Option<i64>,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'a dyn HeaderList,
}

impl std::fmt::Debug for SourceRecord<'_> {
    /// Payloads stay out of logs: sizes only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceRecord")
            .field("offset", &self.offset)
            .field("timestamp_millis", &self.timestamp_millis)
            .field("key_bytes", &self.key.map(<[u8]>::len))
            .field("value_bytes", &self.value.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

impl SourceRecord<'_> {
    /// Bytes of its key and its value.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len)
    }

    /// A copy that outlives the fetch buffer.
    #[must_use]
    pub fn to_owned_record(&self) -> OwnedRecord {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)))
            .collect();
        OwnedRecord {
            offset: self.offset,
            timestamp_millis: self.timestamp_millis,
            timestamp_type: self.timestamp_type,
            key: self.key.map(<[u8]>::to_vec),
            value: self.value.map(<[u8]>::to_vec),
            headers,
        }
    }
}

/// A record that owns its bytes: what a reject carries to the dead-letter topic and to quarantine.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp in milliseconds since 1970-01-01 UTC.
    pub timestamp_millis: Option<i64>,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl std::fmt::Debug for OwnedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_source().fmt(f)
    }
}

impl HeaderList for OwnedRecord {
    fn count(&self) -> usize {
        self.headers.len()
    }

    fn get(&self, index: usize) -> Option<(&[u8], Option<&[u8]>)> {
        self.headers
            .get(index)
            .map(|(name, value)| (name.as_slice(), value.as_deref()))
    }
}

impl OwnedRecord {
    /// The borrowed view of this record.
    #[must_use]
    pub fn as_source(&self) -> SourceRecord<'_> {
        SourceRecord {
            offset: self.offset,
            timestamp_millis: self.timestamp_millis,
            timestamp_type: self.timestamp_type,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: self,
        }
    }

    /// About how many bytes it holds in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len) + 48)
            .sum();
        self.key.as_ref().map_or(0, Vec::len)
            + self.value.as_ref().map_or(0, Vec::len)
            + headers
            + size_of::<Self>()
    }
}
