use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A wire between clients and a server that keeps what the clients send.
#[derive(Debug)]
pub struct Wiretap {
    /// Where clients come in: `host:port`.
    pub address: String,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Wiretap {
    /// A wire to the server at `host:port`, until the runtime of the test ends.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("wiretap: {error}"));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("wiretap: {error}"));
        let sent = Arc::default();
        let kept = Arc::clone(&sent);
        let server = server.to_owned();
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                tokio::runtime::Handle::current().spawn(listen(client, server, Arc::clone(&kept)));
            }
        });
        Self {
            address: address.to_string(),
            sent,
        }
    }

    /// What was sent so far, connection by connection.
    #[must_use]
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.sent.lock().clone()
    }
}

async fn listen(client: TcpStream, server: TcpStream, sent: Arc<Mutex<Vec<Vec<u8>>>>) {
    let connection = {
        let mut sent = sent.lock();
        sent.push(Vec::new());
        sent.len() - 1
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = async move { tokio::io::copy(&mut from_server, &mut to_client).await };
    tokio::runtime::Handle::current().spawn(back);
    let mut piece = Vec::with_capacity(64 * 1024);
    while from_client
        .read_buf(&mut piece)
        .await
        .is_ok_and(|bytes| bytes > 0)
    {
        sent.lock()[connection].extend_from_slice(&piece);
        if to_server.write_all(&piece).await.is_err() {
            return;
        }
        piece.clear();
    }
}
