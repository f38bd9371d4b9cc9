use std::path::Path;

use super::Answer;
use crate::harness::python;

/// What DuckDB answers to a query.
///
/// # Panics
///
/// If DuckDB refuses it, with its words.
#[must_use]
pub fn duckdb_answer(sql: &str) -> Answer {
    answer(DUCKDB, &[sql])
}

/// What pyarrow finds in all Parquet files below `folder`, whose folders are partitions in Hive's
/// spelling: `columns` by their names with commas between them, in the order of the column `order`.
/// They are read with the schema that all files make together: left to itself pyarrow takes that of
/// the first.
///
/// # Panics
///
/// If pyarrow refuses, with its words.
#[must_use]
pub fn pyarrow_answer(folder: &Path, columns: &str, order: &str) -> Answer {
    answer(PYARROW, &[&folder.to_string_lossy(), columns, order])
}

fn answer(script: &str, arguments: &[&str]) -> Answer {
    let printed = python(&[PRINTER, script].concat(), arguments);
    Answer::of_json(&printed).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Arrow's values in the form of an [`Answer`].
pub(super) const PRINTER: &str = "
import base64, json, struct, sys
import pyarrow as pa

def plain(value, kind):
    is_a = pa.types
    if value is None:
        return None
    if is_a.is_struct(kind):
        return [plain(value[member.name], member.type) for member in kind]
    if is_a.is_map(kind):
        return {key: plain(item, kind.item_type) for key, item in value}
    if is_a.is_list(kind) or is_a.is_large_list(kind):
        return [plain(element, kind.value_type) for element in value]
    if is_a.is_binary(kind) or is_a.is_large_binary(kind):
        return base64.b64encode(value).decode()
    if is_a.is_decimal(kind):
        return format(value, 'f')
    if is_a.is_timestamp(kind):
        return value.replace(tzinfo=None).isoformat(' ', 'microseconds')
    if is_a.is_date(kind):
        return value.isoformat()
    if is_a.is_float32(kind):
        return shortest(value)
    return value

def shortest(single):
    texts = ('%.*g' % (digits, single) for digits in range(1, 18))
    same = lambda text: struct.unpack('f', struct.pack('f', float(text)))[0] == single
    return float(next(text for text in texts if same(text)))

def rows(table):
    columns = [[plain(value.as_py(), column.type) for value in column] for column in table.columns]
    return list(map(list, zip(*columns)))
";

const DUCKDB: &str = "
import duckdb
connection = duckdb.connect()
connection.execute('set enable_progress_bar = false')
connection.execute(\"set TimeZone = 'UTC'\")
answer = connection.sql(sys.argv[1])
columns = [(name, str(kind)) for name, kind in zip(answer.columns, answer.types)]
print(json.dumps({'columns': columns, 'rows': rows(answer.to_arrow_table())}))
";

const PYARROW: &str = "
from pyarrow import dataset, parquet
folder, columns, order = sys.argv[1:]
files = dataset.dataset(folder, format='parquet').files
schemas = [parquet.read_schema(file) for file in files]
schema = pa.unify_schemas(schemas, promote_options='permissive')
table = dataset.dataset(folder, format='parquet', schema=schema).to_table(columns=columns.split(','))
table = table.sort_by(order)
columns = [(field.name, str(field.type)) for field in table.schema]
print(json.dumps({'columns': columns, 'rows': rows(table)}))
";
