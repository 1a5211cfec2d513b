//! Circles in which sound would come back to where it was.

use std::collections::VecDeque;

/// The shortest way along `arrows` from `from` to `to`, both included; each arrow leads from its
/// first number to its second. From a number to itself it is a real circle or none.
pub(super) fn way(arrows: &[(usize, usize)], from: usize, to: usize) -> Option<Vec<usize>> {
    let most = arrows.iter().map(|&(a, b)| a.max(b)).max()?.max(from);
    let mut came_from = vec![None; most + 1];
    let mut next = VecDeque::from([from]);
    while let Some(here) = next.pop_front() {
        for &(_, there) in arrows.iter().filter(|&&(start, _)| start == here) {
            if came_from[there].is_some() {
                continue;
            }
            came_from[there] = Some(here);
            if there != to {
                next.push_back(there);
                continue;
            }
            let mut way = vec![to];
            let mut place = here;
            while place != from {
                way.push(place);
                place = came_from[place]?;
            }
            way.push(from);
            way.reverse();
            return Some(way);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shortest_way_is_found() {
        let arrows = [(0, 1), (1, 2), (2, 0), (1, 3), (3, 3)];
        assert_eq!(way(&arrows, 0, 2), Some(vec![0, 1, 2]));
        assert_eq!(way(&arrows, 0, 0), Some(vec![0, 1, 2, 0]));
        assert_eq!(way(&arrows, 3, 3), Some(vec![3, 3]));
        assert_eq!(way(&arrows, 3, 0), None);
        assert_eq!(way(&[], 0, 0), None);
    }

    proptest! {
        /// Against all that can be reached, by multiplication.
        #[test]
        fn a_way_is_told_where_there_is_one(
            arrows in prop::collection::vec((0_usize..7, 0_usize..7), 0..20),
            from in 0_usize..7,
            to in 0_usize..7,
        ) {
            let mut reach = [[false; 7]; 7];
            for &(a, b) in &arrows {
                reach[a][b] = true;
            }
            for over in 0..7 {
                for a in 0..7 {
                    for b in 0..7 {
                        reach[a][b] |= reach[a][over] && reach[over][b];
                    }
                }
            }
            let found = way(&arrows, from, to);
            prop_assert_eq!(found.is_some(), reach[from][to]);
            if let Some(way) = found {
                prop_assert!(way.len() >= 2);
                prop_assert_eq!((way[0], way[way.len() - 1]), (from, to));
                for pair in way.windows(2) {
                    prop_assert!(arrows.contains(&(pair[0], pair[1])));
                }
            }
        }
    }
}
