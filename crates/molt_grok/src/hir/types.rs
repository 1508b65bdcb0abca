//! Written types, bounds and generic arguments with their names resolved.

use std::sync::Arc;

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::{CANNOT_CROSS, grok};
use molt_diagnostics::{Code, Diagnostic};
use smallvec::SmallVec;

use super::front::{At, BodyForm, BodySource, Front, ItemScope, MacroScope, ParamKind, SelfType, SourceId};
use super::scope::{Def, Found, Ns, Prim, Segment, SegmentKind};
use super::{
    AssocArg, BodyOwner, Bound, ConstArg, GenericArg, GenericArgs, GenericParam, GenericParamKind, Lifetime, ModId,
    Mutability, TraitRef, TypeExpr, TypeId, WherePredicate, WhereSubject, WrittenArgs,
};
use crate::syntax::{self, Element, NodeId, Syntax, SyntaxKind, literal};

/// Parameters that stand for `impl Trait` and `fn(..)` in the parameters of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Anonymous {
    /// Index of the next one.
    pub next: u32,
    pub params: Vec<GenericParam>,
    pub predicates: Vec<WherePredicate>,
}

/// What a written type sees.
pub(super) struct TypeCx<'a> {
    pub source: SourceId,
    pub scope: &'a Arc<ItemScope>,
    pub macros: &'a MacroScope,
    /// Lifetimes of `for<..>` around this place.
    pub bound: Vec<Symbol>,
    /// Present in the parameters of functions.
    pub anonymous: Option<Anonymous>,
}

impl<'a> TypeCx<'a> {
    pub fn new(source: SourceId, scope: &'a Arc<ItemScope>, macros: &'a MacroScope) -> TypeCx<'a> {
        TypeCx { source, scope, macros, bound: Vec::new(), anonymous: None }
    }
}

/// One name of a path with its arguments.
#[derive(Clone, Debug)]
pub(super) struct PathPart {
    pub segment: Segment,
    /// `TypeArgs` or `FnTypeArgs`.
    pub args: Option<NodeId>,
}

pub(super) type PathParts = SmallVec<[PathPart; 3]>;

/// The names of a path without their arguments.
pub(super) fn segments(parts: &[PathPart]) -> SmallVec<[Segment; 3]> {
    parts.iter().map(|p| p.segment).collect()
}

impl Front {
    pub(super) fn new_type(&mut self, ty: TypeExpr, span: Span) -> TypeId {
        self.hir.type_spans.push(span);
        self.hir.types.push(ty)
    }

    /// Whether a node is a type.
    pub(super) fn is_type(kind: SyntaxKind) -> bool {
        use SyntaxKind as K;
        matches!(
            kind,
            K::PathType
                | K::TupleType
                | K::ParenType
                | K::ArrayType
                | K::SliceType
                | K::RefType
                | K::PtrType
                | K::NeverType
                | K::InferType
                | K::DynType
                | K::ImplType
                | K::FnType
                | K::ClosureType
        )
    }

    /// The first type, or macro call in the place of one, among the children of a node.
    pub(super) fn type_child(&self, syntax: Syntax<'_>, node: NodeId) -> Option<NodeId> {
        syntax.children(node).find(|&c| Front::is_type(syntax.kind(c)) || syntax.kind(c) == SyntaxKind::MacroCall)
    }

