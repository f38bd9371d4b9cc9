use crate::harness::certificates::{BrokerCertificate, Certificates};

/// A way into the broker. What needs a login takes user `alice`, password `alice-secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Neither encryption nor login. Who comes here may do everything.
    Plaintext,
    /// A login (SCRAM-SHA-512) without encryption.
    SaslPlaintext,
    /// TLS.
    Tls,
    /// TLS, and the client must show a certificate.
    MutualTls,
    /// TLS and a login: PLAIN, SCRAM-SHA-512 or OAUTHBEARER (with any unsigned token).
    SaslTls,
    /// TLS; the broker's certificate has expired.
    ExpiredTls,
    /// TLS; the broker's certificate names another host.
    OtherHostTls,
}

impl Listener {
    /// Every way there is.
    pub(super) const ALL: [Self; 7] = [
        Self::Plaintext,
        Self::SaslPlaintext,
        Self::Tls,
        Self::MutualTls,
        Self::SaslTls,
        Self::ExpiredTls,
        Self::OtherHostTls,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::Tls => "TLS",
            Self::MutualTls => "MUTUAL_TLS",
            Self::SaslTls => "SASL_TLS",
            Self::ExpiredTls => "EXPIRED_TLS",
            Self::OtherHostTls => "OTHER_HOST_TLS",
        }
    }

    const fn protocol(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::Tls | Self::MutualTls | Self::ExpiredTls | Self::OtherHostTls => "SSL",
            Self::SaslTls => "SASL_SSL",
        }
    }
}

/// The broker's settings about its listeners: one on each of `ports`, and the controller's.
pub(super) fn properties(
    ports: [u16; Listener::ALL.len()],
    controller: u16,
    certificates: &Certificates,
) -> String {
    let each = |text: &dyn Fn(Listener, u16) -> String| {
        let listeners = Listener::ALL.into_iter().zip(ports);
        let texts = listeners.map(|(listener, port)| text(listener, port));
        texts.collect::<Vec<_>>().join(",")
    };
    let addresses = each(&|listener, port| format!("{}://127.0.0.1:{port}", listener.name()));
    let protocols = each(&|listener, _| format!("{}:{}", listener.name(), listener.protocol()));
    let key_store = |kind| certificates.key_store(kind).display().to_string();
    format!(
        "listeners={addresses},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners={addresses}\n\
         listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT\n\
         ssl.truststore.type=PEM\n\
         ssl.truststore.location={authority}\n\
         ssl.keystore.type=PEM\n\
         ssl.keystore.location={good}\n\
         listener.name.expired_tls.ssl.keystore.location={expired}\n\
         listener.name.other_host_tls.ssl.keystore.location={other_host}\n\
         {LOGINS}",
        authority = certificates.authority().display(),
        good = key_store(BrokerCertificate::Good),
        expired = key_store(BrokerCertificate::Expired),
        other_host = key_store(BrokerCertificate::OtherHost),
    )
}

/// Kafka takes unsigned tokens (`alg: none`) where nobody configures a validator.
const LOGINS: &str = "\
listener.name.mutual_tls.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_tls.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl_tls.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_alice=\"alice-secret\";
listener.name.sasl_tls.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_tls.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";
";
