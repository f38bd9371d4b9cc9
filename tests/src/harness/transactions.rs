use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::Kafka;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its records become visible.
    Commit,
    /// Its records never do.
    Abort,
}

/// An open transaction whose records are in the log. One that is dropped is left open until it
/// times out.
pub struct Transaction {
    producer: BaseProducer,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}

impl Kafka {
    /// Begins a transaction and writes records in it; returns when all of them are in the log. `id`
    /// is the producer's transactional id.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub fn begin<'a>(
        &self,
        id: &str,
        records: impl IntoIterator<Item = BaseRecord<'a, [u8], [u8]>>,
    ) -> Transaction {
        let mut config = self.client_config();
        config.set("transactional.id", id);
        let producer: BaseProducer = config.create().expect("a producer needs no broker yet");
        producer
            .init_transactions(ANSWER_WITHIN)
            .and_then(|()| producer.begin_transaction())
            .unwrap_or_else(|error| panic!("transaction {id}: {error}"));
        for record in records {
            if let Err((error, _)) = producer.send(record) {
                panic!("transaction {id}: {error}");
            }
        }
        producer
            .flush(ANSWER_WITHIN)
            .unwrap_or_else(|error| panic!("transaction {id}: {error}"));
        Transaction { producer }
    }
}

impl Transaction {
    /// Ends it. The broker writes its marker to the log soon after.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub fn end(self, outcome: Outcome) {
        let ended = match outcome {
            Outcome::Commit => self.producer.commit_transaction(ANSWER_WITHIN),
            Outcome::Abort => self.producer.abort_transaction(ANSWER_WITHIN),
        };
        ended.unwrap_or_else(|error| panic!("transaction: {outcome:?}: {error}"));
    }
}
