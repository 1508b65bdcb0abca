//! Attributes and decorators: their data, `cfg`, documentation, and which of them may stand where.

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::front::Front;
use super::scope::nearest;
use super::{Attr, AttrArg, AttrValue, ModId};
use crate::syntax::{NodeId, Syntax, SyntaxKind, literal};

/// What an attribute stands at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Fn,
    /// A function in a trait or implementation.
    Method,
    /// A function in an `extern` block.
    ForeignFn,
    Struct,
    Enum,
    Actor,
    Trait,
    Impl,
    Module,
    Extern,
    Const,
    Alias,
    Use,
    Macro,
    Field,
    Variant,
    Param,
    Arm,
    Statement,
}

const FNS: &[Place] = &[Place::Fn, Place::Method, Place::ForeignFn];
const DATA: &[Place] = &[Place::Struct, Place::Enum, Place::Actor];
const ANY: &[Place] = &[];
const LINTED: &[Place] = ANY;

/// The attributes of the language and where they may stand (nowhere in particular: everywhere).
const KNOWN: &[(&str, &[Place])] = &[
    ("cfg", ANY),
    ("doc", ANY),
    ("allow", LINTED),
    ("warn", LINTED),
    ("deny", LINTED),
    ("derive", DATA),
    ("test", &[Place::Fn]),
    ("should_panic", &[Place::Fn]),
    ("ignore", &[Place::Fn]),
    ("timeout", &[Place::Fn]),
    ("property", &[Place::Fn]),
    ("bench", &[Place::Fn]),
    ("inline", FNS),
    ("cold", FNS),
    ("must_use", &[Place::Fn, Place::Method, Place::Struct, Place::Enum, Place::Trait]),
    ("deprecated", ANY),
    ("optimize", &[Place::Fn, Place::Method]),
    ("fast_math", &[Place::Fn, Place::Method]),
    ("sandbox", &[Place::Fn, Place::Method]),
    ("verify", &[Place::Fn, Place::Method]),
    ("macro", &[Place::Fn]),
    ("repr", &[Place::Struct, Place::Enum]),
    ("display", &[Place::Struct, Place::Enum, Place::Variant]),
    ("default", &[Place::Variant]),
    ("link", &[Place::Extern]),
    ("c_import", &[Place::Fn, Place::ForeignFn]),
    ("safe", FNS),
    ("export", &[Place::Fn]),
    ("python_import", &[Place::Extern, Place::Fn, Place::ForeignFn]),
    ("name", &[Place::Fn, Place::ForeignFn]),
    ("ai_optimize", &[Place::Fn, Place::Method]),
    ("ai_test", &[Place::Fn, Place::Method]),
    ("ai_translate", &[Place::Fn, Place::Method]),
    ("ai_managed", &[Place::Fn, Place::Method, Place::Struct, Place::Enum]),
    ("ai_analyze", ANY),
    ("supervise", &[Place::Actor]),
    ("lock_order", &[Place::Module]),
];

/// Attributes that only the language's own library uses.
const INTERNAL: &[&str] = &["lang", "intrinsic", "auto", "pointer", "selects", "awaits", "track_caller"];

/// What an argument of a decorator may be.
#[derive(Clone, Copy)]
enum Takes {
    OneOf(&'static [&'static str]),
    Int,
    Text,
    IntOrText,
    /// A text that the function accepts, and what it is.
    Form(fn(&str) -> bool, &'static str),
    /// The name alone, or with `true` or `false`.
    Flag,
}

fn is_time(text: &str) -> bool {
    super::actors::duration(text).is_some()
}

fn is_shutdown(text: &str) -> bool {
    matches!(text, "kill" | "infinity") || is_time(text)
}

fn is_backoff(text: &str) -> bool {
    text.split_once("..").map_or_else(|| is_time(text), |(from, to)| is_time(from) && is_time(to))
}

