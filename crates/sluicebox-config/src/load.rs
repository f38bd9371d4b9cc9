use std::path::Path;

use crate::environment::Environment;
use crate::error::ConfigErrors;
use crate::sections::Config;

/// Reads a config file and everything it refers to.
///
/// `overrides` are the `a.b=c` of `--set`, the last one wins.
pub fn load(
    path: &Path,
    overrides: &[String],
    environment: &Environment,
) -> Result<Config, ConfigErrors> {
    let _unused = (path, overrides, environment);
    Err(ConfigErrors { errors: Vec::new() })
}

/// Reads a config from text; `name` is the file's path, from whose folder relative paths start.
pub fn parse(
    text: &str,
    name: &Path,
    overrides: &[String],
    environment: &Environment,
) -> Result<Config, ConfigErrors> {
    let _unused = (text, name, overrides, environment);
    Err(ConfigErrors { errors: Vec::new() })
}

/// The JSON Schema of the config file, for editors.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
