use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::super::run_folder::RunFolder;
use super::super::{ChildProcess, cache};
use super::kdc::Kdc;
use super::{Ports, java};

pub(super) const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// A server of HDFS, in a JVM and a folder of its own.
#[derive(Debug)]
pub(super) struct Node {
    kind: Kind,
    process: ChildProcess,
    folder: RunFolder,
    /// Where its realm is, with Kerberos.
    realm: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Data,
}

impl Node {
    /// Starts it, and formats its disk first if it is a name node.
    pub(super) fn start(kind: Kind, ports: Ports, kdc: Option<&Kdc>) -> Result<Self> {
        let folder = RunFolder::new(kind.name())?;
        let path = folder.path();
        write_config(path, ports, kdc)?;
        let realm = kdc.map(Kdc::java_option);
        if kind == Kind::Name {
            let mut format = command(kind, path, realm.as_deref())?;
            cache::run(
                format.args(["-format", "-nonInteractive"]),
                "formatting HDFS",
            )?;
        }
        let command = command(kind, path, realm.as_deref())?;
        Ok(Self {
            kind,
            process: ChildProcess::start(&command, &folder)?,
            folder,
            realm,
        })
    }

    pub(super) fn config_dir(&self) -> PathBuf {
        config_dir(self.folder.path())
    }

    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    pub(super) fn restart(&mut self) -> Result<()> {
        self.kill();
        let command = command(self.kind, self.folder.path(), self.realm.as_deref())?;
        self.process = ChildProcess::start(&command, &self.folder)?;
        Ok(())
    }

    pub(super) fn check_alive(&mut self) -> Result<()> {
        let Some(code) = self.process.exit_code()? else {
            return Ok(());
        };
        let (name, log) = (self.kind.name(), self.process.log());
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(15)..].join("\n");
        bail!("the {name} ended with exit code {code}; it printed last:\n{last}")
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name-node",
            Self::Data => "data-node",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Name => "org.apache.hadoop.hdfs.server.namenode.NameNode",
            Self::Data => "org.apache.hadoop.hdfs.server.datanode.DataNode",
        }
    }
}

fn command(kind: Kind, folder: &Path, realm: Option<&str>) -> Result<Command> {
    let mut command = java(&config_dir(folder))?;
    command.current_dir(folder).args(realm).arg(kind.class());
    Ok(command)
}

fn config_dir(folder: &Path) -> PathBuf {
    folder.join("conf")
}

fn write_config(folder: &Path, ports: Ports, kdc: Option<&Kdc>) -> Result<()> {
    let conf = config_dir(folder);
    // The jars hold no web pages, and the servers end without these folders.
    for web in ["hdfs", "datanode"] {
        let web = conf.join("webapps").join(web).join("WEB-INF");
        fs::create_dir_all(&web)?;
        let pages = "<web-app version=\"3.1\" metadata-complete=\"true\"/>";
        fs::write(web.join("web.xml"), pages)?;
    }
    fs::write(conf.join("log4j.properties"), LOG4J)?;
    let mut core = vec![
        ("fs.defaultFS", format!("hdfs://{}", ports.address())),
        ("hadoop.tmp.dir", folder.join("tmp").display().to_string()),
    ];
    core.extend(CORE.map(|(name, value)| (name, value.to_owned())));
    let mut hdfs = vec![
        (
            "dfs.namenode.name.dir",
            format!("file://{}/name", folder.display()),
        ),
        (
            "dfs.datanode.data.dir",
            format!("file://{}/data", folder.display()),
        ),
        (
            "dfs.namenode.http-address",
            format!("localhost:{}", ports.name_node_http),
        ),
        (
            "dfs.datanode.address",
            format!("127.0.0.1:{}", ports.data_node),
        ),
        (
            "dfs.datanode.http.address",
            format!("127.0.0.1:{}", ports.data_node_http),
        ),
        (
            "dfs.datanode.ipc.address",
            format!("127.0.0.1:{}", ports.data_node_ipc),
        ),
    ];
    hdfs.extend(HDFS.map(|(name, value)| (name, value.to_owned())));
    if let Some(kdc) = kdc {
        core.extend(kdc.core_site());
        hdfs.extend(kdc.hdfs_site());
    }
    fs::write(conf.join("core-site.xml"), site(&core))?;
    fs::write(conf.join("hdfs-site.xml"), site(&hdfs))?;
    Ok(())
}

/// A data node that is quicker than its name node tries again soon.
const CORE: [(&str, &str); 2] = [
    ("ipc.client.connect.retry.interval", "100"),
    ("ipc.client.connect.max.retries", "100"),
];

/// One data node; reports come at once, so that a restarted name node leaves safe mode soon. Small
/// blocks, for the name node keeps the space of a whole block free for each file that is written.
const HDFS: [(&str, &str); 9] = [
    ("dfs.replication", "1"),
    ("dfs.blocksize", "4194304"),
    (
        "dfs.namenode.datanode.registration.ip-hostname-check",
        "false",
    ),
    ("dfs.namenode.safemode.extension", "0"),
    ("dfs.namenode.redundancy.interval.seconds", "1"),
    ("dfs.blockreport.initialDelay", "0"),
    ("dfs.heartbeat.interval", "1"),
    ("dfs.datanode.hostname", "127.0.0.1"),
    ("dfs.datanode.du.reserved", "0"),
];

const LOG4J: &str = "\
log4j.rootLogger=INFO,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.target=System.err
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %-5p %c{1} %m%n
";

fn site(properties: &[(&str, String)]) -> String {
    let properties: String = properties
        .iter()
        .map(|(name, value)| {
            format!("<property><name>{name}</name><value>{value}</value></property>\n")
        })
        .collect();
    format!("<configuration>\n{properties}</configuration>\n")
}
