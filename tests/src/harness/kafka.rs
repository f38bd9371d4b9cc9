mod listener;
mod node;
mod cluster;
mod acls;

use std::thread;

use anyhow::{Context, Result};

use self::node::Node;
use super::certificates::Certificates;

pub use acls::{Resource, Right};
pub use listener::Listener;

/// How often a start is tried, each time on other ports.
const STARTS: usize = 3;

/// Kafka (KRaft): one node, or several that are brokers and controllers. A topic is made per test, so
/// tests do not meet in it.
#[derive(Debug)]
pub struct Kafka {
    nodes: Vec<Node>,
    /// `host:port` of [`Listener::Plaintext`], of each node.
    pub brokers: String,
    /// The brokers' certificates, and those for their clients.
    pub certificates: Certificates,
}

impl Kafka {
    /// Starts a broker of one's own, for tests that stop it; the others share
    /// [`kafka`](super::kafka).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start() -> Self {
        Self::of_nodes(1)
    }

    /// Starts three brokers of one's own: whatever is written is on all of them, and on two at least
    /// before it is acknowledged.
    ///
    /// # Panics
    ///
    /// If they do not start; the message says why.
    #[must_use]
    pub fn start_cluster() -> Self {
        Self::of_nodes(3)
    }

    /// `host:port` of a listener, of each node.
    #[must_use]
    pub fn brokers_at(&self, listener: Listener) -> String {
        addresses(&self.nodes, listener)
    }

    /// Kills every node with SIGKILL, as a crash does. Their data stays.
    pub fn kill(&self) {
        self.nodes.iter().for_each(Node::kill);
    }

    /// Starts every node again after [`kill`](Self::kill), on its ports and data.
    ///
    /// # Panics
    ///
    /// If one does not start; the message says why.
    pub fn restart(&self) {
        self.kill();
        start(&self.nodes).unwrap_or_else(|error| panic!("Kafka: {error:#}"));
    }

    fn of_nodes(nodes: usize) -> Self {
        let mut tried = Self::try_start(nodes);
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start(nodes));
        }
        tried.unwrap_or_else(|error| panic!("Kafka: {error:#}"))
    }

    fn try_start(nodes: usize) -> Result<Self> {
        let nodes = (0..nodes)
            .map(|_| Node::new())
            .collect::<Result<Vec<_>>>()?;
        let first = nodes.first().context("no node")?;
        let certificates = Certificates::make(first.folder())?;
        let voters = (1..).zip(&nodes).map(|(id, node)| node.voter(id));
        let voters = voters.collect::<Vec<_>>().join(",");
        format_all(&nodes, &voters, &certificates)?;
        start(&nodes)?;
        Ok(Self {
            brokers: addresses(&nodes, Listener::Plaintext),
            nodes,
            certificates,
        })
    }
}

/// Side by side: the first time each takes a JVM's start.
fn format_all(nodes: &[Node], voters: &str, certificates: &Certificates) -> Result<()> {
    let count = nodes.len();
    thread::scope(|scope| {
        let all: Vec<_> = (1..)
            .zip(nodes)
            .map(|(id, node)| scope.spawn(move || node.format(id, count, voters, certificates)))
            .collect();
        all.into_iter().try_for_each(|one| {
            let formatted = one.join();
            formatted.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// All are launched before the first is waited for.
fn start(nodes: &[Node]) -> Result<()> {
    nodes.iter().try_for_each(Node::launch)?;
    nodes.iter().try_for_each(Node::wait_until_ready)
}

fn addresses(nodes: &[Node], listener: Listener) -> String {
    let address = |node: &Node| format!("127.0.0.1:{}", node.ports[listener as usize]);
    nodes.iter().map(address).collect::<Vec<_>>().join(",")
}
