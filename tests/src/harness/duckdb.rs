use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::python;

/// A row of a result: values by column.
pub type Row = Map<String, Value>;

/// What DuckDB answers to the query `sql`. Files are read by
/// `read_parquet('<folder>/**/*.parquet')`; those of an S3 lake are downloaded first, see
/// [`S3::download`](super::S3::download). Values that JSON has no type for come as text: timestamps
/// as `2019-09-01 01:00:00+00:00`, decimals with all their digits.
///
/// # Panics
///
/// If Python is missing, or DuckDB refuses the query, with its words.
pub fn duckdb(sql: &str) -> Vec<Row> {
    let mut engine = ENGINE.lock();
    let answer = Engine::started(&mut engine).and_then(|engine| engine.answer(sql));
    match answer {
        Ok(Value::String(refusal)) => panic!("{refusal}"),
        Ok(rows) => serde_json::from_value(rows).unwrap_or_else(|error| panic!("{error}: {sql}")),
        Err(error) => {
            *engine = None;
            panic!("{error:#}")
        }
    }
}

/// One for all queries of the test process, since loading it takes longer than most of them. Each
/// query has a database of its own, and none sees what another has read.
static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);

/// Ends with the test process, which holds the other end of its input.
struct Engine {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Engine {
    fn started(engine: &mut Option<Self>) -> Result<&mut Self> {
        match engine {
            Some(engine) => Ok(engine),
            none => Ok(none.insert(Self::start()?)),
        }
    }

    fn start() -> Result<Self> {
        let mut command = Command::new(python::bin("python")?);
        command.args(["-c", SCRIPT]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("DuckDB in Python")?;
        let answers = process.stdout.take().context("its output is piped")?;
        Ok(Self {
            process,
            answers: BufReader::new(answers),
        })
    }

    /// Rows, or a text that says why there are none.
    fn answer(&mut self, sql: &str) -> Result<Value> {
        let queries = self.process.stdin.as_mut();
        writeln!(
            queries.context("its input is piped")?,
            "{}",
            Value::from(sql)
        )?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer).with_context(|| format!("DuckDB said {answer:?}"))
    }
}

/// A query and an answer have a line each. Through Arrow, whose Python values need no package for
/// time zones. Sums of integers are wide decimals there. A slow query would print its progress between
/// the answers.
const SCRIPT: &str = "
import decimal, duckdb, json, sys
def other(value):
    whole = isinstance(value, decimal.Decimal) and value.as_tuple().exponent == 0
    return int(value) if whole else str(value)
def answer(sql):
    with duckdb.connect() as connection:
        connection.execute('set enable_progress_bar = false')
        return connection.sql(sql).to_arrow_table().to_pylist()
for line in sys.stdin:
    try:
        told = json.dumps(answer(json.loads(line)), default=other, allow_nan=False)
    except Exception as error:
        told = json.dumps(f'{type(error).__name__}: {error}')
    print(told, flush=True)
";
