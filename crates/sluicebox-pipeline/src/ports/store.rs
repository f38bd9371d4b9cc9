use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_types::{FileBytes, Staged};

/// The lake: a control tree of small immutable objects, and data files that are staged first and
/// published later, by any process.
///
/// Paths are relative: control paths to the control root, file paths to the lake's root; `/`
/// separates segments. No call retries without end: each ends with an answer or an error within the
/// adapter's own time limits, and the caller decides what an error means.
#[async_trait]
pub trait LakeStore: Send + Sync + std::fmt::Debug {
    /// Names of control objects below `prefix` (which ends in `/`), strictly after `after` in byte
    /// order, ascending, full control paths. At least the first `limit` of them if there are so
    /// many; a store whose listing is paged asks for no more pages than that needs.
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError>;

    /// A control object's bytes; `None` when there is none.
    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// Creates a control object if and only if its path is free. `Ok` proves that this call made it
    /// and that it is durable. Any error proves nothing: read it back.
    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// Replaces a control object that one process owns (cursors), never a chain record.
    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// Makes a file's bytes durable without making them visible. The path is unique to its
    /// attempt; `record` is the control path of the record that will name the file.
    async fn stage(&self, record: &str, path: &str, bytes: FileBytes)
    -> Result<Staged, StoreError>;

    /// Makes a staged file visible at `path`, once. Idempotent: publishing what is published
    /// already is `Done`. `bytes` is the size the file must have.
    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError>;

    /// Throws staged data away. Only for an attempt that provably lost.
    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError>;

    /// Throws away what was staged for `record`, and for the records before it below the control
    /// path `prefix` (which ends in `/`), and not published: what crashes and lost attempts have
    /// left. Only after `record` was published: from then on no record can be created that names
    /// it, whoever staged it and however late they come. A store that cleans up by a rule of its own
    /// does nothing.
    async fn sweep(&self, prefix: &str, record: &str) -> Result<(), StoreError>;

    /// What is staged, named or not, for records below the control path `prefix` (which ends in
    /// `/`): names as in [`Staged::File`], strictly after `after` in byte order, ascending, at most
    /// `limit`. `None` on a store that cannot tell: there is no call that lists open uploads.
    async fn list_staged(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, StoreError>;

    /// Visible files below `prefix` (empty for the whole lake) after `after`, ascending, at most
    /// `limit`. Empty marker objects (keys that end in `/`) are left out.
    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError>;

    /// A visible file's bytes; `None` when there is none.
    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// A part of a visible file, such as its footer; `None` when there is no file. A range that
    /// reaches behind the file's end is an error.
    async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError>;

    /// Proves that the store's conditional create can be trusted and that staging works: creates an
    /// object twice, then lets 8 concurrent creates race for one path, 20 times: exactly one may
    /// win each. Cleans up what it can.
    async fn probe(&self) -> Result<(), ProbeError>;

    /// The lake's root as users write it: `s3://lake/golden`.
    fn lake_url(&self) -> String;

    /// The control tree's root.
    fn control_url(&self) -> String;
}

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The file is visible with the expected size.
    Done,
    /// Neither the file nor its staged data exists.
    StagedDataGone,
}

/// A visible file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeObject {
    /// Path below the lake's root.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a caller should do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Passing: try again.
    Retry,
    /// Will not heal without a person (permission, missing bucket, disk full): still tried again,
    /// slowly, and shown on `/readyz`.
    Fatal,
}

/// A store's failure, in words for people.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation} {path}: {message}")]
pub struct StoreError {
    /// `list`, `get`, `create`, `stage`, `publish` …
    pub operation: &'static str,
    /// The full URL of what it was about.
    pub path: String,
    /// What happened and, where known, the cure. One line, no secrets.
    pub message: String,
    /// What to do.
    pub class: Class,
}

/// Why a store is not fit to hold a chain.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProbeError {
    /// It could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It let a conditional create succeed where the object existed, or more than one at once.
    #[error(
        "{url} does not keep its promise on conditional create ({detail}); exactly-once is \
         impossible on it. Use a store that honours `If-None-Match: *`, or upgrade it"
    )]
    Lies {
        /// The control tree's root.
        url: String,
        /// What was seen.
        detail: String,
    },
}
