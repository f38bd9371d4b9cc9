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

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact name wins over every expression, then the first expression that matches.
    #[test]
    fn the_exact_name_wins() {
        let expression = |text: &str| TopicSelector::Regex(text.parse().unwrap());
        let choices = [
            (expression("^raw"), 1),
            (expression("^raw\\.x"), 2),
            (TopicSelector::Name("raw.x".to_owned()), 3),
        ];
        for (topic, choice) in [("raw.x", Some(3)), ("raw.xy", Some(1)), ("other", None)] {
            assert_eq!(for_topic(&choices, topic).copied(), choice, "{topic}");
        }
    }
}
