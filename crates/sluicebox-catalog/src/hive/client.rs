use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connection::Connection;
use super::exception::{Exception, no_answer, not_called};
use super::functions::{Function, SET_UGI};
use super::settings::{HiveSettings, HiveSettingsError};
use super::thrift::{Message, MessageKind, ReadError, Struct, Value};
use crate::Class;
use crate::failure::{Failure, one_line};
use crate::operation::{Outcome, count};

/// Calls at once. Further ones wait: a metastore has a thread and a database connection per call.
const CALLS_MAX: usize = 8;

/// Calls metastores that stand on one database, over connections that are kept.
#[derive(Debug)]
pub(super) struct Client {
    settings: HiveSettings,
    addresses: Vec<String>,
    /// Which address is asked first: the last that answered.
    preferred: AtomicUsize,
    seats: Semaphore,
    /// At most as many as seats.
    idle: Mutex<Vec<Connection>>,
}

/// Why a call gave no result.
#[derive(Debug)]
pub(super) enum CallError {
    /// The function threw.
    Exception(Exception),
    /// There is no answer.
    Failure(Failure),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Exception(exception) => exception.into(),
            CallError::Failure(failure) => failure,
        }
    }
}

impl Client {
    pub(super) fn new(settings: HiveSettings) -> Result<Self, HiveSettingsError> {
        Ok(Self {
            addresses: settings.addresses()?,
            settings,
            preferred: AtomicUsize::new(0),
            seats: Semaphore::new(CALLS_MAX),
            idle: Mutex::default(),
        })
    }

    /// Calls a function and gives its result; an empty struct if it has none.
    pub(super) async fn call(
        &self,
        function: Function,
        arguments: Struct,
    ) -> Result<Value, CallError> {
        let answer = self.answer(function, &arguments).await;
        let answer = answer
            .map_err(CallError::Failure)
            .and_then(|message| result(function, message));
        count(
            "hive",
            function.name,
            match &answer {
                Ok(_) => Outcome::Ok,
                Err(CallError::Exception(_)) => Outcome::Refused,
                Err(CallError::Failure(_)) => Outcome::Unanswered,
            },
        );
        answer
    }

    async fn answer(&self, function: Function, arguments: &Struct) -> Result<Message, Failure> {
        let seat = self.seats.acquire().await;
        let _seat = seat.map_err(|_closed| Failure::retry("the client was closed"))?;
        let kept = self.idle.lock().pop();
        if let Some(connection) = kept {
            match self.exchange(connection, function, arguments).await? {
                Ok(message) => return Ok(message),
                // It lay idle and the server closed it, or is another one by now. Every call may be
                // made twice, so it does not matter whether the server had heard this one.
                Err(ReadError::Io(_)) => self.idle.lock().clear(),
                Err(error) => return Err(no_answer("the metastore", &error)),
            }
        }
        let (connection, address) = self.connect().await?;
        let answer = self.exchange(connection, function, arguments).await?;
        answer.map_err(|error| no_answer(address, &error))
    }

    /// The outer error: it took too long.
    async fn exchange(
        &self,
        mut connection: Connection,
        function: Function,
        arguments: &Struct,
    ) -> Result<Result<Message, ReadError>, Failure> {
        let limit = self.settings.request_timeout;
        let Ok(answer) = timeout(limit, connection.call(function.name, arguments)).await else {
            // Whatever hangs there, its other connections hang as well; the next address is next.
            self.idle.lock().clear();
            self.preferred.fetch_add(1, Ordering::Relaxed);
            return Err(Failure::retry(format!(
                "the metastore did not answer {} within {} s",
                function.name,
                limit.as_secs_f64()
            )));
        };
        if answer.is_ok() {
            self.idle.lock().push(connection);
        }
        Ok(answer)
    }

    /// A new connection to the first address that takes one.
    async fn connect(&self) -> Result<(Connection, &str), Failure> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut refusals = Vec::new();
        for turn in 0..self.addresses.len() {
            let index = preferred.wrapping_add(turn) % self.addresses.len();
            let Some(address) = self.addresses.get(index) else {
                break;
            };
            match self.open(address).await {
                Ok(connection) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok((connection, address));
                }
                Err(failure) if failure.class == Class::Retry => refusals.push(failure.message),
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::retry(one_line(&format!(
            "no metastore can be reached ({}); check that it runs, the addresses and the network",
            refusals.join("; ")
        ))))
    }

    async fn open(&self, address: &str) -> Result<Connection, Failure> {
        let greet = async {
            let refused = |error| Failure::retry(format!("{address}: {error}"));
            let opened = Connection::open(address, self.settings.framed).await;
            let mut connection = opened.map_err(refused)?;
            if let Some(user) = &self.settings.user {
                let arguments = Struct::new().with(1, user).with(2, Vec::<String>::new());
                let answer = connection.call(SET_UGI.name, &arguments).await;
                let answer = answer.map_err(|error| no_answer(address, &error))?;
                result(SET_UGI, answer)?;
            }
            Ok(connection)
        };
        let greeted = timeout(self.settings.connect_timeout, greet).await;
        greeted
            .unwrap_or_else(|_elapsed| Err(Failure::retry(format!("{address}: no answer in time"))))
    }
}

/// A function's result, or what it threw.
fn result(function: Function, mut message: Message) -> Result<Value, CallError> {
    const SUCCESS: i16 = 0;
    if message.kind == MessageKind::Exception {
        let failure = not_called(function.name, &message.body);
        return Err(CallError::Failure(failure));
    }
    if let Some(result) = message.body.take(SUCCESS) {
        return Ok(result);
    }
    let Some((id, value)) = message.body.first() else {
        return Ok(Struct::new().into());
    };
    let thrown = usize::try_from(id - 1).unwrap_or(usize::MAX);
    let kind = function.throws.get(thrown).copied();
    let text = match value {
        Value::Struct(exception) => exception.text(1).unwrap_or_default(),
        _ => "",
    };
    match kind {
        Some(kind) => Err(CallError::Exception(Exception {
            kind,
            message: text.to_owned(),
        })),
        None => Err(CallError::Failure(Failure::retry(one_line(&format!(
            "{} threw what it did not use to throw: {text}",
            function.name
        ))))),
    }
}
