use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};

/// The type in which a table stores values of this type: the same, or one that every engine
/// reads alike and that holds them all. Times finer than a microsecond are cut to it.
pub(super) fn column_type(data_type: &DataType) -> Result<DataType, String> {
    use DataType as T;
    Ok(match data_type {
        T::Boolean | T::Int32 | T::Int64 | T::Float32 | T::Float64 => data_type.clone(),
        T::Utf8 | T::Binary | T::Date32 => data_type.clone(),
        T::Int8 | T::Int16 | T::UInt8 | T::UInt16 => T::Int32,
        T::UInt32 => T::Int64,
        T::UInt64 => T::Decimal128(20, 0),
        T::Decimal32(precision, scale @ 0..)
        | T::Decimal64(precision, scale @ 0..)
        | T::Decimal128(precision, scale @ 0..) => T::Decimal128(*precision, *scale),
        T::Utf8View | T::LargeUtf8 => T::Utf8,
        T::BinaryView | T::LargeBinary | T::FixedSizeBinary(_) => T::Binary,
        T::Date64 => T::Date32,
        T::Timestamp(_, None) => T::Timestamp(TimeUnit::Microsecond, None),
        T::Timestamp(_, Some(_)) => T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        T::Dictionary(_, value) => column_type(value)?,
        T::Struct(inner) if !inner.is_empty() => T::Struct(members(inner)?),
        T::List(element)
        | T::LargeList(element)
        | T::ListView(element)
        | T::FixedSizeList(element, _) => T::List(field("element", true, element)?),
        T::Map(inner, _) => T::Map(entries(inner)?, false),
        T::Null => {
            return Err(
                "the value is always null, so it has no type: name one, as in \
                        CAST(NULL AS BIGINT)"
                    .to_owned(),
            );
        }
        T::Time32(_) | T::Time64(_) | T::Duration(_) => {
            return Err(format!(
                "a column cannot have the type {data_type}: store a number, as in \
                                CAST(… AS BIGINT)"
            ));
        }
        _ => {
            return Err(format!(
                "a column cannot have the type {data_type}: CAST it to another"
            ));
        }
    })
}

fn members(members: &Fields) -> Result<Fields, String> {
    let member = |member: &FieldRef| {
        check_snake_case(member.name())?;
        field(member.name(), true, member)
    };
    members.iter().map(member).collect()
}

fn field(name: &str, nullable: bool, planned: &Field) -> Result<FieldRef, String> {
    let data_type = column_type(planned.data_type())?;
    Ok(Arc::new(Field::new(name, data_type, nullable)))
}

fn entries(entries: &Field) -> Result<FieldRef, String> {
    let unsupported = || "a map's keys must be texts".to_owned();
    let DataType::Struct(pair) = entries.data_type() else {
        return Err(unsupported());
    };
    let [key, value] = &pair[..] else {
        return Err(unsupported());
    };
    let key = field("key", false, key)?;
    if *key.data_type() != DataType::Utf8 {
        return Err(unsupported());
    }
    let pair = Fields::from(vec![key, field("value", true, value)?]);
    Ok(Arc::new(Field::new(
        "key_value",
        DataType::Struct(pair),
        false,
    )))
}

/// Names that no engine folds or refuses.
pub(super) fn check_snake_case(name: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    if name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit()) {
        return Ok(());
    }
    Err(format!(
        "the name `{name}` must be lower snake case: a letter or `_`, then letters, digits and `_`"
    ))
}
