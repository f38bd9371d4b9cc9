//! Glue's actions on tables and partitions, with its limits, pages and checks, in memory.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// Partitions on a page, however many are asked for: fewer pages than Glue's would show nothing.
const PAGE: usize = 100;

/// A server that ends with the test's runtime.
pub(super) struct Server {
    pub(super) endpoint: String,
    state: Arc<Mutex<Contents>>,
}

/// What it says instead of doing what it is asked.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status, code, message.
    Error(u16, &'static str, &'static str),
    /// This, with status 200.
    Body(String),
}

#[derive(Default)]
struct Contents {
    databases: Vec<String>,
    tables: BTreeMap<String, Table>,
    answers: BTreeMap<String, VecDeque<Answer>>,
    requests: Vec<(String, Value)>,
}

struct Table {
    input: Value,
    version: u64,
    /// By their values.
    partitions: BTreeMap<Vec<String>, Value>,
}

type Outcome = Result<Value, (&'static str, String)>;

impl Server {
    pub(super) async fn start() -> Self {
        let state = Arc::<Mutex<Contents>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/", routing::post(handle))
            .with_state(Arc::clone(&state));
        tokio::runtime::Handle::current().spawn(async { axum::serve(listener, router).await });
        Self { endpoint, state }
    }

    /// The next request for this action gets this answer.
    pub(super) fn answer_once(&self, action: &str, answer: Answer) {
        let mut state = self.state.lock();
        state
            .answers
            .entry(action.to_owned())
            .or_default()
            .push_back(answer);
    }

    /// The requests for this action so far.
    pub(super) fn requests(&self, action: &str) -> Vec<Value> {
        let state = self.state.lock();
        let of_action = state.requests.iter().filter(|(name, _)| name == action);
        of_action.map(|(_, request)| request.clone()).collect()
    }

    /// Changes a table as its owner does.
    pub(super) fn change_table(&self, name: &str, change: impl FnOnce(&mut Value)) {
        change(
            &mut self
                .state
                .lock()
                .tables
                .get_mut(name)
                .expect("a table")
                .input,
        );
    }
}

async fn handle(
    State(state): State<Arc<Mutex<Contents>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let target = headers["x-amz-target"].to_str().expect("ASCII");
    let action = target.strip_prefix("AWSGlue.").expect("Glue").to_owned();
    assert!(headers.contains_key("authorization"), "signed");
    let request: Value = serde_json::from_str(&body).expect("JSON");
    let mut state = state.lock();
    state.requests.push((action.clone(), request.clone()));
    let scripted = state.answers.get_mut(&action).and_then(VecDeque::pop_front);
    match scripted {
        Some(Answer::Body(body)) => body.into_response(),
        Some(Answer::Error(status, code, message)) => error(status, code, message),
        None => match state.act(&action, &request) {
            Ok(answer) => answer.to_string().into_response(),
            Err((code, message)) => error(400, code, &message),
        },
    }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        json!({"__type": code, "Message": message}).to_string(),
    )
        .into_response()
}

impl Contents {
    fn act(&mut self, action: &str, request: &Value) -> Outcome {
        match action {
            "GetDatabase" => self.get_database(request),
            "CreateDatabase" => self.create_database(request),
            "GetTable" => self.get_table(request),
            "CreateTable" => self.create_table(request),
            "UpdateTable" => self.update_table(request),
            "GetPartitions" => self.get_partitions(request),
            "BatchGetPartition" => self.batch_get(request),
            "BatchCreatePartition" => self.batch_create(request),
            "BatchUpdatePartition" => self.batch_update(request),
            "BatchDeletePartition" => self.batch_delete(request),
            other => panic!("nobody asks for {other}"),
        }
    }

    fn get_database(&self, request: &Value) -> Outcome {
        let name = lower(&request["Name"]);
        if self.databases.contains(&name) {
            return Ok(json!({"Database": {"Name": name}}));
        }
        Err((
            "EntityNotFoundException",
            format!("Database {name} not found."),
        ))
    }

    fn create_database(&mut self, request: &Value) -> Outcome {
        self.databases
            .push(lower(&request["DatabaseInput"]["Name"]));
        Ok(json!({}))
    }

    fn get_table(&mut self, request: &Value) -> Outcome {
        let table = self.table(&request["Name"])?;
        let mut answer = table.input.clone();
        answer["VersionId"] = json!(table.version.to_string());
        answer["DatabaseName"] = request["DatabaseName"].clone();
        Ok(json!({"Table": answer}))
    }

