//! Character properties and case mappings.

use super::unicode_tables::{self as tables, BLOCKS, DECIMAL_ZEROS, FLAGS, INDEX};
use super::{ascii, wtf8};
use alloc::vec::Vec;

const ALPHA: u16 = 1;
const DECIMAL: u16 = 2;
const DIGIT: u16 = 4;
const NUMERIC: u16 = 8;
const LOWER: u16 = 16;
const UPPER: u16 = 32;
const TITLE: u16 = 64;
const SPACE: u16 = 128;
const PRINTABLE: u16 = 256;
const ID_START: u16 = 512;
const ID_CONTINUE: u16 = 1024;
const CASED: u16 = 2048;
const CASE_IGNORABLE: u16 = 4096;

#[inline]
fn flags(c: u32) -> u16 {
    let block = usize::from(INDEX[(c / 128) as usize]);
    FLAGS[usize::from(BLOCKS[block * 128 + (c % 128) as usize])]
}

pub fn is_alpha(c: u32) -> bool {
    flags(c) & ALPHA != 0
}
pub fn is_decimal(c: u32) -> bool {
    flags(c) & DECIMAL != 0
}
pub fn is_digit(c: u32) -> bool {
    flags(c) & DIGIT != 0
}
pub fn is_numeric(c: u32) -> bool {
    flags(c) & NUMERIC != 0
}
pub fn is_alnum(c: u32) -> bool {
    flags(c) & (ALPHA | DECIMAL | DIGIT | NUMERIC) != 0
}
pub fn is_lower(c: u32) -> bool {
    flags(c) & LOWER != 0
}
pub fn is_upper(c: u32) -> bool {
    flags(c) & UPPER != 0
}
pub fn is_title(c: u32) -> bool {
    flags(c) & TITLE != 0
}
pub fn is_space(c: u32) -> bool {
    flags(c) & SPACE != 0
}
pub fn is_printable(c: u32) -> bool {
    flags(c) & PRINTABLE != 0
}
pub fn is_id_start(c: u32) -> bool {
    flags(c) & ID_START != 0
}
pub fn is_id_continue(c: u32) -> bool {
    flags(c) & ID_CONTINUE != 0
}
pub fn is_cased(c: u32) -> bool {
    flags(c) & (CASED | LOWER | UPPER | TITLE) != 0
}

/// Line boundaries of `str.splitlines`.
pub fn is_line_break(c: u32) -> bool {
    matches!(c, 0x0a..=0x0d | 0x1c..=0x1e | 0x85 | 0x2028 | 0x2029)
}

/// Value of a decimal digit of any script.
pub fn decimal_value(c: u32) -> Option<u8> {
    if c < 128 {
        return (c as u8).is_ascii_digit().then(|| c as u8 - b'0');
    }
    if !is_decimal(c) {
        return None;
    }
    let at = DECIMAL_ZEROS.partition_point(|&zero| zero <= c);
    Some((c - DECIMAL_ZEROS[at - 1]) as u8)
}

type Run = (u32, u16, u8, i32);
type Multi = (u32, [u32; 3]);

/// One case mapping.
#[derive(Clone, Copy)]
pub enum Mapping {
    Lower,
    Upper,
    Title,
    Fold,
}

impl Mapping {
    fn tables(self) -> (&'static [Run], &'static [Multi]) {
        match self {
            Mapping::Lower => (&tables::LOWER, &tables::LOWER_MULTI),
            Mapping::Upper => (&tables::UPPER, &tables::UPPER_MULTI),
            Mapping::Title => (&tables::TITLE, &tables::TITLE_MULTI),
            Mapping::Fold => (&tables::FOLD, &tables::FOLD_MULTI),
        }
    }
}

/// Appends the mapping of one code point.
pub fn push_mapped(out: &mut Vec<u8>, mapping: Mapping, c: u32) {
    if c < 128 {
        out.push(map_ascii(mapping, c as u8));
        return;
    }
    let (runs, multi) = mapping.tables();
    if let Ok(i) = multi.binary_search_by_key(&c, |m| m.0) {
        for &to in multi[i].1.iter().filter(|&&to| to != 0) {
            wtf8::push(out, to);
        }
        return;
    }
    wtf8::push(out, map_simple(runs, c));
}

fn map_simple(runs: &[Run], c: u32) -> u32 {
    // Runs may interleave, so a few before the insertion point can hold the code point.
    let at = runs.partition_point(|run| run.0 <= c);
    for &(first, count, step, delta) in runs[at.saturating_sub(3)..at].iter().rev() {
        let (distance, step) = (c - first, u32::from(step));
        if distance % step == 0 && distance / step < u32::from(count) {
            return c.wrapping_add_signed(delta);
        }
    }
    c
}

/// Lower case of a text, with the contextual form of the final Greek sigma.
pub fn lower(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = wtf8::chars(text);
    loop {
        let at = chars.offset();
        let plain = ascii::prefix_len(&text[at..]);
        if plain > 0 {
            let start = out.len();
            out.extend_from_slice(&text[at..at + plain]);
            ascii::make_lower(&mut out[start..]);
            chars = wtf8::chars_from(text, at + plain);
            continue;
        }
        let Some(c) = chars.next() else { return out };
        match c {
            // Latin-1 letters without a search.
            0xc0..=0xd6 | 0xd8..=0xde => wtf8::push(&mut out, c + 0x20),
            0xdf..=0xff => wtf8::push(&mut out, c),
            0x3a3 => wtf8::push(&mut out, lower_sigma(text, at)),
            _ => push_mapped(&mut out, Mapping::Lower, c),
        }
    }
}

