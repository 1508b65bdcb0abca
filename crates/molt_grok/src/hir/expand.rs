//! Macros by example: definitions, calls, matching and transcription.
//!
//! The result of a call is a token sequence of its own in which each token knows where it was written and which
//! expansion wrote it; it is parsed as what stands in the call's place. Tokens of the template carry a fresh
//! [`SyntaxContext`], so locals and labels of the template and of the caller never meet; everything else is looked up
//! where the call is.

mod matcher;
mod transcribe;

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use self::matcher::Matcher;
use self::transcribe::Template;
pub(super) use self::transcribe::gap_before;
use super::front::{At, ContextInfo, Front, MacroScope, SourceId};
use super::scope::{Def, Found, Ns, Segment, SegmentKind};
use super::{ModId, PackageId};
use crate::syntax::{
    self, Entry, NodeId, Origin, Syntax, SyntaxContext, SyntaxKind, Tokens, TokensBuilder, parse_tokens,
};

/// How deep expansions may nest.
pub(super) const MAX_DEPTH: u32 = 128;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct MacroId(pub u32);

/// A macro that a program defines.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Macro {
    pub name: Symbol,
    pub module: ModId,
    pub source: SourceId,
    pub rules: Vec<Rule>,
    /// Expansion that wrote the definition.
    pub context: SyntaxContext,
    /// A rule was wrong and has been reported: calls are not.
    pub faulty: bool,
    /// Known by its name in the whole module and by path elsewhere, not only below its definition.
    pub public: bool,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Rule {
    matcher: Vec<Matcher>,
    template: Vec<Template>,
}

/// What a macro call came to.
pub(super) enum Expansion {
    /// No macro of that name is known.
    Unknown,
    /// A macro of the language itself.
    Builtin(&'static str),
    /// Reported.
    Failed,
    Source(SourceId),
}

/// The macros of the language, which user macros may hide.
pub(super) const BUILTIN: &[&str] = &[
    "print",
    "println",
    "eprint",
    "eprintln",
    "format",
    "write",
    "writeln",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "unreachable",
    "todo",
    "unimplemented",
    "dbg",
    "vec",
    "map",
    "set",
    "matches",
    "thread_local",
    "lazy_static",
    "cfg",
    "env",
    "line",
    "column",
    "file",
    "module_path",
    "stringify",
    "concat",
    "include_str",
    "include_bytes",
    "compile_error",
];

impl Front {
    // Definitions.

    /// Reads `macro_rules! name { .. }`.
    pub(super) fn define_macro(&mut self, syntax: Syntax<'_>, at: At, module: ModId) -> Option<(Symbol, MacroId)> {
        // The first identifier is the word `macro_rules` or `macro`.
        let token = syntax.own_tokens(at.node).filter(|&t| is_name(syntax.tokens.kind(t))).nth(1)?;
        let name = self.name_of(syntax.tokens, token);
        let mut entry = Macro {
            name,
            module,
            source: at.source,
            rules: Vec::new(),
            context: syntax.tokens.context(token),
            faulty: false,
            public: syntax.child(at.node, SyntaxKind::Visibility).is_some(),
        };
        for rule in syntax.children(at.node).filter(|&c| syntax.kind(c) == SyntaxKind::MacroRule) {
            let mut trees = syntax.children(rule).filter(|&c| syntax.kind(c) == SyntaxKind::TokenTree);
            let (Some(left), Some(right)) = (trees.next(), trees.next()) else {
                entry.faulty = true;
                continue;
            };
            let matcher = self.read_matcher(syntax.tokens, &inside(syntax, left));
            let template = self.read_template(syntax.tokens, &inside(syntax, right));
            match (matcher, template) {
                (Some(matcher), Some(template)) => entry.rules.push(Rule { matcher, template }),
                _ => entry.faulty = true,
            }
        }
        let id = MacroId(self.macros.len() as u32);
        self.macros.push(entry);
        self.macro_definitions.insert(at, id);
        Some((name, id))
    }

    // Calls.

