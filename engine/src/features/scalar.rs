//! What a scalar means: to the schema that checks files, and to the decoder that reads them, which do not always agree.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::syntax::quoted;
use super::timestamp::Timestamp;

const TAGS: &str = "tag:yaml.org,2002:";

/// The tag of a merge key, written out.
pub(super) const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// Go's decoder does not mind bits left over behind the last byte.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What the schema takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
}

/// What the decoder makes of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// From -2^63 to 2^64 - 1.
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
    Date(Timestamp),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar<'a> {
    pub(super) kind: Kind,
    pub(super) value: Value<'a>,
}

impl<'a> Scalar<'a> {
    fn new(kind: Kind, value: Value<'a>) -> Self {
        Self { kind, value }
    }

    fn text(text: &'a str) -> Self {
        Self::new(Kind::Text, Value::Text(Cow::Borrowed(text)))
    }
}

/// Resolves a scalar; the error says why neither schema nor decoder takes it.
pub(super) fn resolve<'a>(text: &'a str, plain: bool, tag: Option<&str>) -> Result<Scalar<'a>, String> {
    let Some(tag) = tag else { return if plain { untagged(text) } else { Ok(Scalar::text(text)) } };
    let unfit = |what: &str| format!("{} is not {what}", quoted(text));
    match tag.strip_prefix(TAGS) {
        Some("str") => Ok(Scalar::text(text)),
        Some("int") => match implied(text, false) {
            Implied::Int(value) if is_integer(text) => Ok(Scalar::new(Kind::Int, Value::Int(value))),
            _ => Err(unfit("a whole number of 64 bits")),
        },
        Some("float") => match implied(text, false) {
            Implied::Float(value) if is_float(text) => Ok(Scalar::new(Kind::Float, Value::Float(value))),
            _ => Err(unfit("a finite number with a point or an exponent")),
        },
        Some("bool") => match implied(text, false) {
            Implied::Bool(value) => Ok(Scalar::new(Kind::Bool, Value::Bool(value))),
            _ => Err(unfit("true or false")),
        },
        Some("null") => match implied(text, false) {
            Implied::Null => Ok(Scalar::new(Kind::Null, Value::Null)),
            _ => Err(unfit("null")),
        },
        Some("timestamp") => match Timestamp::parse(text) {
            Some(date) => Ok(Scalar::new(Kind::Text, Value::Date(date))),
            None => Err(unfit("a date")),
        },
        Some("binary") => binary(text),
        _ => Err(format!("the tag {} is not understood", quoted(&tag.replace(TAGS, "!!")))),
    }
}

fn untagged(text: &str) -> Result<Scalar<'_>, String> {
    match implied(text, true) {
        Implied::Null => Ok(Scalar::new(Kind::Null, Value::Null)),
        Implied::Bool(value) => Ok(Scalar::new(Kind::Bool, Value::Bool(value))),
        Implied::Int(value) if is_integer(text) => Ok(Scalar::new(Kind::Int, Value::Int(value))),
        Implied::Float(value) if looks_octal(text) => Ok(Scalar::new(Kind::Text, Value::Float(value))),
        Implied::Float(value) if is_float(text) => Ok(Scalar::new(Kind::Float, Value::Float(value))),
        Implied::Float(_) if !text.contains(['.', 'e', 'E', '_']) => {
            Err(format!("{} is a whole number beyond 64 bits, put it in quotes", quoted(text)))
        }
        Implied::Int(_) | Implied::Float(_) => {
            Err(format!("{} is a malformed number, write it another way or put it in quotes", quoted(text)))
        }
        Implied::NotFinite => Err("numbers must be finite".to_owned()),
        Implied::Merge => Err("a merge key cannot be a value, put it in quotes".to_owned()),
        Implied::Date(date) => Ok(Scalar::new(Kind::Text, Value::Date(date))),
        Implied::Text => Ok(Scalar::text(text)),
    }
}

fn binary(text: &str) -> Result<Scalar<'_>, String> {
    let encoded: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = BASE64.decode(encoded).map_err(|_| "the binary value is not base64".to_owned())?;
    let decoded = String::from_utf8(bytes).map_err(|_| "the binary value is not UTF-8 text".to_owned())?;
    Ok(Scalar::new(Kind::Bytes, Value::Text(Cow::Owned(decoded))))
}

/// What a plain scalar is taken for at first sight.
enum Implied {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Date(Timestamp),
    NotFinite,
    Merge,
    Text,
}

/// The resolution of Go's YAML library, version 3: YAML 1.2's booleans, YAML 1.1's numbers, no base 60.
fn implied(text: &str, dates: bool) -> Implied {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Implied::Null,
        "true" | "True" | "TRUE" => return Implied::Bool(true),
        "false" | "False" | "FALSE" => return Implied::Bool(false),
        "<<" => return Implied::Merge,
        ".nan" | ".NaN" | ".NAN" => return Implied::NotFinite,
        _ => {}
    }
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") && text.len() <= 5 {
        return Implied::NotFinite;
    }
    match text.as_bytes()[0] {
        b'.' if !text.contains('_') => decimal(text).map_or(Implied::Text, Implied::Float),
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(date) = dates.then(|| Timestamp::parse(text)).flatten() {
                return Implied::Date(date);
            }
            let digits = text.replace('_', "");
            integer(&digits).map(Implied::Int).or_else(|| decimal(&digits).map(Implied::Float)).unwrap_or(Implied::Text)
        }
        _ => Implied::Text,
    }
}