    /// The type that a node's first type child writes.
    pub(super) fn child_type(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> TypeId {
        match self.type_child(syntax, node) {
            Some(child) => self.ty(syntax, child, cx),
            None => self.new_type(TypeExpr::Error, syntax.span(node)),
        }
    }

    /// Lowers a written type.
    pub(super) fn ty(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> TypeId {
        let span = syntax.span(node);
        let slot = self.new_type(TypeExpr::Error, span);
        let ty = self.type_expr(syntax, node, slot, cx);
        self.hir.types[slot] = ty;
        slot
    }

    fn type_expr(&mut self, syntax: Syntax<'_>, node: NodeId, slot: TypeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        match syntax.kind(node) {
            SyntaxKind::PathType => self.path_type(syntax, node, slot, cx),
            SyntaxKind::ParenType => match self.type_child(syntax, node) {
                Some(inner) => self.type_expr(syntax, inner, slot, cx),
                None => TypeExpr::Error,
            },
            SyntaxKind::TupleType => {
                let parts = syntax.children(node);
                TypeExpr::Tuple(self.nested(cx, |f, cx| {
                    let mut types = Vec::with_capacity(parts.clone().count());
                    types.extend(parts.map(|p| f.ty(syntax, p, cx)));
                    types
                }))
            }
            SyntaxKind::SliceType => TypeExpr::Slice(self.child_type(syntax, node, cx)),
            SyntaxKind::ArrayType => {
                let element = self.child_type(syntax, node, cx);
                let len = syntax.children(node).nth(1);
                let len = len.map_or(ConstArg::Error, |n| self.const_expr(syntax, n, cx));
                TypeExpr::Array(element, len)
            }
            SyntaxKind::RefType => self.ref_type(syntax, node, cx),
            SyntaxKind::PtrType => {
                let mutability = mutability(syntax, node);
                TypeExpr::Ptr(mutability, self.child_type(syntax, node, cx))
            }
            SyntaxKind::NeverType => TypeExpr::Never,
            SyntaxKind::InferType => TypeExpr::Infer,
            SyntaxKind::DynType => TypeExpr::Dyn(self.bounds_at(syntax, node, cx)),
            SyntaxKind::ImplType => self.impl_type(syntax, node, cx),
            SyntaxKind::FnType | SyntaxKind::ClosureType => self.fn_type(syntax, node, cx),
            SyntaxKind::MacroCall => self.macro_type(node, slot, cx),
            _ => TypeExpr::Error,
        }
    }

    /// Lowers parts of a type where `fn(..)` is a plain pointer, although `impl` still is a parameter.
    fn nested<T>(&mut self, cx: &mut TypeCx<'_>, lower: impl FnOnce(&mut Self, &mut TypeCx<'_>) -> T) -> T {
        cx.bound.push(self.nested_mark());
        let out = lower(self, cx);
        cx.bound.pop();
        out
    }

    /// A name that no lifetime has: it marks, in the list of bound lifetimes, that a type is part of another.
    fn nested_mark(&mut self) -> Symbol {
        self.intern("(")
    }

    fn ref_type(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        let lifetime = match syntax.token(node, SyntaxKind::Lifetime) {
            Some(t) => self.lifetime(syntax, t, cx),
            None => Lifetime::Elided,
        };
        let mutability = mutability(syntax, node);
        let inner = self.child_type(syntax, node, cx);
        let double = syntax.has(node, SyntaxKind::AmpAmp);
        let single = match (&self.hir.types[inner], mutability) {
            // `&str` and `str` are one type.
            (TypeExpr::Str(_), Mutability::Shared) => TypeExpr::Str(lifetime),
            _ => TypeExpr::Ref(lifetime, mutability, inner),
        };
        if !double || matches!(single, TypeExpr::Str(_)) {
            return single;
        }
        let inner = self.new_type(single, syntax.span(node));
        TypeExpr::Ref(Lifetime::Elided, Mutability::Shared, inner)
    }

    fn impl_type(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        if cx.anonymous.is_none() {
            return TypeExpr::Impl(self.bounds_at(syntax, node, cx));
        }
        let bounds = self.bounds_at(syntax, node, cx);
        self.anonymous_param(syntax.span(node), bounds, cx)
    }

    /// A parameter of the function that stands for a type with these bounds.
    fn anonymous_param(&mut self, span: Span, bounds: Vec<Bound>, cx: &mut TypeCx<'_>) -> TypeExpr {
        let Some(anonymous) = &mut cx.anonymous else { return TypeExpr::Error };
        let index = anonymous.next;
        anonymous.next += 1;
        let name = self.hir.names.intern(&format!("impl#{index}"));
        self.hir.type_spans.push(span);
        let subject = self.hir.types.push(TypeExpr::Param(index, name));
        let kind = GenericParamKind::Type { default: None, anonymous: true };
        anonymous.params.push(GenericParam { name, span, kind });
        anonymous.predicates.push(WherePredicate { subject: WhereSubject::Type(subject), bounds, span });
        TypeExpr::Param(index, name)
    }

