//! A server that gives the answers of a script, for what a well-behaved one seldom says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::Mutex;

/// The heads of the requests so far, in lower case.
pub(crate) type Requests = Arc<Mutex<Vec<String>>>;

/// The address of a server that gives these answers (status and body), one per request, and then
/// none.
pub(crate) fn scripted(answers: &'static [(u16, &'static str)]) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for (answer, connection) in answers.iter().zip(listener.incoming()) {
            seen.lock()
                .push(serve(connection.expect("a connection"), answer));
        }
    });
    (endpoint, requests)
}

fn serve(mut connection: TcpStream, (status, body): &(u16, &str)) -> String {
    let mut reader = BufReader::new(connection.try_clone().expect("a handle"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).expect("a line");
    }
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    reader.read_exact(&mut vec![0; length]).expect("a body");
    // A HEAD has the length of what it does not send.
    let sent = if head.starts_with("head") { "" } else { body };
    let answer = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\
         ETag: \"tag\"\r\nLast-Modified: Sun, 01 Sep 2019 01:00:00 GMT\r\n\r\n{sent}",
        body.len()
    );
    connection.write_all(answer.as_bytes()).expect("an answer");
    head
}
