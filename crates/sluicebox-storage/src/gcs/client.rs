use std::path::Path;

use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};

use crate::bucket::{endpoint, options, retry};
use crate::settings::Environment;
use crate::{GcsSettings, OpenError};

/// A client for `bucket`. It sends nothing yet.
pub(super) fn connect(
    bucket: &str,
    settings: &GcsSettings,
) -> Result<GoogleCloudStorage, OpenError> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_retry(retry())
        .with_client_options(options(settings.allow_http, settings.timeouts));
    if let Some(address) = &settings.endpoint {
        let (scheme, host) = endpoint(address, settings.allow_http)?;
        builder = builder.with_base_url(&format!("{scheme}://{host}"));
    }
    if let Some(key) = &settings.service_account_key {
        let built = builder.with_service_account_key(key.expose()).build();
        return built.map_err(|_may_show_the_key| OpenError::Credentials(NOT_A_KEY.to_owned()));
    }
    match application_default_credentials(&settings.environment) {
        Some(file) => {
            let built = builder.with_application_credentials(&file).build();
            built.map_err(|error| OpenError::Credentials(format!("{file}: {NOT_A_FILE} ({error})")))
        }
        None => builder
            .build()
            .map_err(|error| OpenError::Client(error.to_string())),
    }
}

const NOT_A_KEY: &str =
    "lake.gcs.service_account_key is not a service account's key in JSON, as Google gives it out";

const NOT_A_FILE: &str = "holds neither a service account's key nor a user's credentials; \
     federated ones (external_account) are not supported";

/// The file that Google's tools take credentials from: the one that is named, or the one that
/// `gcloud auth application-default login` has written. Without one, it is the metadata server's
/// turn, which is how workload identity on GKE comes.
/// <https://cloud.google.com/docs/authentication/application-default-credentials>
fn application_default_credentials(environment: &Environment) -> Option<String> {
    if let Some(file) = environment.get("GOOGLE_APPLICATION_CREDENTIALS") {
        return Some(file.to_owned());
    }
    let file = format!(
        "{}/.config/gcloud/application_default_credentials.json",
        environment.get("HOME")?
    );
    Path::new(&file).exists().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;

    /// Credentials that cannot be used are named at once, without what they hold.
    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("federated.json");
        let federated = r#"{"type":"external_account","audience":"hunter2"}"#;
        std::fs::write(&file, federated).expect("file");
        let file = file.to_str().expect("UTF-8");
        let named = |file: &str| {
            let variable = ("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), file.to_owned());
            Environment([variable].into())
        };
        for (key, environment, words) in [
            (Some("hunter2"), named("/nowhere"), "service_account_key"),
            (None, named("/nowhere"), "/nowhere: "),
            (None, named(file), "federated.json: "),
        ] {
            let settings = GcsSettings {
                service_account_key: key.map(Secret::new),
                environment,
                ..GcsSettings::default()
            };
            let error = connect("lake", &settings).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