    /// Finds the macro that a call means.
    fn find_macro(&mut self, syntax: Syntax<'_>, call: NodeId, module: ModId, macros: &MacroScope) -> Option<Callee> {
        let path = syntax.children(call).next()?;
        let (_, parts) = self.path_parts(syntax, path, module);
        let segments = super::types::segments(&parts);
        let last = *segments.last()?;
        let builtin = |name: &str| BUILTIN.iter().find(|b| **b == name).map(|b| Callee::Builtin(b));
        if let [Segment { kind: SegmentKind::Name, name, .. }] = segments[..] {
            let id = Front::textual_macro(macros, name).or_else(|| match self.lookup_name(module, name, Ns::Macros) {
                Some(Def::Macro(id)) if self.macros[id.0 as usize].public => Some(id),
                _ => None,
            });
            return id.map(Callee::Macro).or_else(|| builtin(self.hir.names.text(name)));
        }
        let walk = self.walk(module, &segments, Ns::Macros, false);
        if let Found::Def { def: def @ Def::Macro(id), used } = walk.found
            && used == segments.len()
        {
            if let Some(i) = walk.private {
                self.report_private(&segments, i, def);
            }
            return Some(Callee::Macro(id));
        }
        // `$crate::vec!` and `grok::vec!`: the macros of the language seem to live in its library.
        let in_std = match segments[0].kind {
            SegmentKind::Crate(package) => self.hir.packages[package].is_std,
            _ => matches!(self.hir.names.text(segments[0].name), "grok" | "std"),
        };
        if in_std && segments.len() == 2 { builtin(self.hir.names.text(last.name)) } else { None }
    }

    /// Expands a call in the place of an `entry`; the result is parsed as one.
    pub(super) fn expand_call(&mut self, at: At, module: ModId, macros: &MacroScope, entry: Entry) -> Expansion {
        let parse = self.parse(at.source);
        let syntax = parse.syntax();
        let id = match self.find_macro(syntax, at.node, module, macros) {
            None => return Expansion::Unknown,
            Some(Callee::Builtin(name)) => return Expansion::Builtin(name),
            Some(Callee::Macro(id)) => id,
        };
        let span = syntax.span(at.node);
        let name = self.hir.names.text(self.macros[id.0 as usize].name).to_owned();
        if self.expansion_depth >= MAX_DEPTH {
            let message = format!("the macro `{name}` expands deeper than {MAX_DEPTH}");
            self.report_once(Diagnostic::at(&grok::MACRO_TOO_DEEP, span, message));
            return Expansion::Failed;
        }
        let Some(tree) = syntax.child(at.node, SyntaxKind::TokenTree) else { return Expansion::Failed };
        let args = copy_tokens(syntax.tokens, &inside(syntax, tree), syntax.tokens.origin(last_token(syntax, tree)));
        let definition = self.macros[id.0 as usize].clone();
        for rule in &definition.rules {
            let Some(bindings) = self.match_rule(&rule.matcher, &args) else { continue };
            let context = SyntaxContext(self.contexts.len() as u32);
            self.contexts.push(ContextInfo { parent: definition.context, definition: id });
            let end = Origin { span, context: SyntaxContext::ROOT };
            let Some(tokens) = self.transcribe(&definition, rule, &args, &bindings, context, end) else {
                return Expansion::Failed;
            };
            return Expansion::Source(self.parse_expansion(tokens, entry, &name, span));
        }
        if !definition.faulty {
            let d = Diagnostic::at(
                &grok::NO_RULE_MATCHES,
                span,
                format!("no rule of the macro `{name}` matches this call"),
            );
            self.diagnostics.push(d);
        }
        Expansion::Failed
    }

    fn parse_expansion(&mut self, tokens: Tokens, entry: Entry, name: &str, call: Span) -> SourceId {
        // In the place of an expression several statements are a block.
        let entry = if entry == Entry::Expr && has_statements(&tokens) { Entry::Statements } else { entry };
        let parse = parse_tokens(tokens, entry);
        for d in &parse.diagnostics {
            let label = format!("in the expansion of `{name}`");
            self.diagnostics.push(d.clone().label(call, label, false));
        }
        self.add_source(parse)
    }

    /// Expands a call in the place of a type, pattern or member: the source of the result, whose root holds it.
    pub(super) fn expand_fragment(
        &mut self,
        at: At,
        module: ModId,
        macros: &MacroScope,
        entry: Entry,
    ) -> Option<SourceId> {
        match self.expand_call(at, module, macros, entry) {
            Expansion::Source(source) => Some(source),
            Expansion::Failed => None,
            Expansion::Unknown => {
                self.report_unknown_macro(at);
                None
            }
            Expansion::Builtin(name) => {
                let span = self.parse(at.source).syntax().span(at.node);
                self.report(&grok::NO_RULE_MATCHES, span, format!("`{name}!` gives no item, type or pattern"));
                None
            }
        }
    }

