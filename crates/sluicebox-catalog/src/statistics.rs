//! What a partition holds, as parameters of Hive's names.

use std::collections::BTreeMap;

use crate::PartitionStatistics;

const FILES: &str = "numFiles";
const ROWS: &str = "numRows";
const BYTES: &str = "totalSize";

/// Hive's promise that queries may be answered from statistics alone.
const STATISTICS_ARE_ACCURATE: &str = "COLUMN_STATS_ACCURATE";

/// The statistics among a partition's parameters, if all of them are there.
pub(crate) fn read(parameters: &BTreeMap<String, String>) -> Option<PartitionStatistics> {
    let number = |name| parameters.get(name)?.parse().ok();
    Some(PartitionStatistics {
        files: number(FILES)?,
        rows: number(ROWS)?,
        bytes: number(BYTES)?,
    })
}

/// Puts statistics, or none, in place of those that are there. Who has new numbers has new contents:
/// what was computed of the old ones is no longer accurate.
pub(crate) fn write(
    parameters: &mut BTreeMap<String, String>,
    statistics: Option<PartitionStatistics>,
) {
    for name in [FILES, ROWS, BYTES, STATISTICS_ARE_ACCURATE] {
        parameters.remove(name);
    }
    if let Some(PartitionStatistics { files, rows, bytes }) = statistics {
        let numbers = [(FILES, files), (ROWS, rows), (BYTES, bytes)];
        parameters.extend(numbers.map(|(name, number)| (name.to_owned(), number.to_string())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// New numbers replace the old ones, end their accuracy, and leave the rest alone. Half of them,
    /// or nonsense, is nothing.
    #[test]
    fn statistics_are_parameters() {
        let mut parameters = BTreeMap::from(
            [
                ("a", "b"),
                ("numRows", "x"),
                (STATISTICS_ARE_ACCURATE, "{}"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        assert_eq!(read(&parameters), None);
        let statistics = Some(PartitionStatistics {
            files: 1,
            rows: u64::MAX,
            bytes: 0,
        });
        write(&mut parameters, statistics);
        assert_eq!(read(&parameters), statistics);
        assert_eq!(parameters.get("a").map(String::as_str), Some("b"));
        assert_eq!(parameters.get(STATISTICS_ARE_ACCURATE), None);
        write(&mut parameters, None);
        assert_eq!(parameters.len(), 1);
    }
}
