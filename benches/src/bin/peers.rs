//! The product and its peers drain the same topic of a real Kafka, one after the other, and a table
//! tells what each cost and what came out.
//!
//! `benches/README.md` has the commands, what each peer is told, and how it is measured.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use sluicebox_benches::contents::Contents;
use sluicebox_benches::load::Load;
use sluicebox_benches::peers::comparison::{Comparison, Killed, Line, Run};
use sluicebox_benches::peers::rows::Ledger;
use sluicebox_benches::peers::run::{self, Restarted};
use sluicebox_benches::peers::{Peer, Site};
use sluicebox_benches::shapes::Shape;
use sluicebox_benches::{kafka, process, product};
use sluicebox_tests::harness;
use tempfile::TempDir;

#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Init>,
}

#[derive(Debug, Subcommand)]
enum Init {
    /// What stands between this program and a peer.
    #[command(hide = true, name = process::INIT)]
    Init {
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct Settings {
    /// What the records look like.
    #[arg(long, default_value_t = Shape::A)]
    shape: Shape,
    /// How much JSON, in units of 10⁹ bytes; 1 at most, for above that ids come again.
    #[arg(long, default_value_t = 0.25)]
    gigabytes: f64,
    /// Partitions of the topic.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    partitions: u32,
    /// Who is measured; may be given more than once. Default: all.
    #[arg(long = "peer", value_enum, value_name = "NAME")]
    peers: Vec<Peer>,
    /// Runs each once more, kills it with SIGKILL when readers see its first file, restarts it, and
    /// tells what they see in the end.
    #[arg(long)]
    kill: bool,
    /// How many minutes one run may take.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The product's binary. Default: built from the sources, in the profile of this program.
    #[arg(long, value_name = "FILE")]
    sluicebox: Option<PathBuf>,
    /// Keeps what the runs wrote, logs included, in this folder.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Answers in JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let CommandLine { settings, command } = CommandLine::parse();
    if let Some(Init::Init { command }) = command {
        return process::init(&command);
    }
    let comparison = settings.compare()?;
    if settings.json {
        serde_json::to_writer(io::stdout(), &comparison)?;
    } else {
        write!(io::stdout(), "{comparison}")?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Settings {
    fn compare(&self) -> Result<Comparison> {
        ensure!(
            self.gigabytes <= 1.0,
            "rows are told apart by their ids up to 1 GB"
        );
        ensure!(
            Shape::STANDARD.contains(&self.shape),
            "peers are told of the shapes a, b and b10 alone"
        );
        let product = product::binary(self.sluicebox.as_deref())?;
        let ledger = Ledger::default();
        let note = |record: &_| ledger.note(record);
        let contents = Contents {
            partitions: self.partitions,
            ..Contents::of(self.shape, self.gigabytes)
        };
        let load = Load::prepare_seen(&contents, note)?;
        let kafka = harness::kafka();
        kafka::make(kafka, &load)?;
        let mut comparison = Comparison {
            shape: self.shape.to_string(),
            partitions: self.partitions,
            load: load.totals,
            peers: Vec::new(),
        };
        drop(load);
        for peer in self.peers() {
            writeln!(io::stderr(), "{} …", peer.title())?;
            let site = |peer: Peer, name: &str, folder: &TempDir| Site {
                kafka,
                shape: self.shape,
                group: format!("{peer:?}-{name}").to_lowercase(),
                folder: folder.path().to_owned(),
                product: &product,
            };
            comparison.peers.push(self.measure(peer, &ledger, site)?);
        }
        Ok(comparison)
    }

    fn peers(&self) -> Vec<Peer> {
        if self.peers.is_empty() {
            Peer::ALL.to_vec()
        } else {
            self.peers.clone()
        }
    }

    /// A peer that fails says why in its line, and is in nobody's way.
    fn measure<'a>(
        &self,
        peer: Peer,
        ledger: &Ledger,
        site: impl Fn(Peer, &str, &TempDir) -> Site<'a>,
    ) -> Result<Line> {
        let machine_load = machine_load()?;
        let measured = self.run_beside_product(peer, ledger, &site);
        let killed = match &measured {
            Ok(undisturbed) if self.kill => {
                let after = Duration::from_secs_f64(undisturbed.usage.wall_seconds);
                let folder = self.folder(peer, "killed")?;
                let site = site(peer, "killed", &folder);
                let restarted = run::kill_and_restart(peer, &site, after, self.within());
                Some(restarted.and_then(|Restarted { lake, has_ended }| {
                    let rows = ledger.judge(&lake)?;
                    Ok(Killed { rows, has_ended })
                }))
            }
            Ok(_) | Err(_) => None,
        };
        Ok(Line {
            peer,
            title: peer.title().to_owned(),
            dedup: peer.has_dedup(),
            machine_load,
            run: measured.map_err(|error| format!("{error:#}")),
            killed: killed.map(|rows| rows.map_err(|error| format!("{error:#}"))),
        })
    }

    /// A run of a peer between two of the product: cores that are shared with others are not as fast from one
    /// minute to the next, and a peer takes minutes.
    fn run_beside_product<'a>(
        &self,
        peer: Peer,
        ledger: &Ledger,
        site: impl Fn(Peer, &str, &TempDir) -> Site<'a>,
    ) -> Result<Run> {
        let product = |when: &str| -> Result<f64> {
            let folder = self.folder(Peer::Sluicebox, when)?;
            let site = site(Peer::Sluicebox, &format!("{when}-{peer:?}"), &folder);
            let (usage, _) = run::measure(Peer::Sluicebox, &site, self.within())
                .context("the product, which runs beside it")?;
            Ok(usage.cpu_seconds)
        };
        let folder = self.folder(peer, "run")?;
        let place = site(peer, "run", &folder);
        peer.fetch(&place)?;
        let before = product("before")?;
        let (usage, lake) = run::measure(peer, &place, self.within())?;
        let after = product("after")?;
        Ok(Run {
            usage,
            product_cpu_seconds: f64::midpoint(before, after),
            rows: ledger.judge(&lake)?,
        })
    }

    const fn within(&self) -> Duration {
        Duration::from_secs(60 * self.minutes)
    }

    fn folder(&self, peer: Peer, name: &str) -> Result<TempDir> {
        let mut folder = tempfile::Builder::new();
        let prefix = format!("{peer:?}-{name}-").to_lowercase();
        folder.prefix(&prefix);
        match &self.keep {
            Some(kept) => {
                fs::create_dir_all(kept)?;
                let kept = kept.canonicalize()?;
                Ok(folder.disable_cleanup(true).tempdir_in(kept)?)
            }
            None => Ok(folder.tempdir()?),
        }
    }
}

fn machine_load() -> Result<f64> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    let of_a_minute = averages
        .split(' ')
        .next()
        .and_then(|load| load.parse().ok());
    of_a_minute.context("/proc/loadavg")
}
