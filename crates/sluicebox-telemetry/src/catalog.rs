//! Every metric of the service: its kind, unit and meaning, in the order of a record's way.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Description {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) help: &'static str,
}

const fn counter(name: &'static str, unit: Unit, help: &'static str) -> Description {
    Description {
        name,
        kind: Kind::Counter,
        unit,
        help,
    }
}

const fn gauge(name: &'static str, unit: Unit, help: &'static str) -> Description {
    Description {
        name,
        kind: Kind::Gauge,
        unit,
        help,
    }
}

const fn histogram(name: &'static str, unit: Unit, help: &'static str) -> Description {
    Description {
        name,
        kind: Kind::Histogram,
        unit,
        help,
    }
}

pub(crate) const ALL: &[Description] = &[
    gauge(
        "sluicebox_build_info",
        Unit::Count,
        "Always 1; the version is a label.",
    ),
    gauge(
        "sluicebox_partitions",
        Unit::Count,
        "Kafka partitions of this process, by phase.",
    ),
    counter(
        "sluicebox_consumer_records_total",
        Unit::Count,
        "Records taken from Kafka, replays included.",
    ),
    counter(
        "sluicebox_consumer_bytes_total",
        Unit::Bytes,
        "Bytes of the values of these records.",
    ),
    gauge(
        "sluicebox_consumer_lag_records",
        Unit::Count,
        "Records that the brokers hold and that were not read yet, by topic.",
    ),
    gauge(
        "sluicebox_consumer_lag_seconds",
        Unit::Seconds,
        "Age of the last record read, while there are others to read: the worst partition's.",
    ),
    gauge(
        "sluicebox_uncommitted_records",
        Unit::Count,
        "Offsets read and not yet in the lake, by topic.",
    ),
    counter(
        "sluicebox_rebalances_total",
        Unit::Count,
        "Rebalances of the consumer group, by kind.",
    ),
    counter(
        "sluicebox_rejected_records_total",
        Unit::Count,
        "Records judged bad, by stage and reason.",
    ),
    counter(
        "sluicebox_duplicates_total",
        Unit::Count,
        "Records dropped as repeats.",
    ),
    gauge(
        "sluicebox_dedup_window_entries",
        Unit::Count,
        "Keys that the dedup windows hold, by topic.",
    ),
    gauge(
        "sluicebox_dedup_window_bytes",
        Unit::Bytes,
        "Memory of the dedup windows, by topic.",
    ),
    counter(
        "sluicebox_dead_letter_records_total",
        Unit::Count,
        "Rejects that a dead-letter topic has taken.",
    ),
    counter(
        "sluicebox_dead_letter_undeliverable_total",
        Unit::Count,
        "Rejects that no broker takes; they are in quarantine.",
    ),
    gauge(
        "sluicebox_files_open",
        Unit::Count,
        "Files that are being written, by topic.",
    ),
    gauge(
        "sluicebox_files_buffered_bytes",
        Unit::Bytes,
        "Memory of these files.",
    ),
    gauge(
        "sluicebox_files_oldest_unflushed_seconds",
        Unit::Seconds,
        "How long ago the oldest record in them was read.",
    ),
    counter(
        "sluicebox_files_published_total",
        Unit::Count,
        "Files made visible, by table and kind.",
    ),
    counter(
        "sluicebox_files_rows_total",
        Unit::Count,
        "Rows of these files.",
    ),
    counter(
        "sluicebox_files_bytes_total",
        Unit::Bytes,
        "Bytes of these files.",
    ),
    histogram(
        "sluicebox_file_bytes",
        Unit::Bytes,
        "Size of each file made visible.",
    ),
    counter(
        "sluicebox_rolls_total",
        Unit::Count,
        "Closings of all open files of a Kafka partition, by cause.",
    ),
    gauge(
        "sluicebox_event_time_watermark_timestamp_seconds",
        Unit::Seconds,
        "Latest event time published since the start: the partition that is furthest behind.",
    ),
    histogram(
        "sluicebox_end_to_end_latency_seconds",
        Unit::Seconds,
        "From the latest event time of a commit to its files being visible.",
    ),
    histogram(
        "sluicebox_commit_duration_seconds",
        Unit::Seconds,
        "From closed files to the committed offset.",
    ),
    counter(
        "sluicebox_offset_commits_total",
        Unit::Count,
        "Offsets committed to Kafka, by outcome; only hints, the chain counts.",
    ),
    counter(
        "sluicebox_store_requests_total",
        Unit::Count,
        "Calls to the store, by operation and status.",
    ),
    histogram(
        "sluicebox_store_request_duration_seconds",
        Unit::Seconds,
        "How long these calls took.",
    ),
    counter(
        "sluicebox_catalog_operations_total",
        Unit::Count,
        "Requests to a catalog, by catalog, operation and outcome.",
    ),
    counter(
        "sluicebox_crawler_events_total",
        Unit::Count,
        "Messages that told the crawler where to look, by outcome.",
    ),
    gauge(
        "sluicebox_crawler_waiting_partitions",
        Unit::Count,
        "Partitions that were touched and not looked at yet.",
    ),
    counter(
        "sluicebox_crawler_files_skipped_total",
        Unit::Count,
        "Files in partitions that are not ours or cannot be read, by reason, at each look.",
    ),
    counter(
        "sluicebox_crawler_crawls_total",
        Unit::Count,
        "Looks at a table's partitions, by outcome.",
    ),
    counter(
        "sluicebox_crawler_partitions_total",
        Unit::Count,
        "Partitions changed in the catalog, by table and action.",
    ),
    counter(
        "sluicebox_crawler_refused_total",
        Unit::Count,
        "What was left alone in the catalog, by table and reason, at each look.",
    ),
    histogram(
        "sluicebox_catalog_lag_seconds",
        Unit::Seconds,
        "From the commit of files to their partition being up to date in the catalog.",
    ),
    gauge(
        "sluicebox_memory_limit_bytes",
        Unit::Bytes,
        "The process's memory limit.",
    ),
    gauge(
        "sluicebox_memory_used_bytes",
        Unit::Bytes,
        "What is accounted for: reserve, open files, commits on their way.",
    ),
    counter(
        "sluicebox_notify_events_total",
        Unit::Count,
        "Events by target: delivered, retried, or skipped because the target refuses them.",
    ),
    gauge(
        "sluicebox_notify_backlog",
        Unit::Count,
        "Commits that a target was not told of yet, by target.",
    ),
];

/// Gives the recorder every metric's unit and meaning.
pub(crate) fn describe() {
    for Description {
        name,
        kind,
        unit,
        help,
    } in ALL.iter().copied()
    {
        match kind {
            Kind::Counter => describe_counter!(name, unit, help),
            Kind::Gauge => describe_gauge!(name, unit, help),
            Kind::Histogram => describe_histogram!(name, unit, help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names follow Prometheus' conventions: our prefix, base units and `_total` last.
    #[test]
    fn names_follow_the_conventions() {
        for Description {
            name,
            kind,
            unit,
            help,
        } in ALL
        {
            assert!(name.starts_with("sluicebox_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            let stem = name.trim_end_matches("_total");
            assert_eq!(stem.ends_with("_seconds"), *unit == Unit::Seconds, "{name}");
            assert_eq!(stem.ends_with("_bytes"), *unit == Unit::Bytes, "{name}");
            assert!(help.ends_with('.'), "{name} has no sentence");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
