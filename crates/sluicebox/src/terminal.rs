//! Standard output and error, for people and for pipes.

use std::io::{self, IsTerminal, Write};

use sluicebox_config::Environment;

/// Whether output may have colours: [NO_COLOR](https://no-color.org) is not set.
pub(crate) fn colour_allowed(environment: &Environment) -> bool {
    environment.get("NO_COLOR").is_none_or(str::is_empty)
}

/// Whether a person watches standard error, so that a progress bar makes sense.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Says why the command ends. Nothing can be done if even that fails.
pub(crate) fn complain(text: &str) {
    writeln!(io::stderr().lock(), "sluicebox: {text}").unwrap_or_default();
}

/// Keeps silent about panics over damaged files: they are caught where the file is read, and a
/// sentence of the report.
pub(crate) fn hush_caught_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !sluicebox_parquet::inspect::is_guarded() {
            tell(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The convention: any value but the empty one turns colours off.
    #[test]
    fn no_color_is_honoured() {
        let with = |value: &str| Environment::from_iter([("NO_COLOR", value)]);
        assert!(colour_allowed(&Environment::default()));
        assert!(colour_allowed(&with("")));
        assert!(!colour_allowed(&with("1")));
    }
}