    pub(super) fn report_unknown_macro(&mut self, at: At) {
        let parse = self.parse(at.source);
        let syntax = parse.syntax();
        let Some(path) = syntax.children(at.node).next() else { return };
        let name = syntax.text(path).to_owned();
        let mut d = Diagnostic::at(&grok::UNKNOWN_MACRO, syntax.span(path), format!("no macro is named `{name}` here"));
        let known = self.macros.iter().map(|m| self.hir.names.text(m.name)).chain(BUILTIN.iter().copied());
        if let Some(similar) = super::scope::nearest(&name, known) {
            d = d.help(format!("did you mean `{similar}!`?"));
        }
        self.diagnostics.push(d);
    }

    /// Reports unless the same finding was the last one: a runaway macro would repeat it on every level.
    pub(super) fn report_once(&mut self, d: Diagnostic) {
        if !self.diagnostics.iter().rev().take(4).any(|old| old.code == d.code) {
            self.diagnostics.push(d);
        }
    }

    /// The package whose macro wrote a token.
    pub(super) fn package_of_context(&self, context: SyntaxContext) -> PackageId {
        let info = self.contexts[context.0 as usize];
        match self.macros.get(info.definition.0 as usize) {
            Some(m) => self.package_of(m.module),
            None => self.std.unwrap_or(PackageId(0)),
        }
    }

    /// Parses text that the compiler itself writes, as derived implementations; every token points at `span`.
    pub(super) fn parse_text(&mut self, text: &str, span: Span, entry: Entry) -> SourceId {
        let context = SyntaxContext(self.contexts.len() as u32);
        self.contexts.push(ContextInfo { parent: SyntaxContext::ROOT, definition: MacroId(u32::MAX) });
        let parse = parse_tokens(written(text, Origin { span, context }), entry);
        debug_assert!(parse.diagnostics.is_empty(), "{text}: {:?}", parse.diagnostics);
        self.add_source(parse)
    }
}

/// The tokens of a text that the compiler itself writes, all in one place.
pub(super) fn written(text: &str, origin: Origin) -> Tokens {
    syntax::lexer::lex_piece(origin.span.file, 0, text, SyntaxContext::ROOT).tokens.of_compiler(origin)
}

enum Callee {
    Macro(MacroId),
    Builtin(&'static str),
}

/// Whether a `;` stands outside of all delimiters.
fn has_statements(tokens: &Tokens) -> bool {
    let mut depth = 0usize;
    (0..tokens.len() as u32).any(|t| {
        let kind = tokens.kind(t);
        depth = if kind.closer().is_some() { depth + 1 } else { depth.saturating_sub(kind.is_closer() as usize) };
        depth == 0 && matches!(kind, SyntaxKind::Semicolon | SyntaxKind::LetKw)
    })
}

pub(super) fn is_name(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Ident | SyntaxKind::RawIdent)
}

fn last_token(syntax: Syntax<'_>, node: NodeId) -> u32 {
    let n = syntax.tree.node(node);
    n.end_token.saturating_sub(1).max(n.first_token)
}

/// The tokens between the delimiters of a token tree, without trivia.
pub(super) fn inside(syntax: Syntax<'_>, tree: NodeId) -> Vec<u32> {
    let n = syntax.tree.node(tree);
    let all = (n.first_token..n.end_token).filter(|&t| !syntax.tokens.kind(t).is_trivia());
    let mut out: Vec<u32> = all.skip(1).collect();
    // A tree that is never closed has been reported; it lacks its last token.
    if out.last().is_some_and(|&t| syntax.tokens.kind(t).is_closer()) {
        out.pop();
    }
    out
}

/// A sequence of its own made of some tokens, with the spaces and line breaks between them.
pub(super) fn copy_tokens(tokens: &Tokens, list: &[u32], end: Origin) -> Tokens {
    let mut builder = TokensBuilder::with_capacity(2 * list.len() + 1);
    push_copies(&mut builder, tokens, list);
    builder.finish(end)
}

/// Adds some tokens of another sequence, with the spaces and line breaks between them.
pub(super) fn push_copies(builder: &mut TokensBuilder, tokens: &Tokens, list: &[u32]) {
    let mut before: Option<u32> = None;
    for &t in list {
        push_gap(builder, tokens, before, t);
        builder.push(tokens.kind(t), tokens.text(t), tokens.origin(t));
        before = Some(t);
    }
}

/// The space between two tokens of one source, if there is any.
fn push_gap(builder: &mut TokensBuilder, tokens: &Tokens, before: Option<u32>, token: u32) {
    let origin = tokens.origin(token);
    match before {
        Some(b) if b + 1 == token => {}
        Some(b) if b < token && tokens.line_break_before(token) => builder.push(SyntaxKind::LineBreak, "\n", origin),
        Some(_) => builder.push(SyntaxKind::Whitespace, " ", origin),
        None => {}
    }
}
