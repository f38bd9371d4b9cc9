use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Secret;

/// How to reach Google Cloud Storage. Without a key here, credentials are Google's application
/// default ones: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, then what `gcloud auth
/// application-default login` has written, then the machine's service account, which is also how
/// workload identity on GKE comes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GcsSection {
    /// A service account's key, as the JSON that Google gives out: `{file: key.json}`.
    pub service_account_key: Option<Secret>,

    /// The server, for others than Google's: `http://127.0.0.1:4443`.
    #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://gcs.example.com"))]
    pub endpoint: Option<String>,

    /// Lets an `http://` endpoint be used. Default: only on this machine's loopback address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,

    /// What the environment variables of Google's tools say about where credentials come from, by
    /// variable name.
    #[serde(skip)]
    pub credential_environment: BTreeMap<String, Secret>,
}
