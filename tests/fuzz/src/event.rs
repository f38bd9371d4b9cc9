//! Events in all modes, as the crawler is told of changes.

use sluicebox_events::{Event, parse, parse_kafka, parse_structured};

/// Bytes are events that are read back as they are written, in every mode; or errors.
pub(crate) fn run(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let text = String::from_utf8_lossy(head);
    let headers = || text.lines().filter_map(|line| line.split_once(": "));
    let events = parse(headers(), body).unwrap_or_default();
    events.iter().flatten().for_each(judge);
    let of_kafka = headers().map(|(name, value)| (name, value.as_bytes()));
    parse_kafka(of_kafka, body).iter().for_each(judge);
    parse_structured(data).iter().for_each(judge);
}

/// Lines of headers, an empty line, a body: as HTTP has it.
fn head_and_body(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    end.map_or((data, &[]), |end| (&data[..end], &data[end + 2..]))
}

fn judge(event: &Event) {
    let json = event.to_json().expect("an event is JSON");
    assert_eq!(parse_structured(&json).as_ref(), Ok(event));
    let headers = event.http_headers();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let data = event.data_json().expect("data is JSON");
    let read = parse(headers.chain([("content-type", "application/json")]), &data);
    let read = read.expect("a body of one event");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].as_ref(), Ok(event));
}
