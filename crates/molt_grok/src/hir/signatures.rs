//! Signatures of items: generics, fields, parameters, members of traits, implementations and actors.

use std::sync::Arc;

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::grok;

use super::attributes::Place;
use super::collect::{PendingItem, PendingKind, empty_fn};
use super::front::{At, BodyForm, BodySource, Front, ItemScope, MacroScope, ParamKind, SelfType};
use super::types::{Anonymous, TypeCx, mutability};
use super::{
    ActorInfo, AdtId, AdtKind, Alias, AliasId, AssocArg, Attr, AttrValue, BodyOwner, Bound, ConstId, ConstItem,
    ConstItemKind, FieldDecl, FnId, GenericParam, GenericParamKind, Generics, Impl, ImplId, IntKind, LangItem,
    Lifetime, ModId, ParamDecl, Parent, ReturnType, SelfKind, SelfParam, TraitId, TraitRef, TypeExpr, VariantForm,
    WherePredicate, WhereSubject, WrittenArgs,
};
use crate::syntax::{self, NodeId, Syntax, SyntaxKind};

/// What surrounds a signature while it is made.
struct Site<'a> {
    syntax: Syntax<'a>,
    at: At,
    macros: MacroScope,
}

/// Functions of an actor that the runtime calls.
const HOOKS: [&str; 5] = ["on_stop", "on_child_failure", "handle_child_failure", "on_down", "behave"];

