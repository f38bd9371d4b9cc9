//! A lake on Azure Blob Storage or ADLS Gen2, through the Blob service.
//!
//! An object is created with `If-None-Match: *`. A data file is staged as uncommitted blocks, and
//! published by Put Block List. What of this differs from the other services:
//!
//! - Blocks cannot be thrown away without making a blob visible, so what is abandoned stays until
//!   the service drops it, a week after the last block of its blob; until then it is billed.
//!   Nothing has to be set up for that. A record that is not published within a week of its staging
//!   finds its data gone.
//! - Put Block List replaces what is there and takes no condition through this client, so a file
//!   costs one more request: publishing looks first whether it is there.
//! - A listing begins where it is asked to (`startFrom`). Azurite does not know how: there, each
//!   look for a chain's end comes past the whole chain, 1,000 names a request.
//! - With a hierarchical namespace, folders are listed as empty blobs; they are left out.
//!
//! Tried against Azurite, not against the real service.
//!
//! <https://learn.microsoft.com/en-us/rest/api/storageservices/put-block-list>

mod client;
mod failure;
#[cfg(test)]
mod wire;

use object_store::azure::MicrosoftAzure;

use crate::bucket::{BucketTree, Place, Service};
use crate::{AzureSettings, OpenError};

pub(crate) const AZURE: Service = Service {
    name: "Azure",
    no_credentials: failure::NO_CREDENTIALS,
    cure: failure::cure,
    keeps_abandoned_parts: true,
};

/// The tree at `place`, blind to the one at `other` if that lies inside.
pub(crate) fn open(
    place: &Place,
    other: &Place,
    settings: &AzureSettings,
) -> Result<BucketTree<MicrosoftAzure>, OpenError> {
    let client = client::connect(place, settings)?;
    Ok(BucketTree::new(client, AZURE, place, other))
}
