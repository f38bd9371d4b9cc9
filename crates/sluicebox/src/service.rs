//! The service at work: what `run`, `demo` and `dry-run` have in common.

mod stop;
mod proof;
mod liveness;
mod elsewhere;
mod until_end;
mod observer;
mod gauges;

use std::sync::Arc;

use sluicebox_config::{Config, LogFormat, LogLevel};
use sluicebox_console::{Console, View};
use sluicebox_pipeline::Driver;
use sluicebox_pipeline::ports::RecordQueue;
use sluicebox_telemetry::Metrics;
use tokio::runtime::Runtime;
use tracing::level_filters::LevelFilter;

use crate::failure::Failure;
use crate::terminal;
use crate::wiring::{self, Pipeline, Shared};

pub(crate) use liveness::Liveness;
pub(crate) use observer::Observer;
pub(crate) use proof::prove;
pub(crate) use stop::Stop;

/// Threads for what waits on the network and the disk; records are worked on elsewhere.
const IO_THREADS: usize = 2;
/// Threads for calls that block: files of the local store, questions of the Kafka client. Hundreds of
/// partitions that are cut at once would have tokio's 512, whose stacks and open files nobody accounts
/// for, and a disk does not sync faster for them.
const BLOCKING_THREADS: usize = 64;

/// When the service ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Never.
    Told,
    /// When every partition was read to its end.
    End,
}

/// What there is once in a process.
pub(crate) struct Process {
    pub(crate) runtime: Runtime,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<Stop>,
}

impl Process {
    /// Sets up logs, metrics, signals and the I/O runtime.
    ///
    /// # Errors
    /// When the operating system gives no thread, or this was done before.
    pub(crate) fn start(level: LogLevel, format: LogFormat) -> Result<Self, Failure> {
        init_logs(level, format)?;
        let metrics =
            sluicebox_telemetry::install_metrics(wiring::VERSION).map_err(anyhow::Error::from)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("io")
            .enable_all()
            .build()?;
        let stop = Stop::on_signals(runtime.handle())?;
        Ok(Self {
            runtime,
            metrics,
            stop,
        })
    }
}

/// Runs the service of a config: proves the store, then reads until it is told to stop, or to the
/// end. Answers when everything that was read is committed and the group was left.
///
/// # Errors
/// A configuration that no client takes, a store that cannot be trusted, a Kafka client beyond
/// repair; until the end also a partition that waits for a person.
pub(crate) fn run(
    config: &Arc<Config>,
    until: Until,
    process: &Process,
    shared: &Shared,
    observer: Observer,
) -> Result<(), Failure> {
    let runtime = &process.runtime;
    let liveness = Liveness::new(config.kafka.max_poll_interval.get());
    let console = console(config, process, shared, &liveness);
    let console = runtime.block_on(console)?;
    tracing::info!(address = %console.address(), "the console listens");
    let store = wiring::store(&config.lake, &shared.clock)?;
    let proved = runtime.block_on(prove(
        store.as_ref(),
        config.name.as_str(),
        &shared.readiness,
        &process.stop,
    ))?;
    match proved {
        Some(_proved) => {
            let crawler = wiring::crawler_inside(config, &store, shared, runtime.handle());
            let (crawler, told) = runtime.block_on(crawler)?.unzip();
            let relay = wiring::relay(config, &store, told, shared, runtime.handle())?;
            let relay = Arc::new(relay);
            let mut pipeline = wiring::pipeline(config, store, shared)?;
            pipeline.env.relay = Arc::clone(&relay);
            let ended = read(pipeline, until, process, &liveness, observer);
            runtime.block_on(relay.finish());
            if let Some(crawler) = crawler {
                runtime.block_on(crawler.finish());
            }
            ended?;
        }
        None if until == Until::End => return Err(Failure::Interrupted),
        None => {}
    }
    runtime.block_on(console.stop());
    tracing::info!("stopped");
    Ok(())
}

async fn console(
    config: &Config,
    process: &Process,
    shared: &Shared,
    liveness: &Arc<Liveness>,
) -> Result<Console, Failure> {
    let (metrics, memory) = (process.metrics.clone(), Arc::clone(&shared.memory));
    let liveness = Arc::clone(liveness);
    let view = View {
        pipeline: config.name.as_str().into(),
        version: wiring::VERSION,
        readiness: Arc::clone(&shared.readiness),
        status: Arc::clone(&shared.status),
        events: None,
        metrics: Arc::new(move || {
            gauges::set_memory(&memory);
            metrics.render()
        }),
        alive: Arc::new(move || liveness.check()),
    };
    Ok(Console::start(config.server.listen, view).await?)
}

/// The polling thread is the caller's.
pub(crate) fn read<Q: RecordQueue + 'static>(
    pipeline: Pipeline<Q>,
    until: Until,
    process: &Process,
    liveness: &Liveness,
    observer: Observer,
) -> Result<(), Failure> {
    let Pipeline {
        source,
        queues,
        control,
        catalog,
        env,
    } = pipeline;
    let _aborting = AbortOnPanic::set();
    let (runtime, stop) = (process.runtime.handle(), &process.stop);
    let (status, readiness) = (Arc::clone(&env.status), Arc::clone(&env.readiness));
    let (board, relay) = (Arc::clone(&status), Arc::clone(&env.relay));
    let group = Arc::clone(&control);
    let driver = Driver::start(env, catalog, control, queues, runtime.clone())?;
    let handler = driver.handler();
    liveness.watch(driver);
    let observing = runtime.spawn(observer.observe(process.metrics.clone(), relay));
    let ending = (until == Until::End)
        .then(|| runtime.spawn(until_end::watch(status, readiness, group, Arc::clone(stop))));

    let polled = source.run(handler.as_ref(), stop.flag());
    stop.request();
    drop(handler);
    if let Some(driver) = liveness.unwatch() {
        driver.stop();
    }
    observing.abort();
    polled?;
    let Some(ending) = ending else {
        return Ok(());
    };
    let halted = runtime.block_on(ending).map_err(anyhow::Error::from)?;
    if halted.is_none() && stop.is_signalled() {
        return Err(Failure::Interrupted);
    }
    until_end::judge(halted.unwrap_or_default(), &board)
}

/// Sets up logs alone, for commands that do without the rest.
///
/// # Errors
/// When this was done before.
pub(crate) fn init_logs(level: LogLevel, format: LogFormat) -> Result<(), Failure> {
    let colour = terminal::colour_allowed(&sluicebox_config::Environment::of_process());
    sluicebox_telemetry::init_logs(level_of(level), format_of(format), colour)
        .map_err(anyhow::Error::from)?;
    Ok(())
}

/// While it is there, a panic in any thread ends the process: a service without one of its threads
/// would look alive and do nothing. Panics over damaged files are caught where they are read.
struct AbortOnPanic;

impl AbortOnPanic {
    fn set() -> Self {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            tell(panic);
            if !sluicebox_parquet::inspect::is_guarded() {
                std::process::abort();
            }
        }));
        Self
    }
}

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        drop(std::panic::take_hook());
    }
}

const fn level_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

const fn format_of(format: LogFormat) -> sluicebox_telemetry::LogFormat {
    match format {
        LogFormat::Auto => sluicebox_telemetry::LogFormat::Auto,
        LogFormat::Text => sluicebox_telemetry::LogFormat::Text,
        LogFormat::Json => sluicebox_telemetry::LogFormat::Json,
    }
}
