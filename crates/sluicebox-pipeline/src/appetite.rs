use crate::hops::decode;

/// Records taken at once at most: enough to pay for a batch, few enough to answer the inbox often.
const RECORDS_MAX: usize = 4_096;
/// Records taken at once at least, whatever they weigh.
const RECORDS_MIN: usize = 16;

/// Bytes of values and keys that a batch has about.
const BATCH_BYTES: usize = 4 << 20;

/// Bytes that a worker holds about, beside what it fetches and what it writes: the records in hand
/// and their rows.
pub const WORKER_BYTES: usize = BATCH_BYTES + decode::BATCH_BYTES_MAX;

/// How much a worker takes at once. A client hands out records by number, so that a number which
/// suits small records would take hundreds of megabytes of large ones, beside everything that the
/// memory limit accounts for. What the last batch weighed tells how many the next may have.
#[derive(Debug)]
pub(crate) struct Appetite {
    records: usize,
}

impl Appetite {
    pub(crate) const fn new() -> Self {
        Self {
            records: RECORDS_MIN,
        }
    }

    /// How many records to take.
    pub(crate) const fn records(&self) -> usize {
        self.records
    }

    /// A batch of `records` weighed `bytes`.
    pub(crate) fn learn(&mut self, records: usize, bytes: usize) {
        if let Some(record_bytes) = bytes.checked_div(records) {
            let fitting = BATCH_BYTES / record_bytes.max(1);
            self.records = fitting.clamp(RECORDS_MIN, RECORDS_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever records weigh, a batch stays near its size; it begins small, and is never empty.
    #[test]
    fn a_batch_keeps_its_weight() {
        let mut appetite = Appetite::new();
        assert_eq!(appetite.records(), RECORDS_MIN);
        for (record_bytes, records) in [
            (0, RECORDS_MAX),
            (100, RECORDS_MAX),
            (10 << 10, 409),
            (100 << 20, RECORDS_MIN),
        ] {
            appetite.learn(10, 10 * record_bytes);
            assert_eq!(appetite.records(), records, "of {record_bytes} bytes");
        }
        appetite.learn(0, 0);
        assert_eq!(appetite.records(), RECORDS_MIN);
    }
}
