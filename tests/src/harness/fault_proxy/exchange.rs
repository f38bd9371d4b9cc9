use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{S3Operation, S3Request};

/// Ends a request's head.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// A request as it came, whole, on its way to the server.
pub(super) struct Exchange {
    pub(super) request: S3Request,
    bytes: Vec<u8>,
}

impl Exchange {
    /// Reads one request; none if the client goes away before its end.
    pub(super) async fn read(client: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(end) = find(&bytes, BLANK_LINE) {
                break end;
            }
            read_more(client, &mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let length = header(&head, "content-length").and_then(|length| length.parse().ok());
        let end = head_end + BLANK_LINE.len() + length.unwrap_or(0);
        while bytes.len() < end {
            read_more(client, &mut bytes).await?;
        }
        // The end of the answer is then the end of the connection, whatever form it has.
        bytes.splice(head_end..head_end, *b"\r\nConnection: close");
        let request = request(&head)?;
        Some(Self { request, bytes })
    }

    /// What the server answers; nothing if it cannot be reached.
    pub(super) async fn pass_on(&self, server: &str) -> Vec<u8> {
        let pass_on = async || -> io::Result<Vec<u8>> {
            let mut server = TcpStream::connect(server).await?;
            server.write_all(&self.bytes).await?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).await?;
            Ok(answer)
        };
        pass_on().await.unwrap_or_default()
    }
}

/// A client that has gone away is told nothing.
pub(super) async fn write(client: &mut TcpStream, answer: &[u8]) {
    let _gone = client.write_all(answer).await;
}

/// An answer that S3 gives when it does not do what it was asked to.
pub(super) fn refusal(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code><Message>A fault on purpose</Message></Error>");
    let answer = format!(
        "HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    answer.into_bytes()
}

/// An answer's status; 0 if there is no answer.
pub(super) fn status(answer: &[u8]) -> u16 {
    let line = answer
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.split(' ').nth(1);
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

async fn read_more(client: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let read = client.read_buf(bytes).await;
    read.ok().filter(|read| *read > 0).map(drop)
}

fn request(head: &str) -> Option<S3Request> {
    let mut line = head.lines().next()?.split(' ');
    let (method, target) = (line.next()?, line.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let of_upload = query.contains("uploadId=");
    let operation = match method {
        "PUT" if of_upload => S3Operation::Part,
        "PUT" if header(head, "if-none-match").is_some() => S3Operation::Create,
        "PUT" => S3Operation::Put,
        "POST" if of_upload => S3Operation::Complete,
        "POST" if query.starts_with("uploads") => S3Operation::Begin,
        "DELETE" if of_upload => S3Operation::Abort,
        "POST" | "DELETE" => S3Operation::Delete,
        _ if query.contains("list-type=") => S3Operation::List,
        _ => S3Operation::Get,
    };
    Some(S3Request {
        operation,
        path: path.trim_start_matches('/').to_owned(),
    })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
