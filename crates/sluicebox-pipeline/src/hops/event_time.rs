use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use sluicebox_types::{Reject, RejectReason};

use super::Rows;
use super::rules::Ruled;
use crate::topic::EventTimeSpec;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Rows with their event times.
#[derive(Debug)]
pub(crate) struct Timed {
    /// The rows.
    pub(crate) rows: Rows,
    /// One event time per row, microseconds since 1970-01-01 UTC; 0 where the row is not golden.
    pub(crate) micros: Vec<i64>,
}

/// A column that event times are taken from.
enum Times<'a> {
    Timestamps(&'a PrimitiveArray<TimestampMicrosecondType>),
    Dates(&'a PrimitiveArray<Date32Type>),
}

impl<'a> Times<'a> {
    fn of(column: &'a ArrayRef) -> Option<Self> {
        let timestamps = column.as_primitive_opt().map(Self::Timestamps);
        timestamps.or_else(|| column.as_primitive_opt().map(Self::Dates))
    }

    /// The row's time, a date being its midnight in UTC; none where it is null. What lies beyond
    /// every range is the last moment there is.
    fn micros(&self, row: usize) -> Option<i64> {
        match self {
            Self::Timestamps(times) => times.is_valid(row).then(|| times.value(row)),
            Self::Dates(dates) => {
                let days = dates.is_valid(row).then(|| dates.value(row))?;
                Some(i64::from(days).saturating_mul(MICROS_PER_DAY))
            }
        }
    }
}

/// Gives each row its event time, or rejects it.
pub(crate) fn assign(spec: &EventTimeSpec, Ruled(mut rows): Ruled) -> Timed {
    let column = spec
        .column
        .as_deref()
        .and_then(|name| rows.batch.column_by_name(name))
        .cloned();
    let times = column.as_ref().and_then(Times::of);
    let mut micros = Vec::with_capacity(rows.origins.len());
    for row in 0..rows.origins.len() {
        let time = event_time(spec, &rows, times.as_ref(), row);
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
    times: Option<&Times<'_>>,
    row: usize,
) -> Option<i64> {
    let from_column = times.and_then(|times| times.micros(row));
    let from_kafka = || {
        let use_kafka = spec.column.is_none() || spec.fallback_to_kafka;
        let origin = rows.origins.get(row).filter(|_| use_kafka)?;
        Some(origin.timestamp_millis?.saturating_mul(1_000))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, TimestampMicrosecondArray};
    use arrow::record_batch::RecordBatch;

    use super::*;
    use crate::hops::{Fate, Origin};

    const NEW_YEAR_2013: i64 = 1_356_998_400_000_000;

    fn rows(at: ArrayRef, kafka_millis: Option<i64>) -> Rows {
        let origin = |record| Origin {
            record,
            offset: 0,
            timestamp_millis: kafka_millis,
            clock_millis: 0,
            key: None,
        };
        let count = at.len();
        Rows {
            batch: RecordBatch::try_from_iter_with_nullable([("at", at, true)])
                .expect("one column"),
            origins: (0..count).map(origin).collect(),
            fates: vec![Fate::Golden; count],
            rowless: Vec::new(),
        }
    }

    fn spec(fallback_to_kafka: bool) -> EventTimeSpec {
        EventTimeSpec {
            column: Some("at".to_owned()),
            fallback_to_kafka,
            earliest_micros: 0,
            latest_micros: 2 * NEW_YEAR_2013,
        }
    }

    /// A date is the midnight with which it begins in UTC; a timestamp is itself.
    #[test]
    fn dates_and_timestamps_give_the_time() {
        let columns: [ArrayRef; 2] = [
            Arc::new(Date32Array::from(vec![15_706])),
            Arc::new(TimestampMicrosecondArray::from(vec![NEW_YEAR_2013])),
        ];
        for column in columns {
            let timed = assign(&spec(false), Ruled(rows(column, None)));
            assert_eq!(timed.micros, [NEW_YEAR_2013]);
            assert_eq!(timed.rows.fates, [Fate::Golden]);
        }
    }

    /// A null is Kafka's timestamp or a reject, as the topic says; what lies outside of the range is
    /// rejected, wherever it came from.
    #[test]
    fn nulls_and_nonsense_follow_the_topic() {
        let null = || Arc::new(Date32Array::from(vec![None]));
        let reason = |timed: &Timed| match timed.rows.fates.first() {
            Some(Fate::Rejected(reject)) => Some(reject.reason),
            _ => None,
        };
        let fell_back = assign(&spec(true), Ruled(rows(null(), Some(5_000))));
        assert_eq!((fell_back.micros[0], reason(&fell_back)), (5_000_000, None));
        let refused = assign(&spec(false), Ruled(rows(null(), Some(5_000))));
        assert_eq!(reason(&refused), Some(RejectReason::EventTimeMissing));
        let no_stamp = assign(&spec(true), Ruled(rows(null(), None)));
        assert_eq!(reason(&no_stamp), Some(RejectReason::EventTimeMissing));
        let last_date = Arc::new(Date32Array::from(vec![i32::MAX]));
        let far = assign(&spec(true), Ruled(rows(last_date, None)));
        assert_eq!(reason(&far), Some(RejectReason::EventTimeOutOfRange));
    }
}
