//! The bytes of a file become text, as the YAML reader of Flipt takes them.

use super::finding::Place;

/// Why bytes are no text, and where.
pub(super) type Refusal = (Place, String);

/// Reads UTF-8, or UTF-16 with a byte order mark; the mark is no part of the text.
pub(super) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => utf8(bytes)?,
    };
    match text.char_indices().find(|&(_, character)| !is_allowed(character)) {
        None => Ok(text),
        Some((at, character)) => Err((
            end_of(&text[..at]),
            format!("the character U+{:04X} is not allowed, write it as an escape", u32::from(character)),
        )),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Refusal> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Err((end_of(&valid), "the file is not UTF-8 from here on".to_owned()))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Refusal> {
    let mut text = String::with_capacity(bytes.len() / 2);
    let (pairs, rest) = bytes.as_chunks::<2>();
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err((end_of(&text), "the file is not UTF-16 from here on".to_owned())),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err((end_of(&text), "the file ends within a character".to_owned())) }
}

/// What YAML calls printable.
fn is_allowed(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// The place right behind a text.
pub(super) fn end_of(text: &str) -> Place {
    let mut place = Place::START;
    let mut previous = '\0';
    for character in text.chars() {
        match character {
            '\n' if previous == '\r' => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                place.line = place.line.saturating_add(1);
                place.column = 1;
            }
            _ => place.column = place.column.saturating_add(1),
        }
        previous = character;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_tell_the_encoding() {
        let wide = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
            let mut bytes = mark.to_vec();
            bytes.extend("a: é😀\n".encode_utf16().flat_map(unit));
            bytes
        };
        for bytes in [
            "a: é😀\n".as_bytes().to_vec(),
            "\u{feff}a: é😀\n".as_bytes().to_vec(),
            wide([0xff, 0xfe], u16::to_le_bytes),
            wide([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes).unwrap(), "a: é😀\n");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_where_it_is() {
        for (bytes, line, column) in [
            (b"a: 1\nb: \xff".as_slice(), 2, 4),
            (b"a: 1\r\nb: \x01", 2, 4),
            (b"\xff\xfea\x00\x00\xd8", 1, 2),
            (b"\xff\xfea", 1, 1),
            ("é\u{7f}".as_bytes(), 1, 2),
        ] {
            assert_eq!(text(bytes).unwrap_err().0, Place { line, column }, "{bytes:?}");
        }
    }
}
