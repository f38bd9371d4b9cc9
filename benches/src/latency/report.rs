use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Stream;

/// How late the records of a stream became visible, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    /// Records per second.
    pub per_second: u32,
    /// The longest that a file stays open, milliseconds.
    pub max_age: u128,
    /// How many records there were.
    pub records: usize,
    /// Half of the records were visible within this.
    pub p50: i64,
    /// 99 of 100.
    pub p99: i64,
    /// All of them.
    pub max: i64,
}

/// How long nobody reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Starts {
    /// From the start of a process to the first record that it has read.
    pub first_record: Duration,
    /// From SIGKILL of the only reader to the first record that another one has read.
    pub take_over: Duration,
    /// What of that is Kafka's, which waits for a sign of life.
    pub session_timeout: Duration,
}

impl Latencies {
    pub(super) fn of(stream: Stream, mut latencies: Vec<i64>) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let index = (latencies.len().saturating_sub(1)) as f64 * share;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the index lies between the first and the last one"
            )]
            let latency = latencies.get(index as usize);
            latency.copied().unwrap_or_default()
        };
        Self {
            per_second: stream.per_second,
            max_age: stream.max_age.as_millis(),
            records: latencies.len(),
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        }
    }

    /// The head of the table whose rows they are.
    pub const HEAD: &str = "| records/s | max_age s | records | p50 ms | p99 ms | max ms |\n\
                            | --- | --- | --- | --- | --- | --- |";
}

impl fmt::Display for Latencies {
    /// A row of a Markdown table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, age, records) = (self.per_second, self.max_age / 1000, self.records);
        let (p50, p99, max) = (self.p50, self.p99, self.max);
        write!(f, "| {rate} | {age} | {records} | {p50} | {p99} | {max} |")
    }
}

impl fmt::Display for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "From the start of a process to its first record: {} ms. From SIGKILL of the only reader to \
             the first record of the next: {} ms, of which {} ms are the session's time-out.",
            self.first_record.as_millis(),
            self.take_over.as_millis(),
            self.session_timeout.as_millis(),
        )
    }
}