    fn fn_type(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        let bound = cx.bound.len();
        let nested_mark = self.nested_mark();
        let top = !cx.bound.contains(&nested_mark);
        self.bind_lifetimes(syntax, node, cx);
        let closure = syntax.kind(node) == SyntaxKind::ClosureType;
        let is_unsafe = syntax.has(node, SyntaxKind::UnsafeKw) || syntax.child(node, SyntaxKind::Abi).is_some();
        let anonymous = cx.anonymous.take();
        let params: Vec<TypeId> = if closure {
            let nodes: Vec<NodeId> = syntax.children(node).filter(|&c| syntax.kind(c) != SyntaxKind::RetType).collect();
            nodes.into_iter().map(|n| self.ty(syntax, n, cx)).collect()
        } else {
            let nodes: Vec<NodeId> =
                syntax.children(node).filter(|&c| syntax.kind(c) == SyntaxKind::FnTypeParam).collect();
            nodes.into_iter().map(|n| self.child_type(syntax, n, cx)).collect()
        };
        let ret = syntax.child(node, SyntaxKind::RetType).map(|r| self.child_type(syntax, r, cx));
        cx.bound.truncate(bound);
        cx.anonymous = anonymous;
        let span = syntax.span(node);
        if cx.anonymous.is_some()
            && top
            && !is_unsafe
            && let Some(trait_) = self.hir.lang_trait("fn")
        {
            let of = TraitRef { trait_, args: self.fn_args(params, ret, span), span };
            return self.anonymous_param(span, vec![Bound::Trait(of)], cx);
        }
        if closure { TypeExpr::BoxedFn { params, ret } } else { TypeExpr::FnPtr { params, ret, is_unsafe } }
    }

    /// Arguments of `Fn(A, B) -> R`.
    fn fn_args(&mut self, params: Vec<TypeId>, ret: Option<TypeId>, span: Span) -> GenericArgs {
        let tuple = self.new_type(TypeExpr::Tuple(params), span);
        let output = match ret {
            Some(r) => r,
            None => self.new_type(TypeExpr::Tuple(Vec::new()), span),
        };
        let name = self.intern("Output");
        let assoc = vec![AssocArg { name, span, ty: Some(output), bounds: Vec::new() }];
        WrittenArgs { args: vec![GenericArg::Type(tuple)], assoc, parenthesised: true, span: Some(span) }.into()
    }

    fn macro_type(&mut self, node: NodeId, slot: TypeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        let at = At { source: cx.source, node };
        let Some(source) = self.expand_fragment(at, cx.scope.module, cx.macros, syntax::Entry::Type) else {
            return TypeExpr::Error;
        };
        let parse = self.parse(source);
        let inner = parse.syntax();
        let Some(ty) = self.type_child(inner, parse.root()) else { return TypeExpr::Error };
        let before = std::mem::replace(&mut cx.source, source);
        self.expansion_depth += 1;
        let out = self.type_expr(inner, ty, slot, cx);
        self.expansion_depth -= 1;
        cx.source = before;
        out
    }

    // Paths.

    /// The parts of a path node: names with their arguments, and `<T as Trait>` before them.
    pub(super) fn path_parts(
        &mut self,
        syntax: Syntax<'_>,
        node: NodeId,
        module: ModId,
    ) -> (Option<NodeId>, PathParts) {
        let mut qualified = None;
        let mut parts = PathParts::new();
        if let Some(token) = syntax.only_token(node) {
            let segment = self.segment(syntax, token, module, true);
            parts.extend(segment.map(|segment| PathPart { segment, args: None }));
            return (None, parts);
        }
        let mut first = true;
        for element in syntax.elements(node) {
            match element {
                Element::Node(n) if syntax.kind(n) == SyntaxKind::QualifiedSelf => qualified = Some(n),
                Element::Node(n) => {
                    if let Some(last) = parts.last_mut() {
                        last.args = Some(n);
                    }
                }
                Element::Token(t) => {
                    if let Some(segment) = self.segment(syntax, t, module, first && qualified.is_none()) {
                        parts.push(PathPart { segment, args: None });
                    }
                }
            }
            first = false;
        }
        (qualified, parts)
    }

