//! Literals: numbers, strings with lone surrogates, docstrings, formatted strings.

use dashu_int::UBig;
use molt_ir::{Const, Op, ValueId};
use ruff_python_ast::{
    ConversionFlag, ExprFString, ExprStringLiteral, FString, FStringPart, InterpolatedElement,
    InterpolatedStringElement, Number, StringLiteral,
};
use ruff_text_size::TextRange;

use super::Lowerer;

impl<'a> Lowerer<'a> {
    /// WTF-8 text of a string literal, adjacent parts joined.
    pub(super) fn string_value(&self, s: &ExprStringLiteral) -> Vec<u8> {
        s.value.iter().flat_map(|part| self.string_part(part)).collect()
    }

    fn string_part(&self, part: &StringLiteral) -> Vec<u8> {
        let raw = part.flags.prefix().is_raw();
        self.repair_surrogates(&part.value, part.content_range(), raw, false)
    }

    /// The parser gives U+FFFD for escapes of lone surrogates; such text is decoded again from its source.
    fn repair_surrogates(&self, value: &str, source: TextRange, raw: bool, braces: bool) -> Vec<u8> {
        let source = &self.text[source];
        if raw || !value.contains('\u{fffd}') || !(source.contains("\\u") || source.contains("\\U")) {
            return value.as_bytes().to_vec();
        }
        decode_escapes(value, source, braces)
    }

    pub(super) fn number(&mut self, number: &Number, range: TextRange) -> Const {
        match number {
            Number::Int(i) => match i.as_i64() {
                Some(v) => Const::Int(v),
                None => Const::BigInt(decimal_digits(&self.text[range]).into()),
            },
            Number::Float(f) => Const::Float(f.to_bits()),
            Number::Complex { real, imag } => Const::Complex(real.to_bits(), imag.to_bits()),
        }
    }

    pub(super) fn f_string(&mut self, f: &'a ExprFString) -> ValueId {
        let mut parts = Parts::default();
        for part in &f.value {
            match part {
                FStringPart::Literal(s) => parts.text.extend(self.string_part(s)),
                FStringPart::FString(s) => self.f_string_part(s, &mut parts),
            }
        }
        self.at_range(f);
        self.join(parts)
    }

    fn f_string_part(&mut self, s: &'a FString, parts: &mut Parts) {
        let raw = s.flags.prefix().is_raw();
        for element in &s.elements {
            self.f_string_element(element, raw, parts);
        }
    }

    fn f_string_element(&mut self, element: &'a InterpolatedStringElement, raw: bool, parts: &mut Parts) {
        match element {
            InterpolatedStringElement::Literal(l) => {
                let bytes = self.repair_surrogates(&l.value, l.range, raw, true);
                parts.text.extend(bytes);
            }
            InterpolatedStringElement::Interpolation(i) => self.interpolation(i, raw, parts),
        }
    }

    fn interpolation(&mut self, i: &'a InterpolatedElement, raw: bool, parts: &mut Parts) {
        let mut conversion = i.conversion;
        if let Some(debug) = &i.debug_text {
            parts.text.extend(debug.as_str().as_bytes());
            if conversion == ConversionFlag::None && i.format_spec.is_none() {
                conversion = ConversionFlag::Repr;
            }
        }
        let value = self.expr(&i.expression);
        let spec = match &i.format_spec {
            None => self.unbound(),
            Some(spec) => {
                let mut inner = Parts::default();
                for element in &spec.elements {
                    self.f_string_element(element, raw, &mut inner);
                }
                self.at_range(i);
                self.join(inner)
            }
        };
        self.flush(parts);
        self.at_range(i);
        let code = u64::from(conversion.to_byte().unwrap_or(0));
        parts.values.push(self.f.b.word(Op::PyFormat, &[value, spec], code));
    }

    /// Turns pending text into a part.
    fn flush(&mut self, parts: &mut Parts) {
        if !parts.text.is_empty() {
            let text = std::mem::take(&mut parts.text);
            let value = self.constant(Const::Str(text.into()));
            parts.values.push(value);
        }
    }

