//! `#[derive]`: implementations written as source text and collected like any other item.
//!
//! Paths begin with `$crate`, which is the library in text that the compiler writes; every token points at the derive.

use std::fmt::Write;

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::grok;

use super::collect::Around;
use super::expand::{copy_tokens, inside};
use super::front::{Front, MacroScope};
use super::{Adt, AdtId, AdtKind, GenericParamKind, VariantForm};
use crate::hir::collect::DeferredCall;
use crate::syntax::{Entry, NodeId, SyntaxContext, SyntaxKind, Tokens, TokensBuilder, parse_tokens};

/// The text of one implementation, or why there is none.
type Derived = Result<String, &'static str>;

/// A type as the derived text needs it.
struct Shape {
    is_enum: bool,
    variants: Vec<VariantShape>,
}

struct VariantShape {
    /// `Self` or `Self::Name`.
    path: String,
    name: String,
    form: VariantForm,
    fields: Vec<String>,
    display: Option<String>,
    is_default: bool,
}

impl VariantShape {
    /// A pattern that binds the fields to `prefix0`, `prefix1`, ….
    fn pattern(&self, prefix: &str) -> String {
        match self.form {
            VariantForm::Unit => self.path.clone(),
            VariantForm::Tuple => {
                let names: Vec<String> = (0..self.fields.len()).map(|i| format!("{prefix}{i}")).collect();
                format!("{}({})", self.path, names.join(", "))
            }
            VariantForm::Named => {
                let names: Vec<String> =
                    self.fields.iter().enumerate().map(|(i, f)| format!("{f}: {prefix}{i}")).collect();
                format!("{} {{ {} }}", self.path, names.join(", "))
            }
        }
    }

    /// An expression that makes the variant, each field from `value` of its number.
    fn construct(&self, value: impl Fn(usize) -> String) -> String {
        let values = self.fields.iter().enumerate();
        match self.form {
            VariantForm::Unit => self.path.clone(),
            VariantForm::Tuple => {
                let list: Vec<String> = values.map(|(i, _)| value(i)).collect();
                format!("{}({})", self.path, list.join(", "))
            }
            VariantForm::Named => {
                let list: Vec<String> = values.map(|(i, f)| format!("{f}: {}", value(i))).collect();
                format!("{} {{ {} }}", self.path, list.join(", "))
            }
        }
    }
}

impl Front {
    /// Writes the implementations that a type derives.
    pub(super) fn expand_derives(&mut self, a: AdtId, macros: &MacroScope) {
        let shape = self.shape(&self.hir.adts[a]);
        for (name, span) in self.hir.adts[a].derives.clone() {
            let text = self.hir.names.text(name).to_owned();
            let (path, body) = match &*text {
                "Clone" => ("prelude::Clone", clone(&shape)),
                "Copy" => ("prelude::Copy", Ok(String::new())),
                "Eq" => ("prelude::Eq", eq(&shape)),
                "Ord" => ("prelude::Ord", ord(&shape)),
                "Hash" => ("prelude::Hash", hash(&shape)),
                "Default" => ("prelude::Default", default(&shape)),
                "Debug" => ("fmt::Debug", debug(&shape)),
                "Display" => ("fmt::Display", display(&shape)),
                _ => {
                    let message = format!("`{text}` cannot be derived");
                    let d = molt_diagnostics::Diagnostic::at(&grok::INVALID_ATTRIBUTE, span, message)
                        .help("derive `Clone Copy Eq Ord Hash Default Debug Display`");
                    self.diagnostics.push(d);
                    continue;
                }
            };
            match body {
                Ok(body) => {
                    let head = self.derive_head(&self.hir.adts[a], path);
                    self.add_derived(a, name, span, &format!("{head} {{ {body} }}"), macros);
                }
                Err(reason) => {
                    let message = format!("`{text}` cannot be derived: {reason}");
                    self.report(&grok::INVALID_ATTRIBUTE, span, message);
                }
            }
        }
    }

    fn add_derived(&mut self, a: AdtId, name: Symbol, span: Span, text: &str, macros: &MacroScope) {
        let module = self.hir.adts[a].head.module;
        let source = self.parse_text(text, span, Entry::Items);
        let parse = self.parse(source);
        let nodes: Vec<NodeId> = parse.syntax().children(parse.root()).collect();
        let mut macros = macros.clone();
        let first = self.hir.impls.len();
        self.collect_nodes(source, &nodes, module, &mut macros, Around::Module);
        for id in self.hir.impls.ids().skip(first) {
            self.hir.impls[id].derived = Some((name, a));
        }
    }

