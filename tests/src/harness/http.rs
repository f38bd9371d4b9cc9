use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends one request to a server on the loopback address and gives the answer's status.
pub(super) fn status(method: &str, port: u16, path: &str, body: &str) -> Result<u16> {
    Ok(answer(method, port, path, body)?.0)
}

/// The same, with the answer's body.
pub(super) fn answer(method: &str, port: u16, path: &str, body: &str) -> Result<(u16, String)> {
    answer_within(TIMEOUT, method, port, path, "", body)
}

/// The same with more headers, each of which ends in `\r\n`, for a server that takes its time.
pub(super) fn answer_within(
    timeout: Duration,
    method: &str,
    port: u16,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<(u16, String)> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(timeout))?;
    connection.set_write_timeout(Some(timeout))?;
    // Of HTTP/1.0, for then nobody answers in chunks.
    write!(
        connection,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("{method} {path}: no HTTP answer"))?;
    Ok((status, body.to_owned()))
}
