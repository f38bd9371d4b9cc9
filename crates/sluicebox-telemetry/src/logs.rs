use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

/// How the targets of our own crates begin. What libraries tell below `warn` serves only their own
/// authors, and may hold what passes through them: requests with their signatures, records.
const OWN: &str = "sluicebox";

/// What a log line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The process has a subscriber already.
    #[error("logging was set up twice: {0}")]
    Installed(#[from] TryInitError),
}

/// Sends the process's log lines of `level` and above to standard error. `colour` counts for text
/// on a terminal.
///
/// # Errors
/// When it was called before in this process.
pub fn init_logs(level: LevelFilter, format: LogFormat, colour: bool) -> Result<(), LogsError> {
    let terminal = io::stderr().is_terminal();
    let format = match format {
        LogFormat::Auto if terminal => LogFormat::Text,
        LogFormat::Auto => LogFormat::Json,
        chosen => chosen,
    };
    let lines = lines(format, colour && terminal, io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter(level)))
        .try_init()?;
    Ok(())
}

fn filter(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(OWN, level)
}

fn lines<W>(format: LogFormat, colour: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => Box::new(layer.json().flatten_event(true).with_current_span(false)),
        LogFormat::Auto | LogFormat::Text => Box::new(layer.with_ansi(colour).with_target(false)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: LevelFilter, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let lines = lines(format, false, move || writer.clone()).with_filter(filter(level));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        String::from_utf8(buffer.0.lock().clone()).expect("UTF-8")
    }

    /// A machine reads one object a line, with the event's own fields beside its message.
    #[test]
    fn json_is_one_object_a_line() {
        let text = logged(LogFormat::Json, LevelFilter::INFO, || {
            tracing::info!(topic = "flights", "two\nlines");
            tracing::warn!("next");
        });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with('{') && lines[0].ends_with('}'),
            "{text}"
        );
        assert!(lines[0].contains(r#""topic":"flights""#), "{text}");
        assert!(lines[0].contains(r#""message":"two\nlines""#), "{text}");
    }

    /// Without colour there is no escape sequence in a text line.
    #[test]
    fn text_without_colour_is_plain() {
        let text = logged(LogFormat::Text, LevelFilter::INFO, || {
            tracing::info!(rows = 3, "read");
        });
        assert!(text.contains("read") && text.contains("rows=3"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    /// Libraries stay quiet below `warn`, whichever they are and whatever level is asked for, and
    /// obey a stricter one.
    #[test]
    fn libraries_are_quiet() {
        let log = || {
            tracing::info!(target: "aws_sigv4::http_request", "chatter");
            tracing::warn!(target: "object_store::aws", "trouble");
            tracing::debug!(target: "sluicebox_kafka::health", "ours");
            tracing::trace!(target: "sluicebox", "in full");
        };
        let trace = logged(LogFormat::Text, LevelFilter::TRACE, log);
        for told in ["ours", "in full", "trouble"] {
            assert!(trace.contains(told), "{trace}");
        }
        assert!(!trace.contains("chatter"), "{trace}");
        assert_eq!(logged(LogFormat::Text, LevelFilter::ERROR, log), "");
    }
}
