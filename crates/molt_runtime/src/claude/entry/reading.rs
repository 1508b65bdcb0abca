//! `read-string`: data of a text, while the program runs.
//!
//! The rules are those of the compiler's reader (section 2 of the reference). A form and a list literal are both a List;
//! what a prefix abbreviates is the List that it stands for.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::{ErrorKind, Kind, list, map, set};
use super::{expect, malformed_at};
use crate::api::str_bytes;
use crate::entry::{entries, ret};
use crate::num::float_text;
use crate::num::int;
use crate::num::int_text::{Parsed, parse_ascii};
use crate::{Isolate, Owned, PyResult, Raised};

/// Depth of nesting that texts may have (section 5.5 of the reference).
pub(super) const DEEPEST: usize = 1_000;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Quasiquotes around the place at hand, less unquotes: a comma is a blank outside.
    quasi: usize,
}

/// Reads a text that holds one datum.
fn read_string(rt: &mut Isolate, s: Word) -> PyResult {
    let bytes = str_bytes(expect(rt, s, Kind::String, "read-string")?);
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => return Err(malformed_at(rt, bytes, e.valid_up_to(), "read-string: a surrogate is no character")),
    };
    let mut reader = Reader { text, at: 0, depth: 0, quasi: 0 };
    reader.skip_blanks(rt)?;
    let datum = reader.datum(rt)?;
    reader.skip_blanks(rt)?;
    if reader.at < text.len() {
        return Err(reader.fault(rt, reader.at, "there is more than one datum"));
    }
    Ok(datum)
}

fn is_symbol_char(c: char) -> bool {
    !(c.is_whitespace() || c == '\u{feff}' || c.is_ascii_control() || "()[]{}\";,`'@".contains(c))
}

