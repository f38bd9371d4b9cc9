//! Who is told of commits: webhooks and Kafka topics, well and ill, and over crashes.

mod lake;
mod webhooks;
mod kafka_topics;
mod crashes;
