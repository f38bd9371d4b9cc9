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
    /// Sent with the record's own timestamp.
    pub(super) own_time: bool,
    /// The broker refused it as part of a batch. It is sent alone now, to learn whether it was the
    /// one.
    suspect: bool,
}

impl Letter {
    pub(super) const fn new(content: DeadLetter, route: Arc<Route>, bytes: usize) -> Self {
        Self {
            content,
            route,
            bytes,
            headers: HeaderSet::All,
            own_time: true,
            suspect: false,
        }
    }

    /// Another form after a refusal; `None` when no form is left.
    fn reshaped(mut self, fault: Fault) -> Result<Self, Self> {
        if !self.suspect {
            self.suspect = true;
            return Ok(self);
        }
        match (fault, self.headers, self.own_time) {
            (Fault::TooLarge, HeaderSet::All, _) => self.headers = HeaderSet::RecordAndReason,
            (Fault::TooLarge, HeaderSet::RecordAndReason, _) => self.headers = HeaderSet::None,
            (Fault::Timestamp, _, true) => self.own_time = false,
            (Fault::TooLarge, HeaderSet::None, _) | (Fault::Timestamp, _, false) => {
                return Err(self);
            }
        }
        Ok(self)
    }
}

/// Why a letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Because of the letter.
    Letter(Fault),
    /// Because of the topic or the cluster: every letter of the topic waits.
    Topic,
}

/// What the broker does not like about a letter, or about another one of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    Timestamp,
}

/// What became of a letter that was sent.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The broker has it.
    Delivered(Letter),
    /// No form of it is ever taken.
    Undeliverable(Letter),
    /// It waits to be sent again.
    Waiting,
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

    /// Whether the broker owes an answer.
    pub(super) fn is_awaiting(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// The next letter to send, with its number. It counts as sent from now on.
    pub(super) fn next(&mut self) -> Option<(usize, &Letter)> {
        let (number, letter) = self.lanes.values_mut().find_map(Lane::next)?;
        self.in_flight.insert(number, letter);
        self.in_flight.get(&number).map(|letter| (number, letter))
    }

    /// The topic of a letter in flight.
    pub(super) fn topic_of(&self, number: usize) -> Option<Arc<str>> {
        self.in_flight
            .get(&number)
            .map(|letter| Arc::clone(&letter.route.topic))
    }

    /// Takes the broker's answer to a letter.
    pub(super) fn answered(
        &mut self,
        number: usize,
        answer: Result<(), Refusal>,
        now: Duration,
    ) -> Outcome {
        let Some(letter) = self.in_flight.remove(&number) else {
            return Outcome::Waiting;
        };
        let lane = self
            .lanes
            .entry(Arc::clone(&letter.route.topic))
            .or_default();
        lane.in_flight = lane.in_flight.saturating_sub(1);
        lane.alone = false;
        let again = match answer {
            Ok(()) => {
                lane.failures = 0;
                return Outcome::Delivered(letter);
            }
            Err(Refusal::Letter(fault)) => match letter.reshaped(fault) {
                Ok(letter) => letter,
                Err(letter) => return Outcome::Undeliverable(letter),
            },
            Err(Refusal::Topic) => {
                lane.close(now);
                letter
            }
        };
        lane.waiting.insert(number, again);
        Outcome::Waiting
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
