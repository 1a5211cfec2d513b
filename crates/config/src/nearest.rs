//! The name that somebody most likely meant.

/// The candidate that takes the fewest changed, missing or extra letters to become `wish`, case not
/// counted; the first of several. `None` without candidates, or when not even half of the letters
/// agree.
pub fn nearest<'a>(wish: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    let wish = lower(wish);
    candidates
        .into_iter()
        .map(|candidate| (candidate, lower(candidate)))
        .map(|(candidate, letters)| {
            let longer = wish.len().max(letters.len());
            (candidate, distance(&wish, &letters), longer)
        })
        .filter(|&(_, distance, longer)| distance * 2 <= longer)
        .min_by_key(|&(_, distance, _)| distance)
        .map(|(candidate, ..)| candidate)
}

/// Letters to change, drop or add to make one out of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["ASIO2WASAPI Shared", "ASIO2WASAPI Exclusive", "FlexASIO"];

    #[test]
    fn finds_what_was_mistyped() {
        assert_eq!(nearest("asio2wasapi shard", NAMES), Some(NAMES[0]));
        assert_eq!(nearest("ASIO2WASAPI Exlcusive", NAMES), Some(NAMES[1]));
        assert_eq!(nearest("flex asio", NAMES), Some(NAMES[2]));
    }

    #[test]
    fn suggests_nothing_for_something_else() {
        assert_eq!(nearest("Realtek", NAMES), None);
        assert_eq!(nearest("ASIO2WASAPI Shared", []), None);
        assert_eq!(nearest("", NAMES), None);
    }

    #[test]
    fn distance_counts_single_letters() {
        let of = |a: &str, b: &str| {
            distance(
                &a.chars().collect::<Vec<_>>(),
                &b.chars().collect::<Vec<_>>(),
            )
        };
        assert_eq!(of("", ""), 0);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("ä", "a"), 1);
    }
}
