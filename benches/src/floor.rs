//! The least that any ingestion into Parquet has to do: take the records from the broker, copy their
//! bytes once, and compress with snappy as many bytes as come out. A figure that is told as a multiple
//! of it can be repeated on any machine.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use snap::raw::Encoder;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A page of Parquet, about: what is compressed at once.
const PAGE_BYTES: usize = 1 << 20;

/// Reads a topic from its beginning to its end. Of each byte that is read, `bytes_out_per_byte_in`
/// come out compressed.
///
/// # Errors
/// When the broker does not answer.
pub fn run(brokers: &str, topic: &str, bytes_out_per_byte_in: f64) -> Result<()> {
    let consumer = consumer(brokers)?;
    let mut running = assign_all(&consumer, topic)?;
    let mut page = Vec::with_capacity(PAGE_BYTES);
    let mut pages = Pages::new(bytes_out_per_byte_in);
    while running > 0 {
        match consumer.poll(ANSWER_WITHIN).context("no answer")? {
            Ok(message) => {
                let value = message.payload().unwrap_or_default();
                if page.len() + value.len() > PAGE_BYTES {
                    pages.add(&page)?;
                    page.clear();
                }
                page.extend_from_slice(value);
            }
            Err(KafkaError::PartitionEOF(_)) => running -= 1,
            Err(error) => bail!(error),
        }
    }
    pages.add(&page)
}

/// A consumer with the fetch settings of the product.
fn consumer(brokers: &str) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    for (name, value) in [
        ("bootstrap.servers", brokers),
        ("group.id", "floor"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("check.crcs", "true"),
        ("fetch.queue.backoff.ms", "5"),
        ("queued.min.messages", "1000000"),
        ("queued.max.messages.kbytes", "16384"),
        ("fetch.message.max.bytes", "1048576"),
        ("fetch.max.bytes", "4194304"),
        ("message.max.bytes", "1000000"),
    ] {
        config.set(name, value);
    }
    Ok(config.create()?)
}

fn assign_all(consumer: &BaseConsumer, topic: &str) -> Result<usize> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let found = metadata.topics().first().context("no such topic")?;
    let mut all = TopicPartitionList::new();
    for partition in found.partitions() {
        all.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    Ok(all.count())
}

/// Compresses as much of what it is given as makes the bytes that are to come out.
struct Pages {
    snappy: Encoder,
    compressed: Vec<u8>,
    bytes_out_per_byte_in: f64,
    bytes_owed: f64,
}

impl Pages {
    fn new(bytes_out_per_byte_in: f64) -> Self {
        Self {
            snappy: Encoder::new(),
            compressed: vec![0; snap::raw::max_compress_len(PAGE_BYTES)],
            bytes_out_per_byte_in,
            bytes_owed: 0.0,
        }
    }

    fn add(&mut self, page: &[u8]) -> Result<()> {
        self.bytes_owed += page.len() as f64 * self.bytes_out_per_byte_in;
        for block in page.chunks(PAGE_BYTES / 16) {
            if self.bytes_owed <= 0.0 {
                break;
            }
            let compressed = self.snappy.compress(block, &mut self.compressed)?;
            self.bytes_owed -= compressed as f64;
        }
        Ok(())
    }
}
