//! Kafka's record batches (magic 2), compressed with lz4 as producers do.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use crate::records::Record;

/// Where the fields lie that are written when the rest is there.
const LENGTH_AT: usize = 8;
const CHECKSUM_AT: usize = 17;
const CHECKED_FROM: usize = 21;
const FIRST_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;

const MAGIC: i8 = 2;
const ATTRIBUTES_LZ4: i16 = 3;
const NONE: i8 = -1;

/// Encodes records, of which the first gets `first_offset`, into one batch.
///
/// # Errors
/// When they are too many or too large for one.
pub fn encode(first_offset: i64, records: &[Record]) -> anyhow::Result<Bytes> {
    let first_millis = records.first().map_or(0, |record| record.at_millis);
    let max_millis = records.iter().map(|record| record.at_millis).max();
    let mut batch = BytesMut::new();
    batch.put_i64(first_offset);
    batch.put_i32(0); // the length
    batch.put_i32(NONE.into()); // the leader's epoch
    batch.put_i8(MAGIC);
    batch.put_u32(0); // the checksum
    batch.put_i16(ATTRIBUTES_LZ4);
    batch.put_i32(i32::try_from(records.len())? - 1);
    batch.put_i64(first_millis);
    batch.put_i64(max_millis.unwrap_or(first_millis));
    batch.put_i64(NONE.into()); // producer id
    batch.put_i16(NONE.into()); // producer epoch
    batch.put_i32(NONE.into()); // sequence
    batch.put_i32(i32::try_from(records.len())?);
    batch.put_slice(&compressed(first_millis, records)?);
    let length = i32::try_from(batch.len() - LENGTH_AT - size_of::<i32>())?;
    put(&mut batch, LENGTH_AT, &length.to_be_bytes());
    put_checksum(&mut batch);
    Ok(batch.freeze())
}

/// The same records further on in the log, and later.
#[must_use]
pub fn moved(batch: &Bytes, offsets: i64, millis: i64) -> BytesMut {
    let mut batch = BytesMut::from(&batch[..]);
    add(&mut batch, 0, offsets);
    if millis != 0 {
        add(&mut batch, FIRST_TIMESTAMP_AT, millis);
        add(&mut batch, MAX_TIMESTAMP_AT, millis);
        put_checksum(&mut batch);
    }
    batch
}

fn compressed(first_millis: i64, records: &[Record]) -> anyhow::Result<Vec<u8>> {
    let frame = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
    let mut encoded = Vec::new();
    for (index, record) in records.iter().enumerate() {
        encoded.clear();
        encoded.push(0); // attributes
        varint(&mut encoded, record.at_millis - first_millis);
        varint(&mut encoded, i64::try_from(index)?);
        for part in [record.key.as_bytes(), &record.value] {
            varint(&mut encoded, i64::try_from(part.len())?);
            encoded.extend_from_slice(part);
        }
        varint(&mut encoded, 0); // headers
        let mut length = Vec::new();
        varint(&mut length, i64::try_from(encoded.len())?);
        encoder.write_all(&length)?;
        encoder.write_all(&encoded)?;
    }
    Ok(encoder.finish()?)
}

/// Zigzag, seven bits a byte, the lowest first.
fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.extend_from_slice(&[rest.to_le_bytes()[0] | 0x80]);
        rest >>= 7;
    }
    out.extend_from_slice(&[rest.to_le_bytes()[0]]);
}

fn put_checksum(batch: &mut BytesMut) {
    let checksum = crc32c::crc32c(&batch[CHECKED_FROM..]);
    put(batch, CHECKSUM_AT, &checksum.to_be_bytes());
}

fn add(batch: &mut BytesMut, at: usize, by: i64) {
    let mut field = [0; size_of::<i64>()];
    field.copy_from_slice(&batch[at..at + size_of::<i64>()]);
    let moved = i64::from_be_bytes(field) + by;
    put(batch, at, &moved.to_be_bytes());
}

fn put(batch: &mut BytesMut, at: usize, field: &[u8]) {
    batch[at..at + field.len()].copy_from_slice(field);
}
