use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use url::Url;

use super::{ValueError, text_value};

/// A root in a store: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`,
/// `abfss://container@account.dfs.core.windows.net/prefix`, `hdfs://nameservice/folder`,
/// `file:///folder`, or a path such as `./lake` relative to the folder of the config file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LakeUrl {
    /// A folder of the local disk; absolute once the file is loaded.
    File(PathBuf),
    /// A prefix of a bucket: S3's, Google's, or what Azure calls a container.
    Bucket {
        /// Whose bucket.
        scheme: BucketScheme,
        /// The bucket; with `abfss`, `container@host`.
        bucket: String,
        /// The key prefix, without slashes at its ends; may be empty.
        prefix: String,
    },
    /// A folder of HDFS.
    Hdfs {
        /// A name service of the Hadoop configuration, or a name node: `host` or `host:port`.
        name_service: String,
        /// The folder's path, without slashes at its ends; may be empty.
        folder: String,
    },
}

/// Whose bucket a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketScheme {
    /// S3: `s3`, or Hadoop's `s3a`.
    S3,
    /// Google Cloud Storage: `gs`.
    Gs,
    /// Azure, where the account is named elsewhere: `az`.
    Az,
    /// Azure with the account's host, as Hadoop writes it: `abfss`, `abfs`.
    Abfss,
}

impl BucketScheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
            Self::Abfss => "abfss",
        }
    }
}

impl LakeUrl {
    /// The place `name` next to this one; inside it when it is the top of its store.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        match self {
            Self::File(path) => {
                let parent = path.parent().filter(|parent| parent.parent().is_some());
                Self::File(parent.unwrap_or(path).join(name))
            }
            Self::Bucket {
                scheme,
                bucket,
                prefix,
            } => Self::Bucket {
                scheme: *scheme,
                bucket: bucket.clone(),
                prefix: beside(prefix, name),
            },
            Self::Hdfs {
                name_service,
                folder,
            } => Self::Hdfs {
                name_service: name_service.clone(),
                folder: beside(folder, name),
            },
        }
    }

    /// The store's scheme: `file`, `s3`, `gs`, `az`, `abfss`, `hdfs`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Bucket { scheme, .. } => scheme.as_str(),
            Self::Hdfs { .. } => "hdfs",
        }
    }

    /// Where this place lies below `root`, one name per level; empty when they are the same, none
    /// when it lies elsewhere.
    #[must_use]
    pub fn below(&self, root: &Self) -> Option<Vec<String>> {
        match (self, root) {
            (Self::File(path), Self::File(root)) => {
                let rest = path.strip_prefix(root).ok()?;
                Some(
                    rest.iter()
                        .map(|name| name.to_string_lossy().into_owned())
                        .collect(),
                )
            }
            (
                Self::Bucket {
                    scheme,
                    bucket,
                    prefix,
                },
                Self::Bucket {
                    scheme: root_scheme,
                    bucket: root_bucket,
                    prefix: root,
                },
            ) if (scheme, bucket) == (root_scheme, root_bucket) => names_below(prefix, root),
            (
                Self::Hdfs {
                    name_service,
                    folder,
                },
                Self::Hdfs {
                    name_service: root_service,
                    folder: root,
                },
            ) if name_service == root_service => names_below(folder, root),
            _ => None,
        }
    }

    /// Makes a relative folder absolute, taking it from `folder`.
    pub(crate) fn rebase(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = normal(&folder.join(&*path));
        }
    }
}

/// The path of `name` in the folder that holds `path`.
fn beside(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((parent, _)) => format!("{parent}/{name}"),
        None => name.to_owned(),
    }
}

fn names_below(path: &str, root: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(root)?;
    let inside = root.is_empty() || rest.is_empty() || rest.starts_with('/');
    let names = rest
        .split('/')
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    inside.then(|| names.collect())
}

/// The path without `.` and `..`, so that two ways to write one folder compare equal.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

impl FromStr for LakeUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains("://") {
            return relative_folder(text);
        }
        let url =
            Url::parse(text).map_err(|error| ValueError::new(format!("it is no URL: {error}")))?;
        let container = matches!(url.scheme(), "abfs" | "abfss") && url.password().is_none();
        if !container && (!url.username().is_empty() || url.password().is_some()) {
            return Err(ValueError::new(
                "it holds credentials; they have keys of their own under `lake`",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ValueError::new(
                "it has a `?` or `#` part, which a lake has no use for",
            ));
        }
        match url.scheme() {
            "file" => local_folder(&url),
            "s3" | "s3a" => bucket(BucketScheme::S3, &url),
            "gs" => bucket(BucketScheme::Gs, &url),
            "az" => bucket(BucketScheme::Az, &url),
            "abfs" | "abfss" if url.username().is_empty() => bucket(BucketScheme::Az, &url),
            "abfs" | "abfss" => bucket(BucketScheme::Abfss, &url),
            "hdfs" => name_service(&url),
            _ => Err(ValueError::new(
                "its scheme is unknown; there are s3://, gs://, az://, abfss://, hdfs:// and file://",
            )),
        }
    }
}

fn relative_folder(text: &str) -> Result<LakeUrl, ValueError> {
    if text.starts_with('/') || text.starts_with("./") || text.starts_with("../") {
        return Ok(LakeUrl::File(PathBuf::from(text)));
    }
    Err(ValueError::new(
        "it has no scheme; a relative folder starts with `./`",
    ))
}

