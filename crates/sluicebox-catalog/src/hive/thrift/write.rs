use super::{Struct, Value};

const VERSION_AND_CALL: u32 = 0x8001_0001;

/// The message that calls a function.
pub(in crate::hive) fn call(function: &str, sequence: i32, arguments: &Struct) -> Vec<u8> {
    let mut bytes = VERSION_AND_CALL.to_be_bytes().to_vec();
    write_bytes(&mut bytes, function.as_bytes());
    bytes.extend(sequence.to_be_bytes());
    write_struct(&mut bytes, arguments);
    bytes
}

fn write_struct(bytes: &mut Vec<u8>, value: &Struct) {
    const STOP: u8 = 0;
    for (id, field) in &value.0 {
        bytes.push(field.kind() as u8);
        bytes.extend(id.to_be_bytes());
        write_value(bytes, field);
    }
    bytes.push(STOP);
}

fn write_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(value) => bytes.push(u8::from(*value)),
        Value::I8(value) => bytes.extend(value.to_be_bytes()),
        Value::I16(value) => bytes.extend(value.to_be_bytes()),
        Value::I32(value) => bytes.extend(value.to_be_bytes()),
        Value::I64(value) => bytes.extend(value.to_be_bytes()),
        Value::Double(value) => bytes.extend(value.to_be_bytes()),
        Value::Binary(value) => write_bytes(bytes, value),
        Value::Struct(value) => write_struct(bytes, value),
        Value::Map(key_kind, value_kind, entries) => {
            bytes.extend([*key_kind as u8, *value_kind as u8]);
            write_length(bytes, entries.len());
            for (key, value) in entries {
                write_value(bytes, key);
                write_value(bytes, value);
            }
        }
        Value::Set(kind, values) | Value::List(kind, values) => {
            bytes.push(*kind as u8);
            write_length(bytes, values.len());
            for value in values {
                write_value(bytes, value);
            }
        }
    }
}

fn write_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    write_length(bytes, value.len());
    bytes.extend(value);
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    let length = i32::try_from(length).expect("requests come in batches of far less than 2 GiB");
    bytes.extend(length.to_be_bytes());
}
