//! Whether a text is JSON. A `.json` file is read as YAML, and must be JSON besides.

use super::encoding::end_of;
use super::finding::Place;

/// Finds the first place at which a text stops being one JSON value. An empty text is no value and no mistake.
pub(super) fn check(text: &str) -> Result<(), (Place, String)> {
    let mut reader = Reader { text, at: 0 };
    reader.value().map_err(|reason| (end_of(&text[..floor(text, reader.at)]), reason.to_owned()))
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Checked = Result<(), &'static str>;

impl Reader<'_> {
    fn value(&mut self) -> Checked {
        self.blanks();
        if self.peek().is_none() {
            return Ok(());
        }
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(opening @ (b'[' | b'{')) => {
                    self.at += 1;
                    let closing = if opening == b'[' { b']' } else { b'}' };
                    self.blanks();
                    if self.peek() != Some(closing) {
                        open.push(closing);
                        self.key(closing)?;
                        continue;
                    }
                    self.at += 1;
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(_) => self.word()?,
                None => return Err("the file ends within a JSON value"),
            }
            loop {
                self.blanks();
                let Some(&closing) = open.last() else {
                    return if self.peek().is_none() { Ok(()) } else { Err("only one JSON value may stand in a file") };
                };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.key(closing)?;
                        break;
                    }
                    Some(byte) if byte == closing => {
                        self.at += 1;
                        open.pop();
                    }
                    None => return Err("the file ends within a JSON value"),
                    Some(_) => return Err("JSON needs a comma or a closing bracket here"),
                }
            }
        }
    }

    fn key(&mut self, closing: u8) -> Checked {
        if closing == b']' {
            return Ok(());
        }
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err("JSON needs a key in double quotes here");
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err("JSON needs a colon behind the key");
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Checked {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u')
                            if self.text.as_bytes()[self.at + 1..]
                                .iter()
                                .take(4)
                                .filter(|byte| byte.is_ascii_hexdigit())
                                .count()
                                == 4 =>
                        {
                            self.at += 5
                        }
                        _ => return Err("JSON does not know this escape"),
                    }
                }
                Some(0..=0x1f) => return Err("JSON needs an escape for this character"),
                Some(_) => self.at += 1,
                None => return Err("a text in quotes is not closed"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Checked {
        const MALFORMED: &str = "JSON does not write numbers like this";
        self.skip(b"-");
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits().ok_or(MALFORMED)?,
        }
        if self.skip(b".") {
            self.digits().ok_or(MALFORMED)?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits().ok_or(MALFORMED)?;
        }
        Ok(())
    }

    fn word(&mut self) -> Checked {
        let rest = &self.text[self.at..];
        match ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word)) {
            Some(word) => {
                self.at += word.len();
                Ok(())
            }
            None => Err("JSON needs a value here"),
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any_of.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while self.skip(b" \t\r\n") {}
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_told_from_what_looks_like_it() {
        for text in ["", " \n", "{}", "[1, -0.5e+3, \"a\\u00e9\\n\", {\"a\": [true, null]}]\n", "\"\u{7f}é\"", "0"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, column) in [
            ("[1,]", 4),
            ("{\"a\":1,}", 8),
            ("{a: 1}", 2),
            ("{'a': 1}", 2),
            ("[01]", 3),
            ("[+1]", 2),
            ("[.5]", 2),
            ("[1.]", 4),
            ("é", 1),
            ("[1 2]", 4),
            ("{} {}", 4),
            ("{} # x", 4),
            ("[\"a\u{9}\"]", 4),
            ("[\"\\x\"]", 4),
            ("[\"\\u00g0\"]", 4),
            ("{\"a\" 1}", 6),
            ("[", 2),
            ("[tru]", 2),
            ("\"é", 3),
        ] {
            assert_eq!(check(text).unwrap_err().0, Place { line: 1, column }, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_json_parser(text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,24}") {
            let parsed = serde_json::from_str::<serde_json::Value>(&text);
            // A parser that makes values also minds numbers that are too large.
            if parsed.is_ok() || check(&text).is_err() {
                prop_assert_eq!(check(&text).is_ok(), parsed.is_ok() || text.trim().is_empty(), "{:?}", text);
            }
        }
    }
}
