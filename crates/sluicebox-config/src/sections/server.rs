use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Secret;

/// The port for metrics, health and the console.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port. Default `127.0.0.1:9090`; `0.0.0.0:9090` in a container. Port 0 takes a
    /// free one.
    #[schemars(
        with = "String",
        extend("format" = "socket-address", "x-expected" = "an address and port such as 127.0.0.1:9090")
    )]
    pub listen: SocketAddr,

    /// The bearer token for calls that change something (pause, resume, flush). Without it they are
    /// taken from the loopback address only.
    pub token: Option<Secret>,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
            token: None,
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// The least important level that is shown. Default `info`.
    pub level: LogLevel,

    /// `text`, `json` (a line each), or `auto`: text on a terminal, json elsewhere. Default `auto`.
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LogLevel {
    /// What a person must act on.
    Error,
    /// And what may become that.
    Warn,
    /// And each thing of note that happened.
    #[default]
    Info,
    /// And how it happened.
    Debug,
    /// And everything.
    Trace,
}

impl LogLevel {
    /// The word used in the file and by tracing.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What a log line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}