    /// `impl<T: Bound> Trait for Name<T> where T: Trait`. The type's own bounds hold by its own `where` clause only if
    /// they are repeated, so each parameter's bounds are taken over as predicates of the new implementation.
    fn derive_head(&self, adt: &Adt, path: &str) -> String {
        let mut params = Vec::new();
        let mut args = Vec::new();
        for p in &adt.generics.params {
            let name = self.hir.names.text(p.name);
            args.push(name.to_owned());
            params.push(match p.kind {
                GenericParamKind::Lifetime => name.to_owned(),
                GenericParamKind::Type { .. } => {
                    let own = self.written_bounds(adt, p.name);
                    let plus = if own.is_empty() { "" } else { " + " };
                    format!("{name}: {own}{plus}$crate::{path}")
                }
                GenericParamKind::Const { ty, .. } => {
                    format!("const {name}: {}", self.span_text(self.hir.type_span(ty)))
                }
            });
        }
        let name = self.hir.names.text(adt.head.name);
        if params.is_empty() {
            return format!("impl $crate::{path} for {name}");
        }
        format!("impl<{}> $crate::{path} for {name}<{}>", params.join(", "), args.join(", "))
    }

    /// The bounds at a type parameter, as text.
    fn written_bounds(&self, adt: &Adt, name: Symbol) -> String {
        let mut out = Vec::new();
        for pred in &adt.generics.predicates {
            let super::WhereSubject::Type(subject) = pred.subject else { continue };
            if !matches!(self.hir.types[subject], super::TypeExpr::Param(_, n) if n == name) {
                continue;
            }
            for bound in &pred.bounds {
                if let super::Bound::Trait(of) = bound {
                    out.push(self.span_text(of.span));
                }
            }
        }
        out.join(" + ")
    }

    fn span_text(&self, span: Span) -> String {
        let text = &self.hir.files.file(span.file).text;
        text.get(span.start as usize..span.end as usize).unwrap_or("").to_owned()
    }

    fn shape(&self, adt: &Adt) -> Shape {
        let text = |s: Symbol| self.hir.names.text(s).to_owned();
        let name = text(adt.head.name);
        let is_enum = adt.kind == AdtKind::Enum;
        let display_of =
            |attrs: &[super::Attr]| self.find_attr(attrs, "display").and_then(|a| self.attr_text(a)).map(text);
        let variants = adt.variants.iter().map(|v| VariantShape {
            path: if is_enum { format!("{name}::{}", text(v.name)) } else { "Self".to_owned() },
            name: text(v.name),
            form: v.form,
            fields: v.fields.iter().map(|f| text(f.name)).collect(),
            display: display_of(&v.attrs).or_else(|| if is_enum { None } else { display_of(&adt.head.attrs) }),
            is_default: self.find_attr(&v.attrs, "default").is_some(),
        });
        Shape { is_enum, variants: variants.collect() }
    }

    // Built-in macros that declare items.

    /// `thread_local!` and `lazy_static!`; other macros of the language give no items.
    pub(super) fn expand_builtin_items(&mut self, call: &DeferredCall, name: &str, macros: &mut MacroScope) {
        let parse = self.parse(call.at.source);
        let s = parse.syntax();
        let span = s.span(call.at.node);
        let Some(tree) = s.child(call.at.node, SyntaxKind::TokenTree) else { return };
        let list = inside(s, tree);
        let origin = s.tokens.origin(s.tree.node(tree).first_token);
        let inner = copy_tokens(s.tokens, &list, origin);
        let local = match name {
            "thread_local" => true,
            "lazy_static" => false,
            "compile_error" => {
                let string = (0..inner.len() as u32).find(|&t| inner.kind(t) == SyntaxKind::Str);
                let text =
                    string.map_or_else(String::new, |t| crate::syntax::literal::string(SyntaxKind::Str, inner.text(t)));
                self.report(&grok::NO_RULE_MATCHES, span, text);
                return;
            }
            _ => {
                let message = format!("`{name}!` gives no item, and only items may stand here");
                self.report(&grok::UNEXPECTED_TOKEN, span, message);
                return;
            }
        };
        let tokens = self.static_items(&inner, local, span);
        let parse = parse_tokens(tokens, Entry::Items);
        self.diagnostics.extend(parse.diagnostics.iter().cloned());
        let nodes: Vec<NodeId> = parse.syntax().children(parse.root()).collect();
        let source = self.add_source(parse);
        self.collect_nodes(source, &nodes, call.module, macros, Around::Module);
    }

