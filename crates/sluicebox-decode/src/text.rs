//! Texts that stand for something else: dates and times, decimal numbers, UUIDs.

mod time;
mod decimal;
mod uuid;

pub(crate) use decimal::decimal;
pub(crate) use time::{date, local_timestamp, micros, time_of_day, timestamp};
pub(crate) use time::{is_time_of_day, is_timestamp};
pub(crate) use uuid::uuid;

/// Why a text or number stands for no value of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not written as it must be.
    Invalid,
    /// It is, but its value has no exact place in the column.
    OutOfRange,
}
