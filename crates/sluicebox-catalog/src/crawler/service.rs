mod backoff;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use metrics::{counter, gauge, histogram};
use sluicebox_pipeline::Readiness;
use sluicebox_types::Clock;
use tokio::sync::mpsc::Receiver;

use self::backoff::backoff;
use crate::crawler::board::CrawlBoard;
use crate::crawler::coalescer::{Batch, Coalescer};
use crate::crawler::plan::Plan;
use crate::crawler::touch::Touch;
use crate::crawler::{CrawlError, Crawler, Extent, LakeTable, PARTITIONS_MAX};

/// Tables that are worked on at once; others wait for their turn.
const TABLES_AT_ONCE: usize = 8;
/// Failures in a row after which what holds a receipt is no longer waited for.
const FAILURES_WITH_RECEIPT: u32 = 8;
/// How long nothing happens at most.
const IDLE: Duration = Duration::from_secs(3_600);

/// When a crawler works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceSettings {
    /// How long touches of a table are gathered.
    pub coalesce: Duration,
    /// How often the lake is looked at without being told to; never if none.
    pub scan_every: Option<Duration>,
    /// How many of a table's latest partitions that looks at.
    pub scan_last: usize,
}

/// A crawler that is told of changes, looks by itself now and then, and tries again what failed.
pub struct CrawlerService {
    /// What does the work.
    pub crawler: Arc<Crawler>,
    /// When.
    pub settings: ServiceSettings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// A number from 0 to 1, evenly spread: what part of a pause is waited for.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Where a catalog that does not answer is shown.
    pub readiness: Arc<Readiness>,
}

impl fmt::Debug for CrawlerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrawlerService")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What waits, and how the tables stand.
struct Progress {
    coalescer: Coalescer,
    board: CrawlBoard,
}

type Jobs = FuturesUnordered<BoxFuture<'static, Finished>>;

enum Finished {
    Crawled(LakeTable, Batch, Result<Vec<Plan>, CrawlError>),
    NotConfigured(Batch),
    Scanned(Result<Vec<Touch>, CrawlError>),
}

impl CrawlerService {
    /// Works until `stop`, then once more on what waits: the caller bounds how long.
    pub async fn run(self, mut inbox: Receiver<Touch>, stop: impl Future<Output = ()> + Send) {
        let mut progress = Progress {
            coalescer: Coalescer::new(self.settings.coalesce),
            board: CrawlBoard::default(),
        };
        let mut jobs = Jobs::new();
        let mut next_scan = self.settings.scan_every.map(|_| self.clock.monotonic());
        let mut is_open = true;
        tokio::pin!(stop);
        loop {
            if next_scan.is_some_and(|due| due <= self.clock.monotonic()) {
                next_scan = None;
                jobs.push(self.scan());
            }
            self.start_due(&mut progress.coalescer, &jobs);
            tokio::select! {
                () = stop.as_mut() => break,
                touch = inbox.recv(), if is_open => match touch {
                    Some(touch) => self.take(&mut progress.coalescer, touch),
                    None => is_open = false,
                },
                Some(finished) = jobs.next(), if !jobs.is_empty() => {
                    if matches!(finished, Finished::Scanned(_)) {
                        let every = self.settings.scan_every;
                        next_scan = every.map(|every| self.clock.monotonic() + every);
                    }
                    self.settle(&mut progress, finished);
                }
                () = self.next_event(&progress.coalescer, next_scan) => {}
            }
        }
        while let Ok(touch) = inbox.try_recv() {
            self.take(&mut progress.coalescer, touch);
        }
        progress.coalescer.hurry();
        self.start_due(&mut progress.coalescer, &jobs);
        while let Some(finished) = jobs.next().await {
            self.settle(&mut progress, finished);
            self.start_due(&mut progress.coalescer, &jobs);
        }
    }

    async fn next_event(&self, coalescer: &Coalescer, next_scan: Option<Duration>) {
        let due = coalescer.next_due().into_iter().chain(next_scan).min();
        let now = self.clock.monotonic();
        let wait = due.map_or(IDLE, |due| due.saturating_sub(now));
        // Never zero: a table that is due and finds no room would turn this into a busy loop.
        tokio::time::sleep(wait.clamp(Duration::from_millis(10), IDLE)).await;
    }

    fn take(&self, coalescer: &mut Coalescer, touch: Touch) {
        if coalescer.touch(self.clock.monotonic(), touch).is_err() {
            counter!("sluicebox_crawler_events_total", "outcome" => "too_many_tables").increment(1);
        }
    }

    fn start_due(&self, coalescer: &mut Coalescer, jobs: &Jobs) {
        while jobs.len() < TABLES_AT_ONCE
            && let Some(batch) = coalescer.take_due(self.clock.monotonic())
        {
            jobs.push(self.crawl(batch));
        }
        gauge!("sluicebox_crawler_waiting_partitions").set(as_f64(coalescer.waiting()));
    }

