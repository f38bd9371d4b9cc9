use std::io::Write as _;

use sluicebox_events::EventType;

use crate::cli::{Schema, SchemaOf};
use crate::failure::Failure;

/// Prints a schema.
pub(crate) fn execute(arguments: &Schema) -> Result<(), Failure> {
    let schema = match arguments.of {
        SchemaOf::Config => sluicebox_config::json_schema(),
        SchemaOf::Events => {
            let schemas = EventType::ALL.map(sluicebox_events::json_schema);
            serde_json::json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Events of Sluicebox",
                "oneOf": schemas,
            })
        }
    };
    writeln!(std::io::stdout().lock(), "{schema:#}")?;
    Ok(())
}
