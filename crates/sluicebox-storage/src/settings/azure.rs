use super::{Environment, Secret, Timeouts};

/// How Azure Blob Storage is reached.
#[derive(Clone, Debug, Default)]
pub struct AzureSettings {
    /// The storage account, where the lake's URL does not name it.
    pub account: Option<String>,
    /// The Blob service's address without the container, for other servers and private links;
    /// Azurite's holds the account: `http://127.0.0.1:10000/devstoreaccount1`.
    pub endpoint: Option<String>,
    /// Whether an endpoint may be reached without TLS.
    pub allow_http: bool,
    /// An access key of the account. Of the credentials the first one that is there counts: access
    /// key, workload identity, client secret, SAS token, the machine's managed identity.
    pub access_key: Option<Secret>,
    /// A shared access signature.
    pub sas_token: Option<Secret>,
    /// The tenant of the application that `client_id` is, at Entra ID.
    pub tenant_id: Option<String>,
    /// An application, or a managed identity that is the user's own.
    pub client_id: Option<String>,
    /// The application's secret.
    pub client_secret: Option<Secret>,
    /// Variables that Azure gives to pods and apps, by name, as the process found them:
    /// `AZURE_FEDERATED_TOKEN_FILE` (workload identity, with `tenant_id` and `client_id`),
    /// `AZURE_AUTHORITY_HOST`, `IDENTITY_ENDPOINT`. Unknown ones are ignored.
    pub environment: Environment,
    /// How long connections and requests may take.
    pub timeouts: Timeouts,
}
