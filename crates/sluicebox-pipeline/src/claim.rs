//! Whose a pipeline's part of the control tree is. Chains name files by their paths below the lake's
//! root, so two pipelines of one name with lakes of their own would each take the other's files for
//! its own, and share the records between the lakes.

use bytes::Bytes;

use crate::ports::{LakeStore, StoreError};

/// Why a pipeline must not go on with the chains that there are.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClaimError {
    /// It could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They are of another lake.
    #[error(
        "{path} says that the chains of this name belong to the lake {theirs}, and the lake here is \
         {ours}. Two pipelines must not share a control path: change `name` or `lake.control`. If the \
         lake has moved here with all its files, delete {path}"
    )]
    OtherLake {
        /// Where that is said.
        path: String,
        /// Whose they are.
        theirs: String,
        /// The lake that was asked for.
        ours: String,
    },
}

/// Claims the chains of `pipeline` for the store's lake, unless they are another's.
pub async fn claim(store: &dyn LakeStore, pipeline: &str) -> Result<(), ClaimError> {
    if is_claimed(store, pipeline).await? {
        return Ok(());
    }
    let url = Bytes::from(store.lake_url());
    let made = store.create_control(&path(pipeline), url).await;
    // Whatever it answers, what is there decides.
    match is_claimed(store, pipeline).await? {
        true => Ok(()),
        false => Ok(made?),
    }
}

/// Whether the chains of `pipeline` are claimed for the store's lake already.
pub async fn is_claimed(store: &dyn LakeStore, pipeline: &str) -> Result<bool, ClaimError> {
    let path = path(pipeline);
    let (claimed, ours) = (store.get_control(&path).await?, store.lake_url());
    match claimed {
        Some(theirs) if theirs != ours.as_bytes() => Err(ClaimError::OtherLake {
            path: format!("{}/{path}", store.control_url()),
            theirs: String::from_utf8_lossy(&theirs).into_owned(),
            ours,
        }),
        claimed => Ok(claimed.is_some()),
    }
}

fn path(pipeline: &str) -> String {
    format!("{pipeline}/lake.url")
}
