//! The service as an operating system sees it: signals, ports, and dependencies that are away.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A config whose Kafka is nowhere: nobody listens on port 1.
fn config(folder: &Path, listen: &str) -> PathBuf {
    let path = folder.join("service.yaml");
    let text = format!(
        "name: test
kafka: {{ brokers: \"127.0.0.1:1\" }}
lake: {{ url: ./lake/golden }}
log: {{ format: json }}
server: {{ listen: \"{listen}\" }}
topics:
  flights:
    table: air.flights
    schema: {{ columns: [{{ name: id, type: bigint }}] }}
    dedup: off
"
    );
    fs::write(&path, text).expect("a config");
    path
}

/// The service, which does not outlive its test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

fn start(config: &Path) -> (Running, BufReader<ChildStderr>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command
        .arg("run")
        .arg("-c")
        .arg(config)
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let log = BufReader::new(child.stderr.take().expect("its log"));
    (Running(child), log)
}

/// Reads the log up to the first line with these words.
fn wait_for(log: &mut BufReader<ChildStderr>, words: &str) -> serde_json::Value {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        let bytes = log.read_line(&mut line).expect("a line");
        assert!(bytes > 0, "it ended without `{words}`:\n{seen}");
        if line.contains(words) {
            return serde_json::from_str(&line).expect("a JSON line");
        }
        seen.push_str(&line);
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the console");
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn terminate(service: &Running) {
    let id = i32::try_from(service.0.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    kill_process(id, Signal::TERM).expect("a signal");
}

/// A Kafka that is away is waited for and named on `/readyz`, while the process is alive; SIGTERM
/// ends it with success.
#[test]
fn a_missing_kafka_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut service, mut log) = start(&config(folder.path(), "127.0.0.1:0"));
    let listening = wait_for(&mut log, "the console listens");
    let address = listening["address"]
        .as_str()
        .and_then(|address| address.parse().ok());
    let address: SocketAddr = address.expect("an address");
    wait_for(&mut log, "no broker of 127.0.0.1:1 answers");
    // The line is logged a moment before the answer has it.
    let mut answers = (0..1_000).map(|_| get(address, "/readyz"));
    let ready = answers
        .find(|answer| answer.contains("\nkafka: "))
        .expect("kafka is named");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(get(address, "/livez").starts_with("HTTP/1.1 200"));
    assert!(get(address, "/metrics").contains("sluicebox_build_info{version="));
    terminate(&service);
    assert_eq!(service.0.wait().expect("ended").code(), Some(0));
}

/// A port that somebody has is a mistake of the configuration, and told so.
#[test]
fn a_taken_port_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let (mut service, mut log) = start(&config(folder.path(), &address));
    let mut told = String::new();
    log.read_to_string(&mut told).expect("its log");
    assert_eq!(service.0.wait().expect("ended").code(), Some(78), "{told}");
    assert!(told.contains("server.listen"), "{told}");
}
