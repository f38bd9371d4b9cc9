use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaDataWriter;
use proptest::prelude::*;
use sluicebox_parquet::TableWriter;
use sluicebox_parquet::inspect::{
    InspectError, read_columns, read_footer, read_lineage, read_offsets,
};

use crate::tables::{SEPTEMBER, cut, flights, flights_batch, spec};

fn file() -> Vec<u8> {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    writer
        .append(&flights_batch(0..200), &[SEPTEMBER; 200])
        .unwrap();
    writer
        .close(&cut(0, 200))
        .unwrap()
        .remove(0)
        .bytes
        .to_bytes()
        .to_vec()
}

/// Everything that an inspection does. It must come back.
fn inspect(bytes: Vec<u8>) -> Result<usize, InspectError> {
    let bytes = Bytes::from(bytes);
    let footer = read_footer(&bytes)?;
    drop(read_lineage(&footer));
    let mut rows = 0;
    for offsets in read_offsets(footer, bytes)? {
        rows += offsets?.len();
    }
    Ok(rows)
}

/// Files of others are told apart from damaged ones.
#[test]
fn other_files_are_refused_with_the_reason() {
    assert!(matches!(inspect(vec![]), Err(InspectError::Parquet(_))));
    assert!(matches!(
        inspect(b"PAR1 no footer PAR1".to_vec()),
        Err(InspectError::Parquet(_))
    ));
    assert_eq!(inspect(file()).unwrap(), 200);
}

/// Lengths that the Parquet reader does not even check are damage like any other.
#[test]
fn impossible_lengths_in_the_footer_are_damage() {
    let footer = read_footer(&Bytes::from(file())).unwrap();
    let row_group = footer.row_group(0).clone();
    let columns = row_group.columns().iter().map(|column| {
        column
            .clone()
            .into_builder()
            .set_total_compressed_size(-1)
            .build()
            .unwrap()
    });
    let columns = columns.collect();
    let row_group = row_group
        .into_builder()
        .set_column_metadata(columns)
        .build()
        .unwrap();
    let footer = footer
        .into_builder()
        .set_row_groups(vec![row_group])
        .build();
    let mut bytes = b"PAR1".to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &footer)
        .finish()
        .unwrap();
    assert!(matches!(inspect(bytes), Err(InspectError::Damaged)));
}

/// The file of a footer that says: a root with so many groups in one another, each of which announces
/// so many columns; and so many row groups.
fn file_that_announces(groups: usize, columns: u8, row_groups: u8) -> Bytes {
    const LIST_OF_STRUCTS: u8 = 0xfc;
    let length = |length: usize| -> Vec<u8> {
        let sevens = (0..5).map(|place| length >> (7 * place) & 0x7f);
        let sevens = sevens.map(|bits| u8::try_from(bits).unwrap());
        let more = (0..5).map(|place| if place < 4 { 0x80 } else { 0 });
        sevens.zip(more).map(|(bits, more)| bits | more).collect()
    };
    let huge = |exponent: u8| 1_usize << exponent;
    let group = [0x48, 1, b'g', 0x15, 2, 0];
    let last = [&[0x48, 1, b'g', 0x15], &length(2 * huge(columns))[..], &[0]].concat();
    let footer = [
        &[0x15, 2, 0x19, LIST_OF_STRUCTS],
        &length(groups + 1)[..],
        &group.repeat(groups),
        &last,
        &[0x16, 0, 0x19, LIST_OF_STRUCTS],
        &length(huge(row_groups)),
        &[0],
    ]
    .concat();
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", &footer[..], &length, b"PAR1"].concat().into()
}

/// What a footer announces takes memory only if it is there, and groups in groups take no stack: the
/// Parquet reader would end the process over each of these.
#[test]
fn announced_sizes_are_held_against_the_footer() {
    for file in [
        file_that_announces(1, 0, 30),
        file_that_announces(1, 30, 0),
        file_that_announces(500_000, 0, 0),
    ] {
        assert!(matches!(read_footer(&file), Err(InspectError::Damaged)));
        assert!(matches!(read_columns(&file), Err(InspectError::Damaged)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No damage makes an inspection panic or hang.
    #[test]
    fn damaged_files_give_errors_not_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        footer_only: bool,
        cut_off in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = file();
        let start = if footer_only { bytes.len() / 2 } else { 0 };
        for (index, byte) in flips {
            let index = start + index.index(bytes.len() - start);
            bytes[index] = byte;
        }
        if let Some(length) = cut_off {
            bytes.truncate(length.index(bytes.len()));
        }
        drop(inspect(bytes));
    }
}
