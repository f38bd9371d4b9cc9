use object_store::path::Path;
use url::Url;

use crate::relative_path::STAGING;
use crate::{Failure, OpenError};

/// A prefix of a bucket, or of what Azure calls a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The bucket as users write it: `s3://bucket`, `abfss://container@account.dfs.core.windows.net`.
    root: String,
    pub(crate) bucket: String,
    /// The host behind the `@`, which names an account of Azure.
    pub(crate) account_host: Option<String>,
    /// Empty, or with a `/` at its end.
    pub(super) prefix: String,
}

impl Place {
    pub(crate) fn parse(url: &Url) -> Result<Self, OpenError> {
        let no_bucket = || OpenError::NotABucket(url.to_string());
        let host = url.host_str().ok_or_else(no_bucket)?.to_owned();
        let scheme = match url.scheme() {
            "s3a" => "s3",
            "abfs" => "abfss",
            scheme => scheme,
        };
        let (root, bucket, account_host) = match (url.username(), scheme) {
            ("", "abfss") => (format!("az://{host}"), host, None),
            ("", _) => (format!("{scheme}://{host}"), host, None),
            (container, "abfss") => {
                let root = format!("abfss://{container}@{host}");
                (root, container.to_owned(), Some(host))
            }
            _ => return Err(no_bucket()),
        };
        let prefix = Path::from_url_path(url.path()).map_err(|_invalid| no_bucket())?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(no_bucket());
        }
        let prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self {
            root,
            bucket,
            account_host,
            prefix,
        })
    }

    /// Its address, without a `/` at its end.
    pub(crate) fn url(&self) -> String {
        let url = format!("{}/{}", self.root, self.prefix);
        url.trim_end_matches('/').to_owned()
    }

    /// The key of a path below it.
    pub(super) fn key(&self, path: &str) -> Result<Path, Failure> {
        let key = Path::parse(format!("{}{path}", self.prefix));
        key.map_err(|error| Failure::fatal(error.to_string()))
    }

    /// Beginnings of keys below it that are not its own: its staging folder, and `other` if that
    /// lies inside.
    pub(super) fn hidden(&self, other: &Self) -> Vec<String> {
        let mut hidden = vec![format!("{}{STAGING}/", self.prefix)];
        if other.root == self.root && other.prefix.starts_with(&self.prefix) {
            hidden.push(other.prefix.clone());
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to write a bucket names it, and is written back in one way.
    #[test]
    fn buckets_are_read_and_written_back() {
        let place = |text: &str| Place::parse(&text.parse().expect("URL")).expect("a bucket");
        for (text, bucket, account_host, url) in [
            ("s3a://lake/golden/", "lake", None, "s3://lake/golden"),
            ("gs://lake", "lake", None, "gs://lake"),
            ("az://lake/golden", "lake", None, "az://lake/golden"),
            ("abfs://lake/golden", "lake", None, "az://lake/golden"),
            (
                "abfss://lake@acme.dfs.core.windows.net/golden",
                "lake",
                Some("acme.dfs.core.windows.net"),
                "abfss://lake@acme.dfs.core.windows.net/golden",
            ),
        ] {
            let place = place(text);
            assert_eq!(place.bucket, bucket, "{text}");
            assert_eq!(place.account_host.as_deref(), account_host, "{text}");
            assert_eq!(place.url(), url, "{text}");
        }
    }
}
