//! The lake behind the [`LakeStore`](sluicebox_pipeline::ports::LakeStore) port: local disk and
//! S3. The only crate that knows a client of an object store.
//!
//! ```text
//!            control tree                      data files
//! local      temp file → hard link             _staging/<file> → hard link to its path
//! S3         PUT If-None-Match: *              multipart upload → complete by its id
//! ```
//!
//! Not here: retries (the caller's), the order of steps that makes a commit (`sluicebox-chain`).

mod settings;
mod open;
mod observed;
mod operation;
mod relative_path;
mod probe;
mod s3;
mod local;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;

pub use observed::Observed;
pub use open::{OpenError, open};
pub use operation::Operation;
pub use settings::{Credentials, Encryption, Environment, S3Settings, StoreSettings};
