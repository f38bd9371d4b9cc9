//! Files in the lake, as `verify`, `inspect` and the crawler read them.

use bytes::Bytes;
use sluicebox_parquet::inspect::{
    footer_bytes, offset_ranges, read_columns, read_footer, read_lineage, read_offsets,
};

const MAGIC: &[u8] = b"PAR1";

/// Bytes are a file that can be inspected, or an error: as they are, and as the footer of a file that
/// is otherwise well-formed.
pub(crate) fn run(data: &[u8]) {
    inspect(&Bytes::copy_from_slice(data));
    let length = u32::try_from(data.len()).unwrap_or_default();
    inspect(&[MAGIC, data, &length.to_le_bytes(), MAGIC].concat().into());
}

fn inspect(file: &Bytes) {
    let trailer = file.len().saturating_sub(8);
    let footer_bytes = footer_bytes(&file[trailer..]);
    let Ok(footer) = read_footer(file) else {
        return;
    };
    assert!(footer_bytes.is_some());
    let _columns_of_foreign_files = read_columns(file);
    if let Ok(lineage) = read_lineage(&footer) {
        let rows = footer.file_metadata().num_rows();
        assert_eq!(Ok(lineage.rows), rows.try_into());
    }
    let _ranges_of_foreign_files = offset_ranges(&footer);
    let Ok(offsets) = read_offsets(footer, file.clone()) else {
        return;
    };
    // A few bytes may stand for billions of equal values.
    for offsets in offsets.map_while(Result::ok).take(100) {
        assert!(!offsets.is_empty());
    }
}
