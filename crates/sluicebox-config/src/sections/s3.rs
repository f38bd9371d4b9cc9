use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Secret;

/// How to reach S3. Where a key is absent, the environment variables of the AWS tools count
/// (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ACCESS_KEY_ID` …), then web identity, container and
/// instance credentials.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct S3Section {
    /// The server, for stores other than AWS: `https://s3.example.com`.
    #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://s3.example.com"))]
    pub endpoint: Option<String>,

    /// The region. Default `us-east-1`, which other stores ignore.
    #[schemars(length(min = 1))]
    pub region: String,

    /// Whether the bucket stands in the path instead of the host name. Default: true with an
    /// `endpoint`, false without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub path_style: bool,

    /// The access key's id; needs `secret_access_key`.
    pub access_key_id: Option<Secret>,

    /// The access key's secret; needs `access_key_id`.
    pub secret_access_key: Option<Secret>,

    /// The token of temporary credentials.
    pub session_token: Option<Secret>,

    /// Lets an `http://` endpoint be used. Default: only on this machine's loopback address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,

    /// How the store encrypts: `none` (as the bucket says), `s3` (SSE-S3) or `{kms: <key id>}`
    /// (SSE-KMS). Default `none`.
    pub sse: S3Encryption,

    /// Leaves the body out of the request signature, which TLS protects already; saves CPU. Counts
    /// over TLS only. Default true.
    pub unsigned_payload: bool,

    /// What the AWS tools' other environment variables say about where credentials come from (web
    /// identity, container), by variable name.
    #[serde(skip)]
    pub credential_environment: BTreeMap<String, Secret>,
}

impl Default for S3Section {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            path_style: false,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            allow_http: false,
            sse: S3Encryption::None,
            unsigned_payload: true,
            credential_environment: BTreeMap::new(),
        }
    }
}

/// How the store encrypts objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline, extend("x-expected" = "none, s3 or {kms: <key id>}"))]
pub enum S3Encryption {
    /// As the bucket's default says.
    None,
    /// With keys that S3 manages (SSE-S3).
    S3,
    /// With this key of the key management service (SSE-KMS).
    Kms(#[schemars(length(min = 1))] String),
}
