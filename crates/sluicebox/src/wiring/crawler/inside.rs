use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sluicebox_catalog::crawler::{CrawlerTarget, TOUCHES_MAX};
use sluicebox_config::Config;
use sluicebox_events::EventType;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_pipeline::{NotifyStart, NotifyTo, Readiness};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{crawler, crawler_service};
use crate::failure::Failure;
use crate::wiring::Shared;

/// The name of its cursors.
const NAME: &str = "crawler";

/// A crawler beside the pipeline. The pipeline's relay tells it of every commit; what it does, and
/// whether it can, keeps nobody waiting and makes nobody unready.
#[derive(Debug)]
pub(crate) struct CrawlerInside {
    stop: oneshot::Sender<()>,
    crawling: JoinHandle<()>,
    drain_timeout: Duration,
}

/// Starts the crawler that the config asks for beside the pipeline, and gives who is to be told of
/// commits.
///
/// # Errors
/// When the catalog's client refuses its settings.
pub(crate) async fn crawler_inside(
    config: &Arc<Config>,
    store: &Arc<dyn LakeStore>,
    shared: &Shared,
    runtime: &Handle,
) -> Result<Option<(CrawlerInside, NotifyTo)>, Failure> {
    if !config.crawler.run_inside {
        return Ok(None);
    }
    let Some(crawler) = crawler(config, store).await? else {
        return Ok(None);
    };
    let (touches, inbox) = mpsc::channel(TOUCHES_MAX);
    let target = NotifyTo {
        name: NAME.to_owned(),
        target: Arc::new(CrawlerTarget::new(Arc::clone(&crawler), touches)),
        events: BTreeSet::from([EventType::FilesCommitted]),
        start: NotifyStart::Earliest,
    };
    let service = crawler_service(
        config,
        crawler,
        &shared.clock,
        Arc::new(Readiness::default()),
    );
    let (stop, stopped) = oneshot::channel();
    let crawling = runtime.spawn(service.run(inbox, async move {
        // A sender that is gone without a word means the same.
        stopped.await.unwrap_or_default();
    }));
    let inside = CrawlerInside {
        stop,
        crawling,
        drain_timeout: config.drain_timeout.get(),
    };
    Ok(Some((inside, target)))
}

impl CrawlerInside {
    /// Lets it bring the last commits into the catalog, within the drain's time.
    pub(crate) async fn finish(self) {
        drop(self.stop);
        if tokio::time::timeout(self.drain_timeout, self.crawling)
            .await
            .is_err()
        {
            tracing::warn!("the catalog lacks the last commits; the next start repairs it");
        }
    }
}