impl<'t> Reader<'t> {
    fn fault(&self, rt: &mut Isolate, at: usize, message: &str) -> Raised {
        malformed_at(rt, self.text.as_bytes(), at, &format!("read-string: {message}"))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn takes(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    /// Goes over blanks and comments.
    fn skip_blanks(&mut self, rt: &mut Isolate) -> PyResult<()> {
        while let Some(c) = self.rest().chars().next() {
            if c.is_whitespace() || c == '\u{feff}' || c == ',' && self.quasi == 0 {
                self.at += c.len_utf8();
            } else if c == ';' {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("#|") {
                self.block_comment(rt)?;
            } else if self.takes("#;") {
                self.skip_blanks(rt)?;
                self.datum(rt)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn block_comment(&mut self, rt: &mut Isolate) -> PyResult<()> {
        let start = self.at;
        let mut depth = 0;
        loop {
            if self.takes("#|") {
                depth += 1;
            } else if self.takes("|#") {
                depth -= 1;
            } else if let Some(c) = self.rest().chars().next() {
                self.at += c.len_utf8();
            } else {
                return Err(self.fault(rt, start, "this comment has no end"));
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// The datum that begins here.
    fn datum(&mut self, rt: &mut Isolate) -> PyResult {
        if self.depth == DEEPEST {
            let message = format!("read-string: nesting is deeper than {DEEPEST}");
            return Err(rt.raise_claude(ErrorKind::Limit, message, Word::NONE));
        }
        self.depth += 1;
        let datum = self.datum_inside(rt);
        self.depth -= 1;
        datum
    }

    fn datum_inside(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Err(self.fault(rt, start, "the text ends where a datum is expected"));
        };
        match c {
            '(' => self.sequence(rt, 1, ')').map(|items| list::from_vec(rt, items)),
            '[' => self.sequence(rt, 1, ']').map(|items| list::from_vec(rt, items)),
            '{' => self.map(rt),
            '#' if self.rest().starts_with("#{") => {
                let items = self.sequence(rt, 2, '}')?;
                let words: Vec<Word> = items.iter().map(Owned::word).collect();
                set::from_words(rt, &words)
            }
            ')' | ']' | '}' => Err(self.fault(rt, start, &format!("`{c}` closes nothing"))),
            '"' => self.string(rt),
            '\'' => self.prefixed(rt, 1, "quote"),
            '@' => self.prefixed(rt, 1, "deref"),
            '`' => {
                self.quasi += 1;
                let datum = self.prefixed(rt, 1, "quasiquote");
                self.quasi -= 1;
                datum
            }
            ',' => {
                self.quasi -= 1;
                let splices = self.rest().starts_with(",@");
                let datum =
                    if splices { self.prefixed(rt, 2, "unquote-splicing") } else { self.prefixed(rt, 1, "unquote") };
                self.quasi += 1;
                datum
            }
            _ if is_symbol_char(c) => self.run(rt),
            _ => Err(self.fault(rt, start, "a control character is no part of a datum")),
        }
    }

    /// `'d` as `(quote d)`.
    fn prefixed(&mut self, rt: &mut Isolate, width: usize, name: &str) -> PyResult {
        self.at += width;
        self.skip_blanks(rt)?;
        let datum = self.datum(rt)?;
        let name = rt.symbol(name);
        Ok(list::from_vec(rt, alloc::vec![Owned::share(name), datum]))
    }

    /// Data up to a closing bracket.
    fn sequence(&mut self, rt: &mut Isolate, width: usize, close: char) -> PyResult<Vec<Owned>> {
        let start = self.at;
        self.at += width;
        let mut items = Vec::new();
        loop {
            self.skip_blanks(rt)?;
            match self.rest().chars().next() {
                Some(c) if c == close => {
                    self.at += 1;
                    return Ok(items);
                }
                Some(_) => items.push(self.datum(rt)?),
                None => return Err(self.fault(rt, start, "this bracket is not closed")),
            }
        }
    }

    fn map(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        let items = self.sequence(rt, 1, '}')?;
        if items.len() % 2 == 1 {
            return Err(self.fault(rt, start, "the last key of the map has no value"));
        }
        let words: Vec<Word> = items.iter().map(Owned::word).collect();
        map::from_words(rt, &words)
    }

    /// A symbol, keyword, number or constant.
    fn run(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        let length = self.rest().find(|c| !is_symbol_char(c)).unwrap_or(self.rest().len());
        let run = &self.text[start..start + length];
        self.at += length;
        let digits = run.strip_prefix('-').unwrap_or(run);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            return match number(rt, run) {
                Some(v) => Ok(v),
                None => Err(self.fault(rt, start, &format!("`{run}` is no number"))),
            };
        }
        Ok(match run {
            "true" | "#t" => Owned::from_bool(true),
            "false" | "#f" => Owned::from_bool(false),
            "nil" | "null" => Owned::NONE,
            _ => match run.strip_prefix(':').filter(|name| !name.is_empty()) {
                Some(name) => Owned::share(rt.keyword(name)),
                None => Owned::share(rt.symbol(run)),
            },
        })
    }

    fn string(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let at = self.at;
            let Some(c) = self.rest().chars().next() else {
                return Err(self.fault(rt, start, "this string has no end"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(rt.new_str(&out)),
                '\\' => match self.escape() {
                    Some(c) => out.push(c),
                    None => return Err(self.fault(rt, at, "unknown escape")),
                },
                c => out.push(c),
            }
        }
    }

    /// The character that an escape after its backslash stands for.
    fn escape(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            '0' => Some('\0'),
            '\\' | '"' => Some(c),
            'u' => {
                let digits = self.rest().strip_prefix('{')?;
                let digits = &digits[..digits.find('}')?];
                let valid = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
                self.at += digits.len() + 2;
                u32::from_str_radix(digits, 16).ok().filter(|_| valid).and_then(char::from_u32)
            }
            _ => None,
        }
    }
}

/// What follows at least one digit; single underscores may stand between digits.
fn take_digits(text: &str, base: u32) -> Option<&str> {
    let mut rest = text;
    loop {
        let after = rest.trim_start_matches(|c: char| c.is_digit(base));
        if after.len() == rest.len() {
            return None;
        }
        match after.strip_prefix('_') {
            Some(more) => rest = more,
            None => return Some(after),
        }
    }
}

/// The number that a run is; `None` where it is none.
fn number(rt: &mut Isolate, run: &str) -> Option<Owned> {
    let (negative, digits) = match run.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, run),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        _ => (10, digits),
    };
    let rest = take_digits(digits, base)?;
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let plain = if negative { format!("-{plain}") } else { plain };
    if rest.is_empty() {
        return match parse_ascii(plain.as_bytes(), base, 0).ok()? {
            Parsed::Small(v) => Some(int::from_i64(rt, v)),
            Parsed::Big(v) => Some(int::new(rt, v)),
        };
    }
    let after_point = match rest.strip_prefix('.') {
        Some(fraction) => take_digits(fraction, 10)?,
        None => rest,
    };
    let after_exponent = match after_point.strip_prefix(['e', 'E']) {
        Some(exponent) => take_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), 10)?,
        None => after_point,
    };
    if base != 10 || !after_exponent.is_empty() {
        return None;
    }
    float_text::parse(plain.as_bytes()).map(|v| rt.new_float(v))
}

entries! {
    cl_read_string(rt, s: Word) -> Ret { ret(read_string(rt, s)) }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::leaves_nothing;
    use super::super::super::{error, print};
    use super::*;
    use crate::api::str_text;

    /// What a text reads as, printed; the message and place for what it does not.
    fn read(rt: &mut Isolate, text: &str) -> String {
        let s = rt.new_str(text);
        let result = match read_string(rt, s.word()) {
            Ok(datum) => print::pr_str(rt, datum.word()),
            Err(Raised) => {
                let e = rt.take_exception();
                let data = error::error_field(rt, e.word(), "data").expect("errors have fields");
                let message = error::error_field(rt, e.word(), "message").expect("errors have fields");
                let data = print::pr_str(rt, data.word()).expect("data have text");
                return format!("{} {}", str_text(message.word()), str_text(data.word()));
            }
        };
        str_text(result.expect("data have text").word()).into_owned()
    }

    #[test]
    fn data_are_read_as_the_compiler_reads_them() {
        leaves_nothing(|rt| {
            for (text, expected) in [
                (" (a [b] {:k 1, \"s\" nil} #{2} ()) ", "[a [b] {:k 1 \"s\" nil} #{2} []]"),
                (
                    "'(a @r `(b ,c ,@[d, e]))",
                    "[quote [a [deref r] [quasiquote [b [unquote c] [unquote-splicing [d e]]]]]]",
                ),
                (
                    "[1_000 -0xff 0b101 2.5e1 6e3 -7 - -x +5 ...r a:b.c]",
                    "[1000 -255 5 25.0 6000.0 -7 - -x +5 ...r a:b.c]",
                ),
                ("[true #t false #f null : λ]", "[true true false false nil : λ]"),
                ("\"a\\n\\u{1F600}\\\"\"", "\"a\\n😀\\\"\""),
                ("; c\n#| a #| b |# |# #;(skipped #;1 2) x", "x"),
                ("123456789012345678901234567890", "123456789012345678901234567890"),
            ] {
                assert_eq!(read(rt, text), expected);
            }
        });
    }

    #[test]
    fn what_is_no_datum_has_a_place() {
        leaves_nothing(|rt| {
            for (text, expected) in [
                ("", "read-string: the text ends where a datum is expected {:line 1 :column 1}"),
                ("1 2", "read-string: there is more than one datum {:line 1 :column 3}"),
                ("[é\n (1]", "read-string: `]` closes nothing {:line 2 :column 4}"),
                ("[é\n (1", "read-string: this bracket is not closed {:line 2 :column 2}"),
                ("{:a}", "read-string: the last key of the map has no value {:line 1 :column 1}"),
                ("12x", "read-string: `12x` is no number {:line 1 :column 1}"),
                ("1__0", "read-string: `1__0` is no number {:line 1 :column 1}"),
                ("\"a\\q\"", "read-string: unknown escape {:line 1 :column 3}"),
                ("\"\\u{d800}\"", "read-string: unknown escape {:line 1 :column 2}"),
                ("\"a", "read-string: this string has no end {:line 1 :column 1}"),
                ("#| a", "read-string: this comment has no end {:line 1 :column 1}"),
            ] {
                assert_eq!(read(rt, text), expected);
            }
            let deep = "(".repeat(2_000);
            assert_eq!(read(rt, &deep), "read-string: nesting is deeper than 1000 nil");
        });
    }
}
