//! A broker that costs next to nothing: it knows a few topics, whose batches are prepared, and just as
//! much of the protocol as a consumer asks for. Its CPU is that of this process, never of the one
//! that is measured.
//!
//! It is no model of Kafka: a group has one member, nothing can be produced, and of several brokers,
//! which lead the partitions in turn, each would answer for all.

mod connection;
mod answers;
mod fetch;
mod group;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use anyhow::{Result, ensure};
use kafka_protocol::messages::{BrokerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use parking_lot::Mutex;
use uuid::Uuid;

use self::group::Group;
use crate::load::{PartitionLog, TopicLog};

/// A cluster of brokers, serving until the process ends.
#[derive(Debug)]
pub struct Cluster {
    addresses: Vec<SocketAddr>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    /// Where the brokers are, by their ids from 1 on.
    brokers: BTreeMap<BrokerId, SocketAddr>,
    topics: Vec<Topic>,
    group: Mutex<Group>,
}

#[derive(Debug)]
struct Topic {
    name: TopicName,
    id: Uuid,
    partitions: Vec<PartitionLog>,
}

impl Cluster {
    /// Starts so many brokers, each on a free port of the loopback address.
    ///
    /// # Errors
    /// When there shall be none, or the operating system gives no port.
    pub fn start(topics: Vec<TopicLog>, brokers: u16) -> Result<Self> {
        ensure!(brokers > 0, "a cluster of no brokers");
        let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listeners: Vec<_> = (0..brokers).map(bind).collect::<io::Result<_>>()?;
        let addresses: Vec<_> = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()?;
        let shared = Arc::new(Shared {
            brokers: (1..).map(BrokerId).zip(addresses.iter().copied()).collect(),
            topics: (1..).zip(topics).map(Topic::from).collect(),
            group: Mutex::default(),
        });
        for listener in listeners {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared));
        }
        Ok(Self { addresses })
    }

    /// `host:port` of all of them.
    #[must_use]
    pub fn addresses(&self) -> String {
        let addresses: Vec<_> = self.addresses.iter().map(SocketAddr::to_string).collect();
        addresses.join(",")
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let ended = connection::serve(stream, &shared);
            // Nobody waits for the answer; whoever looks at a stuck client wants it.
            let _told = ended.map_err(|error| writeln!(io::stderr(), "broker: {error:#}"));
        });
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
