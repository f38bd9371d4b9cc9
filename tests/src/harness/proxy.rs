use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// More than any head of an HTTP answer.
const CHUNK_BYTES: usize = 64 * 1024;
const BACKLOG: u32 = 128;

/// An address between a client and a server. Until [`forward`](Self::forward), it is that of a
/// server which is down: connections to it are refused.
#[derive(Debug)]
pub struct Proxy {
    socket: TcpSocket,
}

impl Proxy {
    /// Takes a free port, on which nobody listens.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn down() -> Self {
        let bind = || -> io::Result<Self> {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            Ok(Self { socket })
        };
        bind().unwrap_or_else(|error| panic!("proxy: {error}"))
    }

    /// Its `host:port`.
    ///
    /// # Panics
    ///
    /// If the operating system does not tell.
    #[must_use]
    pub fn address(&self) -> String {
        let address = self.socket.local_addr();
        address
            .unwrap_or_else(|error| panic!("proxy: {error}"))
            .to_string()
    }

    /// From now on, until the runtime of the test ends, connections lead to the server at
    /// `host:port`. What the server says passes through `rewrite`, piece by piece as it comes: an
    /// answer of a server that waits for the next question begins a piece.
    ///
    /// # Panics
    ///
    /// If the operating system refuses.
    pub fn forward(self, server: &str, rewrite: fn(&mut Vec<u8>)) {
        let listener = self.socket.listen(BACKLOG);
        let listener = listener.unwrap_or_else(|error| panic!("proxy: {error}"));
        tokio::runtime::Handle::current().spawn(serve(listener, server.to_owned(), rewrite));
    }
}

async fn serve(listener: TcpListener, server: String, rewrite: fn(&mut Vec<u8>)) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&server).await else {
            continue;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let runtime = tokio::runtime::Handle::current();
        runtime.spawn(pass(from_client, to_server, |_| {}));
        runtime.spawn(pass(from_server, to_client, rewrite));
    }
}

/// Ends when either end does, and closes the other.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, rewrite: fn(&mut Vec<u8>)) {
    let mut piece = Vec::with_capacity(CHUNK_BYTES);
    while from.read_buf(&mut piece).await.is_ok_and(|bytes| bytes > 0) {
        rewrite(&mut piece);
        if to.write_all(&piece).await.is_err() {
            return;
        }
        piece.clear();
    }
}
