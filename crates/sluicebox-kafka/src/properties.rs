use std::fs::File;
use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use sluicebox_config::{ByteSize, GroupProtocol, KafkaSection, SaslSection, TlsSection};

use crate::error::KafkaError;

/// Kafka's own default for what one fetch returns at most.
const FETCH_BYTES_MAX: u64 = 50 << 20;

/// Brokers whose responses are accounted for when all come at once.
const BROKERS_AT_ONCE: usize = 16;

/// What librdkafka keeps for a record beside its bytes until the record is dropped: an operation of
/// its queue (`rd_kafka_op_t` with a message, 304 bytes in 2.12) and the allocator's header. It counts
/// neither against the bytes of a queue.
const RECORD_OVERHEAD_BYTES: u64 = 320;

/// Kafka's own default for what one record may weigh that is produced.
const PRODUCED_BYTES_MAX: u64 = 1_000_000;

/// Properties of a consumer that asks a broker for so many bytes at once. What the promise of exactly
/// once rests on is set here and nowhere else; the config refuses these names under
/// `kafka.librdkafka`.
pub(crate) fn consumer(
    kafka: &KafkaSection,
    response_bytes: u64,
) -> Result<ClientConfig, KafkaError> {
    let mut properties = connection(kafka)?;
    for (name, value) in [
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("isolation.level", "read_committed"),
        ("check.crcs", "true"),
        ("enable.partition.eof", "true"),
        ("allow.auto.create.topics", "false"),
        // A partition whose queue was full is looked at again after this; the default of a second
        // leaves a bounded queue empty most of the time.
        ("fetch.queue.backoff.ms", "5"),
    ] {
        properties.set(name, value);
    }
    let queue_bytes = kafka.fetch.queue_bytes.get();
    let partition_bytes = kafka.fetch.max_partition_bytes.get().min(response_bytes);
    for (name, value) in [
        ("queued.max.messages.kbytes", queue_bytes.div_ceil(1024)),
        ("queued.min.messages", queued_records_max(kafka)),
        ("fetch.message.max.bytes", partition_bytes),
        ("fetch.max.bytes", response_bytes),
        ("fetch.wait.max.ms", kafka.fetch.wait.as_millis()),
        (
            "topic.metadata.refresh.interval.ms",
            kafka.discovery_interval.as_millis(),
        ),
        ("max.poll.interval.ms", kafka.max_poll_interval.as_millis()),
    ] {
        properties.set(name, value.to_string());
    }
    properties.set("group.id", &kafka.group_id);
    match kafka.group_protocol {
        GroupProtocol::Classic => {
            properties.set("group.protocol", "classic");
            properties.set("partition.assignment.strategy", "cooperative-sticky");
            properties.set(
                "session.timeout.ms",
                kafka.session_timeout.as_millis().to_string(),
            );
        }
        // The brokers' settings count; librdkafka refuses the classic ones beside it.
        GroupProtocol::Consumer => {
            properties.set("group.protocol", "consumer");
        }
    }
    let mut properties = with_own(properties, kafka);
    // A producer's limit, but librdkafka refuses a consumer whose responses are smaller. So it is not
    // what the user may have set for the dead letters.
    let message_bytes = response_bytes.min(PRODUCED_BYTES_MAX);
    properties.set("message.max.bytes", message_bytes.to_string());
    Ok(properties)
}

/// Properties of a client that only asks: it is in no group and reads no partition.
pub(crate) fn onlooker(kafka: &KafkaSection) -> Result<ClientConfig, KafkaError> {
    let mut properties = connection(kafka)?;
    properties.set("isolation.level", "read_committed");
    properties.set("allow.auto.create.topics", "false");
    Ok(with_own(properties, kafka))
}

/// Records that a queue takes, however small they are: what is kept beside their bytes is half of
/// what the queue has for bytes.
fn queued_records_max(kafka: &KafkaSection) -> u64 {
    kafka.fetch.queue_bytes.get() / 2 / RECORD_OVERHEAD_BYTES
}

/// What one fetch asks one broker for at most; a batch that is larger still comes, alone. A queue
/// that has room for one byte takes a response of every broker, however many there are, so that
/// where memory is scarce a response is small. Where it is not, long runs of one partition's
/// records are cheaper.
pub(crate) fn response_bytes_max(kafka: &KafkaSection, memory: ByteSize) -> u64 {
    let of_queue = kafka.fetch.queue_bytes.get() / 4;
    let of_memory = memory.get() / 1024;
    of_queue.min(of_memory).min(FETCH_BYTES_MAX)
}

