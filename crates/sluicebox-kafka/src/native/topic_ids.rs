//! What the brokers call a topic beside its name.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr;
use std::slice;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::{OwnedQueue, text};

const DESCRIBE_TOPICS: sys::rd_kafka_admin_op_t =
    sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;

/// Kafka's id of each topic (KIP-516), in the base64 form that Kafka's tools show. A topic that is
/// deleted and made anew gets another one. Topics of brokers that know no ids are left out.
///
/// # Errors
/// The reason, when there is no answer within `timeout` or a topic cannot be described.
pub(crate) fn topic_ids(
    client: &Client<impl ClientContext>,
    topics: &[&str],
    timeout: Duration,
) -> Result<BTreeMap<String, String>, String> {
    let names: Result<Vec<_>, _> = topics.iter().map(|topic| CString::new(*topic)).collect();
    let names = names.map_err(|error| error.to_string())?;
    let mut names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let answers = OwnedQueue::of(client).ok_or("librdkafka gave no queue")?;
    // Any broker knows; by itself librdkafka waits for the controller, which is of no use here.
    let metadata = client.fetch_metadata(topics.first().copied(), timeout);
    let metadata = metadata.map_err(|error| error.to_string())?;
    let broker = metadata.brokers().first().ok_or("no broker is known")?.id();
    // SAFETY: all are alive; librdkafka copies the names into the collection, and both collection
    // and options into its request, before each call returns. Both are ours to destroy. An option
    // that is refused stays as it was; without a buffer nothing is said about it.
    unsafe {
        let client = client.native_ptr();
        let wanted = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let options = sys::rd_kafka_AdminOptions_new(client, DESCRIBE_TOPICS);
        sys::rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0);
        sys::rd_kafka_DescribeTopics(client, wanted, options, answers.0.as_ptr());
        sys::rd_kafka_AdminOptions_destroy(options);
        sys::rd_kafka_TopicCollection_destroy(wanted);
    }
    let answer = answers.event(timeout).ok_or("no answer in time")?;
    // SAFETY: the event is alive; its result and everything in that belong to it and are only read
    // while it is.
    unsafe {
        let code = RDKafkaErrorCode::from(sys::rd_kafka_event_error(answer.0.as_ptr()));
        if code != RDKafkaErrorCode::NoError {
            return Err(code.to_string());
        }
        let result = sys::rd_kafka_event_DescribeTopics_result(answer.0.as_ptr());
        if result.is_null() {
            return Err("the answer is to something else".to_owned());
        }
        let mut count = 0;
        let described = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if described.is_null() {
            return Ok(BTreeMap::new());
        }
        let described = slice::from_raw_parts(described, count).iter();
        described
            .filter_map(|topic| id_of(*topic).transpose())
            .collect()
    }
}

/// # Safety
/// `topic` is alive.
unsafe fn id_of(
    topic: *const sys::rd_kafka_TopicDescription_t,
) -> Result<Option<(String, String)>, String> {
    // SAFETY: the caller's promise; what is asked for belongs to the topic, and is copied.
    unsafe {
        let name = text(sys::rd_kafka_TopicDescription_name(topic)).into_owned();
        let error = sys::rd_kafka_TopicDescription_error(topic);
        if !error.is_null() {
            return Err(format!(
                "{name}: {}",
                text(sys::rd_kafka_error_string(error))
            ));
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        let is_none = id.is_null()
            || (sys::rd_kafka_Uuid_most_significant_bits(id) == 0
                && sys::rd_kafka_Uuid_least_significant_bits(id) == 0);
        Ok((!is_none).then(|| (name, text(sys::rd_kafka_Uuid_base64str(id)).into_owned())))
    }
}
