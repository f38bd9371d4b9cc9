use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sluicebox_events::{Event, parse_structured};
use sluicebox_tests::harness::{Endpoint, Reply, eventually};

use super::lake::Lake;

/// How an aborted process ends.
const SIGABRT: i32 = 128 + 6;

/// A process that dies between the target's answer and the cursor tells the event again, with the
/// same bytes; one that dies at any other step loses none.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_a_crash_is_told_again_alike() {
    for step in ["after_notify:3", "before_cursor:2", "after_publish:2"] {
        let name = format!("notify-{}", step.replace(['_', ':'], "-"));
        let mut lake = Lake::new(&name).await;
        let endpoint = Endpoint::start("127.0.0.1:0".parse().expect("an address"), |_, _| {
            Reply::Status(200)
        })
        .await;
        let address = endpoint.address;
        lake.notify = format!("[{{ webhook: {{ url: 'http://{address}/' }} }}]");
        let mut crashed = lake.run(&[("SLUICEBOX_CRASH_AT".to_owned(), step.to_owned())]);
        lake.produce().await;
        assert_eq!(
            crashed.wait(Duration::from_secs(120)),
            SIGABRT,
            "{}",
            crashed.log()
        );

        let _process = lake.run(&[]);
        let heard = || {
            let requests = endpoint.requests().into_iter();
            requests.map(|request| request.body).collect::<Vec<_>>()
        };
        let events = || {
            let bodies = heard().into_iter();
            bodies
                .map(|body| parse_structured(&body).expect("an event"))
                .collect::<Vec<_>>()
        };
        let ids = |events: &[Event]| {
            let ids: BTreeSet<_> = events.iter().map(|event| event.id.clone()).collect();
            ids.len()
        };
        eventually(
            "everything is told, and again what the cursor had not passed",
            async || {
                let events = events();
                let repeated = step.starts_with("after_publish") || ids(&events) < events.len();
                (lake.is_told(&events) && repeated).then_some(())
            },
        )
        .await;
        let events = events();
        lake.assert_told(&events);
        let mut bodies = BTreeMap::new();
        for (event, body) in events.iter().zip(heard()) {
            let before = bodies.insert(event.id.clone(), body.clone());
            assert!(
                before.is_none_or(|before| before == body),
                "a repeat differs"
            );
        }
    }
}
