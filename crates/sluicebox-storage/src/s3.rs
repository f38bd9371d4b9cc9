//! A lake on S3.
//!
//! A control object is created with `If-None-Match: *`. A data file is staged as a multipart upload
//! on its final key whose completion is left out: its bytes are durable and invisible, and any
//! process that knows the upload's id and its parts can complete it.
//!
//! An upload that nobody completes or aborts (a crash before its record was written) stays in the
//! bucket, is billed, and cannot be listed through this client: the bucket should have a lifecycle
//! rule `AbortIncompleteMultipartUpload` of 7 days or more. A shorter one may take data away that a
//! record already names.

mod client;
mod credentials;
mod failure;
mod tree;
#[cfg(test)]
mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::{ObjectStoreExt, PutMode};
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_types::Staged;
use url::Url;

use crate::probe;
use crate::{OpenError, Operation, S3Settings};

use self::tree::{Place, Tree};

/// A lake and its control tree below two prefixes, in one bucket or two.
#[derive(Debug)]
pub(crate) struct S3Store {
    lake: Tree,
    control: Tree,
}

impl S3Store {
    pub(crate) fn new(lake: &Url, control: &Url, settings: &S3Settings) -> Result<Self, OpenError> {
        let (lake, control) = (Place::parse(lake)?, Place::parse(control)?);
        if lake == control {
            return Err(OpenError::SameTree(lake.url()));
        }
        let (lake, control) = (
            Tree::open(&lake, settings)?,
            Tree::open(&control, settings)?,
        );
        Ok(Self {
            lake: lake.beside(&control),
            control: control.beside(&lake),
        })
    }

    /// What a failed completion has left: another process may have completed the upload.
    async fn settle(
        &self,
        path: &str,
        bytes: u64,
        error: object_store::Error,
    ) -> Result<Published, StoreError> {
        let key = self.lake.key(Operation::Publish, path)?;
        match self.lake.client.head(&key).await {
            Ok(object) if object.size == bytes => Ok(Published::Done),
            Ok(object) => Err(Operation::Publish.error(
                self.lake.url_of(path),
                Class::Fatal,
                format!(
                    "the file there has {} bytes instead of {bytes}; it is not ours",
                    object.size
                ),
            )),
            Err(object_store::Error::NotFound { .. }) if failure::is_no_such_upload(&error) => {
                Ok(Published::StagedDataGone)
            }
            Err(_missing_or_unreachable) => {
                Err(self.lake.failure(Operation::Publish, path, &error))
            }
        }
    }

    async fn remove_probe(&self, folder: &str) {
        for path in probe::control_paths(folder) {
            let Ok(key) = self.control.key(Operation::Probe, &path) else {
                return;
            };
            if let Err(error) = self.control.client.delete(&key).await {
                let error = self.control.failure(Operation::Probe, &path, &error);
                tracing::warn!(%error, "the probe could not remove its objects");
                return;
            }
        }
    }
}

#[async_trait]
impl LakeStore for S3Store {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let objects = self
            .control
            .list(Operation::List, prefix, after, limit)
            .await?;
        Ok(objects.into_iter().map(|object| object.path).collect())
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.control.get(Operation::Get, path).await
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.control
            .put(Operation::Create, path, bytes, PutMode::Create)
            .await
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.control
            .put(Operation::Put, path, bytes, PutMode::Overwrite)
            .await
    }

    async fn stage(&self, path: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        self.lake.upload(path, bytes).await
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        let key = self.lake.key(Operation::Publish, path)?;
        let (upload, parts) = self.lake.multipart(Operation::Publish, path, staged)?;
        let parts = parts
            .iter()
            .map(|part| PartId {
                content_id: part.clone(),
            })
            .collect();
        match self
            .lake
            .client
            .complete_multipart(&key, upload, parts)
            .await
        {
            Ok(_) => Ok(Published::Done),
            Err(error) => self.settle(path, bytes, error).await,
        }
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        let key = self.lake.key(Operation::Abandon, path)?;
        let (upload, _) = self.lake.multipart(Operation::Abandon, path, staged)?;
        match self.lake.client.abort_multipart(&key, upload).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.lake.failure(Operation::Abandon, path, &error)),
        }
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        self.lake
            .list(Operation::ListFiles, prefix, after, limit)
            .await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.lake.get(Operation::ReadFile, path).await
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let folder = probe::folder();
        let verdict = probe::prove(self, &folder).await;
        self.remove_probe(&folder).await;
        verdict
    }

    fn lake_url(&self) -> String {
        self.lake.url.clone()
    }

    fn control_url(&self) -> String {
        self.control.url.clone()
    }
}
