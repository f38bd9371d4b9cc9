//! One run of the product: it drains a load into a store.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;
use sluicebox_tests::harness::{self, S3Identity};
use tempfile::TempDir;

use crate::contents::Contents;
use crate::lake::Lake;
use crate::process::{Usage, measure};

/// Where the files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// A temporary folder.
    Local,
    /// A real S3 server.
    S3,
}

/// A lake and its control tree, gone with this value where they are local.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    store: Store,
    url: String,
    variables: Vec<(String, String)>,
}

impl Place {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no temporary folder.
    pub fn new(store: Store) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (url, variables) = match store {
            Store::Local => (format!("file://{}", folder.path().display()), Vec::new()),
            Store::S3 => (
                format!("s3://{}", harness::s3().create_bucket()),
                harness::s3().environment(S3Identity::Writer),
            ),
        };
        Ok(Self {
            folder,
            store,
            url,
            variables,
        })
    }

    /// Where the control tree of a local one lies, and where a process may leave its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What readers find there.
    ///
    /// # Errors
    /// When a file is no Parquet file.
    pub fn lake(&self) -> Result<Lake> {
        let lake = self.folder.path().join("lake");
        if self.store == Store::S3 {
            let bucket = self.url.trim_start_matches("s3://");
            harness::s3().download(&format!("{bucket}/lake"), &lake);
        }
        Lake::read(&lake)
    }
}

/// The control tree's folder in [`Place::folder`].
pub const CONTROL: &str = "control";

/// The product, and what it drains.
#[derive(Clone, Copy, Debug)]
pub struct Drain<'a> {
    /// Its binary.
    pub binary: &'a Path,
    /// `host:port` of the brokers, by commas.
    pub brokers: &'a str,
    /// What the topics hold.
    pub contents: &'a Contents,
    /// Settings that differ from the config's, such as `limits.threads=1`.
    pub overrides: &'a [String],
}

impl Drain<'_> {
    /// Drains everything as a member of `group` and gives what that cost. Offsets that the group has
    /// committed are known to it.
    ///
    /// # Errors
    /// When it fails, with its log.
    pub fn run(&self, group: &str, place: &Place) -> Result<Usage> {
        let log = place.folder().join("log");
        let mut command = self.command("run", group, place)?;
        command
            .arg("--until-end")
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?);
        let (status, usage) = measure(&mut command)?;
        if !status.success() {
            bail!("{status}: {}", fs::read_to_string(log)?);
        }
        Ok(usage)
    }

    /// `sluicebox <subcommand>` for the place, ready to be started.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn command(&self, subcommand: &str, group: &str, place: &Place) -> Result<Command> {
        let folder = place.folder();
        let mut command = Command::new(self.binary);
        command
            .arg(subcommand)
            .arg("-c")
            .arg(self.contents.config())
            .arg(format!("--set=kafka.group_id={group}"))
            .args(self.overrides.iter().map(|one| format!("--set={one}")))
            .env("BENCH_BROKERS", self.brokers)
            .env("BENCH_LAKE", format!("{}/lake", place.url))
            .env("BENCH_CONTROL", format!("{}/{CONTROL}", place.url))
            .envs(place.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder);
        if let Some(schema) = self.contents.shape.schema() {
            let file = folder.join("schema.yaml");
            fs::write(&file, schema)?;
            command.env("BENCH_SCHEMA", file);
        }
        Ok(command)
    }
}
