mod kdc;
mod node;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

use self::kdc::Kdc;
use self::node::{Kind, Node};
use super::{cache, deadline, http, maven, ports, python};

/// How often a start is tried, each time on other ports.
const STARTS: usize = 3;

/// HDFS: a name node and a data node. A folder is made per test, so tests do not meet in it. Whoever
/// starts it is its superuser.
#[derive(Debug)]
pub struct Hdfs {
    name_node: Node,
    data_node: Node,
    ports: Ports,
    kdc: Option<Kdc>,
}

/// How clients log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Names are believed.
    Simple,
    /// By Kerberos, with a KDC of its own; what is said and sent is encrypted.
    Kerberos,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    name_node: u16,
    name_node_http: u16,
    data_node: u16,
    data_node_http: u16,
    data_node_ipc: u16,
}

impl Hdfs {
    /// Starts one of one's own, for tests that stop it; the others share [`hdfs`](super::hdfs).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(login: Login) -> Self {
        let mut tried = Self::try_start(login);
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start(login));
        }
        tried.unwrap_or_else(|error| panic!("HDFS: {error:#}"))
    }

    /// `host:port` of the name node.
    #[must_use]
    pub fn name_node(&self) -> String {
        self.ports.address()
    }

    /// The path of a folder that no other test gets. It is not there yet.
    #[must_use]
    pub fn free_folder(&self) -> String {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        format!("/lake-{}", FOLDERS.fetch_add(1, Ordering::Relaxed))
    }

    /// A folder with `core-site.xml` and `hdfs-site.xml`, as clients have it.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.name_node.config_dir()
    }

    /// `krb5.conf`, and the keytab of the principal `sluicebox@TEST.LOCAL`. None without Kerberos.
    #[must_use]
    pub fn kerberos_files(&self) -> Option<(PathBuf, PathBuf)> {
        self.kdc.as_ref().map(|kdc| (kdc.config(), kdc.keytab()))
    }

    /// Kills the name node with SIGKILL, as a crash does. Its data stays.
    pub fn kill_name_node(&mut self) {
        self.name_node.kill();
    }

    /// Starts the name node again after [`kill_name_node`](Self::kill_name_node), on its ports and
    /// data, and waits until it has left safe mode.
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    pub fn restart_name_node(&mut self) {
        let restart = |hdfs: &mut Self| -> Result<()> {
            hdfs.name_node.restart()?;
            hdfs.wait_until_ready()
        };
        restart(self).unwrap_or_else(|error| panic!("HDFS: {error:#}"));
    }

    /// Runs `hdfs dfsadmin <arguments>`.
    ///
    /// # Panics
    ///
    /// If it fails, with its words.
    pub fn dfsadmin(&self, arguments: &[&str]) {
        self.tool("org.apache.hadoop.hdfs.tools.DFSAdmin", arguments);
    }

    /// Runs `hdfs dfs <arguments>`.
    ///
    /// # Panics
    ///
    /// If it fails, with its words.
    pub fn dfs(&self, arguments: &[&str]) {
        self.tool("org.apache.hadoop.fs.FsShell", arguments);
    }

    /// Copies everything below `place` into `folder`, over WebHDFS, so that what is read does not
    /// depend on the code under test. Without Kerberos only.
    ///
    /// # Panics
    ///
    /// If the server refuses, or there is no such place.
    pub fn download(&self, place: &str, folder: &Path) {
        let server = format!("http://localhost:{}", self.ports.name_node_http);
        python(DOWNLOAD, &[&server, place, &folder.to_string_lossy()]);
    }

    fn tool(&self, class: &str, arguments: &[&str]) {
        let run = || cache::run(java(&self.config_dir())?.arg(class).args(arguments), class);
        run().unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn try_start(login: Login) -> Result<Self> {
        let kdc = match login {
            Login::Simple => None,
            Login::Kerberos => Some(Kdc::start()?),
        };
        let ports = Ports::free()?;
        let mut hdfs = Self {
            name_node: Node::start(Kind::Name, ports, kdc.as_ref())?,
            data_node: Node::start(Kind::Data, ports, kdc.as_ref())?,
            ports,
            kdc,
        };
        hdfs.wait_until_ready()?;
        Ok(hdfs)
    }

    /// Out of safe mode, with its data node.
    fn wait_until_ready(&mut self) -> Result<()> {
        let state = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState";
        let port = self.ports.name_node_http;
        let mut nodes = [&mut self.name_node, &mut self.data_node];
        deadline::wait_for("HDFS is ready", node::STARTED_WITHIN, || {
            for node in &mut nodes {
                node.check_alive()?;
            }
            let Ok((200, said)) = http::answer("GET", port, state, "") else {
                return Ok(None);
            };
            let said: String = said.chars().filter(|c| !c.is_whitespace()).collect();
            let ready = [r#""FSState":"Operational""#, r#""NumLiveDataNodes":1,"#];
            Ok(ready.iter().all(|part| said.contains(part)).then_some(()))
        })
    }
}

impl Ports {
    fn free() -> Result<Self> {
        let [
            name_node,
            name_node_http,
            data_node,
            data_node_http,
            data_node_ipc,
        ] = ports::free()?;
        Ok(Self {
            name_node,
            name_node_http,
            data_node,
            data_node_http,
            data_node_ipc,
        })
    }

    fn address(self) -> String {
        format!("localhost:{}", self.name_node)
    }
}

/// A small JVM with Hadoop and the files of `config_dir` on its class path.
fn java(config_dir: &Path) -> Result<Command> {
    let jars = maven::jars("hdfs", &maven::pom(&ARTIFACTS, &[])).context("HDFS's jars")?;
    let mut java = Command::new("java");
    java.args(["-Xms32m", "-Xmx256m", "-XX:+UseSerialGC"])
        .args(["-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"])
        .arg("-cp")
        .arg(format!(
            "{}:{}",
            config_dir.display(),
            jars.join("*").display()
        ));
    Ok(java)
}

/// `hadoop-hdfs` does not bring its own client; `hadoop-minikdc` is the Kerberos server.
const ARTIFACTS: [&str; 4] = [
    "org.apache.hadoop:hadoop-common:3.5.0",
    "org.apache.hadoop:hadoop-hdfs:3.5.0",
    "org.apache.hadoop:hadoop-hdfs-client:3.5.0",
    "org.apache.hadoop:hadoop-minikdc:3.5.0",
];

const DOWNLOAD: &str = "
import json, os, sys, urllib.parse, urllib.request
server, place, folder = sys.argv[1:]
def ask(path, operation):
    url = f'{server}/webhdfs/v1{urllib.parse.quote(path)}?op={operation}'
    return urllib.request.urlopen(url, timeout=60).read()
def copy(path, to):
    os.makedirs(to, exist_ok=True)
    for entry in json.loads(ask(path, 'LISTSTATUS'))['FileStatuses']['FileStatus']:
        name = entry['pathSuffix']
        if entry['type'] == 'DIRECTORY':
            copy(f'{path}/{name}', os.path.join(to, name))
        else:
            with open(os.path.join(to, name), 'wb') as file:
                file.write(ask(f'{path}/{name}', 'OPEN'))
copy(place, folder)
";
