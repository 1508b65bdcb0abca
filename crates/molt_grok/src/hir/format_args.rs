//! Format strings: `{}`, `{name:>8.2}`, `{{`. One reader serves the formatting macros and interpolated strings.

use super::{Align, FormatSpec, FormatStyle};

/// One piece of a format string; slices are of the text as written between the quotes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part<'t> {
    /// Text whose escapes are not resolved yet.
    Text(&'t str),
    /// `{{` or `}}`.
    Brace(char),
    Value(Placeholder<'t>),
}

/// `{arg:spec}`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Placeholder<'t> {
    pub arg: &'t str,
    pub arg_offset: usize,
    pub spec: &'t str,
    /// Offset and end of the whole, braces included.
    pub start: usize,
    pub end: usize,
}

/// What is wrong with a format string, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub start: usize,
    pub end: usize,
    pub message: String,
    /// A brace without its partner.
    pub unclosed: bool,
}

/// Splits the content of a string literal. With `raw` there are no escapes.
pub(super) fn split(content: &str, raw: bool) -> Result<Vec<Part<'_>>, Fault> {
    let bytes = content.as_bytes();
    let mut parts = Vec::new();
    let mut text = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at = after_escape(content, at),
            b @ (b'{' | b'}') => {
                if text < at {
                    parts.push(Part::Text(&content[text..at]));
                }
                if bytes.get(at + 1) == Some(&b) {
                    parts.push(Part::Brace(b as char));
                    at += 2;
                } else if b == b'}' {
                    let message = "`}` without `{`; write `}}` for the brace itself".to_owned();
                    return Err(Fault { start: at, end: at + 1, message, unclosed: false });
                } else {
                    let value = placeholder(content, at)?;
                    at = value.end;
                    parts.push(Part::Value(value));
                }
                text = at;
            }
            _ => at += 1,
        }
    }
    if text < bytes.len() {
        parts.push(Part::Text(&content[text..]));
    }
    Ok(parts)
}

/// Offset after a backslash and what it escapes; `\u{..}` has braces of its own.
fn after_escape(content: &str, at: usize) -> usize {
    let rest = &content[at + 1..];
    let len = match rest.strip_prefix("u{") {
        Some(digits) => digits.find('}').map_or(1, |n| n + 3),
        None => rest.chars().next().map_or(0, char::len_utf8),
    };
    at + 1 + len
}

/// Reads `{arg:spec}`: the argument ends at the first `:` outside of brackets that is not part of `::`.
fn placeholder(content: &str, start: usize) -> Result<Placeholder<'_>, Fault> {
    let bytes = content.as_bytes();
    let mut depth = 0usize;
    let mut colon = None;
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => {
                let message = "this `{` is never closed; write `{{` for the brace itself".to_owned();
                return Err(Fault { start, end: start + 1, message, unclosed: true });
            }
            Some(b'}') if depth == 0 => break,
            Some(b'(' | b'[' | b'{') if colon.is_none() => depth += 1,
            Some(b')' | b']' | b'}') if colon.is_none() => depth = depth.saturating_sub(1),
            Some(b':') if depth == 0 && colon.is_none() => {
                if bytes.get(at + 1) == Some(&b':') && !content[start + 1..at].trim().is_empty() {
                    at += 1;
                } else {
                    colon = Some(at);
                    // A brace may be the fill character.
                    let next = content[at + 1..].chars().next();
                    let align = next.and_then(|c| content[at + 1 + c.len_utf8()..].chars().next());
                    if matches!(align, Some('<' | '^' | '>')) {
                        at += next.map_or(0, char::len_utf8);
                    }
                }
            }
            Some(b'\'') if colon.is_none() => at = after_char(content, at),
            Some(_) => {}
        }
        at += 1;
    }
    let arg_end = colon.unwrap_or(at);
    let written = &content[start + 1..arg_end];
    let arg = written.trim();
    let arg_offset = start + 1 + (written.len() - written.trim_start().len());
    let spec = colon.map_or("", |c| &content[c + 1..at]);
    Ok(Placeholder { arg, arg_offset, spec, start, end: at + 1 })
}

/// Offset of the closing quote of a character literal, or of the quote itself for a lifetime.
fn after_char(content: &str, at: usize) -> usize {
    let mut chars = content[at + 1..].char_indices();
    let Some((_, first)) = chars.next() else { return at };
    if first == '\\' {
        return content[at + 2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(at, |(n, _)| at + 2 + n);
    }
    match chars.next() {
        Some((n, '\'')) => at + 1 + n,
        _ => at,
    }
}

/// Width or precision as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Count<'t> {
    Value(u32),
    /// `name$` or `0$`
    Arg(&'t str),
    /// `.*`: the next argument.
    Next,
}

/// A format specification before its argument counts are looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Spec<'t> {
    pub format: FormatSpec,
    pub width: Option<Count<'t>>,
    pub precision: Option<Count<'t>>,
}

