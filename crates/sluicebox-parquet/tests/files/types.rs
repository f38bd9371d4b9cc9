use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use parquet::schema::printer::print_schema;
use sluicebox_parquet::{TableWriter, kafka_column, kafka_field, table_schema};

use crate::tables::{SEPTEMBER, cut, read, reader, spec};

/// Three rows of every type: an ordinary value or the smallest, null, and the largest.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let micros = || TimestampMicrosecondArray::from(vec![Some(i64::MIN), None, Some(i64::MAX)]);
    let decimal = |precision, scale, largest: i128| -> ArrayRef {
        let values = Decimal128Array::from(vec![Some(-largest), None, Some(largest)]);
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
    };
    vec![
        (
            "flag",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "small",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX)])),
        ),
        (
            "large",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
        ),
        ("unsigned", decimal(20, 0, i128::from(u64::MAX))),
        (
            "real",
            Arc::new(Float32Array::from(vec![
                Some(f32::MIN),
                None,
                Some(f32::INFINITY),
            ])),
        ),
        (
            "double",
            Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(f64::MAX)])),
        ),
        ("price", decimal(9, 2, 999_999_999)),
        ("amount", decimal(18, 4, 999_999_999_999_999_999)),
        ("total", decimal(38, 10, 10_i128.pow(38) - 1)),
        (
            "text",
            Arc::new(StringArray::from(vec![
                Some(""),
                None,
                Some("Zürich \u{0} 東京 🛫"),
            ])),
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![
                Some(&[][..]),
                None,
                Some(&[0, 255, 10][..]),
            ])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![
                Some(-141_428),
                None,
                Some(2_932_896),
            ])),
        ),
        ("moment", Arc::new(micros().with_timezone("UTC"))),
        ("wall_clock", Arc::new(micros())),
        ("address", Arc::new(address())),
        ("tags", Arc::new(tags())),
        ("scores", Arc::new(scores())),
        ("legs", Arc::new(legs())),
    ]
}

fn address() -> StructArray {
    let members: Fields = vec![
        Field::new("city", DataType::Utf8, true),
        Field::new("zip", DataType::Int32, true),
    ]
    .into();
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![Some("Basel"), None, None])),
        Arc::new(Int32Array::from(vec![None, None, Some(4_051)])),
    ];
    StructArray::new(
        members,
        arrays,
        Some(NullBuffer::from(vec![true, false, true])),
    )
}

/// `[a, null]`, null, `[]`
fn tags() -> ListArray {
    let item = Arc::new(Field::new("item", DataType::Utf8, true));
    let values = StringArray::from(vec![Some("a"), None]);
    let nulls = NullBuffer::from(vec![true, false, true]);
    ListArray::new(
        item,
        OffsetBuffer::from_lengths([2, 0, 0]),
        Arc::new(values),
        Some(nulls),
    )
}

/// `{x: 1.5, y: null}`, null, `{}`
fn scores() -> MapArray {
    let pair: Fields = vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Float64, true),
    ]
    .into();
    let sides: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["x", "y"])),
        Arc::new(Float64Array::from(vec![Some(1.5), None])),
    ];
    let entries = StructArray::new(pair.clone(), sides, None);
    let field = Arc::new(Field::new("entries", DataType::Struct(pair), false));
    let nulls = NullBuffer::from(vec![true, false, true]);
    MapArray::new(
        field,
        OffsetBuffer::from_lengths([2, 0, 0]),
        entries,
        Some(nulls),
        false,
    )
}

/// A list of structs: two, none, one.
fn legs() -> ListArray {
    let members: Fields = vec![Field::new("origin", DataType::Utf8, false)].into();
    let origins: ArrayRef = Arc::new(StringArray::from(vec!["ZRH", "BSL", "EWR"]));
    let structs = StructArray::new(members.clone(), vec![origins], None);
    let item = Arc::new(Field::new("item", DataType::Struct(members), false));
    ListArray::new(
        item,
        OffsetBuffer::from_lengths([2, 0, 1]),
        Arc::new(structs),
        None,
    )
}

