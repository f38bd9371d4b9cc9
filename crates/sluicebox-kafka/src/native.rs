//! The calls of librdkafka that rdkafka does not offer: queues shared by many partitions, batches
//! with borrowed payloads, and commits that are answered on a queue of their own.
//!
//! Every pointer here belongs to a client that is held by an `Arc` beside it, and is given back
//! before that `Arc`: fields are dropped in the order of their declaration.
#![expect(
    unsafe_code,
    reason = "librdkafka's C interface; each block says why it is sound"
)]

mod message;
mod topic_ids;

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{ClientContext, TopicPartitionList};
use rdkafka_sys as sys;
use sluicebox_types::TopicPartition;

pub(crate) use self::message::{Message, Messages};
pub(crate) use self::topic_ids::topic_ids;

use crate::context::SourceContext;

/// The consumer that all parts of the source share.
pub(crate) type Consumer = BaseConsumer<SourceContext>;

/// A handle on a queue of librdkafka, given back before the client that it is of.
struct OwnedQueue(NonNull<sys::rd_kafka_queue_t>);

impl OwnedQueue {
    /// A new, empty queue; `None` when librdkafka has no memory for it.
    fn of(client: &Client<impl ClientContext>) -> Option<Self> {
        // SAFETY: the client is alive.
        let queue = unsafe { sys::rd_kafka_queue_new(client.native_ptr()) };
        NonNull::new(queue).map(Self)
    }

