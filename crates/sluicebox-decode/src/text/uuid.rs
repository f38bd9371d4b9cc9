use super::Unfit;

/// The canonical form of a UUID (RFC 9562: 8-4-4-4-12 hexadecimal digits), lower-cased.
pub(crate) fn uuid(text: &str) -> Result<[u8; 36], Unfit> {
    let mut canonical: [u8; 36] = text.as_bytes().try_into().or(Err(Unfit::Invalid))?;
    canonical.make_ascii_lowercase();
    let fits = canonical
        .iter()
        .enumerate()
        .all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if fits {
        Ok(canonical)
    } else {
        Err(Unfit::Invalid)
    }
}
