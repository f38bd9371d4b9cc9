use std::net::TcpListener;

use anyhow::Result;

/// Free ports of the loopback address, all different. Another process may take one before it is
/// used: whoever starts a server on them tries again with others.
pub(super) fn free<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
