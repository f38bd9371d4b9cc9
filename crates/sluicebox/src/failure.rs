use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use sluicebox_config::ConfigErrors;
use sluicebox_console::ConsoleError;
use sluicebox_kafka::KafkaError;
use sluicebox_storage::OpenError;

use crate::terminal;

/// A check failed, or the work did.
const FAILED: u8 = 1;
/// `EX_CONFIG` of sysexits.h.
const CONFIGURATION: u8 = 78;
/// A signal ended the work before it was done, as shells have it for SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends without success. Its class is the exit code; its text is for the person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration cannot be used: somebody must change it.
    #[error("{0}")]
    Configuration(String),
    /// A check said no.
    #[error("{0}")]
    Check(String),
    /// A check said no, and has told so itself.
    #[error("a check failed")]
    CheckTold,
    /// A person or a supervisor ended a pass before its end.
    #[error("interrupted before the end; what was read is committed")]
    Interrupted,
    /// The work could not be done.
    #[error("{0:#}")]
    Broken(#[from] anyhow::Error),
}

impl Failure {
    /// A configuration failure with this text.
    pub(crate) fn configuration(reason: impl Display) -> Self {
        Self::Configuration(reason.to_string())
    }

    /// A failed check with this text.
    pub(crate) fn check(reason: impl Display) -> Self {
        Self::Check(reason.to_string())
    }

    /// Prints the text to standard error and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        if self.is_closed_pipe() {
            return ExitCode::SUCCESS;
        }
        if !matches!(self, Self::CheckTold) {
            terminal::complain(&self.to_string());
        }
        ExitCode::from(self.code())
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Configuration(_) => CONFIGURATION,
            Self::Interrupted => INTERRUPTED,
            Self::Check(_) | Self::CheckTold | Self::Broken(_) => FAILED,
        }
    }

    /// Whoever read our output has seen enough (`| head`).
    fn is_closed_pipe(&self) -> bool {
        let Self::Broken(error) = self else {
            return false;
        };
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Each mistake on a line of its own that begins with its place, for editors that jump there.
impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::configuration(format!("the configuration cannot be used\n{errors}"))
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::configuration(error)
    }
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        Self::configuration(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::Property { .. }
            | KafkaError::Client(_)
            | KafkaError::File { .. }
            | KafkaError::Unsupported(_)
            | KafkaError::Subscription { .. } => Self::configuration(error),
            _ => Self::Broken(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts tell a wrong config from a failed check by the exit code alone.
    #[test]
    fn codes_tell_the_classes_apart() {
        for (failure, code) in [
            (Failure::configuration("x"), 78),
            (Failure::check("x"), 1),
            (Failure::CheckTold, 1),
            (Failure::Interrupted, 130),
            (Failure::Broken(anyhow::anyhow!("x")), 1),
            (KafkaError::Client("no certificate".to_owned()).into(), 78),
            (KafkaError::Fatal("gone".to_owned()).into(), 1),
        ] {
            assert_eq!(failure.code(), code, "{failure:?}");
        }
    }

    /// A reader that went away is no failure of ours.
    #[test]
    fn a_closed_pipe_is_success() {
        let closed: Failure = io::Error::from(io::ErrorKind::BrokenPipe).into();
        assert_eq!(closed.tell(), ExitCode::SUCCESS);
    }
}
