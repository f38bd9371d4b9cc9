use std::process::Command;

use anyhow::Result;
use sluicebox_tests::harness;

use super::{End, Launch, Site, file, schema};

pub(super) const TITLE: &str = "polars 2.1.0 + confluent-kafka 2.16.1";
const PACKAGES: &str = "polars==2.1.0 confluent-kafka==2.16.1";

pub(super) fn launch(site: &Site<'_>) -> Result<Launch> {
    let columns = schema::as_json(&site.columns()?)?.to_string();
    let environment = harness::environment("peer-polars", PACKAGES)?;
    let mut command = Command::new(environment.join("bin/python"));
    command
        .arg(file("polars/ingest.py"))
        .args([&site.kafka.brokers, &site.shape.topic(), &site.group])
        .arg(site.lake())
        .arg(site.write("columns.json", &columns)?);
    Ok(Launch {
        command,
        end: End::ByItself,
        lake: site.lake(),
    })
}
