use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Answer, array_of, rows_of, text_of};
use crate::harness::http;

/// The server answers every second at the latest, if only to say that it still works.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Runs a statement through the protocol that Trino and Presto share but for the headers' prefix:
/// <https://trino.io/docs/current/develop/client-protocol.html>.
pub(super) fn run(prefix: &str, port: u16, catalog: &str, sql: &str) -> Result<Answer> {
    // Without the capability Trino rounds moments to milliseconds for its client.
    let headers = format!(
        "X-{prefix}-User: tests\r\nX-{prefix}-Catalog: {catalog}\r\nX-{prefix}-Time-Zone: UTC\r\n\
         X-{prefix}-Client-Capabilities: PARAMETRIC_DATETIME\r\n"
    );
    let ask = |method: &str, path: &str, body: &str| -> Result<Value> {
        let (status, answer) =
            http::answer_within(ANSWER_WITHIN, method, port, path, &headers, body)?;
        serde_json::from_str(&answer).with_context(|| format!("HTTP {status}: {answer}"))
    };
    let mut page = ask("POST", "/v1/statement", sql)?;
    let mut answer = Answer {
        columns: Vec::new(),
        rows: Vec::new(),
    };
    loop {
        if let Some(error) = page["error"]["message"].as_str() {
            bail!("{error}");
        }
        if answer.columns.is_empty() {
            let column =
                |column: &Value| Some((text_of(&column["name"])?, text_of(&column["type"])?));
            let columns = array_of(&page["columns"]).iter();
            answer.columns = columns.filter_map(column).collect();
        }
        answer.rows.extend(rows_of(&page["data"]));
        let Some(next) = page["nextUri"].as_str() else {
            return Ok(answer);
        };
        let (_, path) = next
            .split_once("/v1/")
            .context("the address of the next page")?;
        page = ask("GET", &format!("/v1/{path}"), "")?;
    }
}