/// Reads `[[fill]align][sign][#][0][width][.precision][style]`.
pub(super) fn spec(text: &str) -> Result<Spec<'_>, String> {
    let mut format = FormatSpec {
        fill: ' ',
        align: None,
        plus: false,
        alternate: false,
        zero: false,
        width: None,
        precision: None,
        style: FormatStyle::Display,
    };
    let mut rest = text;
    let mut chars = rest.chars();
    let (first, second) = (chars.next(), chars.next());
    if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
        format.fill = fill;
        format.align = Some(align);
        rest = chars.as_str();
    } else if let Some(align) = first.and_then(align_of) {
        format.align = Some(align);
        rest = &rest[1..];
    }
    if let Some(r) = rest.strip_prefix('+') {
        format.plus = true;
        rest = r;
    } else if let Some(r) = rest.strip_prefix('-') {
        rest = r;
    }
    if let Some(r) = rest.strip_prefix('#') {
        format.alternate = true;
        rest = r;
    }
    // `0$` is a width from argument 0.
    if rest.starts_with('0') && !rest.starts_with("0$") {
        format.zero = true;
        rest = &rest[1..];
    }
    let (width, r) = count(rest)?;
    rest = r;
    let mut precision = None;
    if let Some(r) = rest.strip_prefix('.') {
        if let Some(r) = r.strip_prefix('*') {
            precision = Some(Count::Next);
            rest = r;
        } else {
            (precision, rest) = count(r)?;
            if precision.is_none() {
                return Err("a number, `name$` or `*` must follow `.`".to_owned());
            }
        }
    }
    format.style = match rest.trim_end() {
        "" => FormatStyle::Display,
        "?" => FormatStyle::Debug,
        "#?" => {
            format.alternate = true;
            FormatStyle::Debug
        }
        "x" => FormatStyle::LowerHex,
        "X" => FormatStyle::UpperHex,
        "o" => FormatStyle::Octal,
        "b" => FormatStyle::Binary,
        "e" => FormatStyle::Exp,
        other => return Err(format!("unknown format `{other}`; the styles are `? x X o b e`")),
    };
    Ok(Spec { format, width, precision })
}

fn align_of(c: char) -> Option<Align> {
    match c {
        '<' => Some(Align::Left),
        '^' => Some(Align::Center),
        '>' => Some(Align::Right),
        _ => None,
    }
}

/// Digits, or a name or number with `$`.
fn count(text: &str) -> Result<(Option<Count<'_>>, &str), String> {
    let name = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if let Some(rest) = text[name..].strip_prefix('$')
        && name > 0
    {
        return Ok((Some(Count::Arg(&text[..name])), rest));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 {
        return Ok((None, text));
    }
    match text[..digits].parse() {
        Ok(value) if value <= u32::from(u16::MAX) => Ok((Some(Count::Value(value)), &text[digits..])),
        _ => Err(format!("a width or precision is at most {}", u16::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(content: &str) -> Vec<(&str, &str)> {
        let parts = split(content, false).expect("a correct format string");
        parts.iter().filter_map(|p| if let Part::Value(v) = p { Some((v.arg, v.spec)) } else { None }).collect()
    }

    #[test]
    fn arguments_end_at_a_colon_outside_of_brackets() {
        assert_eq!(values("{sum:>8.2} of {items.len()}"), [("sum", ">8.2"), ("items.len()", "")]);
        assert_eq!(
            values("{a::B:?}{f(|x: i32| x)}{'}'}{:}>3}"),
            [("a::B", "?"), ("f(|x: i32| x)", ""), ("'}'", ""), ("", "}>3")]
        );
        assert_eq!(values("{{}} \\u{41} { x }"), [("x", "")]);
    }

    #[test]
    fn faults_have_places() {
        assert_eq!(split("ab } c", false).map_err(|f| (f.start, f.unclosed)), Err((3, false)));
        assert_eq!(split("ab {c", false).map_err(|f| (f.start, f.unclosed)), Err((3, true)));
    }

    #[test]
    fn specifications() {
        let s = spec("*^+#012.3x").expect("a correct specification");
        assert_eq!((s.format.fill, s.format.align, s.format.plus), ('*', Some(Align::Center), true));
        assert_eq!((s.format.alternate, s.format.zero, s.format.style), (true, true, FormatStyle::LowerHex));
        assert_eq!((s.width, s.precision), (Some(Count::Value(12)), Some(Count::Value(3))));
        let s = spec("w$.p$?").expect("a correct specification");
        assert_eq!((s.width, s.precision), (Some(Count::Arg("w")), Some(Count::Arg("p"))));
        assert_eq!(spec(".*").expect("a correct specification").precision, Some(Count::Next));
        assert!(spec("5q").is_err());
    }
}
