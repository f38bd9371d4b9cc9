use crate::cli::Run;
use crate::commands::load;
use crate::failure::Failure;
use crate::service::{self, Observer, Process, Until};
use crate::wiring;

/// The service itself.
pub(crate) fn execute(arguments: &Run) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let process = Process::start(config.log.level, config.log.format)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let until = if arguments.until_end {
        Until::End
    } else {
        Until::Told
    };
    tracing::info!(
        version = wiring::VERSION,
        pipeline = config.name,
        topics = config.topics.len(),
        lake = %config.lake.url,
        "starting"
    );
    let shared = wiring::shared(&config);
    service::run(&config, until, &process, &shared, Observer::new(&shared))
}