/// Arguments of the decorators whose arguments are named.
const ARGUMENTS: &[(&str, &[(&str, Takes)])] = &[
    (
        "ai_optimize",
        &[
            ("level", Takes::OneOf(&["off", "basic", "intermediate", "aggressive", "low", "medium", "high"])),
            ("target", Takes::OneOf(&["speed", "size", "latency", "throughput"])),
            ("timeout", Takes::IntOrText),
            ("runtime", Takes::Flag),
            ("disabled", Takes::Flag),
        ],
    ),
    (
        "ai_test",
        &[("iterations", Takes::Int), ("seed", Takes::Int), ("coverage_target", Takes::Int), ("strict", Takes::Flag)],
    ),
    ("ai_translate", &[("target_lang", Takes::Text), ("validation", Takes::OneOf(&["strict", "lenient"]))]),
    ("should_panic", &[("expected", Takes::Text)]),
    ("property", &[("iterations", Takes::Int), ("seed", Takes::Int)]),
    (
        "supervise",
        &[
            ("strategy", Takes::OneOf(&["one_for_one", "one_for_all", "rest_for_one"])),
            ("max_restarts", Takes::IntOrText),
            ("within", Takes::Form(is_time, "a time such as \"5s\"")),
            ("restart", Takes::OneOf(&["permanent", "transient", "temporary"])),
            ("shutdown", Takes::Form(is_shutdown, "a time such as \"5s\", \"kill\" or \"infinity\"")),
            ("backoff", Takes::Form(is_backoff, "a time such as \"50ms\", or two as in \"50ms..5s\"")),
        ],
    ),
    ("lock_order", &[("first", Takes::Text), ("then", Takes::Text)]),
];

impl Front {
    /// E1501: arguments that a decorator does not take.
    fn check_arguments(&mut self, attr: &Attr) {
        let name = self.hir.names.text(attr.name).to_owned();
        let Some((_, known)) = ARGUMENTS.iter().find(|(n, _)| *n == name) else { return };
        for arg in &attr.args {
            let key = match (arg.name, &arg.value) {
                (Some(key), _) => key,
                (None, AttrValue::Ident(key)) => *key,
                (None, _) => {
                    self.report(&grok::DECORATOR_ARGUMENT, arg.span, format!("the arguments of `{name}` have names"));
                    continue;
                }
            };
            let key = self.hir.names.text(key).to_owned();
            match known.iter().find(|(n, _)| *n == key) {
                Some((_, takes)) => {
                    if let Err(wanted) = self.accepts(*takes, arg) {
                        self.report(&grok::DECORATOR_ARGUMENT, arg.span, format!("`{key}` takes {wanted}"));
                    }
                }
                None => {
                    let message = format!("`{name}` takes no argument `{key}`");
                    let list: Vec<String> = known.iter().map(|(n, _)| format!("`{n}`")).collect();
                    let d = Diagnostic::at(&grok::DECORATOR_ARGUMENT, arg.span, message)
                        .help(format!("it takes {}", list.join(", ")));
                    self.diagnostics.push(d);
                }
            }
        }
    }

    /// Whether an argument has a value of the right kind; else what is wanted.
    fn accepts(&self, takes: Takes, arg: &AttrArg) -> Result<(), String> {
        let given = arg.name.is_some();
        let good = match (takes, &arg.value) {
            (Takes::Flag, AttrValue::Bool(_)) => true,
            (Takes::Flag, AttrValue::Ident(_)) => !given,
            (Takes::Int | Takes::IntOrText, AttrValue::Int(n)) => *n >= 0,
            (Takes::Text | Takes::IntOrText, AttrValue::Text(_)) => given,
            (Takes::Form(accepts, _), AttrValue::Text(text)) => given && accepts(self.hir.names.text(*text)),
            (Takes::OneOf(words), AttrValue::Text(word) | AttrValue::Ident(word)) => {
                given && words.contains(&self.hir.names.text(*word))
            }
            _ => false,
        };
        if good {
            return Ok(());
        }
        Err(match takes {
            Takes::Flag => "no value, `true` or `false`".to_owned(),
            Takes::Int => "a number".to_owned(),
            Takes::Text => "a string".to_owned(),
            Takes::IntOrText => "a number or a string".to_owned(),
            Takes::Form(_, what) => what.to_owned(),
            Takes::OneOf(words) => {
                let list: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
                format!("one of {}", list.join(", "))
            }
        })
    }

    /// The attributes directly at a node, in source order.
    pub(super) fn attrs_of(&mut self, syntax: Syntax<'_>, node: NodeId) -> Vec<Attr> {
        let is_attr = |c: &NodeId| matches!(syntax.kind(*c), SyntaxKind::Attr | SyntaxKind::InnerAttr);
        syntax.children(node).take_while(is_attr).filter_map(|a| self.attr(syntax, a)).collect()
    }

    fn attr(&mut self, syntax: Syntax<'_>, node: NodeId) -> Option<Attr> {
        let meta = syntax.child(node, SyntaxKind::Meta)?;
        let arg = self.meta(syntax, meta);
        let (name, args) = match (arg.name, arg.value) {
            (Some(name), AttrValue::List(args)) => (name, args),
            (Some(name), value) => (name, vec![AttrArg { name: None, value, span: arg.span }]),
            (None, AttrValue::Ident(name)) => (name, Vec::new()),
            (None, _) => return None,
        };
        Some(Attr { name, span: syntax.span(node), args })
    }

