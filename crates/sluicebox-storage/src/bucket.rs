//! A lake in buckets: what S3, Google Cloud Storage and Azure Blob have in common, which is nearly
//! all. A [`Service`] says the rest.
//!
//! A control object is created on the condition that none is there. A data file is staged as a
//! multipart upload on its final key whose completion is left out: its bytes are durable and
//! invisible, and any process that knows the upload's id and its parts can complete it. Whoever
//! completes late completes the same bytes: a file's name holds the attempt that staged it.

mod place;
mod client;
mod answer;
#[cfg(test)]
mod scripted;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{MultipartId, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::{FileBytes, Staged};

use crate::{Failure, Operation, Tree};

pub(crate) use self::answer::Answer;
#[cfg(test)]
pub(crate) use self::answer::testing;
pub(crate) use self::client::{endpoint, options, retry};
pub(crate) use self::place::Place;
#[cfg(test)]
pub(crate) use self::scripted::{Requests, scripted};

/// Size of a part. S3 and Google take 5 MiB to 5 GiB, the last one may be smaller, and at most
/// 10,000 parts, which makes 156 GiB the largest file; Azure takes more of both.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// Parts of one file on their way at the same time. They are slices of the file, not copies.
const PARTS_AT_ONCE: usize = 4;

/// Keys per page: the most that S3 and Google give.
const PAGE_KEYS: usize = 1_000;

/// What tells one service from another beside its client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// What to do when no credentials were found but the machine's own, and it has none.
    pub(crate) no_credentials: &'static str,
    /// What a person has to do about an answer on this bucket, if only a person can heal it.
    pub(crate) cure: fn(&Answer, Operation, &str) -> Option<String>,
    /// Whether parts outlive their abandoning, so that completing them would replace what has come
    /// to their key since.
    pub(crate) keeps_abandoned_parts: bool,
}

/// The objects below one prefix of a bucket.
#[derive(Debug)]
pub(crate) struct BucketTree<C> {
    client: C,
    service: Service,
    place: Place,
    hidden: Vec<String>,
}

impl<C: ObjectStore + MultipartStore + PaginatedListStore> BucketTree<C> {
    /// The tree at `place`, blind to the one at `other` if that lies inside.
    pub(crate) fn new(client: C, service: Service, place: &Place, other: &Place) -> Self {
        Self {
            client,
            service,
            hidden: place.hidden(other),
            place: place.clone(),
        }
    }

    fn failure(&self, operation: Operation, error: &object_store::Error) -> Failure {
        answer::explain(&self.service, operation, &self.place.bucket, error)
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

    /// A listed object by its path in this tree; none for what is no file of it. The clients strip
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

    /// An empty file has no parts.
    async fn upload_parts(
        &self,
        key: &Path,
        upload: &MultipartId,
        bytes: &FileBytes,
    ) -> Result<Vec<String>, object_store::Error> {
        stream::iter(bytes.pieces(PART_BYTES).into_iter().enumerate())
            .map(|(part, piece)| {
                let payload = piece.parts().iter().cloned().collect();
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
            Err(object_store::Error::NotFound { .. }) if answer::is_no_such_upload(error) => {
                Ok(None)
            }
            Err(_missing_or_unreachable) => Err(self.failure(Operation::Publish, error)),
        }
    }

    /// The size of what stands in the way of a completion that would replace it.
    async fn in_the_way(&self, key: &Path) -> Result<Option<u64>, Failure> {
        if !self.service.keeps_abandoned_parts {
            return Ok(None);
        }
        match self.client.head(key).await {
            Ok(object) => Ok(Some(object.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failure(Operation::Publish, &error)),
        }
    }
}

#[async_trait]
impl<C> Tree for BucketTree<C>
where
    C: ObjectStore + MultipartStore + PaginatedListStore,
{
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
            max_keys: Some(limit.min(PAGE_KEYS)),
            ..PaginatedListOptions::default()
        };
        let mut passed_over = false;
        let mut found = Vec::new();
        while found.len() < limit {
            let page = self
                .client
                .list_paginated(start.as_deref(), options.clone())
                .await
                .map_err(|error| self.failure(Operation::List, &error))?;
            let mut objects = page.result.objects;
            if let Some(after) = options.offset.as_deref() {
                passed_over |= objects.first().is_some_and(|first| precedes(first, after));
                objects.retain(|object| !passed_over || object.location.as_ref() > after);
            }
            found.extend(objects.into_iter().filter_map(|object| self.own(object)));
            options.page_token = page.page_token;
            if options.page_token.is_none() {
                break;
            }
            // Who gets nothing has to come past much: then by whole pages.
            let wanted = limit.saturating_sub(found.len());
            let page_keys = if found.is_empty() { PAGE_KEYS } else { wanted };
            options.max_keys = Some(page_keys.min(PAGE_KEYS));
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
            Err(error) if answer::is_no_such_key(&error) => Ok(None),
            Err(error) => Err(self.failure(Operation::Get, &error)),
        }
    }

    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure> {
        let key = self.place.key(path)?;
        match self.client.get_range(&key, range).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if answer::is_no_such_key(&error) => Ok(None),
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

    async fn stage(&self, _record: &str, path: &str, bytes: FileBytes) -> Result<Staged, Failure> {
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
        if let Some(visible) = self.in_the_way(&key).await? {
            return Ok(Some(visible));
        }
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

    /// The bucket's lifecycle rule does it, or the service by itself.
    async fn sweep(&self, _folder: &str, _record: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// The clients have no call for open uploads.
    async fn list_staged(
        &self,
        _folder: &str,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, Failure> {
        Ok(None)
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

/// Whether no listing that begins after the key `after` can hold `object`, whether it goes by the
/// bytes of keys or folder by folder: the server has passed over where to begin (Azurite does).
fn precedes(object: &ObjectMeta, after: &str) -> bool {
    let key = object.location.as_ref();
    key <= after && key.split('/').le(after.split('/'))
}

/// The upload that holds a staged file, and its parts.
fn upload_of(staged: &Staged) -> Result<(&MultipartId, &[String]), Failure> {
    match staged {
        Staged::Multipart { upload, parts } => Ok((upload, parts)),
        Staged::File { .. } => Err(Failure::foreign_data()),
    }
}
