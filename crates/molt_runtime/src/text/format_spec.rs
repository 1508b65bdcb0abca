//! The format mini-language: `format(value, spec)` of `int`, `float`, `complex` and `str`.
//!
//! ```text
//! [[fill]align][sign]["z"]["#"]["0"][width][grouping]["." precision][type]
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use molt_abi::Word;

use super::str_object::{StrRef, make};
use super::wtf8;
use crate::api::str_bytes;
use crate::num::int::{self, IntRef};
use crate::num::{complex, float, float_text, int_text};
use crate::{Isolate, PyResult};

/// A parsed specification.
pub struct Spec {
    fill: u32,
    align: Option<u8>,
    /// Alignment was written out, not implied by `0`.
    align_given: bool,
    sign: Option<u8>,
    no_negative_zero: bool,
    alternate: bool,
    width: Option<usize>,
    grouping: Option<u8>,
    precision: Option<usize>,
    code: Option<u32>,
}

impl Spec {
    /// Whether the text of a number needs no sign, separators or padding.
    fn takes_text_as_it_is(&self) -> bool {
        self.width.is_none() && self.grouping.is_none() && self.sign.is_none() && !self.no_negative_zero
    }
}

/// Bytes of a specification that is taken apart without an allocation.
const SHORT_SPEC: usize = 16;

/// Parses a specification for an object of type `type_name`; `default_align` is what `0` implies.
fn parse(rt: &mut Isolate, spec: &[u8], value: Word) -> PyResult<Spec> {
    let (mut short, long);
    let chars: &[u32] = if spec.len() <= SHORT_SPEC {
        short = [0; SHORT_SPEC];
        let count = wtf8::chars(spec).zip(&mut short).map(|(c, place)| *place = c).count();
        &short[..count]
    } else {
        long = wtf8::chars(spec).collect::<Vec<u32>>();
        &long
    };
    let at = |i: usize| chars.get(i).copied().unwrap_or(0);
    let is_align = |c: u32| matches!(c, 0x3c | 0x3e | 0x3d | 0x5e);
    let mut out = Spec {
        fill: u32::from(b' '),
        align: None,
        align_given: false,
        sign: None,
        no_negative_zero: false,
        alternate: false,
        width: None,
        grouping: None,
        precision: None,
        code: None,
    };
    let (mut i, mut fill_given) = (0, false);
    if chars.len() >= 2 && is_align(at(1)) {
        (out.fill, out.align, out.align_given, fill_given) = (at(0), Some(at(1) as u8), true, true);
        i = 2;
    } else if is_align(at(0)) {
        (out.align, out.align_given) = (Some(at(0) as u8), true);
        i = 1;
    }
    if matches!(at(i), 0x20 | 0x2b | 0x2d) {
        out.sign = Some(at(i) as u8);
        i += 1;
    }
    for (c, flag) in [(b'z', &mut out.no_negative_zero), (b'#', &mut out.alternate)] {
        if at(i) == u32::from(c) {
            *flag = true;
            i += 1;
        }
    }
    if !fill_given && at(i) == 0x30 {
        out.fill = 0x30;
        if out.align.is_none() {
            out.align = Some(b'=');
        }
        i += 1;
    }
    out.width = number(rt, chars, &mut i)?;
    rt.check_room(Some(out.width.unwrap_or(0)))?;
    if at(i) == 0x2c {
        out.grouping = Some(b',');
        i += 1;
    }
    if at(i) == 0x5f {
        if out.grouping.is_some() {
            return Err(rt.value_error("Cannot specify both ',' and '_'."));
        }
        out.grouping = Some(b'_');
        i += 1;
    }
    if at(i) == 0x2c && out.grouping.is_some() {
        let text = if out.grouping == Some(b'_') {
            "Cannot specify both ',' and '_'."
        } else {
            "Cannot specify ',' with ','."
        };
        return Err(rt.value_error(text));
    }
    if at(i) == 0x2e {
        i += 1;
        out.precision = number(rt, chars, &mut i)?;
        if out.precision.is_some_and(|p| p > i32::MAX as usize) {
            return Err(rt.value_error("precision too big"));
        }
        rt.check_room(Some(out.precision.unwrap_or(0)))?;
        if out.precision.is_none() {
            return Err(rt.value_error("Format specifier missing precision"));
        }
    }
    match chars.len() - i {
        0 => {}
        1 => out.code = Some(at(i)),
        _ => {
            let (text, name) = (String::from_utf8_lossy(spec).into_owned(), rt.type_name(value));
            return Err(rt.value_error(format!("Invalid format specifier '{text}' for object of type '{name}'")));
        }
    }
    check_grouping(rt, &out)?;
    Ok(out)
}