    fn create_table(&mut self, request: &Value) -> Outcome {
        let input = request["TableInput"].clone();
        let name = lower(&input["Name"]);
        if self.tables.contains_key(&name) {
            return Err(("AlreadyExistsException", "Table already exists.".to_owned()));
        }
        let (version, partitions) = (0, BTreeMap::new());
        self.tables.insert(
            name,
            Table {
                input,
                version,
                partitions,
            },
        );
        Ok(json!({}))
    }

    fn update_table(&mut self, request: &Value) -> Outcome {
        let table = self.table(&request["TableInput"]["Name"])?;
        let expected = request["VersionId"].as_str();
        if expected.is_some_and(|version| version != table.version.to_string()) {
            return Err((
                "ConcurrentModificationException",
                "Version mismatch".to_owned(),
            ));
        }
        table.input = request["TableInput"].clone();
        table.version += 1;
        Ok(json!({}))
    }

    fn get_partitions(&mut self, request: &Value) -> Outcome {
        let table = self.table(&request["TableName"])?;
        assert_eq!(
            request["ExcludeColumnSchema"], true,
            "dates need no columns"
        );
        let start: usize = request["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().expect("ours"));
        let page: Vec<_> = table
            .partitions
            .values()
            .skip(start)
            .take(PAGE)
            .cloned()
            .collect();
        let next = start + page.len();
        let more = next < table.partitions.len();
        Ok(json!({"Partitions": page, "NextToken": more.then(|| next.to_string())}))
    }

    fn batch_get(&mut self, request: &Value) -> Outcome {
        let keys = list(request, "PartitionsToGet", 1_000)?;
        let table = self.table(&request["TableName"])?;
        let found = keys
            .iter()
            .filter_map(|key| table.partitions.get(&values(&key["Values"])));
        Ok(json!({"Partitions": found.collect::<Vec<_>>()}))
    }

    fn batch_create(&mut self, request: &Value) -> Outcome {
        let inputs = list(request, "PartitionInputList", 100)?;
        let table = self.table(&request["TableName"])?;
        let mut errors = Vec::new();
        for input in inputs {
            match table.partitions.entry(values(&input["Values"])) {
                Entry::Vacant(place) => {
                    place.insert(input.clone());
                }
                Entry::Occupied(place) => errors.push(json!({
                    "PartitionValues": place.key(),
                    "ErrorDetail": {
                        "ErrorCode": "AlreadyExistsException",
                        "ErrorMessage": "Partition already exists.",
                    },
                })),
            }
        }
        Ok(json!({"Errors": errors}))
    }

    fn batch_update(&mut self, request: &Value) -> Outcome {
        let entries = list(request, "Entries", 100)?;
        let table = self.table(&request["TableName"])?;
        for entry in entries {
            let place = table
                .partitions
                .get_mut(&values(&entry["PartitionValueList"]));
            *place.expect("asked for before") = entry["PartitionInput"].clone();
        }
        Ok(json!({}))
    }

    fn batch_delete(&mut self, request: &Value) -> Outcome {
        let keys = list(request, "PartitionsToDelete", 25)?;
        let table = self.table(&request["TableName"])?;
        let mut errors = Vec::new();
        for key in keys {
            let values = values(&key["Values"]);
            if table.partitions.remove(&values).is_none() {
                errors.push(json!({"PartitionValues": values, "ErrorDetail": {
                    "ErrorCode": "EntityNotFoundException", "ErrorMessage": "Cannot find partition."}}));
            }
        }
        Ok(json!({"Errors": errors}))
    }

    fn table(&mut self, name: &Value) -> Result<&mut Table, (&'static str, String)> {
        let name = lower(name);
        let missing = (
            "EntityNotFoundException",
            format!("Table {name} not found."),
        );
        self.tables.get_mut(&name).ok_or(missing)
    }
}

/// A name as Glue stores it, which is not as it may come.
fn lower(name: &Value) -> String {
    let name = name.as_str().expect("a name");
    assert_eq!(name, name.to_lowercase(), "names come in lower case");
    name.to_owned()
}

fn list<'a>(
    request: &'a Value,
    name: &str,
    max: usize,
) -> Result<&'a Vec<Value>, (&'static str, String)> {
    let list = request[name].as_array().expect("a list");
    if (1..=max).contains(&list.len()) {
        return Ok(list);
    }
    Err((
        "InvalidInputException",
        format!("{name} has {} members", list.len()),
    ))
}

fn values(values: &Value) -> Vec<String> {
    let values = values.as_array().expect("values").iter();
    values
        .map(|value| value.as_str().expect("a text").to_owned())
        .collect()
}
