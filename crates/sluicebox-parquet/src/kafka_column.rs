use std::sync::{Arc, LazyLock};

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::schema::with_field_ids;

/// The name of the column that says where in Kafka a row comes from.
pub(crate) const KAFKA_COLUMN: &str = "_kafka";

/// The name of its member with the record's offset.
pub(crate) const OFFSET_MEMBER: &str = "offset";

/// Made once: every batch needs it.
static KAFKA_FIELD: LazyLock<Field> = LazyLock::new(|| {
    let column = Field::new(KAFKA_COLUMN, DataType::Struct(members()), false);
    let with_ids = with_field_ids(&vec![column].into());
    with_ids
        .iter()
        .next()
        .map(|field| field.as_ref().clone())
        .expect("one field in, one out")
});

/// The field of [`kafka_column`], with its Parquet field ids.
#[must_use]
pub fn kafka_field() -> Field {
    KAFKA_FIELD.clone()
}

fn members() -> Fields {
    vec![
        Field::new("topic", DataType::Utf8, false),
        Field::new("partition", DataType::Int32, false),
        Field::new(OFFSET_MEMBER, DataType::Int64, false),
        Field::new("timestamp", utc_micros(), true),
    ]
    .into()
}

/// A moment in microseconds, UTC.
pub(crate) fn utc_micros() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Where in Kafka the rows of a batch come from: one struct of topic, partition, offset and record
/// timestamp per offset.
///
/// A timestamp that is missing, or that does not fit 64 bits of microseconds, is null. Topic names
/// have at most 249 bytes, so a batch of up to eight million rows fits.
#[must_use]
pub fn kafka_column(
    topic: &str,
    partition: i32,
    offsets: Vec<i64>,
    timestamps_millis: &[Option<i64>],
) -> StructArray {
    let rows = offsets.len();
    let timestamps = (0..rows).map(|row| {
        let millis = timestamps_millis.get(row).copied().flatten()?;
        millis.checked_mul(1_000)
    });
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::new_repeated(topic, rows)),
        Arc::new(Int32Array::from(vec![partition; rows])),
        Arc::new(Int64Array::from(offsets)),
        Arc::new(
            timestamps
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
    ];
    let DataType::Struct(members) = KAFKA_FIELD.data_type() else {
        unreachable!("the field is made as a struct a few lines above")
    };
    StructArray::try_new(members.clone(), columns, None)
        .expect("columns of one length, of the members' types, nulls only where members allow them")
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

    use super::*;

    /// Each row names its record; missing and impossible timestamps are null, not wrong.
    #[test]
    fn rows_name_their_records() {
        let column = kafka_column("flights", 12, vec![7, 9], &[Some(1_500), Some(i64::MAX)]);
        assert_eq!(column.data_type(), kafka_field().data_type());
        assert_eq!(column.column(0).as_string::<i32>().value(1), "flights");
        assert_eq!(
            column.column(2).as_primitive::<Int64Type>().values(),
            &[7, 9]
        );
        let timestamps = column.column(3).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(
            (timestamps.value(0), timestamps.is_null(1)),
            (1_500_000, true)
        );
    }

    #[test]
    fn no_rows_are_no_rows() {
        assert_eq!(kafka_column("flights", 0, vec![], &[]).len(), 0);
    }
}