fn local_folder(url: &Url) -> Result<LakeUrl, ValueError> {
    let path = url.to_file_path().map_err(|()| {
        ValueError::new("a file URL has three slashes and an absolute path: file:///data/lake")
    })?;
    if path.parent().is_none() {
        return Err(ValueError::new("it is the root of the disk; name a folder"));
    }
    Ok(LakeUrl::File(path))
}

fn bucket(scheme: BucketScheme, url: &Url) -> Result<LakeUrl, ValueError> {
    let host = url
        .host_str()
        .ok_or_else(|| ValueError::new("it names no bucket"))?;
    if url.port().is_some() {
        return Err(ValueError::new(
            "it has a port; a server's address belongs in `lake.s3.endpoint`, \
             `lake.gcs.endpoint` or `lake.azure.endpoint`",
        ));
    }
    Ok(LakeUrl::Bucket {
        scheme,
        bucket: match url.username() {
            "" => host.to_owned(),
            container => format!("{container}@{host}"),
        },
        prefix: path(url),
    })
}

fn name_service(url: &Url) -> Result<LakeUrl, ValueError> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| {
        ValueError::new("it names no name service; write hdfs://nameservice/folder")
    })?;
    Ok(LakeUrl::Hdfs {
        name_service: match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        },
        folder: path(url),
    })
}

/// The path of a URL without empty segments.
fn path(url: &Url) -> String {
    let segments = url.path().split('/').filter(|name| !name.is_empty());
    segments.collect::<Vec<_>>().join("/")
}

impl fmt::Display for LakeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) if path.is_absolute() => write!(f, "file://{}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Bucket {
                scheme,
                bucket,
                prefix,
            } => {
                let slash = if prefix.is_empty() { "" } else { "/" };
                write!(f, "{}://{bucket}{slash}{prefix}", scheme.as_str())
            }
            Self::Hdfs {
                name_service,
                folder,
            } => write!(f, "hdfs://{name_service}/{folder}"),
        }
    }
}

text_value!(
    LakeUrl,
    types = "string",
    format = "lake-url",
    pattern = r"^([a-z][a-z0-9]*://|\.{0,2}/)",
    expected = "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, \
                abfss://container@account.dfs.core.windows.net/prefix, \
                hdfs://nameservice/folder, file:///folder or ./folder"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> LakeUrl {
        text.parse().unwrap()
    }

    #[test]
    fn roots_are_read_and_written_back() {
        for text in [
            "s3://lake/golden",
            "s3://lake",
            "gs://lake/golden",
            "az://lake/golden",
            "abfss://lake@acme.dfs.core.windows.net/golden",
            "hdfs://lake/data/golden",
            "hdfs://namenode:8020/golden",
            "file:///data/lake",
            "./lake",
        ] {
            assert_eq!(url(text).to_string(), text);
        }
        assert_eq!(url("abfs://lake/golden").to_string(), "az://lake/golden");
        assert_eq!(url("s3://lake//golden/").to_string(), "s3://lake/golden");
    }

    /// Each refusal says which scheme or part is the trouble, and none repeats a credential.
    #[test]
    fn other_places_are_refused() {
        for (text, reason) in [
            ("gs://user@lake/golden", "credentials"),
            (
                "abfss://lake:hunter2@acme.dfs.core.windows.net",
                "credentials",
            ),
            ("hdfs:///lake", "names no name service"),
            ("ftp://lake", "its scheme is unknown"),
            ("lake", "starts with `./`"),
            ("file://lake/golden", "three slashes"),
            ("file:///", "root of the disk"),
            ("s3://key:hunter2@lake", "credentials"),
            ("s3://lake:9000/golden", "lake.s3.endpoint"),
            ("s3://lake?region=x", "`?`"),
        ] {
            let error = text.parse::<LakeUrl>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("hunter2"));
        }
    }

    /// The default control tree lies beside the tables, never among them unless there is no beside.
    #[test]
    fn the_sibling_lies_beside() {
        for (root, sibling) in [
            ("s3://lake/golden", "s3://lake/_sluicebox"),
            ("s3://lake/a/golden", "s3://lake/a/_sluicebox"),
            (
                "abfss://lake@acme.dfs.core.windows.net/golden",
                "abfss://lake@acme.dfs.core.windows.net/_sluicebox",
            ),
            ("s3://lake", "s3://lake/_sluicebox"),
            ("hdfs://nn/a/golden", "hdfs://nn/a/_sluicebox"),
            ("file:///data/lake", "file:///data/_sluicebox"),
            ("file:///lake", "file:///lake/_sluicebox"),
        ] {
            assert_eq!(
                url(root).sibling("_sluicebox").to_string(),
                sibling,
                "{root}"
            );
        }
    }

    #[test]
    fn below_counts_levels() {
        for (inner, outer, levels) in [
            ("s3://lake/golden/air/x", "s3://lake/golden", Some(2)),
            ("s3://lake/golden2", "s3://lake/golden", None),
            ("s3://lake/golden", "s3://lake", Some(1)),
            ("s3://other/golden", "s3://lake", None),
            ("gs://lake/golden", "s3://lake", None),
            ("gs://lake/golden", "gs://lake", Some(1)),
            ("hdfs://nn/a/golden", "hdfs://nn/a", Some(1)),
            ("hdfs://nn:9000/a", "hdfs://nn/a", None),
            ("file:///data/lake", "file:///data/lake", Some(0)),
            ("file:///data/lakes", "file:///data/lake", None),
        ] {
            let found = url(inner).below(&url(outer)).map(|names| names.len());
            assert_eq!(found, levels, "{inner} below {outer}");
        }
    }
}
