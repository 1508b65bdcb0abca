//! Patterns: which names they bind, and which are constants.

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;
use smallvec::SmallVec;

use super::{LocalName, Lower};
use crate::hir::front::At;
use crate::hir::scope::{Def, Ns};
use crate::hir::types::mutability;
use crate::hir::{
    ConstItemKind, FieldPat, Lit, LocalId, Mutability, Pat, PatBound, PatId, PathRes, RangePat, TypeId, VariantForm,
};
use crate::syntax::{Entry, NodeId, Syntax, SyntaxContext, SyntaxKind};

#[derive(Clone, Copy)]
struct Bind {
    name: LocalName,
    local: LocalId,
    span: Span,
}

type Binds = SmallVec<[Bind; 2]>;

/// The names of one pattern. Alternatives share their locals by name.
#[derive(Default)]
pub(super) struct Binder {
    current: Binds,
    /// Bound by an earlier alternative.
    known: Vec<Bind>,
    /// Names taken by other parameters of the same function: the message is another one.
    params: bool,
}

impl Lower<'_> {
    /// Lowers a pattern and declares what it binds.
    pub(super) fn binding_pattern(&mut self, s: Syntax<'_>, node: NodeId) -> PatId {
        let mut binder = Binder::default();
        let pat = self.pattern(s, node, &mut binder);
        for bind in binder.current {
            self.declare(bind.name, bind.local);
        }
        pat
    }

    /// Lowers the parameters of a function or closure, whose names must differ from each other.
    pub(super) fn params(
        &mut self,
        s: Syntax<'_>,
        params: &[(Option<NodeId>, Option<TypeId>)],
    ) -> Vec<(PatId, Option<TypeId>)> {
        let mut binder = Binder { params: true, ..Binder::default() };
        let mut out = Vec::with_capacity(params.len());
        for &(node, ty) in params {
            let pat = match node {
                Some(node) => self.pattern(s, node, &mut binder),
                None => self.alloc_pat(Pat::Error, self.body.span),
            };
            out.push((pat, ty));
        }
        for bind in binder.current {
            self.declare(bind.name, bind.local);
        }
        out
    }

    pub(super) fn pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> PatId {
        let span = s.span(node);
        let pat = match s.kind(node) {
            SyntaxKind::WildcardPat => Pat::Wild,
            SyntaxKind::RestPat => Pat::Rest,
            SyntaxKind::LiteralPat => self.literal_pattern(s, node),
            SyntaxKind::RangePat => self.range_pattern(s, node),
            SyntaxKind::IdentPat => self.ident_pattern(s, node, binder),
            SyntaxKind::RefPat => return self.ref_pattern(s, node, binder),
            SyntaxKind::TupleStructPat => self.tuple_struct_pattern(s, node, binder),
            SyntaxKind::StructPat => self.struct_pattern(s, node, binder),
            SyntaxKind::PathPat => match s.children(node).next() {
                Some(path) => self.constant_pattern(s, path),
                None => Pat::Error,
            },
            SyntaxKind::TuplePat => Pat::Tuple(self.pattern_list(s, node, binder)),
            SyntaxKind::SlicePat => Pat::Slice(self.pattern_list(s, node, binder)),
            SyntaxKind::ParenPat => match s.children(node).next() {
                Some(inner) => return self.pattern(s, inner, binder),
                None => Pat::Error,
            },
            SyntaxKind::OrPat => self.or_pattern(s, node, binder),
            SyntaxKind::MacroCall => return self.macro_pattern(s, node, binder),
            SyntaxKind::Literal => self.literal_pattern_of(s, node),
            SyntaxKind::PathExpr => self.constant_pattern(s, node),
            _ => Pat::Error,
        };
        self.alloc_pat(pat, span)
    }

    fn pattern_list(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Vec<PatId> {
        let nodes = s.children(node);
        let mut rest: Option<Span> = None;
        let mut out = Vec::with_capacity(nodes.clone().count());
        for n in nodes {
            let is_rest = s.kind(n) == SyntaxKind::RestPat
                || s.children(n).any(|c| s.kind(n) == SyntaxKind::IdentPat && s.kind(c) == SyntaxKind::RestPat);
            if is_rest {
                if let Some(first) = rest {
                    let d = Diagnostic::at(&grok::UNEXPECTED_TOKEN, s.span(n), "`..` may stand once in a pattern")
                        .label(first, "first used here", false);
                    self.front.diagnostics.push(d);
                }
                rest = Some(s.span(n));
            }
            out.push(self.pattern(s, n, binder));
        }
        out
    }

    /// The local that a name binds.
    fn bind(&mut self, name: LocalName, span: Span, mutable: bool, binder: &mut Binder) -> LocalId {
        if let Some(old) = binder.current.iter().find(|b| b.name == name).copied() {
            let text = self.front.hir.names.text(name.name).to_owned();
            let (code, message) = if binder.params {
                (&grok::DUPLICATE_PARAMETER, format!("two parameters are named `{text}`"))
            } else {
                (&grok::DUPLICATE_BINDING, format!("the pattern binds `{text}` twice"))
            };
            let d = Diagnostic::at(code, span, message).label(old.span, "first bound here", false);
            self.front.diagnostics.push(d);
            return old.local;
        }
        if let Some(known) = binder.known.iter().find(|b| b.name == name).copied() {
            binder.current.push(known);
            return known.local;
        }
        let synthetic = name.context != SyntaxContext::ROOT;
        let local = self.new_local(name.name, mutable, span, synthetic);
        binder.current.push(Bind { name, local, span });
        local
    }

    fn ident_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Pat {
        let Some(token) = s.name(node) else { return Pat::Error };
        let by_ref = s.has(node, SyntaxKind::RefKw);
        let is_mut = s.has(node, SyntaxKind::MutKw);
        let sub = s.children(node).next();
        let name = self.local_name(s, token);
        if !by_ref
            && !is_mut
            && sub.is_none()
            && let Some(path) = self.unit_named(name.name)
        {
            return Pat::Path(path);
        }
        let local = self.bind(name, s.tokens.span(token), is_mut && !by_ref, binder);
        let sub = sub.map(|n| self.pattern(s, n, binder));
        let by_ref = by_ref.then_some(if is_mut { Mutability::Mut } else { Mutability::Shared });
        Pat::Bind { local, by_ref, sub }
    }

    /// The constant, unit struct or unit variant of a name, if one is in scope.
    fn unit_named(&mut self, name: Symbol) -> Option<PathRes> {
        let def = self.front.lookup_name(self.module, name, Ns::Values)?;
        match def {
            Def::Const(c) => match self.front.hir.consts[c].kind {
                ConstItemKind::Const | ConstItemKind::Static { .. } => Some(PathRes::Const(c)),
                ConstItemKind::ModuleLet => None,
            },
            Def::Adt(a) => (self.front.hir.adts[a].variants[0].form == VariantForm::Unit)
                .then(|| PathRes::Struct(a, Default::default())),
            Def::Variant(a, v) => (self.front.hir.adts[a].variants[v as usize].form == VariantForm::Unit)
                .then(|| PathRes::Variant(a, v, Default::default())),
            _ => None,
        }
    }

    fn ref_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> PatId {
        let span = s.span(node);
        let inner = match s.children(node).next() {
            Some(n) => self.pattern(s, n, binder),
            None => self.alloc_pat(Pat::Error, span),
        };
        let pat = self.alloc_pat(Pat::Ref(mutability(s, node), inner), span);
        if s.has(node, SyntaxKind::AmpAmp) { self.alloc_pat(Pat::Ref(Mutability::Shared, pat), span) } else { pat }
    }

    fn constant_pattern(&mut self, s: Syntax<'_>, path: NodeId) -> Pat {
        match self.value_path(s, path) {
            PathRes::Error => Pat::Error,
            PathRes::Local(_) | PathRes::Fn(..) | PathRes::ConstParam(..) => {
                self.report(&grok::UNKNOWN_NAME, s.span(path), "a pattern names a constant, struct or variant");
                Pat::Error
            }
            path => Pat::Path(path),
        }
    }

    fn tuple_struct_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Pat {
        let mut children = s.children(node);
        let Some(path_node) = children.next() else { return Pat::Error };
        let path = self.value_path(s, path_node);
        let mut pats = Vec::with_capacity(children.clone().count());
        pats.extend(children.map(|n| self.pattern(s, n, binder)));
        match path {
            // The names are bound all the same, so that their uses stay silent.
            PathRes::Error => Pat::TupleStruct { path: PathRes::Error, pats },
            PathRes::Local(_) | PathRes::Fn(..) | PathRes::Const(_) | PathRes::ConstParam(..) => {
                self.report(&grok::UNKNOWN_NAME, s.span(path_node), "a pattern names a tuple struct or variant");
                Pat::TupleStruct { path: PathRes::Error, pats }
            }
            path => Pat::TupleStruct { path, pats },
        }
    }

    fn struct_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Pat {
        let mut children = s.children(node);
        let Some(path_node) = children.next() else { return Pat::Error };
        let path = self.struct_path(s, path_node);
        let mut fields: Vec<FieldPat> = Vec::new();
        let mut rest = false;
        for child in children {
            match s.kind(child) {
                SyntaxKind::RestPat => rest = true,
                SyntaxKind::StructPatField => {
                    if let Some(field) = self.field_pattern(s, child, binder) {
                        if let Some(old) = fields.iter().find(|f| f.name == field.name) {
                            let text = self.front.hir.names.text(field.name);
                            let message = format!("the pattern names the field `{text}` twice");
                            let d = Diagnostic::at(&grok::DUPLICATE_BINDING, field.span, message).label(
                                old.span,
                                "first named here",
                                false,
                            );
                            self.front.diagnostics.push(d);
                            continue;
                        }
                        fields.push(field);
                    }
                }
                _ => {}
            }
        }
        Pat::Struct { path, fields, rest }
    }

    fn field_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Option<FieldPat> {
        let named = |k: SyntaxKind| matches!(k, SyntaxKind::Ident | SyntaxKind::RawIdent | SyntaxKind::Int);
        let token = s.own_tokens(node).find(|&t| named(s.tokens.kind(t)))?;
        let local_name = self.local_name(s, token);
        let name = local_name.name;
        let span = s.tokens.span(token);
        let sub = s.children(node).find(|&c| s.kind(c) != SyntaxKind::Attr);
        let pat = match sub {
            Some(sub) if s.has(node, SyntaxKind::Colon) => self.pattern(s, sub, binder),
            _ => {
                let by_ref = s.has(node, SyntaxKind::RefKw);
                let is_mut = s.has(node, SyntaxKind::MutKw);
                let local = self.bind(local_name, span, is_mut && !by_ref, binder);
                let by_ref = by_ref.then_some(if is_mut { Mutability::Mut } else { Mutability::Shared });
                self.alloc_pat(Pat::Bind { local, by_ref, sub: None }, span)
            }
        };
        Some(FieldPat { name, span, pat })
    }

    /// `A | B`: every alternative binds the same names.
    fn or_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> Pat {
        let outer = std::mem::take(&mut binder.current);
        let known_before = binder.known.len();
        let mut sets: Vec<(Span, Binds)> = Vec::new();
        let mut union: Vec<Bind> = Vec::new();
        let mut pats = Vec::with_capacity(s.children(node).count());
        for alternative in s.children(node) {
            binder.known.truncate(known_before);
            binder.known.extend(union.iter().copied());
            pats.push(self.pattern(s, alternative, binder));
            let bound = std::mem::take(&mut binder.current);
            for b in &bound {
                if !union.iter().any(|u| u.name == b.name) {
                    union.push(*b);
                }
            }
            sets.push((s.span(alternative), bound));
        }
        binder.known.truncate(known_before);
        let mut differ = false;
        for b in &union {
            for (span, set) in &sets {
                if !set.iter().any(|x| x.name == b.name) {
                    let text = self.front.hir.names.text(b.name.name);
                    let message = format!("this alternative does not bind `{text}`");
                    let d = Diagnostic::at(&grok::OR_PATTERN_BINDINGS, *span, message).label(
                        b.span,
                        "bound in another alternative",
                        false,
                    );
                    self.front.diagnostics.push(d);
                    differ = true;
                }
            }
        }
        binder.current = outer;
        for b in union {
            if let Some(old) = binder.current.iter().find(|o| o.name == b.name) {
                let message = format!("the pattern binds `{}` twice", self.front.hir.names.text(b.name.name));
                let d = Diagnostic::at(&grok::DUPLICATE_BINDING, b.span, message).label(
                    old.span,
                    "first bound here",
                    false,
                );
                self.front.diagnostics.push(d);
            } else {
                binder.current.push(b);
            }
        }
        match pats[..] {
            // Some local has no value on some way.
            _ if differ => Pat::Error,
            [] => Pat::Error,
            [only] => self.body.pats[only].clone(),
            _ => Pat::Or(pats),
        }
    }

    fn literal_pattern(&mut self, s: Syntax<'_>, node: NodeId) -> Pat {
        match s.children(node).next() {
            Some(literal) => self.literal_pattern_of(s, literal),
            None => Pat::Error,
        }
    }

    fn literal_pattern_of(&mut self, s: Syntax<'_>, node: NodeId) -> Pat {
        match self.pattern_literal(s, node) {
            Some((lit, negative)) => Pat::Lit { lit, negative },
            None => Pat::Error,
        }
    }

    fn pattern_literal(&mut self, s: Syntax<'_>, node: NodeId) -> Option<(Lit, bool)> {
        let token = s.own_tokens(node).last()?;
        let negative = s.has(node, SyntaxKind::Minus);
        if s.tokens.kind(token) == SyntaxKind::FStr {
            self.report(&grok::UNEXPECTED_TOKEN, s.tokens.span(token), "an interpolated string cannot be a pattern");
            return None;
        }
        let lit = self.literal(s, token)?;
        if negative && !matches!(lit, Lit::Int(..) | Lit::Float(..)) {
            self.report(&grok::UNEXPECTED_TOKEN, s.span(node), "only numbers have a sign");
            return None;
        }
        Some((lit, negative))
    }

    fn range_pattern(&mut self, s: Syntax<'_>, node: NodeId) -> Pat {
        let operator = |k: SyntaxKind| matches!(k, SyntaxKind::DotDot | SyntaxKind::DotDotEq | SyntaxKind::Ellipsis);
        let Some(op) = s.own_tokens(node).find(|&t| operator(s.tokens.kind(t))) else { return Pat::Error };
        let mut start = None;
        let mut end = None;
        for child in s.children(node) {
            let Some(bound) = self.pattern_bound(s, child) else { return Pat::Error };
            if s.tree.node(child).first_token < op {
                start = Some(bound);
            } else {
                end = Some(bound);
            }
        }
        Pat::Range(Box::new(RangePat { start, end, inclusive: s.tokens.kind(op) != SyntaxKind::DotDot }))
    }

    fn pattern_bound(&mut self, s: Syntax<'_>, node: NodeId) -> Option<PatBound> {
        let span = s.span(node);
        if s.kind(node) == SyntaxKind::Literal {
            let (lit, negative) = self.pattern_literal(s, node)?;
            return Some(PatBound::Lit { lit, negative, span });
        }
        match self.value_path(s, node) {
            PathRes::Error => None,
            path => Some(PatBound::Path(path, span)),
        }
    }

    fn macro_pattern(&mut self, s: Syntax<'_>, node: NodeId, binder: &mut Binder) -> PatId {
        let span = s.span(node);
        let at = At { source: self.source, node };
        let source = self.front.expand_fragment(at, self.module, &self.macros, Entry::Pattern);
        let Some(source) = source else { return self.alloc_pat(Pat::Error, span) };
        let parse = self.front.parse(source);
        let inner = parse.syntax();
        let Some(root) = inner.children(parse.root()).next() else { return self.alloc_pat(Pat::Error, span) };
        let before = std::mem::replace(&mut self.source, source);
        self.front.expansion_depth += 1;
        let pat = self.pattern(inner, root, binder);
        self.front.expansion_depth -= 1;
        self.source = before;
        pat
    }
}
