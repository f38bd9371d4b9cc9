use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sluicebox_config::DeadLetterSection;
use sluicebox_pipeline::ports::DeadLetter;

use super::headers::HeaderSet;

/// The wait after the first failure of a topic; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where the letters of a source topic go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) topic: Arc<str>,
    pub(super) header_prefix: String,
}

impl From<&DeadLetterSection> for Route {
    fn from(section: &DeadLetterSection) -> Self {
        Self {
            topic: Arc::from(section.topic.as_str()),
            header_prefix: section.header_prefix.clone(),
        }
    }
}

/// A letter and the form in which it is sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) content: DeadLetter,
    pub(super) route: Arc<Route>,
    /// What it counts for in the bound of the queue.
    pub(super) bytes: usize,
    pub(super) headers: HeaderSet,
    /// Sent with the record's own timestamp. One of 0 never is: librdkafka takes it for now.
    pub(super) own_time: bool,
    /// The broker refused it as part of a batch. It is sent alone now, to learn whether it was the
    /// one.
    suspect: bool,
}

impl Letter {
    pub(super) const fn new(content: DeadLetter, route: Arc<Route>, bytes: usize) -> Self {
        Self {
            own_time: !matches!(content.record.timestamp_millis, Some(0)),
            content,
            route,
            bytes,
            headers: HeaderSet::All,
            suspect: false,
        }
    }

    /// Takes another form after a refusal; `false` when none is left.
    fn reshape(&mut self, fault: Fault) -> bool {
        if !self.suspect {
            self.suspect = true;
            return true;
        }
        match (fault, self.headers, self.own_time) {
            (Fault::TooLarge, HeaderSet::All, _) => self.headers = HeaderSet::RecordAndReason,
            (Fault::TooLarge, HeaderSet::RecordAndReason, _) => self.headers = HeaderSet::None,
            (Fault::Timestamp, _, true) => self.own_time = false,
            (Fault::TooLarge, HeaderSet::None, _)
            | (Fault::Timestamp, _, false)
            | (Fault::Content, ..) => return false,
        }
        true
    }
}

/// Why a letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Because of the letter.
    Letter(Fault),
    /// Because of another letter of its batch.
    Neighbour,
    /// Because of the topic or the cluster: every letter of the topic waits.
    Topic,
}

/// What the broker does not like about a letter, or about another one of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    Timestamp,
    /// No other form of it would do: a compacted topic wants a key.
    Content,
}

/// What became of a letter that was sent.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The broker has it.
    Delivered(Letter),
    /// No form of it is ever taken.
    Undeliverable(Letter),
    /// It waits to be sent again, in another form.
    Waiting,
    /// It waits as it is, until this topic takes letters again.
    TopicRefused(Arc<str>),
}

/// All letters that are not acknowledged, by topic. Decides which is sent next, and in what form
/// it is sent again; sends nothing itself.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    lanes: BTreeMap<Arc<str>, Lane>,
    in_flight: BTreeMap<usize, Letter>,
    next_number: usize,
}

#[derive(Debug, Default)]
struct Lane {
    /// By number, so that a letter that comes back takes its old place.
    waiting: BTreeMap<usize, Letter>,
    in_flight: usize,
    /// The one in flight has to stay alone.
    alone: bool,
    failures: u32,
    /// Nothing is sent before the topic was looked at again, at this time.
    closed_until: Option<Duration>,
}

impl Outbox {
    /// Takes a letter in.
    pub(super) fn push(&mut self, letter: Letter) {
        let lane = self
            .lanes
            .entry(Arc::clone(&letter.route.topic))
            .or_default();
        lane.waiting.insert(self.next_number, letter);
        self.next_number = self.next_number.wrapping_add(1);
    }

    /// Whether nothing can be done before a letter comes in or a topic's wait is over.
    pub(super) fn is_idle(&self) -> bool {
        let still = |lane: &Lane| lane.waiting.is_empty() || lane.closed_until.is_some();
        self.in_flight.is_empty() && self.lanes.values().all(still)
    }

    /// The next letter to send, with its number. It counts as sent from now on.
    pub(super) fn next(&mut self) -> Option<(usize, &Letter)> {
        let (number, letter) = self.lanes.values_mut().find_map(Lane::next)?;
        self.in_flight.insert(number, letter);
        self.in_flight.get(&number).map(|letter| (number, letter))
    }

