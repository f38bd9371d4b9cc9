use super::{Environment, Secret, Timeouts};

/// How Google Cloud Storage is reached.
#[derive(Clone, Debug, Default)]
pub struct GcsSettings {
    /// The service's address without the bucket, for servers other than Google's.
    pub endpoint: Option<String>,
    /// Whether an endpoint may be reached without TLS.
    pub allow_http: bool,
    /// A service account's key, as JSON. Without one, `environment` says where credentials come
    /// from; without that, it is the machine's service account.
    pub service_account_key: Option<Secret>,
    /// Variables of Google's tools, by name, as the process found them:
    /// `GOOGLE_APPLICATION_CREDENTIALS`, and `HOME`, below which `gcloud` keeps a user's
    /// credentials. Unknown ones are ignored.
    pub environment: Environment,
    /// How long connections and requests may take.
    pub timeouts: Timeouts,
}
