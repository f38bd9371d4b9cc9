//! What engines that are not ours make of the lake.

mod rows;
mod lake;
mod reader;
mod judge;
mod ddl;
mod types;
mod codecs;

use serde_json::json;
use sluicebox_tests::harness::{MetastoreVersion, hive, presto, spark, start_engines, trino};

/// Every engine can be started and answers in the form that all share.
#[test]
fn engines_start() {
    start_engines();
    let rows = vec![vec![json!(1), json!("1.50"), json!("0001-01-01")]];
    let sql = "select 1 as n, cast(1.5 as decimal(9,2)) as d, date '0001-01-01' as day";
    for catalog in ["hive", "hive4"] {
        assert_eq!(trino().query(catalog, sql).expect("Trino").rows, rows);
    }
    assert_eq!(presto().query(sql).expect("Presto").rows, rows);
    assert_eq!(spark().query(sql).expect("Spark").rows, rows);
    for version in MetastoreVersion::ALL {
        assert_eq!(hive(version).query(sql).expect("Hive").rows, rows);
    }
}
