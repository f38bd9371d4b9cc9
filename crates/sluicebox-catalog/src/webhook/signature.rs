use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How secrets of Standard Webhooks begin.
const PREFIX: &str = "whsec_";

/// Signs requests as "Standard Webhooks" 1.0 says, for which receivers find libraries: HMAC-SHA256
/// over `<webhook-id>.<webhook-timestamp>.<body>`, in base64 after `v1,`. The time lets a receiver
/// refuse what was recorded long ago; it is the try's own and no part of the event.
pub(super) struct Signer {
    key: Vec<u8>,
}

impl Signer {
    /// With the key that a secret stands for: base64 after `whsec_`, else its bytes.
    pub(super) fn new(secret: &str) -> Result<Self, base64::DecodeError> {
        let key = match secret.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded)?,
            None => secret.as_bytes().to_vec(),
        };
        Ok(Self { key })
    }

    /// The headers of a request, in which the body of event `id` is sent at `seconds` since
    /// 1970-01-01 UTC.
    pub(super) fn headers(
        &self,
        id: &str,
        seconds: i64,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        let time = seconds.to_string();
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).map(|mut mac| {
            for piece in [id.as_bytes(), b".", time.as_bytes(), b".", body] {
                mac.update(piece);
            }
            STANDARD.encode(mac.finalize().into_bytes())
        });
        // HMAC takes keys of every length; without one the receiver would refuse the request.
        let signature = mac.map_or_else(|_| String::new(), |mac| format!("v1,{mac}"));
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", time),
            ("webhook-signature", signature),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let body = br#"{"test": 2432232314}"#;
        let [_, _, (_, signature)] =
            signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(Signer::new("whsec_?").is_err());
    }
}
