use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};

use super::Kafka;

/// Something that can be permitted.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// A topic.
    Topic(&'a str),
    /// Every consumer group whose name starts so.
    GroupPrefix(&'a str),
}

/// What can be done to a [`Resource`].
#[derive(Clone, Copy, Debug)]
pub enum Right {
    /// Everything.
    All,
    /// Read it.
    Read,
    /// Write to it.
    Write,
    /// Know that it is there.
    Describe,
}

impl Kafka {
    /// Lets `user` do so. What nobody was ever given a right to is open to all; from the first
    /// right on, it is closed to whoever has none.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub fn permit(&self, user: &str, right: Right, resource: Resource<'_>) {
        self.try_permit(user, right, resource)
            .unwrap_or_else(|error| panic!("permit {user} {right:?} {resource:?}: {error:#}"));
    }

    /// `CreateAcls`, version 1: librdkafka can send it, but its safe interface cannot.
    fn try_permit(&self, user: &str, right: Right, resource: Resource<'_>) -> Result<()> {
        const CREATE_ACLS: [u8; 4] = [0, 30, 0, 1];
        const ALLOW: u8 = 3;
        let (kind, name, pattern) = match resource {
            Resource::Topic(name) => (2, name, 3),
            Resource::GroupPrefix(prefix) => (3, prefix, 4),
        };
        let right = match right {
            Right::All => 2,
            Right::Read => 3,
            Right::Write => 4,
            Right::Describe => 8,
        };
        let correlation = [0; 4];
        let no_client_id = [0xff, 0xff];
        let one_acl = [0, 0, 0, 1];
        let request = [
            &CREATE_ACLS[..],
            &correlation,
            &no_client_id,
            &one_acl,
            &[kind],
            &text(name)?,
            &[pattern],
            &text(&format!("User:{user}"))?,
            &text("*")?,
            &[right, ALLOW],
        ]
        .concat();
        let mut connection = TcpStream::connect(&self.brokers)?;
        connection.write_all(&u32::try_from(request.len())?.to_be_bytes())?;
        connection.write_all(&request)?;
        // Length, correlation, throttle time, one result.
        let mut answer = [0; 18];
        connection.read_exact(&mut answer)?;
        let code = i16::from_be_bytes([answer[16], answer[17]]);
        ensure!(code == 0, "the broker answers {code}");
        Ok(())
    }
}

fn text(text: &str) -> Result<Vec<u8>> {
    let length = u16::try_from(text.len())?.to_be_bytes();
    Ok([&length, text.as_bytes()].concat())
}
