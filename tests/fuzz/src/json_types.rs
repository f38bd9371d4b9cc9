//! The decoder of JSON records with a column of every type, one record a line.

use sluicebox_decode::{DecodeOptions, JsonDecoder, UnknownFields};
use sluicebox_types::{Column, ColumnType, TableSchema, TimeEncoding, TimeUnit};

/// A batch gathered among bad records is the batch of the good ones alone.
pub(crate) fn run(data: &[u8]) {
    let (mut among_bad, mut alone) = (decoder(), decoder());
    for record in data.split(|byte| *byte == b'\n') {
        if among_bad.push(record).is_ok() {
            alone.push(record).expect("it was good before");
        }
    }
    assert_eq!(among_bad.buffered_bytes(), alone.buffered_bytes());
    assert_eq!(among_bad.unknown_fields(), alone.unknown_fields());
    assert_eq!(among_bad.finish(), alone.finish());
}

fn decoder() -> JsonDecoder {
    let options = DecodeOptions {
        unknown_fields: UnknownFields::Keep,
        max_depth: 8,
        ..DecodeOptions::default()
    };
    JsonDecoder::new(&schema(), options).expect("the columns are good")
}

fn schema() -> TableSchema {
    let (text, number) = (TimeEncoding::Text, TimeEncoding::Number);
    let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
    let types = [
        ("flag", ColumnType::Boolean),
        ("small", ColumnType::Int),
        ("large", ColumnType::Bigint),
        ("unsigned", ColumnType::UnsignedBigint),
        ("real", ColumnType::Float),
        ("double", ColumnType::Double),
        ("price", decimal(9, 2)),
        ("total", decimal(38, 10)),
        ("text", ColumnType::String),
        ("uuid", ColumnType::Uuid),
        ("bytes", ColumnType::Binary),
        ("day", ColumnType::Date),
        ("moment", ColumnType::Timestamp(text)),
        ("seconds", ColumnType::Timestamp(number(TimeUnit::Seconds))),
        ("nanos", ColumnType::Timestamp(number(TimeUnit::Nanos))),
        ("wall_clock", ColumnType::TimestampNtz(text)),
        ("millis", ColumnType::TimestampNtz(number(TimeUnit::Millis))),
        ("time", ColumnType::Time(text)),
        ("micros", ColumnType::Time(number(TimeUnit::Micros))),
        ("any", ColumnType::Json),
        ("lists", ColumnType::List(Box::new(ColumnType::Json))),
        ("maps", ColumnType::Map(Box::new(decimal(18, 4)))),
    ];
    let column = |(name, data_type): (&str, ColumnType)| Column {
        name: name.to_owned(),
        from: vec![name.to_owned()],
        data_type,
        required: false,
        default: None,
    };
    let mut columns: Vec<_> = types.map(column).into();
    let [near, mut far] = [("near", ColumnType::Uuid), ("far", ColumnType::String)].map(column);
    far.from = vec!["there".to_owned(), "is".to_owned(), "far".to_owned()];
    columns.extend([column(("place", ColumnType::Struct(vec![near]))), far]);
    TableSchema { columns }
}
