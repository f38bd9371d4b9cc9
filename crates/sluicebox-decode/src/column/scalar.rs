//! Single values out of JSON, strictly: no quoted numbers, nothing rounded or cut off in silence.

use std::fmt::Display;
use std::str::FromStr;

use arrow::datatypes::{BinaryType, Utf8Type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluicebox_types::{RejectReason, TimeEncoding, TimeUnit};

use crate::buffer::{BatchFull, ByteBuffer};
use crate::fault::Fault;
use crate::json::{JsonReader, Number};
use crate::text::{self, Unfit};

type Json<'a> = JsonReader<'a>;

pub(super) fn int(json: &mut Json<'_>) -> Result<i32, Fault> {
    if let Some(value) = json.short_integer() {
        return i32::try_from(value).map_err(|_overflow| out_of_range("int"));
    }
    parse(integer(json, "an integer (int)")?, "int")
}

pub(super) fn bigint(json: &mut Json<'_>, wanted: &'static str) -> Result<i64, Fault> {
    if let Some(value) = json.short_integer() {
        return Ok(value);
    }
    parse(integer(json, wanted)?, "bigint")
}

pub(super) fn unsigned_bigint(json: &mut Json<'_>) -> Result<i128, Fault> {
    let number = integer(json, "an integer (unsigned_bigint)")?;
    let value =
        text::decimal(number.text, 20, 0).map_err(|unfit| fault(unfit, "unsigned_bigint"))?;
    if u64::try_from(value).is_ok() {
        Ok(value)
    } else {
        Err(out_of_range("unsigned_bigint"))
    }
}

pub(super) fn float(json: &mut Json<'_>) -> Result<f32, Fault> {
    binary_float(json.number_for("a number (float)")?, 7, "float")
}

pub(super) fn double(json: &mut Json<'_>) -> Result<f64, Fault> {
    binary_float(json.number_for("a number (double)")?, 15, "double")
}

/// From a number, or from a string that holds one: JSON libraries that know only doubles write exact
/// decimals as strings.
pub(super) fn decimal(json: &mut Json<'_>, precision: u8, scale: u8) -> Result<i128, Fault> {
    const WANTED: &str = "a number, or a string with one (decimal)";
    let value = if json.peek() == Some(b'"') {
        decimal_text(json.string_for(WANTED)?, precision, scale)
    } else {
        text::decimal(json.number_for(WANTED)?.text, precision, scale)
    };
    value.map_err(|unfit| fault(unfit, "decimal"))
}

#[inline]
pub(super) fn string(json: &mut Json<'_>, buffer: &mut ByteBuffer<Utf8Type>) -> Result<(), Fault> {
    buffer.push_with(|bytes| json.string_into(bytes, "a string"))
}

pub(super) fn uuid(json: &mut Json<'_>, buffer: &mut ByteBuffer<Utf8Type>) -> Result<(), Fault> {
    let canonical = text::uuid(json.string_for("a string (uuid)")?);
    let canonical = canonical.map_err(|unfit| fault(unfit, "uuid"))?;
    buffer.push_with(|bytes| {
        bytes.extend_from_slice(&canonical);
        Ok(())
    })
}

pub(super) fn binary(
    json: &mut Json<'_>,
    buffer: &mut ByteBuffer<BinaryType>,
) -> Result<(), Fault> {
    let text = json.string_for("a string (binary in base64)")?;
    buffer.push_with(|bytes| {
        STANDARD
            .decode_vec(text, bytes)
            .map_err(|_invalid| fault(Unfit::Invalid, "base64"))
    })
}

pub(super) fn date(json: &mut Json<'_>) -> Result<i32, Fault> {
    text::date(json.string_for("a string (date)")?).map_err(|unfit| fault(unfit, "date"))
}

pub(super) fn timestamp(json: &mut Json<'_>, encoding: TimeEncoding) -> Result<i64, Fault> {
    match encoding {
        TimeEncoding::Text => text::timestamp(json.string_for("a string (timestamp)")?)
            .map_err(|unfit| fault(unfit, "RFC 3339 timestamp with offset")),
        TimeEncoding::Number(unit) => counted(json, unit, "timestamp", text::is_timestamp),
    }
}

pub(super) fn timestamp_ntz(json: &mut Json<'_>, encoding: TimeEncoding) -> Result<i64, Fault> {
    match encoding {
        TimeEncoding::Text => text::local_timestamp(json.string_for("a string (timestamp_ntz)")?)
            .map_err(|unfit| fault(unfit, "ISO 8601 timestamp without offset")),
        TimeEncoding::Number(unit) => counted(json, unit, "timestamp_ntz", text::is_timestamp),
    }
}

pub(super) fn time(json: &mut Json<'_>, encoding: TimeEncoding) -> Result<i64, Fault> {
    match encoding {
        TimeEncoding::Text => text::time_of_day(json.string_for("a string (time)")?)
            .map_err(|unfit| fault(unfit, "time HH:MM:SS")),
        TimeEncoding::Number(unit) => counted(json, unit, "time", text::is_time_of_day),
    }
}

fn counted(
    json: &mut Json<'_>,
    unit: TimeUnit,
    column_type: &'static str,
    fits: impl Fn(i64) -> bool,
) -> Result<i64, Fault> {
    let count = bigint(json, wanted_count(unit))?;
    let micros = text::micros(count, unit).filter(|micros| fits(*micros));
    micros.ok_or_else(|| out_of_range(column_type))
}

const fn wanted_count(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Seconds => "an integer (seconds)",
        TimeUnit::Millis => "an integer (millis)",
        TimeUnit::Micros => "an integer (micros)",
        TimeUnit::Nanos => "an integer (nanos)",
    }
}