    /// `path`, `path(args)` or `path = value`.
    pub(super) fn meta(&mut self, syntax: Syntax<'_>, node: NodeId) -> AttrArg {
        let span = syntax.span(node);
        let path = syntax.child(node, SyntaxKind::Path);
        let text: String = path.map_or("", |p| syntax.text(p)).chars().filter(|c| !c.is_whitespace()).collect();
        let name = self.intern(&text);
        if let Some(args) = syntax.child(node, SyntaxKind::MetaArgs) {
            let args: Vec<AttrArg> = syntax.children(args).map(|a| self.attr_arg(syntax, a)).collect();
            return AttrArg { name: Some(name), value: AttrValue::List(args), span };
        }
        match syntax.children(node).find(|&c| syntax.kind(c) != SyntaxKind::Path) {
            Some(value) => AttrArg { name: Some(name), value: self.attr_value(syntax, value), span },
            None => AttrArg { name: None, value: AttrValue::Ident(name), span },
        }
    }

    fn attr_arg(&mut self, syntax: Syntax<'_>, node: NodeId) -> AttrArg {
        match syntax.kind(node) {
            SyntaxKind::Meta => self.meta(syntax, node),
            SyntaxKind::MetaPair => {
                let key = syntax.own_tokens(node).next().map(|t| self.intern(syntax.tokens.text(t)));
                let value = syntax.children(node).next();
                let value = value.map_or(AttrValue::List(Vec::new()), |v| self.attr_value(syntax, v));
                AttrArg { name: key, value, span: syntax.span(node) }
            }
            _ => AttrArg { name: None, value: self.attr_value(syntax, node), span: syntax.span(node) },
        }
    }

    fn attr_value(&mut self, syntax: Syntax<'_>, node: NodeId) -> AttrValue {
        let token = syntax.own_tokens(node).last();
        let text = token.map_or("", |t| syntax.tokens.text(t));
        match (syntax.kind(node), token.map(|t| syntax.tokens.kind(t))) {
            (SyntaxKind::Literal, Some(kind)) => match kind {
                SyntaxKind::TrueKw | SyntaxKind::FalseKw => AttrValue::Bool(kind == SyntaxKind::TrueKw),
                SyntaxKind::Int => AttrValue::Int(literal::integer(text).map_or(0, |(v, _)| v as i128)),
                SyntaxKind::Str | SyntaxKind::RawStr => AttrValue::Text(self.intern(&literal::string(kind, text))),
                _ => AttrValue::Text(self.intern(text)),
            },
            (SyntaxKind::PrefixExpr, _) => match syntax.children(node).next().map(|c| self.attr_value(syntax, c)) {
                Some(AttrValue::Int(v)) => AttrValue::Int(-v),
                _ => AttrValue::Text(self.intern(syntax.text(node))),
            },
            (SyntaxKind::ArrayExpr | SyntaxKind::TupleExpr, _) => {
                let items: Vec<NodeId> = syntax.children(node).collect();
                AttrValue::List(items.into_iter().map(|c| self.attr_arg(syntax, c)).collect())
            }
            _ => AttrValue::Ident(self.intern(syntax.text(node))),
        }
    }

