//! ASCII text eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x80 * ONES;

/// Top bit of each byte of `word` that is an ASCII character from `first` to `last`.
#[inline(always)]
fn between(word: u64, first: u8, last: u8) -> u64 {
    let low = word & !TOPS;
    let reaches = low + u64::from(0x80 - first) * ONES;
    let passes = low + u64::from(0x7f - last) * ONES;
    (reaches ^ passes) & !word & TOPS
}

/// Applies `map` to the bytes as words; `map` treats each byte on its own.
#[inline(always)]
fn map_words(text: &mut [u8], map: impl Fn(u64) -> u64) {
    let (words, rest) = text.as_chunks_mut::<8>();
    for word in words {
        *word = map(u64::from_ne_bytes(*word)).to_ne_bytes();
    }
    for b in rest {
        *b = map(u64::from(*b)) as u8;
    }
}

/// Makes ASCII letters small; other bytes stay.
pub fn make_lower(text: &mut [u8]) {
    map_words(text, |word| word | between(word, b'A', b'Z') >> 2);
}

/// Makes ASCII letters capital; other bytes stay.
pub fn make_upper(text: &mut [u8]) {
    map_words(text, |word| word & !(between(word, b'a', b'z') >> 2));
}

/// Number of ASCII bytes in front of the first other one.
pub fn prefix_len(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (i, &word) in words.iter().enumerate() {
        let others = u64::from_le_bytes(word) & TOPS;
        if others != 0 {
            return i * 8 + others.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().take_while(|b| b.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_byte_at_every_place_maps_as_in_the_standard_library() {
        for len in 0..20 {
            for b in 0..=255u8 {
                let text: Vec<u8> = (0..len).map(|i| b.wrapping_add(i * 13)).collect();
                let (mut lower, mut upper) = (text.clone(), text.clone());
                make_lower(&mut lower);
                make_upper(&mut upper);
                assert_eq!((lower, upper), (text.to_ascii_lowercase(), text.to_ascii_uppercase()));
                assert_eq!(prefix_len(&text), text.iter().take_while(|b| b.is_ascii()).count());
            }
        }
    }
}
