use std::time::Duration;

use sluicebox_pipeline::Readiness;
use sluicebox_pipeline::ports::{LakeStore, ProbeError};

use crate::failure::Failure;
use crate::service::Stop;

/// Pause before a store that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);

const DEPENDENCY: &str = "store";

/// The store can be trusted with a chain.
#[derive(Debug)]
pub(crate) struct Proved;

/// Proves that the store can be trusted, before anything is read: waits for one that is away, and
/// shows that on `/readyz`. None when the process is told to stop before there is an answer.
///
/// # Errors
/// A store that breaks its promises.
pub(crate) async fn prove(
    store: &dyn LakeStore,
    readiness: &Readiness,
    stop: &Stop,
) -> Result<Option<Proved>, Failure> {
    readiness.down(DEPENDENCY, "it has not been probed yet");
    let proof = async {
        while let Err(error) = store.probe().await {
            let ProbeError::Store(error) = error else {
                return Err(error);
            };
            tracing::warn!(%error, "the store does not answer as it must; asking again");
            readiness.down(DEPENDENCY, error.to_string());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    };
    tokio::select! {
        proved = proof => {
            proved.map_err(anyhow::Error::from)?;
            readiness.up(DEPENDENCY);
            Ok(Some(Proved))
        }
        () = stop.requested() => Ok(None),
    }
}
