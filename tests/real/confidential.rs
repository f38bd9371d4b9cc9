//! Secrets and what is in records are shown nowhere: planted ones are looked for in everything that
//! every command says, at the finest level of the log, when all goes well and when it does not.

mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use sluicebox_tests::harness::{Proxy, Sluicebox, TokenEndpoint, eventually, kafka, s3};

use self::world::World;
use crate::secrets::{CLIENT_SECRET, PASSWORD, PAYLOAD, SERVER_TOKEN, WRONG_PASSWORD};
use crate::secrets::{are_kept, are_kept_by};

/// Commands that run at the same time.
const CONCURRENCY: usize = 4;
/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);

/// A pipeline with everything that has a secret, over records of which most are bad in a way of their
/// own: its log, console, events and control tree hold none of it, nor does what a command prints.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_when_all_goes_well() {
    let world = World::new("confidential").await;
    let mut run = world.run();
    eventually("everything is committed, told and cataloged", async || {
        let committed = kafka().committed_offsets(&world.group(), &world.topic);
        let (_, metrics) = run.console("/metrics")?;
        let is_done = committed == kafka().log_ends(&world.topic)
            && metrics.contains("sluicebox_crawler_partitions_total{")
            && metrics.contains("outcome=\"skipped\"")
            && !kafka().records(&world.events).is_empty();
        is_done.then_some(())
    })
    .await;
    are_kept_by(&run);
    run.terminate();
    assert_eq!(run.wait(END), 0, "{}", run.log());
    let log = run.log();
    are_kept(&log);
    for loud in ["DEBUG", "librdkafka: ", "an event is passed over"] {
        assert!(log.contains(loud), "`{loud}` is not in the log");
    }
    assert_eq!(kafka().records(&world.dead_letters).len(), world.rejected);
    for request in world.webhook.requests() {
        are_kept(&String::from_utf8_lossy(&request.body));
    }
    for message in kafka().records(&world.events) {
        are_kept(&format!("{:?}", world::text_of(&message)));
    }
    let lake = tempfile::tempdir().expect("a folder");
    s3().download(&world.bucket, lake.path());
    let control = files_below(&lake.path().join("_sluicebox"));
    assert!(control.len() > 3, "{control:?}");
    for file in control {
        are_kept(&String::from_utf8_lossy(&fs::read(file).expect("a file")));
    }
    let golden = lake.path().join("golden");
    assert_eq!(run_all(&world.config, commands(&golden)).await, vec![0; 22]);
    let shown = said(
        &["dry-run", "-c", "{config}", "--show-values"],
        &world.config,
    );
    assert!(shown.1.contains(PAYLOAD), "values are shown to who asks");
}

/// The same when a login, a store, a catalog or a token endpoint says no.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_when_something_refuses() {
    let world = World::new("confidential-refused").await;
    let refusing = TokenEndpoint::start("401 Unauthorized", "").await;
    let away = Proxy::down();
    let oauth = format!(
        "mechanism: OAUTHBEARER, client_id: etl, client_secret: {CLIENT_SECRET}, \
         token_endpoint_url: \"{}\" }}",
        refusing.url
    );
    let login = format!("mechanism: SCRAM-SHA-512, username: alice, password: {PASSWORD} }}");
    let glue = format!("http://{}", away.address());
    let changes = [
        (PASSWORD, WRONG_PASSWORD, "refuse the login"),
        (login.as_str(), oauth.as_str(), "token endpoint"),
        ("writer-secret", WRONG_PASSWORD, "refuses the credentials"),
        (world.glue.as_str(), glue.as_str(), ""),
    ];
    for (from, to, why) in changes {
        let config = world.config.replace(from, to);
        assert_ne!(config, world.config, "{from} is not in it");
        run_all(&config, stubborn_commands()).await;
        let run = Sluicebox::start(&["run", "-c", "{config}"], &config, &[]);
        eventually(why, async || {
            let (_, body) = run.console("/readyz")?;
            body.contains(why).then_some(())
        })
        .await;
        are_kept_by(&run);
    }
}

