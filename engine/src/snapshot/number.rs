//! Numbers as Go's `strconv.ParseFloat` reads them, because the server compares what that function gives.

/// Reads a float64. `None` where Go reports an error, overflow included.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    if let Some(integer) = short_integer(text.as_bytes()) {
        return Some(integer);
    }
    // Plain decimals are what else contexts hold; anything else takes the long way.
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-') {
        return finite(text.parse().ok()?);
    }
    let (negative, unsigned) = split_sign(text);
    if let Some(word) = parse_word(unsigned, text.len() != unsigned.len()) {
        return Some(if negative { -word } else { word });
    }
    let hexadecimal = unsigned.len() > 2 && unsigned.as_bytes()[0] == b'0' && unsigned.as_bytes()[1] | 0x20 == b'x';
    if unsigned.contains('_') && !underscores_separate_digits(unsigned, hexadecimal) {
        return None;
    }
    let digits: String = unsigned.chars().filter(|&c| c != '_').collect();
    let value = if hexadecimal { parse_hexadecimal(&digits[2..])? } else { parse_decimal(&digits)? };
    finite(if negative { -value } else { value })
}

/// Digits alone, so few that the value is exact.
#[expect(clippy::cast_precision_loss, reason = "fifteen digits are below 2^53")]
fn short_integer(digits: &[u8]) -> Option<f64> {
    if !(1..=15).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0')) as f64)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// `inf` and `infinity` may carry a sign, `nan` may not; all in any case.
fn parse_word(unsigned: &str, signed: bool) -> Option<f64> {
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        Some(f64::INFINITY)
    } else if unsigned.eq_ignore_ascii_case("nan") && !signed {
        Some(f64::NAN)
    } else {
        None
    }
}

/// Only digits, one dot and an exponent: Rust's own parser would also take words.
fn parse_decimal(digits: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if digits.starts_with(['+', '-']) || !digits.bytes().all(allowed) {
        return None;
    }
    digits.parse().ok()
}

/// An underscore has a digit on both sides; the prefix `0x` counts as a digit.
fn underscores_separate_digits(unsigned: &str, hexadecimal: bool) -> bool {
    let is_digit = |byte: u8| if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let bytes = unsigned.as_bytes();
    bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'_').all(|(index, _)| {
        let after_prefix = hexadecimal && index == 2;
        let before = index > 0 && (after_prefix || is_digit(bytes[index - 1]));
        before && bytes.get(index + 1).is_some_and(|&byte| is_digit(byte))
    })
}

/// `<hex digits>[.<hex digits>]p[sign]<decimal digits>`; the exponent is required.
fn parse_hexadecimal(body: &str) -> Option<f64> {
    let at = body.find(['p', 'P'])?;
    let (mantissa, exponent) = (&body[..at], &body[at + 1..]);
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut scale = parse_exponent(exponent)?;
    let mut bits: u64 = 0;
    let mut sticky = false;
    for (digits, fractional) in [(integer, false), (fraction, true)] {
        for digit in digits.chars() {
            let digit = u64::from(digit.to_digit(16)?);
            if bits >> 60 == 0 {
                bits = bits << 4 | digit;
                scale -= i64::from(fractional) * 4;
            } else {
                sticky |= digit != 0;
                scale += i64::from(!fractional) * 4;
            }
        }
    }
    Some(round(bits, sticky, scale))
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Far beyond any float64 the exact exponent no longer matters.
    let value = digits.bytes().fold(0i64, |sum, byte| (sum * 10 + i64::from(byte - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

/// `bits * 2^scale` to the nearest float64, ties to even; infinity when too large.
fn round(bits: u64, sticky: bool, scale: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let shift = i64::from(bits.leading_zeros());
    let top = (bits << shift, scale - shift);
    // The value is top.0 * 2^top.1 with the highest bit set; a normal float64 keeps 53 of the 64 bits.
    let exponent = top.1 + 63;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    let drop = if exponent >= -1022 { 11 } else { 11 + (-1022 - exponent) };
    if drop > 64 {
        return 0.0;
    }
    let wide = u128::from(top.0);
    let kept = wide >> drop;
    let rest = wide & ((1u128 << drop) - 1);
    let half = 1u128 << (drop - 1);
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let rounded = u64::try_from(kept + u128::from(up)).unwrap_or(u64::MAX);
    if exponent < -1022 {
        return f64::from_bits(rounded);
    }
    // Adding the mantissa lets a carry out of it raise the exponent, as it should.
    let biased = u64::try_from(exponent + 1022).unwrap_or(0);
    f64::from_bits((biased << 52) + rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let table: &[(&str, f64)] = &[
            ("1", 1.0),
            ("01", 1.0),
            ("+1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e0", 1.0),
            ("1E+2", 100.0),
            ("0x1p0", 1.0),
            ("0X1P-2", 0.25),
            ("0x1.8p1", 3.0),
            ("0x_1p0", 1.0),
            ("-0x1p0", -1.0),
            ("1_000", 1000.0),
            ("1_23.50_0_0e+1_2", 1.235e14),
            ("Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.fffffffffffff7p0", 1.999_999_999_999_999_8),
            ("0x1p1023", f64::MAX / 2.0 + f64::MAX / 2.0 / 9_007_199_254_740_991.0),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Some(*expected), "{text}");
        }
        assert!(parse("nAn").is_some_and(f64::is_nan));
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in [
            "", " 1", "1 ", "0x10", "0b1", "1e400", "0x1p1024", "+nan", "--1", "+-1", ".", "e5", "1e", "1e+", "_1",
            "1_", "1__0", "1_.5", "1._5", "1e_5", "0x", "0x.p1", "0xp1", "0x1p", "١", "1,5", "infinit", "0x1_p0", "-",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
