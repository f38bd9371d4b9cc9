mod report;
mod run;

use std::io;
use std::sync::Arc;

use sluicebox_catalog::crawler::{CrawlError, Crawler, Extent, LakeTable, PARTITIONS_MAX, Plan};
use sluicebox_config::Config;
use sluicebox_types::{Clock, PartitionDate, SystemClock};

use self::report::{Report, TableReport};
use crate::cli::{self, Crawl, CrawlerWork};
use crate::commands::{load, short_runtime};
use crate::failure::Failure;
use crate::wiring;

/// Keeps the catalog up to date, once or for good.
pub(crate) fn execute(arguments: &cli::Crawler) -> Result<(), Failure> {
    match &arguments.work {
        CrawlerWork::Run(arguments) => run::execute(arguments),
        CrawlerWork::Crawl(arguments) => look_once(arguments, Mode::Crawl),
        CrawlerWork::Plan(arguments) => look_once(arguments, Mode::Plan),
    }
}

/// What comes of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Crawl,
    Plan,
}

fn look_once(arguments: &Crawl, mode: Mode) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = wiring::store(&config.lake, &clock)?;
    let runtime = short_runtime()?;
    let crawler = runtime.block_on(wiring::crawler(&config, &store))?;
    let crawler = crawler.ok_or_else(no_catalog)?;
    let extent = extent(arguments, &config, clock.as_ref());
    let report = runtime.block_on(look(&crawler, arguments.table.as_deref(), extent, mode))?;
    let mut out = io::stdout().lock();
    match arguments.json {
        true => report.print_json(&mut out)?,
        false => report.print(&mut out)?,
    }
    match report.is_good() {
        true => Ok(()),
        false => Err(Failure::CheckTold),
    }
}

fn no_catalog() -> Failure {
    Failure::configuration(
        "there is no `catalog` in the config; add `catalog: {hive: {uri: thrift://host:9083}}`",
    )
}

fn extent(arguments: &Crawl, config: &Config, clock: &dyn Clock) -> Extent {
    let Some(since) = arguments.since else {
        return Extent::All;
    };
    let age_millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let first_millis = clock.now_millis().saturating_sub(age_millis);
    let granularity = config.lake.partition_by.into();
    Extent::Since(PartitionDate::of_micros(
        first_millis.saturating_mul(1_000),
        granularity,
    ))
}

async fn look(
    crawler: &Crawler,
    wanted: Option<&str>,
    extent: Extent,
    mode: Mode,
) -> Result<Report, Failure> {
    let mut tables = crawler.tables().await.map_err(anyhow::Error::from)?;
    if let Some(wanted) = wanted {
        let found: Vec<String> = tables.iter().map(ToString::to_string).collect();
        tables.retain(|table| table.to_string() == wanted);
        if tables.is_empty() {
            return Err(Failure::check(format!(
                "the lake has no files of a configured table {wanted}; it has {}",
                if found.is_empty() {
                    "none of any".to_owned()
                } else {
                    found.join(", ")
                }
            )));
        }
    }
    let mut report = Report::new(mode == Mode::Crawl);
    for table in tables {
        let looked = look_at(crawler, &table, extent, mode).await;
        report.tables.push(TableReport::new(&table, looked));
    }
    Ok(report)
}

/// One table's trouble is told, and does not keep the others from being looked at.
async fn look_at(
    crawler: &Crawler,
    table: &LakeTable,
    extent: Extent,
    mode: Mode,
) -> Result<Vec<Plan>, CrawlError> {
    let dates = crawler.dates(table, extent).await?;
    if mode == Mode::Plan {
        return Ok(vec![crawler.plan(table, &dates).await?]);
    }
    let mut plans = Vec::new();
    for dates in dates.chunks(PARTITIONS_MAX) {
        plans.extend(crawler.crawl(table, dates).await?);
    }
    Ok(plans)
}
