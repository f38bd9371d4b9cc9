use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{MultipartId, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use sluicebox_pipeline::ports::{Class, LakeObject, StoreError};
use sluicebox_types::Staged;
use url::Url;

use super::{client, failure};
use crate::relative_path::{STAGING, check, check_prefix};
use crate::{OpenError, Operation, S3Settings};

/// Size of a part: S3 takes 5 MiB to 5 GiB, the last one may be smaller, and at most 10,000 parts,
/// which makes 156 GiB the largest file.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// Parts of one file on their way at the same time. They are slices of the file, not copies.
const PARTS_AT_ONCE: usize = 4;

/// Most keys that S3 gives per page.
const PAGE_KEYS: usize = 1_000;

/// A prefix of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    /// Without slashes at its ends; may be empty.
    prefix: String,
}

impl Place {
    pub(super) fn parse(url: &Url) -> Result<Self, OpenError> {
        let no_bucket = || OpenError::NotABucket(url.to_string());
        let bucket = url.host_str().ok_or_else(no_bucket)?.to_owned();
        let prefix = Path::from_url_path(url.path())
            .map_err(|_invalid| no_bucket())?
            .to_string();
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(no_bucket());
        }
        Ok(Self { bucket, prefix })
    }

    pub(super) fn url(&self) -> String {
        let Self { bucket, prefix } = self;
        if prefix.is_empty() {
            format!("s3://{bucket}")
        } else {
            format!("s3://{bucket}/{prefix}")
        }
    }
}

/// The objects below one prefix of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) client: AmazonS3,
    /// `s3://bucket/prefix`, without a `/` at its end.
    pub(super) url: String,
    bucket: String,
    /// Empty, or with a `/` at its end.
    prefix: String,
    /// Keys in its listings that are not its own: its staging folder, the tree inside it.
    hidden: Vec<String>,
}

impl Tree {
    pub(super) fn open(place: &Place, settings: &S3Settings) -> Result<Self, OpenError> {
        let prefix = match place.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self {
            client: client::connect(&place.bucket, settings)?,
            url: place.url(),
            bucket: place.bucket.clone(),
            hidden: vec![format!("{prefix}{STAGING}/")],
            prefix,
        })
    }

    /// This tree, blind to `other` if that lies inside it.
    pub(super) fn beside(&self, other: &Self) -> Self {
        let inside = other.bucket == self.bucket && other.prefix.starts_with(&self.prefix);
        let mut tree = self.clone();
        tree.hidden.extend(inside.then(|| other.prefix.clone()));
        tree
    }

    pub(super) fn url_of(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    pub(super) fn key(&self, operation: Operation, path: &str) -> Result<Path, StoreError> {
        check(operation, &self.url, path)?;
        Path::parse(format!("{}{path}", self.prefix))
            .map_err(|error| operation.error(self.url_of(path), Class::Fatal, error.to_string()))
    }

    pub(super) fn failure(
        &self,
        operation: Operation,
        path: &str,
        error: &object_store::Error,
    ) -> StoreError {
        failure::explain(operation, self.url_of(path), &self.bucket, error)
    }

    pub(super) async fn get(
        &self,
        operation: Operation,
        path: &str,
    ) -> Result<Option<Bytes>, StoreError> {
        let key = self.key(operation, path)?;
        let bytes = match self.client.get(&key).await {
            Ok(object) => object.bytes().await,
            Err(error) => Err(error),
        };
        match bytes {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if failure::is_no_such_key(&error) => Ok(None),
            Err(error) => Err(self.failure(operation, path, &error)),
        }
    }

    pub(super) async fn put(
        &self,
        operation: Operation,
        path: &str,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let key = self.key(operation, path)?;
        match self
            .client
            .put_opts(&key, PutPayload::from_bytes(bytes), mode.into())
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failure(operation, path, &error)),
        }
    }

    /// The objects below `prefix` and after `after`, in the byte order of their keys, at most
    /// `limit`.
    pub(super) async fn list(
        &self,
        operation: Operation,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        let folder = check_prefix(operation, &self.url, prefix)?;
        let start = Some(format!("{}{folder}", self.prefix)).filter(|start| !start.is_empty());
        let mut found = Vec::new();
        let mut options = PaginatedListOptions {
            offset: after.map(|after| format!("{}{after}", self.prefix)),
            ..PaginatedListOptions::default()
        };
        while found.len() < limit {
            options.max_keys = Some((limit - found.len()).min(PAGE_KEYS));
            let page = self
                .client
                .list_paginated(start.as_deref(), options.clone())
                .await
                .map_err(|error| self.failure(operation, &folder, &error))?;
            found.extend(
                page.result
                    .objects
                    .into_iter()
                    .filter_map(|object| self.own(object)),
            );
            options.page_token = page.page_token;
            if options.page_token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// A listed object by its path in this tree; none for what is no file of it. The client strips
    /// the `/` from the key of a folder's marker, which is then an empty object whose name has no
    /// extension; no file of ours is like that.
    fn own(&self, object: ObjectMeta) -> Option<LakeObject> {
        let key = object.location.as_ref();
        let path = key.strip_prefix(&self.prefix)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let marker = object.size == 0 && !name.contains('.');
        let hidden = self.hidden.iter().any(|hidden| key.starts_with(hidden));
        (!marker && !hidden).then(|| LakeObject {
            path: path.to_owned(),
            bytes: object.size,
        })
    }

    /// Uploads a file in parts and leaves the upload open. An empty file is one empty part.
    pub(super) async fn upload(&self, path: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        let key = self.key(Operation::Stage, path)?;
        let fail = |error| self.failure(Operation::Stage, path, &error);
        let upload = self.client.create_multipart(&key).await.map_err(fail)?;
        match self.upload_parts(&key, &upload, &bytes).await {
            Ok(parts) => Ok(Staged::Multipart { upload, parts }),
            Err(error) => {
                // Nothing refers to it yet, so nobody else will clean it up.
                if let Err(error) = self.client.abort_multipart(&key, &upload).await {
                    let error = self.failure(Operation::Abandon, path, &error);
                    tracing::warn!(%error, "an incomplete upload stays for the lifecycle rule");
                }
                Err(fail(error))
            }
        }
    }

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

    /// The upload that holds a staged file, and its parts.
    pub(super) fn multipart<'a>(
        &self,
        operation: Operation,
        path: &str,
        staged: &'a Staged,
    ) -> Result<(&'a MultipartId, &'a [String]), StoreError> {
        match staged {
            Staged::Multipart { upload, parts } => Ok((upload, parts)),
            Staged::File { .. } => Err(operation.error(
                self.url_of(path),
                Class::Fatal,
                "it was staged on a file system; lake.url no longer names the lake that its chain \
                 belongs to",
            )),
        }
    }
}
