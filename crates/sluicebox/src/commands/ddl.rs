use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;

use sluicebox_catalog::ddl::{Declaration, Engine};
use sluicebox_config::{Config, TopicSelector};
use sluicebox_pipeline::TopicCatalog as _;
use sluicebox_types::{Clock, SystemClock};

use crate::cli::{Ddl, DdlEngine};
use crate::commands::load;
use crate::failure::Failure;
use crate::wiring::{self, ConfigCatalog};

/// Prints what creates or reads the tables of a config in an engine. Nothing is asked of anybody.
pub(crate) fn execute(arguments: &Ddl) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let lake_url = wiring::store(&config.lake, &clock)?.lake_url();
    let catalog = ConfigCatalog::new(Arc::clone(&config));
    let mut out = std::io::stdout().lock();
    let mut told = BTreeSet::new();
    for topic in topics(arguments, &config)? {
        let spec = catalog.spec(&topic).map_err(Failure::configuration)?;
        let table = Declaration::new(&spec.golden, &lake_url).map_err(Failure::configuration)?;
        let name = format!("{}.{}", table.database, table.name);
        let is_wanted = arguments
            .table
            .as_ref()
            .is_none_or(|wanted| *wanted == name);
        // Topics may share a table; in the plain layout each has its own folder all the same.
        if is_wanted && told.insert((name, table.location.clone())) {
            writeln!(out, "{}", table.ddl(arguments.engine.into()))?;
        }
    }
    match (&arguments.table, told.is_empty()) {
        (Some(table), true) => Err(Failure::check(format!(
            "no topic of the config goes into {table}; tables of topics that an expression matches \
             are told with --topic"
        ))),
        _ => Ok(()),
    }
}

/// The topics that are told: the one that is asked for, or all that have a name in the config.
fn topics(arguments: &Ddl, config: &Config) -> Result<Vec<String>, Failure> {
    if let Some(topic) = &arguments.topic {
        return Ok(vec![topic.clone()]);
    }
    let named = config
        .topics
        .iter()
        .filter_map(|section| match &section.name {
            TopicSelector::Name(name) => Some(name.clone()),
            TopicSelector::Regex(_) => None,
        });
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        let reason = "every topic of the config is an expression: name one with --topic";
        return Err(Failure::check(reason));
    }
    Ok(named)
}

impl From<DdlEngine> for Engine {
    fn from(engine: DdlEngine) -> Self {
        match engine {
            DdlEngine::Hive => Self::Hive,
            DdlEngine::Trino => Self::Trino,
            DdlEngine::Presto => Self::Presto,
            DdlEngine::Spark => Self::Spark,
            DdlEngine::Athena => Self::Athena,
            DdlEngine::Duckdb => Self::Duckdb,
        }
    }
}
