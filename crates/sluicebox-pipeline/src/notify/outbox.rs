//! One chain on behalf of one target: record by record, behind the cursor.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use sluicebox_chain::{ChainId, CommitRecord, RecordTable, Tail, seq_of_path};
use sluicebox_events::{Event, EventType};
use sluicebox_parquet::TableSpec;
use sluicebox_types::{DataFile, PartitionDate};
use tokio::sync::watch;

use super::cursor::{Cursor, Skipped};
use super::delivery::{Delivered, Delivery};
use super::record_events::{Context, by_partition, events};
use super::{NotifyStart, Shared};
use crate::chain_io::rfc3339;
use crate::failpoint::failpoint;
use crate::ports::StoreError;

/// Records without an event after which the cursor is written all the same.
const UNWRITTEN_MAX: u64 = 100;

/// One task's whole knowledge.
pub(super) struct Outbox {
    pub(super) shared: Arc<Shared>,
    pub(super) delivery: Arc<Delivery>,
    pub(super) chain: ChainId,
    /// The table as it is configured today.
    pub(super) table: Arc<TableSpec>,
    /// The chain's end at the take-over.
    pub(super) tail: Tail,
    /// What the backlog is told by.
    pub(super) next: Arc<AtomicU64>,
}

/// What stands at a place in the chain.
enum Place {
    Record(Box<CommitRecord>),
    /// Records were removed; the next one that is there.
    Gone {
        next: u64,
    },
}

/// Why the next record cannot be told right now.
#[derive(Debug, thiserror::Error)]
enum NotNow {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Unreadable(String),
    #[error("record {0} is not there: restore the control tree")]
    Missing(u64),
}

impl Outbox {
    /// Tells every record up to the newest in `news`, for as long as the partition is ours and
    /// `parting` longer.
    pub(super) async fn run(self, news: watch::Receiver<u64>, parting: Duration) {
        let mut ours = news.clone();
        let let_go = async move {
            while ours.changed().await.is_ok() {}
            tokio::time::sleep(parting).await;
        };
        tokio::select! {
            () = self.walk(news) => {}
            () = let_go => {}
        }
    }

