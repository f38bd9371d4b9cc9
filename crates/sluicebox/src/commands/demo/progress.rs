use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sluicebox_pipeline::StatusBoard;

use crate::terminal;

const BAR_EVERY: Duration = Duration::from_millis(100);
/// What there is to say until the group has given out its partitions.
const WAITING: &str = "(joining the consumer group)";
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Shows how much of `total` records was read: a bar on a terminal, a line now and then elsewhere.
/// Goes on until it is aborted.
pub(super) async fn show(total: u64, status: Arc<StatusBoard>) {
    if terminal::is_watched() {
        bar(total, &status).await;
    } else {
        lines(total, &status).await;
    }
}

async fn bar(total: u64, status: &StatusBoard) {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} records {msg}");
    let bar = ProgressBar::new(total);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_message(WAITING);
    loop {
        let read = read(status);
        if read > 0 {
            bar.set_message("");
        }
        bar.set_position(read.max(bar.position()));
        tokio::time::sleep(BAR_EVERY).await;
    }
}

async fn lines(total: u64, status: &StatusBoard) {
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let line = match read(status) {
            0 => format!("{WAITING}\n"),
            read => format!("{read} of {total} records read\n"),
        };
        std::io::stderr()
            .lock()
            .write_all(line.as_bytes())
            .unwrap_or_default();
    }
}

/// The demo's partitions begin at offset 0, so a position is a count.
fn read(status: &StatusBoard) -> u64 {
    let partitions = status.snapshot();
    partitions
        .values()
        .filter_map(|partition| u64::try_from(partition.position).ok())
        .sum()
}
