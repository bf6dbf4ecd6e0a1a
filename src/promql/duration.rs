//! Durations as Prometheus writes them. [`Duration`]'s `Display` prints them.

use crate::quantity::Duration;

/// The units, the largest first, in milliseconds. A year has 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Prometheus counts nanoseconds in 64 bits: this is about 292 years.
const LONGEST: u64 = i64::MAX as u64 / 1_000_000;

/// Reads a duration such as `5m` or `1h30m`: whole numbers with units, the larger unit first and each unit once. `0` needs no
/// unit.
///
/// promql-parser has a reader too. It takes `5` for five seconds, refuses `0s` and drops numbers above 2^32, so it cannot
/// decide what Prometheus accepts in a `for`.
///
/// # Errors
///
/// A fragment that says why, as ``is not a duration such as `5m` or `1h30m` ``.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    const INVALID: &str = "is not a duration such as `5m` or `1h30m`";
    const TOO_LONG: &str = "is longer than 292 years";
    if text == "0" {
        return Ok(Duration::from_millis(0));
    }
    if text.is_empty() {
        return Err(INVALID);
    }
    let (mut rest, mut smaller, mut millis) = (text, &UNITS[..], 0_u64);
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after, |c| c.is_ascii_digit());
        let position = smaller.iter().position(|(known, _)| *known == unit).ok_or(INVALID)?;
        if number.is_empty() {
            return Err(INVALID);
        }
        let number: u64 = number.parse().map_err(|_| TOO_LONG)?;
        millis = number
            .checked_mul(smaller[position].1)
            .and_then(|part| millis.checked_add(part))
            .filter(|sum| *sum <= LONGEST)
            .ok_or(TOO_LONG)?;
        smaller = &smaller[position + 1..];
        rest = after;
    }
    Ok(Duration::from_millis(millis))
}

fn split_where(text: &str, end: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        for (text, millis) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("7d", 604_800_000),
            ("0", 0),
            ("0s", 0),
            ("1y2w3d4h5m6s7ms", 33_019_506_007),
            ("292y", 9_208_512_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "5",
            "5 m",
            "5 minutes",
            "1m1h",
            "1.5h",
            "5m5m",
            "m",
            "-5m",
            "ü",
            "5ü",
            "5m ",
        ] {
            let error = parse_duration(text).unwrap_err();
            assert_eq!(error, "is not a duration such as `5m` or `1h30m`", "{text}");
        }
        for text in ["293y", "99999999999999999999ms", "18446744073709551615y"] {
            assert_eq!(parse_duration(text), Err("is longer than 292 years"), "{text}");
        }
    }

    #[test]
    fn a_printed_duration_can_be_read_again() {
        for millis in [0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000, 31_536_000_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse_duration(&duration.to_string()), Ok(duration));
        }
    }
}
