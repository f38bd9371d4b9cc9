use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaDataWriter;
use proptest::prelude::*;
use sluicebox_parquet::TableWriter;
use sluicebox_parquet::inspect::{InspectError, read_footer, read_lineage, read_offsets};

use crate::tables::{SEPTEMBER, cut, flights, flights_batch, spec};

fn file() -> Vec<u8> {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    writer
        .append(&flights_batch(0..200), &[SEPTEMBER; 200])
        .unwrap();
    writer.close(&cut(0, 200)).unwrap().remove(0).bytes.to_vec()
}

/// Everything that an inspection does. It must come back.
fn inspect(bytes: Vec<u8>) -> Result<usize, InspectError> {
    let bytes = Bytes::from(bytes);
    if let Ok(footer) = read_footer(&bytes) {
        drop(read_lineage(&footer));
    }
    let mut rows = 0;
    for offsets in read_offsets(bytes)? {
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
