use metrics::{SetRecorderError, gauge};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use metrics_process::Collector;

use crate::catalog;

/// From a local disk's millisecond to a store's time limits.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// From 1 KiB to 4 GiB, each four times the one before.
const FILE_BYTES: &[f64] = &[
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// The process's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The process has a recorder already.
    #[error("metrics were set up twice: {0}")]
    Installed(#[from] SetRecorderError<PrometheusRecorder>),
    /// The recorder refuses its own settings.
    #[error("metrics cannot be set up: {0}")]
    Settings(#[from] BuildError),
}

/// Takes in the metrics of the whole process from now on; `version` becomes a label of
/// `sluicebox_build_info`.
///
/// # Errors
/// When the process has a recorder already.
pub fn install_metrics(version: &'static str) -> Result<Metrics, MetricsError> {
    let recorder = builder()?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    catalog::describe();
    gauge!("sluicebox_build_info", "version" => version).set(1.0);
    let process = Collector::default();
    process.describe();
    Ok(Metrics { handle, process })
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Full("sluicebox_file_bytes".to_owned()), FILE_BYTES)
}

impl Metrics {
    /// Everything in Prometheus' text format, with the process's CPU, memory and file descriptors
    /// as they are now.
    #[must_use]
    pub fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }

    /// Puts samples of histograms into their buckets. Each scrape does that too; without either,
    /// samples pile up, so call it every few seconds.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations and sizes come out as histograms with buckets, which can be added up over
    /// processes, not as quantiles, which cannot.
    #[test]
    fn histograms_have_buckets() {
        let recorder = builder().expect("settings").build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            catalog::describe();
            metrics::histogram!("sluicebox_commit_duration_seconds").record(0.02);
            metrics::histogram!("sluicebox_file_bytes").record(5_000.0);
            metrics::counter!("sluicebox_rolls_total", "cause" => "age").increment(2);
        });
        let text = handle.render();
        for line in [
            "# TYPE sluicebox_commit_duration_seconds histogram",
            r#"sluicebox_commit_duration_seconds_bucket{le="0.025"} 1"#,
            r#"sluicebox_file_bytes_bucket{le="4096"} 0"#,
            r#"sluicebox_file_bytes_bucket{le="16384"} 1"#,
            r#"sluicebox_rolls_total{cause="age"} 2"#,
        ] {
            assert!(text.contains(line), "no `{line}` in\n{text}");
        }
    }
}
