//! The lake behind the [`LakeStore`](sluicebox_pipeline::ports::LakeStore) port: local disk,
//! HDFS, S3, Google Cloud Storage and Azure. The only crate that knows a client of a store.
//!
//! ```text
//! LakeStore ─▶ Store: paths checked, calls counted and timed, errors named
//!                ├─ lake:    Tree ─▶ local: _staging/<name> → hard link    bucket: multipart upload → complete
//!                └─ control: Tree ─▶ HDFS:  _staging/<name> → rename       bucket: PUT if none is there
//! ```
//!
//! Another kind of store is another [`Tree`]; [`conformance`] says what it must keep.
//!
//! Not here: retries (the caller's), the order of steps that makes a commit (`sluicebox-chain`).

mod settings;
mod open;
mod store;
mod operation;
mod relative_path;
mod probe;
mod tree;
mod staged_name;
mod local;
mod hdfs;
mod bucket;
mod s3;
mod gcs;
mod azure;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;

pub use open::{OpenError, open};
pub use operation::Operation;
pub use settings::{
    AzureSettings, Credentials, Encryption, Environment, GcsSettings, HdfsSettings, Kerberos,
    S3Settings, Secret, StoreSettings, Timeouts,
};
pub use store::Store;
pub use tree::{Failure, Tree};
