use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

/// What happened in a history, in order: as one number, and in words when somebody wants to read it.
#[derive(Clone, Debug)]
pub(super) struct Trace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    started: Instant,
    hash: DefaultHasher,
    tally: BTreeMap<&'static str, u64>,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// Inside the runtime of the history.
    pub(super) fn new(in_words: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            started: Instant::now(),
            hash: DefaultHasher::new(),
            tally: BTreeMap::new(),
            lines: in_words.then(Vec::new),
        })))
    }

    pub(super) fn note(&self, what: &'static str, detail: impl std::fmt::Display) {
        let mut state = self.0.lock();
        *state.tally.entry(what).or_default() += 1;
        let at = state.started.elapsed().as_millis();
        let line = format!("{at:>9} ms  {what} {detail}");
        line.hash(&mut state.hash);
        if let Some(lines) = &mut state.lines {
            lines.push(line);
        }
    }

    /// Equal for histories in which the same happened.
    pub(super) fn fingerprint(&self) -> u64 {
        self.0.lock().hash.finish()
    }

    /// How often each kind of thing happened.
    pub(super) fn tally(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().tally.clone()
    }

    pub(super) fn text(&self) -> String {
        self.0.lock().lines.clone().unwrap_or_default().join("\n")
    }
}
