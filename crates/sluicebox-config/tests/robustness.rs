//! Whatever the file holds, the answer is a config or a list of mistakes.

use std::path::Path;

use proptest::prelude::*;
use sluicebox_config::{Environment, load, parse};

const FULL: &str = include_str!("../../../config/full.yaml");

fn survives(text: &str) -> Result<(), TestCaseError> {
    let environment = Environment::default();
    if let Err(errors) = parse(text, Path::new("config.yaml"), &[], &environment) {
        prop_assert!(!errors.errors.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// No bytes make it panic.
    #[test]
    fn any_bytes_are_data(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    /// Nor does YAML with anything in the place of anything.
    #[test]
    fn yaml_soup_is_data(words in prop::collection::vec(
        prop::sample::select(vec!["name", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ", ", "&a ", "*a",
            "<<", "${X", "}", "kafka", "topics", "\"", "'", "|", ">", "#", "!!str ", "? ", "---\n", "5", "\t"]), 0..60)) {
        survives(&words.concat())?;
    }

    /// Nor does a real config with a piece cut out.
    #[test]
    fn a_cut_config_is_data(from in 0..FULL.len(), length in 0usize..200) {
        let kept: String = FULL.char_indices()
            .filter(|(index, _)| !(from..from + length).contains(index))
            .map(|(_, c)| c)
            .collect();
        survives(&kept)?;
    }
}

/// Files that are no text, too long, or not there are told as such.
#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        load(&path, &[], &Environment::default())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(told("latin1", b"name: \xe9").contains("is not UTF-8 text: byte 6"));
    assert!(told("long", &vec![b'#'; (1 << 20) + 1]).contains("has more than 1024 KiB"));
    let none = load(&folder.path().join("none"), &[], &Environment::default());
    assert!(
        none.map(|_| ())
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}
