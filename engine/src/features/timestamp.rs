//! Dates without quotes, which YAML turns into points in time and Flipt into text again.

/// A point in time as it was written: local fields and the offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    /// East of UTC, in minutes.
    offset: i32,
}

impl Timestamp {
    /// Reads what Go's YAML library takes for a timestamp: `YYYY-M-D`, with a time and `Z` or an offset behind `T` or
    /// `t`, or with a time alone behind blanks. `None` for anything else, which is text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.as_bytes() };
        let mut read =
            Self { year: reader.year()?, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanos: 0, offset: 0 };
        reader.byte(b'-')?;
        read.month = reader.number(1..=12)?;
        reader.byte(b'-')?;
        read.day = reader.number(1..=days_in_month(read.year, read.month))?;
        match reader.rest.first() {
            None => return Some(read),
            Some(b'T' | b't') => {
                reader.rest = &reader.rest[1..];
                reader.time(&mut read)?;
                read.offset = reader.offset()?;
            }
            Some(b' ') => {
                reader.rest = reader.rest.trim_ascii_start();
                reader.time(&mut read)?;
            }
            Some(_) => return None,
        }
        reader.rest.is_empty().then_some(read)
    }
}

/// As Go prints a time: `2024-01-02 03:04:05.25 +0200 +0200`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day, hour, minute, second, nanos, offset } = *self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        if nanos > 0 {
            let fraction = format!("{nanos:09}");
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let zone = format!("{sign}{:02}{:02}", offset.abs() / 60, offset.abs() % 60);
        write!(f, " {zone} {}", if offset == 0 { "UTC" } else { &zone })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*first == wanted).then_some(())
    }

    fn year(&mut self) -> Option<u32> {
        let (head, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        head.iter().all(u8::is_ascii_digit).then(|| value(head))
    }

    /// One or two digits.
    fn number(&mut self, allowed: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let digits = self.rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        let (head, rest) = self.rest.split_at(digits);
        self.rest = rest;
        (digits > 0).then(|| value(head)).filter(|number| allowed.contains(number))
    }

    fn time(&mut self, read: &mut Timestamp) -> Option<()> {
        read.hour = self.number(0..=23)?;
        self.byte(b':')?;
        read.minute = self.number(0..=59)?;
        self.byte(b':')?;
        read.second = self.number(0..=59)?;
        if let [b'.' | b',', digit, ..] = self.rest
            && digit.is_ascii_digit()
        {
            let digits = self.rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (head, rest) = self.rest[1..].split_at(digits);
            self.rest = rest;
            let counted = &head[..digits.min(9)];
            read.nanos = counted
                .iter()
                .chain(std::iter::repeat(&b'0'))
                .take(9)
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        }
        Some(())
    }

    /// `Z`, or a sign with two digits each of hours and minutes.
    fn offset(&mut self) -> Option<i32> {
        let sign = match self.rest.first()? {
            b'Z' => {
                self.rest = &self.rest[1..];
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (head, rest) = self.rest.split_at_checked(6)?;
        self.rest = rest;
        let two = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit).then(|| value(digits));
        let (hours, minutes) = (two(&head[1..3])?, two(&head[4..6])?);
        let minutes = i32::try_from(hours * 60 + minutes).ok().filter(|_| hours <= 24 && minutes <= 60)?;
        (head[3] == b':').then_some(sign * minutes)
    }
}

fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_what_go_does() {
        for (text, printed) in [
            ("2024-01-02", "2024-01-02 00:00:00 +0000 UTC"),
            ("2024-1-2", "2024-01-02 00:00:00 +0000 UTC"),
            ("0000-01-01", "0000-01-01 00:00:00 +0000 UTC"),
            ("2024-1-1T3:4:5Z", "2024-01-01 03:04:05 +0000 UTC"),
            ("2024-01-01t03:04:05+00:00", "2024-01-01 03:04:05 +0000 UTC"),
            ("2024-01-01 3:04:05", "2024-01-01 03:04:05 +0000 UTC"),
            ("2024-01-01   03:04:05", "2024-01-01 03:04:05 +0000 UTC"),
            ("2024-01-02T03:04:05.250+02:00", "2024-01-02 03:04:05.25 +0200 +0200"),
            ("2024-01-01T03:04:05,5Z", "2024-01-01 03:04:05.5 +0000 UTC"),
            ("2024-01-01T03:04:05.1234567891-00:30", "2024-01-01 03:04:05.123456789 -0030 -0030"),
        ] {
            assert_eq!(Timestamp::parse(text).map(|read| read.to_string()).as_deref(), Some(printed), "{text}");
        }
    }

    #[test]
    fn anything_else_is_text() {
        for text in [
            "",
            "2024",
            "24-01-01",
            "12024-01-01",
            "2024-13-01",
            "2024-02-30",
            "2024-001-01",
            "2024-01-01T",
            "2024-01-01t03:04:05z",
            "2024-01-01 03:04:05 Z",
            "2024-01-01T03:04",
            "2024-01-01T03:04:05",
            "2024-01-01T03:04:05.",
            "2024-01-01T03:04:05-0700",
            "2024-01-01T03:04:05+02",
            "2024-01-01T24:00:00Z",
            "2024-01-01T03:04:60Z",
            "2024-01-01T03:04:05+25:00",
            "2024-01-01\t03:04:05",
            "2024-01-01 03:04:05.5Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