    /// `static [ref] NAME: T = e;` as an ordinary static, its type and value wrapped if it is one per thread.
    fn static_items(&mut self, inner: &Tokens, local: bool, span: Span) -> Tokens {
        let context = SyntaxContext(self.contexts.len() as u32);
        let definition = super::expand::MacroId(u32::MAX);
        self.contexts.push(super::front::ContextInfo { parent: SyntaxContext::ROOT, definition });
        let origin = crate::syntax::Origin { span, context };
        let mut out = TokensBuilder::default();
        let path = |out: &mut TokensBuilder| {
            for (kind, text) in [
                (SyntaxKind::Whitespace, " "),
                (SyntaxKind::CrateKw, "$crate"),
                (SyntaxKind::ColonColon, "::"),
                (SyntaxKind::Ident, "thread"),
                (SyntaxKind::ColonColon, "::"),
                (SyntaxKind::Ident, "ThreadLocal"),
            ] {
                out.push(kind, text, origin);
            }
        };
        // Where in a declaration the reader is: before `:`, in the type, in the value.
        let mut stage = 0;
        let mut depth = 0usize;
        for t in 0..inner.len() as u32 - 1 {
            let kind = inner.kind(t);
            depth = if kind.closer().is_some() { depth + 1 } else { depth.saturating_sub(kind.is_closer() as usize) };
            if kind == SyntaxKind::RefKw && stage == 0 {
                continue;
            }
            let ends = depth == 0 && kind == SyntaxKind::Semicolon;
            if local && stage == 1 && depth == 0 && kind == SyntaxKind::Equals {
                out.push(SyntaxKind::Gt, ">", origin);
            }
            if local && stage == 2 && ends {
                out.push(SyntaxKind::RParen, ")", origin);
            }
            out.push(kind, inner.text(t), inner.origin(t));
            match kind {
                SyntaxKind::Colon if stage == 0 && depth == 0 => {
                    stage = 1;
                    if local {
                        path(&mut out);
                        out.push(SyntaxKind::Lt, "<", origin);
                    }
                }
                SyntaxKind::Equals if stage == 1 && depth == 0 => {
                    stage = 2;
                    if local {
                        path(&mut out);
                        for (kind, text) in [
                            (SyntaxKind::ColonColon, "::"),
                            (SyntaxKind::Ident, "new"),
                            (SyntaxKind::LParen, "("),
                            (SyntaxKind::PipePipe, "||"),
                        ] {
                            out.push(kind, text, origin);
                        }
                    }
                }
                _ if ends => stage = 0,
                _ => {}
            }
        }
        if stage == 2 {
            if local {
                out.push(SyntaxKind::RParen, ")", origin);
            }
            out.push(SyntaxKind::Semicolon, ";", origin);
        }
        out.finish(origin)
    }
}

/// `match self { .. }` with one arm a variant; an enum without variants has no values.
fn match_self(shape: &Shape, arm: impl Fn(&VariantShape) -> String) -> String {
    if shape.variants.is_empty() {
        return "match *self {}".to_owned();
    }
    let mut out = String::from("match self { ");
    for v in &shape.variants {
        write!(out, "{} => {}, ", v.pattern("a"), arm(v)).expect("writing to a string cannot fail");
    }
    out + "}"
}

fn clone(shape: &Shape) -> Derived {
    let body = match_self(shape, |v| v.construct(|i| format!("$crate::prelude::Clone::clone(a{i})")));
    Ok(format!("fn clone(&self) -> Self {{ {body} }}"))
}

/// `match (self, other) { .. }` over pairs of the same variant.
fn match_both(shape: &Shape, equal: impl Fn(&VariantShape) -> String, otherwise: &str) -> String {
    if shape.variants.is_empty() {
        return "match *self {}".to_owned();
    }
    let mut out = String::from("match (self, other) { ");
    for v in &shape.variants {
        write!(out, "({}, {}) => {}, ", v.pattern("a"), v.pattern("b"), equal(v))
            .expect("writing to a string cannot fail");
    }
    if shape.variants.len() > 1 {
        write!(out, "_ => {otherwise}, ").expect("writing to a string cannot fail");
    }
    out + "}"
}

fn eq(shape: &Shape) -> Derived {
    let fields = |v: &VariantShape| {
        let tests: Vec<String> = (0..v.fields.len()).map(|i| format!("*a{i} == *b{i}")).collect();
        if tests.is_empty() { "true".to_owned() } else { tests.join(" && ") }
    };
    Ok(format!("fn eq(&self, other: &Self) -> bool {{ {} }}", match_both(shape, fields, "false")))
}

