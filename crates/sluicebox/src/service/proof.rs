use std::time::Duration;

use sluicebox_pipeline::ports::{LakeStore, ProbeError, StoreError};
use sluicebox_pipeline::{ClaimError, Readiness, claim};

use crate::failure::Failure;
use crate::service::Stop;

/// Pause before a store that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);

const DEPENDENCY: &str = "store";

/// The store can be trusted with this pipeline's chains.
#[derive(Debug)]
pub(crate) struct Proved;

/// Proves that the store can be trusted and that its chains are this pipeline's, before anything is
/// read: waits for a store that is away, and shows that on `/readyz`. None when the process is told
/// to stop before there is an answer.
///
/// # Errors
/// A store that breaks its promises; chains of another lake.
pub(crate) async fn prove(
    store: &dyn LakeStore,
    pipeline: &str,
    readiness: &Readiness,
    stop: &Stop,
) -> Result<Option<Proved>, Failure> {
    readiness.down(DEPENDENCY, "it has not been probed yet");
    let proof = async {
        while let Err(error) = try_once(store, pipeline).await? {
            tracing::warn!(%error, "the store does not answer as it must; asking again");
            readiness.down(DEPENDENCY, error.to_string());
            tokio::time::sleep(PAUSE).await;
        }
        Ok::<_, Failure>(())
    };
    tokio::select! {
        proved = proof => {
            proved?;
            readiness.up(DEPENDENCY);
            Ok(Some(Proved))
        }
        () = stop.requested() => Ok(None),
    }
}

/// The inner failure is one that may pass.
async fn try_once(
    store: &dyn LakeStore,
    pipeline: &str,
) -> Result<Result<(), StoreError>, Failure> {
    match store.probe().await {
        Ok(()) => {}
        Err(ProbeError::Store(error)) => return Ok(Err(error)),
        Err(lies) => return Err(anyhow::Error::from(lies).into()),
    }
    match claim(store, pipeline).await {
        Ok(()) => Ok(Ok(())),
        Err(ClaimError::Store(error)) => Ok(Err(error)),
        Err(other) => Err(Failure::configuration(other)),
    }
}
