//! Text of values: `to-string` and `pr-str`.
//!
//! Both differ for a String only, which `to-string` gives bare. What has no syntax is written as `#<kind>`, an instance of
//! a class of another language as `#<Class>`, an error as `#<error TYPE: MESSAGE>`.

use alloc::vec::Vec;

use molt_abi::Word;

use super::error::error_field;
use super::kind::kind_of;
use super::parts::{self, Parts};
use super::{Kind, symbol, tagged};
use crate::api::str_bytes;
use crate::num::float_text::{non_finite, shortest};
use crate::num::int::{self, IntRef};
use crate::num::{float, int_text};
use crate::text::wtf8;
use crate::{Isolate, Owned, PyResult};

/// Text for people: a String as it is, anything else as [`pr_str`] gives it. Only the text of an exception of another
/// language, which its own code makes, can raise.
pub fn to_string(rt: &mut Isolate, w: Word) -> PyResult {
    if kind_of(rt, w) == Kind::String { Ok(Owned::share(w)) } else { pr_str(rt, w) }
}

/// Text that reads back to an equal value, where the value has a syntax.
pub fn pr_str(rt: &mut Isolate, w: Word) -> PyResult {
    let mut out = Vec::new();
    write(rt, &mut out, w)?;
    Ok(rt.new_str_wtf8(&out))
}

/// Appends the text of a value as [`to_string`] gives it.
pub fn write_bare(rt: &mut Isolate, out: &mut Vec<u8>, w: Word) -> PyResult<()> {
    if let Some(v) = w.to_small() {
        out.extend_from_slice(int_text::write_i64(&mut [0; 20], v));
        return Ok(());
    }
    if kind_of(rt, w) == Kind::String {
        out.extend_from_slice(str_bytes(w));
        return Ok(());
    }
    write(rt, out, w)
}

/// A value whose parts are being written.
struct Frame {
    parts: Parts,
    close: u8,
    /// Nothing stands between the opening and the next part.
    at_start: bool,
}

/// Appends the text of a value as [`pr_str`] gives it.
pub fn write(rt: &mut Isolate, out: &mut Vec<u8>, w: Word) -> PyResult<()> {
    let mut frames = Vec::new();
    begin(rt, out, &mut frames, w)?;
    while let Some(frame) = frames.last_mut() {
        let Some(part) = frame.parts.next() else {
            out.push(frame.close);
            frames.pop();
            continue;
        };
        if !core::mem::take(&mut frame.at_start) {
            out.push(b' ');
        }
        begin(rt, out, &mut frames, part)?;
    }
    Ok(())
}

/// Writes a value without parts, or the opening of one with parts.
fn begin(rt: &mut Isolate, out: &mut Vec<u8>, frames: &mut Vec<Frame>, w: Word) -> PyResult<()> {
    let kind = kind_of(rt, w);
    let (open, close, at_start): (&[u8], _, _) = match kind {
        Kind::List => (b"[", b']', true),
        Kind::Map => (b"{", b'}', true),
        Kind::Set => (b"#{", b'}', true),
        Kind::Tuple => (b"(tuple", b')', false),
        Kind::Tagged => {
            let (class, name) = (rt.class_of(w), str_bytes(tagged::name(rt, rt.class_of(w))));
            if tagged::arity(rt, class) == 0 {
                out.extend_from_slice(name);
                return Ok(());
            }
            out.push(b'(');
            (name, b')', false)
        }
        _ => return write_atom(rt, out, w, kind),
    };
    out.extend_from_slice(open);
    let parts = parts::of(rt, w, kind).expect("these kinds have parts");
    frames.push(Frame { parts, close, at_start });
    Ok(())
}

fn write_atom(rt: &mut Isolate, out: &mut Vec<u8>, w: Word, kind: Kind) -> PyResult<()> {
    match kind {
        Kind::Nil => out.extend_from_slice(b"nil"),
        Kind::Bool => out.extend_from_slice(if w == Word::TRUE { b"true" } else { b"false" }),
        Kind::Int => write_int(out, int::of_int(w)),
        Kind::Float => write_float(out, float::of_float(w)),
        Kind::String => write_string(out, str_bytes(w)),
        Kind::Symbol => out.extend_from_slice(str_bytes(symbol::name_of(w))),
        Kind::Keyword => {
            out.push(b':');
            out.extend_from_slice(str_bytes(symbol::name_of(w)));
        }
        Kind::Error => return write_error(rt, out, w),
        Kind::Foreign => {
            let name = rt.short_type_name(w);
            write_tag(out, &name);
        }
        other => write_tag(out, other.name()),
    }
    Ok(())
}