    /// The next event; waits up to `timeout` for it.
    fn event(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: the queue is alive; the event is ours.
        let event = unsafe { sys::rd_kafka_queue_poll(self.0.as_ptr(), millis(timeout)) };
        NonNull::new(event).map(Event)
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        // SAFETY: its client is still alive, and nobody else has this handle.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

/// A queue of the consumer's that nothing feeds until it is told to.
pub(crate) struct NativeQueue {
    queue: OwnedQueue,
    client: Arc<Consumer>,
}

// SAFETY: librdkafka's queues lock themselves; any thread may use them ("thread safety" in its
// INTRODUCTION.md).
unsafe impl Send for NativeQueue {}
// SAFETY: as above.
unsafe impl Sync for NativeQueue {}

impl NativeQueue {
    /// A new, empty queue; `None` when librdkafka has no memory for it.
    pub(crate) fn new(client: &Arc<Consumer>) -> Option<Self> {
        Some(Self {
            queue: OwnedQueue::of(client.client())?,
            client: Arc::clone(client),
        })
    }

    /// Sends everything that is fetched for `partition` from now on to this queue. It holds until
    /// the partition is revoked; librdkafka forgets it then (`rd_kafka_toppar_fetch_stop`), so it
    /// is set before every assignment. `false` when the name is none.
    pub(crate) fn receive(&self, partition: &TopicPartition) -> bool {
        let Ok(topic) = CString::new(partition.topic.as_ref()) else {
            return false;
        };
        // SAFETY: the client is alive and `topic` is a C string; what comes back is owned by us.
        let source = unsafe {
            sys::rd_kafka_queue_get_partition(
                self.client.client().native_ptr(),
                topic.as_ptr(),
                partition.partition,
            )
        };
        if source.is_null() {
            return false;
        }
        // SAFETY: both queues are alive; forwarding takes its own references. The handle of the
        // source is ours to destroy, the queue behind it stays.
        unsafe {
            sys::rd_kafka_queue_forward(source, self.queue.0.as_ptr());
            sys::rd_kafka_queue_destroy(source);
        }
        true
    }

    /// Takes at most `messages_max` messages; waits up to `timeout` for the first.
    pub(crate) fn messages(&self, messages_max: usize, timeout: Duration) -> Messages {
        Messages::take(self.queue.0, &self.client, messages_max, millis(timeout))
    }

    /// Sends a commit of `offsets`; its answer comes to this queue.
    pub(crate) fn commit(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
        // SAFETY: all three are alive; librdkafka copies the list before it returns.
        let code = unsafe {
            sys::rd_kafka_commit_queue(
                self.client.client().native_ptr(),
                offsets.ptr(),
                self.queue.0.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(code),
        }
    }

    /// The next answer to a [`commit`](Self::commit); waits up to `timeout` for it.
    pub(crate) fn commit_answer(&self, timeout: Duration) -> Option<CommitAnswer> {
        let event = self.queue.event(timeout)?;
        // SAFETY: the event is alive; the list belongs to it and is only read while it is.
        unsafe {
            let code = RDKafkaErrorCode::from(sys::rd_kafka_event_error(event.0.as_ptr()));
            let list = sys::rd_kafka_event_topic_partition_list(event.0.as_ptr());
            let failed = elements(list)
                .iter()
                .map(|element| RDKafkaErrorCode::from(element.err))
                .find(|code| *code != RDKafkaErrorCode::NoError);
            let partitions = elements(list).iter().map(|element| {
                format!(
                    "{}[{}]={}",
                    text(element.topic),
                    element.partition,
                    element.offset
                )
            });
            let error = Some(code)
                .filter(|code| *code != RDKafkaErrorCode::NoError)
                .or(failed);
            Some(CommitAnswer {
                partitions: partitions.collect::<Vec<_>>().join(", "),
                error,
            })
        }
    }
}

impl std::fmt::Debug for NativeQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NativeQueue")
    }
}

/// The high watermark that came with the last fetch of `partition`; no request is made.
pub(crate) fn fetched_log_end(client: &Consumer, partition: &TopicPartition) -> Option<i64> {
    let topic = CString::new(partition.topic.as_ref()).ok()?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client is alive, `topic` is a C string, and both results are ours.
    let code = unsafe {
        sys::rd_kafka_get_watermark_offsets(
            client.client().native_ptr(),
            topic.as_ptr(),
            partition.partition,
            &raw mut low,
            &raw mut high,
        )
    };
    let known = RDKafkaErrorCode::from(code) == RDKafkaErrorCode::NoError && high >= 0;
    known.then_some(high)
}

/// What became of one commit.
#[derive(Debug)]
pub(crate) struct CommitAnswer {
    /// `topic[partition]=offset`.
    pub(crate) partitions: String,
    /// Why it failed, if it did.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

struct Event(NonNull<sys::rd_kafka_event_t>);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours and destroyed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// The metadata committed beside each offset of `list`, in its order. rdkafka's own accessor panics
/// on metadata that is not UTF-8, and any tool may have committed it.
pub(crate) fn committed_metadata(list: &TopicPartitionList) -> Vec<String> {
    // SAFETY: the list is alive while it is read; metadata is null or as long as it says.
    unsafe {
        let metadata = elements(list.ptr())
            .iter()
            .map(|element| bytes(element.metadata, element.metadata_size).unwrap_or_default());
        metadata
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

/// # Safety
/// `list` is null or alive for `'a`.
unsafe fn elements<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [sys::rd_kafka_topic_partition_t] {
    // SAFETY: the caller's promise; a list says how many elements it has.
    let Some(list) = (unsafe { list.as_ref() }) else {
        return &[];
    };
    match usize::try_from(list.cnt) {
        Ok(count) if !list.elems.is_null() => {
            // SAFETY: as above.
            unsafe { slice::from_raw_parts(list.elems, count) }
        }
        _ => &[],
    }
}

/// # Safety
/// `start` is null or points to `len` bytes that are alive for `'a`.
unsafe fn bytes<'a>(start: *const c_void, len: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast::<u8>(), len) })
}

/// # Safety
/// `start` is null or a C string that is alive for `'a`.
unsafe fn text<'a>(start: *const c_char) -> Cow<'a, str> {
    if start.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(start) }.to_string_lossy()
}

fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}
