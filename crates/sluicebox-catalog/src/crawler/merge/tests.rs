use proptest::prelude::*;

use super::*;

fn declared(columns: &[(&str, &str)]) -> Vec<DeclaredColumn> {
    let column = |&(name, data_type): &(&str, &str)| DeclaredColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        comment: None,
    };
    columns.iter().map(column).collect()
}

fn schema(fingerprint: &str, columns: &[(&str, &str)]) -> (Arc<FileSchema>, String) {
    let column = |&(name, data_type): &(&str, &str)| SchemaColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
    };
    let schema = FileSchema {
        fingerprint: fingerprint.to_owned(),
        columns: columns.iter().map(column).collect(),
    };
    (
        Arc::new(schema),
        format!("air/flights/{fingerprint}.parquet"),
    )
}

fn keys() -> Vec<DeclaredColumn> {
    declared(&[("dt", "string"), ("hour", "string")])
}

fn texts(columns: &[DeclaredColumn]) -> Vec<String> {
    let text = |column: &DeclaredColumn| format!("{}:{}", column.name, column.data_type);
    columns.iter().map(text).collect()
}

/// What is declared stays where it stands; what is new comes last, in the newest schema's order.
#[test]
fn new_columns_come_last() {
    let schemas = Schemas::from([
        schema("v1", &[("a", "int"), ("_kafka", "struct<offset:bigint>")]),
        schema(
            "v2",
            &[
                ("a", "int"),
                ("c", "date"),
                ("b", "string"),
                ("_kafka", "struct<offset:bigint>"),
            ],
        ),
    ]);
    let old = declared(&[("_kafka", "struct<offset:bigint>"), ("a", "int")]);
    let merged = merge(&old, &keys(), &schemas).expect("compatible");
    assert_eq!(
        texts(&merged.columns),
        [
            "_kafka:struct<offset:bigint>",
            "a:int",
            "c:date",
            "b:string"
        ]
    );
    assert_eq!(merged.appended, ["c", "b"]);
    assert_eq!(
        (merged.widened.len(), merged.fingerprint.as_str()),
        (0, "v2")
    );
    let new = merge(&[], &keys(), &schemas).expect("compatible");
    assert_eq!(
        texts(&new.columns),
        [
            "a:int",
            "c:date",
            "b:string",
            "_kafka:struct<offset:bigint>"
        ]
    );
}

/// What may be widened is widened, whichever of the two is declared; late files of an old schema
/// never narrow.
#[test]
fn widening_goes_one_way() {
    for (narrow, wide) in [
        ("int", "bigint"),
        ("float", "double"),
        ("decimal(9,2)", "decimal(18,2)"),
    ] {
        let wider = Schemas::from([schema("v2", &[("n", wide)])]);
        let merged = merge(&declared(&[("n", narrow)]), &keys(), &wider).expect("compatible");
        let widening = Widening {
            column: "n".to_owned(),
            from: narrow.to_owned(),
            to: wide.to_owned(),
        };
        assert_eq!(merged.widened, [widening]);
        let late = Schemas::from([schema("v1", &[("n", narrow)])]);
        let merged = merge(&declared(&[("n", wide)]), &keys(), &late).expect("compatible");
        assert_eq!(
            (texts(&merged.columns), merged.widened),
            (vec![format!("n:{wide}")], vec![])
        );
    }
}

/// Everything else is refused with both types and the file, whether the catalog or another file
/// stands against it.
#[test]
fn other_changes_are_refused() {
    for (one, other) in [
        ("int", "string"),
        ("bigint", "double"),
        ("decimal(9,2)", "decimal(18,3)"),
        ("array<int>", "array<bigint>"),
        ("struct<a:int>", "struct<a:int,b:int>"),
        ("tinyint", "int"),
        ("timestamp", "date"),
    ] {
        let schemas = Schemas::from([schema("v2", &[("n", other)])]);
        let error = merge(&declared(&[("n", one)]), &keys(), &schemas).expect_err("refused");
        let text = error.to_string();
        for part in [
            "`n`",
            one,
            other,
            "air/flights/v2.parquet",
            "in the catalog",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let schemas = Schemas::from([schema("v1", &[("n", one)]), schema("v2", &[("n", other)])]);
        let error = merge(&[], &keys(), &schemas)
            .expect_err("refused")
            .to_string();
        for part in ["air/flights/v1.parquet", "air/flights/v2.parquet"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

/// Engines take no table whose column and partition key share a name.
#[test]
fn a_partition_key_is_no_column() {
    let schemas = Schemas::from([schema("v1", &[("hour", "int")])]);
    let error = merge(&[], &keys(), &schemas).expect_err("refused");
    assert!(error.to_string().contains("`hour`"), "{error}");
}

proptest! {
    /// A catalog that was brought up to date stays as it is, whatever subset of the same files is
    /// seen next: two crawlers that see different files agree in the end.
    #[test]
    fn merging_again_changes_nothing(
        types in prop::collection::vec(prop::collection::vec(0usize..4, 1..6), 1..5),
        subset in prop::collection::vec(any::<bool>(), 5),
    ) {
        const TYPES: [&str; 4] = ["int", "bigint", "int", "bigint"];
        let schemas: Vec<_> = types.iter().enumerate().map(|(version, types)| {
            let names: Vec<String> = (0..types.len()).map(|index| format!("c{index}")).collect();
            let columns: Vec<_> = names.iter().zip(types)
                .map(|(name, data_type)| (name.as_str(), TYPES[*data_type])).collect();
            schema(&format!("v{version}"), &columns)
        }).collect();
        let all: Schemas = schemas.iter().cloned().collect();
        let some: Schemas = schemas.iter().zip(&subset)
            .filter(|(_, seen)| **seen).map(|(schema, _)| schema.clone()).collect();
        let merged = merge(&[], &keys(), &all).expect("compatible");
        let again = merge(&merged.columns, &keys(), &some).expect("compatible");
        prop_assert_eq!(&again.columns, &merged.columns);
        prop_assert!(again.appended.is_empty() && again.widened.is_empty());
    }
}
