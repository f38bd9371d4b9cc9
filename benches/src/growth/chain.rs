use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sluicebox_chain::{ChainId, CommitRecord, Writer};
use uuid::Uuid;

use crate::drain::{CONTROL, Place};
use crate::load::Load;

/// Writes a chain of so many records that covers all of a load's only partition, as if it had been
/// read in another life.
pub(super) fn write(place: &Place, load: &Load, records: u32) -> Result<()> {
    let topic = load.topics.first().context("a topic")?;
    let log = topic.partitions.first().context("a partition")?;
    let chain = ChainId {
        pipeline: topic.name.clone(),
        topic: topic.name.clone(),
        partition: 0,
    };
    let control = place.folder().join(CONTROL);
    let writer = Writer {
        instance: "another".to_owned(),
        version: String::new(),
    };
    let start = log.end() - i64::from(records) + 1;
    let mut record = CommitRecord::genesis(
        chain.clone(),
        Uuid::from_u128(0),
        start,
        writer,
        String::new(),
    );
    put(&control, &record)?;
    for index in 1..records {
        let id = Uuid::from_u128(index.into());
        let tail = record.tail();
        record = CommitRecord::after(&tail, chain.clone(), id, tail.end + 1);
        put(&control, &record)?;
    }
    Ok(())
}

fn put(control: &Path, record: &CommitRecord) -> Result<()> {
    let path = control.join(record.path());
    fs::create_dir_all(path.parent().context("a folder")?)?;
    Ok(fs::write(path, record.to_bytes()?)?)
}
