use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

/// What the writer of a value that no branch of a union takes had in mind.
pub(super) enum Meant<'a> {
    /// This branch: these are its errors.
    Branch(&'a [ValidationError<'static>]),
    /// One of the branches that a word inside tells apart, but there is no such word.
    Tag { at: String, words: Vec<String> },
    /// One of several mappings, but no branch has these keys.
    Keys { unknown: Vec<String> },
    /// There is no telling.
    None,
}

/// Works out which branch was meant from what is wrong in each.
pub(super) fn meant<'a>(at: &str, context: &'a [Vec<ValidationError<'static>>]) -> Meant<'a> {
    let mut near: Vec<&Vec<_>> = context
        .iter()
        .filter(|errors| !errors.iter().any(|e| is_other_shape(e, at)))
        .collect();
    if near.is_empty() {
        return Meant::None;
    }
    let tags: Vec<(&str, String)> = near.iter().filter_map(|errors| tag_of(errors)).collect();
    if let [(tag, _), ..] = tags.as_slice()
        && tags.len() == near.len()
    {
        let words = tags.iter().map(|(_, word)| word.clone()).collect();
        return Meant::Tag {
            at: (*tag).to_owned(),
            words,
        };
    }
    near.retain(|errors| tag_of(errors).is_none());
    let least = near.iter().map(|errors| misfit(errors)).min();
    let best: Vec<_> = near
        .iter()
        .copied()
        .filter(|errors| Some(misfit(errors)) == least)
        .collect();
    match best.as_slice() {
        [errors] if has_its_keys(errors) || near.len() == 1 => Meant::Branch(errors),
        [errors, _, ..] if same(&best) => Meant::Branch(errors),
        _ => {
            let unknown = unknown_in_all(&near);
            if unknown.is_empty() {
                Meant::None
            } else {
                Meant::Keys { unknown }
            }
        }
    }
}

/// Whether a branch takes another kind of value altogether.
fn is_other_shape(error: &ValidationError<'_>, at: &str) -> bool {
    let own = error.instance_path().as_str() == at;
    match error.kind() {
        Kind::Type { .. } | Kind::Enum { .. } | Kind::Constant { .. } => own,
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            own && context
                .iter()
                .all(|errors| errors.iter().any(|e| is_other_shape(e, at)))
        }
        _ => false,
    }
}

/// The word that a branch asks for in one of its members, and does not get.
fn tag_of<'a>(errors: &'a [ValidationError<'static>]) -> Option<(&'a str, String)> {
    errors.iter().find_map(|error| match error.kind() {
        Kind::Constant { expected_value } => {
            let word = expected_value.as_str()?.to_owned();
            Some((error.instance_path().as_str(), word))
        }
        _ => None,
    })
}

/// How badly the keys of a mapping fit a branch.
fn misfit(errors: &[ValidationError<'_>]) -> usize {
    let of = |error: &ValidationError<'_>| match error.kind() {
        Kind::AdditionalProperties { unexpected } => unexpected.len(),
        Kind::Required { .. } => 1,
        _ => 0,
    };
    errors.iter().map(of).sum()
}

/// Whether no key is both missing and replaced by an unknown one.
fn has_its_keys(errors: &[ValidationError<'_>]) -> bool {
    let missing = errors
        .iter()
        .any(|error| matches!(error.kind(), Kind::Required { .. }));
    let unknown = |e: &ValidationError<'_>| matches!(e.kind(), Kind::AdditionalProperties { .. });
    !(missing && errors.iter().any(unknown))
}

/// Whether all branches complain of the same, such as a missing tag.
fn same(branches: &[&Vec<ValidationError<'static>>]) -> bool {
    let told = |errors: &Vec<ValidationError<'static>>| -> BTreeSet<String> {
        errors
            .iter()
            .map(|e| format!("{}{}", e.instance_path(), e.masked()))
            .collect()
    };
    let mut others = branches.iter().map(|errors| told(errors));
    let first = others.next();
    others.all(|other| Some(other) == first)
}

fn unknown_in_all(branches: &[&Vec<ValidationError<'static>>]) -> Vec<String> {
    let unknown = |errors: &&Vec<ValidationError<'static>>| -> BTreeSet<String> {
        let keys = errors.iter().filter_map(|error| match error.kind() {
            Kind::AdditionalProperties { unexpected } => Some(unexpected.clone()),
            _ => None,
        });
        keys.flatten().collect()
    };
    let all = branches
        .iter()
        .map(unknown)
        .reduce(|a, b| a.intersection(&b).cloned().collect());
    all.unwrap_or_default().into_iter().collect()
}
