//! Defaults, file, environment, flags: which value counts, and where it is said to come from.

use std::path::Path;

use sluicebox_config::{
    ByteSize, Config, ConfigErrors, Environment, HumanDuration, Position, StartPosition,
    TopicSelector, parse,
};

const FILE: &str = r#"
name: flights
kafka: { brokers: "a:1,b:2", start: latest }
lake: { url: s3://lake/golden, file: { max_age: 10m } }
topics:
  Raw.Flights:
    table: air.flights
    schema: { columns: [{ name: id, type: bigint }] }
    dedup: off
    file: { max_rows: 7 }
  "^raw\\..*":
    table: raw.{topic}
    schema: { columns: [{ name: id, type: bigint }] }
    dedup: { key: record_key }
    start: earliest
"#;

fn config(variables: &[(&str, &str)], overrides: &[&str]) -> Result<Config, ConfigErrors> {
    let environment: Environment = variables.iter().copied().collect();
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    parse(
        FILE,
        Path::new("/etc/sluicebox/config.yaml"),
        &overrides,
        &environment,
    )
}

/// What is not written has its documented default, also where that follows from something else.
#[test]
fn defaults_follow() {
    let config = config(&[], &[]).unwrap();
    assert_eq!(config.kafka.brokers, ["a:1", "b:2"]);
    assert_eq!(config.kafka.group_id, "sluicebox-flights");
    assert_eq!(config.lake.control.to_string(), "s3://lake/_sluicebox");
    assert_eq!(config.drain_timeout, HumanDuration::from_secs(30));
    assert!(config.limits.memory >= ByteSize::from_mib(128) && config.limits.threads > 0);
    assert!(!config.lake.s3.path_style && !config.lake.s3.allow_http);
    let [first, second] = config.topics.as_slice() else {
        panic!("two topics")
    };
    assert_eq!(first.name, TopicSelector::Name("Raw.Flights".to_owned()));
    assert_eq!(
        (first.start.clone(), second.start.clone()),
        (StartPosition::Latest, StartPosition::Earliest)
    );
    assert_eq!((first.file.max_rows, second.file.max_rows), (7, 5_000_000));
    assert_eq!(first.file.max_age, HumanDuration::from_secs(600));
    assert!(first.dedup.is_none());
    assert_eq!(
        second.dedup.as_ref().unwrap().window,
        HumanDuration::from_secs(60)
    );
}

/// A name wins over an expression.
#[test]
fn a_topic_has_one_section() {
    let config = config(&[], &[]).unwrap();
    assert_eq!(
        config.topic("Raw.Flights").unwrap().name.as_str(),
        "Raw.Flights"
    );
    assert_eq!(config.topic("raw.x").unwrap().name.as_str(), "^raw\\..*");
    assert!(config.topic("other").is_none());
}

/// Flags win over variables, variables over the file; each says that it was the one.
#[test]
fn the_last_layer_counts() {
    let variables = [
        ("SLUICEBOX__KAFKA__GROUP_ID", "from-environment"),
        ("SLUICEBOX__LAKE__FILE__MAX_AGE", "2m"),
        ("SLUICEBOX__TOPICS__RAW_FLIGHTS__TABLE", "air.other"),
        ("SLUICEBOX_LOG", "not one of ours"),
    ];
    let flags = [
        "lake.file.max_age=3m",
        "kafka.brokers=[c:3]",
        "topics.\"Raw.Flights\".max_depth=5",
        "topics.\"Raw.Flights\".schema.columns.0.type=int",
        "log.level=debug",
    ];
    let config = config(&variables, &flags).unwrap();
    assert_eq!(config.kafka.group_id, "from-environment");
    assert_eq!(config.kafka.brokers, ["c:3"]);
    assert_eq!(config.lake.file.max_age, HumanDuration::from_secs(180));
    let topic = &config.topics[0];
    assert_eq!(
        (topic.table.to_string().as_str(), topic.max_depth),
        ("air.other", 5)
    );
    let place = |at: &str| config.places[at].value.clone();
    assert_eq!(
        place("/kafka/group_id"),
        Position::Environment("SLUICEBOX__KAFKA__GROUP_ID".into())
    );
    assert_eq!(
        place("/lake/file/max_age"),
        Position::Set("lake.file.max_age".into())
    );
    assert!(matches!(
        place("/name"),
        Position::File {
            line: 2,
            column: 7,
            ..
        }
    ));
}

/// A mistake in a variable or a flag is told as such.
#[test]
fn mistakes_name_their_layer() {
    let told = |variables: &[(&str, &str)], flags: &[&str]| {
        config(variables, flags)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    for (told, message) in [
        (
            told(&[("SLUICEBOX__LAKE__FILE__MAX_AGE", "soon")], &[]),
            "environment variable SLUICEBOX__LAKE__FILE__MAX_AGE: lake.file.max_age: expected a duration",
        ),
        (
            told(&[("SLUICEBOX__LAKE__FIEL__MAX_AGE", "1m")], &[]),
            "environment variable SLUICEBOX__LAKE__FIEL__MAX_AGE: lake.fiel: unknown key `fiel`\n    help: did you mean `file`?",
        ),
        (
            told(&[], &["log.level=loud"]),
            "--set log.level: log.level: expected error, warn",
        ),
        (
            told(&[], &["log.level"]),
            "--set log.level: this is not key=value",
        ),
        (told(&[], &["kafka..x=1"]), "this names no setting"),
        (
            told(&[], &["kafka.brokers=[a"]),
            "--set kafka.brokers: this is not valid YAML",
        ),
        (
            told(&[], &["topics.\"Raw.Flights\".schema.columns.3.type=int"]),
            "the list has 1 elements",
        ),
    ] {
        assert!(told.contains(message), "{told}");
    }
}

/// S3 is found as every AWS tool finds it; what the file says counts more.
#[test]
fn aws_variables_are_the_lowest_layer() {
    let variables = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_ROLE_ARN", "arn"),
    ];
    let s3 = config(&variables, &[]).unwrap().lake.s3;
    assert_eq!(s3.region, "eu-central-1");
    assert!(s3.path_style && s3.allow_http);
    assert_eq!(s3.secret_access_key.unwrap().expose(), "hunter2");
    assert_eq!(s3.credential_environment["AWS_ROLE_ARN"].expose(), "arn");
    let s3 = config(
        &variables,
        &["lake.s3.region=x", "lake.s3.path_style=false"],
    )
    .unwrap()
    .lake
    .s3;
    assert!(s3.region == "x" && !s3.path_style);
}

/// The same of Azure; credentials of the file are not mixed with those of the environment.
#[test]
fn azure_variables_are_the_lowest_layer() {
    let variables = [
        ("AZURE_STORAGE_ACCOUNT", "acme"),
        ("AZURE_STORAGE_KEY", "hunter2"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/token"),
        ("AWS_REGION", "eu-central-1"),
    ];
    let lake = config(&variables, &["lake.url=az://lake/golden"])
        .unwrap()
        .lake;
    assert_eq!(lake.azure.account.as_deref(), Some("acme"));
    assert_eq!(lake.azure.access_key.unwrap().expose(), "hunter2");
    let token = &lake.azure.credential_environment["AZURE_FEDERATED_TOKEN_FILE"];
    assert_eq!(token.expose(), "/token");
    assert_eq!(lake.s3.region, "us-east-1");
    let overrides = ["lake.url=az://lake/golden", "lake.azure.sas_token=sig=x"];
    let azure = config(&variables, &overrides).unwrap().lake.azure;
    assert!(azure.access_key.is_none() && azure.sas_token.is_some());
}

/// Google's credentials are found where its tools find them.
#[test]
fn google_variables_say_where_credentials_are() {
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")];
    let lake = config(&variables, &["lake.url=gs://lake/golden"])
        .unwrap()
        .lake;
    let file = &lake.gcs.credential_environment["GOOGLE_APPLICATION_CREDENTIALS"];
    assert_eq!(file.expose(), "/key.json");
    assert_eq!(lake.control.to_string(), "gs://lake/_sluicebox");
}

/// Relative paths start from the folder of the file.
#[test]
fn relative_paths_start_at_the_file() {
    let config = config(&[], &["lake.url=../lake", "kafka.tls.ca=ca.pem"]).unwrap();
    assert_eq!(config.lake.url.to_string(), "file:///etc/lake");
    assert_eq!(config.lake.control.to_string(), "file:///etc/_sluicebox");
    assert_eq!(
        config.kafka.tls.unwrap().ca.unwrap(),
        Path::new("/etc/sluicebox/ca.pem")
    );
}

/// HDFS is found as every Hadoop tool finds it; what the file says counts more.
#[test]
fn hadoop_variables_are_the_lowest_layer() {
    let both = [("HADOOP_CONF_DIR", "/conf"), ("HADOOP_HOME", "/opt/hadoop")];
    let home = [("HADOOP_HOME", "/opt/hadoop")];
    let on_hdfs = "lake.url=hdfs://nn/lake/golden";
    for (variables, set, folder) in [
        (&both[..], &[on_hdfs][..], Some("/conf")),
        (&home, &[on_hdfs], Some("/opt/hadoop/etc/hadoop")),
        (&both, &[on_hdfs, "lake.hdfs.config_dir=/own"], Some("/own")),
        (&both, &[], None),
    ] {
        let hdfs = config(variables, set).unwrap().lake.hdfs;
        assert_eq!(hdfs.config_dir.as_deref(), folder.map(Path::new), "{set:?}");
    }
}
