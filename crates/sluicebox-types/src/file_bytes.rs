use std::fmt;

use bytes::{Bytes, BytesMut};

/// The contents of a file in memory, in parts: so a large one grows without being moved, and nobody
/// needs it in one piece to send it or to write it down.
///
/// Clones share the parts.
#[derive(Clone, Default)]
pub struct FileBytes {
    parts: Vec<Bytes>,
}

impl FileBytes {
    /// Their number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }

    /// The parts in their order. Where one ends says nothing.
    #[must_use]
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// Adds a part at the end.
    pub fn push(&mut self, part: Bytes) {
        self.parts.push(part);
    }

    /// All in one piece. Copies them, unless they are one already.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if let [whole] = self.parts.as_slice() {
            return whole.clone();
        }
        let mut whole = BytesMut::with_capacity(self.len());
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        whole.freeze()
    }

    /// The same bytes cut into pieces of `length` bytes, of which the last may be shorter. Nothing is
    /// copied; there is no piece without bytes.
    #[must_use]
    pub fn pieces(&self, length: usize) -> Vec<Self> {
        let length = length.max(1);
        let mut pieces: Vec<Self> = Vec::new();
        let mut room = 0;
        for part in &self.parts {
            let mut rest = part.clone();
            while !rest.is_empty() {
                if room == 0 {
                    pieces.push(Self::default());
                    room = length;
                }
                let next = rest.split_to(rest.len().min(room));
                room -= next.len();
                if let Some(piece) = pieces.last_mut() {
                    piece.push(next);
                }
            }
        }
        pieces
    }
}

impl fmt::Debug for FileBytes {
    /// Payloads stay out of logs: counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBytes")
            .field("len", &self.len())
            .field("parts", &self.parts.len())
            .finish()
    }
}

/// The same bytes, wherever their parts end.
impl PartialEq for FileBytes {
    fn eq(&self, other: &Self) -> bool {
        self.parts.iter().flatten().eq(other.parts.iter().flatten())
    }
}

impl Eq for FileBytes {}

impl From<Bytes> for FileBytes {
    fn from(whole: Bytes) -> Self {
        Self { parts: vec![whole] }
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(whole: Vec<u8>) -> Self {
        Bytes::from(whole).into()
    }
}

impl From<&'static str> for FileBytes {
    fn from(whole: &'static str) -> Self {
        Bytes::from(whole).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a file holds is shown nowhere unasked.
    #[test]
    fn debug_shows_counts_only() {
        let shown = format!("{:?}", FileBytes::from("a secret"));
        assert_eq!(shown, "FileBytes { len: 8, parts: 1 }");
    }

    proptest! {
        /// However they are cut, they are the same bytes in the same order, and each piece but the
        /// last is full.
        #[test]
        fn pieces_are_the_same_bytes(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8),
            length in 1_usize..40,
        ) {
            let mut bytes = FileBytes::default();
            parts.iter().for_each(|part| bytes.push(Bytes::from(part.clone())));
            let whole = parts.concat();
            prop_assert_eq!(&bytes.to_bytes(), &whole);
            prop_assert_eq!(&bytes, &FileBytes::from(whole.clone()));
            prop_assert_eq!((bytes.len(), bytes.is_empty()), (whole.len(), whole.is_empty()));
            let pieces = bytes.pieces(length);
            let cut: Vec<Bytes> = pieces.iter().map(FileBytes::to_bytes).collect();
            prop_assert!(cut.iter().eq(whole.chunks(length)));
        }
    }
}