    pub(super) fn find_attr<'a>(&self, attrs: &'a [Attr], name: &str) -> Option<&'a Attr> {
        attrs.iter().find(|a| self.hir.names.text(a.name) == name)
    }

    /// The text of a string argument: `#[name = "x"]`, `#[name("x")]`.
    pub(super) fn attr_text(&self, attr: &Attr) -> Option<Symbol> {
        attr.args.iter().find_map(|a| match (a.name, &a.value) {
            (None, AttrValue::Text(t)) => Some(*t),
            _ => None,
        })
    }

    /// Whether every `cfg` at the item holds.
    pub(super) fn is_configured(&mut self, attrs: &[Attr], module: ModId) -> bool {
        let mut on = true;
        for attr in attrs.iter().filter(|a| self.hir.names.text(a.name) == "cfg").cloned().collect::<Vec<_>>() {
            match &attr.args[..] {
                [arg] => on &= self.cfg(arg, module),
                _ => self.report(&grok::INVALID_ATTRIBUTE, attr.span, "`cfg` takes one condition"),
            }
        }
        on
    }

    /// Evaluates one condition of `cfg`.
    pub(super) fn cfg(&mut self, arg: &AttrArg, module: ModId) -> bool {
        let package = self.package_of(module);
        let name = arg.name.map(|n| self.hir.names.text(n).to_owned());
        match (name.as_deref(), &arg.value) {
            (Some("all"), AttrValue::List(args)) => args.iter().fold(true, |on, a| self.cfg(a, module) & on),
            (Some("any"), AttrValue::List(args)) => args.iter().fold(false, |on, a| self.cfg(a, module) | on),
            (Some("not"), AttrValue::List(args)) if args.len() == 1 => !self.cfg(&args[0], module),
            (Some(key), AttrValue::Text(value)) => {
                let value = self.hir.names.text(*value);
                match key {
                    "feature" => self.packages[package.0 as usize].source.features.iter().any(|f| f == value),
                    "target_os" => self.options.target_os == value,
                    "target_arch" => self.options.target_arch == value,
                    "target_family" => self.options.target_family == value,
                    "target_pointer_width" => self.options.target_pointer_width.to_string() == value,
                    _ => self.unknown_cfg(arg.span),
                }
            }
            (None, AttrValue::Ident(flag)) => match self.hir.names.text(*flag) {
                "test" => self.packages[package.0 as usize].source.test,
                "debug_assertions" => self.options.debug_assertions,
                "unix" | "windows" => self.options.target_family == self.hir.names.text(*flag),
                _ => self.unknown_cfg(arg.span),
            },
            (None, AttrValue::Bool(b)) => *b,
            _ => self.unknown_cfg(arg.span),
        }
    }

    fn unknown_cfg(&mut self, span: Span) -> bool {
        let d = Diagnostic::at(&grok::INVALID_ATTRIBUTE, span, "unknown condition of `cfg`").help(
            "use `all any not`, `feature`, `target_os`, `target_arch`, `target_family`, `target_pointer_width`, \
             `debug_assertions` or `test`",
        );
        self.diagnostics.push(d);
        false
    }

    /// E1014: attributes that the language does not know, or that stand where they mean nothing.
    pub(super) fn check_attrs(&mut self, attrs: &[Attr], place: Place, module: ModId) {
        for attr in attrs {
            let name = self.hir.names.text(attr.name).to_owned();
            if let Some((_, places)) = KNOWN.iter().find(|(n, _)| *n == name) {
                if !places.is_empty() && !places.contains(&place) {
                    let message = format!("`{name}` does not belong here");
                    self.report(&grok::INVALID_ATTRIBUTE, attr.span, message);
                }
                self.check_arguments(attr);
                continue;
            }
            let tool = name.split("::").next().unwrap_or("");
            let package = self.package_of(module);
            let data = &self.packages[package.0 as usize].source;
            let is_ours = data.is_std || data.stands_in.is_some();
            let internal = is_ours && INTERNAL.contains(&&*name);
            if internal || (name.contains("::") && data.tools.iter().any(|t| t == tool)) {
                continue;
            }
            if self.is_attribute_macro(module, attr.name) {
                continue;
            }
            let mut d = Diagnostic::at(&grok::INVALID_ATTRIBUTE, attr.span, format!("unknown attribute `{name}`"));
            if let Some(similar) = nearest(&name, KNOWN.iter().map(|(n, _)| *n)) {
                d = d.help(format!("did you mean `{similar}`?"));
            }
            self.diagnostics.push(d);
        }
    }

    /// Whether a function marked `#[macro]` of that name is in scope.
    fn is_attribute_macro(&self, module: ModId, name: Symbol) -> bool {
        match self.lookup_name(module, name, super::scope::Ns::Values) {
            Some(super::scope::Def::Fn(f)) => self.find_attr(&self.hir.fns[f].head.attrs, "macro").is_some(),
            _ => false,
        }
    }

    /// The text of the documentation comments before a node, and of `#[doc = ".."]`.
    pub(super) fn docs_of(&mut self, syntax: Syntax<'_>, node: NodeId, attrs: &[Attr]) -> Option<Symbol> {
        let mut lines: Vec<String> =
            syntax.docs(node).iter().map(|&t| doc_text(syntax.tokens.text(t)).to_owned()).collect();
        for attr in attrs.iter().filter(|a| self.hir.names.text(a.name) == "doc") {
            lines.extend(self.attr_text(attr).map(|t| self.hir.names.text(t).to_owned()));
        }
        (!lines.is_empty()).then(|| self.intern(&lines.join("\n")))
    }
}

/// A documentation comment without its marks.
pub(super) fn doc_text(comment: &str) -> &str {
    if let Some(line) = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!")) {
        return line.strip_prefix(' ').unwrap_or(line);
    }
    comment.get(3..comment.len().saturating_sub(2)).unwrap_or("").trim()
}
