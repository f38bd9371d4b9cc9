use std::fmt;
use std::str::FromStr;

/// How deep types may nest when they are read from text: foreign catalogs hold anything.
const DEPTH_MAX: usize = 64;

/// A column as catalogs know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CatalogColumn {
    /// Its name: lower case.
    pub name: String,
    /// Its type.
    pub data_type: CatalogType,
}

/// A column's type as catalogs know it, which is what the Parquet files hold, and no longer how a
/// source record wrote it. Its text is the spelling of Hive: `array<struct<a:int,b:decimal(9,2)>>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CatalogType {
    /// true or false.
    Boolean,
    /// Signed integer of 32 bits.
    Int,
    /// Signed integer of 64 bits.
    Bigint,
    /// IEEE 754 single precision.
    Float,
    /// IEEE 754 double precision.
    Double,
    /// Exact decimal number.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// UTF-8 text.
    String,
    /// Bytes.
    Binary,
    /// A day.
    Date,
    /// A moment, microseconds UTC. Hive's spelling is `timestamp`.
    Timestamp,
    /// A wall-clock reading, microseconds. Hive's spelling is `timestamp` as well: catalogs do not
    /// tell the two apart, files do.
    TimestampNtz,
    /// Elements of one type.
    Array(Box<Self>),
    /// String keys to values of one type.
    Map(Box<Self>),
    /// Named members.
    Struct(Vec<CatalogColumn>),
}

/// A text that is no type of ours. Tables of other owners may well have such columns.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no type that Sluicebox writes")]
pub struct CatalogTypeError(String);

impl fmt::Display for CatalogColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.data_type)
    }
}

impl fmt::Display for CatalogType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int => f.write_str("int"),
            Self::Bigint => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp | Self::TimestampNtz => f.write_str("timestamp"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(value) => write!(f, "map<string,{value}>"),
            Self::Struct(members) => {
                f.write_str("struct<")?;
                for (index, member) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{member}")?;
                }
                f.write_str(">")
            }
        }
    }
}

/// Reads Hive's spelling. `timestamp` is read as [`CatalogType::Timestamp`].
impl FromStr for CatalogType {
    type Err = CatalogTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader { rest: text };
        let read = reader.data_type(0).filter(|_| reader.rest.is_empty());
        read.ok_or_else(|| CatalogTypeError(text.to_owned()))
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn data_type(&mut self, depth: usize) -> Option<CatalogType> {
        if depth > DEPTH_MAX {
            return None;
        }
        let name = self.word().to_ascii_lowercase();
        match name.as_str() {
            "boolean" => Some(CatalogType::Boolean),
            "int" => Some(CatalogType::Int),
            "bigint" => Some(CatalogType::Bigint),
            "float" => Some(CatalogType::Float),
            "double" => Some(CatalogType::Double),
            "string" => Some(CatalogType::String),
            "binary" => Some(CatalogType::Binary),
            "date" => Some(CatalogType::Date),
            "timestamp" => Some(CatalogType::Timestamp),
            "decimal" => self.decimal(),
            "array" => self.angled(|reader| {
                let element = reader.data_type(depth + 1)?;
                Some(CatalogType::Array(Box::new(element)))
            }),
            "map" => self.angled(|reader| {
                let key = reader.data_type(depth + 1)?;
                reader.eat(',')?;
                let value = reader.data_type(depth + 1)?;
                (key == CatalogType::String).then(|| CatalogType::Map(Box::new(value)))
            }),
            "struct" => self.angled(|reader| reader.members(depth)),
            _ => None,
        }
    }

    fn decimal(&mut self) -> Option<CatalogType> {
        self.eat('(')?;
        let precision = self.word().parse().ok()?;
        self.eat(',')?;
        let scale = self.word().parse().ok()?;
        self.eat(')')?;
        let valid = (1..=38).contains(&precision) && scale <= precision;
        valid.then_some(CatalogType::Decimal { precision, scale })
    }

    fn members(&mut self, depth: usize) -> Option<CatalogType> {
        let mut members = Vec::new();
        loop {
            let (name, rest) = self.rest.split_once(':')?;
            self.rest = rest;
            members.push(CatalogColumn {
                name: name.trim().to_owned(),
                data_type: self.data_type(depth + 1)?,
            });
            if self.eat(',').is_none() {
                return Some(CatalogType::Struct(members));
            }
        }
    }

    fn angled(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Option<CatalogType>,
    ) -> Option<CatalogType> {
        self.eat('<')?;
        let data_type = inside(self)?;
        self.eat('>')?;
        Some(data_type)
    }

    fn word(&mut self) -> &'a str {
        let text = self.rest.trim_start();
        let end = text
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }

    fn eat(&mut self, letter: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(letter)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type is read back from its own text.
    #[test]
    fn texts_are_read_back() {
        for text in [
            "boolean",
            "int",
            "bigint",
            "float",
            "double",
            "decimal(38,0)",
            "string",
            "binary",
            "date",
            "timestamp",
            "array<array<int>>",
            "map<string,map<string,double>>",
            "struct<a:int,b:array<struct<c:decimal(9,2),d:string>>>",
        ] {
            let read: CatalogType = text.parse().expect(text);
            assert_eq!(read.to_string(), text);
        }
        let spaced: CatalogType = "STRUCT< a : INT, b: decimal( 9 , 2 ) >"
            .parse()
            .expect("read");
        assert_eq!(spaced.to_string(), "struct<a:int,b:decimal(9,2)>");
    }

    /// What others put into their tables is an error, never a panic.
    #[test]
    fn other_types_are_refused() {
        let deep = "array<".repeat(100_000);
        for text in [
            "",
            "varchar(10)",
            "decimal(39,0)",
            "decimal(2,3)",
            "map<int,string>",
            "array<int",
            "array<int>>",
            "struct<>",
            "struct<a>",
            "int bigint",
            "uniontype<int,string>",
            deep.as_str(),
        ] {
            text.parse::<CatalogType>().expect_err(text);
        }
    }
}