/// Bytes that the consumer of a process with so much memory holds at most with records that are
/// compressed to a half, in batches no larger than a response: the workers' queues; a response of
/// each of 16 brokers, as it came and as it is unpacked; of both, what is kept beside the bytes of
/// records; and a queue's worth of gaps in the memory of the brokers' threads.
#[must_use]
pub fn fetched_bytes_max(kafka: &KafkaSection, workers: usize, memory: ByteSize) -> usize {
    let queue = kafka.fetch.queue_bytes.as_usize();
    let queues = (queue + queue / 2).saturating_mul(workers);
    let response = usize::try_from(response_bytes_max(kafka, memory)).unwrap_or(usize::MAX);
    let responses = response.saturating_mul(4).saturating_mul(BROKERS_AT_ONCE);
    queues.saturating_add(responses).saturating_add(queue)
}

/// Properties of a producer that never gives up on a broker and never sends twice.
pub(crate) fn producer(kafka: &KafkaSection) -> Result<ClientConfig, KafkaError> {
    let mut properties = connection(kafka)?;
    for (name, value) in [
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("compression.type", "lz4"),
        // Brokers that are away are waited for; the bound is our own queue's.
        ("message.timeout.ms", "0"),
        ("queue.buffering.max.kbytes", "2097151"),
        ("queue.buffering.max.messages", "1000000"),
        // Only the broker knows what its topic takes.
        ("message.max.bytes", "1000000000"),
        // The partitioner of Java clients: a key keeps its partition.
        ("partitioner", "murmur2_random"),
        ("topic.metadata.propagation.max.ms", "5000"),
    ] {
        properties.set(name, value);
    }
    Ok(with_own(properties, kafka))
}

/// Properties of a producer whose sender wants an answer in time, and tries again by itself.
pub(crate) fn impatient_producer(kafka: &KafkaSection) -> Result<ClientConfig, KafkaError> {
    let mut properties = producer(kafka)?;
    properties.set("message.timeout.ms", "30000");
    properties.set("linger.ms", "0");
    Ok(properties)
}

fn connection(kafka: &KafkaSection) -> Result<ClientConfig, KafkaError> {
    let mut properties = ClientConfig::new();
    properties.set_log_level(RDKafkaLogLevel::Info);
    properties.set("bootstrap.servers", kafka.brokers.join(","));
    properties.set("client.id", &kafka.client_id);
    properties.set("log.connection.close", "false");
    properties.set("socket.keepalive.enable", "true");
    properties.set("security.protocol", security_protocol(kafka));
    if let Some(section) = &kafka.tls {
        tls(&mut properties, section);
    }
    for file in tls_files(kafka) {
        file.check()?;
    }
    if let Some(section) = &kafka.sasl {
        sasl(&mut properties, section)?;
    }
    Ok(properties)
}

/// A login without TLS happens only where it was asked for by name: everything else that has a
/// login is encrypted, and fails where the brokers are not.
const fn security_protocol(kafka: &KafkaSection) -> &'static str {
    match (&kafka.tls, &kafka.sasl, kafka.allow_plaintext_sasl) {
        (None, None, _) => "PLAINTEXT",
        (Some(_), None, _) => "SSL",
        (None, Some(_), true) => "SASL_PLAINTEXT",
        (_, Some(_), _) => "SASL_SSL",
    }
}

fn tls(properties: &mut ClientConfig, section: &TlsSection) {
    // OpenSSL is linked in and knows no system folder, so librdkafka has to look for one.
    let authorities = section
        .ca
        .as_ref()
        .map_or_else(|| "probe".into(), |ca| ca.to_string_lossy());
    properties.set("ssl.ca.location", authorities);
    if let Some(cert) = &section.cert {
        properties.set("ssl.certificate.location", cert.to_string_lossy());
    }
    if let Some(key) = &section.key {
        properties.set("ssl.key.location", key.to_string_lossy());
    }
    if let Some(password) = &section.key_password {
        properties.set("ssl.key.password", password.expose());
    }
    let verify = if section.verify_hostname {
        "https"
    } else {
        "none"
    };
    properties.set("ssl.endpoint.identification.algorithm", verify);
}

/// A file that TLS needs.
pub(crate) struct TlsFile<'a> {
    /// Its key in the config.
    pub(crate) setting: &'static str,
    /// Its name in librdkafka.
    pub(crate) property: &'static str,
    pub(crate) path: &'a Path,
}

