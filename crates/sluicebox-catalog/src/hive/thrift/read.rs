use std::io;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Kind, Struct, Value};

/// How deep values may nest. A metastore's tables need six.
const DEPTH_MAX: usize = 32;

/// Memory that one message may take. 250 partitions of a thousand columns each take a third of it.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A value in its vector, which grows by doubling.
const VALUE_BYTES: usize = 2 * size_of::<(i16, Value)>();

/// A reader of messages. After an error it is lost: what follows cannot be told from the rest of
/// what was broken off.
#[derive(Debug)]
pub(in crate::hive) struct Reader<R> {
    input: R,
    /// How much memory the message in hand may still take.
    allowance: usize,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hive) struct Message {
    pub(in crate::hive) kind: MessageKind,
    /// The function that it answers.
    pub(in crate::hive) function: String,
    /// The number of the call.
    pub(in crate::hive) sequence: i32,
    pub(in crate::hive) body: Struct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hive) enum MessageKind {
    /// The function's result, or one of its exceptions.
    Reply,
    /// The server could not call the function.
    Exception,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(in crate::hive) enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// These bytes begin no message.
    #[error("an answer that begins with {0:02x?} is not Thrift's binary protocol")]
    NotThrift([u8; 4]),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("an answer takes more than {MESSAGE_BYTES_MAX} bytes of memory")]
    TooLarge,
}

impl<R: AsyncRead + Unpin + Send> Reader<R> {
    pub(in crate::hive) const fn new(input: R) -> Self {
        Self {
            input,
            allowance: 0,
        }
    }

    /// The length of the frame that begins here. Its message is read without it.
    pub(in crate::hive) async fn frame(&mut self) -> Result<(), ReadError> {
        self.input.read_i32().await?;
        Ok(())
    }

    /// The next message.
    pub(in crate::hive) async fn message(&mut self) -> Result<Message, ReadError> {
        self.allowance = MESSAGE_BYTES_MAX;
        let mut head = [0; 4];
        self.input.read_exact(&mut head).await?;
        let kind = match head {
            [0x80, 0x01, _, 2] => MessageKind::Reply,
            [0x80, 0x01, _, 3] => MessageKind::Exception,
            _ => return Err(ReadError::NotThrift(head)),
        };
        let function = self.binary().await?;
        Ok(Message {
            kind,
            function: String::from_utf8_lossy(&function).into_owned(),
            sequence: self.input.read_i32().await?,
            body: self.structure(0).await?,
        })
    }

    async fn structure(&mut self, depth: usize) -> Result<Struct, ReadError> {
        const STOP: u8 = 0;
        let mut fields = Struct::new();
        loop {
            let kind = match self.input.read_u8().await? {
                STOP => return Ok(fields),
                number => kind(number)?,
            };
            let id = self.input.read_i16().await?;
            fields.set(id, self.value(kind, depth + 1).await?);
        }
    }

    fn value(&mut self, kind: Kind, depth: usize) -> BoxFuture<'_, Result<Value, ReadError>> {
        Box::pin(async move {
            if depth > DEPTH_MAX {
                return Err(ReadError::Malformed("an answer nests too deep"));
            }
            self.spend(VALUE_BYTES)?;
            Ok(match kind {
                Kind::Bool => Value::Bool(self.input.read_u8().await? != 0),
                Kind::I8 => Value::I8(self.input.read_i8().await?),
                Kind::I16 => Value::I16(self.input.read_i16().await?),
                Kind::I32 => Value::I32(self.input.read_i32().await?),
                Kind::I64 => Value::I64(self.input.read_i64().await?),
                Kind::Double => Value::Double(self.input.read_f64().await?),
                Kind::Binary => Value::Binary(self.binary().await?),
                Kind::Struct => Value::Struct(self.structure(depth).await?),
                Kind::Map => self.map(depth).await?,
                Kind::Set | Kind::List => {
                    let element = self.kind().await?;
                    let values = self.values(element, depth).await?;
                    match kind {
                        Kind::Set => Value::Set(element, values),
                        _ => Value::List(element, values),
                    }
                }
            })
        })
    }

    async fn map(&mut self, depth: usize) -> Result<Value, ReadError> {
        let kinds = [self.input.read_u8().await?, self.input.read_u8().await?];
        let length = self.length().await?;
        // An empty map may leave its kinds out.
        if length == 0 {
            return Ok(Value::Map(Kind::Binary, Kind::Binary, Vec::new()));
        }
        let [key_kind, value_kind] = [kind(kinds[0])?, kind(kinds[1])?];
        let mut entries = Vec::new();
        for _ in 0..length {
            let key = self.value(key_kind, depth + 1).await?;
            entries.push((key, self.value(value_kind, depth + 1).await?));
        }
        Ok(Value::Map(key_kind, value_kind, entries))
    }

    /// Grows with what comes, not with what was announced.
    async fn values(&mut self, kind: Kind, depth: usize) -> Result<Vec<Value>, ReadError> {
        let mut values = Vec::new();
        for _ in 0..self.length().await? {
            values.push(self.value(kind, depth + 1).await?);
        }
        Ok(values)
    }

    /// Grows with what comes, not with what was announced.
    async fn binary(&mut self) -> Result<Vec<u8>, ReadError> {
        let length = self.length().await?;
        self.spend(length)?;
        let mut bytes = Vec::new();
        let mut input = (&mut self.input).take(length as u64);
        input.read_to_end(&mut bytes).await?;
        if bytes.len() < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(bytes)
    }

    async fn kind(&mut self) -> Result<Kind, ReadError> {
        kind(self.input.read_u8().await?)
    }

    async fn length(&mut self) -> Result<usize, ReadError> {
        let length = self.input.read_i32().await?;
        usize::try_from(length).map_err(|_negative| ReadError::Malformed("a length is negative"))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ReadError> {
        let left = self.allowance.checked_sub(bytes);
        self.allowance = left.ok_or(ReadError::TooLarge)?;
        Ok(())
    }
}

