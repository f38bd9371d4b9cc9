use std::fmt;

/// The declared shape of a table: which columns it has, of which types, and where in a source
/// record each one is found.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// Columns in the order in which they stand in the Parquet files.
    pub columns: Vec<Column>,
}

/// One column, or one member of a struct column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in the table: lower snake case.
    pub name: String,
    /// The path of its field in the source record, from the enclosing object; `[name]` when the
    /// config gives none.
    pub from: Vec<String>,
    /// Its type.
    pub data_type: ColumnType,
    /// Whether a record without it (or with null in its place) is rejected.
    pub required: bool,
    /// The value that stands in for a missing field; an explicit null stays null. JSON, as it would
    /// stand in the record.
    pub default: Option<serde_json::Value>,
}

/// Units in which a number may count time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds (cut to microseconds only if nothing is lost; else out of range).
    Nanos,
}

impl TimeUnit {
    /// The word used in schemas.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "millis",
            Self::Micros => "micros",
            Self::Nanos => "nanos",
        }
    }
}

/// How a source record writes a time. Declared, never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeEncoding {
    /// A text: RFC 3339 with offset for timestamps, ISO 8601 without one for local timestamps,
    /// `HH:MM:SS[.ffffff]` for times of day.
    Text,
    /// An integer in this unit, since 1970-01-01 (since midnight for times of day).
    Number(TimeUnit),
}

/// The types a column can have: those that every engine reads alike.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnType {
    /// true or false.
    Boolean,
    /// Signed integer of 32 bits.
    Int,
    /// Signed integer of 64 bits.
    Bigint,
    /// Unsigned integer of 64 bits; stands in Parquet as `decimal(20,0)`.
    UnsignedBigint,
    /// IEEE 754 single precision.
    Float,
    /// IEEE 754 double precision.
    Double,
    /// Exact decimal number: at most 38 digits, `scale` of them behind the point.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point, 0 to `precision`.
        scale: u8,
    },
    /// UTF-8 text.
    String,
    /// UUID in its text form; checked, stored as text.
    Uuid,
    /// Bytes; base64 in JSON.
    Binary,
    /// A day; `YYYY-MM-DD` in JSON.
    Date,
    /// A moment, microseconds UTC.
    Timestamp(TimeEncoding),
    /// A wall-clock reading without a zone, microseconds.
    TimestampNtz(TimeEncoding),
    /// Time of day, stored as microseconds since midnight (bigint).
    Time(TimeEncoding),
    /// Any JSON value, kept as its text.
    Json,
    /// Named members.
    Struct(Vec<Column>),
    /// Elements of one type; null elements are allowed.
    List(Box<Self>),
    /// String keys to values of one type; null values are allowed.
    Map(Box<Self>),
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timed = |f: &mut fmt::Formatter<'_>, name: &str, encoding: &TimeEncoding| match encoding
        {
            TimeEncoding::Text => f.write_str(name),
            TimeEncoding::Number(unit) => write!(f, "{name}({})", unit.as_str()),
        };
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int => f.write_str("int"),
            Self::Bigint => f.write_str("bigint"),
            Self::UnsignedBigint => f.write_str("unsigned_bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Uuid => f.write_str("uuid"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp(encoding) => timed(f, "timestamp", encoding),
            Self::TimestampNtz(encoding) => timed(f, "timestamp_ntz", encoding),
            Self::Time(encoding) => timed(f, "time", encoding),
            Self::Json => f.write_str("json"),
            Self::Struct(members) => {
                f.write_str("struct<")?;
                for (index, member) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{}", member.name, member.data_type)?;
                }
                f.write_str(">")
            }
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Map(value) => write!(f, "map<string,{value}>"),
        }
    }
}
