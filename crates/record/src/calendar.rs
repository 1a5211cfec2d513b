//! Dates for people.

/// A time in milliseconds since 1970 as a date and a time of day, UTC, to the millisecond.
pub fn utc(at_ms: u64) -> String {
    // Later than the year 9999 is nonsense from a file.
    let at_ms = at_ms.min(253_402_300_799_999);
    let (days, rest) = (at_ms / 86_400_000, at_ms % 86_400_000);
    // Years are counted from March on, so that the odd day is the last one.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, milliseconds) = (rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_right() {
        assert_eq!(utc(0), "1970-01-01 00:00:00.000");
        assert_eq!(utc(951_782_399_999), "2000-02-28 23:59:59.999");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00.000");
        assert_eq!(utc(1_709_251_200_000), "2024-03-01 00:00:00.000");
        assert_eq!(utc(1_735_689_599_123), "2024-12-31 23:59:59.123");
        assert!(utc(u64::MAX).starts_with("9999-12-31"));
    }
}