    fn join(&mut self, mut parts: Parts) -> ValueId {
        self.flush(&mut parts);
        match parts.values.as_slice() {
            [] => self.str_const(""),
            [only] => *only,
            many => self.f.b.word(Op::StrJoin, many, 0),
        }
    }
}

/// Pieces of a formatted string: finished values and text that follows them.
#[derive(Default)]
struct Parts {
    values: Vec<ValueId>,
    text: Vec<u8>,
}

/// Takes the parser's text and puts surrogates (in WTF-8) where the source has escapes of them.
fn decode_escapes(value: &str, source: &str, braces: bool) -> Vec<u8> {
    // Code points of the source's escapes that the parser replaced, in order; a U+FFFD written as such is its own.
    let mut replaced = Vec::new();
    let mut chars = source.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\u{fffd}' => replaced.push(0xfffd),
            '\\' => {
                let Some((_, kind)) = chars.next() else { break };
                let digits = match kind {
                    'u' => 4,
                    'U' => 8,
                    'N' if !braces && source[at..].starts_with("\\N{REPLACEMENT CHARACTER}") => {
                        replaced.push(0xfffd);
                        continue;
                    }
                    _ => continue,
                };
                let code = source.get(at + 2..at + 2 + digits).and_then(|d| u32::from_str_radix(d, 16).ok());
                match code {
                    Some(code @ 0xd800..=0xdfff) => replaced.push(code),
                    Some(0xfffd) => replaced.push(0xfffd),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::with_capacity(value.len());
    let mut next = replaced.into_iter();
    for c in value.chars() {
        let code = if c == '\u{fffd}' { next.next().unwrap_or(0xfffd) } else { u32::from(c) };
        match char::from_u32(code) {
            Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {
                out.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8])
            }
        }
    }
    out
}

/// Decimal digits of an integer literal of any base.
fn decimal_digits(literal: &str) -> String {
    let text: String = literal.chars().filter(|&c| c != '_').collect();
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        _ => (lower.as_str(), 10),
    };
    if radix == 10 {
        let trimmed = digits.trim_start_matches('0');
        return if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() };
    }
    UBig::from_str_radix(digits, radix).expect("the parser checked the digits").to_string()
}

/// A docstring as the compiler stores it since 3.13: tabs expanded in indentation, common indentation of the lines
/// after the first removed, blank lines at the start dropped with it (`inspect.cleandoc` without its last step).
pub(super) fn clean_docstring(text: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    let indent = |line: &[u8]| line.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    let margin = lines[1..].iter().filter(|l| indent(l) < l.len()).map(|l| indent(l)).min().unwrap_or(0);
    let mut out = lines[0][lines[0].iter().take_while(|&&b| b == b' ').count()..].to_vec();
    for line in &lines[1..] {
        out.push(b'\n');
        let cut = margin.min(indent(line));
        out.extend_from_slice(&line[cut..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_literals_become_decimal() {
        assert_eq!(decimal_digits("0xffff_ffff_ffff_ffff_ffff"), "1208925819614629174706175");
        assert_eq!(decimal_digits("0b1"), "1");
        assert_eq!(decimal_digits("123_456_789_012_345_678_901"), "123456789012345678901");
    }

    #[test]
    fn surrogates_are_kept() {
        assert_eq!(decode_escapes("a\u{fffd}b", "a\\ud800b", false), b"a\xed\xa0\x80b");
        assert_eq!(decode_escapes("\u{fffd}\u{fffd}", "\u{fffd}\\udfff", false), b"\xef\xbf\xbd\xed\xbf\xbf");
    }

    #[test]
    fn docstrings_lose_their_indentation() {
        assert_eq!(clean_docstring(b"One.\n\n    Two.\n      Three.\n    "), b"One.\n\nTwo.\n  Three.\n");
        assert_eq!(clean_docstring(b"  One"), b"One");
    }
}
