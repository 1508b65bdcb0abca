//! Formatting: arguments of format strings, interpolated strings and the printing functions.

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::{LocalName, Lower};
use crate::hir::format_args::{self, Count, Fault, Part, Placeholder};
use crate::hir::scope::Ns;
use crate::hir::{Expr, ExprId, Format, FormatCount, FormatKind, FormatPiece};
use crate::syntax::{self, Entry, NodeId, Syntax, SyntaxContext, SyntaxKind, literal};

/// A string literal that holds a format.
struct FormatString<'a> {
    content: &'a str,
    raw: bool,
    /// Of the whole literal.
    span: Span,
    /// Byte of the file at which the content begins, if it is written there as it is.
    base: Option<u32>,
    context: SyntaxContext,
}

impl FormatString<'_> {
    fn place(&self, start: usize, end: usize) -> Span {
        match self.base {
            Some(base) => Span { file: self.span.file, start: base + start as u32, end: base + end as u32 },
            None => self.span,
        }
    }

    fn text(&self, piece: &str) -> String {
        if self.raw { piece.to_owned() } else { literal::unescape(piece) }
    }
}

/// Arguments of one format string.
#[derive(Default)]
struct Args {
    values: Vec<ExprId>,
    names: Vec<Option<Symbol>>,
    used: Vec<bool>,
    spans: Vec<Span>,
    /// How many were written after the string.
    explicit: usize,
    /// Argument that the next `{}` takes.
    next: usize,
}

impl Args {
    fn push(&mut self, value: ExprId, name: Option<Symbol>, span: Span) -> u32 {
        self.values.push(value);
        self.names.push(name);
        self.used.push(false);
        self.spans.push(span);
        self.values.len() as u32 - 1
    }
}

