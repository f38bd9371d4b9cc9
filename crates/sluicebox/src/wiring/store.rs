use std::collections::BTreeMap;
use std::sync::Arc;

use sluicebox_config::{ByteSize, LakeSection, LakeUrl, S3Encryption, Secret};
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::{
    AzureSettings, Credentials, Encryption, Environment, GcsSettings, HdfsSettings, Kerberos,
    S3Settings, StoreSettings,
};
use sluicebox_types::Clock;
use url::Url;

use crate::failure::Failure;

/// The lake's store. Nothing is asked of it yet.
///
/// # Errors
/// When its settings contradict each other.
pub(crate) fn store(
    lake: &LakeSection,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn LakeStore>, Failure> {
    let settings = StoreSettings {
        s3: s3(lake),
        gcs: gcs(lake),
        azure: azure(lake),
        hdfs: hdfs(lake),
        ..StoreSettings::at(url(&lake.url)?, url(&lake.control)?)
    };
    Ok(sluicebox_storage::open(&settings, Arc::clone(clock))?)
}

fn url(url: &LakeUrl) -> Result<Url, Failure> {
    let no_url = || Failure::configuration(format!("`{url}` is no URL of a lake"));
    match url {
        LakeUrl::File(folder) => {
            let folder = std::path::absolute(folder)?;
            Url::from_directory_path(folder).map_err(|()| no_url())
        }
        LakeUrl::Bucket { .. } | LakeUrl::Hdfs { .. } => {
            url.to_string().parse().map_err(|_error| no_url())
        }
    }
}

fn s3(lake: &LakeSection) -> S3Settings {
    let s3 = &lake.s3;
    let credentials = s3.access_key_id.as_ref().zip(s3.secret_access_key.as_ref());
    S3Settings {
        endpoint: s3.endpoint.clone(),
        region: Some(s3.region.clone()),
        path_style: s3.path_style,
        allow_http: s3.allow_http,
        unsigned_payload: s3.unsigned_payload,
        encryption: match &s3.sse {
            S3Encryption::None => Encryption::BucketDefault,
            S3Encryption::S3 => Encryption::SseS3,
            S3Encryption::Kms(key) => Encryption::SseKms(key.clone()),
        },
        credentials: credentials.map(|(id, secret)| Credentials {
            access_key_id: text(id),
            secret_access_key: text(secret),
            session_token: s3.session_token.as_ref().map(text),
        }),
        environment: environment(&s3.credential_environment),
        ..S3Settings::default()
    }
}

fn hdfs(lake: &LakeSection) -> HdfsSettings {
    let hdfs = &lake.hdfs;
    HdfsSettings {
        config_dir: hdfs.config_dir.clone(),
        user: hdfs.user.clone(),
        kerberos: hdfs.kerberos.as_ref().map(|kerberos| Kerberos {
            principal: kerberos.principal.clone(),
            keytab: kerberos.keytab.clone(),
            cache: kerberos.cache.clone(),
        }),
        replication: hdfs.replication,
        block_bytes: hdfs.block_bytes.map(ByteSize::get),
    }
}
fn gcs(lake: &LakeSection) -> GcsSettings {
    let gcs = &lake.gcs;
    GcsSettings {
        endpoint: gcs.endpoint.clone(),
        allow_http: gcs.allow_http,
        service_account_key: gcs.service_account_key.as_ref().map(secret),
        environment: environment(&gcs.credential_environment),
        ..GcsSettings::default()
    }
}

fn azure(lake: &LakeSection) -> AzureSettings {
    let azure = &lake.azure;
    AzureSettings {
        account: azure.account.clone(),
        endpoint: azure.endpoint.clone(),
        allow_http: azure.allow_http,
        access_key: azure.access_key.as_ref().map(secret),
        sas_token: azure.sas_token.as_ref().map(secret),
        tenant_id: azure.tenant_id.clone(),
        client_id: azure.client_id.clone(),
        client_secret: azure.client_secret.as_ref().map(secret),
        environment: environment(&azure.credential_environment),
        ..AzureSettings::default()
    }
}

fn secret(secret: &Secret) -> sluicebox_storage::Secret {
    sluicebox_storage::Secret::new(secret.expose())
}

fn text(secret: &Secret) -> String {
    secret.expose().to_owned()
}

fn environment(variables: &BTreeMap<String, Secret>) -> Environment {
    let variables = variables.iter();
    Environment(
        variables
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    )
}
