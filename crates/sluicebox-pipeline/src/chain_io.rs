//! Performs the chain's commands against the store: the only place where the machines of
//! `sluicebox-chain` meet I/O. Passing failures are tried again without end, with growing pauses,
//! and shown on `/readyz`; a caller that has a deadline drops the future.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use sluicebox_chain::{
    Answer, Assign, AssignStep, ChainId, Command, Commit, CommitRecord, CommitStep, Halt, Hint,
    Ownership, Tail, seq_of_path,
};
use sluicebox_types::DataFile;
use uuid::Uuid;

use crate::environment::Environment;
use crate::failpoint::failpoint;
use crate::ports::{Class, LakeStore, PartitionState, Published, StoreError};

/// Files of one commit that are published at the same time.
const PUBLISH_CONCURRENCY: usize = 8;
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LAST: Duration = Duration::from_secs(5);

/// How an append ended.
#[derive(Debug)]
pub(crate) enum Appended {
    /// The record is the tail and its files are visible.
    Committed(Tail),
    /// Another attempt has the place; staged files of this one can go.
    Lost(Uuid),
    /// The record was made, and somebody has gone on from it.
    Superseded,
    /// A person has to look.
    Halted(Halt),
}

/// Takes a partition over. Where it has no chain yet, it begins at the group's offset, else as
/// configured.
pub(crate) async fn take_over(
    env: &Environment,
    chain: &ChainId,
    state: &PartitionState,
) -> Result<Ownership, Halt> {
    let committed = state.committed.as_ref();
    let hint = committed.and_then(|committed| Hint::parse(&committed.metadata));
    let start = committed.map_or(state.configured_start, |committed| committed.offset);
    let (id, at) = ((env.fresh_id)(), rfc3339(env.clock.now_millis()));
    let mut step = Assign::start(chain.clone(), hint, id, env.writer.clone(), at);
    let creating = creating(chain);
    let mut creates = Waiting::for_dependency(env, &creating);
    loop {
        match step {
            // A first record would make the mistake last.
            AssignStep::Do(_, Command::Start) if start > state.high => {
                let (chain, high) = (chain.clone(), state.high);
                return Err(Halt::StartsBehindEnd { chain, start, high });
            }
            AssignStep::Do(machine, Command::Start) => {
                step = machine.answer(Answer::StartsAt {
                    offset: start,
                    topic_id: state.topic_id.clone(),
                });
            }
            AssignStep::Do(machine, command) => {
                step = machine.answer(perform(env, chain, &command, &mut creates).await);
            }
            AssignStep::Owned(ownership) => return Ok(ownership),
            AssignStep::Halt(halt) => return Err(halt),
        }
    }
}

/// Appends a record whose files are staged.
pub(crate) async fn append(env: &Environment, record: CommitRecord) -> Appended {
    let chain = record.chain.clone();
    let mut step = Commit::start(record);
    let creating = creating(&chain);
    let mut creates = Waiting::for_dependency(env, &creating);
    loop {
        match step {
            CommitStep::Do(machine, command) => {
                step = machine.answer(perform(env, &chain, &command, &mut creates).await);
            }
            CommitStep::Committed(tail) => return Appended::Committed(tail),
            CommitStep::Lost { winner } => return Appended::Lost(winner),
            CommitStep::Superseded => return Appended::Superseded,
            CommitStep::Halt(halt) => return Appended::Halted(halt),
        }
    }
}

fn creating(chain: &ChainId) -> String {
    format!("store (record of {}[{}])", chain.topic, chain.partition)
}

async fn perform(
    env: &Environment,
    chain: &ChainId,
    command: &Command,
    creates: &mut Waiting<'_>,
) -> Answer {
    match command {
        Command::Create(record) => create(env, record, creates).await,
        Command::Start => Answer::StartsAt {
            offset: 0,
            topic_id: None,
        },
        Command::List { .. } | Command::Get { .. } | Command::Publish(_) => {
            let what = format!("store (partition {}[{}])", chain.topic, chain.partition);
            until_done(env, &what, || ask(env.store.as_ref(), chain, command)).await
        }
    }
}