fn ord(shape: &Shape) -> Derived {
    let fields = |v: &VariantShape| {
        let mut out = String::from("$crate::prelude::Ordering::Equal");
        for i in (0..v.fields.len()).rev() {
            let compare = format!("$crate::prelude::Ord::cmp(a{i}, b{i})");
            out = format!("match {compare} {{ $crate::prelude::Ordering::Equal => {out}, order => order }}");
        }
        out
    };
    let index = |who: &str| {
        let arms: Vec<String> = shape
            .variants
            .iter()
            .enumerate()
            .map(|(i, v)| match v.form {
                VariantForm::Unit => format!("{} => {i}i64", v.path),
                VariantForm::Tuple => format!("{}(..) => {i}i64", v.path),
                VariantForm::Named => format!("{} {{ .. }} => {i}i64", v.path),
            })
            .collect();
        format!("(match {who} {{ {} }})", arms.join(", "))
    };
    let otherwise = format!("$crate::prelude::Ord::cmp(&{}, &{})", index("self"), index("other"));
    let body = match_both(shape, fields, &otherwise);
    Ok(format!("fn cmp(&self, other: &Self) -> $crate::prelude::Ordering {{ {body} }}"))
}

fn hash(shape: &Shape) -> Derived {
    let position = |v: &VariantShape| shape.variants.iter().position(|w| w.name == v.name).unwrap_or(0);
    let body = match_self(shape, |v| {
        let mut out = String::from("{ ");
        if shape.is_enum {
            write!(out, "$crate::prelude::Hash::hash(&{}i64, state); ", position(v))
                .expect("writing to a string cannot fail");
        }
        for i in 0..v.fields.len() {
            write!(out, "$crate::prelude::Hash::hash(a{i}, state); ").expect("writing to a string cannot fail");
        }
        out + "}"
    });
    Ok(format!("fn hash<H: $crate::prelude::Hasher>(&self, state: &mut H) {{ {body} }}"))
}

fn default(shape: &Shape) -> Derived {
    let variant = match &shape.variants[..] {
        [only] if !shape.is_enum => only,
        variants => variants.iter().find(|v| v.is_default).ok_or("mark one variant with `#[default]`")?,
    };
    let value = variant.construct(|_| "$crate::prelude::Default::default()".to_owned());
    Ok(format!("fn default() -> Self {{ {value} }}"))
}

/// The signature of `fmt` around a body.
fn fmt(body: &str) -> String {
    let result = "$crate::prelude::Result<(), $crate::fmt::FmtError>";
    format!("fn fmt(&self, f: &mut $crate::fmt::Formatter) -> {result} {{ {body} }}")
}

fn debug(shape: &Shape) -> Derived {
    let body = match_self(shape, |v| {
        let name = &v.name;
        match v.form {
            VariantForm::Unit => format!("f.write_str(\"{name}\")"),
            VariantForm::Tuple => {
                let fields: String = (0..v.fields.len()).map(|i| format!(".field(a{i})")).collect();
                format!("f.debug_tuple(\"{name}\"){fields}.finish()")
            }
            VariantForm::Named => {
                let fields: String =
                    v.fields.iter().enumerate().map(|(i, f)| format!(".field(\"{f}\", a{i})")).collect();
                format!("f.debug_struct(\"{name}\"){fields}.finish()")
            }
        }
    });
    Ok(fmt(&body))
}

fn display(shape: &Shape) -> Derived {
    let plain_enum = shape.is_enum && shape.variants.iter().all(|v| v.fields.is_empty() || v.display.is_some());
    let single = !shape.is_enum && shape.variants.iter().all(|v| v.fields.len() == 1 || v.display.is_some());
    if !plain_enum && !single {
        return Err("the type has fields; add `#[display(\"format\")]`");
    }
    let body = match_self(shape, |v| match &v.display {
        Some(format) => {
            let bind: String = v
                .fields
                .iter()
                .enumerate()
                .map(|(i, f)| {
                    if v.form == VariantForm::Named {
                        format!("let {f} = a{i}; ")
                    } else {
                        format!("let _{i} = a{i}; ")
                    }
                })
                .collect();
            format!("{{ {bind}$crate::write!(f, {:?}) }}", positions_to_names(format))
        }
        None if shape.is_enum => format!("f.write_str(\"{}\")", v.name),
        None => "$crate::fmt::Display::fmt(a0, f)".to_owned(),
    });
    Ok(fmt(&body))
}

/// `{0}` of a tuple's format as the name `{_0}` that the field is bound to.
fn positions_to_names(format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '{' && chars.peek().is_some_and(char::is_ascii_digit) {
            out.push('_');
        }
    }
    out
}
