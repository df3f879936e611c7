//! Instants as Go reads RFC 3339, or a date alone, because the server compares what `time.Parse` gives.

/// A point in time: seconds since 1970-01-01T00:00:00Z and nanoseconds within that second.
pub type Instant = (i64, u32);

/// Reads RFC 3339 with Go's leniencies (one-digit hour, comma fractions, offsets up to 24:60), or `YYYY-MM-DD`.
#[must_use]
pub fn parse(text: &str) -> Option<Instant> {
    let mut reader = Reader { rest: text.as_bytes() };
    let year = reader.number(4)?;
    reader.byte(b'-')?;
    let month = reader.number(2)?;
    reader.byte(b'-')?;
    let day = reader.number(2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    if reader.rest.is_empty() {
        return Some((days * 86_400, 0));
    }
    reader.byte(b'T')?;
    let hour = reader.hour()?;
    reader.byte(b':')?;
    let minute = reader.number(2)?;
    reader.byte(b':')?;
    let second = reader.number(2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = reader.fraction();
    let offset = reader.offset()?;
    if !reader.rest.is_empty() {
        return None;
    }
    Some((days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos))
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

    /// Exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.rest.split_at_checked(digits)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.rest = rest;
        Some(head.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    /// One or two digits.
    fn hour(&mut self) -> Option<i64> {
        let two = self.rest.get(1).is_some_and(u8::is_ascii_digit);
        self.number(if two { 2 } else { 1 })
    }

    /// `.` or `,` and digits, of which nine count.
    fn fraction(&mut self) -> u32 {
        if !matches!(self.rest, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
            return 0;
        }
        self.rest = &self.rest[1..];
        let mut nanos = 0;
        let mut unit = 100_000_000;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            nanos += u32::from(digit - b'0') * unit;
            unit /= 10;
            self.rest = rest;
        }
        nanos
    }

    /// `Z`, or a sign with hours and minutes, in seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.rest.first()? {
            b'Z' => {
                self.rest = &self.rest[1..];
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(2)?;
        self.byte(b':')?;
        let minutes = self.number(2)?;
        (hours <= 24 && minutes <= 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, for years 0 to 9999.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = (1..month).map(|month| days_in_month(year, month)).sum::<i64>();
    let past = year - 1;
    let leaps = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    past * 365 + leaps + before + day - 719_163
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let table: &[(&str, Instant)] = &[
            ("1970-01-01", (0, 0)),
            ("2024-02-29", (1_709_164_800, 0)),
            ("0001-01-01", (-62_135_596_800, 0)),
            ("0000-01-01", (-62_167_219_200, 0)),
            ("1970-01-01T00:00:01Z", (1, 0)),
            ("1970-01-01T1:00:00Z", (3600, 0)),
            ("1970-01-01T00:00:00.5Z", (0, 500_000_000)),
            ("1970-01-01T00:00:00,1234567899Z", (0, 123_456_789)),
            ("1970-01-01T00:00:00+24:00", (-86_400, 0)),
            ("1970-01-01T00:00:00-00:00", (0, 0)),
            ("1970-01-01T00:00:00-01:30", (5400, 0)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Some(*expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in [
            "",
            "2024",
            "2024-1-1",
            "2024-02-30",
            "2023-02-29",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00+0000",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            " 1970-01-01",
            "1970-01-01 ",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:0:00Z",
            "1970-01-01T00:00:00+25:00",
            "1970-13-01",
            "1970-01-01T00:00:00ZZ",
            "+970-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
