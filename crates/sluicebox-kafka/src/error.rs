use std::path::PathBuf;

use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use sluicebox_config::KafkaSection;

use crate::properties::tls_files;

/// Why the Kafka client could not be made, or cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka does not take a property.
    #[error(
        "librdkafka refuses `{property}`: {reason}; fix it under `kafka` (or `kafka.librdkafka`)"
    )]
    Property {
        /// Its name, in librdkafka's spelling.
        property: String,
        /// Why, without the value.
        reason: String,
    },
    /// A file of certificates or keys cannot be used.
    #[error("`{setting}` names {}, which cannot be used: {reason}", .file.display())]
    File {
        /// Its key in the config: `kafka.tls.ca`.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// Why not: it is missing or closed to us, it is no PEM, its password is wrong.
        reason: String,
    },
    /// The client could not be made: properties that contradict each other.
    #[error("the Kafka client cannot be made: {0}; fix the section `kafka`")]
    Client(String),
    /// A setting that this build does not support.
    #[error("{0}")]
    Unsupported(String),
    /// The subscription was refused: a topic's name or an expression is malformed.
    #[error("the subscription to `{topics}` was refused: {reason}; fix the keys of `topics`")]
    Subscription {
        /// What was subscribed to.
        topics: String,
        /// Why not.
        reason: String,
    },
    /// The client refused to take or give back partitions, so that nothing is known of what it
    /// fetches. Start the process again.
    #[error("the client refused {action} of {partitions}: {reason}; start the process again")]
    Assignment {
        /// `assignment` or `revocation`.
        action: &'static str,
        /// Which partitions.
        partitions: String,
        /// Why.
        reason: String,
    },
    /// librdkafka says that this client is beyond repair. Start the process again.
    #[error("the Kafka client has failed for good: {0}")]
    Fatal(String),
    /// The operating system gave no thread.
    #[error("cannot start the thread `{thread}`: {reason}")]
    Thread {
        /// Its name.
        thread: &'static str,
        /// Why.
        reason: String,
    },
    /// The mock cluster refused.
    #[error("the mock cluster refused: {0}")]
    Mock(String),
}

impl KafkaError {
    /// What went wrong when a client was made. Values of properties are left out: they may be
    /// passwords.
    pub(crate) fn of_creation(error: ClientError, kafka: &KafkaSection) -> Self {
        match error {
            ClientError::ClientConfig(_, _, property, _) => Self::Property {
                property,
                reason: "unknown, or its value is not allowed".to_owned(),
            },
            ClientError::ClientCreation(reason) => Self::of_file(reason, kafka),
            other => Self::Client(other.to_string()),
        }
    }

    /// librdkafka tells a file that does not load by its property.
    fn of_file(reason: String, kafka: &KafkaSection) -> Self {
        let blamed = tls_files(kafka)
            .into_iter()
            .find(|file| reason.contains(file.property));
        match blamed {
            Some(blamed) => Self::File {
                setting: blamed.setting,
                file: blamed.path.to_owned(),
                reason: format!(
                    "it is no PEM file of the right kind, or its password is wrong ({reason})"
                ),
            },
            None => Self::Client(reason),
        }
    }
}

/// The code inside a client error, if it has one.
pub(crate) fn code_of(error: &ClientError) -> Option<RDKafkaErrorCode> {
    error.rdkafka_error_code()
}
