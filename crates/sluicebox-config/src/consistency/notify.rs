use std::collections::BTreeSet;

use url::{Host, Url};

use super::Topics;
use crate::report::Report;
use crate::sections::{KafkaTargetSection, NotifySection, WebhookSection};

/// Headers that belong to the event, to the signature or to the login.
const OWN_HEADERS: [&str; 4] = ["content-type", "content-length", "host", "authorization"];
const OWN_PREFIXES: [&str; 2] = ["ce-", "webhook-"];

/// The target that `run` adds where it tells a crawler of its own.
const CRAWLER: &str = "crawler";

pub(super) fn check(targets: &[NotifySection], topics: &Topics, report: &mut Report) {
    let mut names = BTreeSet::new();
    for (index, target) in targets.iter().enumerate() {
        let at = format!("/notify/{index}");
        match (&target.kafka, &target.webhook) {
            (None, None) => report.error(&at, "a target is a `kafka` topic or a `webhook`", None),
            (Some(_), Some(_)) => {
                let message = "a target is a `kafka` topic or a `webhook`, not both";
                report.error(&at, message, None);
            }
            (Some(kafka), None) => check_topic(&format!("{at}/kafka/topic"), kafka, topics, report),
            (None, Some(webhook)) => check_webhook(&format!("{at}/webhook"), webhook, report),
        }
        let name = target.target_name();
        if name == CRAWLER {
            let message = format!("`{CRAWLER}` is the name of the crawler inside `run`");
            report.error(
                &format!("{at}/name"),
                message,
                Some("choose another".to_owned()),
            );
        }
        if !names.insert(name.clone()) {
            let help = "give each a `name` of its own: it names what the target was told";
            let message = format!("two targets are called `{name}`");
            report.error(&at, message, Some(help.to_owned()));
        }
    }
}

fn check_topic(at: &str, kafka: &KafkaTargetSection, topics: &Topics, report: &mut Report) {
    let mut readers = topics.iter().map(|(_, topic)| &topic.name);
    if let Some(reader) = readers.find(|reader| reader.matches(&kafka.topic)) {
        let message = format!("{} is read by `{reader}`", kafka.topic);
        let help = "events would be ingested and told of for ever; name another topic".to_owned();
        report.error(at, message, Some(help));
    }
}

fn check_webhook(at: &str, webhook: &WebhookSection, report: &mut Report) {
    let readable = match (&webhook.bearer_token, &webhook.basic) {
        (Some(_), Some(_)) => {
            let message = "a login is `bearer_token` or `basic`, not both";
            report.error(&format!("{at}/basic"), message, None);
            return;
        }
        (Some(_), None) => Some("the token"),
        (None, Some(_)) => Some("the password"),
        (None, None) => None,
    };
    if let Some(readable) = readable.filter(|_| in_the_clear(&webhook.url)) {
        let message = format!("without TLS everybody on the way can read {readable}");
        let help = "use https://; plain http with a login is for this machine only";
        report.error(&format!("{at}/url"), message, Some(help.to_owned()));
    }
    for name in webhook.headers.keys() {
        let lower = name.to_ascii_lowercase();
        let own = OWN_HEADERS.contains(&lower.as_str())
            || OWN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let message = if own {
            format!("the header `{name}` is set by Sluicebox")
        } else if name.is_empty() || !name.bytes().all(token) {
            format!("`{name}` is no name of a header")
        } else {
            continue;
        };
        report.error(&format!("{at}/headers"), message, None);
    }
}

fn in_the_clear(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !loopback
}