    /// Takes the broker's answer to a letter.
    pub(super) fn answered(
        &mut self,
        number: usize,
        answer: Result<(), Refusal>,
        now: Duration,
    ) -> Outcome {
        let Some(mut letter) = self.in_flight.remove(&number) else {
            return Outcome::Waiting;
        };
        let topic = Arc::clone(&letter.route.topic);
        let lane = self.lanes.entry(Arc::clone(&topic)).or_default();
        lane.in_flight = lane.in_flight.saturating_sub(1);
        lane.alone = false;
        let outcome = match answer {
            Ok(()) => {
                lane.failures = 0;
                return Outcome::Delivered(letter);
            }
            Err(Refusal::Letter(fault)) if letter.reshape(fault) => Outcome::Waiting,
            Err(Refusal::Letter(_)) => return Outcome::Undeliverable(letter),
            Err(Refusal::Neighbour) => Outcome::Waiting,
            Err(Refusal::Topic) => {
                lane.close(now);
                Outcome::TopicRefused(topic)
            }
        };
        lane.waiting.insert(number, letter);
        outcome
    }

    /// Topics whose wait is over, to be looked at before anything is sent to them.
    pub(super) fn due(&self, now: Duration) -> Vec<Arc<str>> {
        let due = |lane: &Lane| lane.closed_until.is_some_and(|until| until <= now);
        self.lanes
            .iter()
            .filter(|(_, lane)| due(lane))
            .map(|(topic, _)| Arc::clone(topic))
            .collect()
    }

    /// The topic was looked at and takes letters again.
    pub(super) fn open(&mut self, topic: &str) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            lane.closed_until = None;
        }
    }

    /// The topic was looked at, and takes none.
    pub(super) fn still_closed(&mut self, topic: &str, now: Duration) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            lane.closed_until = None;
            lane.close(now);
        }
    }

    /// Takes back what is in flight, because the client that sent it is gone.
    pub(super) fn recall(&mut self, now: Duration) {
        let numbers: Vec<_> = self.in_flight.keys().copied().collect();
        for number in numbers {
            self.answered(number, Err(Refusal::Topic), now);
        }
    }

    /// Everything that was not acknowledged.
    pub(super) fn into_letters(self) -> impl Iterator<Item = Letter> {
        let waiting = self
            .lanes
            .into_values()
            .flat_map(|lane| lane.waiting.into_values());
        waiting.chain(self.in_flight.into_values())
    }
}

impl Lane {
    fn next(&mut self) -> Option<(usize, Letter)> {
        let first = self.waiting.first_entry()?;
        if self.alone || self.closed_until.is_some() || (first.get().suspect && self.in_flight > 0)
        {
            return None;
        }
        self.alone = first.get().suspect;
        self.in_flight += 1;
        Some(first.remove_entry())
    }

