//! How a model is checked, and what is said of it.

use std::collections::HashMap;

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path, Property};

use crate::model::{Action, ChainModel};
use crate::world::World;

/// Walks every history: each promise holds, and each thing that should happen somewhere does.
pub(crate) fn assert_kept(model: ChainModel) {
    let checker = model
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    println!("{}", summary(&checker));
    for Property {
        name, expectation, ..
    } in checker.model().properties()
    {
        match (expectation, checker.discovery(name)) {
            (Expectation::Sometimes, found) => assert!(found.is_some(), "never happens: {name}"),
            (_, Some(path)) => panic!("not kept: {name}\n{}", told(path)),
            (_, None) => {}
        }
    }
}

/// Looks for the shortest history in which `promise` is not kept.
pub(crate) fn assert_found(model: ChainModel, promise: &'static str) {
    let (broken, restore) = (model.broken, model.restore);
    let checker = model
        .checker()
        .finish_when(HasDiscoveries::AnyOf([promise].into()))
        .spawn_bfs()
        .join();
    let Some(path) = checker.discovery(promise) else {
        panic!("no counterexample: {promise}, {broken:?}, {restore:?}");
    };
    let steps = path.into_actions().len();
    println!(
        "{broken:?}: found that not \"{promise}\", after {steps} steps; {}",
        summary(&checker)
    );
}

/// Whether some history comes back to where it was. In a model without such a history, what holds
/// at the end of every history comes true, however long it takes.
pub(crate) fn goes_in_circles(model: &ChainModel) -> bool {
    let mut open: Vec<(World, Vec<World>)> = Vec::new();
    // Whether a world lies behind us, or on the way from the beginning to here.
    let mut left: HashMap<World, bool> = HashMap::new();
    let mut arrive = model.init_states().pop();
    loop {
        if let Some(world) = arrive.take() {
            left.insert(world.clone(), false);
            let next = model.next_states(&world);
            open.push((world, next));
        }
        let Some((here, next)) = open.last_mut() else {
            return false;
        };
        match next.pop() {
            Some(next) => match left.get(&next) {
                Some(true) => {}
                Some(false) => return true,
                None => arrive = Some(next),
            },
            None => {
                left.insert(here.clone(), true);
                open.pop();
            }
        }
    }
}

fn summary(checker: &impl Checker<ChainModel>) -> String {
    let model = checker.model();
    format!(
        "{} writers, {} files a record, {} offsets, {:?}: {} states, {} steps, {} deep",
        model.writers,
        model.files,
        model.end,
        model.faults,
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
    )
}

/// A history, step by step.
fn told(path: Path<World, Action>) -> String {
    let steps = path.into_vec().into_iter().map(|(world, action)| {
        let World {
            chain,
            data,
            late,
            kafka,
            seats,
            ..
        } = &world;
        let store = format!("  {chain:?} {data:?} {late:?} {kafka:?}\n");
        let seats = seats.iter().enumerate();
        let seats: String = seats
            .map(|(writer, seat)| format!("    {writer}: {seat:?}\n"))
            .collect();
        format!("{store}{seats}{action:?}\n")
    });
    steps.collect()
}
