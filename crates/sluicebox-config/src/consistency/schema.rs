use std::collections::BTreeSet;

use serde_json::Value;
use sluicebox_types::{Column, ColumnType, TimeEncoding};

use crate::report::Report;

/// The columns of a table, or the members of a struct, at `at`. `reserved` names are taken by the
/// product itself.
pub(super) fn check(at: &str, columns: &[Column], reserved: &[&str], report: &mut Report) {
    let mut names = BTreeSet::new();
    for (index, column) in columns.iter().enumerate() {
        let at = format!("{at}/{index}");
        let name = column.name.as_str();
        if !names.insert(name) {
            let message = format!("there is a column `{name}` already");
            report.error(&format!("{at}/name"), message, None);
        }
        if reserved.contains(&name) {
            let message = format!("the name `{name}` is kept for partition and metadata columns");
            let help = format!("name the column otherwise, and add `from: {name}`");
            report.error(&format!("{at}/name"), message, Some(help));
        }
        if column.from.iter().any(String::is_empty) {
            report.error(
                &format!("{at}/from"),
                "there is an empty name in the path",
                None,
            );
        }
        check_default(&at, column, report);
        check_parts(&format!("{at}/type"), &column.data_type, report);
    }
}

fn check_parts(at: &str, data_type: &ColumnType, report: &mut Report) {
    match data_type {
        ColumnType::Struct(members) if members.is_empty() => {
            report.error(&format!("{at}/struct"), "a struct needs a member", None);
        }
        ColumnType::Struct(members) => check(&format!("{at}/struct"), members, &[], report),
        ColumnType::List(element) => check_parts(&format!("{at}/list"), element, report),
        ColumnType::Map(value) => check_parts(&format!("{at}/map"), value, report),
        _ => {}
    }
}

fn check_default(at: &str, column: &Column, report: &mut Report) {
    let Some(default) = &column.default else {
        return;
    };
    if !fits(default, &column.data_type) {
        let message = format!("this is no value of type {}", column.data_type);
        let help = "write it as it would stand in the record, in JSON".to_owned();
        report.error(&format!("{at}/default"), message, Some(help));
    }
}

/// Whether JSON of this kind can be a value of the type. What a text says is for the decoder.
fn fits(value: &Value, data_type: &ColumnType) -> bool {
    match data_type {
        ColumnType::Json => true,
        ColumnType::Boolean => value.is_boolean(),
        ColumnType::Int => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        ColumnType::Bigint => value.is_i64(),
        ColumnType::UnsignedBigint => value.is_u64(),
        ColumnType::Float | ColumnType::Double | ColumnType::Decimal { .. } => value.is_number(),
        ColumnType::String | ColumnType::Uuid | ColumnType::Binary | ColumnType::Date => {
            value.is_string()
        }
        ColumnType::Timestamp(encoding)
        | ColumnType::TimestampNtz(encoding)
        | ColumnType::Time(encoding) => match encoding {
            TimeEncoding::Text => value.is_string(),
            TimeEncoding::Number(_) => value.is_i64(),
        },
        ColumnType::Struct(_) | ColumnType::Map(_) => value.is_object(),
        ColumnType::List(_) => value.is_array(),
    }
}