/// The files that the config names for TLS.
pub(crate) fn tls_files(kafka: &KafkaSection) -> Vec<TlsFile<'_>> {
    let Some(tls) = &kafka.tls else {
        return Vec::new();
    };
    [
        ("kafka.tls.ca", "ssl.ca.location", &tls.ca),
        ("kafka.tls.cert", "ssl.certificate.location", &tls.cert),
        ("kafka.tls.key", "ssl.key.location", &tls.key),
    ]
    .into_iter()
    .filter_map(|(setting, property, path)| {
        let path = path.as_deref()?;
        Some(TlsFile {
            setting,
            property,
            path,
        })
    })
    .collect()
}

impl TlsFile<'_> {
    /// librdkafka says of a missing file neither its name nor that it is missing.
    fn check(&self) -> Result<(), KafkaError> {
        let unreadable = |error: std::io::Error| KafkaError::File {
            setting: self.setting,
            file: self.path.to_owned(),
            reason: error.to_string(),
        };
        File::open(self.path).map(drop).map_err(unreadable)
    }
}

fn sasl(properties: &mut ClientConfig, section: &SaslSection) -> Result<(), KafkaError> {
    let mut login = |mechanism: &str, username: &String, password: &str| {
        properties.set("sasl.mechanism", mechanism);
        properties.set("sasl.username", username);
        properties.set("sasl.password", password);
    };
    match section {
        SaslSection::Plain { username, password } => login("PLAIN", username, password.expose()),
        SaslSection::ScramSha256 { username, password } => {
            login("SCRAM-SHA-256", username, password.expose());
        }
        SaslSection::ScramSha512 { username, password } => {
            login("SCRAM-SHA-512", username, password.expose());
        }
        SaslSection::OauthBearer { extensions, .. } => {
            if !extensions.is_empty() {
                return Err(KafkaError::Unsupported(
                    "kafka.sasl.extensions: SASL extensions (KIP-342) are not supported by this \
                     build; leave them out"
                        .to_owned(),
                ));
            }
            // The token itself comes from `oauth.rs`, whenever librdkafka asks for one.
            properties.set("sasl.mechanism", "OAUTHBEARER");
        }
    }
    Ok(())
}

