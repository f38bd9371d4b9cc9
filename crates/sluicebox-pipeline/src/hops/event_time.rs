use arrow::array::{Array, AsArray, PrimitiveArray};
use arrow::datatypes::TimestampMicrosecondType;
use sluicebox_types::{Reject, RejectReason};

use super::Rows;
use super::rules::Ruled;
use crate::topic::EventTimeSpec;

/// Rows with their event times.
#[derive(Debug)]
pub(crate) struct Timed {
    /// The rows.
    pub(crate) rows: Rows,
    /// One event time per row, microseconds since 1970-01-01 UTC; 0 where the row is not golden.
    pub(crate) micros: Vec<i64>,
}

/// Gives each row its event time, or rejects it.
pub(crate) fn assign(spec: &EventTimeSpec, Ruled(mut rows): Ruled) -> Timed {
    let column = spec
        .column
        .as_deref()
        .and_then(|name| rows.batch.column_by_name(name))
        .cloned();
    let times = column
        .as_ref()
        .and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
    let mut micros = Vec::with_capacity(rows.origins.len());
    for row in 0..rows.origins.len() {
        let time = event_time(spec, &rows, times, row);
        micros.push(time.unwrap_or(0));
        match time {
            None => rows.reject(row, missing),
            Some(time) if time < spec.earliest_micros || time > spec.latest_micros => {
                rows.reject(row, out_of_range);
            }
            Some(_) => {}
        }
    }
    Timed { rows, micros }
}

fn event_time(
    spec: &EventTimeSpec,
    rows: &Rows,
    times: Option<&PrimitiveArray<TimestampMicrosecondType>>,
    row: usize,
) -> Option<i64> {
    let from_column = times
        .filter(|times| times.is_valid(row))
        .map(|times| times.value(row));
    let from_kafka = || {
        let use_kafka = spec.column.is_none() || spec.fallback_to_kafka;
        let millis = rows
            .origins
            .get(row)
            .filter(|_| use_kafka)?
            .timestamp_millis?;
        millis.checked_mul(1_000)
    };
    from_column.or_else(from_kafka)
}

fn missing() -> Reject {
    Reject::new(
        RejectReason::EventTimeMissing,
        "the record has no event time",
    )
}

fn out_of_range() -> Reject {
    let message = "the event time lies outside `event_time.earliest` to `event_time.latest`";
    Reject::new(RejectReason::EventTimeOutOfRange, message)
}
