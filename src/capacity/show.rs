//! Amounts as people read them: three digits, rounded. Checks use the exact integers.

use crate::quantity::Duration;

/// A number with three significant digits of a unit.
fn three_digits(amount: u128, unit: u128) -> String {
    let decimals = match amount / unit {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let power = 10_u128.pow(decimals);
    let scaled = amount.saturating_mul(power).saturating_add(unit / 2) / unit;
    let (whole, part) = (scaled / power, scaled % power);
    if part == 0 {
        number(whole)
    } else {
        let digits = format!("{part:0width$}", width = decimals as usize);
        format!("{}.{}", number(whole), digits.trim_end_matches('0'))
    }
}

fn with_unit(amount: u128, base: u128, units: &[&str]) -> String {
    let mut unit = 1_u128;
    let mut chosen = 0;
    while chosen + 1 < units.len() && amount >= unit.saturating_mul(base) {
        unit = unit.saturating_mul(base);
        chosen += 1;
    }
    format!("{} {}", three_digits(amount, unit), units[chosen])
}

/// `167 MB/s`, in powers of 1000 as disks are sold.
pub(crate) fn byte_rate(amount: u128) -> String {
    with_unit(amount, 1000, &["B/s", "kB/s", "MB/s", "GB/s", "TB/s"])
}

/// `1.33 Gbit/s`, from bytes per second, in powers of 1000 as networks are sold.
pub(crate) fn bits(amount: u128) -> String {
    with_unit(
        amount.saturating_mul(8),
        1000,
        &["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"],
    )
}

/// `4.54 TiB`, in powers of 1024 as volumes are claimed.
pub(crate) fn size(amount: u128) -> String {
    with_unit(amount, 1024, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// `1,000,000`.
pub(crate) fn number(amount: u128) -> String {
    let digits = amount.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    if first > 0 {
        groups.push(&digits[..first]);
    }
    let mut rest = &digits[first..];
    while !rest.is_empty() {
        groups.push(&rest[..3]);
        rest = &rest[3..];
    }
    groups.join(",")
}

/// `1 min 40 s`: the two largest units, the smaller one rounded down, so that the time until something happens is not
/// overstated.
pub(crate) fn span(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [
        (365 * 86_400_000, "y"),
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1000, "s"),
    ];
    let Some(place) = units.iter().position(|(unit, _)| millis >= *unit) else {
        return format!("{millis} ms");
    };
    let (unit, name) = units[place];
    let head = format!("{} {name}", millis / unit);
    match units.get(place + 1) {
        Some((next, name)) if millis % unit >= *next => format!("{head} {} {name}", millis % unit / next),
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Units;

    #[test]
    fn amounts_have_three_digits() {
        for (shown, expected) in [
            (byte_rate(0), "0 B/s"),
            (byte_rate(999), "999 B/s"),
            (byte_rate(1000), "1 kB/s"),
            (byte_rate(166_666_667), "167 MB/s"),
            (byte_rate(1_333_333_334), "1.33 GB/s"),
            (byte_rate(12_340_000), "12.3 MB/s"),
            (bits(1_250_000_000), "10 Gbit/s"),
            (bits(166_666_667), "1.33 Gbit/s"),
            (size(107_374_182_400), "100 GiB"),
            (size(5_000_000_000_000), "4.55 TiB"),
            (number(1_000_000), "1,000,000"),
            (number(12_345), "12,345"),
            (number(7), "7"),
        ] {
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn a_span_has_its_two_largest_units_and_is_rounded_down() {
        for (duration, expected) in [
            (100.seconds(), "1 min 40 s"),
            (7.days(), "7 d"),
            (26.hours(), "1 d 2 h"),
            (3_599_999.milliseconds(), "59 min 59 s"),
            (999.milliseconds(), "999 ms"),
            (400.days(), "1 y 35 d"),
        ] {
            assert_eq!(span(duration), expected);
        }
    }
}