fn number(rt: &mut Isolate, chars: &[u32], i: &mut usize) -> PyResult<Option<usize>> {
    let start = *i;
    let mut value: i64 = 0;
    while let Some(d) = chars.get(*i).and_then(|&c| super::unicode::decimal_value(c)) {
        value = match value.checked_mul(10).and_then(|v| v.checked_add(i64::from(d))) {
            Some(v) => v,
            None => return Err(rt.value_error("Too many decimal digits in format string")),
        };
        *i += 1;
    }
    Ok((*i > start).then_some(value as usize))
}

fn check_grouping(rt: &mut Isolate, spec: &Spec) -> PyResult<()> {
    let Some(mark) = spec.grouping else { return Ok(()) };
    let Some(code) = spec.code else { return Ok(()) };
    let known = code < 128
        && match code as u8 {
            b'd' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => true,
            b'b' | b'o' | b'x' | b'X' => mark == b'_',
            _ => false,
        };
    if known {
        return Ok(());
    }
    let shown = if (33..128).contains(&code) { format!("'{}'", code as u8 as char) } else { format!("'\\x{code:x}'") };
    Err(rt.value_error(format!("Cannot specify '{}' with {shown}.", mark as char)))
}

fn unknown_code(rt: &mut Isolate, code: u32, value: Word) -> crate::Raised {
    let name = rt.type_name(value);
    let shown = match code {
        33..128 => (code as u8 as char).to_string(),
        _ => format!("\\x{code:x}"),
    };
    rt.value_error(format!("Unknown format code '{shown}' for object of type '{name}'"))
}

/// Specification argument of `__format__`.
fn spec_arg<'a>(rt: &mut Isolate, w: Word) -> PyResult<&'a [u8]> {
    if rt.is_str(w) {
        return Ok(str_bytes(w));
    }
    let name = rt.argument_kind(w);
    Err(rt.type_error(format!("__format__() argument must be str, not {name}")))
}

/// Pads a text of `char_len` code points to the width.
fn pad(out: &mut Vec<u8>, spec: &Spec, text: &[u8], char_len: usize, default_align: u8) {
    let room = spec.width.unwrap_or(0).saturating_sub(char_len);
    let left = match spec.align.unwrap_or(default_align) {
        b'<' => 0,
        b'^' => room / 2,
        _ => room,
    };
    push_fill(out, spec.fill, left);
    out.extend_from_slice(text);
    push_fill(out, spec.fill, room - left);
}

fn push_fill(out: &mut Vec<u8>, fill: u32, count: usize) {
    if fill < 128 {
        out.resize(out.len() + count, fill as u8);
    } else {
        (0..count).for_each(|_| wtf8::push(out, fill));
    }
}

/// `str.__format__`.
pub fn str_format(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let spec_text = spec_arg(rt, a[1])?;
    if spec_text.is_empty() {
        return rt.str(a[0]);
    }
    let spec = parse(rt, spec_text, a[0])?;
    let refusal = match () {
        () if spec.code.is_some_and(|c| c != u32::from(b's')) => {
            return Err(unknown_code(rt, spec.code.unwrap_or(0), a[0]));
        }
        () if spec.grouping == Some(b',') => "Cannot specify ',' with 's'.",
        () if spec.grouping.is_some() => "Cannot specify '_' with 's'.",
        () if spec.sign == Some(b' ') => "Space not allowed in string format specifier",
        () if spec.sign.is_some() => "Sign not allowed in string format specifier",
        () if spec.no_negative_zero => "Negative zero coercion (z) not allowed in string format specifier",
        () if spec.alternate => "Alternate form (#) not allowed in string format specifier",
        () if spec.align == Some(b'=') && spec.align_given => "'=' alignment not allowed in string format specifier",
        () => "",
    };
    if !refusal.is_empty() {
        return Err(rt.value_error(refusal));
    }
    let s = StrRef::of(a[0]);
    let kept = spec.precision.map_or(s.char_len, |p| p.min(s.char_len));
    let text = s.chars(0, kept);
    let mut out = Vec::with_capacity(text.len() + spec.width.unwrap_or(0));
    let spec = Spec { align: spec.align.filter(|&x| x != b'='), ..spec };
    pad(&mut out, &spec, text, kept, b'<');
    Ok(make(rt, &out, s.is_ascii() && spec.fill < 128))
}

