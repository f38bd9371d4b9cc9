use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// Certificates for TLS with a broker on this machine, made anew for each broker, as PEM files.
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
}

/// A certificate and its private key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key, unencrypted (PKCS #8).
    pub key: PathBuf,
}

/// A key store as Kafka takes it: key and certificate in one file.
#[derive(Clone, Copy, Debug)]
pub(super) enum BrokerCertificate {
    Good,
    Expired,
    OtherHost,
}

impl Certificates {
    /// Makes them all.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let certificates = Self {
            folder: folder.to_owned(),
        };
        let authority = certificates.make_authority("authority")?;
        certificates.make_authority("stranger")?;
        for kind in [
            BrokerCertificate::Good,
            BrokerCertificate::Expired,
            BrokerCertificate::OtherHost,
        ] {
            let (certificate, key) = sign(&kind.params()?, &authority)?;
            fs::write(certificates.key_store(kind), key + &certificate)?;
        }
        let mut client = CertificateParams::new(Vec::new())?;
        client.distinguished_name.push(DnType::CommonName, "client");
        let (certificate, key) = sign(&client, &authority)?;
        let files = certificates.client();
        fs::write(files.certificate, certificate)?;
        fs::write(files.key, key)?;
        Ok(certificates)
    }

    /// The authority that signed every certificate here.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// An authority that signed none of them.
    #[must_use]
    pub fn other_authority(&self) -> PathBuf {
        self.folder.join("stranger.pem")
    }

    /// A client that brokers trust.
    #[must_use]
    pub fn client(&self) -> Identity {
        Identity {
            certificate: self.folder.join("client.pem"),
            key: self.folder.join("client.key"),
        }
    }

    pub(super) fn key_store(&self, kind: BrokerCertificate) -> PathBuf {
        self.folder.join(match kind {
            BrokerCertificate::Good => "broker.pem",
            BrokerCertificate::Expired => "expired-broker.pem",
            BrokerCertificate::OtherHost => "other-broker.pem",
        })
    }

    fn make_authority(&self, name: &str) -> Result<Issuer<'static, KeyPair>> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let file = self.folder.join(name).with_extension("pem");
        fs::write(file, certificate.pem())?;
        Ok(Issuer::new(params, key))
    }
}

impl BrokerCertificate {
    fn params(self) -> Result<CertificateParams> {
        let names = match self {
            Self::Good | Self::Expired => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            Self::OtherHost => vec!["elsewhere.example".to_owned()],
        };
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "broker");
        if matches!(self, Self::Expired) {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        Ok(params)
    }
}

/// Certificate and key, as PEM.
fn sign(params: &CertificateParams, by: &Issuer<'_, KeyPair>) -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, by)?.pem(), key.serialize_pem()))
}