/// The same of a config that cannot be used, by a file that is broken and by secrets that stand where
/// none is expected.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_of_a_config_that_is_wrong() {
    let world = World::new("confidential-wrong").await;
    let sasl = |keys: &str| world.config.replace("mechanism: SCRAM-SHA-512", keys);
    let password = format!("password: {PASSWORD}");
    let configs = [
        format!("{}\n  broken: [", world.config),
        format!("{}\n{PASSWORD}", world.config),
        sasl("mechanism: SCRAM"),
        sasl("mechanism: [SCRAM]"),
        sasl("mechanism: SCRAM-SHA-512, passwrd: x"),
        world
            .config
            .replace(&password, &format!("password: [{PASSWORD}]")),
        world
            .config
            .replace(&password, &format!("password: {{ {PASSWORD}: 1 }}")),
        world
            .config
            .replace(&password, &format!("passwrd: {PASSWORD}")),
        world
            .config
            .replace("server: {", &format!("server: {SERVER_TOKEN}\nserved: {{")),
        world
            .config
            .replace("sasl: {", &format!("sasl: {PASSWORD}, sasl2: {{")),
    ];
    for config in configs {
        let codes = run_all(&config, commands(Path::new("/nowhere"))).await;
        // Printing a schema needs no config.
        let failed = codes.iter().filter(|code| **code == 78).count();
        assert_eq!(failed, codes.len() - 1, "{config}\n{codes:?}");
    }
}

/// Every command that reads a config and ends by itself, in each form that it can answer in.
fn commands(golden: &Path) -> Vec<Vec<String>> {
    let mut commands = stubborn_commands();
    commands.push(vec!["schema".to_owned(), "config".to_owned()]);
    for engine in ["hive", "trino", "presto", "spark", "athena", "duckdb"] {
        commands.push(line(&["ddl", "-c", "{config}", "--engine", engine]));
    }
    for command in ["dry-run", "verify"] {
        commands.push(line(&[command, "-c", "{config}"]));
        commands.push(line(&[command, "-c", "{config}", "--json"]));
    }
    let files = files_below(golden);
    let in_quarantine = |file: &&PathBuf| file.starts_with(golden.join("_quarantine"));
    let rejected = files.iter().find(in_quarantine);
    let good = files.iter().find(|file| !in_quarantine(file));
    for file in [rejected, good] {
        let path = file.map_or_else(
            || Path::new("no/such.parquet"),
            |file| file.strip_prefix(golden).expect("below the folder"),
        );
        let path = path.to_string_lossy();
        commands.push(line(&["inspect", &path, "-c", "{config}"]));
        commands.push(line(&["inspect", &path, "-c", "{config}", "--json"]));
    }
    commands
}

/// Those that do not wait for what is away.
fn stubborn_commands() -> Vec<Vec<String>> {
    [
        &["validate", "-c", "{config}"][..],
        &["validate", "-c", "{config}", "--json"],
        &["validate", "-c", "{config}", "--connect"],
        &["validate", "-c", "{config}", "--connect", "--json"],
        &["crawler", "plan", "-c", "{config}"],
        &["crawler", "plan", "-c", "{config}", "--json"],
        &["crawler", "crawl", "-c", "{config}"],
    ]
    .map(line)
    .into()
}

fn line(arguments: &[&str]) -> Vec<String> {
    arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect()
}

/// Runs commands to their ends; none of them shows anything. Answers their exit codes.
async fn run_all(config: &str, commands: Vec<Vec<String>>) -> Vec<i32> {
    let each = commands.into_iter().map(|arguments| async move {
        let config = config.to_owned();
        let run = move || {
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let (code, said) = said(&arguments, &config);
            are_kept(&said);
            assert_ne!(said, "", "{arguments:?} says nothing");
            code
        };
        tokio::task::spawn_blocking(run).await.expect("kept")
    });
    stream::iter(each).buffered(CONCURRENCY).collect().await
}

/// The exit code, and all that is printed.
fn said(arguments: &[&str], config: &str) -> (i32, String) {
    let answer = Sluicebox::output(arguments, config, &[]);
    let said = [answer.stdout, answer.stderr].concat();
    let code = answer.status.code().unwrap_or(-1);
    (code, String::from_utf8_lossy(&said).into_owned())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(files_below(&path)),
            path => files.push(path),
        }
    }
    files
}
