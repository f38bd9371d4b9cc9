use std::sync::Arc;
use std::time::Duration;

use sluicebox_catalog::webhook::{Webhook, WebhookFormat, WebhookLogin, WebhookSettings};
use sluicebox_config::{
    Config, NotifyEvent, NotifyMode, NotifySection, NotifyStart as Start, Secret, WebhookSection,
};
use sluicebox_events::EventType;
use sluicebox_kafka::{KafkaTarget, KafkaTargetSettings};
use sluicebox_pipeline::ports::{LakeStore, NotifyTarget};
use sluicebox_pipeline::{NotifySettings, NotifyStart, NotifyTo, Relay};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::wiring::Shared;

/// A look costs about two small reads per Kafka partition of a topic.
const SEAL_EVERY: Duration = Duration::from_secs(30);

/// The way to everybody who is told of commits: the targets of the config, and `told` inside this
/// process. Nothing is dialled yet.
///
/// # Errors
/// When a client refuses its settings.
pub(crate) fn relay(
    config: &Config,
    store: &Arc<dyn LakeStore>,
    told: Option<NotifyTo>,
    shared: &Shared,
    runtime: &Handle,
) -> Result<Relay, Failure> {
    let targets = config.notify.iter().map(|section| {
        Ok(NotifyTo {
            name: section.target_name(),
            target: target(config, section, shared)?,
            events: section.events.iter().map(event_type).collect(),
            start: match section.start {
                Start::Earliest => NotifyStart::Earliest,
                Start::Latest => NotifyStart::Latest,
            },
        })
    });
    let settings = NotifySettings {
        targets: targets
            .chain(told.map(Ok))
            .collect::<Result<_, Failure>>()?,
        allowed_lateness: config.lake.allowed_lateness.get(),
        seal_every: SEAL_EVERY,
        success_file: config.lake.success_file,
    };
    let (store, clock) = (Arc::clone(store), Arc::clone(&shared.clock));
    Ok(Relay::new(
        settings,
        store,
        clock,
        Arc::new(fastrand::f64),
        runtime.clone(),
    ))
}

fn target(
    config: &Config,
    section: &NotifySection,
    shared: &Shared,
) -> Result<Arc<dyn NotifyTarget>, Failure> {
    let clock = Arc::clone(&shared.clock);
    if let Some(kafka) = &section.kafka {
        let settings = KafkaTargetSettings {
            kafka: config.kafka.clone(),
            topic: kafka.topic.clone(),
            mode: kafka.mode,
        };
        return Ok(Arc::new(KafkaTarget::connect(settings, clock)?));
    }
    let Some(webhook) = &section.webhook else {
        let neither = format!("notify: `{}` is no target", section.target_name());
        return Err(Failure::configuration(neither));
    };
    let webhook = Webhook::new(webhook_settings(webhook)?, clock);
    Ok(Arc::new(webhook.map_err(|error| {
        Failure::configuration(error.to_string())
    })?))
}

fn webhook_settings(section: &WebhookSection) -> Result<WebhookSettings, Failure> {
    let no_url = |error| Failure::configuration(format!("notify.webhook.url: {error}"));
    let text = |secret: &Secret| secret.expose().to_owned();
    let bearer = section
        .bearer_token
        .as_ref()
        .map(|token| WebhookLogin::Bearer(text(token)));
    let basic = section.basic.as_ref().map(|login| WebhookLogin::Basic {
        username: login.username.clone(),
        password: text(&login.password),
    });
    let headers = section.headers.iter();
    Ok(WebhookSettings {
        url: section.url.parse().map_err(no_url)?,
        format: match (section.airflow, section.mode) {
            (Some(airflow), _) => WebhookFormat::Airflow {
                asset_id: airflow.asset_id,
            },
            (None, NotifyMode::Structured) => WebhookFormat::Structured,
            (None, NotifyMode::Binary) => WebhookFormat::Binary,
        },
        timeout: section.timeout.get(),
        hmac_secret: section.hmac_secret.as_ref().map(text),
        login: bearer.or(basic),
        headers: headers
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        ca: section.ca.clone(),
    })
}

const fn event_type(event: &NotifyEvent) -> EventType {
    match event {
        NotifyEvent::FilesCommitted => EventType::FilesCommitted,
        NotifyEvent::Sealed => EventType::Sealed,
    }
}