fn batch() -> RecordBatch {
    let mut fields: Vec<Field> = columns()
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    fields.push(kafka_field());
    let mut arrays: Vec<ArrayRef> = columns().into_iter().map(|(_, array)| array).collect();
    let timestamps = [Some(0), None, Some(1_567_296_000_000)];
    arrays.push(Arc::new(kafka_column(
        "raw.flights",
        12,
        vec![0, 1, i64::MAX],
        &timestamps,
    )));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn write() -> bytes::Bytes {
    let batch = batch();
    let schema = table_schema(&batch.schema()).unwrap();
    let mut writer = TableWriter::new(Arc::new(spec(&schema)));
    writer.append(&batch, &[SEPTEMBER; 3]).unwrap();
    writer.close(&cut(0, 3)).unwrap().remove(0).bytes.to_bytes()
}

/// Every type comes back as the same values, with its extremes, nulls and empties.
#[test]
fn every_type_round_trips() {
    let read = read(&write());
    assert_eq!(read.num_rows(), 3);
    for (name, written) in columns() {
        let found = &read[name];
        assert_eq!(found.len(), written.len());
        match written.data_type() {
            DataType::Struct(_) | DataType::List(_) | DataType::Map(_, _) => {
                assert_eq!(
                    format!("{found:?}"),
                    format!("{:?}", same_names(&written, found))
                );
            }
            _ => assert_eq!(found, &written, "{name}"),
        }
    }
    let kafka = read["_kafka"].as_struct();
    assert_eq!(kafka, batch()["_kafka"].as_struct());
}

/// The expected values under the names that the Parquet specification gives to children.
fn same_names(written: &ArrayRef, found: &ArrayRef) -> ArrayRef {
    arrow::compute::cast(written, found.data_type()).unwrap()
}

/// Engines see exactly the Parquet types that the table of types promises.
#[test]
fn parquet_types_are_those_of_the_table_of_types() {
    let file = write();
    let reader = reader(&file);
    let mut printed = Vec::new();
    print_schema(&mut printed, reader.metadata().file_metadata().schema());
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(without_ids(&printed), PARQUET_SCHEMA);
    let without_id = printed
        .lines()
        .filter(|line| line.contains("OPTIONAL") || line.contains("REQUIRED"))
        .filter(|line| !line.contains(" ["));
    assert_eq!(
        without_id.collect::<Vec<_>>(),
        [""; 0],
        "each has a field id"
    );
}

/// Drops `[123]`.
fn without_ids(text: &str) -> String {
    let mut parts = text.split(" [");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once(']').map_or("", |(_, rest)| rest)
    })
}

const PARQUET_SCHEMA: &str = "\
message schema {
  OPTIONAL BOOLEAN flag;
  OPTIONAL INT32 small;
  OPTIONAL INT64 large;
  OPTIONAL FIXED_LEN_BYTE_ARRAY (9) unsigned (DECIMAL(20,0));
  OPTIONAL FLOAT real;
  OPTIONAL DOUBLE double;
  OPTIONAL INT32 price (DECIMAL(9,2));
  OPTIONAL INT64 amount (DECIMAL(18,4));
  OPTIONAL FIXED_LEN_BYTE_ARRAY (16) total (DECIMAL(38,10));
  OPTIONAL BYTE_ARRAY text (STRING);
  OPTIONAL BYTE_ARRAY bytes;
  OPTIONAL INT32 day (DATE);
  OPTIONAL INT64 moment (TIMESTAMP(MICROS,true));
  OPTIONAL INT64 wall_clock (TIMESTAMP(MICROS,false));
  OPTIONAL group address {
    OPTIONAL BYTE_ARRAY city (STRING);
    OPTIONAL INT32 zip;
  }
  OPTIONAL group tags (LIST) {
    REPEATED group list {
      OPTIONAL BYTE_ARRAY element (STRING);
    }
  }
  OPTIONAL group scores (MAP) {
    REPEATED group key_value {
      REQUIRED BYTE_ARRAY key (STRING);
      OPTIONAL DOUBLE value;
    }
  }
  OPTIONAL group legs (LIST) {
    REPEATED group list {
      OPTIONAL group element {
        OPTIONAL BYTE_ARRAY origin (STRING);
      }
    }
  }
  REQUIRED group _kafka {
    REQUIRED BYTE_ARRAY topic (STRING);
    REQUIRED INT32 partition;
    REQUIRED INT64 offset;
    OPTIONAL INT64 timestamp (TIMESTAMP(MICROS,true));
  }
}
";
