use serde::{Deserialize, Serialize};
use sluicebox_chain::{ChainId, CommitRecord, Tail};
use uuid::Uuid;

/// The format that is written and read.
const FORMAT: u32 = 1;
/// Events given up that a cursor remembers one by one: the newest.
const SKIPPED_MAX: usize = 20;

/// How far a target was told of a chain: a control object of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    v: u32,
    /// The first record that it was not told of.
    pub(super) next: u64,
    /// The attempt of the record before that: a chain that does not hold it is another chain.
    id: Option<Uuid>,
    /// The watermark up to there.
    pub(super) watermark: Option<i64>,
    /// Events that were given up.
    skipped_total: u64,
    /// The newest of them.
    skipped: Vec<Skipped>,
}

/// An event that the target would not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Skipped {
    /// The record.
    pub(super) seq: u64,
    /// The event.
    pub(super) id: String,
    /// What it was about.
    pub(super) subject: String,
    /// What the target said.
    pub(super) message: String,
    /// When it was given up, RFC 3339.
    pub(super) at: String,
}

impl Cursor {
    /// Where a target's cursor for a chain lies, below the control root: beside the chain's records,
    /// whose folder stays theirs alone.
    pub(super) fn path(chain: &ChainId, target: &str) -> String {
        let (pipeline, topic, partition) = (&chain.pipeline, &chain.topic, chain.partition);
        format!("{pipeline}/{topic}/p{partition:05}/notify/{target}.json")
    }

    /// Where a target's cursor for a topic's seals lies.
    pub(super) fn path_of_seals(chain: &ChainId, target: &str) -> String {
        format!(
            "{}/{}/seals/notify/{target}.json",
            chain.pipeline, chain.topic
        )
    }

    /// Before the first record.
    pub(super) const fn at_start() -> Self {
        Self {
            v: FORMAT,
            next: 0,
            id: None,
            watermark: None,
            skipped_total: 0,
            skipped: Vec::new(),
        }
    }

    /// Behind the newest record.
    pub(super) fn behind(tail: &Tail) -> Self {
        Self {
            next: tail.seq + 1,
            id: Some(tail.id),
            watermark: tail.watermark,
            ..Self::at_start()
        }
    }

    /// Reads a cursor; none from bytes that are not one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let cursor: Self = serde_json::from_slice(bytes).ok()?;
        (cursor.v == FORMAT).then_some(cursor)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Whether `record`, at the cursor's place, continues the chain that it was made of.
    pub(super) fn precedes(&self, record: &CommitRecord) -> bool {
        self.id.is_none() || record.prev == self.id
    }

    /// Whether it stands behind the record of this attempt.
    pub(super) fn is_behind(&self, id: Uuid) -> bool {
        self.id.is_none_or(|before| before == id)
    }

    /// Moves behind `record`.
    pub(super) fn pass(&mut self, record: &CommitRecord) {
        self.next = record.seq.saturating_add(1);
        self.id = Some(record.id);
        self.watermark = record.watermark;
    }

    /// Moves over records that are there no more, to `next`.
    pub(super) const fn jump(&mut self, next: u64) {
        self.next = next;
        self.id = None;
    }

    /// Remembers an event that was given up.
    pub(super) fn skip(&mut self, event: Skipped) {
        self.skipped_total = self.skipped_total.saturating_add(1);
        self.skipped.push(event);
        let surplus = self.skipped.len().saturating_sub(SKIPPED_MAX);
        self.skipped.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sluicebox_chain::seq_of_path;

    use super::*;

    /// A cursor is read back as it was written, remembers the newest failures only, and its path is
    /// never taken for a record's.
    #[test]
    fn cursors_are_kept() {
        let mut cursor = Cursor::at_start();
        for seq in 0..100 {
            cursor.skip(Skipped {
                seq,
                id: String::new(),
                subject: String::new(),
                message: "400".to_owned(),
                at: String::new(),
            });
        }
        assert_eq!(
            (cursor.skipped_total, cursor.skipped.len()),
            (100, SKIPPED_MAX)
        );
        assert_eq!(cursor.skipped.last().map(|skipped| skipped.seq), Some(99));
        assert_eq!(Cursor::parse(&cursor.to_bytes().unwrap()), Some(cursor));
        let chain = ChainId {
            pipeline: "p".to_owned(),
            topic: "t".to_owned(),
            partition: 3,
        };
        let path = Cursor::path(&chain, "airflow");
        assert_eq!(path, "p/t/p00003/notify/airflow.json");
        assert!(!path.starts_with(&chain.prefix()) && seq_of_path(&path).is_none());
    }

    proptest! {
        /// Foreign bytes are no cursor, and never a panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Cursor::parse(&bytes), None);
        }
    }
}
