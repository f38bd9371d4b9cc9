use serde_json::{Value, json};

use crate::machine::Machine;
use crate::values::LakeUrl;

/// The folder or prefix of the control tree.
const CONTROL: &str = "_sluicebox";

/// Fills in the defaults that follow from other values, or from the machine.
pub(crate) fn derive(config: &mut Value, machine: Machine) {
    if let Some(name) = config
        .get("name")
        .and_then(Value::as_str)
        .map(str::to_owned)
    {
        default(config, "/kafka", "group_id", || {
            json!(format!("sluicebox-{name}"))
        });
    }
    if let Some(url) = config
        .pointer("/lake/url")
        .and_then(Value::as_str)
        .map(str::to_owned)
    {
        let control = url
            .parse()
            .map(|url: LakeUrl| url.sibling(CONTROL).to_string());
        default(config, "/lake", "control", || json!(control.unwrap_or(url)));
    }
    for store in ["/lake/s3", "/lake/gcs", "/lake/azure"] {
        let endpoint = config.pointer(&format!("{store}/endpoint"));
        if let Some(endpoint) = endpoint.and_then(Value::as_str) {
            let loopback = is_loopback(endpoint);
            default(config, store, "allow_http", || json!(loopback));
        }
    }
    if config.pointer("/lake/s3/endpoint").is_some() {
        default(config, "/lake/s3", "path_style", || json!(true));
    }
    default(config, "", "limits", || json!({}));
    default(config, "/limits", "memory", || json!(machine.memory.get()));
    default(config, "/limits", "threads", || json!(machine.threads));
    derive_topics(config);
}

/// A topic begins and closes its files as the whole pipeline does, where it does not say otherwise.
fn derive_topics(config: &mut Value) {
    let start = config
        .pointer("/kafka/start")
        .cloned()
        .unwrap_or_else(|| json!("earliest"));
    let lake_file = config
        .pointer("/lake/file")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let Some(topics) = config.get_mut("topics").and_then(Value::as_object_mut) else {
        return;
    };
    for topic in topics.values_mut() {
        default(topic, "", "start", || start.clone());
        default(topic, "", "file", || json!({}));
        for (key, value) in lake_file.as_object().into_iter().flatten() {
            default(topic, "/file", key, || value.clone());
        }
    }
}

/// Sets a member of the mapping at `at`, if it is a mapping and has no such member.
fn default(root: &mut Value, at: &str, key: &str, value: impl FnOnce() -> Value) {
    if let Some(members) = root.pointer_mut(at).and_then(Value::as_object_mut) {
        members.entry(key).or_insert_with(value);
    }
}

/// Whether a URL leads to this machine only.
fn is_loopback(url: &str) -> bool {
    match url::Url::parse(url).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
