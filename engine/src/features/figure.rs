//! Numbers and texts as the server's JSON writers spell them.

use std::fmt::{Display, LowerExp};

/// A double in JSON: shortest, with an exponent below 1e-6 and from 1e21 on.
pub(super) fn json_f64(value: f64) -> String {
    let size = value.abs();
    spell(value, value != 0.0 && !(1e-6..1e21).contains(&size))
}

/// A single in JSON; what is not finite becomes the text that protocol buffers have for it.
pub(super) fn json_f32(value: f32) -> String {
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "\"Infinity\"".to_owned() } else { "\"-Infinity\"".to_owned() };
    }
    spell(value, value != 0.0 && !(1e-6..1e21).contains(&size))
}

/// A double as Go prints it where a text is wanted.
pub(super) fn printed(value: f64) -> String {
    let size = value.abs();
    let spelled = spell(value, value != 0.0 && !(1e-4..1e21).contains(&size));
    match spelled.split_once("e-") {
        Some((digits, exponent)) if exponent.len() == 1 => format!("{digits}e-0{exponent}"),
        _ => spelled,
    }
}

fn spell<T: Display + LowerExp>(value: T, exponent: bool) -> String {
    if !exponent {
        return value.to_string();
    }
    let spelled = format!("{value:e}");
    match spelled.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        _ => spelled,
    }
}

/// A text in JSON with no more escapes than JSON needs.
pub(super) fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => escape(character, out),
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The same, safe within HTML and JavaScript.
pub(super) fn html_safe_text(text: &str, out: &mut String) {
    let mut spelled = String::with_capacity(text.len() + 2);
    json_text(text, &mut spelled);
    for character in spelled.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escape(character, out),
            _ => out.push(character),
        }
    }
}

fn escape(character: char, out: &mut String) {
    out.push_str(&format!("\\u{:04x}", u32::from(character)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_go_does() {
        for (value, spelled) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (0.333_333_333_333_333_3, "0.3333333333333333"),
        ] {
            assert_eq!(json_f64(value), spelled);
        }
        assert_eq!(json_f32(33.333_333), "33.333332");
        assert_eq!(json_f32(f32::INFINITY), "\"Infinity\"");
        assert_eq!(json_f32(1.844_674_4e19), "18446744000000000000");
        for (value, spelled) in [(8.0, "8"), (1e-7, "1e-07"), (2e21, "2e+21"), (0.0001, "0.0001")] {
            assert_eq!(printed(value), spelled);
        }
    }

    #[test]
    fn texts_are_escaped_twice_differently() {
        let text = "<\"\u{1}\u{8}\u{2028}\\é\u{7f}";
        let (mut plain, mut safe) = (String::new(), String::new());
        json_text(text, &mut plain);
        html_safe_text(text, &mut safe);
        assert_eq!(plain, "\"<\\\"\\u0001\\b\u{2028}\\\\é\u{7f}\"");
        assert_eq!(safe, "\"\\u003c\\\"\\u0001\\b\\u2028\\\\é\u{7f}\"");
    }
}
