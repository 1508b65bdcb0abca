//! "Did you mean" suggestions: the edit distance that CPython uses, with its limits.

use alloc::vec::Vec;

const MOVE: usize = 2;
const CASE: usize = 1;

fn substitution(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE
    } else {
        MOVE
    }
}

/// Weighted distance of two names, or more than `max`.
fn distance(a: &[u8], b: &[u8], max: usize) -> usize {
    let mut row: Vec<usize> = (1..=a.len()).map(|i| i * MOVE).collect();
    let mut result = 0;
    for (j, &cb) in b.iter().enumerate() {
        let mut diagonal = j * MOVE;
        result = diagonal;
        let mut least = usize::MAX;
        for (i, &ca) in a.iter().enumerate() {
            let replaced = diagonal + substitution(cb, ca);
            diagonal = row[i];
            result = replaced.min(result.min(diagonal) + MOVE);
            row[i] = result;
            least = least.min(result);
        }
        if least > max {
            return max + 1;
        }
    }
    if b.is_empty() { a.len() * MOVE } else { result }
}

/// The candidate nearest to a misspelt name, if one is near enough.
pub(crate) fn closest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(&str, usize)> = None;
    for candidate in candidates {
        if candidate == wrong || candidate.len() > 40 || wrong.len() > 40 {
            continue;
        }
        let mut max = (wrong.len() + candidate.len() + 3) * MOVE / 6;
        if let Some((_, known)) = best {
            max = max.min(known.saturating_sub(1));
        }
        let d = distance(wrong.as_bytes(), candidate.as_bytes(), max);
        if d <= max {
            best = Some((candidate, d));
        }
    }
    best.map(|b| b.0)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(closest("pritn", ["print", "input"].into_iter()), Some("print"));
        assert_eq!(closest("lenght", ["length", "width"].into_iter()), Some("length"));
        assert_eq!(closest("xyz", ["print", "input"].into_iter()), None);
    }
}
