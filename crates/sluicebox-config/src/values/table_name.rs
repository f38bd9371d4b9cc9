use std::fmt;
use std::str::FromStr;

use super::{ValueError, text_value};

const TOPIC_PLACEHOLDER: &str = "{topic}";
/// Hive's limit on the length of a name.
const NAME_LENGTH_MAX: usize = 128;

/// A table as every engine names it, `database.table`: lower snake case, and no leading `_`, which
/// would put the table among the control folders.
///
/// The table's part may hold `{topic}`, which stands for the topic's name in lower snake case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The database (Hive) or schema (Trino).
    pub database: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Whether the name has a place for the topic's name.
    #[must_use]
    pub fn has_topic(&self) -> bool {
        self.table.contains(TOPIC_PLACEHOLDER)
    }

    /// The table into which `topic` goes. Cut at 128 bytes, Hive's limit.
    #[must_use]
    pub fn for_topic(&self, topic: &str) -> Self {
        let mut table = self.table.replace(TOPIC_PLACEHOLDER, &snake_case(topic));
        table.truncate(NAME_LENGTH_MAX);
        Self {
            database: self.database.clone(),
            table,
        }
    }
}

/// A topic's name (`[A-Za-z0-9._-]`, Kafka's rule) as a table's: `Raw.Flight-Events` becomes
/// `raw_flight_events`.
fn snake_case(topic: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = topic.chars().map(word).collect();
    name.trim_start_matches('_').to_owned()
}

impl FromStr for TableName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (database, table) = text
            .split_once('.')
            .ok_or_else(|| ValueError::new("it lacks the dot between database and table"))?;
        check_name(database)?;
        check_name(&table.replace(TOPIC_PLACEHOLDER, "topic"))?;
        Ok(Self {
            database: database.to_owned(),
            table: table.to_owned(),
        })
    }
}

fn check_name(name: &str) -> Result<(), ValueError> {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.len() > NAME_LENGTH_MAX {
        return Err(ValueError::new("a name has more than 128 characters"));
    }
    if name.starts_with('_') {
        return Err(ValueError::new(
            "a name starts with `_`, which is kept for control folders",
        ));
    }
    if name.is_empty() || !name.bytes().all(word) {
        return Err(ValueError::new(
            "names take lower-case letters, digits and `_` only",
        ));
    }
    Ok(())
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

text_value!(
    TableName,
    types = "string",
    format = "table-name",
    pattern = r"^[a-z0-9][a-z0-9_]*\.([a-z0-9]|\{topic\})([a-z0-9_]|\{topic\})*$",
    expected = "`database.table` in lower snake case, such as air.flights"
);

#[cfg(test)]
mod tests {
    use super::*;

    /// One regex entry gives each topic its own table, under a name that every engine takes.
    #[test]
    fn the_topic_stands_in_the_table_in_snake_case() {
        let name: TableName = "air.raw_{topic}".parse().unwrap();
        assert_eq!(
            name.for_topic("Flight-Events.v2").to_string(),
            "air.raw_flight_events_v2"
        );
        let name: TableName = "air.{topic}".parse().unwrap();
        assert_eq!(name.for_topic("__internal").to_string(), "air.internal");
        assert!(name.for_topic(&"x".repeat(249)).table.len() <= NAME_LENGTH_MAX);
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "flights",
            "air.",
            ".flights",
            "Air.flights",
            "_air.flights",
            "air._x",
            "a.b.c",
            "a-b.c",
        ] {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }
}
