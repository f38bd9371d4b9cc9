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

mod place;
mod client;
mod credentials;
mod failure;
#[cfg(test)]
mod wire;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{MultipartId, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::Staged;

use crate::{Failure, OpenError, Operation, S3Settings, Tree};

pub(crate) use self::place::Place;

/// Size of a part: S3 takes 5 MiB to 5 GiB, the last one may be smaller, and at most 10,000 parts,
/// which makes 156 GiB the largest file.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// Parts of one file on their way at the same time. They are slices of the file, not copies.
const PARTS_AT_ONCE: usize = 4;

/// Most keys that S3 gives per page.
const PAGE_KEYS: usize = 1_000;

/// The objects below one prefix of a bucket.
#[derive(Debug)]
pub(crate) struct S3Tree {
    client: AmazonS3,
    place: Place,
    hidden: Vec<String>,
}

impl S3Tree {
    /// The tree at `place`, blind to the one at `other` if that lies inside.
    pub(crate) fn open(
        place: &Place,
        other: &Place,
        settings: &S3Settings,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            client: client::connect(&place.bucket, settings)?,
            hidden: place.hidden(other),
            place: place.clone(),
        })
    }

    fn failure(&self, operation: Operation, error: &object_store::Error) -> Failure {
        failure::explain(operation, &self.place.bucket, error)
    }

    async fn put_object(
        &self,
        operation: Operation,
        path: &str,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<(), Failure> {
        let (key, payload) = (self.place.key(path)?, PutPayload::from_bytes(bytes));
        let made = self.client.put_opts(&key, payload, mode.into()).await;
        made.map(drop)
            .map_err(|error| self.failure(operation, &error))
    }

    /// A listed object by its path in this tree; none for what is no file of it. The client strips
    /// the `/` from the key of a folder's marker, which is then an empty object whose name has no
    /// extension; no file of ours is like that.
    fn own(&self, object: ObjectMeta) -> Option<LakeObject> {
        let key = object.location.as_ref();
        let path = key.strip_prefix(&self.place.prefix)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let marker = object.size == 0 && !name.contains('.');
        let hidden = self.hidden.iter().any(|hidden| key.starts_with(hidden));
        (!marker && !hidden).then(|| LakeObject {
            path: path.to_owned(),
            bytes: object.size,
        })
    }

    /// An empty file is one empty part.
    async fn upload_parts(
        &self,
        key: &Path,
        upload: &MultipartId,
        bytes: &Bytes,
    ) -> Result<Vec<String>, object_store::Error> {
        let parts = bytes.len().div_ceil(PART_BYTES).max(1);
        stream::iter(0..parts)
            .map(|part| {
                let start = part * PART_BYTES;
                let end = bytes.len().min(start + PART_BYTES);
                let payload = PutPayload::from_bytes(bytes.slice(start..end));
                self.client.put_part(key, upload, part, payload)
            })
            .buffered(PARTS_AT_ONCE)
            .map_ok(|part| part.content_id)
            .try_collect()
            .await
    }

    /// What a failed completion has left: another process may have completed the upload.
    async fn settle(
        &self,
        key: &Path,
        error: &object_store::Error,
    ) -> Result<Option<u64>, Failure> {
        match self.client.head(key).await {
            Ok(object) => Ok(Some(object.size)),
            Err(object_store::Error::NotFound { .. }) if failure::is_no_such_upload(error) => {
                Ok(None)
            }
            Err(_missing_or_unreachable) => Err(self.failure(Operation::Publish, error)),
        }
    }
}

#[async_trait]
impl Tree for S3Tree {
    fn url(&self) -> String {
        self.place.url()
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, Failure> {
        let key = |path: &str| format!("{}{path}", self.place.prefix);
        let start = Some(key(folder)).filter(|start| !start.is_empty());
        let mut options = PaginatedListOptions {
            offset: after.map(key),
            ..PaginatedListOptions::default()
        };
        let mut found = Vec::new();
        while found.len() < limit {
            options.max_keys = Some((limit - found.len()).min(PAGE_KEYS));
            let page = self
                .client
                .list_paginated(start.as_deref(), options.clone())
                .await
                .map_err(|error| self.failure(Operation::List, &error))?;
            let objects = page.result.objects.into_iter();
            found.extend(objects.filter_map(|object| self.own(object)));
            options.page_token = page.page_token;
            if options.page_token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let key = self.place.key(path)?;
        let bytes = match self.client.get(&key).await {
            Ok(object) => object.bytes().await,
            Err(error) => Err(error),
        };
        match bytes {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if failure::is_no_such_key(&error) => Ok(None),
            Err(error) => Err(self.failure(Operation::Get, &error)),
        }
    }

    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure> {
        let key = self.place.key(path)?;
        match self.client.get_range(&key, range).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if failure::is_no_such_key(&error) => Ok(None),
            Err(error) => Err(self.failure(Operation::Get, &error)),
        }
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        self.put_object(Operation::Create, path, bytes, PutMode::Create)
            .await
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        self.put_object(Operation::Put, path, bytes, PutMode::Overwrite)
            .await
    }

    async fn stage(&self, _record: &str, path: &str, bytes: Bytes) -> Result<Staged, Failure> {
        let key = self.place.key(path)?;
        let fail = |error| self.failure(Operation::Stage, &error);
        let upload = self.client.create_multipart(&key).await.map_err(fail)?;
        match self.upload_parts(&key, &upload, &bytes).await {
            Ok(parts) => Ok(Staged::Multipart { upload, parts }),
            Err(error) => {
                // Nothing refers to it yet, so nobody else will clean it up.
                if let Err(error) = self.client.abort_multipart(&key, &upload).await {
                    let why = self.failure(Operation::Abandon, &error).message;
                    tracing::warn!(%key, why, "an incomplete upload stays for the lifecycle rule");
                }
                Err(fail(error))
            }
        }
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Option<u64>, Failure> {
        let key = self.place.key(path)?;
        let (upload, parts) = upload_of(staged)?;
        let parts = parts.iter().map(|part| PartId {
            content_id: part.clone(),
        });
        let completed = self
            .client
            .complete_multipart(&key, upload, parts.collect())
            .await;
        match completed {
            Ok(_) => Ok(Some(bytes)),
            Err(error) => self.settle(&key, &error).await,
        }
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), Failure> {
        let key = self.place.key(path)?;
        let (upload, _) = upload_of(staged)?;
        match self.client.abort_multipart(&key, upload).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failure(Operation::Abandon, &error)),
        }
    }

    /// The bucket's lifecycle rule does it.
    async fn sweep(&self, _record: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn remove_folder(&self, folder: &str) -> Result<(), Failure> {
        for object in self.list(&format!("{folder}/"), None, usize::MAX).await? {
            let key = self.place.key(&object.path)?;
            let removed = self.client.delete(&key).await;
            removed.map_err(|error| self.failure(Operation::Probe, &error))?;
        }
        Ok(())
    }
}

/// The upload that holds a staged file, and its parts.
fn upload_of(staged: &Staged) -> Result<(&MultipartId, &[String]), Failure> {
    match staged {
        Staged::Multipart { upload, parts } => Ok((upload, parts)),
        Staged::File { .. } => Err(Failure::foreign_data()),
    }
}
