use sluicebox_config::{GroupProtocol, TopicSelector};

/// What the group is told of a key of `topics`. A member of a classic group matches expressions by
/// itself, anywhere in a name. With KIP-848 the broker does, and wants the whole name matched.
pub(crate) fn subscription(selector: &TopicSelector, protocol: GroupProtocol) -> String {
    let text = selector.as_str();
    match (selector, protocol, text.strip_prefix('^')) {
        (TopicSelector::Regex(_), GroupProtocol::Consumer, Some(rest)) => {
            format!("^({rest}).*")
        }
        _ => text.to_owned(),
    }
}

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

    /// Where the whole name has to match, the end of an expression is open as it is everywhere else.
    #[test]
    fn brokers_match_as_members_do() {
        let expression = |text: &str| TopicSelector::Regex(text.parse().unwrap());
        let name = TopicSelector::Name("raw.x".to_owned());
        for (selector, classic, consumer) in [
            (name, "raw.x", "raw.x"),
            (expression("^raw"), "^raw", "^(raw).*"),
            (expression("^raw$"), "^raw$", "^(raw$).*"),
        ] {
            let told = |protocol| subscription(&selector, protocol);
            assert_eq!(told(GroupProtocol::Classic), classic);
            assert_eq!(told(GroupProtocol::Consumer), consumer);
        }
    }

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
