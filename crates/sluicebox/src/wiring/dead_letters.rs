use std::sync::Arc;

use sluicebox_config::Config;
use sluicebox_kafka::{DeadLetterSettings, KafkaDeadLetters};
use sluicebox_pipeline::ports::{DeadLetter, DeadLetterQueue, QueueFull};

use crate::failure::Failure;
use crate::wiring::Shared;

/// The way to the dead-letter topics, if any topic has one.
pub(crate) fn dead_letters(
    config: &Config,
    shared: &Shared,
) -> Result<Arc<dyn DeadLetterQueue>, Failure> {
    if config
        .topics
        .iter()
        .all(|topic| topic.dead_letter.is_none())
    {
        return Ok(Arc::new(NoDeadLetters));
    }
    let (clock, readiness) = (Arc::clone(&shared.clock), Arc::clone(&shared.readiness));
    let queue = KafkaDeadLetters::connect(&DeadLetterSettings::from(config), clock, readiness)?;
    Ok(Arc::new(queue))
}

/// Quarantine is all that was asked for: letters are settled at once.
#[derive(Debug)]
struct NoDeadLetters;

impl DeadLetterQueue for NoDeadLetters {
    fn send(&self, letter: DeadLetter) -> Result<(), QueueFull> {
        drop(letter.receipt);
        Ok(())
    }
}
