//! The lake behind the [`LakeStore`](sluicebox_pipeline::ports::LakeStore) port: local disk,
//! HDFS and S3. The only crate that knows a client of a store.
//!
//! ```text
//! LakeStore ─▶ Store: paths checked, calls counted and timed, errors named
//!                ├─ lake:    Tree ─▶ local: _staging/<name> → hard link    S3: multipart upload → complete
//!                └─ control: Tree ─▶ HDFS:  _staging/<name> → rename       S3: PUT If-None-Match: *
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
mod s3;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;

pub use open::{OpenError, open};
pub use operation::Operation;
pub use settings::{
    Credentials, Encryption, Environment, HdfsSettings, Kerberos, S3Settings, StoreSettings,
};
pub use store::Store;
pub use tree::{Failure, Tree};