fn write_tag(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b"#<");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}

fn write_int(out: &mut Vec<u8>, value: IntRef) {
    match value {
        IntRef::Small(v) => out.extend_from_slice(int_text::write_i64(&mut [0; 20], v)),
        IntRef::Big(v) => out.extend_from_slice(alloc::format!("{v}").as_bytes()),
    }
}

/// Decimal exponents of the numbers that are written without one.
const POSITIONAL: core::ops::Range<i32> = -6..21;

/// The fewest digits that read back, always with a point or an exponent.
pub fn write_float(out: &mut Vec<u8>, v: f64) {
    if let Some(special) = non_finite(v, false) {
        out.extend_from_slice(special.as_bytes());
        return;
    }
    if v.is_sign_negative() {
        out.push(b'-');
    }
    let all = shortest(v);
    let (digits, exponent) = (&all.digits[..all.count], all.point - 1);
    if !POSITIONAL.contains(&exponent) {
        write_with_point(out, digits, 1, false);
        out.push(b'e');
        out.extend_from_slice(int_text::write_i64(&mut [0; 20], i64::from(exponent)));
    } else if all.point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + all.point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    } else {
        write_with_point(out, digits, all.point as usize, true);
    }
}

/// Digits of which `whole` stand before the point. Without a fraction there is a point only where it is `wanted`.
fn write_with_point(out: &mut Vec<u8>, digits: &[u8], whole: usize, wanted: bool) {
    let before = digits.len().min(whole);
    out.extend_from_slice(&digits[..before]);
    out.resize(out.len() + whole - before, b'0');
    if before < digits.len() {
        out.push(b'.');
        out.extend_from_slice(&digits[before..]);
    } else if wanted {
        out.extend_from_slice(b".0");
    }
}

/// A string in quotes. Control characters and lone surrogates without an escape of their own are written by number.
fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for c in wtf8::chars(text) {
        match c {
            0 => out.extend_from_slice(b"\\0"),
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            13 => out.extend_from_slice(b"\\r"),
            0x22 => out.extend_from_slice(b"\\\""),
            0x5c => out.extend_from_slice(b"\\\\"),
            0..0x20 | 0x7f..0xa0 | 0xd800..0xe000 => {
                out.extend_from_slice(alloc::format!("\\u{{{c:x}}}").as_bytes());
            }
            _ => wtf8::push(out, c),
        }
    }
    out.push(b'"');
}

fn write_error(rt: &mut Isolate, out: &mut Vec<u8>, e: Word) -> PyResult<()> {
    let text = error_text(rt, e)?;
    out.extend_from_slice(b"#<error ");
    out.extend_from_slice(&text);
    out.push(b'>');
    Ok(())
}

