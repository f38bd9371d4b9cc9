use object_store::path::Path;
use url::Url;

use crate::relative_path::STAGING;
use crate::{Failure, OpenError};

/// A prefix of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) bucket: String,
    /// Empty, or with a `/` at its end.
    pub(super) prefix: String,
}

impl Place {
    pub(crate) fn parse(url: &Url) -> Result<Self, OpenError> {
        let no_bucket = || OpenError::NotABucket(url.to_string());
        let bucket = url.host_str().ok_or_else(no_bucket)?.to_owned();
        let prefix = Path::from_url_path(url.path()).map_err(|_invalid| no_bucket())?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(no_bucket());
        }
        let prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self { bucket, prefix })
    }

    /// Its address, without a `/` at its end.
    pub(crate) fn url(&self) -> String {
        let url = format!("s3://{}/{}", self.bucket, self.prefix);
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
        if other.bucket == self.bucket && other.prefix.starts_with(&self.prefix) {
            hidden.push(other.prefix.clone());
        }
        hidden
    }
}
