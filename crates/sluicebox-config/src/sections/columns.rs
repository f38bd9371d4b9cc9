use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use sluicebox_types::{Column, ColumnType, TableSchema, TimeEncoding, TimeUnit};

use crate::values::ValueError;

/// A table's columns: in a file of their own, or here.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[schemars(extend("x-expected" = "{file: <path>} or {columns: […]}"))]
pub(super) enum SchemaSection {
    /// A YAML file with the key `columns`.
    File {
        /// Its path, relative to the config file.
        #[schemars(length(min = 1))]
        file: String,
    },
    /// The columns.
    Columns {
        /// In the order in which they stand in the Parquet files.
        #[schemars(length(min = 1))]
        columns: Vec<ColumnSection>,
    },
}

/// One column, or one member of a struct.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnSection {
    /// Its name in the table: lower snake case.
    #[schemars(extend("format" = "column-name", "x-expected" = "a name in lower snake case"))]
    name: String,

    /// Its type, such as `bigint` or `{list: string}`. There are `boolean`, `int`, `bigint`,
    /// `unsigned_bigint`, `float`, `double`, `decimal(p,s)`, `string`, `uuid`, `binary`, `date`,
    /// `timestamp`, `timestamp_ntz`, `time`, `json`, `{struct: [columns]}`, `{list: type}` and
    /// `{map: type}`; a time that is a number says in what: `timestamp(millis)` (`seconds`,
    /// `millis`, `micros`, `nanos`).
    #[serde(rename = "type")]
    data_type: TypeSection,

    /// Where it is in the source record: a field's name, a path with dots (`a.b.c`), or a list of
    /// names when one of them has a dot in it. Default: its own name.
    #[serde(default)]
    from: Option<PathSection>,

    /// Whether a record without it, or with null in its place, is rejected. Default false.
    #[serde(default)]
    required: bool,

    /// What stands in for a missing field; an explicit null stays null.
    #[serde(default)]
    default: Option<serde_json::Value>,
}

/// A path into the source record.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a field, a path such as a.b.c, or a list of names"))]
enum PathSection {
    Dotted(#[schemars(length(min = 1))] String),
    Names(#[schemars(length(min = 1))] Vec<String>),
}

/// What a type may be that has no other types in it.
const SIMPLE_TYPES: &str = "boolean, int, bigint, unsigned_bigint, float, double, decimal(p,s), \
     string, uuid, binary, date, timestamp, timestamp_ntz, time or json";

/// A column's type.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[schemars(extend("x-expected" =
    "boolean, int, bigint, unsigned_bigint, float, double, decimal(p,s), string, uuid, binary, date, \
     timestamp, timestamp_ntz, time, json, {struct: [columns]}, {list: type} or {map: type}"
))]
enum TypeSection {
    /// A type without parts.
    Simple(#[schemars(extend("format" = "column-type", "x-expected" = SIMPLE_TYPES))] String),
    /// Named members.
    Struct {
        #[serde(rename = "struct")]
        members: Vec<ColumnSection>,
    },
    /// Elements of one type.
    List {
        #[serde(rename = "list")]
        element: Box<Self>,
    },
    /// String keys to values of one type.
    Map {
        #[serde(rename = "map")]
        value: Box<Self>,
    },
}

/// Reads columns; a schema file has been put in the place of its name by now.
pub(super) fn table_schema<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TableSchema, D::Error> {
    match SchemaSection::deserialize(deserializer)? {
        SchemaSection::Columns { columns } => {
            let columns = columns
                .into_iter()
                .map(Column::try_from)
                .collect::<Result<_, _>>();
            Ok(TableSchema {
                columns: columns.map_err(serde::de::Error::custom)?,
            })
        }
        SchemaSection::File { file } => Err(serde::de::Error::custom(format!(
            "the schema file {file} was not read"
        ))),
    }
}

impl TryFrom<ColumnSection> for Column {
    type Error = ValueError;

