use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;
use sluicebox_types::{HeaderList, Offset, TimestampType};

use super::{Consumer, bytes, text};

/// Messages in librdkafka's fetch buffers, which are given back when this is dropped.
pub(crate) struct Messages {
    messages: Vec<Message>,
    _client: Arc<Consumer>,
}

impl Messages {
    /// Takes at most `messages_max` messages of `queue`, which belongs to `client`; waits for the
    /// first one only. librdkafka's own wait is for a full batch.
    pub(super) fn take(
        queue: NonNull<sys::rd_kafka_queue_t>,
        client: &Arc<Consumer>,
        messages_max: usize,
        timeout_millis: c_int,
    ) -> Self {
        let mut taken = Self {
            messages: Vec::with_capacity(messages_max),
            _client: Arc::clone(client),
        };
        taken.fill(queue, messages_max, 0);
        if taken.is_empty() {
            taken.fill(queue, 1, timeout_millis);
            taken.fill(queue, messages_max, 0);
        }
        taken
    }

    /// Appends messages until there are `len_max`, or none has come for `timeout_millis`.
    fn fill(
        &mut self,
        queue: NonNull<sys::rd_kafka_queue_t>,
        len_max: usize,
        timeout_millis: c_int,
    ) {
        let wanted = len_max.saturating_sub(self.messages.len());
        let room = self.messages.spare_capacity_mut();
        let wanted = wanted.min(room.len());
        // SAFETY: `room` is at least `wanted` long, and `Message` is laid out as the pointer that
        // librdkafka writes there. It writes none beyond the count it returns, and all up to it.
        unsafe {
            let taken = sys::rd_kafka_consume_batch_queue(
                queue.as_ptr(),
                timeout_millis,
                room.as_mut_ptr().cast::<*mut sys::rd_kafka_message_t>(),
                wanted,
            );
            let taken = usize::try_from(taken).unwrap_or(0).min(wanted);
            self.messages.set_len(self.messages.len() + taken);
        }
    }
}

impl std::ops::Deref for Messages {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.messages
    }
}

/// One message, or one thing that happened in a partition's queue ([`code`](Self::code)).
#[repr(transparent)]
pub(crate) struct Message(NonNull<sys::rd_kafka_message_t>);

impl Message {
    fn raw(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: the message is ours until it is dropped, and librdkafka leaves it alone. Its lazy
        // parts (headers) lie outside of the public struct.
        unsafe { self.0.as_ref() }
    }

    /// `NoError` for a record.
    pub(crate) fn code(&self) -> RDKafkaErrorCode {
        self.raw().err.into()
    }

    /// What the code means here, in librdkafka's words.
    pub(crate) fn error_text(&self) -> Cow<'_, str> {
        // SAFETY: the text belongs to the message or is static.
        unsafe { text(sys::rd_kafka_message_errstr(self.0.as_ptr())) }
    }

    /// The topic; empty for what belongs to none.
    pub(crate) fn topic(&self) -> Cow<'_, str> {
        if self.raw().rkt.is_null() {
            return Cow::Borrowed("");
        }
        // SAFETY: the message holds its topic, whose name does not change.
        unsafe { text(sys::rd_kafka_topic_name(self.raw().rkt)) }
    }

    /// Whether both belong to one partition. Cheap: two messages that are alive have the same
    /// topic exactly if they point to the same one.
    pub(crate) fn same_partition(&self, other: &Self) -> bool {
        self.raw().rkt == other.raw().rkt && self.raw().partition == other.raw().partition
    }

    pub(crate) fn partition(&self) -> i32 {
        self.raw().partition
    }

    pub(crate) fn offset(&self) -> Offset {
        self.raw().offset
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: the pointer is null or holds as many bytes, for as long as the message lives.
        unsafe { bytes(self.raw().key, self.raw().key_len) }
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.raw().payload, self.raw().len) }
    }

    /// Milliseconds since 1970-01-01 UTC, and what they mean.
    pub(crate) fn timestamp(&self) -> (Option<i64>, TimestampType) {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive and `kind` is ours.
        let millis = unsafe { sys::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind) };
        match kind {
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => {
                (Some(millis), TimestampType::CreateTime)
            }
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                (Some(millis), TimestampType::LogAppendTime)
            }
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => {
                (None, TimestampType::CreateTime)
            }
        }
    }

    /// librdkafka parses headers when they are first asked for. Messages are not shared between
    /// threads (a raw pointer is not `Sync`), so nobody else looks meanwhile.
    fn headers(&self) -> Option<NonNull<sys::rd_kafka_headers_t>> {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive; the headers belong to it.
        let code = unsafe { sys::rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) };
        match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::NoError => NonNull::new(headers),
            _ => None,
        }
    }
}

impl HeaderList for Message {
    fn count(&self) -> usize {
        // SAFETY: the headers live as long as the message.
        self.headers().map_or(0, |headers| unsafe {
            sys::rd_kafka_header_cnt(headers.as_ptr())
        })
    }

    fn get(&self, index: usize) -> Option<(&[u8], Option<&[u8]>)> {
        let headers = self.headers().filter(|_| index < self.count())?;
        let (mut name, mut value, mut len) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers and what they point to live as long as the message; the name is a C
        // string, the value is null or `len` bytes long.
        unsafe {
            sys::rd_kafka_header_get_all(
                headers.as_ptr(),
                index,
                &raw mut name,
                &raw mut value,
                &raw mut len,
            );
            if name.is_null() {
                return None;
            }
            Some((CStr::from_ptr(name).to_bytes(), bytes(value, len)))
        }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message is ours, destroyed once, and its client is still held by `Messages`.
        unsafe { sys::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}
