use object_store::path::Path;
use url::Url;

use crate::OpenError;
use crate::relative_path::STAGING;

/// A folder of a name service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HdfsPlace {
    /// A name service of the Hadoop configuration, or a name node's `host` or `host:port`.
    pub(super) name_service: String,
    /// Absolute, without a `/` at its end; empty for the top.
    root: String,
}

impl HdfsPlace {
    pub(crate) fn parse(url: &Url) -> Result<Self, OpenError> {
        let wrong = || OpenError::NotANameService(url.to_string());
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong());
        }
        let path = Path::from_url_path(url.path()).map_err(|_invalid| wrong())?;
        Ok(Self {
            name_service: match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            root: match path.as_ref() {
                "" => String::new(),
                path => format!("/{path}"),
            },
        })
    }

    /// Its address, without a `/` at its end.
    pub(crate) fn url(&self) -> String {
        format!("hdfs://{}{}", self.name_service, self.root)
    }

    /// The path in the file system of a path below it.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// Where everything below it is written first.
    pub(super) fn staging(&self) -> Self {
        Self {
            name_service: self.name_service.clone(),
            root: self.join(STAGING),
        }
    }

    /// Folders below it, with a `/` at the end, that are not its own: its staging folder, and
    /// `other` if that lies inside.
    pub(super) fn hidden(&self, other: &Self) -> Vec<String> {
        let mut hidden = vec![format!("{STAGING}/")];
        let inside = other.root.strip_prefix(&format!("{}/", self.root));
        if let Some(inside) = inside.filter(|_| other.name_service == self.name_service) {
            hidden.push(format!("{inside}/"));
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> HdfsPlace {
        HdfsPlace::parse(&url.parse().expect("URL")).expect("a place")
    }

    /// A tree hides its staging folder, and the other tree only where that lies inside of it.
    #[test]
    fn the_other_tree_is_hidden_where_it_lies_inside() {
        let lake = place("hdfs://nn:8020/lake/golden/");
        assert_eq!(lake.url(), "hdfs://nn:8020/lake/golden");
        assert_eq!(lake.join("t/a"), "/lake/golden/t/a");
        for (other, hidden) in [
            ("hdfs://nn:8020/lake/golden/_sluicebox", Some("_sluicebox/")),
            ("hdfs://nn:8020/lake/golden2", None),
            ("hdfs://nn:8020/lake", None),
            ("hdfs://other/lake/golden/_sluicebox", None),
        ] {
            let found = lake.hidden(&place(other));
            assert_eq!(found.get(1).map(String::as_str), hidden, "{other}");
        }
        assert_eq!(place("hdfs://nn").hidden(&place("hdfs://nn/c"))[1], "c/");
    }
}