    fn path_type(&mut self, syntax: Syntax<'_>, node: NodeId, slot: TypeId, cx: &mut TypeCx<'_>) -> TypeExpr {
        let module = cx.scope.module;
        let (qualified, parts) = self.path_parts(syntax, node, module);
        if let Some(q) = qualified {
            return self.qualified_type(syntax, q, &parts, slot, cx);
        }
        let Some((base, used)) = self.type_base(syntax, &parts, cx) else { return TypeExpr::Error };
        self.assoc_chain(syntax, base, &parts[..used], &parts[used..], slot, cx)
    }

    /// What the first parts of a path mean as a type, and how many they are.
    pub(super) fn type_base(
        &mut self,
        syntax: Syntax<'_>,
        parts: &[PathPart],
        cx: &mut TypeCx<'_>,
    ) -> Option<(TypeExpr, usize)> {
        let first = parts.first()?;
        let name = first.segment.name;
        match first.segment.kind {
            SegmentKind::SelfType => return Some((self.self_type(first.segment.span, cx), 1)),
            SegmentKind::Name => {
                if let Some(index) = cx.scope.param(name, ParamKind::Type) {
                    return Some((TypeExpr::Param(index, name), 1));
                }
            }
            _ => {}
        }
        let (def, used) = self.resolve(cx.scope.module, &segments(parts), Ns::Types, &grok::UNKNOWN_TYPE)?;
        let last = &parts[used - 1];
        let span = last.segment.span;
        let ty = match def {
            Def::Adt(adt) => TypeExpr::Adt(adt, self.args_of(syntax, last, cx)),
            Def::Alias(alias) => TypeExpr::Alias(alias, self.args_of(syntax, last, cx)),
            Def::Prim(prim) => prim_type(prim),
            Def::Trait(t) => {
                let name = self.hir.names.text(self.hir.traits[t].head.name).to_owned();
                let d = Diagnostic::at(&grok::UNKNOWN_TYPE, span, format!("`{name}` is a trait, not a type"))
                    .help(format!("write `dyn {name}` or `impl {name}`"));
                self.diagnostics.push(d);
                return None;
            }
            Def::Variant(..) | Def::Mod(_) | Def::Fn(_) | Def::Const(_) | Def::Macro(_) => {
                let message = format!(
                    "the {} `{}` is not a type",
                    self.describe_def(def),
                    self.hir.names.text(last.segment.name)
                );
                self.report(&grok::UNKNOWN_TYPE, span, message);
                return None;
            }
        };
        Some((ty, used))
    }

    /// `Base::Name::Name`: associated types of what came before.
    pub(super) fn assoc_chain(
        &mut self,
        syntax: Syntax<'_>,
        base: TypeExpr,
        before: &[PathPart],
        rest: &[PathPart],
        slot: TypeId,
        cx: &mut TypeCx<'_>,
    ) -> TypeExpr {
        let mut ty = base;
        let mut span = before.last().map(|p| p.segment.span).unwrap_or(self.hir.type_span(slot));
        for part in rest {
            let base = self.new_type(ty, span);
            let args = self.args_of(syntax, part, cx);
            span = part.segment.span;
            ty = TypeExpr::Assoc { base, of: None, name: part.segment.name, name_span: span, args };
        }
        ty
    }

    fn qualified_type(
        &mut self,
        syntax: Syntax<'_>,
        qualified: NodeId,
        parts: &[PathPart],
        slot: TypeId,
        cx: &mut TypeCx<'_>,
    ) -> TypeExpr {
        let (base, of) = self.qualified_self(syntax, qualified, cx);
        let Some(first) = parts.first() else { return self.hir.types[base].clone() };
        let span = first.segment.span;
        let args = self.args_of(syntax, first, cx);
        if let Some(None) = of {
            return TypeExpr::Error;
        }
        let of = of.flatten().map(Box::new);
        let ty = TypeExpr::Assoc { base, of, name: first.segment.name, name_span: span, args };
        self.assoc_chain(syntax, ty, &parts[..1], &parts[1..], slot, cx)
    }

