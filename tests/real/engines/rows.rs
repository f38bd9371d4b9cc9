//! Rows with every type that a table can have, as records write them and as engines must read them.

/// The columns in the first version of the schema, as the config declares them.
const DECLARED: &str = "
      - { name: id, type: bigint }
      - { name: at, type: timestamp }
      - { name: c_boolean, type: boolean }
      - { name: c_int, type: int }
      - { name: c_bigint, type: bigint }
      - { name: c_unsigned, type: unsigned_bigint }
      - { name: c_float, type: float }
      - { name: c_double, type: double }
      - { name: c_decimal_4, type: \"decimal(9,2)\" }
      - { name: c_decimal_8, type: \"decimal(18,4)\" }
      - { name: c_decimal_16, type: \"decimal(38,10)\" }
      - { name: c_string, type: string }
      - { name: c_uuid, type: uuid }
      - { name: c_binary, type: binary }
      - { name: c_date, type: date }
      - { name: c_timestamp, type: timestamp }
      - { name: c_timestamp_ntz, type: timestamp_ntz }
      - { name: c_time, type: time }
      - { name: c_json, type: json }
      - { name: c_struct, type: { struct: [{ name: a, type: bigint }, { name: b, type: string },
          { name: c, type: { struct: [{ name: d, type: timestamp }] } }] } }
      - { name: c_list, type: { list: string } }
      - { name: c_structs, type: { list: { struct: [{ name: n, type: int }, { name: s, type: string }] } } }
      - { name: c_map, type: { map: double } }
      - { name: c_lists, type: { map: { list: int } } }
      - { name: select, type: string }
      - { name: w_int, type: int }
      - { name: w_float, type: float }
      - { name: w_decimal, type: \"decimal(9,2)\" }
      - { name: w_decimal_wide, type: \"decimal(18,2)\" }";

/// What widens in the second version.
const WIDENED: [(&str, &str); 4] = [
    ("w_int, type: int", "w_int, type: bigint"),
    ("w_float, type: float", "w_float, type: double"),
    (
        "w_decimal, type: \"decimal(9,2)\"",
        "w_decimal, type: \"decimal(12,2)\"",
    ),
    (
        "w_decimal_wide, type: \"decimal(18,2)\"",
        "w_decimal_wide, type: \"decimal(38,2)\"",
    ),
];

/// What the second version adds.
const APPENDED: &str = "
      - { name: added, type: { list: double } }";

/// A column, and its type as each engine tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) hive: &'static str,
    pub(super) trino: &'static str,
    pub(super) presto: &'static str,
    pub(super) duckdb: &'static str,
    pub(super) pyarrow: &'static str,
}

impl Column {
    pub(super) fn is_nested(&self) -> bool {
        self.hive.contains('<')
    }

    /// Presto cannot read a decimal of up to 18 digits as one of more.
    pub(super) fn is_read_by_presto(&self) -> bool {
        self.name != "w_decimal_wide"
    }

    /// Hive before 4 cannot read timestamps and decimals that are stored as integers.
    pub(super) fn is_read_by_hive_3(&self) -> bool {
        let was_short = self.name.starts_with("w_decimal");
        let is_short = ["decimal(9,2)", "decimal(18,4)"].contains(&self.hive);
        !(self.hive.contains("timestamp") || is_short || was_short)
    }
}

const fn column(name: &'static str, types: [&'static str; 5]) -> Column {
    let [hive, trino, presto, duckdb, pyarrow] = types;
    Column {
        name,
        hive,
        trino,
        presto,
        duckdb,
        pyarrow,
    }
}

/// The columns that are compared, with their types in the second version: by name, then as Hive and
/// Spark, Trino, Presto, DuckDB and pyarrow tell it.
#[rustfmt::skip]
pub(super) const COLUMNS: [Column; 29] = [
    column("id", ["bigint", "bigint", "bigint", "BIGINT", "int64"]),
    column("c_boolean", ["boolean", "boolean", "boolean", "BOOLEAN", "bool"]),
    column("c_int", ["int", "integer", "integer", "INTEGER", "int32"]),
    column("c_bigint", ["bigint", "bigint", "bigint", "BIGINT", "int64"]),
    column("c_unsigned", ["decimal(20,0)", "decimal(20,0)", "decimal(20,0)", "DECIMAL(20,0)", "decimal128(20, 0)"]),
    column("c_float", ["float", "real", "real", "FLOAT", "float"]),
    column("c_double", ["double", "double", "double", "DOUBLE", "double"]),
    column("c_decimal_4", ["decimal(9,2)", "decimal(9,2)", "decimal(9,2)", "DECIMAL(9,2)", "decimal128(9, 2)"]),
    column("c_decimal_8", ["decimal(18,4)", "decimal(18,4)", "decimal(18,4)", "DECIMAL(18,4)", "decimal128(18, 4)"]),
    column("c_decimal_16", ["decimal(38,10)", "decimal(38,10)", "decimal(38,10)", "DECIMAL(38,10)", "decimal128(38, 10)"]),
    column("c_string", ["string", "varchar", "varchar", "VARCHAR", "string"]),
    column("c_uuid", ["string", "varchar", "varchar", "VARCHAR", "string"]),
    column("c_binary", ["binary", "varbinary", "varbinary", "BLOB", "binary"]),
    column("c_date", ["date", "date", "date", "DATE", "date32[day]"]),
    column("c_timestamp", ["timestamp", "timestamp(6)", "timestamp", "TIMESTAMP WITH TIME ZONE", "timestamp[us, tz=UTC]"]),
    column("c_timestamp_ntz", ["timestamp", "timestamp(6)", "timestamp", "TIMESTAMP", "timestamp[us]"]),
    column("c_time", ["bigint", "bigint", "bigint", "BIGINT", "int64"]),
    column("c_json", ["string", "varchar", "varchar", "VARCHAR", "string"]),
    column("c_struct", ["struct<a:bigint,b:string,c:struct<d:timestamp>>", "row(a bigint, b varchar, c row(d timestamp(6)))", r#"row("a" bigint, "b" varchar, "c" row("d" timestamp))"#, "STRUCT(a BIGINT, b VARCHAR, c STRUCT(d TIMESTAMP WITH TIME ZONE))", "struct<a: int64, b: string, c: struct<d: timestamp[us, tz=UTC]>>"]),
    column("c_list", ["array<string>", "array(varchar)", "array(varchar)", "VARCHAR[]", "list<element: string>"]),
    column("c_structs", ["array<struct<n:int,s:string>>", "array(row(n integer, s varchar))", r#"array(row("n" integer, "s" varchar))"#, "STRUCT(n INTEGER, s VARCHAR)[]", "list<element: struct<n: int32, s: string>>"]),
    column("c_map", ["map<string,double>", "map(varchar, double)", "map(varchar, double)", "MAP(VARCHAR, DOUBLE)", "map<string, double ('c_map')>"]),
    column("c_lists", ["map<string,array<int>>", "map(varchar, array(integer))", "map(varchar, array(integer))", "MAP(VARCHAR, INTEGER[])", "map<string, list<element: int32> ('c_lists')>"]),
    column("select", ["string", "varchar", "varchar", "VARCHAR", "string"]),
    column("w_int", ["bigint", "bigint", "bigint", "BIGINT", "int64"]),
    column("w_float", ["double", "double", "double", "DOUBLE", "double"]),
    column("w_decimal", ["decimal(12,2)", "decimal(12,2)", "decimal(12,2)", "DECIMAL(12,2)", "decimal128(12, 2)"]),
    column("w_decimal_wide", ["decimal(38,2)", "decimal(38,2)", "decimal(38,2)", "DECIMAL(38,2)", "decimal128(38, 2)"]),
    column("added", ["array<double>", "array(double)", "array(double)", "DOUBLE[]", "list<element: double>"]),
];

/// The columns of a version of the schema, as the config declares them.
pub(super) fn columns(version: usize) -> String {
    let widened = WIDENED
        .iter()
        .fold(DECLARED.to_owned(), |columns, (from, to)| {
            columns.replace(from, to)
        });
    match version {
        0 => DECLARED.to_owned(),
        _ => widened + APPENDED,
    }
}

/// The records of each version of the schema.
pub(super) const WRITTEN: [&[&str]; 2] = [
    &[
        // What one expects.
        r#"{"id": 1, "at": "2019-09-01T01:00:00Z", "c_boolean": true, "c_int": 1, "c_bigint": 1, "c_unsigned": 1,
            "c_float": 1.5, "c_double": 0.1, "c_decimal_4": "1.5", "c_decimal_8": "1.5", "c_decimal_16": "1.5",
            "c_string": "one", "c_uuid": "0b6c1f5e-0000-4000-8000-00000000000a", "c_binary": "AP8Q",
            "c_date": "2019-09-01", "c_timestamp": "2019-09-01T01:02:03.123456Z",
            "c_timestamp_ntz": "2019-09-01T01:02:03.123456", "c_time": "01:02:03.123456", "c_json": {"a": [1, null]},
            "c_struct": {"a": 7, "b": "x", "c": {"d": "2019-09-01T01:02:03.123Z"}}, "c_list": ["a", "b"],
            "c_structs": [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}], "c_map": {"k": 1.5}, "c_lists": {"k": [1, 2]},
            "select": "a reserved word", "w_int": 1, "w_float": 0.1, "w_decimal": "1.5", "w_decimal_wide": "1.5"}"#,
        // The largest.
        r#"{"id": 2, "at": "2019-09-01T01:00:00Z", "c_boolean": false, "c_int": 2147483647,
            "c_bigint": 9223372036854775807, "c_unsigned": 18446744073709551615, "c_float": 3.4028235e38,
            "c_double": 1.7976931348623157e308, "c_decimal_4": "9999999.99", "c_decimal_8": "99999999999999.9999",
            "c_decimal_16": "9999999999999999999999999999.9999999999", "c_string": "zażółć 🦀 日本 \"'\\\n",
            "c_date": "9999-12-31", "c_timestamp": "9999-12-31T23:59:59.999999Z",
            "c_timestamp_ntz": "9999-12-31T23:59:59.999999", "c_time": "23:59:59.999999", "c_json": "x",
            "c_list": ["🦀"], "c_map": {"ключ": 1.0}, "w_int": 2147483647, "w_float": 3.4028235e38,
            "w_decimal": "9999999.99", "w_decimal_wide": "9999999999999999.99"}"#,
        // The smallest.
        r#"{"id": 3, "at": "2019-09-01T01:00:00Z", "c_int": -2147483648, "c_bigint": -9223372036854775808,
            "c_unsigned": 0, "c_float": -3.4028235e38, "c_double": -1.7976931348623157e308,
            "c_decimal_4": "-9999999.99", "c_decimal_8": "-99999999999999.9999",
            "c_decimal_16": "-9999999999999999999999999999.9999999999", "c_date": "0001-01-01",
            "c_timestamp": "0001-01-01T00:00:00Z", "c_timestamp_ntz": "0001-01-01T00:00:00", "c_time": "00:00:00",
            "w_int": -2147483648, "w_float": -3.4028235e38, "w_decimal": "-9999999.99",
            "w_decimal_wide": "-9999999999999999.99"}"#,
        // Nothing.
        r#"{"id": 4, "at": "2019-09-01T01:00:00Z"}"#,
        // Things without content.
        r#"{"id": 5, "at": "2019-09-01T02:00:00Z", "c_float": 1e-30, "c_double": 5e-324, "c_string": "",
            "c_binary": "", "c_date": "1582-10-10", "c_timestamp": "1582-10-10T12:00:00.000001Z",
            "c_timestamp_ntz": "1582-10-10T12:00:00.000001", "c_json": null, "c_struct": {}, "c_list": [],
            "c_structs": [], "c_map": {}, "c_lists": {}, "select": ""}"#,
        // Things without content in others, and moments just before 1970.
        r#"{"id": 6, "at": "2019-09-01T02:00:00Z", "c_float": -0.0, "c_double": -0.0, "c_date": "1969-12-31",
            "c_timestamp": "1969-12-31T23:59:59.999999Z", "c_timestamp_ntz": "1969-12-31T23:59:59.999999",
            "c_struct": {"a": null, "b": null, "c": {"d": null}}, "c_list": ["a", null, ""],
            "c_structs": [null, {"n": null, "s": null}], "c_map": {"k": null, "": 1.0},
            "c_lists": {"a": [1, null], "b": [], "c": null}}"#,
    ],
    &[
        // Late, into a partition with files of the first version.
        r#"{"id": 7, "at": "2019-09-01T01:00:00Z", "w_int": 1099511627776, "w_float": 1e300,
            "w_decimal": "9999999999.99", "w_decimal_wide": "999999999999999999999999999999999999.99",
            "added": [0.1, null]}"#,
        r#"{"id": 8, "at": "2019-09-02T00:00:00Z", "w_int": -1099511627776, "w_float": 0.1,
            "w_decimal": "-9999999999.99", "w_decimal_wide": "-999999999999999999999999999999999999.99",
            "added": []}"#,
        r#"{"id": 9, "at": "2019-09-02T00:00:00Z"}"#,
    ],
];

