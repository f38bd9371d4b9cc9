use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

/// Somebody who is told by messages from outside where to look in the lake. Nothing that comes in
/// is believed: it only makes somebody look.
#[async_trait]
pub trait EventIntake: Send + Sync + Debug {
    /// Takes a message in, whatever it is: what cannot be used is counted and answered, never an
    /// error. Waits while there is no room for what it says.
    async fn take(&self, message: IncomingMessage<'_>) -> Taken;
}

/// A message as it came.
#[derive(Clone, Debug)]
pub struct IncomingMessage<'a> {
    /// Which way it came, which decides how `CloudEvents` stand in it.
    pub way: Way,
    /// Its headers; those whose values are no text are left out.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Its body.
    pub body: &'a [u8],
    /// Dropped when everything that it says was dealt with.
    pub receipt: Option<Arc<dyn Debug + Send + Sync>>,
}

/// Which way a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The body of an HTTP request.
    Http,
    /// A Kafka message.
    Kafka,
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Partitions that are looked at because of it.
    pub partitions: usize,
    /// What of it could not be used, and why; at most 20 reasons, without anything of the body that
    /// may be confidential.
    pub refused: Vec<String>,
}
