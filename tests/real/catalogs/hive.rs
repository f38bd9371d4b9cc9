//! Hive metastores 3.1.3 and 4.0.1, their tables on S3.

use std::sync::Arc;

use sluicebox_catalog::Catalog;
use sluicebox_catalog::conformance::Subject;
use sluicebox_catalog::hive::{HiveCatalog, HiveSettings};
use sluicebox_tests::harness::{MetastoreVersion, metastore, s3};

/// A database of its own on a shared metastore, its tables in a bucket of its own.
struct HiveSubject {
    version: MetastoreVersion,
    database: String,
    location: String,
}

impl HiveSubject {
    fn new(version: MetastoreVersion) -> Self {
        let bucket = s3().create_bucket();
        Self {
            version,
            database: bucket.replace('-', "_"),
            location: format!("s3://{bucket}/golden"),
        }
    }
}

impl Subject for HiveSubject {
    fn open(&self) -> Arc<dyn Catalog> {
        let settings = HiveSettings {
            uris: vec![metastore(self.version).uri()],
            ..HiveSettings::default()
        };
        Arc::new(HiveCatalog::new(settings).expect("an address"))
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn location(&self) -> &str {
        &self.location
    }
}

mod v3 {
    use super::{HiveSubject, MetastoreVersion};

    sluicebox_catalog::conformance_tests!(async { HiveSubject::new(MetastoreVersion::V3) });
}

mod v4 {
    use super::{HiveSubject, MetastoreVersion};

    sluicebox_catalog::conformance_tests!(async { HiveSubject::new(MetastoreVersion::V4) });
}
