use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::super::run_folder::RunFolder;
use super::super::{ChildProcess, ports};
use super::{java, node};

const REALM: &str = "TEST.LOCAL";

/// A Kerberos server: Hadoop's MiniKdc, which is Apache Kerby and needs no rights on the machine.
/// One keytab holds the keys of all.
#[derive(Debug)]
pub(super) struct Kdc {
    _process: ChildProcess,
    folder: RunFolder,
}

impl Kdc {
    pub(super) fn start() -> Result<Self> {
        let folder = RunFolder::new("kdc")?;
        let path = folder.path();
        let [port] = ports::free()?;
        fs::write(
            path.join("kdc.properties"),
            PROPERTIES.replace("PORT", &port.to_string()),
        )?;
        fs::write(
            path.join("krb5.conf"),
            KRB5.replace("PORT", &port.to_string()),
        )?;
        fs::create_dir(path.join("work"))?;
        let mut command: Command = java(path)?;
        command
            .current_dir(path)
            .arg("org.apache.hadoop.minikdc.MiniKdc");
        command.args(["work", "kdc.properties", "keytab"]);
        command.args(["hdfs/localhost", "HTTP/localhost", "sluicebox"]);
        let mut process = ChildProcess::start(&command, &folder)?;
        process.wait_until_ready("the KDC", node::STARTED_WITHIN, |kdc| {
            kdc.log().contains("with principals")
        })?;
        Ok(Self {
            _process: process,
            folder,
        })
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("krb5.conf")
    }

    pub(super) fn keytab(&self) -> PathBuf {
        self.folder.path().join("keytab")
    }

    /// Where a JVM finds its realm.
    pub(super) fn java_option(&self) -> String {
        format!("-Djava.security.krb5.conf={}", self.config().display())
    }

    pub(super) fn core_site(&self) -> Vec<(&'static str, String)> {
        let settings = [
            ("hadoop.security.authentication", "kerberos"),
            ("hadoop.security.authorization", "true"),
            ("hadoop.rpc.protection", "privacy"),
            ("hadoop.security.auth_to_local", "RULE:[2:$1]\nDEFAULT"),
        ];
        settings
            .map(|(name, value)| (name, value.to_owned()))
            .into()
    }

    pub(super) fn hdfs_site(&self) -> Vec<(&'static str, String)> {
        let keytab = self.keytab().display().to_string();
        let (hdfs, http) = (
            format!("hdfs/localhost@{REALM}"),
            format!("HTTP/localhost@{REALM}"),
        );
        vec![
            ("dfs.namenode.kerberos.principal", hdfs.clone()),
            ("dfs.datanode.kerberos.principal", hdfs),
            ("dfs.namenode.keytab.file", keytab.clone()),
            ("dfs.datanode.keytab.file", keytab.clone()),
            ("dfs.web.authentication.kerberos.principal", http),
            ("dfs.web.authentication.kerberos.keytab", keytab),
            ("dfs.block.access.token.enable", "true".to_owned()),
            ("dfs.data.transfer.protection", "privacy".to_owned()),
            // Instead of ports below 1024, which need root.
            ("ignore.secure.ports.for.testing", "true".to_owned()),
        ]
    }
}

const PROPERTIES: &str = "\
org.name=TEST
org.domain=LOCAL
kdc.bind.address=127.0.0.1
kdc.port=PORT
transport=TCP
instance=DefaultKrbServer
debug=false
max.ticket.lifetime=86400000
max.renewable.lifetime=604800000
";

/// The machine's name service is not asked.
const KRB5: &str = "\
[libdefaults]
 default_realm = TEST.LOCAL
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 TEST.LOCAL = {
  kdc = 127.0.0.1:PORT
 }
[domain_realm]
 localhost = TEST.LOCAL
";