    async fn walk(&self, mut news: watch::Receiver<u64>) {
        let mut cursor = self.persist(|| self.begin()).await;
        self.next.store(cursor.next, Relaxed);
        loop {
            let published = *news.borrow_and_update();
            while cursor.next <= published {
                self.step(&mut cursor).await;
                self.next.store(cursor.next, Relaxed);
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    /// The cursor as it was left, or where the target wants to begin. A cursor that is none starts
    /// over: what is told twice has the ids that it had.
    async fn begin(&self) -> Result<Cursor, NotNow> {
        let path = self.cursor_path();
        let found = match self.shared.store.get_control(&path).await? {
            Some(bytes) => Cursor::parse(&bytes).or_else(|| {
                tracing::warn!(path, "no readable cursor: telling the whole chain again");
                Some(Cursor::at_start())
            }),
            None => None,
        };
        if let Some(cursor) = found {
            return self.on_this_chain(cursor).await;
        }
        let cursor = match self.delivery.to.start {
            NotifyStart::Earliest => Cursor::at_start(),
            NotifyStart::Latest => Cursor::behind(&self.tail),
        };
        self.save(&cursor).await?;
        Ok(cursor)
    }

    /// A cursor is of this chain if the record before it is: told by the one behind it, or by the
    /// tail.
    async fn on_this_chain(&self, cursor: Cursor) -> Result<Cursor, NotNow> {
        let fits = match (self.tail.seq + 1).cmp(&cursor.next) {
            Ordering::Less => false,
            Ordering::Equal => cursor.is_behind(self.tail.id),
            Ordering::Greater => match self.place(cursor.next).await? {
                Place::Record(record) => cursor.precedes(&record),
                Place::Gone { .. } => true,
            },
        };
        if fits {
            return Ok(cursor);
        }
        tracing::warn!(target_name = self.delivery.to.name, chain = %self.chain,
            "the cursor belongs to an earlier chain: telling this one from its beginning");
        Ok(Cursor::at_start())
    }

    async fn step(&self, cursor: &mut Cursor) {
        let at = cursor.next;
        match self.persist(|| self.place(at)).await {
            Place::Gone { next } => {
                tracing::error!(target_name = self.delivery.to.name, chain = %self.chain,
                    from = cursor.next, to = next,
                    "records were removed before the target was told of them");
                cursor.jump(next);
            }
            Place::Record(record) => {
                let told = self.tell(&record, cursor).await;
                cursor.pass(&record);
                if told || cursor.next.is_multiple_of(UNWRITTEN_MAX) {
                    failpoint("before_cursor");
                    self.persist(|| self.save(cursor)).await;
                }
            }
        }
    }

    async fn place(&self, seq: u64) -> Result<Place, NotNow> {
        let path = self.chain.path(seq);
        if let Some(bytes) = self.shared.store.get_control(&path).await? {
            let mut record = CommitRecord::parse(&path, &bytes)
                .map_err(|error| NotNow::Unreadable(error.to_string()))?;
            // What is not told need not wait in memory for a target.
            record.duplicates = sluicebox_chain::OffsetSet::default();
            record.skipped = sluicebox_chain::OffsetSet::default();
            record.absent = sluicebox_chain::OffsetSet::default();
            return Ok(Place::Record(Box::new(record)));
        }
        let (store, prefix) = (&self.shared.store, self.chain.prefix());
        let later = store.list_control(&prefix, Some(&path), 1).await?;
        let next = later.first().and_then(|path| seq_of_path(path));
        let next = next.filter(|next| *next > seq);
        next.map_or(Err(NotNow::Missing(seq)), |next| Ok(Place::Gone { next }))
    }

    /// Tells one record; answers whether there was anything to tell.
    async fn tell(&self, record: &CommitRecord, cursor: &mut Cursor) -> bool {
        if !self.delivery.to.events.contains(&EventType::FilesCommitted) {
            return false;
        }
        let Some(table) = &record.table else {
            return false;
        };
        let mut told = false;
        for (date, files) in by_partition(record) {
            let built = self.persist(|| self.build(record, table, date, &files, cursor.watermark));
            for event in built.await {
                self.send(&event, record.seq, cursor).await;
                told = true;
            }
        }
        told
    }

    async fn build(
        &self,
        record: &CommitRecord,
        table: &RecordTable,
        date: PartitionDate,
        files: &[&DataFile],
        watermark: Option<i64>,
    ) -> Result<Vec<Event>, NotNow> {
        let Shared {
            store,
            columns,
            allowed_lateness,
            ..
        } = self.shared.as_ref();
        let columns = match files.first() {
            Some(file) => columns.of(store.as_ref(), &self.table, table, file).await?,
            None => None,
        };
        let context = Context {
            lake_url: &store.lake_url(),
            columns: columns.as_deref(),
            watermark,
            allowed_lateness: *allowed_lateness,
        };
        events(record, table, &date, files, context)
            .map_err(|error| NotNow::Unreadable(error.to_string()))
    }

    async fn send(&self, event: &Event, seq: u64, cursor: &mut Cursor) {
        if let Delivered::Refused(message) = self.delivery.deliver(event).await {
            cursor.skip(Skipped {
                seq,
                id: event.id.clone(),
                subject: event.attributes.subject.clone(),
                message,
                at: rfc3339(self.shared.clock.now_millis()),
            });
        }
        failpoint("after_notify");
    }

    async fn save(&self, cursor: &Cursor) -> Result<(), NotNow> {
        let unwritable = |error: serde_json::Error| NotNow::Unreadable(error.to_string());
        let bytes = Bytes::from(cursor.to_bytes().map_err(unwritable)?);
        let path = self.cursor_path();
        Ok(self.shared.store.put_control(&path, bytes).await?)
    }

    async fn persist<T, F>(&self, operation: impl FnMut() -> F) -> T
    where
        F: Future<Output = Result<T, NotNow>>,
    {
        self.delivery.until_done(&self.chain, operation).await
    }

    fn cursor_path(&self) -> String {
        Cursor::path(&self.chain, &self.delivery.to.name)
    }
}
