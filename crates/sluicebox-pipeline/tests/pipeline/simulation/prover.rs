use std::sync::Arc;

use parking_lot::Mutex;
use sluicebox_pipeline::verify::{Scope, verify};

use super::network::{Network, RemoteStore};
use super::process::Process;

/// Somebody who verifies the lake over and over, by the same network as everybody, while everything
/// else happens: a writer at work, or one that died, must never look like damage.
#[derive(Clone, Debug, Default)]
pub(super) struct Prover {
    wrong: Arc<Mutex<Option<String>>>,
}

impl Prover {
    pub(super) fn start(network: &Network) -> Self {
        let prover = Self::default();
        let (wrong, dice) = (Arc::clone(&prover.wrong), network.dice.clone());
        let store = RemoteStore {
            network: network.clone(),
            process: Arc::new(Process::new()),
        };
        drop(network.runtime.spawn(async move {
            loop {
                tokio::time::sleep(dice.millis(0..=5_000)).await;
                // Without an answer from the store there is no report.
                let Ok(report) = verify(&store, &Scope::whole("test")).await else {
                    continue;
                };
                store.network.trace.note("verify", report.partitions.len());
                if !report.holds() {
                    *wrong.lock() = Some(format!("{report:#?}"));
                    return;
                }
            }
        }));
        prover
    }

    /// What was found.
    pub(super) fn wrong(&self) -> Option<String> {
        self.wrong.lock().clone()
    }
}
