use std::time::Duration;

use url::Url;

/// The port that a metastore listens on if nobody says otherwise.
const PORT: u16 = 9083;

/// How to reach a metastore.
#[derive(Clone, Debug)]
pub struct HiveSettings {
    /// `thrift://host:9083`, several for a metastore that runs more than once on one database: they
    /// are tried in turn. The port may be left out.
    pub uris: Vec<String>,
    /// As whom the metastore makes folders, if its file system knows users (HDFS): Hive's
    /// `hive.metastore.execute.setugi`. `None`: as itself. A name, no proof of it: who can reach a
    /// metastore without Kerberos may say who he likes.
    pub user: Option<String>,
    /// For servers with `hive.metastore.thrift.framed.transport.enabled`, which few have.
    pub framed: bool,
    /// How long one address may take to accept a connection.
    pub connect_timeout: Duration,
    /// How long a call may take. A metastore goes on with what it was asked; the next look at the
    /// table shows whether it succeeded.
    pub request_timeout: Duration,
}

/// An address that is none.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum HiveSettingsError {
    /// Not one address was given.
    #[error("no metastore is named; give at least one address, as thrift://host:{PORT}")]
    NoAddress,
    /// This text is no address.
    #[error("`{0}` is no address of a metastore; expected thrift://host:{PORT}")]
    NotAnAddress(String),
}

impl Default for HiveSettings {
    fn default() -> Self {
        Self {
            uris: Vec::new(),
            user: None,
            framed: false,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
        }
    }
}

impl HiveSettings {
    /// `host:port` of each address.
    pub(super) fn addresses(&self) -> Result<Vec<String>, HiveSettingsError> {
        if self.uris.is_empty() {
            return Err(HiveSettingsError::NoAddress);
        }
        let address = |uri: &String| {
            address(uri.trim()).ok_or_else(|| HiveSettingsError::NotAnAddress(uri.clone()))
        };
        self.uris.iter().map(address).collect()
    }
}

fn address(uri: &str) -> Option<String> {
    let url: Url = uri.parse().ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
    let host = url.host_str().filter(|host| !host.is_empty())?;
    (url.scheme() == "thrift" && bare).then(|| format!("{host}:{}", url.port().unwrap_or(PORT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(uris: &[&str]) -> HiveSettings {
        HiveSettings {
            uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            ..HiveSettings::default()
        }
    }

    /// Hive's own spelling is taken, and nothing else.
    #[test]
    fn addresses_are_thrift_urls() {
        let good = settings(&["thrift://a:1", " thrift://b/", "thrift://[::1]:9"]);
        assert_eq!(
            good.addresses().expect("addresses"),
            ["a:1", "b:9083", "[::1]:9"]
        );
        assert_eq!(settings(&[]).addresses(), Err(HiveSettingsError::NoAddress));
        for bad in [
            "",
            "a:1",
            "http://a:1",
            "thrift://",
            "thrift://a:x",
            "thrift://a/db",
            "thrift://a:1,thrift://b:1",
        ] {
            let error = settings(&["thrift://good", bad]).addresses();
            assert_eq!(error, Err(HiveSettingsError::NotAnAddress(bad.to_owned())));
        }
    }
}
