use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use arrow::temporal_conversions::timestamp_us_to_datetime;
use bytes::Bytes;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use serde_json::{Value, json};
use sluicebox_config::Environment;
use sluicebox_parquet::inspect::{read_footer, read_lineage};
use sluicebox_parquet::{Lineage, LineageError};
use sluicebox_types::{Clock, SystemClock};

use crate::cli::Inspect;
use crate::commands::short_runtime;
use crate::failure::Failure;
use crate::wiring;

/// Shows a Parquet file's footer: origin, schema, row groups. Values are not shown.
pub(crate) fn execute(arguments: &Inspect) -> Result<(), Failure> {
    let file = read(arguments)?;
    let footer = read_footer(&file)
        .map_err(|error| Failure::check(format!("{}: {error}", arguments.file)))?;
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", as_json(&footer, file.len()))?;
    } else {
        print(&mut out, &footer, file.len())?;
    }
    Ok(())
}

fn read(arguments: &Inspect) -> Result<Bytes, Failure> {
    let Some(config) = &arguments.config else {
        let bytes = fs::read(&arguments.file).with_context(|| arguments.file.clone())?;
        return Ok(bytes.into());
    };
    let config = sluicebox_config::load(Path::new(config), &[], &Environment::of_process())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = wiring::store(&config.lake, &clock)?;
    let found = short_runtime()?.block_on(store.read_file(&arguments.file));
    let missing = || Failure::check(format!("{} holds no {}", store.lake_url(), arguments.file));
    found.map_err(anyhow::Error::from)?.ok_or_else(missing)
}

fn print(out: &mut impl Write, footer: &ParquetMetaData, bytes: usize) -> io::Result<()> {
    let file = footer.file_metadata();
    writeln!(
        out,
        "{} rows, row groups: {}, {bytes} bytes",
        file.num_rows(),
        footer.num_row_groups()
    )?;
    writeln!(out, "\nOrigin")?;
    match read_lineage(footer) {
        Ok(lineage) => print_lineage(out, &lineage)?,
        Err(error) => writeln!(out, "  unknown: {error}")?,
    }
    writeln!(out, "\nSchema")?;
    let mut schema = Vec::new();
    parquet::schema::printer::print_schema(&mut schema, file.schema());
    out.write_all(&schema)?;
    for (index, group) in footer.row_groups().iter().enumerate() {
        print_row_group(out, index, group)?;
    }
    Ok(())
}

fn print_lineage(out: &mut impl Write, lineage: &Lineage) -> io::Result<()> {
    let Lineage {
        pipeline,
        version,
        commit_id,
        topic,
        partition,
        range,
        ..
    } = lineage;
    writeln!(
        out,
        "  Kafka       {topic}[{partition}], offsets {} to {}",
        range.start, range.end
    )?;
    writeln!(out, "  pipeline    {pipeline}, Sluicebox {version}")?;
    writeln!(out, "  commit      {commit_id}")?;
    writeln!(out, "  schema      {}", lineage.schema_fingerprint)?;
    let [min, max] = lineage.event_time.map(moment);
    writeln!(out, "  event time  {min} to {max}")
}

/// A time of a footer, which is in microseconds since 1970-01-01 UTC.
fn moment(micros: i64) -> String {
    match timestamp_us_to_datetime(micros) {
        Some(moment) => format!("{moment} UTC"),
        None => format!("{micros} µs"),
    }
}

fn print_row_group(out: &mut impl Write, index: usize, group: &RowGroupMetaData) -> io::Result<()> {
    writeln!(
        out,
        "\nRow group {index}: {} rows, {} bytes",
        group.num_rows(),
        group.compressed_size()
    )?;
    for column in group.columns() {
        let nulls = column
            .statistics()
            .and_then(|statistics| statistics.null_count_opt());
        let nulls = nulls.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let name = column.column_path().string();
        let (stored, plain) = (column.compressed_size(), column.uncompressed_size());
        let codec = column.compression();
        writeln!(
            out,
            "  {name:<24} {stored:>10} bytes, {plain:>10} plain, {nulls:>8} nulls, {codec}"
        )?;
    }
    Ok(())
}

fn as_json(footer: &ParquetMetaData, bytes: usize) -> Value {
    let file = footer.file_metadata();
    let mut schema = Vec::new();
    parquet::schema::printer::print_schema(&mut schema, file.schema());
    json!({
        "bytes": bytes,
        "rows": file.num_rows(),
        "lineage": lineage_as_json(read_lineage(footer)),
        "schema": String::from_utf8_lossy(&schema),
        "row_groups": footer.row_groups().iter().map(row_group_as_json).collect::<Vec<_>>(),
    })
}

fn lineage_as_json(lineage: Result<Lineage, LineageError>) -> Value {
    lineage.map_or(Value::Null, |lineage| {
        json!({
            "pipeline": lineage.pipeline,
            "version": lineage.version,
            "commit_id": lineage.commit_id,
            "topic": lineage.topic,
            "partition": lineage.partition,
            "start": lineage.range.start,
            "end": lineage.range.end,
            "schema_fingerprint": lineage.schema_fingerprint,
            "event_time_micros": lineage.event_time,
        })
    })
}

fn row_group_as_json(group: &RowGroupMetaData) -> Value {
    let columns = group.columns().iter().map(|column| {
        json!({
            "name": column.column_path().string(),
            "compressed_bytes": column.compressed_size(),
            "uncompressed_bytes": column.uncompressed_size(),
            "nulls": column.statistics().and_then(|statistics| statistics.null_count_opt()),
            "compression": column.compression().to_string(),
        })
    });
    json!({ "rows": group.num_rows(), "columns": columns.collect::<Vec<_>>() })
}
