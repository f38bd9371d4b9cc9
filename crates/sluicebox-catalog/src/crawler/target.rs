use std::sync::Arc;

use async_trait::async_trait;
use sluicebox_events::{Event, EventData};
use sluicebox_pipeline::ports::{NotifyError, NotifyTarget};
use sluicebox_types::PartitionDate;
use tokio::sync::mpsc::Sender;

use crate::crawler::Crawler;
use crate::crawler::touch::Touch;

/// Touches that are on their way to a crawler at most; whoever has more waits.
pub const TOUCHES_MAX: usize = 10_000;

/// Tells the crawler of the same process of each commit. What was told is safe until the process
/// dies without a drain; what it forgets then, the scan at the next start finds.
#[derive(Debug)]
pub struct CrawlerTarget {
    crawler: Arc<Crawler>,
    touches: Sender<Touch>,
}

impl CrawlerTarget {
    /// Tells `touches` of what is about the tables of `crawler`.
    #[must_use]
    pub const fn new(crawler: Arc<Crawler>, touches: Sender<Touch>) -> Self {
        Self { crawler, touches }
    }
}

#[async_trait]
impl NotifyTarget for CrawlerTarget {
    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        let Some((location, date)) = partition_of(event) else {
            return Ok(());
        };
        let Some(folder) = self.crawler.folder_of(location) else {
            return Ok(());
        };
        let touch = Touch {
            folder,
            date,
            committed_millis: committed_millis(event),
            receipt: None,
        };
        let sent = self.touches.send(touch).await;
        sent.map_err(|_closed| NotifyError::retry("the crawler has stopped"))
    }
}

/// The location of the table that an event is about, and the partition.
pub(crate) fn partition_of(event: &Event) -> Option<(&str, PartitionDate)> {
    let (table, partition) = match &event.data {
        EventData::FilesCommitted(data) => (&data.table, &data.partition),
        EventData::Sealed(data) => (&data.table, &data.partition),
    };
    Some((&table.location, partition.date().ok()?))
}

/// When the commit of an event was made; none if the event says nothing that is a time.
pub(crate) fn committed_millis(event: &Event) -> Option<i64> {
    let time: jiff::Timestamp = event.attributes.time.parse().ok()?;
    Some(time.as_millisecond())
}
