//! A topic's seals on behalf of one target, behind a cursor of its own.

use std::sync::Arc;

use bytes::Bytes;
use sluicebox_chain::ChainId;
use tokio::sync::watch;

use super::cursor::{Cursor, Skipped};
use super::delivery::{Delivered, Delivery};
use super::seal::{self, Seal};
use super::{NotifyStart, Shared};
use crate::chain_io::rfc3339;
use crate::ports::StoreError;

/// One task's whole knowledge.
pub(super) struct SealOutbox {
    pub(super) shared: Arc<Shared>,
    pub(super) delivery: Arc<Delivery>,
    /// The chain of Kafka partition 0.
    pub(super) chain: ChainId,
}

/// Why a seal cannot be told right now.
#[derive(Debug, thiserror::Error)]
enum NotNow {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0} is no seal of this version: restore the control tree, or upgrade Sluicebox")]
    Unreadable(String),
}

impl SealOutbox {
    /// Tells every seal that there is, until nobody seals any more. `seals` is how many there are,
    /// none before that is known.
    pub(super) async fn run(self, mut seals: watch::Receiver<Option<u64>>) {
        let mut cursor = None;
        while seals.changed().await.is_ok() {
            let Some(count) = *seals.borrow_and_update() else {
                continue;
            };
            let mut at = match cursor.take() {
                Some(cursor) => cursor,
                None => self.until_done(|| self.begin(count)).await,
            };
            while at.next < count {
                self.tell(&mut at).await;
            }
            cursor = Some(at);
        }
    }

    async fn begin(&self, count: u64) -> Result<Cursor, NotNow> {
        let kept = self.shared.store.get_control(&self.cursor_path()).await?;
        if let Some(bytes) = kept {
            let kept = Cursor::parse(&bytes).filter(|cursor| cursor.next <= count);
            return Ok(kept.unwrap_or_else(Cursor::at_start));
        }
        let mut cursor = Cursor::at_start();
        if self.delivery.to.start == NotifyStart::Latest {
            cursor.jump(count);
        }
        self.save(&cursor).await?;
        Ok(cursor)
    }

    async fn tell(&self, cursor: &mut Cursor) {
        let seq = cursor.next;
        let seal = self.until_done(|| self.seal(seq)).await;
        let event = seal.event(&self.chain, &self.shared.store.lake_url());
        if let Delivered::Refused(message) = self.delivery.deliver(&event).await {
            cursor.skip(Skipped {
                seq,
                id: event.id,
                subject: event.attributes.subject,
                message,
                at: rfc3339(self.shared.clock.now_millis()),
            });
        }
        cursor.jump(seq + 1);
        self.until_done(|| self.save(cursor)).await;
    }

    async fn seal(&self, seq: u64) -> Result<Seal, NotNow> {
        let path = seal::path(&self.chain, seq);
        let bytes = self.shared.store.get_control(&path).await?;
        let seal = bytes.and_then(|bytes| Seal::parse(&bytes));
        seal.ok_or(NotNow::Unreadable(path))
    }

    async fn save(&self, cursor: &Cursor) -> Result<(), NotNow> {
        let unwritable = |error: serde_json::Error| NotNow::Unreadable(error.to_string());
        let bytes = Bytes::from(cursor.to_bytes().map_err(unwritable)?);
        let path = self.cursor_path();
        Ok(self.shared.store.put_control(&path, bytes).await?)
    }

    async fn until_done<T, F>(&self, operation: impl FnMut() -> F) -> T
    where
        F: Future<Output = Result<T, NotNow>>,
    {
        self.delivery.until_done(&self.chain.topic, operation).await
    }

    fn cursor_path(&self) -> String {
        Cursor::path_of_seals(&self.chain, &self.delivery.to.name)
    }
}