/// What the user passes through is set last, so that it wins over our choices of comfort. It is one
/// map for all clients; each warns of what is meant for the other and leaves it out.
fn with_own(mut properties: ClientConfig, kafka: &KafkaSection) -> ClientConfig {
    for (name, value) in &kafka.librdkafka {
        properties.set(name, value);
    }
    properties
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rdkafka::consumer::BaseConsumer;
    use sluicebox_config::{FetchSection, Secret};

    use super::*;

    const MEMORY: ByteSize = ByteSize::from_mib(256);
    const RESPONSE: u64 = 256 << 10;

    fn section() -> KafkaSection {
        KafkaSection {
            brokers: vec!["broker:9092".to_owned()],
            ..KafkaSection::default()
        }
    }

    fn login() -> SaslSection {
        SaslSection::ScramSha512 {
            username: "etl".to_owned(),
            password: Secret::new("hush"),
        }
    }

    /// A login never goes out in the clear unless that was asked for by name.
    #[test]
    fn a_login_is_encrypted() {
        let tls = || Some(TlsSection::default());
        for (tls, sasl, plaintext, protocol) in [
            (None, None, false, "PLAINTEXT"),
            (tls(), None, true, "SSL"),
            (None, Some(login()), false, "SASL_SSL"),
            (None, Some(login()), true, "SASL_PLAINTEXT"),
            (tls(), Some(login()), true, "SASL_SSL"),
        ] {
            let kafka = KafkaSection {
                tls,
                sasl,
                allow_plaintext_sasl: plaintext,
                ..section()
            };
            assert_eq!(
                consumer(&kafka, RESPONSE).unwrap().get("security.protocol"),
                Some(protocol)
            );
            assert_eq!(
                producer(&kafka).unwrap().get("security.protocol"),
                Some(protocol)
            );
        }
    }

    /// librdkafka takes what is made here, in every variant, and the classic properties are left
    /// out where it would refuse them.
    #[test]
    fn librdkafka_takes_the_properties() {
        let consumer_protocol = KafkaSection {
            group_protocol: GroupProtocol::Consumer,
            ..section()
        };
        assert_eq!(
            consumer(&consumer_protocol, RESPONSE)
                .unwrap()
                .get("session.timeout.ms"),
            None
        );
        let own = BTreeMap::from([("client.rack".to_owned(), "a".to_owned())]);
        let oauth = SaslSection::OauthBearer {
            token_endpoint_url: "https://id.example.com/token".to_owned(),
            client_id: "etl".to_owned(),
            client_secret: Secret::new("hush"),
            scope: None,
            extensions: BTreeMap::new(),
        };
        for kafka in [
            section(),
            consumer_protocol,
            KafkaSection {
                tls: Some(TlsSection::default()),
                sasl: Some(login()),
                ..section()
            },
            KafkaSection {
                sasl: Some(oauth),
                librdkafka: own,
                ..section()
            },
        ] {
            consumer(&kafka, RESPONSE)
                .unwrap()
                .create_native_config()
                .unwrap();
            producer(&kafka).unwrap().create_native_config().unwrap();
        }
    }

    /// However small records are, what their queue lets in weighs no more than what is reserved for it.
    #[test]
    fn small_records_fit_into_what_is_reserved() {
        for queue_mib in [1, 16, 1024] {
            let kafka = KafkaSection {
                fetch: FetchSection {
                    queue_bytes: ByteSize::from_mib(queue_mib),
                    ..FetchSection::default()
                },
                ..section()
            };
            let properties = consumer(&kafka, RESPONSE).unwrap();
            let limit = |name| properties.get(name).unwrap().parse::<u64>().unwrap();
            let bytes = limit("queued.max.messages.kbytes") * 1_000;
            let records = limit("queued.min.messages");
            let reserved =
                fetched_bytes_max(&kafka, 2, MEMORY) - fetched_bytes_max(&kafka, 1, MEMORY);
            for record_bytes in [0, 1, 40, 270, 320, 640, 1_000, 10_000, 1_000_000] {
                let queued = bytes.checked_div(record_bytes).unwrap_or(u64::MAX);
                let held = queued.min(records) * (record_bytes + RECORD_OVERHEAD_BYTES);
                assert!(held <= reserved as u64, "{record_bytes}: {held}");
            }
        }
    }

    /// What all brokers answer at once is a part of the memory that was reserved, and a small one of
    /// the memory there is.
    #[test]
    fn responses_of_many_brokers_fit_into_what_is_reserved() {
        let kafka = section();
        for (memory_mib, response_kib) in [(128, 128), (256, 256), (1024, 1024), (65_536, 4096)] {
            let memory = ByteSize::from_mib(memory_mib);
            let response = response_bytes_max(&kafka, memory);
            assert_eq!(response, response_kib << 10, "{memory_mib}");
            let properties = consumer(&kafka, response).unwrap();
            assert_eq!(
                properties.get("fetch.max.bytes"),
                Some(response.to_string().as_str())
            );
            let unpacked = response * 4 * BROKERS_AT_ONCE as u64;
            assert!(unpacked <= fetched_bytes_max(&kafka, 0, memory) as u64);
            assert!(unpacked <= memory.get() / 16, "{memory_mib}");
        }
    }

    /// The smallest queue that the config takes is one that librdkafka takes.
    #[test]
    fn a_small_queue_is_taken() {
        let kafka = KafkaSection {
            group_id: "sluicebox".to_owned(),
            fetch: FetchSection {
                queue_bytes: ByteSize::from_mib(1),
                ..FetchSection::default()
            },
            ..section()
        };
        let _taken: BaseConsumer = consumer(&kafka, RESPONSE).unwrap().create().unwrap();
    }

    /// What the user lets dead letters weigh is none of the consumer's business.
    #[test]
    fn a_producers_limit_is_left_to_producers() {
        let own = BTreeMap::from([("message.max.bytes".to_owned(), "9000000".to_owned())]);
        let kafka = KafkaSection {
            group_id: "sluicebox".to_owned(),
            librdkafka: own,
            ..section()
        };
        let _taken: BaseConsumer = consumer(&kafka, RESPONSE).unwrap().create().unwrap();
        let producer = producer(&kafka).unwrap();
        assert_eq!(producer.get("message.max.bytes"), Some("9000000"));
    }

    /// What the user passes through wins over what was chosen for comfort.
    #[test]
    fn own_properties_are_set_last() {
        let own = BTreeMap::from([("fetch.queue.backoff.ms".to_owned(), "7".to_owned())]);
        let kafka = KafkaSection {
            librdkafka: own,
            ..section()
        };
        assert_eq!(
            consumer(&kafka, RESPONSE)
                .unwrap()
                .get("fetch.queue.backoff.ms"),
            Some("7")
        );
    }

    /// A property that librdkafka does not know is named, without its value.
    #[test]
    fn a_refused_property_is_named_without_its_value() {
        let own = BTreeMap::from([("no.such.thing".to_owned(), "hush".to_owned())]);
        let kafka = KafkaSection {
            librdkafka: own,
            ..section()
        };
        let error = consumer(&kafka, RESPONSE)
            .unwrap()
            .create_native_config()
            .err()
            .unwrap();
        let text = KafkaError::of_creation(error, &kafka).to_string();
        assert!(
            text.contains("no.such.thing") && !text.contains("hush"),
            "{text}"
        );
    }
}
