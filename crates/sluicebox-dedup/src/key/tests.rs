use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array,
    ListArray, NullArray, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field, Int32Type};
use proptest::prelude::*;

use super::*;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn hash(batch: &RecordBatch, fields: &[&str]) -> Vec<Option<u128>> {
    let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
    let mut keys = vec![Some(7)];
    let mut hasher = KeyHasher::for_fields(batch.schema_ref(), &fields).unwrap();
    hasher.hash_rows(batch, &mut keys).unwrap();
    keys
}

fn key_of(columns: Vec<ArrayRef>) -> u128 {
    let names = ["a", "b", "c"];
    let fields: Vec<_> = names.into_iter().take(columns.len()).collect();
    hash(
        &batch(fields.iter().copied().zip(columns).collect()),
        &fields,
    )[0]
    .unwrap()
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

/// Keys are equal only if all values are, whatever their types and lengths.
#[test]
fn different_values_have_different_keys() {
    let int = |value| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let decimal = |value, scale| {
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(10, scale);
        Arc::new(array.unwrap()) as ArrayRef
    };
    let keys = [
        key_of(vec![text("a"), text("bc")]),
        key_of(vec![text("ab"), text("c")]),
        key_of(vec![text("abc")]),
        key_of(vec![text("abc"), text("")]),
        key_of(vec![text(""), text("abc")]),
        key_of(vec![text("1")]),
        key_of(vec![int(1)]),
        key_of(vec![int(1), int(0)]),
        key_of(vec![int(0), int(1)]),
        key_of(vec![Arc::new(BooleanArray::from(vec![true]))]),
        key_of(vec![Arc::new(Float64Array::from(vec![1.0]))]),
        key_of(vec![Arc::new(TimestampMicrosecondArray::from(vec![1]))]),
        key_of(vec![Arc::new(arrow::array::Date32Array::from(vec![1]))]),
        key_of(vec![Arc::new(arrow::array::BinaryArray::from(vec![
            b"1".as_slice(),
        ]))]),
        key_of(vec![decimal(1, 0)]),
        key_of(vec![decimal(1, 1)]),
        hash_bytes(KeyDomain::RecordKey, b"1"),
        hash_bytes(KeyDomain::Header, b"1"),
        hash_bytes(KeyDomain::Payload, b"1"),
        hash_bytes(KeyDomain::Payload, b""),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(index));
    }
}

/// Values that mean the same have one key: an integer's width, a float's width, the sign of zero
/// and the bits of a NaN make no difference.
#[test]
fn equal_values_have_one_key() {
    let float = |value| key_of(vec![Arc::new(Float64Array::from(vec![value]))]);
    assert_eq!(float(0.0), float(-0.0));
    assert_eq!(float(f64::NAN), float(-f64::NAN));
    assert_ne!(float(f64::NAN), float(0.0));
    assert_eq!(
        float(0.5),
        key_of(vec![Arc::new(Float32Array::from(vec![0.5]))])
    );
    let int = key_of(vec![Arc::new(Int32Array::from(vec![-3]))]);
    assert_eq!(int, key_of(vec![Arc::new(Int64Array::from(vec![-3]))]));
}

/// A row lacks a key if any of its fields is null, also by way of a null struct around it.
#[test]
fn a_null_field_leaves_no_key() {
    let inner: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(1), Some(1)]));
    let fields = vec![Field::new("x", DataType::Int32, true)].into();
    let nulls = NullBuffer::from(vec![true, true, false, true]);
    let outer: ArrayRef = Arc::new(StructArray::new(fields, vec![inner], Some(nulls)));
    let name: ArrayRef = Arc::new(StringArray::from(vec![
        Some("n"),
        Some("n"),
        Some("n"),
        None,
    ]));
    let batch = batch(vec![("s", outer), ("name", name)]);
    let keys = hash(&batch, &["name", "s.x"]);
    assert_eq!(
        keys.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    let keys = hash(&batch, &["s.x"]);
    assert_eq!(keys[0], keys[3]);
}

/// What cannot be a key is refused with the name at fault, before any record is read.
#[test]
fn unusable_fields_are_refused() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
    let batch = batch(vec![
        ("a", text("x")),
        ("l", Arc::new(list)),
        ("n", Arc::new(NullArray::new(1))),
    ]);
    let error = |fields: &[&str]| {
        let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        KeyHasher::for_fields(batch.schema_ref(), &fields)
            .unwrap_err()
            .to_string()
    };
    let cases: [(&[&str], &str); 6] = [
        (&[], "names no field"),
        (&["a", "a"], "names `a` twice"),
        (&["A"], "there is no `A`; there is: a, l, n"),
        (&["a.b"], "there is no `b`; there is: no member"),
        (&["l"], "`l`, whose type List"),
        (&["n"], "`n`, whose type Null"),
    ];
    for (fields, expected) in cases {
        let message = error(fields);
        assert!(message.contains(expected), "{fields:?}: {message}");
    }
}

/// A batch of another schema is an error and never a wrong key; appended columns are none.
#[test]
fn a_changed_schema_is_noticed() {
    let before = batch(vec![("a", text("x"))]);
    let mut hasher = KeyHasher::for_fields(before.schema_ref(), &["a".to_owned()]).unwrap();
    let mut keys = Vec::new();
    let appended = batch(vec![("a", text("x")), ("b", text("y"))]);
    hasher.hash_rows(&appended, &mut keys).unwrap();
    assert_eq!(keys, hash(&before, &["a"]));
    let changed = batch(vec![("a", Arc::new(Int64Array::from(vec![1])))]);
    let error = hasher.hash_rows(&changed, &mut keys).unwrap_err();
    assert_eq!(
        error,
        KeyError::SchemaChanged {
            field: "a".to_owned()
        }
    );
    assert!(keys.is_empty());
}

proptest! {
    /// Two rows have one key exactly if their texts are pairwise equal.
    #[test]
    fn keys_of_texts_are_equal_as_the_texts_are(rows in prop::collection::vec(("[ab]{0,3}", "[ab]{0,3}"), 2..40)) {
        let column = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let batch = batch(vec![
            ("a", column(rows.iter().map(|row| row.0.as_str()).collect())),
            ("b", column(rows.iter().map(|row| row.1.as_str()).collect())),
        ]);
        let keys = hash(&batch, &["a", "b"]);
        for (i, key) in keys.iter().enumerate() {
            for (j, other) in keys.iter().enumerate() {
                prop_assert_eq!(key == other, rows[i] == rows[j]);
            }
        }
    }
}