    /// Many letters fail at once when a topic does: only the first of them counts.
    fn close(&mut self, now: Duration) {
        if self.closed_until.is_none() {
            let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(5));
            self.closed_until = Some(now + doubled.min(LONGEST_WAIT));
            self.failures = self.failures.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Outstanding;
    use sluicebox_types::{OwnedRecord, Reject, RejectReason, TimestampType, TopicPartition};

    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn letter(topic: &str, offset: i64) -> Letter {
        let content = DeadLetter {
            source: TopicPartition::new("raw", 0),
            record: OwnedRecord {
                offset,
                timestamp_millis: None,
                timestamp_type: TimestampType::CreateTime,
                key: None,
                value: None,
                headers: Vec::new(),
            },
            reject: Reject::new(RejectReason::WrongType, ""),
            receipt: Arc::new(Outstanding::default()).receipt(),
        };
        let route = Route {
            topic: Arc::from(topic),
            header_prefix: String::new(),
        };
        Letter::new(content, Arc::new(route), 1)
    }

    fn outbox(letters: &[(&str, i64)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (topic, offset) in letters {
            outbox.push(letter(topic, *offset));
        }
        outbox
    }

    /// Everything that may be sent now: number, offset and headers of each.
    fn sent(outbox: &mut Outbox) -> Vec<(usize, i64, HeaderSet)> {
        let next = || {
            let (number, letter) = outbox.next()?;
            Some((number, letter.content.record.offset, letter.headers))
        };
        std::iter::from_fn(next).collect()
    }

    const TOO_LARGE: Result<(), Refusal> = Err(Refusal::Letter(Fault::TooLarge));

    /// A batch that is refused says nothing of each of its letters: they are tried one by one, and
    /// only the one that is too large by itself loses its headers, ours before the record's. When
    /// nothing is left to lose, it is given up and the others go on.
    #[test]
    fn only_the_letter_that_is_too_large_loses_headers() {
        let mut outbox = outbox(&[("a", 10), ("a", 11)]);
        for (number, ..) in sent(&mut outbox) {
            assert!(matches!(
                outbox.answered(number, TOO_LARGE, NOW),
                Outcome::Waiting
            ));
        }
        for set in [HeaderSet::All, HeaderSet::RecordAndReason, HeaderSet::None] {
            assert_eq!(
                sent(&mut outbox),
                [(0, 10, set)],
                "alone, until it is answered"
            );
            let outcome = outbox.answered(0, TOO_LARGE, NOW);
            assert_eq!(
                matches!(outcome, Outcome::Undeliverable(_)),
                set == HeaderSet::None
            );
        }
        assert!(!outbox.is_idle());
        assert_eq!(sent(&mut outbox), [(1, 11, HeaderSet::All)]);
        assert!(matches!(
            outbox.answered(1, Ok(()), NOW),
            Outcome::Delivered(_)
        ));
        assert!(outbox.is_idle());
    }

    /// A timestamp that the topic refuses is given up before the letter is.
    #[test]
    fn a_refused_timestamp_is_left_to_the_broker() {
        let mut outbox = outbox(&[("a", 10)]);
        let refused = Err(Refusal::Letter(Fault::Timestamp));
        for own_time in [true, true, false] {
            let (number, letter) = outbox.next().unwrap();
            assert_eq!(
                (letter.own_time, letter.headers),
                (own_time, HeaderSet::All)
            );
            let outcome = outbox.answered(number, refused, NOW);
            assert_eq!(matches!(outcome, Outcome::Undeliverable(_)), !own_time);
        }
    }

    /// A stamp of 0 would become the time of sending; it goes into a header instead.
    #[test]
    fn a_stamp_of_zero_is_kept_apart() {
        for (millis, own_time) in [(None, true), (Some(0), false), (Some(1), true)] {
            let mut content = letter("a", 10).content;
            content.record.timestamp_millis = millis;
            let route = Route {
                topic: Arc::from("a"),
                header_prefix: String::new(),
            };
            let letter = Letter::new(content, Arc::new(route), 1);
            assert_eq!(letter.own_time, own_time, "{millis:?}");
        }
    }

    /// Of a batch that is refused for some of its letters, those go alone and the others together
    /// again, at once; what no form of helps is given up.
    #[test]
    fn neighbours_of_a_refused_letter_go_again_at_once() {
        let mut outbox = outbox(&[("a", 10), ("a", 11), ("a", 12), ("a", 13)]);
        let content = Err(Refusal::Letter(Fault::Content));
        for (number, offset, _) in sent(&mut outbox) {
            let refused = offset == 11 || offset == 12;
            let answer = if refused {
                content
            } else {
                Err(Refusal::Neighbour)
            };
            let outcome = outbox.answered(number, answer, NOW);
            assert!(matches!(outcome, Outcome::Waiting), "{offset}");
        }
        assert_eq!(sent(&mut outbox), [(0, 10, HeaderSet::All)]);
        outbox.answered(0, Ok(()), NOW);
        for number in [1, 2] {
            let alone = sent(&mut outbox);
            assert_eq!(alone.len(), 1, "{alone:?}");
            let outcome = outbox.answered(number, content, NOW);
            assert!(matches!(outcome, Outcome::Undeliverable(_)));
        }
        assert_eq!(sent(&mut outbox), [(3, 13, HeaderSet::All)]);
    }

    /// A topic that refuses holds its own letters back, in their order, and nobody else's; it is
    /// looked at after a wait that doubles up to half a minute.
    #[test]
    fn a_topic_that_refuses_waits_by_itself() {
        let mut outbox = outbox(&[("a", 10), ("b", 20), ("a", 11)]);
        assert_eq!(sent(&mut outbox).len(), 3);
        for number in [0, 2] {
            let outcome = outbox.answered(number, Err(Refusal::Topic), NOW);
            assert!(matches!(outcome, Outcome::TopicRefused(topic) if topic.as_ref() == "a"));
        }
        assert!(matches!(
            outbox.answered(1, Ok(()), NOW),
            Outcome::Delivered(_)
        ));
        assert_eq!(sent(&mut outbox), []);
        let mut now = NOW;
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let wait = Duration::from_secs(seconds);
            assert!(
                outbox.due(now + wait - Duration::from_millis(1)).is_empty(),
                "{seconds}"
            );
            now += wait;
            assert_eq!(outbox.due(now), [Arc::from("a")], "{seconds}");
            outbox.still_closed("a", now);
        }
        outbox.open("a");
        assert_eq!(
            sent(&mut outbox)
                .iter()
                .map(|(_, offset, _)| *offset)
                .collect::<Vec<_>>(),
            [10, 11]
        );
    }

    /// What a lost client had in flight is sent again; nothing is forgotten.
    #[test]
    fn recalled_letters_are_sent_again() {
        let mut outbox = outbox(&[("a", 10), ("b", 20)]);
        assert_eq!(sent(&mut outbox).len(), 2);
        outbox.recall(NOW);
        assert!(outbox.is_idle());
        for topic in outbox.due(NOW + LONGEST_WAIT) {
            outbox.open(&topic);
        }
        assert_eq!(sent(&mut outbox).len(), 2);
        assert_eq!(outbox.into_letters().count(), 2);
    }
}
