//! Parsed text signatures of native functions and the binding of calls to them.

use crate::native::NativeDef;
use alloc::vec::Vec;

/// Parameters of a native function.
#[derive(Debug, Default)]
pub struct NativeSig {
    /// Names in passing order: positional, keyword-only, `*args`, `**kwargs`; without `self`.
    pub names: Vec<&'static str>,
    pub receiver: Receiver,
    pub positional_only: usize,
    pub positional: usize,
    /// Positional parameters that have no default.
    pub required: usize,
    pub keyword_only: usize,
    /// Bit `i` is set when keyword-only parameter `i` is required.
    pub required_keywords: u64,
    pub varargs: bool,
    pub varkw: bool,
    /// Fewest and most words, an instance in front included, with which a call by position alone needs no binding: they
    /// are passed on as they come, filled up to `total`. No call is such when there is `*`, `**`, a required keyword or
    /// a class in front; then `least` is above `most`.
    pub least: usize,
    pub most: usize,
    pub total: usize,
}

/// What the first parameter of the text stands for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    #[default]
    None,
    Instance,
    Class,
    Module,
}

impl NativeSig {
    /// Words passed to the function, the receiver not counted.
    pub fn word_count(&self) -> usize {
        self.names.len()
    }

    /// Parses the signature of a row.
    pub fn parse(def: &NativeDef) -> NativeSig {
        let inner = def.signature.trim().strip_prefix('(').and_then(|s| s.strip_suffix(')'));
        let inner = inner.unwrap_or_else(|| panic!("signature of {} is not parenthesised", def.name));
        let mut sig = NativeSig::default();
        let mut keyword_names = Vec::new();
        let (mut star, mut args_name, mut kwargs_name) = (false, None, None);
        for item in split_parameters(inner) {
            let (name, optional) = match item.split_once('=') {
                Some((n, _)) => (n.trim(), true),
                None => (item.trim(), false),
            };
            match name {
                "/" => sig.positional_only = sig.names.len(),
                "*" => star = true,
                "$self" => sig.receiver = Receiver::Instance,
                "$type" | "$cls" => sig.receiver = Receiver::Class,
                "$module" => sig.receiver = Receiver::Module,
                _ if name.starts_with("**") => kwargs_name = Some(&name[2..]),
                _ if name.starts_with('*') => {
                    args_name = Some(&name[1..]);
                    star = true;
                }
                _ if star => {
                    sig.required_keywords |= u64::from(!optional) << keyword_names.len();
                    keyword_names.push(name);
                }
                _ => {
                    sig.names.push(name);
                    sig.required += usize::from(!optional);
                }
            }
        }
        sig.positional = sig.names.len();
        sig.keyword_only = keyword_names.len();
        sig.varargs = args_name.is_some();
        sig.varkw = kwargs_name.is_some();
        let simple = !sig.varargs && !sig.varkw && sig.required_keywords == 0 && sig.receiver != Receiver::Class;
        sig.names.extend(keyword_names);
        sig.names.extend(args_name);
        sig.names.extend(kwargs_name);
        let instance = usize::from(sig.receiver == Receiver::Instance);
        sig.least = if simple { sig.required + instance } else { usize::MAX };
        sig.most = sig.positional + instance;
        sig.total = sig.names.len() + instance;
        sig
    }
}

/// Splits at top-level commas: defaults may contain brackets and quotes.
fn split_parameters(text: &'static str) -> Vec<&'static str> {
    let (mut parts, mut depth, mut start, mut quote) = (Vec::new(), 0, 0, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(text[start..i].trim());
                start = i + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|p| !p.is_empty());
    parts
}
