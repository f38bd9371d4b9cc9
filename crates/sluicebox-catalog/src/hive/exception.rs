use super::functions::ExceptionKind;
use super::thrift::{ReadError, Struct};
use crate::failure::{Failure, one_line};

/// What a metastore throws. Its text may be a page of a foreign stack trace.
#[derive(Clone, Debug)]
pub(super) struct Exception {
    pub(super) kind: ExceptionKind,
    pub(super) message: String,
}

/// Words that tell what is wrong, in the texts of Hive 2.3 to 4.0, of Hadoop's file systems and of
/// AWS; and the cure.
const CURES: [(&str, &str); 9] = [
    ("AccessControlException", PERMISSION),
    ("Permission denied", PERMISSION),
    ("AccessDenied", PERMISSION),
    ("Forbidden", PERMISSION),
    (
        "No FileSystem for scheme",
        "give the metastore the library of this file system (hadoop-aws for s3a) and, for s3://, \
         fs.s3.impl",
    ),
    (
        "ClassNotFoundException",
        "give the metastore the library of this class",
    ),
    ("UnknownHostException", "fix the address in the location"),
    ("NoSuchBucket", "create the bucket or fix the location"),
    (
        "incompatible with the existing columns",
        "write the changed column under a new name, or alter the table by hand",
    ),
];

const PERMISSION: &str = "the metastore looks into every location and makes missing folders: give \
     its user the right to write there";

impl From<Exception> for Failure {
    fn from(Exception { kind, message }: Exception) -> Self {
        let words = one_line(&message);
        let cure = CURES.iter().find(|(symptom, _)| message.contains(symptom));
        if let Some((_, cure)) = cure {
            return Self::fatal(format!("{words}; {cure}"));
        }
        let gone = ["exist", "not found", "no such"];
        let lower = message.to_lowercase();
        match kind {
            ExceptionKind::AlreadyExists | ExceptionKind::NoSuchObject => Self::conflict(words),
            ExceptionKind::Meta => Self::retry(words),
            ExceptionKind::InvalidObject | ExceptionKind::InvalidOperation
                if gone.iter().any(|word| lower.contains(word)) =>
            {
                Self::conflict(words)
            }
            ExceptionKind::InvalidObject | ExceptionKind::InvalidOperation => Self::fatal(words),
        }
    }
}

/// The metastore did not get as far as the function.
pub(super) fn not_called(function: &str, body: &Struct) -> Failure {
    let words = one_line(body.text(1).unwrap_or("no reason given"));
    if words.contains("nvalid method name") {
        return Failure::fatal(format!(
            "the metastore has no function {function}; Sluicebox speaks to Hive 2.3, 3.1 and 4.0"
        ));
    }
    Failure::retry(format!("{function}: {words}"))
}

/// What came instead of an answer of `address`.
pub(super) fn no_answer(address: &str, error: &ReadError) -> Failure {
    let fatal = |why: &str| Failure::fatal(format!("{address} {why}"));
    match error {
        ReadError::NotThrift([1..=5, 0, ..]) => {
            fatal("wants SASL: a metastore with Kerberos, which Sluicebox does not speak to")
        }
        ReadError::NotThrift([0x15, 3, ..]) => fatal(
            "wants TLS, which Sluicebox does not speak to metastores; put a TLS proxy before it",
        ),
        ReadError::NotThrift([b'H', b'T', b'T', b'P']) => {
            fatal("speaks HTTP; set its Thrift port, usually 9083")
        }
        ReadError::NotThrift([_, _, 0x80, 1] | [0, ..]) => {
            fatal("frames its answers; set framed for this metastore")
        }
        ReadError::NotThrift(_) => fatal(&format!(
            "is no metastore that Sluicebox can speak to: {error}"
        )),
        ReadError::TooLarge => fatal(&format!("gave too much: {error}")),
        ReadError::Malformed(_) => Failure::retry(format!("{address} gave nonsense: {error}")),
        ReadError::Io(error) => Failure::retry(one_line(&format!(
            "{address} broke off before it answered: {error}; if it always does, it wants TLS, \
             Kerberos or frames"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    /// What a person can heal says how, what heals by itself is tried again, and what somebody else
    /// did is looked at again.
    #[test]
    fn exceptions_are_told_apart() {
        use ExceptionKind::{InvalidObject, InvalidOperation, Meta, NoSuchObject};
        for (kind, text, class, words) in [
            (
                Meta,
                "Got exception: org.apache.hadoop.security.AccessControlException Permission denied: user=x",
                Class::Fatal,
                "right to write",
            ),
            (
                Meta,
                "Got exception: java.nio.file.AccessDeniedException s3a://lake/x: 403: Forbidden",
                Class::Fatal,
                "right to write",
            ),
            (
                Meta,
                "No FileSystem for scheme \"s3\"",
                Class::Fatal,
                "fs.s3.impl",
            ),
            (
                Meta,
                "javax.jdo.JDODataStoreException: lock timeout\n\tat org.datanucleus",
                Class::Retry,
                "lock timeout",
            ),
            (
                InvalidOperation,
                "The following columns have types incompatible with the existing columns in their respective positions :\nid",
                Class::Fatal,
                "new name",
            ),
            (
                InvalidOperation,
                "table air.flights doesn't exist",
                Class::Conflict,
                "doesn't exist",
            ),
            (
                InvalidObject,
                "a-b is not a valid object name",
                Class::Fatal,
                "valid",
            ),
            (
                NoSuchObject,
                "hive.air.flights table not found",
                Class::Conflict,
                "not found",
            ),
        ] {
            let failure = Failure::from(Exception {
                kind,
                message: text.to_owned(),
            });
            assert_eq!(failure.class, class, "{text}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    /// Who stands behind the port is told by the first bytes of his answer.
    #[test]
    fn other_servers_are_named() {
        for (first, words) in [
            (*b"HTTP", "HTTP"),
            ([0x15, 3, 3, 0], "TLS"),
            ([4, 0, 0, 0], "Kerberos"),
            ([0, 0, 0, 42], "framed"),
            (*b"SSH-", "no metastore"),
        ] {
            let failure = no_answer("host:9083", &ReadError::NotThrift(first));
            assert_eq!(failure.class, Class::Fatal);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
}