/// Parts of a number: sign and prefix, whole digits, and the rest (point, fraction, exponent, `%`).
struct Parts<'a> {
    negative: bool,
    prefix: &'a str,
    digits: &'a str,
    rest: &'a str,
}

/// Separators of the number format.
#[derive(Clone, Copy)]
struct Grouping {
    mark: u8,
    size: usize,
}

fn layout(out: &mut Vec<u8>, spec: &Spec, parts: &Parts, grouping: Option<Grouping>) {
    let sign = match (parts.negative, spec.sign) {
        (true, _) => "-",
        (false, Some(b'+')) => "+",
        (false, Some(b' ')) => " ",
        _ => "",
    };
    let width = spec.width.unwrap_or(0);
    let fixed = sign.len() + parts.prefix.len() + parts.rest.len();
    // Zeros that fill up to the width are grouped like digits.
    let zero_fill = spec.fill == 0x30 && spec.align == Some(b'=');
    let least = if zero_fill { width.saturating_sub(fixed) } else { 0 };
    let digits = group(parts.digits, grouping, least);
    let used = fixed + digits.len();
    let room = width.saturating_sub(used);
    let (before, between, after) = match spec.align.unwrap_or(b'>') {
        b'<' => (0, 0, room),
        b'^' => (room / 2, 0, room - room / 2),
        b'=' => (0, room, 0),
        _ => (room, 0, 0),
    };
    push_fill(out, spec.fill, before);
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(parts.prefix.as_bytes());
    push_fill(out, spec.fill, between);
    out.extend_from_slice(digits.as_bytes());
    out.extend_from_slice(parts.rest.as_bytes());
    push_fill(out, spec.fill, after);
}

/// Digits with separators, extended by leading zeros to at least `least` characters.
fn group(digits: &str, grouping: Option<Grouping>, least: usize) -> String {
    let Some(Grouping { mark, size }) = grouping else {
        let zeros = if digits.is_empty() { 0 } else { least.saturating_sub(digits.len()) };
        return "0".repeat(zeros) + digits;
    };
    let mut reversed: Vec<u8> = Vec::with_capacity(digits.len() * 4 / 3 + 1);
    let mut source = digits.bytes().rev();
    for count in 0.. {
        let digit = match source.next() {
            Some(d) => d,
            None if reversed.len() < least => b'0',
            None => break,
        };
        if count > 0 && count % size == 0 {
            reversed.push(mark);
        }
        reversed.push(digit);
    }
    reversed.reverse();
    String::from_utf8(reversed).expect("digits are ASCII")
}

fn thousands(spec: &Spec) -> Option<Grouping> {
    spec.grouping.map(|mark| Grouping { mark, size: 3 })
}

/// `int.__format__`.
pub fn int_format(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let spec_text = spec_arg(rt, a[1])?;
    if spec_text.is_empty() {
        return rt.str(a[0]);
    }
    let spec = parse(rt, spec_text, a[0])?;
    let value = int::of_int(a[0]);
    let code = spec.code.unwrap_or(u32::from(b'd'));
    match u8::try_from(code).unwrap_or(0) {
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => {
            let v = int::to_f64_of(rt, value)?;
            format_double(rt, v, &spec, a[0])
        }
        b'd' | b'n' | b'b' | b'o' | b'x' | b'X' => format_integer(rt, value, &spec, code as u8),
        b'c' => format_char(rt, value, &spec),
        _ => Err(unknown_code(rt, code, a[0])),
    }
}

