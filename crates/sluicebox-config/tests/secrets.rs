//! A secret is used, and never seen.

use std::path::Path;

use sluicebox_config::{Config, ConfigErrors, Environment, SaslSection, parse};

/// How many secrets there are in [`config`].
const SECRETS: usize = 15;

fn config(password: &str, rest: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let text = format!(
        "name: x
kafka:
  brokers: a:1
  tls:
    key: k
    cert: c
    key_password: {password}
  sasl:
    mechanism: PLAIN
    username: u
    password: {password}
lake:
  url: s3://lake/golden
  s3:
    access_key_id: {password}
    secret_access_key: {password}
  gcs:
    service_account_key: {password}
  azure:
    access_key: {password}
    sas_token: {password}
    client_secret: {password}
notify:
  - webhook:
      url: https://b.example.com/
      hmac_secret: {password}
      bearer_token: {password}
  - webhook:
      url: https://c.example.com/
      basic:
        username: u
        password: {password}
catalog:
  glue:
    region: eu-central-1
    access_key_id: {password}
    secret_access_key: {password}
    session_token: {password}
server:
  token: {password}
topics:
  t:
    table: a.b
    schema: {{ columns: [{{ name: id, type: bigint }}] }}
    dedup: off
{rest}"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment: Environment = variables.iter().copied().collect();
    parse(&text, &folder.join("config.yaml"), &[], &environment)
}

fn password(config: &Config) -> &str {
    match &config.kafka.sasl {
        Some(SaslSection::Plain { password, .. }) => password.expose(),
        _ => "",
    }
}

/// Files lose their last line break; what looks like a number is text all the same.
#[test]
fn secrets_come_from_files_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "hun ter2\r\n").unwrap();
    let file = format!("{{ file: {} }}", file.display());
    let variables = [("P", "0123")];
    for (written, read) in [
        (file.as_str(), "hun ter2"),
        ("{ env: P }", "0123"),
        ("${P}", "0123"),
        ("'${P}'", "0123"),
        ("0123", "0123"),
    ] {
        let config = config(written, "", &variables).unwrap();
        assert_eq!(password(&config), read, "{written}");
        assert_eq!(
            config.warnings.len(),
            if written == "0123" { SECRETS } else { 0 },
            "{written}"
        );
    }
}

/// What is not there, or is empty, is told with the place, not found at the first login.
#[test]
fn a_secret_that_is_not_there_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let empty = format!("{{ file: {}/empty }}", folder.path().display());
    for (written, message) in [
        (empty.as_str(), "empty is empty"),
        ("{ file: /nowhere }", "/nowhere cannot be read"),
        ("{ env: NONE }", "NONE is not set or empty"),
        ("''", "must not be empty"),
        ("{ fil: x }", "server.token"),
    ] {
        let told = config(written, "", &[]).unwrap_err();
        assert_eq!(told.errors.len(), SECRETS, "{told}");
        assert!(told.to_string().contains(message), "{told}");
    }
}

/// An address with a password in it is refused, and not repeated.
#[test]
fn passwords_in_addresses_are_not_shown() {
    for overlay in [
        "lake.s3.endpoint=https://etl:hunter2@s3.example.com",
        "lake.s3.endpoint=ftp://etl:hunter2@s3.example.com",
        "lake.url=s3://etl:hunter2@lake/golden",
    ] {
        let text = "name: x\nkafka: { brokers: a:1 }\nlake: { url: s3://lake/golden }\n";
        let path = Path::new("config.yaml");
        let told = parse(text, path, &[overlay.to_owned()], &Environment::default());
        let told = told.map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("not shown here"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// A secret where a section belongs is not repeated either.
#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for overlay in [
        "kafka=hunter2",
        "kafka.sasl=hunter2",
        "kafka.tls=hunter2",
        "lake.s3=hunter2",
        "server=hunter2",
        "notify=hunter2",
        "notify=[hunter2]",
        "notify=[{webhook: hunter2}]",
        "catalog=hunter2",
        "catalog.glue=hunter2",
    ] {
        let text = "name: x\nkafka: { brokers: a:1 }\nlake: { url: s3://lake/golden }\n";
        let path = Path::new("config.yaml");
        let told = parse(text, path, &[overlay.to_owned()], &Environment::default());
        let told = told.map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("not shown here"), "{overlay}: {told}");
        assert!(!told.contains("hunter2"), "{overlay}: {told}");
    }
    let bare = parse("hunter2", Path::new("c"), &[], &Environment::default());
    let told = bare.map(|_| ()).unwrap_err().to_string();
    assert!(!told.contains("hunter2"), "{told}");
}

/// Neither the config, nor its warnings, nor any message shows a secret, wherever it stands.
#[test]
fn secrets_are_never_shown() {
    let hidden = |text: String| assert!(!text.contains("hunter2"), "{text}");
    let variables = [("P", "hunter2"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "hunter2")];
    for written in ["hunter2", "${P}", "{ env: P }"] {
        let config = config(written, "", &variables).unwrap();
        assert_eq!(password(&config), "hunter2");
        hidden(format!("{config:?}"));
        hidden(format!("{:?}", config.warnings));
        hidden(serde_json::to_string(&config.kafka).unwrap());
    }
    for rest in [
        "log: { level: '${P}' }",
        "log: { level: '${P}', '${P}': 1 }",
        "drain_timeout: ${P}",
        "limits: ${P}",
        "hunter: ['${P}']",
    ] {
        let told = config("${P}", rest, &variables).unwrap_err();
        hidden(format!("{told} {told:?}"));
    }
    hidden(config("[hunter2]", "", &variables).unwrap_err().to_string());
    hidden(
        config("{ hunter2: x, y: z }", "", &variables)
            .map(|_| ())
            .unwrap_err()
            .to_string(),
    );
    hidden(format!(
        "{:?}",
        variables.iter().copied().collect::<Environment>()
    ));
    let malformed = ["kafka.sasl.password:hunter2".to_owned()];
    let told = parse(
        "",
        Path::new("config.yaml"),
        &malformed,
        &Environment::default(),
    );
    hidden(told.map(|_| ()).unwrap_err().to_string());
}
