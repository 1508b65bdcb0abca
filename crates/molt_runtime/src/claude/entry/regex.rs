//! Regular expressions: a Handle around the automata of the crate `regex-automata`, whose time is linear in the text.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use molt_abi::{Ret, Word};
use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Input, PatternID};

use super::super::{ErrorKind, Kind, list, map};
use super::strings::text;
use super::{expect, wrong_type};
use crate::api::{str_bytes, str_text, try_native};
use crate::class::ClassObj;
use crate::entry::{entries, ret};
use crate::native::{ClassSpec, NativeData};
use crate::text::wtf8;
use crate::{Isolate, Owned, Place, PyResult, Raised};

/// Bytes that the automaton of one expression may take.
const MOST_BYTES: usize = 10 << 20;

struct Pattern {
    source: String,
    flags: syntax::Config,
    anywhere: Regex,
    /// The same for whole strings; made when first asked for.
    whole: Option<Regex>,
}

impl NativeData for Pattern {}

static REGEX: ClassSpec = ClassSpec::new("claudelang", "Regex").flags(ClassSpec::NO_NEW | ClassObj::HANDLE);

#[cold]
fn malformed(rt: &mut Isolate, error: &BuildError) -> Raised {
    // The text of an error in the syntax shows the expression, and says in its last line what is wrong.
    let shown = error.syntax_error().map(ToString::to_string);
    let reason = match &shown {
        Some(text) => text.lines().last().unwrap_or_default().trim_start_matches("error: "),
        None => "the expression is too large",
    };
    rt.raise_claude(ErrorKind::Parse, format!("regex: {reason}"), Word::NONE)
}

fn build(source: &str, flags: syntax::Config) -> Result<Regex, Box<BuildError>> {
    let config = Regex::config().nfa_size_limit(Some(MOST_BYTES)).hybrid_cache_capacity(MOST_BYTES);
    Regex::builder().configure(config).syntax(flags).build(source).map_err(Box::new)
}

fn flags_of(rt: &mut Isolate, letters: Word) -> PyResult<syntax::Config> {
    let mut flags = syntax::Config::new();
    if letters.is_unbound() {
        return Ok(flags);
    }
    for &letter in text(rt, letters, "regex")? {
        flags = match letter {
            b'i' => flags.case_insensitive(true),
            b'm' => flags.multi_line(true),
            b's' => flags.dot_matches_new_line(true),
            b'x' => flags.ignore_whitespace(true),
            _ => {
                let message = format!("regex: the flags are i, m, s and x, not \"{}\"", str_text(letters));
                return Err(rt.raise_claude(ErrorKind::Parse, message, Word::NONE));
            }
        };
    }
    Ok(flags)
}

fn compile(rt: &mut Isolate, source: Word, letters: Word) -> PyResult {
    let flags = flags_of(rt, letters)?;
    let source = str_text(expect(rt, source, Kind::String, "regex")?).into_owned();
    let anywhere = build(&source, flags).map_err(|e| malformed(rt, &e))?;
    let class = rt.class_for(&REGEX);
    Ok(rt.new_native(class, Box::new(Pattern { source, flags, anywhere, whole: None })))
}

fn pattern(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Place<Pattern>> {
    try_native::<Pattern>(rt, w).ok_or_else(|| wrong_type(rt, function, "a regex", w))
}

fn matches(rt: &mut Isolate, r: Word, s: Word) -> PyResult<bool> {
    let mut pattern = pattern(rt, r, "regex-match?")?;
    let s = text(rt, s, "regex-match?")?;
    if pattern.whole.is_none() {
        // A comment of the expression may go to the end of its line.
        let source = format!("\\A(?:{}\n)\\z", pattern.source);
        let plain = format!("\\A(?:{})\\z", pattern.source);
        let whole = if pattern.flags.get_ignore_whitespace() { source } else { plain };
        let whole = build(&whole, pattern.flags).map_err(|e| malformed(rt, &e))?;
        pattern.whole = Some(whole);
    }
    let whole = pattern.whole.as_ref().expect("it was just made");
    Ok(whole.is_match(Input::new(s)))
}

/// Counts code points on the way through a text.
struct Counter<'t> {
    text: &'t [u8],
    at: usize,
    count: usize,
}

impl Counter<'_> {
    fn to(&mut self, at: usize) -> Owned {
        self.count += wtf8::char_count(&self.text[self.at..at]);
        self.at = at;
        Owned::small(self.count as i64)
    }
}

fn group(rt: &mut Isolate, captures: &Captures, i: usize, s: &[u8]) -> Owned {
    match captures.get_group(i) {
        Some(span) => rt.new_str_wtf8(&s[span.range()]),
        None => Owned::NONE,
    }
}

/// `{:match :start :end :groups :named}` of a match.
fn describe(rt: &mut Isolate, captures: &Captures, counter: &mut Counter) -> PyResult {
    let s = counter.text;
    let span = captures.get_match().expect("there is a match").span();
    let (start, end) = (counter.to(span.start), counter.to(span.end));
    let mut groups = Vec::new();
    let mut named = map::empty(rt);
    for (i, name) in captures.group_info().pattern_names(PatternID::ZERO).enumerate().skip(1) {
        let group = group(rt, captures, i, s);
        if let Some(name) = name {
            let key = rt.keyword(name);
            named = map::set(rt, named, key, group.clone())?;
        }
        groups.push(group);
    }
    let (whole, groups) = (rt.new_str_wtf8(&s[span.range()]), list::from_vec(rt, groups));
    let mut described = map::empty(rt);
    for (name, value) in [("match", whole), ("start", start), ("end", end), ("groups", groups), ("named", named)] {
        let key = rt.keyword(name);
        described = map::set(rt, described, key, value)?;
    }
    Ok(described)
}