impl Lower<'_> {
    /// `f"..."`
    pub(super) fn interpolated(&mut self, s: Syntax<'_>, token: u32, span: Span) -> ExprId {
        let text = s.tokens.text(token);
        let (content, offset) = literal::interpolated(text);
        let string = self.format_string(s, token, content, offset, false);
        let mut args = Args::default();
        let pieces = self.pieces(&string, &mut args, true);
        match pieces {
            Some(pieces) => self.format(FormatKind::String, pieces, args.values, span),
            None => self.error(span),
        }
    }

    fn format_string<'a>(
        &self,
        s: Syntax<'_>,
        token: u32,
        content: &'a str,
        offset: usize,
        raw: bool,
    ) -> FormatString<'a> {
        let span = s.tokens.span(token);
        let written = (span.end - span.start) as usize == s.tokens.text(token).len();
        FormatString {
            content,
            raw,
            span,
            base: written.then(|| span.start + offset as u32),
            context: s.tokens.context(token),
        }
    }

    fn format(&mut self, kind: FormatKind, pieces: Vec<FormatPiece>, args: Vec<ExprId>, span: Span) -> ExprId {
        self.alloc(Expr::Format(Box::new(Format { kind, pieces, args })), span)
    }

    /// A formatting expression of constant text.
    pub(super) fn format_text(&mut self, kind: FormatKind, text: &str, span: Span) -> ExprId {
        let text = self.front.intern(text);
        self.format(kind, vec![FormatPiece::Text(text)], Vec::new(), span)
    }

    /// A formatting expression made by the compiler: `{:?}` takes the next value.
    pub(super) fn format_values(&mut self, kind: FormatKind, text: &str, values: Vec<ExprId>, span: Span) -> ExprId {
        let parts = format_args::split(text, true).expect("the compiler's own format strings are correct");
        let mut pieces = Vec::new();
        let mut next = 0;
        for part in parts {
            match part {
                Part::Text(t) => pieces.push(FormatPiece::Text(self.front.intern(t))),
                Part::Brace(c) => pieces.push(FormatPiece::Text(self.front.intern(&c.to_string()))),
                Part::Value(v) => {
                    let spec = format_args::spec(v.spec).expect("the compiler's own formats are correct").format;
                    pieces.push(FormatPiece::Value { arg: next, spec, span });
                    next += 1;
                }
            }
        }
        self.format(kind, pieces, values, span)
    }

    /// A call of a formatting macro: one value of any displayable type, or a format string and its arguments. `prefix`
    /// comes before the text.
    pub(super) fn format_call(
        &mut self,
        s: Syntax<'_>,
        nodes: &[NodeId],
        kind: FormatKind,
        prefix: &str,
        span: Span,
    ) -> ExprId {
        let Some((&first, rest)) = nodes.split_first() else { return self.format_text(kind, prefix, span) };
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}: ") };
        let Some(literal) = string_literal(s, first) else {
            return self.format_single(s, first, rest, kind, &prefix, span);
        };
        let text = s.tokens.text(literal);
        let raw = s.tokens.kind(literal) == SyntaxKind::RawStr;
        let hashes = text[1..].bytes().take_while(|&b| b == b'#').count();
        let (start, end) = if raw { (2 + hashes, 1 + hashes) } else { (1, 1) };
        let content = text.get(start..text.len().saturating_sub(end)).unwrap_or("");
        let string = self.format_string(s, literal, content, start, raw);
        let mut args = self.explicit_args(s, rest);
        let Some(mut pieces) = self.pieces(&string, &mut args, false) else { return self.error(span) };
        if !prefix.is_empty() {
            let text = self.front.intern(&prefix);
            pieces.insert(0, FormatPiece::Text(text));
        }
        for i in 0..args.explicit {
            if !args.used[i] {
                let message = "the format string does not use this argument";
                self.report(&grok::NO_RULE_MATCHES, args.spans[i], message);
            }
        }
        self.format(kind, pieces, args.values, span)
    }

    /// `println!(value)`
    fn format_single(
        &mut self,
        s: Syntax<'_>,
        node: NodeId,
        rest: &[NodeId],
        kind: FormatKind,
        prefix: &str,
        span: Span,
    ) -> ExprId {
        let text = self.constant_text(s, node);
        if !rest.is_empty() && text.is_none() {
            let message = "several arguments need a literal format string before them";
            let d = Diagnostic::at(&grok::NO_RULE_MATCHES, s.span(node), message).help("write `\"{} {}\", a, b`");
            self.front.diagnostics.push(d);
            return self.error(span);
        }
        if let Some(text) = text {
            return self.format_computed(s, &text, rest, kind, prefix, node, span);
        }
        let value = self.expr(s, node);
        let mut pieces = Vec::new();
        if !prefix.is_empty() {
            pieces.push(FormatPiece::Text(self.front.intern(prefix)));
        }
        let spec = format_args::spec("").expect("the empty specification is correct").format;
        pieces.push(FormatPiece::Value { arg: 0, spec, span: s.span(node) });
        self.format(kind, pieces, vec![value], span)
    }

    /// A format string that `concat!` and the like made.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn format_computed(
        &mut self,
        s: Syntax<'_>,
        text: &str,
        rest: &[NodeId],
        kind: FormatKind,
        prefix: &str,
        node: NodeId,
        span: Span,
    ) -> ExprId {
        let string = FormatString {
            content: text,
            raw: true,
            span: s.span(node),
            base: None,
            context: s.tokens.context(s.tree.node(node).first_token),
        };
        let mut args = self.explicit_args(s, rest);
        let Some(mut pieces) = self.pieces(&string, &mut args, false) else { return self.error(span) };
        if !prefix.is_empty() {
            let text = self.front.intern(prefix);
            pieces.insert(0, FormatPiece::Text(text));
        }
        self.format(kind, pieces, args.values, span)
    }

    /// Arguments after the format string; `name = value` gives one a name.
    fn explicit_args(&mut self, s: Syntax<'_>, nodes: &[NodeId]) -> Args {
        let mut args = Args::default();
        for &node in nodes {
            let span = s.span(node);
            let named = (s.kind(node) == SyntaxKind::AssignExpr && s.own_tokens(node).count() == 1)
                .then(|| s.children(node).next())
                .flatten()
                .filter(|&n| s.kind(n) == SyntaxKind::PathExpr && s.own_tokens(n).count() == 1)
                .and_then(|n| s.name(n));
            match named {
                Some(token) => {
                    let name = self.front.name_of(s.tokens, token);
                    let value = self.nth(s, node, 1);
                    args.push(value, Some(name), span);
                }
                None => {
                    let value = self.expr(s, node);
                    args.push(value, None, span);
                }
            }
        }
        args.explicit = args.values.len();
        args
    }

    /// The pieces of a format string; `None` after a fault, which has been reported.
    fn pieces(&mut self, string: &FormatString<'_>, args: &mut Args, expressions: bool) -> Option<Vec<FormatPiece>> {
        let parts = match format_args::split(string.content, string.raw) {
            Ok(parts) => parts,
            Err(fault) => {
                self.format_fault(string, fault);
                return None;
            }
        };
        let mut out = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(t) => text.push_str(&string.text(t)),
                Part::Brace(c) => text.push(c),
                Part::Value(value) => {
                    if !text.is_empty() {
                        out.push(FormatPiece::Text(self.front.intern(&std::mem::take(&mut text))));
                    }
                    out.push(self.value_piece(string, &value, args, expressions)?);
                }
            }
        }
        if !text.is_empty() {
            out.push(FormatPiece::Text(self.front.intern(&text)));
        }
        Some(out)
    }

    fn format_fault(&mut self, string: &FormatString<'_>, fault: Fault) {
        let code = if fault.unclosed { &grok::UNCLOSED_DELIMITER } else { &grok::NO_RULE_MATCHES };
        self.report(code, string.place(fault.start, fault.end), fault.message);
    }

    fn value_piece(
        &mut self,
        string: &FormatString<'_>,
        value: &Placeholder<'_>,
        args: &mut Args,
        expressions: bool,
    ) -> Option<FormatPiece> {
        let span = string.place(value.start, value.end);
        let parsed = match format_args::spec(value.spec) {
            Ok(spec) => spec,
            Err(message) => {
                self.report(&grok::NO_RULE_MATCHES, span, message);
                return None;
            }
        };
        let mut spec = parsed.format;
        // `.*` takes its precision before the value.
        if parsed.precision == Some(Count::Next) {
            spec.precision = Some(FormatCount::Arg(self.next_arg(args, span)?));
        }
        let arg = self.format_arg(string, value, args, expressions, span)?;
        if let Some(width) = parsed.width {
            spec.width = Some(self.count(width, string, args, span)?);
        }
        match parsed.precision {
            Some(Count::Next) | None => {}
            Some(precision) => spec.precision = Some(self.count(precision, string, args, span)?),
        }
        Some(FormatPiece::Value { arg, spec, span })
    }

    fn next_arg(&mut self, args: &mut Args, span: Span) -> Option<u32> {
        let index = args.next;
        args.next += 1;
        self.indexed_arg(args, index, span)
    }

    fn indexed_arg(&mut self, args: &mut Args, index: usize, span: Span) -> Option<u32> {
        if index >= args.explicit {
            let message = format!("there is no argument {index}; {} follow the format string", args.explicit);
            self.report(&grok::NO_RULE_MATCHES, span, message);
            return None;
        }
        args.used[index] = true;
        Some(index as u32)
    }

    fn count(
        &mut self,
        count: Count<'_>,
        string: &FormatString<'_>,
        args: &mut Args,
        span: Span,
    ) -> Option<FormatCount> {
        match count {
            Count::Value(value) => Some(FormatCount::Value(value)),
            Count::Next => Some(FormatCount::Arg(self.next_arg(args, span)?)),
            Count::Arg(name) => Some(FormatCount::Arg(match name.parse::<usize>() {
                Ok(index) => self.indexed_arg(args, index, span)?,
                Err(_) => self.named_arg(name, string, args, span),
            })),
        }
    }

    fn format_arg(
        &mut self,
        string: &FormatString<'_>,
        value: &Placeholder<'_>,
        args: &mut Args,
        expressions: bool,
        span: Span,
    ) -> Option<u32> {
        let place = string.place(value.arg_offset, value.arg_offset + value.arg.len());
        if expressions {
            if value.arg.is_empty() {
                self.report(&grok::UNEXPECTED_TOKEN, span, "an expression is missing between the braces");
                return None;
            }
            let id = self.piece_expr(string, value.arg, value.arg_offset);
            return Some(args.push(id, None, place));
        }
        if value.arg.is_empty() {
            return self.next_arg(args, span);
        }
        if let Ok(index) = value.arg.parse::<usize>() {
            return self.indexed_arg(args, index, span);
        }
        let is_name = value.arg.chars().all(|c| c == '_' || unicode_ident::is_xid_continue(c));
        if !is_name {
            let d = Diagnostic::at(&grok::NO_RULE_MATCHES, place, "only names and numbers stand in these braces")
                .help("use an interpolated string `f\"..\"`, or pass the value as an argument");
            self.front.diagnostics.push(d);
            return None;
        }
        Some(self.named_arg(value.arg, string, args, place))
    }

    /// An argument by name: one that was given, or a variable.
    fn named_arg(&mut self, name: &str, string: &FormatString<'_>, args: &mut Args, place: Span) -> u32 {
        let symbol = self.front.intern(name);
        if let Some(index) = args.names.iter().position(|n| *n == Some(symbol)) {
            args.used[index] = true;
            return index as u32;
        }
        let offset = string.content.find(name).unwrap_or(0);
        let offset = match string.base {
            Some(base) => (place.start.saturating_sub(base)) as usize,
            None => offset,
        };
        let id = self.piece_expr(string, name, offset);
        args.push(id, Some(symbol), place)
    }

    /// Parses and lowers an expression inside a format string.
    fn piece_expr(&mut self, string: &FormatString<'_>, text: &str, offset: usize) -> ExprId {
        let place = string.place(offset, offset + text.len());
        let lexed = syntax::lexer::lex_piece(place.file, place.start, text, string.context);
        let faulty = !lexed.diagnostics.is_empty();
        self.front.diagnostics.extend(lexed.diagnostics);
        let parse = syntax::parse_tokens(lexed.tokens, Entry::Expr);
        if !faulty {
            self.front.diagnostics.extend(parse.diagnostics.iter().cloned());
        }
        let source = self.front.add_source(parse);
        self.lower_source(source, place)
    }

    // `println(..)` without `!`.

    /// The printing macro that a plain call means, unless the program has a function of that name.
    pub(super) fn print_name(&mut self, s: Syntax<'_>, callee: NodeId) -> Option<FormatKind> {
        if s.kind(callee) != SyntaxKind::PathExpr {
            return None;
        }
        let kind = print_kind(s.text(callee))?;
        let token = s.name(callee)?;
        let name = LocalName { name: self.front.name_of(s.tokens, token), context: s.tokens.context(token) };
        let hidden = self.find_local(name).is_some() || self.front.declares(self.module, name.name, Ns::Values);
        (!hidden).then_some(kind)
    }

    pub(super) fn print_call(&mut self, s: Syntax<'_>, kind: FormatKind, nodes: &[NodeId], span: Span) -> ExprId {
        self.format_call(s, nodes, kind, "", span)
    }
}

/// What the printing macros do.
pub(super) fn print_kind(name: &str) -> Option<FormatKind> {
    Some(match name {
        "print" => FormatKind::Print { newline: false, stderr: false },
        "println" => FormatKind::Print { newline: true, stderr: false },
        "eprint" => FormatKind::Print { newline: false, stderr: true },
        "eprintln" => FormatKind::Print { newline: true, stderr: true },
        _ => return None,
    })
}

/// The token of a plain string literal, also in parentheses.
fn string_literal(s: Syntax<'_>, node: NodeId) -> Option<u32> {
    match s.kind(node) {
        SyntaxKind::ParenExpr => string_literal(s, s.children(node).next()?),
        SyntaxKind::Literal => {
            let token = s.own_tokens(node).next()?;
            matches!(s.tokens.kind(token), SyntaxKind::Str | SyntaxKind::RawStr).then_some(token)
        }
        _ => None,
    }
}
