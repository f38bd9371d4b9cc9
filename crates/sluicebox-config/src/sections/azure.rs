use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Secret;

/// How to reach Azure Blob Storage or ADLS Gen2. Where no credentials are here, the environment
/// variables of the Azure tools count (`AZURE_STORAGE_KEY`, `AZURE_STORAGE_SAS_TOKEN`,
/// `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`), then workload identity
/// (`AZURE_FEDERATED_TOKEN_FILE`), then the machine's managed identity.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AzureSection {
    /// The storage account, where `lake.url` does not name it. Default `AZURE_STORAGE_ACCOUNT`.
    #[schemars(
        regex(pattern = r"^[a-z0-9]{3,24}$"),
        extend("x-expected" = "3 to 24 lower-case letters and digits")
    )]
    pub account: Option<String>,

    /// An access key of the account.
    pub access_key: Option<Secret>,

    /// A shared access signature with the permissions racwdl on the container: `sv=…&sig=…`.
    pub sas_token: Option<Secret>,

    /// The tenant of the application `client_id`.
    #[schemars(length(min = 1))]
    pub tenant_id: Option<String>,

    /// An application at Entra ID; without `client_secret`, a managed identity of one's own.
    #[schemars(length(min = 1))]
    pub client_id: Option<String>,

    /// The application's secret; needs `tenant_id` and `client_id`.
    pub client_secret: Option<Secret>,

    /// The Blob service, for others than the account's public one: a private link, another cloud,
    /// Azurite (`http://127.0.0.1:10000/devstoreaccount1`, which holds the account).
    #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://acme.blob.core.windows.net"))]
    pub endpoint: Option<String>,

    /// Lets an `http://` endpoint be used. Default: only on this machine's loopback address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,

    /// What the environment says about where tokens come from (workload identity, managed
    /// identity), by variable name.
    #[serde(skip)]
    pub credential_environment: BTreeMap<String, Secret>,
}
