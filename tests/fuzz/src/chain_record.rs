//! Records of a commit chain, and the offset sets in them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluicebox_chain::{ChainId, CommitRecord, Hint, Writer, audit_link, audit_record, seq_of_path};
use uuid::Uuid;

const PATH: &str = "p/t/p00000/c/00000000000000000/00000000000000000000.json";

/// Bytes are a record that is read back as it was written, and can be audited; or an error.
pub(crate) fn run(data: &[u8]) {
    judge(data);
    judge(&with_offset_set(data));
    if let Ok(text) = str::from_utf8(data) {
        let hint = Hint::parse(text);
        assert_eq!(hint.and_then(|hint| Hint::parse(&hint.to_metadata())), hint);
        let _none_where_it_is_no_path = seq_of_path(text);
    }
}

fn judge(bytes: &[u8]) {
    let record = match CommitRecord::parse(PATH, bytes) {
        Ok(record) => record,
        Err(error) => return assert!(error.to_string().contains(PATH)),
    };
    let written = record.to_bytes().expect("a record is JSON");
    let again = CommitRecord::parse(PATH, &written).expect("what was written is read");
    assert_eq!(again, record);
    let next = CommitRecord::after(&record.tail(), record.chain.clone(), record.id, i64::MAX);
    assert_eq!(audit_link(&record, &next).is_empty(), record.seq < u64::MAX);
    for finding in [audit_record(&record), audit_link(&record, &record)].concat() {
        assert!(!finding.to_string().is_empty());
    }
    let offsets = record.duplicates.offsets(record.range.start);
    assert!(offsets.take(1_000).count() as u64 <= record.duplicates.len());
}

/// A record that is good but for its duplicates.
fn with_offset_set(bitmap: &[u8]) -> Vec<u8> {
    let chain = ChainId {
        pipeline: "p".to_owned(),
        topic: "t".to_owned(),
        partition: 0,
    };
    let writer = Writer {
        instance: String::new(),
        version: String::new(),
    };
    let record = CommitRecord::genesis(chain, Uuid::nil(), 0, writer, String::new());
    let mut record = serde_json::to_value(record).expect("a record is JSON");
    record["duplicates"] = STANDARD.encode(bitmap).into();
    record.to_string().into_bytes()
}
