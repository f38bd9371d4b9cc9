use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::{HumanDuration, Secret};

/// The catalog that engines ask for tables: exactly one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline, extend("x-expected" = "{hive: {uri: thrift://host:9083}} or {glue: {region: eu-central-1}}"))]
pub enum CatalogSection {
    /// A Hive metastore, 2.3 or newer.
    Hive(HiveSection),
    /// AWS Glue's Data Catalog.
    Glue(GlueSection),
}

/// How to reach a Hive metastore.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HiveSection {
    /// `thrift://host:9083`; with commas between them several addresses of one metastore, tried in
    /// turn (Hive's `hive.metastore.uris`).
    #[schemars(
        length(min = 1),
        extend("format" = "metastore-uris", "x-expected" = "an address such as thrift://metastore:9083")
    )]
    pub uri: String,

    /// As whom the metastore makes folders on HDFS. Default: as itself.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub user: Option<String>,

    /// For a server with `hive.metastore.thrift.framed.transport.enabled`. Default false.
    #[serde(default)]
    pub framed: bool,

    /// How long one address may take to accept a connection. Default 10s, 100ms to 5m.
    #[serde(default = "connect_timeout")]
    #[schemars(extend("x-minimum" = "100ms", "x-maximum" = "5m"))]
    pub connect_timeout: HumanDuration,

    /// How long a call may take. Default 60s, 1s to 1h.
    #[serde(default = "request_timeout")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub request_timeout: HumanDuration,
}

/// How to reach AWS Glue. Where a key is absent, the AWS tools' environment variables and profile
/// count, then web identity, container and instance credentials.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlueSection {
    /// The region. Default: `AWS_REGION`, or the profile's.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub region: Option<String>,

    /// The account whose catalog it is. Default: that of the credentials.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub catalog_id: Option<String>,

    /// Another address, such as that of a VPC endpoint.
    #[serde(default)]
    #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://glue.example.com"))]
    pub endpoint: Option<String>,

    /// Lets an `http://` endpoint be used. Default false.
    #[serde(default)]
    pub allow_http: bool,

    /// The access key's id; needs `secret_access_key`.
    #[serde(default)]
    pub access_key_id: Option<Secret>,

    /// The access key's secret; needs `access_key_id`.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,

    /// The token of temporary credentials.
    #[serde(default)]
    pub session_token: Option<Secret>,

    /// How long a connection may take to be made. Default 10s, 100ms to 5m.
    #[serde(default = "connect_timeout")]
    #[schemars(extend("x-minimum" = "100ms", "x-maximum" = "5m"))]
    pub connect_timeout: HumanDuration,

    /// How long a request may take. Default 60s, 1s to 1h.
    #[serde(default = "request_timeout")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub request_timeout: HumanDuration,
}

const fn connect_timeout() -> HumanDuration {
    HumanDuration::from_secs(10)
}

const fn request_timeout() -> HumanDuration {
    HumanDuration::from_secs(60)
}
