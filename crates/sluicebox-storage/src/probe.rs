use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use sluicebox_pipeline::ports::{Class, LakeStore, ProbeError, StoreError};
use sluicebox_types::Staged;
use uuid::Uuid;

use crate::Operation;

const ROUNDS: usize = 20;
const CREATES_AT_ONCE: usize = 8;

/// A folder, in both trees, that no other probe uses. It is removed after [`prove`].
pub(crate) fn folder() -> String {
    format!("_probe/{}", Uuid::new_v4())
}

/// Proves what the commit chain rests on: the store can be listed, a path is created once, even by
/// racing writers, and staged data is invisible.
///
/// A failed create proves nothing by itself, so each verdict rests on what is read back. A store
/// that answers no racer with success is slow or lost its reply; one that answers two of them lets
/// two processes own one slot of a chain.
pub(crate) async fn prove(store: &dyn LakeStore, folder: &str) -> Result<(), ProbeError> {
    store.list_control(folder, None, 1).await?;
    create_twice(store, &format!("{folder}/twice")).await?;
    // On paths of their own, and at once: some stores let a racer wait for seconds.
    let rounds = (0..ROUNDS).map(|round| race(store, format!("{folder}/race-{round:02}")));
    try_join_all(rounds).await?;
    stage_unseen(store, folder).await
}

async fn create_twice(store: &dyn LakeStore, path: &str) -> Result<(), ProbeError> {
    store
        .create_control(path, Bytes::from_static(b"first"))
        .await?;
    if store
        .create_control(path, Bytes::from_static(b"second"))
        .await
        .is_ok()
    {
        return Err(lies(store, "it created one object twice".to_owned()));
    }
    match store.get_control(path).await? {
        Some(bytes) if bytes == "first" => Ok(()),
        _ => Err(lies(
            store,
            "a refused create changed the object".to_owned(),
        )),
    }
}

async fn race(store: &dyn LakeStore, path: String) -> Result<(), ProbeError> {
    let racers: Vec<Bytes> = (0..CREATES_AT_ONCE)
        .map(|racer| racer.to_string().into())
        .collect();
    let creates = racers
        .iter()
        .map(|racer| store.create_control(&path, racer.clone()));
    let answers = join_all(creates).await;
    let object = store.get_control(&path).await?;

    let mut winners = racers
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok());
    match (winners.next(), winners.count()) {
        (Some((winner, _)), 0) if object.as_ref() == Some(winner) => Ok(()),
        (Some(_), 0) => Err(lies(store, "a winning create was overwritten".to_owned())),
        (Some(_), more) => {
            let winners = more + 1;
            let detail = format!("{winners} of {CREATES_AT_ONCE} racing creates won one path");
            Err(lies(store, detail))
        }
        (None, _) if object.is_some() => Ok(()),
        (None, _) => answers
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(ProbeError::Store),
    }
}

async fn stage_unseen(store: &dyn LakeStore, folder: &str) -> Result<(), ProbeError> {
    let (record, path) = (format!("{folder}/record"), format!("{folder}/staged"));
    let bytes = Bytes::from_static(b"probe");
    let staged = store.stage(&record, &path, bytes.into()).await?;
    let seen = store.read_file(&path).await?.is_some();
    give_back(store, &path, &staged).await;
    if seen {
        return Err(ProbeError::Store(StoreError {
            operation: Operation::Probe.as_str(),
            path: format!("{}/{path}", store.lake_url()),
            message: "staged data was visible before it was published; this store cannot hold a \
                      lake"
                .to_owned(),
            class: Class::Fatal,
        }));
    }
    Ok(())
}

/// Tidiness only: a store that may not delete is still fit to hold a chain.
async fn give_back(store: &dyn LakeStore, path: &str, staged: &Staged) {
    if let Err(error) = store.abandon(path, staged).await {
        tracing::warn!(%error, "the probe could not remove its staged data");
    }
}

fn lies(store: &dyn LakeStore, detail: String) -> ProbeError {
    ProbeError::Lies {
        url: store.control_url(),
        detail,
    }
}
