mod exchange;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use self::exchange::Exchange;

/// Stands before an S3 server and fails on purpose, request by request, until the runtime of the
/// test ends.
#[derive(Clone)]
pub struct FaultProxy {
    /// Its address: `http://127.0.0.1:port`.
    pub endpoint: String,
    server: String,
    plan: Arc<Mutex<Plan>>,
    tally: Arc<Mutex<Tally>>,
    released: watch::Sender<bool>,
}

/// Which fault a request meets.
type Plan = Box<dyn FnMut(&S3Request) -> Fault + Send>;

/// A request to S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Request {
    /// What it wants.
    pub operation: S3Operation,
    /// Bucket and key.
    pub path: String,
}

/// What a request to S3 wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum S3Operation {
    /// To begin an upload in parts.
    Begin,
    /// To upload one part.
    Part,
    /// To make an object of an upload's parts.
    Complete,
    /// To throw an upload away.
    Abort,
    /// To make an object where none is.
    Create,
    /// To write an object, whatever is there.
    Put,
    /// To read an object or its size.
    Get,
    /// To list keys.
    List,
    /// To delete.
    Delete,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is passed on, and its answer comes back.
    None,
    /// The server never sees it: 503 SlowDown.
    SlowDown,
    /// The server never sees it: the connection is closed.
    Down,
    /// The server does it; the client is told 500 InternalError.
    ErrorAfter,
    /// The server does it; the client's connection is closed without an answer.
    CutAfter,
    /// It is passed on when [`FaultProxy::release`] is called.
    Hold,
}

/// What was done so far.
#[derive(Default)]
struct Tally {
    faults: BTreeMap<(S3Operation, Fault), usize>,
    /// Status of the answers to requests that were held.
    late: Vec<u16>,
}

impl std::fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultProxy")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Listens before the server at `endpoint` and lets everything pass.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub async fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("fault proxy: {error}"));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("fault proxy: {error}"));
        let proxy = Self {
            endpoint: format!("http://{address}"),
            server: endpoint.replace("http://", ""),
            plan: Arc::new(Mutex::new(Box::new(|_| Fault::None))),
            tally: Arc::default(),
            released: watch::Sender::new(false),
        };
        tokio::runtime::Handle::current().spawn(proxy.clone().serve(listener));
        proxy
    }

    /// From now on, requests meet the faults of `plan`.
    pub fn plan(&self, plan: impl FnMut(&S3Request) -> Fault + Send + 'static) {
        *self.plan.lock() = Box::new(plan);
    }

    /// From now on, everything passes.
    pub fn heal(&self) {
        self.plan(|_| Fault::None);
    }

    /// Passes on what is held, also what its client has forgotten by now; from now on nothing is
    /// held.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// How many requests have met a fault, by what they wanted.
    #[must_use]
    pub fn faults(&self, fault: Fault) -> BTreeMap<S3Operation, usize> {
        let tally = self.tally.lock();
        let faults = tally.faults.iter().filter(|((_, met), _)| *met == fault);
        faults
            .map(|((operation, _), times)| (*operation, *times))
            .collect()
    }

    /// What the server has answered to requests that were held, as HTTP status.
    #[must_use]
    pub fn late_answers(&self) -> Vec<u16> {
        self.tally.lock().late.clone()
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            tokio::runtime::Handle::current().spawn(self.clone().answer(client));
        }
    }

    /// One request per connection; both ends are told to close it.
    async fn answer(self, mut client: TcpStream) {
        let Some(exchange) = Exchange::read(&mut client).await else {
            return;
        };
        let fault = (self.plan.lock())(&exchange.request);
        let met = (exchange.request.operation, fault);
        *self.tally.lock().faults.entry(met).or_default() += 1;
        let answer = match fault {
            Fault::Down => return,
            Fault::SlowDown => exchange::refusal(503, "SlowDown"),
            Fault::Hold => self.pass_on_late(&exchange).await,
            Fault::None | Fault::CutAfter | Fault::ErrorAfter => {
                exchange.pass_on(&self.server).await
            }
        };
        let answer = match fault {
            Fault::CutAfter => return,
            Fault::ErrorAfter => exchange::refusal(500, "InternalError"),
            _ => answer,
        };
        exchange::write(&mut client, &answer).await;
    }

    async fn pass_on_late(&self, exchange: &Exchange) -> Vec<u8> {
        let mut released = self.released.subscribe();
        // Fails only when the proxy is gone.
        drop(released.wait_for(|released| *released).await);
        let answer = exchange.pass_on(&self.server).await;
        self.tally.lock().late.push(exchange::status(&answer));
        answer
    }
}
