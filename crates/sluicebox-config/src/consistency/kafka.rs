use crate::report::Report;
use crate::sections::{GroupProtocol, KafkaSection, SaslSection, TlsSection};

pub(super) fn check(kafka: &KafkaSection, report: &mut Report) {
    if let Some(tls) = &kafka.tls {
        check_tls(tls, report);
    }
    if let Some(sasl) = &kafka.sasl {
        check_sasl(kafka, sasl, report);
    }
    if kafka.group_protocol == GroupProtocol::Classic
        && kafka.session_timeout > kafka.max_poll_interval
    {
        let message = format!(
            "must be at least session_timeout, which is {}; got {}",
            kafka.session_timeout, kafka.max_poll_interval
        );
        report.error("/kafka/max_poll_interval", message, None);
    }
}

fn check_tls(tls: &TlsSection, report: &mut Report) {
    match (&tls.cert, &tls.key) {
        (Some(_), None) => {
            report.error(
                "/kafka/tls/cert",
                "a client certificate needs its `key`",
                None,
            );
        }
        (None, Some(_)) => {
            report.error(
                "/kafka/tls/key",
                "a private key needs its certificate, `cert`",
                None,
            );
        }
        _ => {}
    }
    if tls.key_password.is_some() && tls.key.is_none() {
        report.error(
            "/kafka/tls/key_password",
            "there is no `key` that it is for",
            None,
        );
    }
}

fn check_sasl(kafka: &KafkaSection, sasl: &SaslSection, report: &mut Report) {
    if kafka.tls.is_some() || kafka.allow_plaintext_sasl {
        return;
    }
    let readable = match sasl {
        SaslSection::Plain { .. } => "the password",
        SaslSection::OauthBearer { .. } => "the token",
        SaslSection::ScramSha256 { .. } | SaslSection::ScramSha512 { .. } => {
            "what a password can be guessed from"
        }
    };
    let help = "add `tls: {}` under kafka, or allow it with `allow_plaintext_sasl: true`";
    let message = format!("without TLS everybody on the way can read {readable}");
    report.key_error("/kafka/sasl", message, Some(help.to_owned()));
}
