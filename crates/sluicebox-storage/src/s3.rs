//! A lake on S3, or on a server that speaks S3.
//!
//! An upload that nobody completes or aborts (a crash before its record was written) stays in the
//! bucket, is billed, and cannot be listed through this client: the bucket should have a lifecycle
//! rule `AbortIncompleteMultipartUpload` of 7 days or more. A shorter one may take data away that a
//! record already names.

mod client;
mod credentials;
mod failure;
#[cfg(test)]
mod wire;

use object_store::aws::AmazonS3;

use crate::bucket::{BucketTree, Place, Service};
use crate::{OpenError, S3Settings};

pub(crate) const S3: Service = Service {
    name: "S3",
    no_credentials: failure::NO_CREDENTIALS,
    cure: failure::cure,
    keeps_abandoned_parts: false,
};

/// The tree at `place`, blind to the one at `other` if that lies inside.
pub(crate) fn open(
    place: &Place,
    other: &Place,
    settings: &S3Settings,
) -> Result<BucketTree<AmazonS3>, OpenError> {
    let client = client::connect(&place.bucket, settings)?;
    Ok(BucketTree::new(client, S3, place, other))
}
