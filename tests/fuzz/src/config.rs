//! The config file as text, with one variable and no files beside it.

use std::path::Path;

use sluicebox_config::{Environment, parse};

const SECRET: &str = "hunter2-4711";

/// A text is a config or a list of mistakes, none of which shows what came from a variable.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    // A device may be named as a file, and one may be waited for in vain.
    if text.contains("/dev") || text.contains(SECRET) {
        return;
    }
    let environment: Environment = [("SECRET", SECRET)].into_iter().collect();
    let path = Path::new("/nowhere/config.yaml");
    let Err(mistakes) = parse(text, path, &[], &environment) else {
        return;
    };
    assert!(!mistakes.errors.is_empty());
    let told = format!("{mistakes} {mistakes:?}");
    assert!(!told.contains(SECRET), "{told}");
}
