//! Expressions for topics: three engines must agree on them. Members of a classic group match with
//! POSIX extended expressions (librdkafka, `regcomp`), the broker of a KIP-848 group with RE2/J, and
//! the settings of a topic are found with the crate `regex`. What one of them reads otherwise, or
//! not at all, would subscribe to topics that have no settings, or miss topics that have.

use std::iter::Peekable;
use std::str::Chars;

/// Kafka's limit on the name of a topic: nothing has to be repeated more often.
const REPEATS_MAX: u32 = 249;

/// Topics that belong to Kafka itself.
const KAFKAS_OWN: [&str; 3] = [
    "__consumer_offsets",
    "__transaction_state",
    "__share_group_state",
];

/// A part of an expression that is not read alike by all who match topics.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The part, as it is written.
    pub(super) part: String,
    /// What to write instead.
    pub(super) instead: String,
}

impl Foreign {
    fn new(part: impl Into<String>, instead: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            instead: instead.into(),
        }
    }
}

/// The first part of a well-formed expression that is not read alike by all who match topics.
pub(super) fn foreign(expression: &str) -> Option<Foreign> {
    let mut rest = expression.chars().peekable();
    rest.next_if_eq(&'^');
    let mut place = Place {
        depth: 0,
        before: Before::Nothing,
    };
    while let Some(first) = rest.next() {
        if let Err(foreign) = place.pass(first, &mut rest) {
            return Some(foreign);
        }
    }
    None
}

/// The first of Kafka's own topics that is matched.
pub(super) fn own_topic_matched(expression: &regex::Regex) -> Option<&'static str> {
    KAFKAS_OWN
        .into_iter()
        .find(|topic| expression.is_match(topic))
}

/// What a repetition sign would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    One,
    Repeated,
}

struct Place {
    /// Groups that are open.
    depth: u32,
    before: Before,
}

impl Place {
    fn pass(&mut self, first: char, rest: &mut Peekable<Chars<'_>>) -> Result<(), Foreign> {
        self.before = match first {
            '.' | '_' | '-' => Before::One,
            letter if letter.is_ascii_alphanumeric() => Before::One,
            '\\' => escaped(rest.next())?,
            '[' => set(rest)?,
            '(' => self.open(rest.peek())?,
            ')' | '|' => self.end_of_branch(first)?,
            '*' | '+' | '?' => self.repeat(&first.to_string())?,
            '{' => {
                let repeats = repeats(rest)?;
                self.repeat(&repeats)?
            }
            '$' if rest.peek().is_none() => Before::Nothing,
            '$' => return Err(Foreign::new("$", "it stands at the end only")),
            '^' => return Err(Foreign::new("^", "it stands at the beginning only")),
            other => {
                let instead = "the names of topics hold A-Z a-z 0-9 . _ - and nothing else";
                return Err(Foreign::new(other, instead));
            }
        };
        Ok(())
    }

    fn open(&mut self, next: Option<&char>) -> Result<Before, Foreign> {
        if next == Some(&'?') {
            let instead = "a plain group, `(…)`; for either case write both letters, `[Aa]`";
            return Err(Foreign::new("(?", instead));
        }
        self.depth += 1;
        Ok(Before::Nothing)
    }

    fn end_of_branch(&mut self, sign: char) -> Result<Before, Foreign> {
        if self.depth == 0 {
            let instead = "alternatives stand in a group, `^(a|b)`, or under a key for each";
            return Err(Foreign::new(sign, instead));
        }
        if self.before == Before::Nothing {
            let instead = "an alternative that may be empty is written `(…)?`";
            return Err(Foreign::new(
                format!("an empty part before {sign}"),
                instead,
            ));
        }
        if sign == '|' {
            return Ok(Before::Nothing);
        }
        self.depth -= 1;
        Ok(Before::One)
    }

    fn repeat(&self, sign: &str) -> Result<Before, Foreign> {
        match self.before {
            Before::One => Ok(Before::Repeated),
            Before::Nothing => Err(Foreign::new(sign, "a letter or a group stands before it")),
            Before::Repeated => {
                let instead =
                    "one sign is enough: a topic matches or does not, so no match is lazy";
                Err(Foreign::new(
                    format!("a second repetition, {sign}"),
                    instead,
                ))
            }
        }
    }
}

fn escaped(character: Option<char>) -> Result<Before, Foreign> {
    let instead = match character {
        Some('.') => return Ok(Before::One),
        Some('d') => "`[0-9]`",
        Some('w') => "`[A-Za-z0-9_]`",
        Some('D' | 'W' | 's' | 'S') => "a set of what may stand there, such as `[a-z]`",
        Some('b' | 'B' | 'A' | 'z' | 'Z' | '<' | '>') => "nothing: `^` and `$` are the only places",
        _ => "only the dot is escaped, `\\.`; A-Z a-z 0-9 _ - stand for themselves",
    };
    Err(Foreign::new(
        format!("\\{}", character.unwrap_or(' ')),
        instead,
    ))
}

