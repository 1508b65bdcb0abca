//! The keyed hash of text and bytes: SipHash-1-3 (Aumasson and Bernstein 2012), which CPython uses, over a whole slice
//! at once.

/// State of four words.
struct Sip([u64; 4]);

impl Sip {
    #[inline(always)]
    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *c = c.wrapping_add(*d);
        *b = b.rotate_left(13) ^ *a;
        *d = d.rotate_left(16) ^ *c;
        *a = a.rotate_left(32).wrapping_add(*d);
        *c = c.wrapping_add(*b);
        *d = d.rotate_left(21) ^ *a;
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }

    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }
}

/// Up to seven bytes as a number, the first one lowest, read in at most two overlapping pieces.
#[inline(always)]
fn tail(rest: &[u8]) -> u64 {
    let n = rest.len();
    match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(&first), Some(&last)) => {
            u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << (8 * (n - 4))
        }
        _ => match *rest {
            [] => 0,
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            _ => u64::from(u16::from_le_bytes([rest[0], rest[1]])) | u64::from(rest[2]) << 16,
        },
    }
}

/// SipHash-1-3 of `bytes` under a key.
pub(crate) fn sip13(key: (u64, u64), bytes: &[u8]) -> u64 {
    let mut state = Sip([
        key.0 ^ 0x736f_6d65_7073_6575,
        key.1 ^ 0x646f_7261_6e64_6f6d,
        key.0 ^ 0x6c79_6765_6e65_7261,
        key.1 ^ 0x7465_6462_7974_6573,
    ]);
    let (words, rest) = bytes.as_chunks::<8>();
    for &word in words {
        state.absorb(u64::from_le_bytes(word));
    }
    state.absorb((bytes.len() as u64) << 56 | tail(rest));
    state.0[2] ^= 0xff;
    for _ in 0..3 {
        state.round();
    }
    let [a, b, c, d] = state.0;
    a ^ b ^ c ^ d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_cpython_with_a_zero_key() {
        let hash = |text: &str| sip13((0, 0), text.as_bytes()) as i64;
        assert_eq!(hash("a"), 4_644_417_185_603_328_019);
        assert_eq!(hash("abc"), -4_594_863_902_769_663_758);
        assert_eq!(hash("abcdefg"), 7_904_145_750_247_929_094);
        assert_eq!(hash("abcdefgh"), 4_574_395_652_268_504_554);
        assert_eq!(hash("hello world, this is text"), -4_315_994_597_424_213_970);
        assert_eq!(hash("ééééééééé"), -9_206_810_360_530_698_070);
    }
}