/// Each row as every engine must read it, in the form of an answer with [`COLUMNS`].
pub(super) const READ: [&str; 9] = [
    r#"[1, true, 1, 1, "1", 1.5, 0.1, "1.50", "1.5000", "1.5000000000", "one", "0b6c1f5e-0000-4000-8000-00000000000a",
        "AP8Q", "2019-09-01", "2019-09-01 01:02:03.123456", "2019-09-01 01:02:03.123456", 3723123456,
        "{\"a\": [1, null]}", [7, "x", ["2019-09-01 01:02:03.123000"]], ["a", "b"], [[1, "x"], [2, "y"]], {"k": 1.5},
        {"k": [1, 2]}, "a reserved word", 1, 0.10000000149011612, "1.50", "1.50", null]"#,
    r#"[2, false, 2147483647, 9223372036854775807, "18446744073709551615", 3.4028235e38, 1.7976931348623157e308,
        "9999999.99", "99999999999999.9999", "9999999999999999999999999999.9999999999", "zażółć 🦀 日本 \"'\\\n", null,
        null, "9999-12-31", "9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999", 86399999999, "\"x\"", null,
        ["🦀"], null, {"ключ": 1.0}, null, null, 2147483647, 3.4028234663852886e38, "9999999.99",
        "9999999999999999.99", null]"#,
    r#"[3, null, -2147483648, -9223372036854775808, "0", -3.4028235e38, -1.7976931348623157e308, "-9999999.99",
        "-99999999999999.9999", "-9999999999999999999999999999.9999999999", null, null, null, "0001-01-01",
        "0001-01-01 00:00:00.000000", "0001-01-01 00:00:00.000000", 0, null, null, null, null, null, null, null,
        -2147483648, -3.4028234663852886e38, "-9999999.99", "-9999999999999999.99", null]"#,
    r#"[4, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null, null]"#,
    r#"[5, null, null, null, null, 1e-30, 5e-324, null, null, null, "", null, "", "1582-10-10",
        "1582-10-10 12:00:00.000001", "1582-10-10 12:00:00.000001", null, null, [null, null, null], [], [], {}, {},
        "", null, null, null, null, null]"#,
    r#"[6, null, null, null, null, -0.0, -0.0, null, null, null, null, null, null, "1969-12-31",
        "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999", null, null, [null, null, [null]], ["a", null, ""],
        [null, [null, null]], {"k": null, "": 1.0}, {"a": [1, null], "b": [], "c": null}, null, null, null, null,
        null, null]"#,
    r#"[7, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, 1099511627776, 1e300, "9999999999.99",
        "999999999999999999999999999999999999.99", [0.1, null]]"#,
    r#"[8, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, -1099511627776, 0.1, "-9999999999.99",
        "-999999999999999999999999999999999999.99", []]"#,
    r#"[9, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null, null]"#,
];

/// How many rows each partition holds.
pub(super) const PARTITIONS: [(&str, &str, i64); 3] = [
    ("2019-09-01", "01", 5),
    ("2019-09-01", "02", 2),
    ("2019-09-02", "00", 2),
];
