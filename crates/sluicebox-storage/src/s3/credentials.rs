use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::StaticCredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};

use crate::OpenError;
use crate::settings::{Credentials, Environment, S3Settings};

/// A builder that will find its credentials where the AWS tools look for them, in their order: the
/// settings, the environment's key, web identity, container, the shared credentials file, and last
/// the machine's role.
pub(super) fn find(settings: &S3Settings) -> Result<AmazonS3Builder, OpenError> {
    if let Some(credentials) = &settings.credentials {
        return Ok(with_key(AmazonS3Builder::new(), credentials));
    }
    let environment = &settings.environment;
    if SOURCES.iter().any(|name| environment.get(name).is_some()) {
        return from_environment(environment);
    }
    let builder = AmazonS3Builder::new();
    Ok(match from_file(environment)? {
        Some(credentials) => with_key(builder, &credentials),
        None => builder,
    })
}

/// Each of these names where credentials come from; the others only say more about it.
const SOURCES: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

fn with_key(builder: AmazonS3Builder, credentials: &Credentials) -> AmazonS3Builder {
    builder.with_credentials(Arc::new(StaticCredentialProvider::new(AwsCredential {
        key_id: credentials.access_key_id.clone(),
        secret_key: credentials.secret_access_key.clone(),
        token: credentials.session_token.clone(),
    })))
}

fn from_environment(environment: &Environment) -> Result<AmazonS3Builder, OpenError> {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in &environment.0 {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    if environment.get("AWS_ACCESS_KEY_ID").is_some()
        && environment.get("AWS_SECRET_ACCESS_KEY").is_none()
    {
        let message = "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY; set both or none";
        return Err(OpenError::Credentials(message.to_owned()));
    }
    Ok(builder)
}

/// The profile of the shared credentials file that holds an access key. A missing file is no
/// mistake unless it, or a profile, was asked for by name.
fn from_file(environment: &Environment) -> Result<Option<Credentials>, OpenError> {
    let asked = ["AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"]
        .iter()
        .any(|name| environment.get(name).is_some());
    let profile = environment.get("AWS_PROFILE").unwrap_or("default");
    let Some(file) = file_of(environment) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&file) {
        Ok(text) => match parse(&text, profile) {
            None if asked => Err(OpenError::Credentials(format!(
                "{} has no profile `{profile}` with aws_access_key_id and aws_secret_access_key",
                file.display()
            ))),
            found => Ok(found),
        },
        Err(error) if asked => Err(OpenError::Credentials(format!(
            "cannot read {}: {error}",
            file.display()
        ))),
        Err(_missing) => Ok(None),
    }
}

fn file_of(environment: &Environment) -> Option<PathBuf> {
    let named = environment
        .get("AWS_SHARED_CREDENTIALS_FILE")
        .map(PathBuf::from);
    named.or_else(|| Some(Path::new(environment.get("HOME")?).join(".aws/credentials")))
}

/// The access key of `profile` in a text of `[profile]` and `name = value` lines, as
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html> lays down.
fn parse(text: &str, profile: &str) -> Option<Credentials> {
    let mut section = "";
    let (mut id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = name.trim();
        } else if section == profile
            && let Some((name, value)) = line.split_once('=')
        {
            let value = Some(value.trim().to_owned());
            match name.trim() {
                "aws_access_key_id" => id = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(Credentials {
        access_key_id: id?,
        secret_access_key: secret?,
        session_token: token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=s=1\n\n\
                        [half]\naws_access_key_id = B\n[ temp ]\naws_access_key_id=C\n\
                        aws_secret_access_key=t\naws_session_token = x\n";

    /// A profile gives its own key, whole, or none.
    #[test]
    fn profiles_are_read_from_the_credentials_file() {
        let key = |profile| {
            parse(FILE, profile).map(|found| {
                [
                    Some(found.access_key_id),
                    Some(found.secret_access_key),
                    found.session_token,
                ]
                .map(Option::unwrap_or_default)
            })
        };
        assert_eq!(key("default"), Some(["A", "s=1", ""].map(str::to_owned)));
        assert_eq!(key("temp"), Some(["C", "t", "x"].map(str::to_owned)));
        assert_eq!(key("half"), None);
        assert_eq!(key("other"), None);
    }

    /// Half a key, or a profile that is not there, is said at once and without its secret.
    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("credentials");
        std::fs::write(&file, FILE).expect("file");
        let file = file.to_str().expect("UTF-8");
        for (variables, words) in [
            (vec![("AWS_ACCESS_KEY_ID", "A")], "set both"),
            (
                vec![("AWS_PROFILE", "no"), ("HOME", "/nowhere")],
                "cannot read /nowhere/.aws",
            ),
            (
                vec![
                    ("AWS_PROFILE", "half"),
                    ("AWS_SHARED_CREDENTIALS_FILE", file),
                ],
                "no profile `half`",
            ),
        ] {
            let variables = variables
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()));
            let environment = Environment(variables.collect());
            let settings = S3Settings {
                environment,
                ..S3Settings::default()
            };
            let error = find(&settings).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
