//! Doubles of everyday size in decimal, exactly, in 128 bits: what rounding to a few digits, fixed-point text and the
//! reading of short numbers need. Everything else is left to the general algorithms.

use super::int_text::{SmallBuffer, write_u64};
use alloc::vec::Vec;

/// Powers of ten that a `u64` holds.
const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut i = 1;
    while i < 20 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};
/// Integers up to here are exact as doubles.
const EXACT: u64 = 1 << 53;

/// `|v| * 10^digits` rounded to an integer, half to even; `None` beyond the sizes handled here.
fn scaled(v: f64, digits: usize) -> Option<u64> {
    let power = *POWERS.get(digits)?;
    let bits = v.to_bits();
    let (biased, fraction) = (bits >> 52 & 0x7ff, bits & (EXACT / 2 - 1));
    if biased == 0 {
        return (fraction == 0).then_some(0);
    }
    // v = mantissa * 2^-shift; the product below stays under 2^(53 + 64).
    let shift = 1075u64.checked_sub(biased)?;
    let product = u128::from(fraction | (EXACT / 2)) * u128::from(power);
    if shift == 0 || shift > 120 {
        return None;
    }
    let (whole, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1 << (shift - 1));
    let up = rest > half || rest == half && whole & 1 == 1;
    u64::try_from(whole + u128::from(up)).ok()
}

/// The double nearest to `v` rounded to `digits` decimal places.
pub fn round(v: f64, digits: usize) -> Option<f64> {
    // Both operands are exact, so that the quotient is rounded once.
    let whole = scaled(v, digits).filter(|&whole| whole <= EXACT)?;
    Some((whole as f64 / POWERS[digits] as f64).copysign(v))
}

/// Appends `|v|` with `digits` decimal places; `false` when nothing was written.
pub fn write_fixed(out: &mut Vec<u8>, v: f64, digits: usize) -> bool {
    let Some(whole) = scaled(v, digits) else { return false };
    let mut buffer = SmallBuffer::default();
    let (units, mut fraction) = (whole / POWERS[digits], whole % POWERS[digits]);
    out.extend_from_slice(write_u64(&mut buffer, units));
    if digits > 0 {
        for place in buffer[1..=digits].iter_mut().rev() {
            *place = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        buffer[0] = b'.';
        out.extend_from_slice(&buffer[..=digits]);
    }
    true
}

/// Value of plain digits with a sign and a point, such as `-12.50`; `None` for any other text and for more digits than
/// a double holds exactly.
pub fn parse_short(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mut whole, mut places, mut point) = (0u64, 0, false);
    if digits.len() > 17 || digits.is_empty() {
        return None;
    }
    for &b in digits {
        match b.wrapping_sub(b'0') {
            d @ 0..=9 => {
                whole = whole * 10 + u64::from(d);
                places += usize::from(point);
            }
            _ if b == b'.' && !point && digits.len() > 1 => point = true,
            _ => return None,
        }
    }
    let v = (whole <= EXACT).then(|| whole as f64 / POWERS[places] as f64)?;
    Some(if negative { -v } else { v })
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// Doubles of many sizes, ties among them.
    fn samples() -> impl Iterator<Item = f64> {
        let mut seed = 12345u64;
        let random = (0..20_000).map(move |i| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let scale = f64::from_bits((1023 - i % 90) << 52);
            let v = (seed >> 11) as f64 * scale / if i % 3 == 0 { 1e3 } else { 1.0 };
            if i % 2 == 0 { v } else { -v }
        });
        let ties = (0..2000).map(|i| f64::from(i) / 64.0);
        random.chain(ties).chain([0.0, -0.0, 0.5, 1.5, 2.5, 2.675, 1e22, 5e-324, 9_007_199_254_740_992.0])
    }

    #[test]
    fn fixed_text_is_that_of_the_exact_algorithm() {
        let mut written = 0;
        for v in samples() {
            for digits in [0, 1, 2, 6, 15, 19, 20] {
                let mut out = Vec::new();
                if write_fixed(&mut out, v, digits) {
                    assert_eq!(out, format!("{:.*}", digits, v.abs()).as_bytes(), "{v:e} {digits}");
                    written += 1;
                }
            }
        }
        assert!(written > 50_000, "{written}");
    }

    #[test]
    fn rounding_is_that_of_the_exact_algorithm() {
        for v in samples() {
            for digits in [0, 1, 2, 9, 19] {
                if let Some(r) = round(v, digits) {
                    let exact: f64 = format!("{v:.digits$}").parse().unwrap();
                    assert_eq!(r.to_bits(), exact.to_bits(), "{v:e} {digits}");
                }
            }
        }
        assert_eq!(round(2.675, 2), Some(2.67));
    }

    #[test]
    fn short_numbers_read_as_the_nearest_double() {
        for text in ["0", "-0", "1.", ".5", "-12.50", "+3.14", "9007199254740992", "0.1", "123456.7890123", "00.10"] {
            let exact: f64 = text.parse().unwrap();
            assert_eq!(parse_short(text.as_bytes()).map(f64::to_bits), Some(exact.to_bits()), "{text}");
        }
        for text in ["", "-", ".", "+.", "1e5", "1_0", " 1", "nan", "1.2.3", "9007199254740993", "--1"] {
            assert_eq!(parse_short(text.as_bytes()), None, "{text}");
        }
    }
}
