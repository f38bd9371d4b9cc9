mod table_map;
mod inside;

use std::sync::Arc;

use sluicebox_catalog::Catalog;
use sluicebox_catalog::crawler::{Crawler, CrawlerService, Policy, ServiceSettings, TableMap};
use sluicebox_catalog::glue::{GlueCatalog, GlueCredentials, GlueSettings};
use sluicebox_catalog::hive::{HiveCatalog, HiveSettings};
use sluicebox_config::{CatalogSection, Config, GlueSection, HiveSection, Secret};
use sluicebox_kafka::{KafkaEvents, KafkaEventsSettings};
use sluicebox_pipeline::Readiness;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_types::Clock;

pub(crate) use inside::crawler_inside;

use self::table_map::ConfigTables;
use crate::failure::Failure;
use crate::wiring::Shared;

/// What keeps the catalog of a config up to date; none if there is no catalog. Nothing is dialled
/// yet.
///
/// # Errors
/// When the catalog's client refuses its settings.
pub(crate) async fn crawler(
    config: &Arc<Config>,
    store: &Arc<dyn LakeStore>,
) -> Result<Option<Arc<Crawler>>, Failure> {
    let Some(section) = &config.catalog else {
        return Ok(None);
    };
    let catalog = catalog(section).await?;
    let map: Arc<dyn TableMap> = Arc::new(ConfigTables::new(Arc::clone(config), store.lake_url()));
    let policy = Policy {
        prune: config.crawler.prune,
        statistics: config.crawler.statistics,
        projection_since: config.crawler.projection_since.clone(),
    };
    let crawler = Crawler::new(catalog, Arc::clone(store), map, policy);
    Ok(Some(Arc::new(crawler)))
}

async fn catalog(section: &CatalogSection) -> Result<Arc<dyn Catalog>, Failure> {
    match section {
        CatalogSection::Hive(hive) => {
            let catalog = HiveCatalog::new(hive_settings(hive));
            Ok(Arc::new(catalog.map_err(|error| {
                Failure::configuration(format!("catalog.hive.uri: {error}"))
            })?))
        }
        CatalogSection::Glue(glue) => {
            let catalog = GlueCatalog::open(&glue_settings(glue)).await;
            Ok(Arc::new(catalog.map_err(|error| {
                Failure::configuration(format!("catalog.glue: {error}"))
            })?))
        }
    }
}

fn hive_settings(hive: &HiveSection) -> HiveSettings {
    HiveSettings {
        uris: hive
            .uri
            .split(',')
            .map(|uri| uri.trim().to_owned())
            .collect(),
        user: hive.user.clone(),
        framed: hive.framed,
        connect_timeout: hive.connect_timeout.get(),
        request_timeout: hive.request_timeout.get(),
    }
}

fn glue_settings(glue: &GlueSection) -> GlueSettings {
    let text = |secret: &Secret| secret.expose().to_owned();
    let key = glue
        .access_key_id
        .as_ref()
        .zip(glue.secret_access_key.as_ref());
    GlueSettings {
        region: glue.region.clone(),
        catalog_id: glue.catalog_id.clone(),
        endpoint: glue.endpoint.clone(),
        allow_http: glue.allow_http,
        credentials: key.map(|(id, secret)| GlueCredentials {
            access_key_id: text(id),
            secret_access_key: text(secret),
            session_token: glue.session_token.as_ref().map(text),
        }),
        connect_timeout: glue.connect_timeout.get(),
        request_timeout: glue.request_timeout.get(),
        ..GlueSettings::default()
    }
}

/// The topic that tells the crawler of changes, if the config names one.
///
/// # Errors
/// When the client refuses its settings.
pub(crate) fn crawler_events(
    config: &Config,
    shared: &Shared,
) -> Result<Option<KafkaEvents>, Failure> {
    let Some(topic) = &config.crawler.events_topic else {
        return Ok(None);
    };
    let settings = KafkaEventsSettings {
        kafka: config.kafka.clone(),
        group_id: format!("{}-crawler", config.kafka.group_id),
        topic: topic.clone(),
    };
    Ok(Some(KafkaEvents::connect(
        &settings,
        Arc::clone(&shared.clock),
    )?))
}

/// The crawler as it works on its own.
pub(crate) fn crawler_service(
    config: &Config,
    crawler: Arc<Crawler>,
    clock: &Arc<dyn Clock>,
    readiness: Arc<Readiness>,
) -> CrawlerService {
    let section = &config.crawler;
    CrawlerService {
        crawler,
        settings: ServiceSettings {
            coalesce: section.coalesce.get(),
            scan_every: Some(section.scan.every.get()),
            scan_last: usize::from(section.scan.last_partitions),
        },
        clock: Arc::clone(clock),
        jitter: Arc::new(fastrand::f64),
        readiness,
    }
}