    fn try_from(section: ColumnSection) -> Result<Self, ValueError> {
        let from = match section.from {
            None => vec![section.name.clone()],
            Some(PathSection::Dotted(path)) => path.split('.').map(str::to_owned).collect(),
            Some(PathSection::Names(names)) => names,
        };
        Ok(Self {
            name: section.name,
            from,
            data_type: section.data_type.try_into()?,
            required: section.required,
            default: section.default,
        })
    }
}

impl TryFrom<TypeSection> for ColumnType {
    type Error = ValueError;

    fn try_from(section: TypeSection) -> Result<Self, ValueError> {
        Ok(match section {
            TypeSection::Simple(text) => simple_type(&text)?,
            TypeSection::List { element } => Self::List(Box::new((*element).try_into()?)),
            TypeSection::Map { value } => Self::Map(Box::new((*value).try_into()?)),
            TypeSection::Struct { members } => Self::Struct(
                members
                    .into_iter()
                    .map(Column::try_from)
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

/// A type without parts, from its text.
pub(crate) fn simple_type(text: &str) -> Result<ColumnType, ValueError> {
    let (name, argument) = match text.trim().split_once('(') {
        None => (text.trim(), None),
        Some((name, rest)) => {
            let argument = rest.strip_suffix(')');
            let argument = argument.ok_or_else(|| ValueError::new("its `)` is missing"))?;
            (name.trim_end(), Some(argument))
        }
    };
    match (name, argument) {
        ("decimal", Some(digits)) => decimal(digits),
        ("decimal", None) => Err(ValueError::new("decimal needs its digits: decimal(18,2)")),
        ("timestamp", unit) => Ok(ColumnType::Timestamp(time_encoding(unit)?)),
        ("timestamp_ntz", unit) => Ok(ColumnType::TimestampNtz(time_encoding(unit)?)),
        ("time", unit) => Ok(ColumnType::Time(time_encoding(unit)?)),
        (name, None) => plain(name).ok_or_else(|| ValueError::new("there is no such type")),
        (name, Some(_)) if plain(name).is_some() => {
            Err(ValueError::new("this type takes nothing in brackets"))
        }
        (_, Some(_)) => Err(ValueError::new("there is no such type")),
    }
}

fn plain(name: &str) -> Option<ColumnType> {
    Some(match name {
        "boolean" => ColumnType::Boolean,
        "int" => ColumnType::Int,
        "bigint" => ColumnType::Bigint,
        "unsigned_bigint" => ColumnType::UnsignedBigint,
        "float" => ColumnType::Float,
        "double" => ColumnType::Double,
        "string" => ColumnType::String,
        "uuid" => ColumnType::Uuid,
        "binary" => ColumnType::Binary,
        "date" => ColumnType::Date,
        "json" => ColumnType::Json,
        _ => return None,
    })
}

fn decimal(digits: &str) -> Result<ColumnType, ValueError> {
    const LIMITS: &str = "decimal(p,s) takes 1 to 38 digits, 0 to p of them behind the point";
    let (precision, scale) = digits
        .split_once(',')
        .ok_or_else(|| ValueError::new(LIMITS))?;
    let number = |text: &str| {
        text.trim()
            .parse()
            .map_err(|_error| ValueError::new(LIMITS))
    };
    let (precision, scale): (u8, u8) = (number(precision)?, number(scale)?);
    if !(1..=38).contains(&precision) || scale > precision {
        return Err(ValueError::new(LIMITS));
    }
    Ok(ColumnType::Decimal { precision, scale })
}

fn time_encoding(unit: Option<&str>) -> Result<TimeEncoding, ValueError> {
    let unit = match unit.map(str::trim) {
        None => return Ok(TimeEncoding::Text),
        Some("seconds") => TimeUnit::Seconds,
        Some("millis") => TimeUnit::Millis,
        Some("micros") => TimeUnit::Micros,
        Some("nanos") => TimeUnit::Nanos,
        Some(_) => {
            return Err(ValueError::new(
                "its unit is seconds, millis, micros or nanos, or none for text",
            ));
        }
    };
    Ok(TimeEncoding::Number(unit))
}
