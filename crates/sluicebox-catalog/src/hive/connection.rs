use std::io;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::thrift::{self, Message, ReadError, Reader, Struct};

/// A connection to one metastore, for one call after the other. After an error it is of no use.
#[derive(Debug)]
pub(super) struct Connection {
    reader: Reader<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
    framed: bool,
    sequence: i32,
}

impl Connection {
    /// Connects to `host:port`, to the first of its addresses that answers.
    pub(super) async fn open(address: &str, framed: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Self {
            reader: Reader::new(BufReader::new(reader)),
            writer,
            framed,
            sequence: 0,
        })
    }

    /// Calls a function and gives what answers it.
    pub(super) async fn call(
        &mut self,
        function: &str,
        arguments: &Struct,
    ) -> Result<Message, ReadError> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = thrift::call(function, self.sequence, arguments);
        if self.framed {
            let length = u32::try_from(request.len()).map_err(io::Error::other)?;
            self.writer.write_u32(length).await?;
        }
        self.writer.write_all(&request).await?;
        if self.framed {
            self.reader.frame().await?;
        }
        let message = self.reader.message().await?;
        if message.function == function && message.sequence == self.sequence {
            Ok(message)
        } else {
            Err(ReadError::Malformed("an answer belongs to another call"))
        }
    }
}