/// An integer with Go's prefixes, a leading zero meaning octal.
fn integer(digits: &str) -> Option<i128> {
    let (sign, unsigned) = split_sign(digits);
    let (radix, body) = radix(unsigned);
    if body.is_empty() || body.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(body, radix).ok()?;
    let most = if sign.is_empty() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    match sign {
        "-" => (value <= most + 1).then_some(-value),
        _ => (value <= most).then_some(value),
    }
}

fn radix(unsigned: &str) -> (u32, &str) {
    match unsigned.get(..2) {
        Some("0x" | "0X") => (16, &unsigned[2..]),
        Some("0b" | "0B") => (2, &unsigned[2..]),
        Some("0o" | "0O") => (8, &unsigned[2..]),
        Some(_) if unsigned.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    }
}

/// A finite number of digits, a point and an exponent.
fn decimal(digits: &str) -> Option<f64> {
    let (_, unsigned) = split_sign(digits);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let formed = all_digits(whole) && all_digits(fraction) && whole.len() + fraction.len() > 0;
    let exponent_formed = exponent.is_none_or(|exponent| {
        let (_, exponent) = split_sign(exponent);
        !exponent.is_empty() && all_digits(exponent)
    });
    if !formed || !exponent_formed {
        return None;
    }
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

fn split_sign(text: &str) -> (&str, &str) {
    if text.starts_with(['+', '-']) { text.split_at(1) } else { ("", text) }
}

/// Whether the schema's own reader takes an integer as it is written: octals only by `0o`, or a leading zero without a
/// sign; lower-case prefixes but for `0X`; underscores between digits only.
fn is_integer(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (_, unsigned) = split_sign(text);
    let (radix, digits) = match unsigned.get(..2) {
        Some("0x" | "0X") => (16, &unsigned[2..]),
        Some("0b") => (2, &unsigned[2..]),
        Some("0o") => (8, &unsigned[2..]),
        _ if bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit() => (8, &text[1..]),
        _ if unsigned.len() > 1 && unsigned.starts_with('0') => return false,
        _ => (10, unsigned),
    };
    let is_digit = |byte: u8| char::from(byte).is_digit(radix);
    !digits.is_empty() && digits.bytes().all(|byte| byte == b'_' || is_digit(byte)) && separates(digits, is_digit)
}

/// The same for a number with a point or an exponent.
fn is_float(text: &str) -> bool {
    let bytes = text.as_bytes();
    let zero_led = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit();
    !zero_led && text.contains(['.', 'e', 'E']) && separates(text, |byte| byte.is_ascii_digit())
}

fn separates(text: &str, is_digit: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || bytes.get(at + 1).is_some_and(|next| is_digit(*next)))
}

/// `08` and its like: no octal number, so text to the schema, but a number to the decoder.
fn looks_octal(text: &str) -> bool {
    let (_, unsigned) = split_sign(text);
    let rest = unsigned.strip_prefix('0').unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<Kind> {
        resolve(text, true, None).ok().map(|scalar| scalar.kind)
    }

    #[test]
    fn numbers_are_taken_as_they_are_written() {
        for text in
            "-0o17 +0x1f 0X1f 0b11 0o_7 0x_1F 1_0_0 00 017 0xF_F -0x8000000000000000 0xFFFFFFFFFFFFFFFF +1_0".split(' ')
        {
            assert_eq!(kind(text), Some(Kind::Int), "{text}");
        }
        for text in "1._5 1_0e3 1e1_0 1e_1 +09.5 -00.5 +0_1.5 .5e3 5.e3 +5. 1e308 1e-400 12_34.5_6e7_8 0.0_1".split(' ')
        {
            assert_eq!(kind(text), Some(Kind::Float), "{text}");
        }
        for text in
            "0b 0b2 0o 0o8 0_8 +08 -09_1 02000000000000000000000 . .. .e5 1.e 1e+ 0x1p3 .1_0 ._5 1e309 ++5 _1 1K"
                .split(' ')
        {
            assert_eq!(kind(text), Some(Kind::Text), "{text}");
        }
        for text in
            "-017 +017 0B11 0_7 -0_7 1_ 1_.5 09.5 00.5 08e1 017e1 -00 +00 0_ 0__1 1_e3 1.5_ 1._ 0x1_ +.inf .NAN <<"
                .split(' ')
        {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    #[test]
    fn tags_decide_where_they_fit() {
        let tagged = |tag: &str, text: &'static str| resolve(text, false, Some(&format!("{TAGS}{tag}"))).ok();
        assert_eq!(tagged("int", "1_0").unwrap().value, Value::Int(10));
        assert_eq!(tagged("float", "1e3").unwrap().value, Value::Float(1000.0));
        assert_eq!(tagged("binary", "aGVsbG8=").unwrap().value, Value::Text("hello".into()));
        assert_eq!(tagged("str", "~").unwrap().value, Value::Text("~".into()));
        for (tag, text) in [
            ("int", "08"),
            ("int", "1e3"),
            ("int", "18446744073709551616"),
            ("float", "5"),
            ("float", "1e400"),
            ("float", "08"),
            ("bool", "yes"),
            ("bool", ""),
            ("null", "x"),
            ("timestamp", "x"),
            ("binary", "YQ"),
            ("binary", "/w=="),
            ("set", "x"),
            ("merge", "<<"),
        ] {
            assert_eq!(tagged(tag, text), None, "!!{tag} {text}");
        }
    }
}
