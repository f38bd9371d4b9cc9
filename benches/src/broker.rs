//! A broker that costs next to nothing: it knows a few topics, whose batches are prepared, and just as
//! much of the protocol as a consumer asks for. Its CPU is that of this process, never of the one
//! that is measured.
//!
//! It is no model of Kafka: a group has one member, and nothing can be produced.

mod connection;
mod answers;
mod fetch;
mod group;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use parking_lot::Mutex;
use uuid::Uuid;

use self::group::Group;
use crate::load::{PartitionLog, TopicLog};

/// The broker, serving until the process ends.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    topics: Vec<Topic>,
    group: Mutex<Group>,
}

#[derive(Debug)]
struct Topic {
    name: TopicName,
    id: Uuid,
    partitions: Vec<PartitionLog>,
}

impl Broker {
    /// Starts a broker on a free port of the loopback address.
    ///
    /// # Errors
    /// When the operating system gives no port.
    pub fn start(topics: Vec<TopicLog>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            address,
            topics: (1..).zip(topics).map(Topic::from).collect(),
            group: Mutex::default(),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let ended = connection::serve(stream, &shared);
                    // Nobody waits for the answer; whoever looks at a stuck client wants it.
                    let _told = ended.map_err(|error| writeln!(io::stderr(), "broker: {error:#}"));
                });
            }
        });
        Ok(Self { address })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl From<(u128, TopicLog)> for Topic {
    /// A topic with that id.
    fn from((id, log): (u128, TopicLog)) -> Self {
        Self {
            name: StrBytes::from_string(log.name).into(),
            id: Uuid::from_u128(id),
            partitions: log.partitions,
        }
    }
}
