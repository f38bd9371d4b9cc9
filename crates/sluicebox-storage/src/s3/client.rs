use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{Certificate, ClientOptions};

use super::credentials;
use crate::bucket::{endpoint, options, retry};
use crate::{Encryption, OpenError, S3Settings};

/// A client for `bucket`. It sends nothing yet.
pub(super) fn connect(bucket: &str, settings: &S3Settings) -> Result<AmazonS3, OpenError> {
    if bucket.ends_with("--x-s3") {
        return Err(OpenError::DirectoryBucket(bucket.to_owned()));
    }
    let builder = credentials::find(settings)?.with_bucket_name(bucket);
    let builder = with_endpoint(builder, bucket, settings)?;
    let builder = with_encryption(builder, &settings.encryption)?;
    let builder = match &settings.region {
        Some(region) => builder.with_region(region),
        None => builder,
    };
    builder
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retry())
        .with_client_options(client_options(settings)?)
        .build()
        .map_err(refused)
}

/// A body is left out of the signature only where TLS protects it: its SHA-256 costs more than all
/// the rest of a request.
fn with_endpoint(
    builder: AmazonS3Builder,
    bucket: &str,
    settings: &S3Settings,
) -> Result<AmazonS3Builder, OpenError> {
    let builder = builder.with_virtual_hosted_style_request(!settings.path_style);
    let Some(address) = &settings.endpoint else {
        return Ok(builder.with_unsigned_payload(settings.unsigned_payload));
    };
    let (scheme, host) = endpoint(address, settings.allow_http)?;
    // With the bucket in the host name the client expects it in the endpoint.
    let host = if settings.path_style {
        host.to_owned()
    } else {
        format!("{bucket}.{host}")
    };
    Ok(builder
        .with_endpoint(format!("{scheme}://{host}"))
        .with_unsigned_payload(settings.unsigned_payload && scheme == "https"))
}

fn with_encryption(
    builder: AmazonS3Builder,
    encryption: &Encryption,
) -> Result<AmazonS3Builder, OpenError> {
    Ok(match encryption {
        Encryption::BucketDefault => builder,
        Encryption::SseS3 => {
            let key = "aws_server_side_encryption".parse().map_err(refused)?;
            builder.with_config(key, "AES256")
        }
        Encryption::SseKms(key) => builder.with_sse_kms_encryption(key),
    })
}

fn client_options(settings: &S3Settings) -> Result<ClientOptions, OpenError> {
    let options = options(settings.allow_http, settings.timeouts);
    let Some(file) = settings.environment.get("AWS_CA_BUNDLE") else {
        return Ok(options);
    };
    let pem = std::fs::read(file)
        .map_err(|error| OpenError::Client(format!("cannot read AWS_CA_BUNDLE {file}: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(refused)?;
    Ok(certificates
        .into_iter()
        .fold(options, ClientOptions::with_root_certificate))
}

fn refused(error: object_store::Error) -> OpenError {
    OpenError::Client(error.to_string())
}

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3ConfigKey;

    use super::*;

    /// The bucket stands in the path or in the host name as asked, and bodies are signed where TLS
    /// does not protect them.
    #[test]
    fn endpoints_are_addressed_as_asked() {
        for (endpoint, path_style, expected, unsigned) in [
            (None, false, None, "true"),
            (
                Some("https://s3.example.com/"),
                true,
                Some("https://s3.example.com"),
                "true",
            ),
            (
                Some("https://s3.example.com"),
                false,
                Some("https://lake.s3.example.com"),
                "true",
            ),
            (
                Some("http://127.0.0.1:9000"),
                true,
                Some("http://127.0.0.1:9000"),
                "false",
            ),
        ] {
            let settings = S3Settings {
                endpoint: endpoint.map(str::to_owned),
                path_style,
                allow_http: true,
                ..S3Settings::default()
            };
            let builder = with_endpoint(AmazonS3Builder::new(), "lake", &settings).expect("taken");
            let value = |key| builder.get_config_value(&key);
            assert_eq!(value(AmazonS3ConfigKey::Endpoint).as_deref(), expected);
            assert_eq!(
                value(AmazonS3ConfigKey::UnsignedPayload).as_deref(),
                Some(unsigned)
            );
            let virtual_hosted = value(AmazonS3ConfigKey::VirtualHostedStyleRequest);
            assert_eq!(virtual_hosted, Some((!path_style).to_string()));
        }
    }
}
