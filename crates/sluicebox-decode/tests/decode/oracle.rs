//! Random schemas and documents, judged by `serde_json` and a naive reading of its tree.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};
use serde_json::json;
use sluicebox_types::{Column, ColumnType};

use crate::naive::agrees;
use crate::support::{column, decoder, list, map};

proptest! {
    /// Whatever the schema and the document, whole, cut off or garbled: the decoder accepts what the
    /// naive reading accepts, and makes the same row of it.
    #[test]
    fn agrees_with_a_naive_reading((columns, text, garble) in schema_and_document()) {
        let bytes = garble.apply(&text);
        let told = agrees(&mut decoder(&columns), &columns, &bytes);
        prop_assert!(told.is_ok(), "{told:?}");
    }

    /// A batch gathered among bad records is the batch of the good ones alone.
    #[test]
    fn rejects_cost_the_others_nothing((columns, documents) in schema_and_documents()) {
        let mut among_bad = decoder(&columns);
        let mut alone = decoder(&columns);
        for (text, garble) in documents {
            let bytes = garble.apply(&text);
            if among_bad.push(&bytes).is_ok() {
                alone.push(&bytes).unwrap();
            }
        }
        prop_assert_eq!(among_bad.buffered_bytes(), alone.buffered_bytes());
        prop_assert_eq!(among_bad.unknown_fields(), alone.unknown_fields());
        prop_assert_eq!(among_bad.finish(), alone.finish());
    }
}

/// What happens to a document on its way.
#[derive(Clone, Debug)]
enum Garble {
    Nothing,
    CutOff(Index),
    Flip(Index, u8),
    Append(u8),
}

impl Garble {
    fn apply(&self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        match self {
            Self::Nothing => {}
            Self::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Self::Flip(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Append(byte) => bytes.push(*byte),
        }
        bytes
    }
}

fn garble() -> impl Strategy<Value = Garble> {
    let byte = || {
        prop_oneof![
            any::<u8>(),
            select(b"{}[]\",:0123456789.eE+-\\u tfna".as_slice())
        ]
    };
    prop_oneof![
        3 => Just(Garble::Nothing),
        1 => any::<Index>().prop_map(Garble::CutOff),
        2 => (any::<Index>(), byte()).prop_map(|(at, byte)| Garble::Flip(at, byte)),
        1 => byte().prop_map(Garble::Append),
    ]
}

fn schema_and_document() -> impl Strategy<Value = (Vec<Column>, String, Garble)> {
    members(3).prop_flat_map(|columns| {
        let document = value_of(&ColumnType::Struct(columns.clone()), 29);
        (Just(columns), document, garble())
    })
}

fn schema_and_documents() -> impl Strategy<Value = (Vec<Column>, Vec<(String, Garble)>)> {
    members(3).prop_flat_map(|columns| {
        let document = value_of(&ColumnType::Struct(columns.clone()), 29);
        (Just(columns), vec((document, garble()), 0..12))
    })
}

const NAMES: [&str; 5] = ["a", "b", "c_d", "e", "f"];

fn members(depth: u32) -> impl Strategy<Value = Vec<Column>> {
    vec((data_type(depth), any::<bool>()), 1..=NAMES.len()).prop_map(|types| {
        let columns = NAMES.iter().zip(types);
        columns
            .map(|(name, (data_type, required))| Column {
                required,
                ..column(name, data_type)
            })
            .collect()
    })
}

fn data_type(depth: u32) -> impl Strategy<Value = ColumnType> {
    let scalar = select(vec![
        ColumnType::Boolean,
        ColumnType::Int,
        ColumnType::Bigint,
        ColumnType::Double,
        ColumnType::String,
    ]);
    scalar.prop_recursive(depth, 12, 3, |inner| {
        let member = (inner.clone(), any::<bool>());
        let members = vec(member, 1..=3).prop_map(|types| {
            let columns = NAMES.iter().zip(types);
            let column = |(name, (data_type, required)): (&&str, _)| Column {
                required,
                ..column(name, data_type)
            };
            ColumnType::Struct(columns.map(column).collect())
        });
        prop_oneof![members, inner.clone().prop_map(list), inner.prop_map(map)]
    })
}

/// JSON text for a type: right in `right` of `right + 1` places, otherwise null or anything.
fn value_of(data_type: &ColumnType, right: u32) -> proptest::strategy::BoxedStrategy<String> {
    let fitting = match data_type {
        ColumnType::Boolean => any::<bool>().prop_map(|value| value.to_string()).boxed(),
        ColumnType::Int => any::<i32>().prop_map(|value| value.to_string()).boxed(),
        ColumnType::Bigint => any::<i64>().prop_map(|value| value.to_string()).boxed(),
        ColumnType::Double => prop_oneof![
            proptest::num::f64::NORMAL.prop_map(|value| json!(value).to_string()),
            any::<i32>().prop_map(|value| value.to_string()),
        ]
        .boxed(),
        ColumnType::String => text().boxed(),
        ColumnType::Struct(members) => object_of(members, right),
        ColumnType::List(element) => {
            let elements = vec(value_of(element, right), 0..4);
            elements
                .prop_map(|elements| format!("[{}]", elements.join(" , ")))
                .boxed()
        }
        ColumnType::Map(value) => vec((text(), value_of(value, right)), 0..4)
            .prop_map(|entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                format!("{{{}}}", entries.join(","))
            })
            .boxed(),
        other => panic!("{other} is not generated"),
    };
    prop_oneof![2 * right => fitting, 1 => Just("null".to_owned()), 1 => anything()].boxed()
}

fn object_of(members: &[Column], right: u32) -> proptest::strategy::BoxedStrategy<String> {
    let fields: Vec<_> = members
        .iter()
        .map(|member| {
            let field = value_of(&member.data_type, right)
                .prop_map({
                    let name = member.name.clone();
                    move |value| format!("\"{name}\":{value}")
                })
                .boxed();
            prop_oneof![2 * right => field.prop_map(Some), 1 => Just(None)]
        })
        .collect();
    let unknown = vec(
        (
            select(vec!["\"x\"", "\"A\"", "\"\\u0062\"", "\"c_d\"", "\"\""]),
            anything(),
        )
            .prop_map(|(name, value)| Some(format!("{name} : {value}"))),
        0..=1,
    );
    let fields = (fields, prop_oneof![2 * right => Just(vec![]), 3 => unknown]);
    fields
        .prop_map(|(declared, unknown)| {
            declared
                .into_iter()
                .chain(unknown)
                .flatten()
                .collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(|fields| format!("{{{}\n}}", fields.join(",")))
        .boxed()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,12}".prop_map(|text| json!(text).to_string()),
        any::<String>().prop_map(|text| json!(text).to_string()),
        vec(any::<u16>(), 0..6).prop_map(|units| {
            let mut text = String::from("\"");
            for unit in units {
                write!(text, "\\u{unit:04X}").unwrap();
            }
            text + "\""
        }),
    ]
}

fn anything() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        text(),
        select(vec![
            "null", "true", "false", "0", "-1", "1.5", "1e3", "[]", "{}"
        ])
        .prop_map(str::to_owned),
    ];
    scalar.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|elements| format!("[{}]", elements.join(","))),
            (text(), inner).prop_map(|(name, value)| format!("{{ {name}:{value}}}")),
        ]
    })
}
