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

fn start(config: &Path, options: &[&str]) -> (Running, BufReader<ChildStderr>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command.arg("run").arg("-c").arg(config).args(options);
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let log = BufReader::new(child.stderr.take().expect("its log"));
    (Running(child), log)
}

/// A Kafka with flights in it, and the demo that it lives in.
fn demo_kafka(folder: &Path) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command.current_dir(folder).args(["demo", "--serve"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = Running(command.spawn().expect("the program runs"));
    // Borrowed: the demo ends when nobody could read what it says.
    let out = BufReader::new(demo.0.stdout.as_mut().expect("its output"));
    let mut lines = out.lines().map(|line| line.expect("a line"));
    let brokers = lines.find_map(|line| {
        let (_, brokers) = line.split_once("from a Kafka inside this process (")?;
        Some(brokers.trim_end_matches(')').to_owned())
    });
    (demo, brokers.expect("the brokers are named"))
}

/// What it says until it ends, and its exit code.
fn end(mut service: Running, mut log: impl Read) -> (Option<i32>, String) {
    let mut told = String::new();
    log.read_to_string(&mut told).expect("its log");
    (service.0.wait().expect("ended").code(), told)
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

fn signal(service: &Running, signal: Signal) {
    let id = i32::try_from(service.0.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    kill_process(id, signal).expect("a signal");
}

/// A Kafka that is away is waited for and named on `/readyz`, while the process is alive; SIGTERM
/// ends it with success.
#[test]
fn a_missing_kafka_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut service, mut log) = start(&config(folder.path(), "127.0.0.1:0"), &[]);
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
    let metrics = get(address, "/metrics");
    assert!(metrics.contains("sluicebox_build_info{version="));
    // What memory is accounted for is told as it is, from the first scrape on.
    assert!(metrics.contains("\nsluicebox_memory_used_bytes "));
    signal(&service, Signal::TERM);
    assert_eq!(service.0.wait().expect("ended").code(), Some(0));
}

/// A port that somebody has is a mistake of the configuration, and told so.
#[test]
fn a_taken_port_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let (service, log) = start(&config(folder.path(), &address), &[]);
    let (code, told) = end(service, log);
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("server.listen"), "{told}");
}

/// A script that waits for a pass to the end must not take an interrupted one for a finished one.
#[test]
fn an_interrupted_pass_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "127.0.0.1:0");
    let (service, mut log) = start(&config, &["--until-end"]);
    wait_for(&mut log, "no broker of 127.0.0.1:1 answers");
    signal(&service, Signal::INT);
    let (code, told) = end(service, log);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("interrupted before the end"), "{told}");
}

/// A pass in which a partition waits for a person has failed, and says which one and why. Here
/// somebody has damaged one record, and has moved another one, whose chain is no empty one for that.
#[test]
fn a_pass_with_a_halted_partition_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_demo, brokers) = demo_kafka(folder.path());
    let chains = folder.path().join("control/test/flights");
    for record_folder in ["p00000/c", "p00002/c/00000000000000000"] {
        let record_folder = chains.join(record_folder);
        fs::create_dir_all(&record_folder).expect("a folder");
        let record = record_folder.join("00000000000000000000.json");
        fs::write(record, "no record").expect("a file");
    }
    let config = config(folder.path(), "127.0.0.1:0");
    let settings = [
        format!("kafka.brokers={brokers}"),
        format!("lake.control={}", folder.path().join("control").display()),
    ];
    let [brokers, control] = &settings;
    let options = ["--until-end", "--set", brokers, "--set", control];
    let (service, log) = start(&config, &options);
    let (code, told) = end(service, log);
    assert_eq!(code, Some(1), "{told}");
    let (_, unread) = told.split_once("not read to the end:").expect(&told);
    assert!(unread.contains("flights[0]"), "{unread}");
    assert!(unread.contains("flights[2]"), "{unread}");
    assert!(!unread.contains("flights[1]"), "{unread}");
    assert!(told.contains("Move it there if it is one"), "{told}");
}