/// Any answer but "created" proves nothing, so nothing is tried again here: the machine reads back.
async fn create(env: &Environment, record: &CommitRecord, creates: &mut Waiting<'_>) -> Answer {
    let Ok(bytes) = record.to_bytes() else {
        return Answer::CreateUnclear;
    };
    failpoint("before_create");
    match env
        .store
        .create_control(&record.path(), Bytes::from(bytes))
        .await
    {
        Ok(()) => {
            failpoint("after_create");
            Answer::Created
        }
        Err(error) => {
            tracing::debug!(%error, "create is unclear, reading back");
            // The record is durable or not; a pause keeps a refusing store from being flooded.
            creates.after(&error).await;
            Answer::CreateUnclear
        }
    }
}

async fn ask(
    store: &dyn LakeStore,
    chain: &ChainId,
    command: &Command,
) -> Result<Answer, StoreError> {
    match command {
        Command::List { after, limit } => {
            let after = after.map(|seq| chain.path(seq));
            let paths = store
                .list_control(&chain.prefix(), after.as_deref(), *limit)
                .await?;
            failpoint("after_list");
            Ok(listed(chain, &paths))
        }
        Command::Get { seq } => {
            let path = chain.path(*seq);
            let Some(bytes) = store.get_control(&path).await? else {
                return Ok(Answer::Got(None));
            };
            Ok(match CommitRecord::parse(&path, &bytes) {
                Ok(record) => Answer::Got(Some(Box::new(record))),
                Err(error) => Answer::Unreadable(error.to_string()),
            })
        }
        Command::Publish(record) => publish(store, record).await,
        Command::Create(_) | Command::Start => Ok(Answer::CreateUnclear),
    }
}

/// Names that no record could have are nobody's.
fn listed(chain: &ChainId, paths: &[String]) -> Answer {
    let mut seqs = Vec::with_capacity(paths.len());
    for path in paths {
        match seq_of_path(path) {
            Some(seq) if chain.path(seq) == *path => seqs.push(seq),
            Some(seq) => {
                let (path, place) = (path.clone(), chain.path(seq));
                return Answer::Misplaced { path, place };
            }
            None => {}
        }
    }
    Answer::Listed(seqs)
}

/// All files in parallel: closing a file may take half a second on some stores.
async fn publish(store: &dyn LakeStore, record: &CommitRecord) -> Result<Answer, StoreError> {
    if record.files.is_empty() {
        return Ok(Answer::Published);
    }
    failpoint("before_publish");
    let each: Vec<_> = record
        .files
        .iter()
        .map(|file| publish_one(store, file))
        .collect();
    let gone: Vec<Option<String>> = stream::iter(each)
        .buffer_unordered(PUBLISH_CONCURRENCY)
        .try_collect()
        .await?;
    failpoint("after_publish");
    Ok(gone
        .into_iter()
        .flatten()
        .next()
        .map_or(Answer::Published, Answer::StagedDataGone))
}

/// Answers the file's path if its data is gone.
async fn publish_one(store: &dyn LakeStore, file: &DataFile) -> Result<Option<String>, StoreError> {
    let published = store.publish(&file.path, file.bytes, &file.stage).await?;
    failpoint("between_publishes");
    Ok((published == Published::StagedDataGone).then(|| file.path.clone()))
}

/// Tries until it works. Nothing is lost by waiting: what is staged stays, what is read is bounded
/// by the memory limit.
pub(crate) async fn until_done<T, F>(
    env: &Environment,
    dependency: &str,
    mut operation: impl FnMut() -> F,
) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut waiting = Waiting::for_dependency(env, dependency);
    loop {
        match operation().await {
            Ok(done) => return done,
            Err(error) => {
                let pause_ms = waiting.pause.as_millis();
                tracing::warn!(%error, pause_ms, "store: trying again");
                waiting.after(&error).await;
            }
        }
    }
}

/// Somebody who tries again and again, and whom `/readyz` shows for as long: until it works, or
/// nobody tries any more.
struct Waiting<'a> {
    env: &'a Environment,
    dependency: &'a str,
    pause: Duration,
}

impl<'a> Waiting<'a> {
    const fn for_dependency(env: &'a Environment, dependency: &'a str) -> Self {
        Self {
            env,
            dependency,
            pause: PAUSE_FIRST,
        }
    }

    /// Lets some time pass before the next try, more each time.
    async fn after(&mut self, error: &StoreError) {
        if self.pause >= PAUSE_FIRST * 4 || error.class == Class::Fatal {
            self.env.readiness.down(self.dependency, error.to_string());
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_LAST);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.env.readiness.up(self.dependency);
    }
}

/// `millis` since 1970-01-01 UTC as RFC 3339.
pub(crate) fn rfc3339(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |at| at.to_string())
}