    /// `<T as Trait>`: the type, and the trait if one is written (`Some(None)` if it is unknown).
    pub(super) fn qualified_self(
        &mut self,
        syntax: Syntax<'_>,
        node: NodeId,
        cx: &mut TypeCx<'_>,
    ) -> (TypeId, Option<Option<TraitRef>>) {
        let base = self.child_type(syntax, node, cx);
        let of = syntax.children(node).nth(1).map(|path| self.trait_ref(syntax, path, cx));
        (base, of)
    }

    /// The type that `Self` means.
    pub(super) fn self_type(&mut self, span: Span, cx: &TypeCx<'_>) -> TypeExpr {
        match cx.scope.self_type {
            SelfType::Trait(_) => TypeExpr::Param(0, self.intern("Self")),
            SelfType::Impl(i) => TypeExpr::SelfOf(i),
            SelfType::Adt(a) => {
                let args = self.identity_args(cx.scope, span);
                TypeExpr::Adt(a, args)
            }
            SelfType::None => {
                self.report(
                    &grok::UNKNOWN_TYPE,
                    span,
                    "`Self` means nothing outside of types, traits and implementations",
                );
                TypeExpr::Error
            }
        }
    }

    /// The parameters in scope as arguments of their own item.
    pub(super) fn identity_args(&mut self, scope: &ItemScope, span: Span) -> GenericArgs {
        let mut args = Vec::new();
        for p in scope.params.clone() {
            args.push(match p.kind {
                ParamKind::Lifetime => GenericArg::Lifetime(Lifetime::Param(p.index, p.name), span),
                ParamKind::Type => GenericArg::Type(self.new_type(TypeExpr::Param(p.index, p.name), span)),
                ParamKind::Const => GenericArg::Const(ConstArg::Param(p.index, p.name), span),
            });
        }
        WrittenArgs { args, ..WrittenArgs::default() }.into()
    }

    /// Follows a path and reports what is wrong with it: the item and how many names lead to it.
    pub(super) fn resolve(
        &mut self,
        module: ModId,
        segments: &[Segment],
        ns: Ns,
        code: &'static Code,
    ) -> Option<(Def, usize)> {
        let walk = self.walk(module, segments, ns, false);
        match walk.found {
            Found::Def { def, used } => {
                if let Some(i) = walk.private {
                    self.report_private(&segments[..used], i, def);
                }
                if let Some(i) = walk.ambiguous {
                    let message = format!("two globs import a `{}`", self.hir.names.text(segments[i].name));
                    self.report(&grok::DUPLICATE_DEFINITION, segments[i].span, message);
                }
                Some((def, used))
            }
            Found::Nothing { index, module: within } => {
                self.report_unknown(module, segments, index, within, ns, code);
                None
            }
            Found::Undetermined => None,
        }
    }

    fn report_unknown(
        &mut self,
        module: ModId,
        segments: &[Segment],
        index: usize,
        within: Option<ModId>,
        ns: Ns,
        code: &'static Code,
    ) {
        let segment = segments[index];
        let searched = within.unwrap_or(module);
        if self.is_faulty(searched, segment.name) {
            return;
        }
        let last = index + 1 == segments.len();
        let (code, ns) = if last { (code, ns) } else { (&grok::UNRESOLVED_PATH, Ns::Types) };
        let name = self.hir.names.text(segment.name).to_owned();
        let message = match within {
            Some(m) => format!("`{}` has no `{name}`", self.module_path(m)),
            None if !last => format!("nothing is named `{name}` here"),
            None if code == &grok::UNKNOWN_TYPE => format!("no type is named `{name}`"),
            None if code == &grok::UNKNOWN_TRAIT => format!("no trait is named `{name}`"),
            None => format!("nothing is named `{name}` here"),
        };
        let mut d = match within.and_then(|m| self.left_out(m, segment.name)) {
            Some(why) => Diagnostic::at(&CANNOT_CROSS, segment.span, format!("{message} for GrokLang: {why}")),
            None => Diagnostic::at(code, segment.span, message),
        };
        let similar = match within {
            Some(m) => self.similar_in(m, segment.name, ns),
            None => self.similar_name(searched, segment.name, ns),
        };
        if let Some(similar) = similar {
            d = d.help(format!("did you mean `{similar}`?"));
        }
        self.diagnostics.push(d);
    }

