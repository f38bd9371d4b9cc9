use std::thread;
use std::time::Duration;

use anyhow::Result;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use sluicebox_types::{Clock, SystemClock};

use crate::contents::Contents;
use crate::shapes::Generator;

const FLUSHED_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_millis(2);

/// Sends records at a steady rate, each stamped with the moment at which it is sent.
pub(super) struct Producer {
    client: BaseProducer,
    topic: String,
    generator: Generator,
}

impl Producer {
    /// A producer whose records are not those of another seed.
    pub(super) fn new(config: &ClientConfig, contents: &Contents, seed: u64) -> Result<Self> {
        Ok(Self {
            client: config.create()?,
            topic: contents.topic(0),
            generator: Generator::new(contents.shape, seed),
        })
    }

    /// Sends so many records and returns when all of them are in the log.
    pub(super) fn send(mut self, records: u64, per_second: u32) -> Result<()> {
        let clock = SystemClock::new();
        let mut sent = 0;
        while sent < records {
            let due = clock.monotonic().as_secs_f64() * f64::from(per_second);
            while sent < records && sent as f64 <= due {
                self.send_one(clock.now_millis())?;
                sent += 1;
            }
            self.client.poll(Duration::ZERO);
            thread::sleep(PAUSE);
        }
        Ok(self.client.flush(FLUSHED_WITHIN)?)
    }

    fn send_one(&mut self, now_millis: i64) -> Result<()> {
        let mut json = String::new();
        let key = self.generator.write(now_millis, &mut json);
        loop {
            let record = BaseRecord::to(&self.topic).key(&key).payload(&json);
            match self.client.send(record.timestamp(now_millis)) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.client.poll(PAUSE);
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }
}
