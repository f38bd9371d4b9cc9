use std::path::Path;

use sluicebox_tests::harness::{Azure, GcsAccount, S3Identity, azure, gcs, hdfs, s3};

/// Where a lake lies: each case has a place of its own there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Store {
    Local,
    S3,
    Gcs,
    Azure,
    Hdfs,
}

impl Store {
    pub(super) const ALL: [Self; 5] = [Self::Local, Self::S3, Self::Gcs, Self::Azure, Self::Hdfs];

    /// A bucket, a container or a folder that is nobody else's; `folder` on this machine.
    pub(super) fn free_place(self, folder: &Path) -> String {
        match self {
            Self::Local => folder.display().to_string(),
            Self::S3 => s3().create_bucket(),
            Self::Gcs => gcs().create_bucket(),
            Self::Azure => azure().create_container(),
            Self::Hdfs => hdfs().free_folder(),
        }
    }

    /// The address of a place.
    pub(super) fn url(self, place: &str) -> String {
        match self {
            Self::Local => format!("file://{place}"),
            Self::S3 => format!("s3://{place}"),
            Self::Gcs => format!("gs://{place}"),
            Self::Azure => format!("az://{place}"),
            Self::Hdfs => format!("hdfs://{}{place}", hdfs().name_node()),
        }
    }

    /// How it is reached: a line below `lake:`.
    pub(super) fn section(self) -> String {
        match self {
            Self::Local | Self::Hdfs => String::new(),
            Self::S3 => format!("s3: {{ endpoint: \"{}\" }}", s3().endpoint),
            Self::Gcs => format!(
                "gcs: {{ endpoint: \"{}\", service_account_key: {{ env: GCS_KEY }} }}",
                gcs().endpoint
            ),
            Self::Azure => format!("azure: {{ endpoint: \"{}\" }}", azure().endpoint),
        }
    }

    /// Who comes to it.
    pub(super) fn environment(self) -> Vec<(String, String)> {
        match self {
            Self::Local | Self::Hdfs => Vec::new(),
            Self::S3 => s3().environment(S3Identity::Writer),
            Self::Gcs => {
                let key = gcs().service_account_key(GcsAccount::Writer);
                vec![("GCS_KEY".to_owned(), key)]
            }
            Self::Azure => Azure::environment(),
        }
    }

    /// Copies all below a place into `folder`.
    pub(super) fn download(self, place: &str, folder: &Path) {
        match self {
            Self::Local => {}
            Self::S3 => s3().download(place, folder),
            Self::Gcs => gcs().download(place, folder),
            Self::Azure => azure().download(place, folder),
            Self::Hdfs => hdfs().download(place, folder),
        }
    }
}
