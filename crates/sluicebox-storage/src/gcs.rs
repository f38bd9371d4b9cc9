//! A lake on Google Cloud Storage, through its XML API.
//!
//! An object is created with `x-goog-if-generation-match: 0`. A multipart upload of the XML API
//! stays in the bucket, and is billed, until somebody completes or aborts it: the bucket should
//! have a lifecycle rule `AbortIncompleteMultipartUpload` of 7 days or more. A shorter one may take
//! data away that a record already names. An object takes about one write a second, so that some of
//! the probe's racing creates are put off with 429, which is no fault.
//!
//! No emulator keeps to the XML API, so this was tried against a server that follows its
//! documents (`tests/src/harness/gcs.rs`), not against the real service.
//!
//! <https://cloud.google.com/storage/docs/xml-api/overview>

mod client;
mod failure;

use object_store::gcp::GoogleCloudStorage;

use crate::bucket::{BucketTree, Place, Service};
use crate::{GcsSettings, OpenError};

pub(crate) const GCS: Service = Service {
    name: "Google Cloud Storage",
    no_credentials: failure::NO_CREDENTIALS,
    cure: failure::cure,
    keeps_abandoned_parts: false,
};

/// The tree at `place`, blind to the one at `other` if that lies inside.
pub(crate) fn open(
    place: &Place,
    other: &Place,
    settings: &GcsSettings,
) -> Result<BucketTree<GoogleCloudStorage>, OpenError> {
    let client = client::connect(&place.bucket, settings)?;
    Ok(BucketTree::new(client, GCS, place, other))
}
