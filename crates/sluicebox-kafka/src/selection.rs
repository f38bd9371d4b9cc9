use sluicebox_config::TopicSelector;

/// What was said for `topic`: under its exact name, else under the first expression that matches
/// it; the choice that the config makes for all settings of a topic.
pub(crate) fn for_topic<'a, T>(choices: &'a [(TopicSelector, T)], topic: &str) -> Option<&'a T> {
    let named =
        |selector: &TopicSelector| matches!(selector, TopicSelector::Name(name) if name == topic);
    let exact = choices.iter().find(|(selector, _)| named(selector));
    let chosen = exact.or_else(|| choices.iter().find(|(selector, _)| selector.matches(topic)));
    chosen.map(|(_, choice)| choice)
}
