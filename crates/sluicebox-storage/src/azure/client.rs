use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};

use crate::bucket::{Place, endpoint, options, retry};
use crate::settings::Secret;
use crate::{AzureSettings, OpenError};

/// A client for the container of `place`. It sends nothing yet.
pub(super) fn connect(
    place: &Place,
    settings: &AzureSettings,
) -> Result<MicrosoftAzure, OpenError> {
    let (account, address) = account(place, settings)?;
    let (scheme, host) = endpoint(&address, settings.allow_http)?;
    let builder = MicrosoftAzureBuilder::new()
        .with_container_name(&place.bucket)
        .with_account(account)
        .with_endpoint(format!("{scheme}://{host}"))
        .with_retry(retry())
        .with_client_options(options(settings.allow_http, settings.timeouts));
    let built = credentials(settings).fold(builder, |builder, (key, value)| {
        builder.with_config(key, value)
    });
    built
        .build()
        .map_err(|_may_show_a_secret| OpenError::Credentials(NOT_OF_ITS_FORM.to_owned()))
}

const NOT_OF_ITS_FORM: &str = "lake.azure.access_key is not base64, or lake.azure.sas_token is not \
     made of name=value pairs with `&` between";

/// The account's name, and the address of its Blob service: also where a URL names the Data Lake
/// service (`dfs`), for it is the Blob service that takes blocks.
fn account(place: &Place, settings: &AzureSettings) -> Result<(String, String), OpenError> {
    let (account, address) = match (&place.account_host, &settings.account) {
        (Some(host), _) => {
            let (account, service) = host.split_once('.').unwrap_or((host, ""));
            let service = service.strip_prefix("dfs.").unwrap_or(service);
            let service = service.strip_prefix("blob.").unwrap_or(service);
            (
                account.to_owned(),
                format!("https://{account}.blob.{service}"),
            )
        }
        (None, Some(account)) => {
            let address = format!("https://{account}.blob.core.windows.net");
            (account.clone(), address)
        }
        (None, None) => return Err(OpenError::NoAccount(place.url())),
    };
    Ok((account, settings.endpoint.clone().unwrap_or(address)))
}

/// What the client chooses from, in its order: access key, workload identity, client secret, SAS
/// token, managed identity. A pod's workload identity steps back behind a client secret that was
/// configured.
fn credentials(settings: &AzureSettings) -> impl Iterator<Item = (AzureConfigKey, String)> {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
    let variable = |name| settings.environment.get(name).map(str::to_owned);
    let token_file = match settings.client_secret {
        Some(_) => None,
        None => variable("AZURE_FEDERATED_TOKEN_FILE"),
    };
    [
        (AzureConfigKey::AccessKey, secret(&settings.access_key)),
        (AzureConfigKey::SasKey, secret(&settings.sas_token)),
        (AzureConfigKey::AuthorityId, settings.tenant_id.clone()),
        (AzureConfigKey::ClientId, settings.client_id.clone()),
        (
            AzureConfigKey::ClientSecret,
            secret(&settings.client_secret),
        ),
        (AzureConfigKey::FederatedTokenFile, token_file),
        (
            AzureConfigKey::AuthorityHost,
            variable("AZURE_AUTHORITY_HOST"),
        ),
        (AzureConfigKey::MsiEndpoint, variable("IDENTITY_ENDPOINT")),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account is found where it is named, and its Blob service where it is.
    #[test]
    fn accounts_are_found() {
        let blob = "https://acme.blob.core.windows.net";
        for (url, named, endpoint, expected) in [
            ("az://lake/golden", Some("acme"), None, Some(("acme", blob))),
            (
                "abfss://lake@acme.dfs.core.windows.net/golden",
                None,
                None,
                Some(("acme", blob)),
            ),
            (
                "abfss://lake@acme.blob.core.windows.net",
                Some("other"),
                None,
                Some(("acme", blob)),
            ),
            (
                "abfss://lake@acme.dfs.core.chinacloudapi.cn",
                None,
                None,
                Some(("acme", "https://acme.blob.core.chinacloudapi.cn")),
            ),
            (
                "az://lake",
                Some("devstoreaccount1"),
                Some("http://127.0.0.1:10000/devstoreaccount1"),
                Some((
                    "devstoreaccount1",
                    "http://127.0.0.1:10000/devstoreaccount1",
                )),
            ),
            ("az://lake", None, None, None),
        ] {
            let place = Place::parse(&url.parse().expect("URL")).expect("a container");
            let settings = AzureSettings {
                account: named.map(str::to_owned),
                endpoint: endpoint.map(str::to_owned),
                ..AzureSettings::default()
            };
            let found = account(&place, &settings).ok();
            let expected = expected.map(|(name, address)| (name.to_owned(), address.to_owned()));
            assert_eq!(found, expected, "{url}");
        }
    }

    /// A key that cannot be one is refused at once, and not repeated.
    #[test]
    fn mistakes_are_named() {
        let place = Place::parse(&"az://lake".parse().expect("URL")).expect("a container");
        let settings = AzureSettings {
            account: Some("acme".to_owned()),
            access_key: Some(Secret::new("hunter2-is-no-base64")),
            ..AzureSettings::default()
        };
        let error = connect(&place, &settings).expect_err("refused").to_string();
        assert!(
            error.contains("lake.azure.access_key") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
