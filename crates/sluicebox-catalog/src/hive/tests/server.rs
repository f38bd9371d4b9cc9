//! A metastore that reacts to its first calls as it is told, and to no further ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::hive::thrift::{Message, Reader, Struct, call};

/// What a call leads to.
#[derive(Clone)]
pub(super) enum Reaction {
    /// A function's result.
    Result(Struct),
    /// Thrift's own exception.
    Exception(Struct),
    /// These bytes, and the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing, and the connection stays open.
    Silence,
}

impl Reaction {
    /// The bytes of an answer to the call of a function with this number.
    pub(super) fn bytes(&self, function: &str, sequence: i32) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Result(body) => (2, body),
            Self::Exception(body) => (3, body),
            Self::Bytes(bytes) => return bytes.clone(),
            Self::Silence => return Vec::new(),
        };
        let mut bytes = call(function, sequence, body);
        bytes[3] = kind;
        bytes
    }
}

/// Ends with the test's runtime.
pub(super) struct Server {
    pub(super) address: String,
    connections: Arc<AtomicUsize>,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    reactions: VecDeque<Reaction>,
    calls: Vec<Message>,
}

impl Server {
    pub(super) async fn start(reactions: Vec<Reaction>) -> Self {
        Self::serve(reactions, false).await
    }

    /// One that speaks in frames.
    pub(super) async fn start_framed(reactions: Vec<Reaction>) -> Self {
        Self::serve(reactions, true).await
    }

    /// An address at which nobody listens.
    pub(super) fn nobody() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its address").to_string()
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The calls so far. They look like replies.
    pub(super) fn calls(&self) -> Vec<Message> {
        self.script.lock().calls.clone()
    }

    async fn serve(reactions: Vec<Reaction>, framed: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let connections = Arc::<AtomicUsize>::default();
        let script = Arc::new(Mutex::new(Script {
            reactions: reactions.into(),
            calls: Vec::new(),
        }));
        let (count, shared) = (Arc::clone(&connections), Arc::clone(&script));
        let runtime = tokio::runtime::Handle::current();
        runtime.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                runtime.spawn(answer(stream, Arc::clone(&shared), framed));
            }
        });
        Self {
            address,
            connections,
            script,
        }
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Mutex<Script>>, framed: bool) -> Option<()> {
    loop {
        if framed {
            stream.read_u32().await.ok()?;
        }
        let call = read_call(&mut stream).await?;
        let reaction = script.lock().reactions.pop_front()?;
        let bytes = reaction.bytes(&call.function, call.sequence);
        script.lock().calls.push(call);
        if framed {
            let length = u32::try_from(bytes.len()).expect("a short answer");
            stream.write_u32(length).await.ok()?;
        }
        stream.write_all(&bytes).await.ok()?;
        match reaction {
            Reaction::Bytes(_) => return None,
            Reaction::Silence => std::future::pending().await,
            Reaction::Result(_) | Reaction::Exception(_) => {}
        }
    }
}

/// The next call, read as the reply that it differs from in one byte.
async fn read_call(stream: &mut TcpStream) -> Option<Message> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.ok()?;
    assert_eq!(head, [0x80, 1, 0, 1], "a call");
    head[3] = 2;
    let call = Reader::new((&head[..]).chain(stream)).message().await;
    call.ok()
}
