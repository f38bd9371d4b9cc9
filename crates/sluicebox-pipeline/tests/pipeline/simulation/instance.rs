use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_chain::Writer;
use sluicebox_pipeline::ports::{LakeStore, SourceControl};
use sluicebox_pipeline::{
    Blocking, Environment, MemoryLimit, NotifySettings, Readiness, Relay, StatusBoard, Stepped,
    TopicSpec,
};
use sluicebox_types::Clock;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::client::{Client, Producer, Queue, partition_of};
use super::group::Group;
use super::listener::{Heard, Listener};
use super::log::Log;
use super::network::{Network, RemoteStore};
use super::process::{Process, State};
use crate::scenario::TOPIC;

/// Worker threads of one process.
pub(super) const WORKERS: usize = 2;

/// How much later than its end a partition's rows are expected.
pub(super) const ALLOWED_LATENESS: Duration = Duration::from_secs(60);

/// What all processes share.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) network: Network,
    pub(super) log: Arc<Log>,
    pub(super) group: Arc<Group>,
    pub(super) letters: Arc<Mutex<Vec<(usize, i64)>>>,
    pub(super) heard: Arc<Mutex<Heard>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) spec: Arc<TopicSpec>,
    pub(super) attempts: Arc<AtomicU64>,
    pub(super) memory_bytes: usize,
    /// Retention may remove what was not read, and the pipeline goes on behind it.
    pub(super) lossy: bool,
}

/// One process of the service.
pub(super) struct Instance {
    pub(super) member: u64,
    pub(super) process: Arc<Process>,
    pub(super) status: Arc<StatusBoard>,
    client: Arc<Client>,
    stepped: Stepped<Queue>,
    callbacks: VecDeque<Callback>,
    under_way: Option<JoinHandle<()>>,
}

/// What the group tells a member. One after the other, as on a polling thread.
#[derive(Clone, Debug)]
pub(super) enum Callback {
    Assigned(Vec<usize>),
    Revoked { partitions: Vec<usize>, lost: bool },
}

impl Instance {
    pub(super) fn start(site: &Site, member: u64) -> Self {
        let process = Arc::new(Process::new());
        let client = Arc::new(Client {
            member,
            process: Arc::clone(&process),
            log: Arc::clone(&site.log),
            group: Arc::clone(&site.group),
            network: site.network.clone(),
            letters: Arc::clone(&site.letters),
            reading: Mutex::default(),
        });
        let status = Arc::<StatusBoard>::default();
        let env = environment(site, &client, &status);
        let queue = |worker| Queue {
            client: Arc::clone(&client),
            worker,
        };
        let catalog = BTreeMap::from([(TOPIC.to_owned(), Arc::clone(&site.spec))]);
        let stepped = Stepped::new(
            &env,
            Arc::new(catalog),
            Arc::clone(&client) as Arc<dyn SourceControl>,
            (0..WORKERS).map(queue).collect(),
            site.network.runtime.clone(),
        );
        Self {
            member,
            process,
            status,
            client,
            stepped,
            callbacks: VecDeque::new(),
            under_way: None,
        }
    }

    pub(super) fn turn(&mut self, worker: usize) {
        self.stepped.turn(worker);
    }

    pub(super) fn tell(&mut self, callback: Callback) {
        self.callbacks.push_back(callback);
    }

    /// Whether the group has nothing to tell it, and it has done what it was told.
    pub(super) fn is_idle(&self) -> bool {
        self.callbacks.is_empty() && self.under_way.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Begins with what it was told next, if it has done what it was told before.
    pub(super) fn poll_group(&mut self, group: &Arc<Group>) {
        let busy = self
            .under_way
            .as_ref()
            .is_some_and(|task| !task.is_finished());
        if busy || !self.process.is(State::Running) {
            return;
        }
        let Some(callback) = self.callbacks.pop_front() else {
            return;
        };
        let (client, process) = (Arc::clone(&self.client), Arc::clone(&self.process));
        let runtime = self.client.network.runtime.clone();
        self.under_way = Some(match callback {
            Callback::Assigned(partitions) => {
                let named = partitions.iter().copied().map(partition_of).collect();
                let starts = self.stepped.assigned(named);
                runtime.spawn(async move {
                    let starts = starts.await;
                    process.runs().await;
                    for (partition, start) in partitions.into_iter().zip(&starts) {
                        client.begin(partition, start);
                    }
                })
            }
            Callback::Revoked { partitions, lost } => {
                let named = partitions.iter().copied().map(partition_of).collect();
                let revoked = self.stepped.revoked(named, lost);
                let (group, member) = (Arc::clone(group), self.member);
                runtime.spawn(async move {
                    revoked.await;
                    process.runs().await;
                    for partition in partitions {
                        client.end(partition);
                        group.returned(partition, member);
                    }
                })
            }
        });
    }
}

fn environment(site: &Site, client: &Arc<Client>, status: &Arc<StatusBoard>) -> Environment {
    let attempts = Arc::clone(&site.attempts);
    let store: Arc<dyn LakeStore> = Arc::new(RemoteStore {
        network: site.network.clone(),
        process: Arc::clone(&client.process),
    });
    Environment {
        pipeline: "test".into(),
        writer: Writer {
            instance: client.member.to_string(),
            version: "0".into(),
        },
        clock: Arc::clone(&site.clock),
        fresh_id: Arc::new(move || {
            // The first 32 bits stand in file names.
            Uuid::from_u128(u128::from(attempts.fetch_add(1, Ordering::Relaxed) + 1) << 96)
        }),
        relay: Arc::new(relay(site, client, &store)),
        store,
        dead_letters: Arc::new(Producer(Arc::clone(client))),
        readiness: Arc::<Readiness>::default(),
        status: Arc::clone(status),
        memory: MemoryLimit::new(site.memory_bytes, 0),
        blocking: Blocking::InPlace,
        drain_timeout: Duration::from_secs(5),
        skip_retention_gaps: site.lossy,
    }
}

fn relay(site: &Site, client: &Arc<Client>, store: &Arc<dyn LakeStore>) -> Relay {
    let listener = Listener {
        network: site.network.clone(),
        process: Arc::clone(&client.process),
        heard: Arc::clone(&site.heard),
    };
    let settings = NotifySettings {
        targets: vec![listener.target()],
        allowed_lateness: ALLOWED_LATENESS,
        seal_every: Duration::from_secs(5),
        success_file: false,
    };
    let (clock, runtime) = (Arc::clone(&site.clock), site.network.runtime.clone());
    Relay::new(
        settings,
        Arc::clone(store),
        clock,
        Arc::new(|| 0.5),
        runtime,
    )
}
