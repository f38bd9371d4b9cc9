use super::JsonReader;

/// Bytes of a token that are compared at once.
const HEAD: usize = 16;

/// Text that is looked for in every record, such as a field's name as most producers write it.
///
/// Nearly all of them are short, and for a few bytes the call of a general comparison costs more than
/// the comparison.
pub(crate) struct Token {
    text: String,
    /// The first bytes of the text, and ones wherever it has any.
    head: u128,
    mask: u128,
}

impl Token {
    pub(crate) fn new(text: String) -> Self {
        let mut head = [0; HEAD];
        let mut mask = [0; HEAD];
        for (byte, (head, mask)) in text.bytes().zip(head.iter_mut().zip(&mut mask)) {
            *head = byte;
            *mask = 0xFF;
        }
        Self {
            text,
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[inline]
    fn begins(&self, bytes: &[u8]) -> bool {
        match bytes.first_chunk::<HEAD>() {
            Some(head) => {
                let differs = (u128::from_le_bytes(*head) ^ self.head) & self.mask != 0;
                !differs && (self.text.len() <= HEAD || bytes.starts_with(self.text.as_bytes()))
            }
            None => bytes.starts_with(self.text.as_bytes()),
        }
    }
}

impl JsonReader<'_> {
    /// Passes over `token` if it stands right here.
    #[inline]
    pub(crate) fn eat_token(&mut self, token: &Token) -> bool {
        let found = token.begins(self.rest());
        if found {
            self.position += token.text.len();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    /// A token is found exactly where its text stands, whatever the length of both.
    #[test]
    fn a_token_begins_what_its_text_begins() {
        let text = r#""a_name_of_a_field_that_is_long":1"#;
        for length in 0..text.len() {
            let token = Token::new(text.chars().take(length).collect());
            for end in 0..=text.len() {
                assert_eq!(token.begins(&text.as_bytes()[..end]), end >= length);
            }
            for wrong in 0..length {
                let mut bytes = text.as_bytes().to_vec();
                bytes[wrong] ^= 1;
                assert!(!token.begins(&bytes), "{length} {wrong}");
            }
        }
    }
}