fn find(rt: &mut Isolate, r: Word, s: Word) -> PyResult {
    let pattern = pattern(rt, r, "regex-find")?;
    let s = text(rt, s, "regex-find")?;
    let mut captures = pattern.anywhere.create_captures();
    pattern.anywhere.search_captures(&Input::new(s), &mut captures);
    if !captures.is_match() {
        return Ok(Owned::NONE);
    }
    describe(rt, &captures, &mut Counter { text: s, at: 0, count: 0 })
}

fn find_all(rt: &mut Isolate, r: Word, s: Word) -> PyResult {
    let pattern = pattern(rt, r, "regex-find-all")?;
    let s = text(rt, s, "regex-find-all")?;
    let mut counter = Counter { text: s, at: 0, count: 0 };
    let mut all = Vec::new();
    for captures in pattern.anywhere.captures_iter(Input::new(s)) {
        all.push(describe(rt, &captures, &mut counter)?);
    }
    Ok(list::from_vec(rt, all))
}

/// A part of the text that takes the place of a match.
enum Part<'t> {
    Plain(&'t [u8]),
    Group(&'t str),
}

/// The parts of `$1`, `${name}` and `$$`; any other `$` is itself.
fn parts_of(template: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'$', rest) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
        let name = |name| core::str::from_utf8(name).ok().map(Part::Group);
        let (part, taken) = match after {
            [b'$', ..] => (Some(Part::Plain(b"$")), 1),
            [b'{', inside @ ..] => match memchr::memchr(b'}', inside) {
                Some(end) => (name(&inside[..end]), end + 2),
                None => (None, 0),
            },
            _ if digits > 0 => (name(&after[..digits]), digits),
            _ => (None, 0),
        };
        parts.push(Part::Plain(before));
        parts.push(part.unwrap_or(Part::Plain(b"$")));
        rest = &after[taken..];
    }
    parts.push(Part::Plain(rest));
    parts
}

/// Appends what a part stands for; nothing for a group that did not take part or is not there.
fn expand(out: &mut Vec<u8>, part: &Part, captures: &Captures, s: &[u8]) {
    let span = match part {
        Part::Plain(text) => return out.extend_from_slice(text),
        Part::Group(name) => match name.parse() {
            Ok(i) => captures.get_group(i),
            Err(_) => captures.get_group_by_name(name),
        },
    };
    if let Some(span) = span {
        out.extend_from_slice(&s[span.range()]);
    }
}

fn replace(rt: &mut Isolate, r: Word, s: Word, template: Word) -> PyResult {
    let pattern = pattern(rt, r, "regex-replace")?;
    let (s, template) = (text(rt, s, "regex-replace")?, text(rt, template, "regex-replace")?);
    let parts = parts_of(template);
    let (mut out, mut at) = (Vec::new(), 0);
    for captures in pattern.anywhere.captures_iter(Input::new(s)) {
        let span = captures.get_match().expect("the iterator gives matches").span();
        out.extend_from_slice(&s[at..span.start]);
        parts.iter().for_each(|part| expand(&mut out, part, &captures, s));
        at = span.end;
    }
    out.extend_from_slice(&s[at..]);
    Ok(rt.new_str_wtf8(&out))
}

fn split(rt: &mut Isolate, r: Word, s: Word) -> PyResult {
    let pattern = pattern(rt, r, "regex-split")?;
    let s = text(rt, s, "regex-split")?;
    let parts = pattern.anywhere.split(Input::new(s)).map(|span| rt.new_str_wtf8(&s[span.range()])).collect();
    Ok(list::from_vec(rt, parts))
}

/// An expression that matches a text and nothing else, whatever the flags.
fn escape(rt: &mut Isolate, s: Word) -> PyResult {
    let s = str_bytes(expect(rt, s, Kind::String, "regex-escape")?);
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        if b.is_ascii_whitespace() {
            out.extend_from_slice(format!("\\x{b:02X}").as_bytes());
            continue;
        }
        if b.is_ascii_punctuation() && b != b'_' && !b"<>\"'%,/:;=@`!".contains(&b) {
            out.push(b'\\');
        }
        out.push(b);
    }
    Ok(rt.new_str_wtf8(&out))
}

entries! {
    cl_regex(rt, source: Word, flags: Word) -> Ret { ret(compile(rt, source, flags)) }
    cl_regex_match(rt, r: Word, s: Word) -> Ret { ret(matches(rt, r, s).map(Owned::from_bool)) }
    cl_regex_find(rt, r: Word, s: Word) -> Ret { ret(find(rt, r, s)) }
    cl_regex_find_all(rt, r: Word, s: Word) -> Ret { ret(find_all(rt, r, s)) }
    cl_regex_replace(rt, r: Word, s: Word, template: Word) -> Ret { ret(replace(rt, r, s, template)) }
    cl_regex_split(rt, r: Word, s: Word) -> Ret { ret(split(rt, r, s)) }
    cl_regex_escape(rt, s: Word) -> Ret { ret(escape(rt, s)) }
}
