use std::net::TcpListener;
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

/// Below the ports that Linux and macOS by default give to connections and to whoever listens on
/// port 0. One of those would be anybody's while its server is stopped, which could not come back.
const RANGE: Range<u16> = 10_000..32_768;

/// Free ports of the loopback address, all different; nobody gets one of them again in this process.
/// Another process may take one before it is used: whoever starts a server on them tries again with
/// others.
pub(super) fn free<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    for port in &mut ports {
        let found = RANGE.map(|_| next()).find(is_free);
        *port = found.with_context(|| format!("no port of {RANGE:?} is free on 127.0.0.1"))?;
    }
    Ok(ports)
}

/// The ports of the range in turn. Test processes that run side by side begin at different places.
fn next() -> u16 {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    /// More than a process needs, and without a divisor in common with the range's length.
    const APART: u64 = 1_009;
    let number = u64::from(process::id()) * APART + GIVEN.fetch_add(1, Ordering::Relaxed);
    let place = number % u64::from(RANGE.end - RANGE.start);
    RANGE.start + u16::try_from(place).expect("less than the range's length")
}

fn is_free(port: &u16) -> bool {
    TcpListener::bind(("127.0.0.1", *port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A server that is stopped gets its ports again: they are nobody else's, neither another
    /// server's of the tests nor a connection's.
    #[test]
    fn a_port_is_given_once() {
        let ports: HashSet<u16> = (0..20).flat_map(|_| free::<10>().expect("ports")).collect();
        assert_eq!(ports.len(), 200);
        assert!(ports.iter().all(|port| RANGE.contains(port)), "{ports:?}");
    }

    /// A port that somebody listens on is passed over.
    #[test]
    fn a_port_in_use_is_not_free() {
        let [port] = free().expect("a port");
        let _listener = TcpListener::bind(("127.0.0.1", port)).expect("it is free");
        assert!(!is_free(&port));
    }
}