fn refuse_integer_options(rt: &mut Isolate, spec: &Spec) -> PyResult<()> {
    if spec.precision.is_some() {
        return Err(rt.value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(rt.value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    Ok(())
}

fn format_integer(rt: &mut Isolate, value: IntRef, spec: &Spec, code: u8) -> PyResult {
    refuse_integer_options(rt, spec)?;
    let (base, prefix) = match code {
        b'b' => (2, "0b"),
        b'o' => (8, "0o"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    let digits = if base == 10 {
        let text = int_text::to_decimal(rt, value)?;
        text.strip_prefix('-').map(str::to_owned).unwrap_or(text)
    } else {
        int_text::digits_in_base(value, base, code == b'X')
    };
    let size = if base == 10 { 3 } else { 4 };
    let parts = Parts {
        negative: value.is_negative(),
        prefix: if spec.alternate { prefix } else { "" },
        digits: &digits,
        rest: "",
    };
    let mut out = Vec::with_capacity(digits.len() + spec.width.unwrap_or(0) + 4);
    layout(&mut out, spec, &parts, spec.grouping.map(|mark| Grouping { mark, size }));
    Ok(make(rt, &out, spec.fill < 128))
}

fn format_char(rt: &mut Isolate, value: IntRef, spec: &Spec) -> PyResult {
    refuse_integer_options(rt, spec)?;
    if spec.sign.is_some() {
        return Err(rt.value_error("Sign not allowed with integer format specifier 'c'"));
    }
    if spec.alternate {
        return Err(rt.value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
    }
    match value.to_i64() {
        Some(c) if (0..0x11_0000).contains(&c) => {
            let (mut text, mut out) = (Vec::new(), Vec::new());
            wtf8::push(&mut text, c as u32);
            pad(&mut out, spec, &text, 1, b'>');
            Ok(make(rt, &out, false))
        }
        None => Err(rt.overflow_error("Python int too large to convert to C long")),
        _ => Err(rt.overflow_error("%c arg not in range(0x110000)")),
    }
}

/// `float.__format__`.
pub fn float_format(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let spec_text = spec_arg(rt, a[1])?;
    if spec_text.is_empty() {
        return rt.str(a[0]);
    }
    let v = float::of_float(a[0]);
    if let [b'.', places @ b'0'..=b'9', b'f'] = *spec_text {
        let text = float_text::format(v, b'f', usize::from(places - b'0'), false);
        return Ok(rt.new_str_counted(text.as_bytes(), text.len()));
    }
    let spec = parse(rt, spec_text, a[0])?;
    format_double(rt, v, &spec, a[0])
}

/// Unsigned text of a double in a format type, without padding; `None` stands for an unknown type.
fn double_text(v: f64, spec: &Spec, default: u8) -> Option<String> {
    let code = match spec.code {
        None => 0,
        Some(c) => u8::try_from(c).ok()?,
    };
    let text = match code {
        0 if spec.precision.is_none() && default == b'r' => {
            let mut out = Vec::new();
            float_text::write_shortest(&mut out, v, true);
            let text = String::from_utf8(out).expect("number text is ASCII");
            if spec.alternate { with_point(text) } else { text }
        }
        0 if spec.precision.is_none() => {
            let mut out = Vec::new();
            float_text::write_shortest(&mut out, v, false);
            String::from_utf8(out).expect("number text is ASCII")
        }
        0 => {
            let text = float_text::format(v, b'g', spec.precision.unwrap_or(6), spec.alternate);
            // Without a type at least one digit follows the point; CPython switches to an exponent one
            // digit earlier than `g` for that.
            if default == b'r' {
                general_with_fraction(v, spec.precision.unwrap_or(6), text, spec.alternate)
            } else {
                text
            }
        }
        b'n' => float_text::format(v, b'g', spec.precision.unwrap_or(6), spec.alternate),
        b'%' => float_text::format(v * 100.0, b'f', spec.precision.unwrap_or(6), spec.alternate) + "%",
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            float_text::format(v, code, spec.precision.unwrap_or(6), spec.alternate)
        }
        _ => return None,
    };
    Some(text)
}

fn with_point(text: String) -> String {
    match text.find('e') {
        Some(at) if !text.contains('.') => format!("{}.{}", &text[..at], &text[at..]),
        _ => text,
    }
}

fn general_with_fraction(v: f64, precision: usize, text: String, alternate: bool) -> String {
    if !v.is_finite() || text.contains('e') || text.trim_end_matches('.').contains('.') {
        return text;
    }
    let digits = text.trim_start_matches('-').trim_end_matches('.').len();
    if digits >= precision.max(1) {
        // No room for a fraction digit: exponent form.
        let (mut mantissa, exponent) = float_text::significant(v, precision.max(1));
        while !alternate && mantissa.len() > 1 && mantissa.last() == Some(&b'0') {
            mantissa.pop();
        }
        let sign = if v.is_sign_negative() { "-" } else { "" };
        let mut out = format!("{sign}{}", mantissa[0] as char);
        if mantissa.len() > 1 || alternate {
            out.push('.');
            out.extend(mantissa[1..].iter().map(|&d| d as char));
        }
        return format!("{out}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    text.trim_end_matches('.').to_owned() + ".0"
}

fn is_zero_text(text: &str) -> bool {
    text.bytes().take_while(|b| *b != b'e' && *b != b'E').all(|b| matches!(b, b'0' | b'.' | b'%' | b'-'))
}

fn format_double(rt: &mut Isolate, v: f64, spec: &Spec, value: Word) -> PyResult {
    let Some(text) = double_text(v, spec, b'r') else {
        return Err(unknown_code(rt, spec.code.unwrap_or(0), value));
    };
    if spec.takes_text_as_it_is() {
        return Ok(rt.new_str_counted(text.as_bytes(), text.len()));
    }
    let mut out = Vec::with_capacity(text.len() + spec.width.unwrap_or(0) + 4);
    write_double(&mut out, &text, spec);
    Ok(make(rt, &out, spec.fill < 128))
}

/// Lays out the text of a double with sign, grouping and padding.
fn write_double(out: &mut Vec<u8>, text: &str, spec: &Spec) {
    let (mut negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text),
    };
    if spec.no_negative_zero && is_zero_text(body) {
        negative = false;
    }
    let split = body.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(body.len());
    let parts = Parts { negative, prefix: "", digits: &body[..split], rest: &body[split..] };
    layout(out, spec, &parts, thousands(spec).filter(|_| split > 0));
}

/// `complex.__format__`.
pub fn complex_format(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let spec_text = spec_arg(rt, a[1])?;
    if spec_text.is_empty() {
        return rt.str(a[0]);
    }
    let spec = parse(rt, spec_text, a[0])?;
    if spec.code.is_some_and(|c| !matches!(u8::try_from(c), Ok(b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n'))) {
        return Err(unknown_code(rt, spec.code.unwrap_or(0), a[0]));
    }
    if spec.fill == 0x30 && spec.align == Some(b'=') && !spec.align_given {
        return Err(rt.value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == Some(b'=') {
        return Err(rt.value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let (re, im) = complex::of_complex(a[0]);
    let plain = |sign| Spec { width: None, sign, align: None, fill: 0x20, ..copy_of(&spec) };
    let texts = (double_text(re, &spec, b'g'), double_text(im, &spec, b'g'));
    let (Some(re_text), Some(im_text)) = texts else { return Err(unknown_code(rt, spec.code.unwrap_or(0), a[0])) };
    // Without a type the form is that of `str`, in parentheses unless the real part is zero.
    let default_form = spec.code.is_none();
    let skip_real = default_form && re == 0.0 && re.is_sign_positive();
    let mut body = Vec::new();
    if default_form && !skip_real {
        body.push(b'(');
    }
    if !skip_real {
        write_double(&mut body, &re_text, &plain(spec.sign));
    }
    write_double(&mut body, &im_text, &plain(if skip_real { spec.sign } else { Some(b'+') }));
    body.push(b'j');
    if default_form && !skip_real {
        body.push(b')');
    }
    let mut out = Vec::new();
    pad(&mut out, &spec, &body, body.len(), b'>');
    Ok(make(rt, &out, spec.fill < 128))
}

fn copy_of(spec: &Spec) -> Spec {
    Spec { ..*spec }
}
