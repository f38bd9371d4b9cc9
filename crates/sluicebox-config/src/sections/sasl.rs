use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Secret;

/// How to log in at the brokers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mechanism", deny_unknown_fields)]
pub enum SaslSection {
    /// User name and password in the clear inside TLS.
    #[serde(rename = "PLAIN")]
    Plain {
        /// The user.
        #[schemars(length(min = 1))]
        username: String,
        /// The password.
        password: Secret,
    },
    /// Salted challenge and response over SHA-256 (RFC 7677).
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256 {
        /// The user.
        #[schemars(length(min = 1))]
        username: String,
        /// The password.
        password: Secret,
    },
    /// Salted challenge and response over SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512 {
        /// The user.
        #[schemars(length(min = 1))]
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token that librdkafka fetches from an OpenID Connect server by client credentials
    /// (KIP-768).
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer {
        /// The token endpoint, `https://…`.
        #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://id.example.com/token"))]
        token_endpoint_url: String,
        /// The client's name there.
        #[schemars(length(min = 1))]
        client_id: String,
        /// The client's secret there.
        client_secret: Secret,
        /// The scope to ask for.
        #[serde(default)]
        scope: Option<String>,
        /// SASL extensions sent to the broker (KIP-342).
        #[serde(default)]
        extensions: BTreeMap<String, String>,
    },
}