/// Type and message of an error.
pub(super) fn error_text(rt: &mut Isolate, e: Word) -> PyResult<Vec<u8>> {
    let (kind, message) = (error_field(rt, e, "type")?, error_field(rt, e, "message")?);
    let mut out = str_bytes(kind.word()).to_vec();
    if !message.word().is_none() {
        out.extend_from_slice(b": ");
        write_bare(rt, &mut out, message.word())?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::super::tests::leaves_nothing;
    use super::super::{list, map, ref_cell, set};
    use super::*;
    use crate::api::str_text;
    use crate::exc;

    fn text(rt: &mut Isolate, w: Word) -> String {
        let text = pr_str(rt, w).expect("data have text");
        str_text(text.word()).into_owned()
    }

    #[test]
    fn floats_have_the_fewest_digits_and_a_point_or_exponent() {
        for (v, expected) in [
            (14.0, "14.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e20, "100000000000000000000.0"),
            (123456789012345680000.0, "123456789012345680000.0"),
            (1e21, "1e21"),
            (1.5e300, "1.5e300"),
            (0.000001, "0.000001"),
            (0.00000123, "0.00000123"),
            (1.5e-7, "1.5e-7"),
            (-1e-7, "-1e-7"),
            (5e-324, "5e-324"),
            (1234.5678, "1234.5678"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            let mut out = Vec::new();
            write_float(&mut out, v);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    #[test]
    fn strings_are_bare_outside_and_quoted_inside() {
        leaves_nothing(|rt| {
            let s = rt.new_str("a \"b\"\\\n\t\r\0\u{1b}\u{7f} é 😀");
            let quoted = "\"a \\\"b\\\"\\\\\\n\\t\\r\\0\\u{1b}\\u{7f} é 😀\"";
            assert_eq!(to_string(rt, s.word()).map(|t| t.word()), Ok(s.word()));
            assert_eq!(text(rt, s.word()), quoted);
            let list = list::from_words(rt, &[Word::small(1), s.word()]);
            let shown = to_string(rt, list.word()).expect("data have text");
            assert_eq!(str_text(shown.word()), alloc::format!("[1 {quoted}]"));
            let surrogate = rt.new_str_wtf8(b"\xed\xa0\x80");
            assert_eq!(text(rt, surrogate.word()), "\"\\u{d800}\"");
        });
    }

    #[test]
    fn collections_are_written_as_they_are_read() {
        leaves_nothing(|rt| {
            let (k, s, b) = (rt.keyword("k"), rt.symbol("sym"), rt.new_str("b"));
            let none = [list::empty(rt), map::empty(rt), set::empty(rt), rt.new_tuple(vec![])];
            let empties: Vec<String> = none.iter().map(|w| text(rt, w.word())).collect();
            assert_eq!(empties, ["[]", "{}", "#{}", "(tuple)"]);
            let map = map::from_words(rt, &[k, Word::small(1), b.word(), Word::NONE]).expect("keys are shallow");
            assert_eq!(text(rt, map.word()), "{:k 1 \"b\" nil}");
            let set = set::from_words(rt, &[Word::small(1), s]).expect("elements are shallow");
            assert_eq!(text(rt, set.word()), "#{1 sym}");
            let circle = rt.constructor_class("Circle", 1);
            let dot = rt.constructor_class("Dot", 0);
            let dot = Owned::share(tagged::nullary(rt, dot));
            let two = rt.new_float(2.0);
            let circle = tagged::new(rt, circle, [two].into_iter());
            let inner = list::from_vec(rt, vec![circle, dot]);
            let tuple = rt.new_tuple(vec![Owned::from_bool(true), inner, map, Owned::from_bool(false)]);
            assert_eq!(text(rt, tuple.word()), "(tuple true [(Circle 2.0) Dot] {:k 1 \"b\" nil} false)");
        });
    }

    #[test]
    fn what_has_no_syntax_is_named() {
        leaves_nothing(|rt| {
            let cell = ref_cell::new(rt, Owned::NONE).unwrap();
            assert_eq!(text(rt, cell.word()), "#<ref>");
            let bytes = rt.new_bytes(b"ab");
            assert_eq!(text(rt, bytes.word()), "#<bytes>");
            let dict = rt.new_dict();
            assert_eq!(text(rt, dict.word()), "#<dict>");
            assert_eq!(text(rt, rt.class_word(molt_abi::ClassId::INT)), "#<type>");
            let print = crate::startup::builtins(rt);
            assert_eq!(text(rt, print.word()), "#<module>");
            rt.raise_claude(super::super::ErrorKind::Index, "no item", Word::NONE);
            let e = rt.take_exception();
            assert_eq!(text(rt, e.word()), "#<error index: no item>");
            rt.raise(exc::ZERO_DIVISION_ERROR, "division by zero");
            let e = rt.take_exception();
            assert_eq!(text(rt, e.word()), "#<error divide-by-zero: division by zero>");
        });
    }

    #[test]
    fn large_integers_are_written_in_full() {
        leaves_nothing(|rt| {
            let mut n = Owned::small(10);
            for _ in 0..14 {
                n = rt.binary(crate::names::Name::MUL, n.word(), n.word()).expect("numbers multiply");
            }
            let shown = text(rt, n.word());
            assert_eq!((shown.len(), &shown[..2]), ((1 << 14) + 1, "10"));
        });
    }
}
