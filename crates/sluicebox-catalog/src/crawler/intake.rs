mod s3_event;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use metrics::counter;
use sluicebox_events::{BATCH_BYTES_MAX, EventError};
use sluicebox_pipeline::ports::{EventIntake, IncomingMessage, Taken, Way};
use sluicebox_types::PartitionDate;
use tokio::sync::mpsc::Sender;

use self::s3_event::{S3Event, S3EventError};
use crate::crawler::target::{committed_millis, partition_of};
use crate::crawler::touch::Touch;
use crate::crawler::{Crawler, LakeTable};

/// Reasons that one message is answered with.
const REASONS_MAX: usize = 20;

/// Turns messages into touches: our events in every mode of CloudEvents, and the notifications of
/// S3, bare or wrapped by SNS or EventBridge.
#[derive(Debug)]
pub struct CrawlerIntake {
    crawler: Arc<Crawler>,
    touches: Sender<Touch>,
}

/// What a message says, and what of it is of no use.
#[derive(Debug, Default)]
struct Said {
    touched: BTreeMap<(String, PartitionDate), Option<i64>>,
    refused: Vec<String>,
}

impl CrawlerIntake {
    /// Tells `touches` of what is about the tables of `crawler`.
    #[must_use]
    pub const fn new(crawler: Arc<Crawler>, touches: Sender<Touch>) -> Self {
        Self { crawler, touches }
    }

    fn read(&self, message: &IncomingMessage<'_>) -> Said {
        let mut said = Said::default();
        if message.body.len() > BATCH_BYTES_MAX {
            let bytes = message.body.len();
            said.refuse(
                "too_large",
                format!("{bytes} bytes are too large: at most {BATCH_BYTES_MAX} are read"),
            );
        } else if let Some(read) = s3_event::read(message.body) {
            match read {
                Ok(events) => events
                    .iter()
                    .for_each(|event| self.take_s3(event, &mut said)),
                Err(error) => said.refuse_s3(&error),
            }
        } else {
            self.take_cloud_events(message, &mut said);
        }
        said
    }

    fn take_cloud_events(&self, message: &IncomingMessage<'_>, said: &mut Said) {
        let headers = message.headers.iter().copied();
        let events = match message.way {
            Way::Http => sluicebox_events::parse(headers, message.body),
            Way::Kafka => {
                let headers = headers.map(|(name, value)| (name, value.as_bytes()));
                Ok(vec![sluicebox_events::parse_kafka(headers, message.body)])
            }
        };
        let events = match events {
            Ok(events) => events,
            Err(error) => return said.refuse(error.kind(), error.to_string()),
        };
        for event in events {
            match event {
                Ok(event) => {
                    let millis = committed_millis(&event);
                    let place = partition_of(&event);
                    let folder =
                        place.and_then(|(url, date)| Some((self.crawler.folder_of(url)?, date)));
                    said.touch(folder, millis);
                }
                // Nothing is wrong with it: it is for somebody else.
                Err(EventError::UnknownType(_)) => count("unknown_type"),
                Err(error) => said.refuse(error.kind(), error.to_string()),
            }
        }
    }

    /// An object's place says which partition it lies in; the rest of the event does not count.
    fn take_s3(&self, event: &S3Event, said: &mut Said) {
        if event.key.ends_with('/') {
            return count("marker");
        }
        let place = self.crawler.path_of(&event.url()).and_then(|path| {
            let table = self.crawler.table(LakeTable::folder_of(&path)?)?;
            let date = table.partition_of(&path)?;
            Some((table.folder, date))
        });
        said.touch(place, event.millis);
    }
}

#[async_trait]
impl EventIntake for CrawlerIntake {
    async fn take(&self, message: IncomingMessage<'_>) -> Taken {
        let said = self.read(&message);
        let partitions = said.touched.len();
        for ((folder, date), committed_millis) in said.touched {
            let touch = Touch {
                folder,
                date,
                committed_millis,
                receipt: message.receipt.clone(),
            };
            // A crawler that has stopped has nobody to look for it; the next start scans.
            if self.touches.send(touch).await.is_err() {
                count("stopped");
            }
        }
        Taken {
            partitions,
            refused: said.refused,
        }
    }
}

impl Said {
    fn touch(&mut self, place: Option<(String, PartitionDate)>, millis: Option<i64>) {
        let Some(place) = place else {
            return count("not_configured");
        };
        count("taken");
        let first = self.touched.entry(place).or_insert(millis);
        *first = (*first).into_iter().chain(millis).min();
    }

    fn refuse(&mut self, outcome: &'static str, reason: String) {
        count(outcome);
        if self.refused.len() < REASONS_MAX {
            self.refused.push(reason);
        }
    }

    fn refuse_s3(&mut self, error: &S3EventError) {
        match error {
            S3EventError::Test => count("test"),
            S3EventError::UnknownVersion(_) => self.refuse("unknown_version", error.to_string()),
            S3EventError::Subscription | S3EventError::Malformed(_) => {
                self.refuse("malformed", error.to_string());
            }
        }
    }
}

fn count(outcome: &'static str) {
    counter!("sluicebox_crawler_events_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