fn integer<'a>(json: &mut Json<'a>, wanted: &'static str) -> Result<Number<'a>, Fault> {
    let number = json.number_for(wanted)?;
    if number.is_integer {
        return Ok(number);
    }
    let message = format!("expected {wanted}, found a number with a fraction or an exponent");
    Err(Fault::new(RejectReason::WrongType, message))
}

fn parse<T: FromStr>(number: Number<'_>, column_type: &'static str) -> Result<T, Fault> {
    number
        .text
        .parse()
        .map_err(|_overflow| out_of_range(column_type))
}

/// A fraction is rounded to the nearest value, as every reader of JSON does; an integer must keep all
/// its digits, of which `digits` always fit.
fn binary_float<T>(number: Number<'_>, digits: usize, column_type: &str) -> Result<T, Fault>
where
    T: FromStr + Copy + Into<f64> + Display,
{
    let rounded = number
        .text
        .parse::<T>()
        .ok()
        .filter(|value| (*value).into().is_finite());
    let exact = !number.is_integer || number.text.len() <= digits;
    rounded
        .filter(|value| exact || format!("{value:.0}") == number.text)
        .ok_or_else(|| out_of_range(column_type))
}

fn decimal_text(text: &str, precision: u8, scale: u8) -> Result<i128, Unfit> {
    if !Number::is_written_in(text) {
        return Err(Unfit::Invalid);
    }
    text::decimal(text, precision, scale)
}

#[cold]
fn fault(unfit: Unfit, what: &str) -> Fault {
    match unfit {
        Unfit::Invalid => Fault::new(RejectReason::InvalidText, format!("the text is no {what}")),
        Unfit::OutOfRange => {
            let message = format!("the value does not fit without loss ({what})");
            Fault::new(RejectReason::OutOfRange, message)
        }
    }
}

#[cold]
fn out_of_range(column_type: &str) -> Fault {
    fault(Unfit::OutOfRange, column_type)
}

impl From<BatchFull> for Fault {
    /// Cannot happen while batches are finished when the decoder says that they are full.
    fn from(BatchFull: BatchFull) -> Self {
        Self::new(
            RejectReason::TooLarge,
            "the batch is full and was not finished",
        )
    }
}
