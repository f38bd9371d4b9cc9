use std::process::Command;

use super::{End, Launch, Site};

pub(super) fn launch(site: &Site<'_>) -> Launch {
    let url = |folder| format!("file://{}/{folder}", site.folder.display());
    let mut command = Command::new(site.product);
    command
        .args(["run", "--until-end", "-c"])
        .arg(site.shape.config())
        .arg(format!("--set=kafka.group_id={}", site.group))
        .env("BENCH_BROKERS", &site.kafka.brokers)
        .env("BENCH_LAKE", url("lake"))
        .env("BENCH_CONTROL", url("control"))
        .current_dir(&site.folder);
    Launch {
        command,
        end: End::ByItself,
        lake: site.lake(),
    }
}