fn kind(number: u8) -> Result<Kind, ReadError> {
    Kind::of(number).ok_or(ReadError::Malformed(
        "an answer holds an unknown kind of value",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hive::thrift::call;

    async fn read(bytes: &[u8]) -> Result<Message, ReadError> {
        Reader::new(bytes).message().await
    }

    fn read_now(bytes: &[u8]) -> Result<Message, ReadError> {
        futures::executor::block_on(read(bytes))
    }

    /// A reply of the same body.
    fn reply(body: &Struct) -> Vec<u8> {
        let mut bytes = call("f", 7, body);
        bytes[3] = 2;
        bytes
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i8>().prop_map(Value::I8),
            any::<i16>().prop_map(Value::I16),
            any::<i32>().prop_map(Value::I32),
            any::<i64>().prop_map(Value::I64),
            (-1e300..1e300).prop_map(Value::Double),
            any::<Vec<u8>>().prop_map(Value::Binary),
        ];
        leaf.prop_recursive(4, 64, 5, |inner| {
            let fields = prop::collection::btree_map(any::<i16>(), inner.clone(), 0..5);
            let fields = fields.prop_map(|fields| fields.into_iter().collect());
            prop_oneof![
                fields.prop_map(|fields| Value::Struct(Struct(fields))),
                prop::collection::vec(inner.clone(), 1..5).prop_map(|values| {
                    let first = values[0].clone();
                    Value::List(first.kind(), vec![first; values.len()])
                }),
                (inner.clone(), inner).prop_map(|(key, value)| {
                    Value::Map(key.kind(), value.kind(), vec![(key, value)])
                }),
            ]
        })
    }

    proptest! {
        /// What is written is read back, whatever it is.
        #[test]
        fn values_are_read_back(value in values()) {
            let body = Struct::new().with(1, value);
            let message = read_now(&reply(&body)).expect("a message");
            prop_assert_eq!(message.sequence, 7);
            prop_assert_eq!(message.body, body);
        }

        /// Whatever comes instead of an answer is an error, and takes no more memory than it has
        /// bytes.
        #[test]
        fn garbage_is_an_error(mut bytes: Vec<u8>) {
            drop(read_now(&bytes));
            bytes.splice(0..0, [0x80, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
            drop(read_now(&bytes));
        }

        /// So is an answer that is broken off, or in which a byte was changed.
        #[test]
        fn damage_is_no_panic(value in values(), at: prop::sample::Index, byte: u8) {
            let mut bytes = reply(&Struct::new().with(1, value));
            let at = at.index(bytes.len());
            read_now(&bytes[..at]).expect_err("broken off");
            bytes[at] = byte;
            drop(read_now(&bytes));
        }
    }

    /// Announced lengths are no reason to take memory, nor is depth one to use up the stack.
    #[test]
    fn lies_about_size_are_refused() {
        let head = [0x80, 1, 0, 2, 0, 0, 0, 1, b'f', 0, 0, 0, 0];
        let field = |kind: u8| [kind, 0, 1];
        let huge_text = [&head[..], &field(11), &[0x7f, 0xff, 0xff, 0xff]].concat();
        assert!(matches!(read_now(&huge_text), Err(ReadError::TooLarge)));
        let negative = [&head[..], &field(11), &[0xff; 4]].concat();
        assert!(matches!(read_now(&negative), Err(ReadError::Malformed(_))));
        let huge_list = [
            &head[..],
            &field(15),
            &[3, 0x7f, 0xff, 0xff, 0xff],
            &[0; 99],
        ]
        .concat();
        assert!(matches!(read_now(&huge_list), Err(ReadError::Io(_))));
        let deep = [&head[..], &field(12).repeat(1_000_000)].concat();
        assert!(matches!(read_now(&deep), Err(ReadError::Malformed(_))));
    }

    /// Who speaks something else is recognised by the first bytes.
    #[test]
    fn other_protocols_are_recognised() {
        for bytes in [
            b"HTTP/1.1 400",
            b"\x15\x03\x03\x00\x02\x02\x28\x00\x00\x00\x00\x00",
        ] {
            let read = read_now(bytes);
            assert!(matches!(read, Err(ReadError::NotThrift(_))), "{read:?}");
        }
    }
}