impl Front {
    /// Makes the signatures of all items that wait for one, lang items first: types in signatures refer to them.
    pub(super) fn make_signatures(&mut self) {
        // Derived implementations are written on the way.
        while !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            for item in &pending {
                self.note_lang_item(item.kind);
            }
            // Items of one module that declare no parameters see the same.
            let mut scope = Arc::new(ItemScope::of_module(ModId(0)));
            for item in pending {
                if scope.module != item.module {
                    scope = Arc::new(ItemScope::of_module(item.module));
                }
                self.signature(item, scope.clone());
            }
        }
    }

    fn note_lang_item(&mut self, kind: PendingKind) {
        let (head, item) = match kind {
            PendingKind::Fn(f) => (&self.hir.fns[f].head, LangItem::Fn(f)),
            PendingKind::Adt(a) => (&self.hir.adts[a].head, LangItem::Adt(a)),
            PendingKind::Trait(t) => (&self.hir.traits[t].head, LangItem::Trait(t)),
            PendingKind::Impl(i) => (&self.hir.impls[i].head, LangItem::Impl(i)),
            PendingKind::Alias(a) => (&self.hir.aliases[a].head, LangItem::Alias(a)),
            PendingKind::Const(_) => return,
        };
        if !self.is_std_module(head.module) {
            return;
        }
        let attr = head.attrs.iter().find(|a| self.hir.names.text(a.name) == "lang");
        if let Some(name) = attr.and_then(|a| self.attr_text(a)) {
            let name = self.hir.names.text(name).into();
            self.hir.lang.insert(name, item);
        }
    }

    fn signature(&mut self, item: PendingItem, mut scope: Arc<ItemScope>) {
        let parse = self.parse(item.at.source);
        let site = Site { syntax: parse.syntax(), at: item.at, macros: item.macros };
        match item.kind {
            PendingKind::Fn(f) => self.fn_signature(&site, f, scope),
            PendingKind::Adt(a) => self.adt_signature(&site, a, scope),
            PendingKind::Trait(t) => self.trait_signature(&site, t, scope),
            PendingKind::Impl(i) => self.impl_signature(&site, i, scope),
            PendingKind::Const(c) => self.const_signature(&site, c, scope),
            PendingKind::Alias(a) => {
                let generics = self.generics(&site, 0, &mut scope);
                self.hir.aliases[a].generics = generics;
                self.alias_signature(&site, a, scope);
            }
        }
    }

    // Generics.

    /// The parameters of an item; they are added to the scope, and their bounds see all of them.
    fn generics(&mut self, site: &Site<'_>, parent_count: u32, scope: &mut Arc<ItemScope>) -> Generics {
        let mut generics = Generics { parent_count, ..Generics::default() };
        let list = site.syntax.child(site.at.node, SyntaxKind::Generics);
        let is_trait = site.syntax.kind(site.at.node) == SyntaxKind::TraitItem;
        if list.is_none() && !is_trait && site.syntax.child(site.at.node, SyntaxKind::WhereClause).is_none() {
            return generics;
        }
        // A trait's own parameter 0 is `Self`, which is no name in the list.
        if let SelfType::Trait(t) = scope.self_type
            && is_trait
        {
            let span = self.hir.traits[t].head.name_span;
            let kind = GenericParamKind::Type { default: None, anonymous: false };
            generics.params.push(GenericParam { name: self.intern("Self"), span, kind });
        }
        let first = generics.params.len();
        let mut kept = Vec::new();
        for node in list.into_iter().flat_map(|l| site.syntax.children(l)) {
            if let Some(param) = self.declare_param(site, node, &generics) {
                generics.params.push(param);
                kept.push(node);
            }
        }
        Arc::make_mut(scope).add(&generics);
        let mut cx = TypeCx::new(site.at.source, scope, &site.macros);
        for (i, node) in kept.into_iter().enumerate() {
            self.param_details(site.syntax, node, first + i, &mut generics, &mut cx);
        }
        self.where_clause(site.syntax, site.at.node, &mut generics, &mut cx);
        generics
    }

    fn declare_param(&mut self, site: &Site<'_>, node: NodeId, so_far: &Generics) -> Option<GenericParam> {
        let syntax = site.syntax;
        let (name, span, kind) = match syntax.kind(node) {
            SyntaxKind::LifetimeParam => {
                let token = syntax.token(node, SyntaxKind::Lifetime)?;
                (self.lifetime_name(syntax, token), syntax.tokens.span(token), GenericParamKind::Lifetime)
            }
            SyntaxKind::TypeParam => {
                let token = syntax.name(node)?;
                let kind = GenericParamKind::Type { default: None, anonymous: false };
                (self.name_of(syntax.tokens, token), syntax.tokens.span(token), kind)
            }
            SyntaxKind::ConstParam => {
                let token = syntax.name(node)?;
                let ty = self.new_type(TypeExpr::Error, syntax.span(node));
                let kind = GenericParamKind::Const { ty, default: None };
                (self.name_of(syntax.tokens, token), syntax.tokens.span(token), kind)
            }
            _ => return None,
        };
        if let Some(old) = so_far.params.iter().find(|p| p.name == name) {
            self.duplicate(name, old.span, span);
            return None;
        }
        Some(GenericParam { name, span, kind })
    }

    /// What the default of a parameter sees: the parameters before it.
    fn default_scope(scope: &ItemScope, index: u32) -> Arc<ItemScope> {
        let mut before = scope.clone();
        before.params.retain(|p| p.index < index);
        Arc::new(before)
    }

    /// Bounds, defaults and constant types of one parameter.
    fn param_details(
        &mut self,
        syntax: Syntax<'_>,
        node: NodeId,
        position: usize,
        generics: &mut Generics,
        cx: &mut TypeCx<'_>,
    ) {
        let index = generics.parent_count + position as u32;
        let GenericParam { name, span, .. } = generics.params[position];
        let bounds = self.bounds_at(syntax, node, cx);
        let subject = match generics.params[position].kind {
            GenericParamKind::Lifetime => WhereSubject::Lifetime(Lifetime::Param(index, name)),
            GenericParamKind::Type { .. } => {
                let default = self.type_child(syntax, node).map(|t| {
                    let before = Self::default_scope(cx.scope, index);
                    self.ty(syntax, t, &mut TypeCx::new(cx.source, &before, cx.macros))
                });
                generics.params[position].kind = GenericParamKind::Type { default, anonymous: false };
                WhereSubject::Type(self.new_type(TypeExpr::Param(index, name), span))
            }
            GenericParamKind::Const { .. } => {
                let ty = self.child_type(syntax, node, cx);
                let value = syntax.children(node).find(|&c| syntax.kind(c) == SyntaxKind::ConstArg);
                let default = value.map(|v| {
                    let before = Self::default_scope(cx.scope, index);
                    self.const_arg(syntax, v, &TypeCx::new(cx.source, &before, cx.macros))
                });
                generics.params[position].kind = GenericParamKind::Const { ty, default };
                return;
            }
        };
        if !bounds.is_empty() {
            generics.predicates.push(WherePredicate { subject, bounds, span });
        }
    }

    fn where_clause(&mut self, syntax: Syntax<'_>, node: NodeId, generics: &mut Generics, cx: &mut TypeCx<'_>) {
        let clauses = syntax.children(node).filter(|&c| syntax.kind(c) == SyntaxKind::WhereClause);
        for pred in clauses.flat_map(|c| syntax.children(c)) {
            let span = syntax.span(pred);
            let bound = cx.bound.len();
            if let Some(list) = syntax.child(pred, SyntaxKind::ForLifetimes) {
                for p in syntax.children(list) {
                    if let Some(t) = syntax.token(p, SyntaxKind::Lifetime) {
                        cx.bound.push(self.lifetime_name(syntax, t));
                    }
                }
            }
            let subject = match syntax.token(pred, SyntaxKind::Lifetime) {
                Some(t) => {
                    let name = self.lifetime_name(syntax, t);
                    match cx.scope.param(name, ParamKind::Lifetime) {
                        Some(index) => WhereSubject::Lifetime(Lifetime::Param(index, name)),
                        None => {
                            let message = format!("the lifetime `{}` is not declared", self.hir.names.text(name));
                            self.report(&grok::UNDECLARED_LIFETIME, syntax.tokens.span(t), message);
                            continue;
                        }
                    }
                }
                None => WhereSubject::Type(self.child_type(syntax, pred, cx)),
            };
            let bounds = self.bounds_at(syntax, pred, cx);
            cx.bound.truncate(bound);
            generics.predicates.push(WherePredicate { subject, bounds, span });
        }
    }

    /// Number of parameters in a scope, the parent's included.
    fn param_count(scope: &ItemScope) -> u32 {
        scope.params.iter().map(|p| p.index + 1).max().unwrap_or(0)
    }

    // Functions.

    fn fn_signature(&mut self, site: &Site<'_>, f: FnId, mut scope: Arc<ItemScope>) {
        let syntax = site.syntax;
        let node = site.at.node;
        let parent_count = Self::param_count(&scope).max(matches!(scope.self_type, SelfType::Trait(_)) as u32);
        let mut generics = self.generics(site, parent_count, &mut scope);
        let next = parent_count + generics.params.len() as u32;
        let mut cx = TypeCx::new(site.at.source, &scope, &site.macros);
        cx.anonymous = Some(Anonymous { next, ..Anonymous::default() });
        let list = syntax.child(node, SyntaxKind::ParamList);
        let params = list.into_iter().flat_map(|l| syntax.children(l));
        let mut self_param = None;
        let is_param = |p: &NodeId| syntax.kind(*p) == SyntaxKind::Param;
        let mut decls = Vec::with_capacity(params.clone().filter(is_param).count());
        let mut is_variadic = false;
        let mut seen_default: Option<Span> = None;
        for (i, p) in params.enumerate() {
            match syntax.kind(p) {
                SyntaxKind::SelfParam => {
                    let has_self = scope.self_type != SelfType::None;
                    if i > 0 || !has_self {
                        let message = "`self` is the first parameter of functions in types, traits and implementations";
                        self.report(&grok::UNEXPECTED_TOKEN, syntax.span(p), message);
                    } else {
                        self_param = Some(self.self_param(syntax, p, &mut cx));
                    }
                }
                SyntaxKind::VariadicParam => is_variadic = true,
                SyntaxKind::Param => {
                    let decl = self.param(site, p, f, decls.len() as u32, &scope, &mut cx);
                    if let (Some(_), None) = (seen_default, decl.default) {
                        let message = "parameters with default values must be last";
                        self.report(&grok::UNEXPECTED_TOKEN, decl.span, message);
                    }
                    seen_default = seen_default.or(decl.default.map(|_| decl.span));
                    decls.push(decl);
                }
                _ => {}
            }
        }
        if let Some(anonymous) = cx.anonymous.take() {
            generics.params.extend(anonymous.params);
            generics.predicates.extend(anonymous.predicates);
        }
        let ret = syntax.child(node, SyntaxKind::RetType).and_then(|r| self.type_child(syntax, r));
        let mut ret = match ret {
            Some(t) => ReturnType::Type(self.ty(syntax, t, &mut cx)),
            None => ReturnType::Omitted,
        };
        let is_async = syntax.has(node, SyntaxKind::AsyncKw) && !self.is_task(f, &scope, self_param.is_some());
        if is_async {
            ret = self.future_of(f, ret);
        }
        let body = syntax.child(node, SyntaxKind::Block).map(|_| {
            let scope = if self.actor_fns.contains(&f) && !scope.in_actor {
                Arc::new(ItemScope { in_actor: true, ..(*scope).clone() })
            } else {
                scope.clone()
            };
            let source = BodySource { at: site.at, form: BodyForm::Fn, scope, macros: site.macros.clone() };
            self.new_body(BodyOwner::Fn(f), source)
        });
        let abi = self.abi(syntax, node);
        let item = &mut self.hir.fns[f];
        item.generics = generics;
        item.self_param = self_param;
        item.params = decls;
        item.is_variadic = is_variadic;
        item.ret = ret;
        item.is_const = syntax.has(node, SyntaxKind::ConstKw);
        item.is_async = is_async;
        item.is_unsafe = syntax.has(node, SyntaxKind::UnsafeKw);
        item.abi = item.abi.or(abi);
        item.body = body;
        self.note_intrinsic(f);
        self.check_bodiless(f);
    }

    /// Whether a function runs as a task of its own, so that it may wait without being a future: `main`, tests, handlers,
    /// and `task::block_on`, which waits for its caller.
    pub(super) fn is_task(&self, f: FnId, scope: &ItemScope, has_self: bool) -> bool {
        let attrs = &self.hir.fns[f].head.attrs;
        let is_test = ["test", "property", "bench"].iter().any(|n| self.find_attr(attrs, n).is_some());
        let in_actor = scope.in_actor || self.actor_fns.contains(&f);
        let waits = self
            .find_attr(attrs, "lang")
            .is_some_and(|a| self.attr_text(a).is_some_and(|t| self.hir.names.text(t) == "block_on"));
        is_test || waits || self.hir.main == Some(f) || (in_actor && has_self)
    }

    /// The result of an `async` function: `impl Future<Output = T>`; in traits, whose implementations have different futures,
    /// a boxed `dyn Future<Output = T>`. Without a written type the body says what the future yields.
    fn future_of(&mut self, f: FnId, yields: ReturnType) -> ReturnType {
        let Some(trait_) = self.hir.lang_trait("future") else { return yields };
        let item = &self.hir.fns[f];
        let span = item.head.name_span;
        let in_trait = match item.parent {
            Parent::Trait(_) => true,
            Parent::Impl(i) => self.hir.impls[i].of.is_some(),
            Parent::Module | Parent::Extern => false,
        };
        let ty = match yields {
            ReturnType::Type(t) => Some(t),
            ReturnType::Omitted if in_trait => Some(self.new_type(TypeExpr::Tuple(Vec::new()), span)),
            ReturnType::Omitted => None,
        };
        let name = self.intern("Output");
        let assoc = ty.map(|ty| AssocArg { name, span, ty: Some(ty), bounds: Vec::new() }).into_iter().collect();
        let args = WrittenArgs { assoc, ..WrittenArgs::default() }.into();
        let bounds = vec![Bound::Trait(TraitRef { trait_, args, span })];
        let future = if in_trait { TypeExpr::Dyn(bounds) } else { TypeExpr::Impl(bounds) };
        ReturnType::Type(self.new_type(future, span))
    }

    fn note_intrinsic(&mut self, f: FnId) {
        let item = &self.hir.fns[f];
        if !self.is_std_module(item.head.module) {
            return;
        }
        let Some(attr) = self.find_attr(&item.head.attrs, "intrinsic") else { return };
        let name = self.attr_text(attr).unwrap_or(item.head.name);
        self.hir.fns[f].intrinsic = Some(name);
    }

    /// A function without a block is a trait's, foreign or an intrinsic.
    fn check_bodiless(&mut self, f: FnId) {
        let item = &self.hir.fns[f];
        let imported = ["c_import", "python_import"].iter().any(|n| self.find_attr(&item.head.attrs, n).is_some());
        let allowed = item.intrinsic.is_some() || imported || matches!(item.parent, Parent::Trait(_) | Parent::Extern);
        if item.body.is_none() && !allowed {
            let span = item.head.name_span;
            let message = format!("the function `{}` needs a body", self.hir.names.text(item.head.name));
            self.report(&grok::UNEXPECTED_TOKEN, span, message);
        }
    }

    fn self_param(&mut self, syntax: Syntax<'_>, node: NodeId, cx: &mut TypeCx<'_>) -> SelfParam {
        let span = syntax.span(node);
        let has_mut = syntax.has(node, SyntaxKind::MutKw);
        if let Some(t) = self.type_child(syntax, node) {
            let anonymous = cx.anonymous.take();
            let ty = self.ty(syntax, t, cx);
            cx.anonymous = anonymous;
            return SelfParam { kind: SelfKind::Typed(ty), mutable: has_mut, span };
        }
        if !syntax.has(node, SyntaxKind::Amp) {
            return SelfParam { kind: SelfKind::Value, mutable: has_mut, span };
        }
        let lifetime = match syntax.token(node, SyntaxKind::Lifetime) {
            Some(t) => {
                let name = self.lifetime_name(syntax, t);
                match (self.hir.names.text(name), cx.scope.param(name, ParamKind::Lifetime)) {
                    ("'static", _) => Lifetime::Static,
                    ("'_", _) => Lifetime::Elided,
                    (_, Some(index)) => Lifetime::Param(index, name),
                    (text, None) => {
                        let message = format!("the lifetime `{text}` is not declared");
                        self.report(&grok::UNDECLARED_LIFETIME, syntax.tokens.span(t), message);
                        Lifetime::Error
                    }
                }
            }
            None => Lifetime::Elided,
        };
        SelfParam { kind: SelfKind::Ref(lifetime, mutability(syntax, node)), mutable: false, span }
    }

    fn param(
        &mut self,
        site: &Site<'_>,
        node: NodeId,
        f: FnId,
        index: u32,
        scope: &Arc<ItemScope>,
        cx: &mut TypeCx<'_>,
    ) -> ParamDecl {
        let syntax = site.syntax;
        let attrs = self.attrs_of(syntax, node);
        self.check_attrs_later(&attrs, Place::Param, scope.module);
        let mut children = syntax.children(node).filter(|&c| syntax.kind(c) != SyntaxKind::Attr);
        let pattern = children.next();
        let name = pattern
            .filter(|&p| syntax.kind(p) == SyntaxKind::IdentPat)
            .and_then(|p| syntax.name(p))
            .map(|t| self.name_of(syntax.tokens, t));
        let ty = children.clone().find(|&c| Front::is_type(syntax.kind(c))).map(|t| self.ty(syntax, t, cx));
        let value = syntax.has(node, SyntaxKind::Equals).then(|| children.last()).flatten();
        let default = value.map(|v| {
            let at = At { node: v, ..site.at };
            let source = BodySource { at, form: BodyForm::Expr, scope: scope.clone(), macros: site.macros.clone() };
            self.new_body(BodyOwner::ParamDefault(f, index), source)
        });
        ParamDecl { name, ty, default, span: syntax.span(node) }
    }

    // Data.

    fn adt_signature(&mut self, site: &Site<'_>, a: AdtId, mut scope: Arc<ItemScope>) {
        Arc::make_mut(&mut scope).self_type = SelfType::Adt(a);
        let generics = self.generics(site, 0, &mut scope);
        self.hir.adts[a].generics = generics;
        self.adt_attrs(a);
        match self.hir.adts[a].kind {
            AdtKind::Struct => {
                let fields = self.fields(site, site.at.node, a, &scope);
                self.hir.adts[a].variants[0].fields = fields;
            }
            AdtKind::Enum => self.enum_variants(site, a, &scope),
            AdtKind::Actor => self.actor_members(site, a, &scope),
        }
        if !self.hir.adts[a].derives.is_empty() {
            self.expand_derives(a, &site.macros);
        }
    }

    /// `#[repr]` and `#[derive]`.
    fn adt_attrs(&mut self, a: AdtId) {
        for attr in self.hir.adts[a].head.attrs.clone() {
            match self.hir.names.text(attr.name) {
                "derive" => {
                    for arg in &attr.args {
                        if let AttrValue::Ident(name) = arg.value {
                            self.hir.adts[a].derives.push((name, arg.span));
                        } else {
                            self.report(&grok::INVALID_ATTRIBUTE, arg.span, "`derive` takes names of traits");
                        }
                    }
                }
                "repr" => self.repr(a, &attr),
                _ => {}
            }
        }
    }

    fn repr(&mut self, a: AdtId, attr: &Attr) {
        for arg in &attr.args {
            let AttrValue::Ident(name) = arg.value else { continue };
            let int = match self.hir.names.text(name) {
                "C" => {
                    self.hir.adts[a].repr.c = true;
                    continue;
                }
                "i8" => IntKind::I8,
                "i16" => IntKind::I16,
                "i32" => IntKind::I32,
                "i64" => IntKind::I64,
                "isize" => IntKind::Isize,
                "u8" => IntKind::U8,
                "u16" => IntKind::U16,
                "u32" => IntKind::U32,
                "u64" => IntKind::U64,
                "usize" => IntKind::Usize,
                _ => {
                    self.report(&grok::INVALID_ATTRIBUTE, arg.span, "`repr` takes `C` or an integer type");
                    continue;
                }
            };
            self.hir.adts[a].repr.int = Some(int);
        }
    }

    /// The fields of a struct or variant, named or not.
    fn fields(&mut self, site: &Site<'_>, node: NodeId, a: AdtId, scope: &Arc<ItemScope>) -> Vec<FieldDecl> {
        let syntax = site.syntax;
        let list = syntax
            .children(node)
            .find(|&c| matches!(syntax.kind(c), SyntaxKind::FieldList | SyntaxKind::TupleFieldList));
        let is_field = |n: &NodeId| matches!(syntax.kind(*n), SyntaxKind::Field | SyntaxKind::TupleField);
        let nodes = list.into_iter().flat_map(|l| syntax.children(l)).filter(is_field);
        let mut out = Vec::with_capacity(nodes.clone().count());
        for n in nodes {
            self.field(site, n, a, scope, &mut out);
        }
        out
    }

    fn field(&mut self, site: &Site<'_>, node: NodeId, a: AdtId, scope: &Arc<ItemScope>, out: &mut Vec<FieldDecl>) {
        let syntax = site.syntax;
        let attrs = self.attrs_of(syntax, node);
        if !self.is_configured(&attrs, scope.module) {
            return;
        }
        self.check_attrs_later(&attrs, Place::Field, scope.module);
        self.note_lints(&attrs, syntax.span(node));
        let (name, span) = match syntax.name(node) {
            Some(t) => (self.name_of(syntax.tokens, t), syntax.tokens.span(t)),
            None => (self.intern(&out.len().to_string()), syntax.span(node)),
        };
        if let Some(old) = out.iter().find(|f| f.name == name) {
            self.duplicate(name, old.span, span);
            return;
        }
        let mut cx = TypeCx::new(site.at.source, scope, &site.macros);
        let ty = self.child_type(syntax, node, &mut cx);
        let vis = if self.hir.adts[a].kind == AdtKind::Enum {
            super::Visibility::Public
        } else {
            self.visibility(syntax, node, scope.module)
        };
        let docs = self.docs_of(syntax, node, &attrs);
        let value = syntax.has(node, SyntaxKind::Equals).then(|| syntax.children(node).last()).flatten();
        let default = value.and_then(|v| {
            if self.hir.adts[a].kind != AdtKind::Actor {
                let message = "only fields of actors have default values";
                self.report(&grok::UNEXPECTED_TOKEN, syntax.span(v), message);
                return None;
            }
            let at = At { node: v, ..site.at };
            let source = BodySource { at, form: BodyForm::Expr, scope: scope.clone(), macros: site.macros.clone() };
            Some(self.new_body(BodyOwner::FieldDefault(a, out.len() as u32), source))
        });
        out.push(FieldDecl { name, span, ty, vis, default, attrs, docs });
    }

    fn enum_variants(&mut self, site: &Site<'_>, a: AdtId, scope: &Arc<ItemScope>) {
        let syntax = site.syntax;
        let Some(list) = syntax.child(site.at.node, SyntaxKind::VariantList) else { return };
        for node in syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::Variant) {
            let Some(token) = syntax.name(node) else { continue };
            // Variants that `cfg` left out, and second ones of a name, are not in the list.
            let span = syntax.tokens.span(token);
            let Some(index) = self.hir.adts[a].variants.iter().position(|v| v.span == span) else { continue };
            let fields = self.fields(site, node, a, scope);
            let value = syntax.has(node, SyntaxKind::Equals).then(|| syntax.children(node).last()).flatten();
            let discriminant = value.map(|v| {
                let at = At { node: v, ..site.at };
                let source = BodySource { at, form: BodyForm::Expr, scope: scope.clone(), macros: site.macros.clone() };
                self.new_body(BodyOwner::Discriminant(a, index as u32), source)
            });
            let variant = &mut self.hir.adts[a].variants[index];
            variant.fields = fields;
            variant.discriminant = discriminant;
        }
    }

    // Traits and implementations.

    fn trait_signature(&mut self, site: &Site<'_>, t: TraitId, mut scope: Arc<ItemScope>) {
        let syntax = site.syntax;
        Arc::make_mut(&mut scope).self_type = SelfType::Trait(t);
        let generics = self.generics(site, 0, &mut scope);
        let supers = self.bounds_at(syntax, site.at.node, &mut TypeCx::new(site.at.source, &scope, &site.macros));
        self.hir.traits[t].generics = generics;
        self.hir.traits[t].supers = supers;
        let Some(list) = syntax.child(site.at.node, SyntaxKind::MemberList) else { return };
        let mut members = Members::default();
        self.members(site, list, Parent::Trait(t), &scope, &mut members);
        for &f in &members.fns {
            self.note_lang_item(PendingKind::Fn(f));
        }
        let item = &mut self.hir.traits[t];
        item.fns = members.fns;
        item.types = members.types;
        item.consts = members.consts;
    }

    fn impl_signature(&mut self, site: &Site<'_>, i: ImplId, mut scope: Arc<ItemScope>) {
        let syntax = site.syntax;
        let node = site.at.node;
        Arc::make_mut(&mut scope).self_type = SelfType::Impl(i);
        let generics = self.generics(site, 0, &mut scope);
        self.hir.impls[i].generics = generics;
        let mut types = syntax
            .children(node)
            .filter(|&c| Front::is_type(syntax.kind(c)) || syntax.kind(c) == SyntaxKind::MacroCall);
        let mut cx = TypeCx::new(site.at.source, &scope, &site.macros);
        let of_trait = syntax.has(node, SyntaxKind::ForKw);
        if let Some(self_ty) = types.clone().nth(of_trait as usize) {
            self.hir.impls[i].self_ty = self.ty(syntax, self_ty, &mut cx);
        }
        if of_trait && let Some(path) = types.next() {
            match self.trait_ref(syntax, path, &mut cx) {
                Some(of) => self.hir.impls[i].of = Some(of),
                // Its members would be taken for inherent ones.
                None => self.hir.impls[i].self_ty = self.new_type(TypeExpr::Error, syntax.span(node)),
            }
        }
        let Some(list) = syntax.child(node, SyntaxKind::MemberList) else { return };
        let mut members = Members::default();
        self.members(site, list, Parent::Impl(i), &scope, &mut members);
        for &f in &members.fns {
            self.note_lang_item(PendingKind::Fn(f));
        }
        let item = &mut self.hir.impls[i];
        item.fns = members.fns;
        item.types = members.types;
        item.consts = members.consts;
    }

    /// The functions, types and constants among the children of a node; macro calls are expanded.
    fn members(&mut self, site: &Site<'_>, list: NodeId, parent: Parent, scope: &Arc<ItemScope>, out: &mut Members) {
        let syntax = site.syntax;
        let fns = syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::FnItem).count();
        out.fns.reserve_exact(fns);
        out.values.reserve(fns);
        for node in syntax.children(list) {
            let at = At { node, ..site.at };
            let attrs = self.attrs_of(syntax, node);
            if !self.is_configured(&attrs, scope.module) {
                continue;
            }
            self.note_lints(&attrs, syntax.span(node));
            let member = Site { syntax, at, macros: site.macros.clone() };
            match syntax.kind(node) {
                SyntaxKind::FnItem => {
                    self.check_attrs_later(&attrs, Place::Method, scope.module);
                    self.member_fn(&member, parent, scope, attrs, out);
                }
                SyntaxKind::TypeAlias => {
                    self.check_attrs_later(&attrs, Place::Alias, scope.module);
                    self.member_type(&member, parent, scope, attrs, out);
                }
                SyntaxKind::ConstItem => {
                    self.check_attrs_later(&attrs, Place::Const, scope.module);
                    self.member_const(&member, parent, scope, attrs, out);
                }
                // In an actor they are statements of `init`.
                SyntaxKind::ExprStmt if !scope.in_actor => {
                    let call = syntax.child(node, SyntaxKind::MacroCall);
                    if let Some(call) = call {
                        self.member_macro(&member, call, parent, scope, out);
                    }
                }
                _ => {}
            }
        }
    }

    fn member_macro(
        &mut self,
        site: &Site<'_>,
        call: NodeId,
        parent: Parent,
        scope: &Arc<ItemScope>,
        out: &mut Members,
    ) {
        let at = At { node: call, ..site.at };
        let Some(source) = self.expand_fragment(at, scope.module, &site.macros, syntax::Entry::Members) else { return };
        let parse = self.parse(source);
        let root = parse.root();
        let inner = Site { syntax: parse.syntax(), at: At { source, node: root }, macros: site.macros.clone() };
        self.expansion_depth += 1;
        self.members(&inner, root, parent, scope, out);
        self.expansion_depth -= 1;
    }

    /// Checks that a member's name is new, and remembers it.
    fn member_name(&mut self, name: Symbol, span: Span, names: &mut Vec<(Symbol, Span)>) {
        if let Some((_, old)) = names.iter().find(|(n, _)| *n == name) {
            let old = *old;
            self.duplicate(name, old, span);
        }
        names.push((name, span));
    }

    fn member_fn(
        &mut self,
        site: &Site<'_>,
        parent: Parent,
        scope: &Arc<ItemScope>,
        attrs: Vec<Attr>,
        out: &mut Members,
    ) {
        let head = self.head(site.syntax, site.at.node, scope.module, attrs);
        self.member_name(head.name, head.name_span, &mut out.values);
        let id = self.hir.fns.push(empty_fn(head, parent));
        if scope.in_actor {
            self.actor_fns.insert(id);
        }
        out.fns.push(id);
        self.fn_signature(site, id, scope.clone());
    }

    fn member_type(
        &mut self,
        site: &Site<'_>,
        parent: Parent,
        scope: &Arc<ItemScope>,
        attrs: Vec<Attr>,
        out: &mut Members,
    ) {
        let head = self.head(site.syntax, site.at.node, scope.module, attrs);
        self.member_name(head.name, head.name_span, &mut out.type_names);
        let mut inner = scope.clone();
        let parent_count = Self::param_count(scope).max(matches!(scope.self_type, SelfType::Trait(_)) as u32);
        let generics = self.generics(site, parent_count, &mut inner);
        let id = self.hir.aliases.push(Alias { head, parent, generics, bounds: Vec::new(), ty: None });
        out.types.push(id);
        self.alias_signature(site, id, inner);
    }

    fn alias_signature(&mut self, site: &Site<'_>, a: AliasId, scope: Arc<ItemScope>) {
        let mut cx = TypeCx::new(site.at.source, &scope, &site.macros);
        let bounds: Vec<Bound> = self.bounds_at(site.syntax, site.at.node, &mut cx);
        let ty = self.type_child(site.syntax, site.at.node).map(|t| self.ty(site.syntax, t, &mut cx));
        let alias = &mut self.hir.aliases[a];
        alias.bounds = bounds;
        alias.ty = ty;
        if ty.is_none() && !matches!(alias.parent, Parent::Trait(_)) {
            let span = alias.head.name_span;
            self.report(&grok::UNEXPECTED_TOKEN, span, "a type alias needs `= type` here");
        }
    }

    fn member_const(
        &mut self,
        site: &Site<'_>,
        parent: Parent,
        scope: &Arc<ItemScope>,
        attrs: Vec<Attr>,
        out: &mut Members,
    ) {
        let head = self.head(site.syntax, site.at.node, scope.module, attrs);
        self.member_name(head.name, head.name_span, &mut out.values);
        let id = self.hir.consts.push(ConstItem {
            head,
            parent,
            generics: Generics::default(),
            kind: ConstItemKind::Const,
            ty: None,
            body: None,
        });
        out.consts.push(id);
        self.const_signature(site, id, scope.clone());
    }

    fn const_signature(&mut self, site: &Site<'_>, c: ConstId, scope: Arc<ItemScope>) {
        let syntax = site.syntax;
        let node = site.at.node;
        let parent_count = Self::param_count(&scope).max(matches!(scope.self_type, SelfType::Trait(_)) as u32);
        let mut cx = TypeCx::new(site.at.source, &scope, &site.macros);
        let ty = self.const_type_node(syntax, node).map(|t| self.ty(syntax, t, &mut cx));
        let value = syntax.has(node, SyntaxKind::Equals).then(|| value_child(syntax, node)).flatten();
        let body = value.map(|v| {
            let at = At { node: v, ..site.at };
            let source = BodySource { at, form: BodyForm::Expr, scope: scope.clone(), macros: site.macros.clone() };
            self.new_body(BodyOwner::Const(c), source)
        });
        let item = &mut self.hir.consts[c];
        item.generics.parent_count = parent_count;
        item.ty = ty;
        item.body = body;
        let span = item.head.name_span;
        let needs_value = !matches!(item.parent, Parent::Trait(_) | Parent::Extern);
        let is_static = matches!(item.kind, ConstItemKind::Static { .. });
        if body.is_none() && needs_value {
            self.report(&grok::UNEXPECTED_TOKEN, span, "a value is missing: `= value`");
        }
        if is_static && ty.is_none() {
            self.report(&grok::TYPE_UNKNOWN, span, "a `static` needs a written type");
        }
    }

    /// The written type of a constant: the node after `:`.
    fn const_type_node(&self, syntax: Syntax<'_>, node: NodeId) -> Option<NodeId> {
        if !syntax.has(node, SyntaxKind::Colon) {
            return None;
        }
        syntax.children(node).find(|&c| Front::is_type(syntax.kind(c)))
    }

    // Actors.

    fn actor_members(&mut self, site: &Site<'_>, a: AdtId, scope: &Arc<ItemScope>) {
        let syntax = site.syntax;
        let Some(list) = syntax.child(site.at.node, SyntaxKind::MemberList) else { return };
        let mut fields = Vec::new();
        for node in syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::Field).collect::<Vec<_>>() {
            self.field(site, node, a, scope, &mut fields);
        }
        self.hir.adts[a].variants[0].fields = fields;
        self.hir.adts[a].variants[0].form = VariantForm::Named;
        let members = self.actor_impl(a, scope);
        let inner = ItemScope { self_type: SelfType::Impl(members), in_actor: true, ..(**scope).clone() };
        let inner = Arc::new(inner);
        let mut found = Members::default();
        self.members(site, list, Parent::Impl(members), &inner, &mut found);
        let mut info = ActorInfo {
            members,
            handlers: Vec::new(),
            init: None,
            receive: None,
            message: None,
            hooks: Vec::new(),
            wants_sender: false,
        };
        for &f in &found.fns {
            let name = self.hir.names.text(self.hir.fns[f].head.name);
            if HOOKS.contains(&name) {
                info.hooks.push(f);
            } else if name == "init" {
                info.init = Some(f);
            } else if self.hir.fns[f].self_param.is_some() {
                info.handlers.push(f);
            }
        }
        let message = self.intern("Message");
        info.message = found.types.iter().copied().find(|&t| self.hir.aliases[t].head.name == message);
        self.actor_statements(site, list, &inner, &mut info, &mut found);
        self.actor_receive(site, list, &inner, &mut info, &mut found);
        let item = &mut self.hir.impls[members];
        item.fns = found.fns;
        item.types = found.types;
        item.consts = found.consts;
        self.hir.adts[a].actor = Some(Box::new(info));
    }

    /// The implementation that holds an actor's members.
    fn actor_impl(&mut self, a: AdtId, scope: &Arc<ItemScope>) -> ImplId {
        let mut head = self.hir.adts[a].head.clone();
        head.attrs = Vec::new();
        let args = self.identity_args(scope, head.name_span);
        let self_ty = self.new_type(TypeExpr::Adt(a, args), head.name_span);
        let generics = self.hir.adts[a].generics.clone();
        self.hir.impls.push(Impl {
            head,
            generics,
            of: None,
            self_ty,
            fns: Vec::new(),
            types: Vec::new(),
            consts: Vec::new(),
            is_unsafe: false,
            derived: None,
            actor: Some(a),
        })
    }

    /// Loose statements are the body of `init`.
    fn actor_statements(
        &mut self,
        site: &Site<'_>,
        list: NodeId,
        scope: &Arc<ItemScope>,
        info: &mut ActorInfo,
        found: &mut Members,
    ) {
        let syntax = site.syntax;
        let loose = |c: &NodeId| matches!(syntax.kind(*c), SyntaxKind::LetStmt | SyntaxKind::ExprStmt);
        let Some(first) = syntax.children(list).find(loose) else { return };
        if let Some(init) = info.init {
            let name = self.hir.fns[init].head.name;
            let span = self.hir.fns[init].head.name_span;
            self.duplicate(name, span, syntax.span(first));
            return;
        }
        let span = syntax.span(first);
        let id = self.actor_fn("init", span, scope, info.members);
        let at = At { node: list, ..site.at };
        self.actor_body(id, at, BodyForm::Statements, scope, &site.macros);
        info.init = Some(id);
        found.fns.push(id);
    }

    /// The `receive { .. }` member as a function of the message.
    fn actor_receive(
        &mut self,
        site: &Site<'_>,
        list: NodeId,
        scope: &Arc<ItemScope>,
        info: &mut ActorInfo,
        found: &mut Members,
    ) {
        let syntax = site.syntax;
        for node in syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::ReceiveMember) {
            let span = syntax.span(node);
            if let Some(old) = info.receive {
                let old = self.hir.fns[old].head.name_span;
                let name = self.intern("receive");
                self.duplicate(name, old, span);
                continue;
            }
            let id = self.actor_fn("receive", span, scope, info.members);
            let ty = info.message.map(|alias| {
                let base = self.new_type(TypeExpr::SelfOf(info.members), span);
                let name = self.hir.aliases[alias].head.name;
                let args = super::GenericArgs::default();
                self.new_type(TypeExpr::Assoc { base, of: None, name, name_span: span, args }, span)
            });
            let name = self.intern("message");
            self.hir.fns[id].params = vec![ParamDecl { name: Some(name), ty, default: None, span }];
            let at = At { node, ..site.at };
            self.actor_body(id, at, BodyForm::Receive, scope, &site.macros);
            info.receive = Some(id);
            found.fns.push(id);
        }
    }

    /// A function `fn name(&mut self) -> ()` of an actor that no `fn` writes.
    fn actor_fn(&mut self, name: &str, span: Span, scope: &ItemScope, members: ImplId) -> FnId {
        let name = self.intern(name);
        let name_span = Span { end: span.start, ..span };
        let vis = super::Visibility::Module(scope.module);
        let head = super::ItemHead { name, name_span, span, module: scope.module, vis, attrs: Vec::new(), docs: None };
        let mut item = empty_fn(head, Parent::Impl(members));
        item.generics.parent_count = Self::param_count(scope);
        let kind = SelfKind::Ref(Lifetime::Elided, super::Mutability::Mut);
        item.self_param = Some(SelfParam { kind, mutable: false, span: name_span });
        item.ret = ReturnType::Type(self.new_type(TypeExpr::Tuple(Vec::new()), name_span));
        let id = self.hir.fns.push(item);
        self.actor_fns.insert(id);
        id
    }

    fn actor_body(&mut self, f: FnId, at: At, form: BodyForm, scope: &Arc<ItemScope>, macros: &MacroScope) {
        let source = BodySource { at, form, scope: scope.clone(), macros: macros.clone() };
        self.hir.fns[f].body = Some(self.new_body(BodyOwner::Fn(f), source));
    }
}

/// The members found so far, with the names they take.
#[derive(Default)]
struct Members {
    fns: Vec<FnId>,
    types: Vec<AliasId>,
    consts: Vec<ConstId>,
    values: Vec<(Symbol, Span)>,
    type_names: Vec<(Symbol, Span)>,
}

/// The expression after `=`: the last child.
fn value_child(syntax: Syntax<'_>, node: NodeId) -> Option<NodeId> {
    syntax.children(node).last()
}