/// Lower case of the capital sigma at byte `at`: final when a cased letter precedes and none follows.
pub fn lower_sigma(text: &[u8], at: usize) -> u32 {
    let ignorable = |c: u32| flags(c) & CASE_IGNORABLE != 0;
    let mut before = &text[..at];
    let cased_before = loop {
        match wtf8::decode_last(before) {
            None => break false,
            Some((c, len)) if ignorable(c) => before = &before[..before.len() - len],
            Some((c, _)) => break is_cased(c),
        }
    };
    let cased_after = wtf8::chars(&text[at + 2..]).find(|&c| !ignorable(c)).is_some_and(is_cased);
    if cased_before && !cased_after { 0x3c2 } else { 0x3c3 }
}

/// Every code point mapped on its own (upper case, case folding).
pub fn map_all(text: &[u8], mapping: Mapping) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let plain = text.iter().position(|b| !b.is_ascii()).unwrap_or(text.len());
    let (ascii, rest) = text.split_at(plain);
    out.extend(ascii.iter().map(|&b| map_ascii(mapping, b)));
    for c in wtf8::chars(rest) {
        push_mapped(&mut out, mapping, c);
    }
    out
}

fn map_ascii(mapping: Mapping, b: u8) -> u8 {
    match mapping {
        Mapping::Lower | Mapping::Fold => b.to_ascii_lowercase(),
        Mapping::Upper | Mapping::Title => b.to_ascii_uppercase(),
    }
}

/// `str.title`.
pub fn title(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = wtf8::chars(text);
    let mut in_word = false;
    loop {
        let at = chars.offset();
        let Some(c) = chars.next() else { return out };
        if !in_word {
            push_mapped(&mut out, Mapping::Title, c);
        } else if c == 0x3a3 {
            wtf8::push(&mut out, lower_sigma(text, at));
        } else {
            push_mapped(&mut out, Mapping::Lower, c);
        }
        in_word = is_cased(c);
    }
}

/// `str.capitalize`.
pub fn capitalize(text: &[u8]) -> Vec<u8> {
    let Some((first, len)) = wtf8::decode_first(text) else { return Vec::new() };
    let mut out = Vec::with_capacity(text.len());
    push_mapped(&mut out, Mapping::Title, first);
    let mut chars = wtf8::chars(text);
    chars.next();
    let mut at = len;
    for c in chars {
        if c == 0x3a3 {
            wtf8::push(&mut out, lower_sigma(text, at));
        } else {
            push_mapped(&mut out, Mapping::Lower, c);
        }
        at += encoded_len(c);
    }
    out
}

/// `str.swapcase`.
pub fn swapcase(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for c in wtf8::chars(text) {
        if c == 0x3a3 {
            wtf8::push(&mut out, lower_sigma(text, at));
        } else if is_upper(c) {
            push_mapped(&mut out, Mapping::Lower, c);
        } else if is_lower(c) {
            push_mapped(&mut out, Mapping::Upper, c);
        } else {
            wtf8::push(&mut out, c);
        }
        at += encoded_len(c);
    }
    out
}

/// Bytes of a code point in WTF-8.
pub fn encoded_len(c: u32) -> usize {
    match c {
        0..0x80 => 1,
        0x80..0x800 => 2,
        0x800..0x1_0000 => 3,
        _ => 4,
    }
}

/// `str.isidentifier`.
pub fn is_identifier(text: &[u8]) -> bool {
    let mut chars = wtf8::chars(text);
    chars.next().is_some_and(is_id_start) && chars.all(is_id_continue)
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn case_mappings_agree_with_the_standard_library_where_versions_do() {
        let mut differing = 0;
        for c in (0..0x1e000u32).filter_map(char::from_u32) {
            let s = c.to_string();
            differing += usize::from(text(map_all(s.as_bytes(), Mapping::Upper)) != s.to_uppercase());
            differing += usize::from(text(lower(s.as_bytes())) != s.to_lowercase());
        }
        // The standard library follows a newer Unicode version with a few more letters.
        assert!(differing < 120, "{differing}");
    }

    #[test]
    fn special_cases_are_kept() {
        assert_eq!(text(lower("ΑΣ ΑΣΑ Σ".as_bytes())), "ας ασα σ");
        assert_eq!(text(map_all("ß".as_bytes(), Mapping::Upper)), "SS");
        assert_eq!(text(map_all("ß".as_bytes(), Mapping::Fold)), "ss");
        assert_eq!(text(title("they're ǆ ﬁne".as_bytes())), "They'Re ǅ Fine");
        assert_eq!(text(swapcase("aBß".as_bytes())), "AbSS");
        assert_eq!(text(capitalize("ÉCOLE".as_bytes())), "École");
        assert_eq!(decimal_value(0x0663), Some(3));
        assert_eq!(decimal_value(0x00b2), None);
        assert!(is_identifier("naïve_1".as_bytes()) && !is_identifier(b"1a") && !is_identifier(b""));
    }
}