    /// Whether a failed import or a missing file may have brought the name.
    pub(super) fn is_faulty(&self, module: ModId, name: Symbol) -> bool {
        let mut at = Some(module);
        while let Some(m) = at {
            let data = self.module(m);
            if data.faulty_glob || data.faulty.contains(&name) {
                return true;
            }
            at = data.around;
        }
        false
    }

    // Arguments.

    /// The arguments of one part of a path.
    pub(super) fn args_of(&mut self, syntax: Syntax<'_>, part: &PathPart, cx: &mut TypeCx<'_>) -> GenericArgs {
        match part.args {
            Some(node) => self.generic_args(syntax, node, cx),
            None => GenericArgs::default(),
        }
    }

    fn generic_args(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> GenericArgs {
        let span = syntax.span(node);
        if syntax.kind(node) == SyntaxKind::FnTypeArgs {
            let anonymous = cx.anonymous.take();
            let nodes: Vec<NodeId> = syntax.children(node).filter(|&c| syntax.kind(c) != SyntaxKind::RetType).collect();
            let params = nodes.into_iter().map(|n| self.ty(syntax, n, cx)).collect();
            let ret = syntax.child(node, SyntaxKind::RetType).map(|r| self.child_type(syntax, r, cx));
            cx.anonymous = anonymous;
            return self.fn_args(params, ret, span);
        }
        let plain = syntax.children(node).filter(|&c| syntax.kind(c) != SyntaxKind::AssocArg).count();
        let args = Vec::with_capacity(plain);
        let mut out = WrittenArgs { args, span: Some(span), ..WrittenArgs::default() };
        for child in syntax.children(node) {
            self.generic_arg(syntax, child, cx, &mut out);
        }
        out.into()
    }

    fn generic_arg(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>, out: &mut WrittenArgs) {
        let span = syntax.span(node);
        match syntax.kind(node) {
            SyntaxKind::LifetimeParam => {
                if let Some(t) = syntax.token(node, SyntaxKind::Lifetime) {
                    let lifetime = self.lifetime(syntax, t, cx);
                    out.args.push(GenericArg::Lifetime(lifetime, span));
                }
            }
            SyntaxKind::ConstArg => {
                let value = self.const_arg(syntax, node, cx);
                out.args.push(GenericArg::Const(value, span));
            }
            SyntaxKind::AssocArg => {
                let Some(token) = syntax.name(node) else { return };
                let name = self.name_of(syntax.tokens, token);
                let bounded = syntax.child(node, SyntaxKind::BoundList).is_some();
                let ty = (!bounded).then(|| self.nested(cx, |f, cx| f.child_type(syntax, node, cx)));
                let bounds = if bounded { self.bounds_at(syntax, node, cx) } else { Vec::new() };
                out.assoc.push(AssocArg { name, span: syntax.tokens.span(token), ty, bounds });
            }
            SyntaxKind::ErrorNode => {}
            _ => match self.const_name(syntax, node, cx) {
                Some(value) => out.args.push(GenericArg::Const(value, span)),
                None => {
                    let ty = self.nested(cx, |f, cx| f.ty(syntax, node, cx));
                    out.args.push(GenericArg::Type(ty));
                }
            },
        }
    }

    /// A single name in the place of an argument that is a constant.
    fn const_name(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &TypeCx<'_>) -> Option<ConstArg> {
        if syntax.kind(node) != SyntaxKind::PathType {
            return None;
        }
        let token = syntax.only_token(node).filter(|&t| syntax.tokens.kind(t) == SyntaxKind::Ident)?;
        let name = self.name_of(syntax.tokens, token);
        if let Some(index) = cx.scope.param(name, ParamKind::Const) {
            return Some(ConstArg::Param(index, name));
        }
        let known = cx.scope.param(name, ParamKind::Type).is_some()
            || self.lookup_name(cx.scope.module, name, Ns::Types).is_some();
        let constant = !known && matches!(self.lookup_name(cx.scope.module, name, Ns::Values), Some(Def::Const(_)));
        constant.then(|| self.const_body(node, cx))
    }

    fn const_body(&mut self, node: NodeId, cx: &TypeCx<'_>) -> ConstArg {
        let at = At { source: cx.source, node };
        let source = BodySource { at, form: BodyForm::Expr, scope: cx.scope.clone(), macros: cx.macros.clone() };
        let owner = BodyOwner::ConstArg(crate::hir::BodyId(self.hir.bodies.len() as u32));
        ConstArg::Body(self.new_body(owner, source))
    }

    pub(super) fn const_arg(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &TypeCx<'_>) -> ConstArg {
        let Some(child) = syntax.children(node).next() else { return ConstArg::Error };
        match self.const_expr(syntax, child, cx) {
            ConstArg::Value(value) if syntax.has(node, SyntaxKind::Minus) => {
                ConstArg::Value(value.signed().wrapping_neg().into())
            }
            other => other,
        }
    }

    fn const_literal(&mut self, syntax: Syntax<'_>, node: NodeId) -> Option<i128> {
        let token = syntax.own_tokens(node).next()?;
        let text = syntax.tokens.text(token);
        match syntax.tokens.kind(token) {
            SyntaxKind::Int => literal::integer(text).ok().map(|(v, _)| v as i128),
            SyntaxKind::TrueKw => Some(1),
            SyntaxKind::FalseKw => Some(0),
            SyntaxKind::Char => Some(literal::character(text) as i128),
            SyntaxKind::Byte => Some(literal::byte(text).into()),
            _ => {
                let message = "a constant argument is an integer, a `bool` or a `char`";
                self.report(&grok::TYPE_MISMATCH, syntax.span(node), message);
                None
            }
        }
    }

    /// The length of an array.
    pub(super) fn const_expr(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &TypeCx<'_>) -> ConstArg {
        match syntax.kind(node) {
            SyntaxKind::Literal => {
                if let Some(value) = self.const_literal(syntax, node) {
                    return ConstArg::Value(value.into());
                }
                ConstArg::Error
            }
            SyntaxKind::PathExpr => {
                let name = syntax.name(node).map(|t| self.name_of(syntax.tokens, t));
                let single = syntax.own_tokens(node).count() == 1 && syntax.children(node).next().is_none();
                match name.filter(|_| single).and_then(|n| Some((cx.scope.param(n, ParamKind::Const)?, n))) {
                    Some((index, name)) => ConstArg::Param(index, name),
                    None => self.const_body(node, cx),
                }
            }
            SyntaxKind::ErrorNode => ConstArg::Error,
            _ => self.const_body(node, cx),
        }
    }

    // Lifetimes and bounds.

    pub(super) fn lifetime_name(&mut self, syntax: Syntax<'_>, token: u32) -> Symbol {
        let text = syntax.tokens.text(token);
        self.intern(text)
    }

    fn lifetime(&mut self, syntax: Syntax<'_>, token: u32, cx: &TypeCx<'_>) -> Lifetime {
        let name = self.lifetime_name(syntax, token);
        match self.hir.names.text(name) {
            "'static" => return Lifetime::Static,
            "'_" => return Lifetime::Elided,
            _ => {}
        }
        let bound: Vec<Symbol> = cx.bound.iter().copied().filter(|&n| self.hir.names.text(n) != "(").collect();
        if let Some(position) = bound.iter().rposition(|&n| n == name) {
            return Lifetime::Bound(position as u32, name);
        }
        match cx.scope.param(name, ParamKind::Lifetime) {
            Some(index) => Lifetime::Param(index, name),
            None => {
                let message = format!("the lifetime `{}` is not declared", self.hir.names.text(name));
                self.report(&grok::UNDECLARED_LIFETIME, syntax.tokens.span(token), message);
                Lifetime::Error
            }
        }
    }

    /// Adds the lifetimes of `for<..>` at a node.
    fn bind_lifetimes(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) {
        let Some(list) = syntax.child(node, SyntaxKind::ForLifetimes) else { return };
        for param in syntax.children(list) {
            if let Some(t) = syntax.token(param, SyntaxKind::Lifetime) {
                cx.bound.push(self.lifetime_name(syntax, t));
            }
        }
    }

    /// The bounds of a node's `BoundList`.
    pub(super) fn bounds_at(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> Vec<Bound> {
        let Some(list) = syntax.child(node, SyntaxKind::BoundList) else { return Vec::new() };
        let bounds: Vec<NodeId> = syntax.children(list).collect();
        bounds.into_iter().map(|b| self.bound(syntax, b, cx)).collect()
    }

    fn bound(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> Bound {
        if let Some(inner) = syntax.child(node, SyntaxKind::Bound) {
            return self.bound(syntax, inner, cx);
        }
        if let Some(t) = syntax.token(node, SyntaxKind::Lifetime) {
            return Bound::Lifetime(self.lifetime(syntax, t, cx), syntax.span(node));
        }
        let Some(path) = syntax.child(node, SyntaxKind::PathType) else { return Bound::Error };
        let bound = cx.bound.len();
        self.bind_lifetimes(syntax, node, cx);
        let of = self.trait_ref(syntax, path, cx);
        cx.bound.truncate(bound);
        match of {
            Some(of) if syntax.has(node, SyntaxKind::Question) => Bound::Maybe(of),
            Some(of) => Bound::Trait(of),
            None => Bound::Error,
        }
    }

    /// A path that must lead to a trait.
    pub(super) fn trait_ref(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> Option<TraitRef> {
        let span = syntax.span(node);
        if syntax.kind(node) != SyntaxKind::PathType {
            if syntax.kind(node) != SyntaxKind::ErrorNode {
                self.report(&grok::UNKNOWN_TRAIT, span, "a trait is expected here");
            }
            return None;
        }
        let (qualified, parts) = self.path_parts(syntax, node, cx.scope.module);
        let last = parts.last()?;
        let segments: Vec<Segment> = parts.iter().map(|p| p.segment).collect();
        let name = last.segment.name;
        if qualified.is_some() {
            self.report(&grok::UNKNOWN_TRAIT, span, "a trait is expected here");
            return None;
        }
        let param = segments.len() == 1 && cx.scope.param(name, ParamKind::Type).is_some();
        let found = if param {
            None
        } else {
            Some(self.resolve(cx.scope.module, &segments, Ns::Types, &grok::UNKNOWN_TRAIT)?)
        };
        let Some((Def::Trait(trait_), used)) = found else {
            let what = found.map_or("type parameter", |(def, _)| self.describe_def(def));
            let message = format!("the {what} `{}` is not a trait", self.hir.names.text(name));
            self.report(&grok::UNKNOWN_TRAIT, last.segment.span, message);
            return None;
        };
        if used < parts.len() {
            self.report(&grok::UNKNOWN_TRAIT, parts[used].segment.span, "a trait has no traits inside");
            return None;
        }
        let args = self.args_of(syntax, last, cx);
        Some(TraitRef { trait_, args, span })
    }
}

pub(super) fn mutability(syntax: Syntax<'_>, node: NodeId) -> Mutability {
    if syntax.has(node, SyntaxKind::MutKw) { Mutability::Mut } else { Mutability::Shared }
}

pub(super) fn prim_type(prim: Prim) -> TypeExpr {
    match prim {
        Prim::Bool => TypeExpr::Bool,
        Prim::Char => TypeExpr::Char,
        Prim::Str => TypeExpr::Str(Lifetime::Elided),
        Prim::Int(kind) => TypeExpr::Int(kind),
        Prim::Float(kind) => TypeExpr::Float(kind),
    }
}
