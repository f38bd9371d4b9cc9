use std::io::Write as _;

use crate::cli::{Schema, SchemaOf};
use crate::failure::Failure;

/// Prints a schema.
pub(crate) fn execute(arguments: &Schema) -> Result<(), Failure> {
    let schema = match arguments.of {
        SchemaOf::Config => sluicebox_config::json_schema(),
        SchemaOf::Events => sluicebox_events::json_schema_of_all(),
    };
    writeln!(std::io::stdout().lock(), "{schema:#}")?;
    Ok(())
}