/// `[…]`, from behind the bracket: letters of topics' names and ranges of them.
fn set(rest: &mut Peekable<Chars<'_>>) -> Result<Before, Foreign> {
    rest.next_if_eq(&'^');
    let mut members = Vec::new();
    loop {
        match rest.next() {
            Some(']') if !members.is_empty() => break,
            Some(member) if member.is_ascii_alphanumeric() || "._-".contains(member) => {
                members.push(member);
            }
            other => {
                let instead = "in [ ] only A-Z a-z 0-9 . _ - and ranges such as `a-z`";
                let part = other.map_or_else(String::new, String::from);
                return Err(Foreign::new(format!("{part} in [ ]"), instead));
            }
        }
    }
    check_ranges(&members)
}

/// A `-` that joins nothing stands first or last.
fn check_ranges(mut members: &[char]) -> Result<Before, Foreign> {
    if let ['-', rest @ ..] = members {
        members = rest;
    }
    loop {
        members = match members {
            [] | ['-'] => return Ok(Before::One),
            [from, '-', to, rest @ ..]
                if from.is_ascii_alphanumeric() && to.is_ascii_alphanumeric() =>
            {
                rest
            }
            ['-', ..] => return Err(Foreign::new("- in [ ]", "put it first or last")),
            [_, rest @ ..] => rest,
        };
    }
}

/// `{n}`, `{n,}` or `{n,m}`, from behind the brace.
fn repeats(rest: &mut Peekable<Chars<'_>>) -> Result<String, Foreign> {
    let inside: String = rest.by_ref().take_while(|c| *c != '}').collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let small = |number: &str| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        digits
            && number
                .parse()
                .is_ok_and(|number: u32| number <= REPEATS_MAX)
    };
    let part = format!("{{{inside}}}");
    if small(least) && (most.is_empty() || small(most)) {
        return Ok(part);
    }
    let instead = format!("`{{n}}`, `{{n,}}` or `{{n,m}}` with numbers up to {REPEATS_MAX}");
    Err(Foreign::new(part, instead))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// What all engines read alike is taken.
    #[test]
    fn the_common_part_is_taken() {
        for expression in [
            "^",
            r"^raw\.",
            r"^raw\..*",
            "^raw-[0-9]+$",
            "^(raw|golden)_(a|b)?",
            "^[^_]",
            "^[A-Za-z0-9._-]{1,249}$",
            "^[-a]{3}x{2,}",
            "^((a|b)c)*d",
        ] {
            Regex::new(expression).unwrap();
            assert_eq!(foreign(expression), None, "{expression}");
        }
    }

    /// What one engine reads otherwise is named, with what to write instead.
    #[test]
    fn what_differs_is_named_with_a_cure() {
        for (expression, part, instead) in [
            (r"^raw\d+", r"\d", "[0-9]"),
            (r"^raw\w+", r"\w", "[A-Za-z0-9_]"),
            (r"^raw\b", r"\b", "`^` and `$`"),
            (r"^raw\-x", r"\-", r"`\.`"),
            (r"^raw\pL", r"\p", r"`\.`"),
            ("^(?i)raw", "(?", "`[Aa]`"),
            ("^(?:raw)", "(?", "plain group"),
            ("^raw.*?", "a second repetition, ?", "lazy"),
            ("^raw.**", "a second repetition, *", "one sign"),
            ("^*", "*", "before it"),
            ("^raw|golden", "|", "`^(a|b)`"),
            ("^(raw|)", "an empty part before )", "`(…)?`"),
            ("^raw|^golden", "|", "`^(a|b)`"),
            ("^(^raw)", "^", "beginning"),
            ("^(raw$)", "$", "end"),
            ("^[[:alpha:]]", "[ in [ ]", "`a-z`"),
            (r"^[\w]", r"\ in [ ]", "`a-z`"),
            ("^[a-z&&b]", "& in [ ]", "`a-z`"),
            ("^[a--b]", "- in [ ]", "first or last"),
            ("^[a-c-e]", "- in [ ]", "first or last"),
            ("^a{1000}", "{1000}", "up to 249"),
            ("^raw ", " ", "nothing else"),
            ("^ä", "ä", "nothing else"),
        ] {
            Regex::new(expression).unwrap();
            let found = foreign(expression).unwrap_or_else(|| panic!("{expression} is taken"));
            assert_eq!(found.part, part, "{expression}");
            assert!(found.instead.contains(instead), "{expression}: {found:?}");
        }
    }

    /// Kafka's own topics are found out, however they are matched.
    #[test]
    fn kafkas_own_topics_are_found() {
        let matched = |expression: &str| own_topic_matched(&Regex::new(expression).unwrap());
        assert_eq!(matched("^.*"), Some("__consumer_offsets"));
        assert_eq!(matched("^__t"), Some("__transaction_state"));
        assert_eq!(matched("^[^_]"), None);
    }

    proptest! {
        /// Whatever is taken, `regex` takes too, or calls it malformed; nothing panics.
        #[test]
        fn any_text_is_judged(text in "\\^[a-c.\\\\\\[\\](){}|*+?$^,0-9-]{0,12}") {
            let _judged = foreign(&text);
        }
    }
}