    fn crawl(&self, batch: Batch) -> BoxFuture<'static, Finished> {
        let crawler = Arc::clone(&self.crawler);
        Box::pin(async move {
            let Some(table) = crawler.table(&batch.folder) else {
                return Finished::NotConfigured(batch);
            };
            let result = crawl_batch(&crawler, &table, &batch).await;
            Finished::Crawled(table, batch, result)
        })
    }

    fn scan(&self) -> BoxFuture<'static, Finished> {
        let (crawler, last) = (Arc::clone(&self.crawler), self.settings.scan_last);
        Box::pin(async move { Finished::Scanned(scan(&crawler, last).await) })
    }

    fn settle(&self, progress: &mut Progress, finished: Finished) {
        let now = self.clock.monotonic();
        match finished {
            Finished::Crawled(table, batch, Ok(plans)) => {
                self.told(&mut progress.board, &table, &batch, &plans);
                progress.coalescer.done(now, batch);
            }
            Finished::Crawled(table, batch, Err(error)) => {
                self.failed(progress, &table, batch, &error);
            }
            Finished::NotConfigured(batch) => {
                count_crawl("not_configured");
                progress.coalescer.done(now, batch);
            }
            Finished::Scanned(Ok(touches)) => {
                for touch in touches {
                    self.take(&mut progress.coalescer, touch);
                }
            }
            Finished::Scanned(Err(error)) => {
                count_crawl("scan_failed");
                tracing::warn!(%error, "the lake could not be scanned; the next scan tries again");
            }
        }
    }

    fn told(&self, board: &mut CrawlBoard, table: &LakeTable, batch: &Batch, plans: &[Plan]) {
        let (name, now) = (table.to_string(), self.clock.now_millis());
        self.readiness.up(&dependency(&name));
        for plan in plans.iter().filter(|plan| !plan.is_empty()) {
            tracing::info!(
                table = name,
                done = plan.describe().join("; "),
                "catalog brought up to date"
            );
        }
        let refused = plans.iter().flat_map(|plan| &plan.refused);
        let texts = refused.clone().map(ToString::to_string).collect();
        for refusal in refused.clone() {
            counter!("sluicebox_crawler_refused_total", "table" => name.clone(), "reason" => refusal.reason())
                .increment(1);
        }
        let is_refused = refused.count() > 0;
        for refusal in board.crawled(&name, texts) {
            tracing::warn!(table = name, "{refusal}");
        }
        count_crawl(match plans {
            _ if is_refused => "refused",
            [] => "unchanged",
            _ => "changed",
        });
        let committed = batch.dates.values().flatten();
        for millis in committed.filter(|_| !is_refused) {
            let lag = u64::try_from(now.saturating_sub(*millis)).unwrap_or_default();
            histogram!("sluicebox_catalog_lag_seconds").record(Duration::from_millis(lag));
        }
    }

    fn failed(
        &self,
        progress: &mut Progress,
        table: &LakeTable,
        mut batch: Batch,
        error: &CrawlError,
    ) {
        let name = table.to_string();
        let failures = progress.board.failed(&name);
        let pause = backoff(failures, error.is_passing(), (self.jitter)());
        let retry_seconds = pause.as_secs_f64();
        count_crawl(if error.is_passing() {
            "retry"
        } else {
            "failed"
        });
        self.readiness.down(&dependency(&name), error.to_string());
        tracing::warn!(table = name, %error, failures, retry_seconds, "catalog not brought up to date");
        if failures >= FAILURES_WITH_RECEIPT || !error.is_passing() {
            batch.receipts.clear();
        }
        let due = self.clock.monotonic() + pause;
        progress.coalescer.failed(due, batch);
    }
}

async fn crawl_batch(
    crawler: &Crawler,
    table: &LakeTable,
    batch: &Batch,
) -> Result<Vec<Plan>, CrawlError> {
    let mut dates: Vec<_> = batch.dates.keys().copied().collect();
    if batch.everything {
        dates = crawler.dates(table, Extent::All).await?;
    }
    let mut plans = Vec::new();
    for dates in dates.chunks(PARTITIONS_MAX) {
        plans.extend(crawler.crawl(table, dates).await?);
    }
    Ok(plans)
}

async fn scan(crawler: &Crawler, last: usize) -> Result<Vec<Touch>, CrawlError> {
    let mut touches = Vec::new();
    for table in crawler.tables().await? {
        let dates = crawler.dates(&table, Extent::Last(last)).await?;
        touches.extend(dates.into_iter().map(|date| Touch {
            folder: table.folder.clone(),
            date,
            committed_millis: None,
            receipt: None,
        }));
    }
    Ok(touches)
}

fn dependency(table: &str) -> String {
    format!("catalog {table}")
}

fn count_crawl(outcome: &'static str) {
    counter!("sluicebox_crawler_crawls_total", "outcome" => outcome).increment(1);
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or_else(|_more| f64::from(u32::MAX), f64::from)
}
