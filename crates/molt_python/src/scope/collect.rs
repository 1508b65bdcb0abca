//! The walk that fills [`Scopes`]: bindings and uses, early errors that CPython's symbol table and compiler
//! report, and the imports of the module.

mod places;

use molt_base::{FileId, Interner, Span, Symbol};
use molt_diagnostics::registry::{
    DUPLICATE_PARAMETER, INVALID_SCOPE, INVALID_SYNTAX, INVALID_TARGET, MISPLACED_STATEMENT, NESTING_LIMIT,
    SYNTAX_WARNING,
};
use molt_diagnostics::{Code, Diagnostic};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextRange};

use self::places::type_param_places;
use super::{NodeRole, Owner, Scope, ScopeId, ScopeKind, Scopes, mangle, node_key};
use crate::program::ImportRef;

/// Deepest nesting of expressions and statements in the tree.
const MAX_DEPTH: u32 = 20_000;

/// Result of the walk.
pub struct Collected {
    pub scopes: Scopes,
    pub imports: Vec<ImportRef>,
    pub diagnostics: Vec<Diagnostic>,
    /// Some class has type parameters, so that `typing.Generic` is among its bases.
    pub generic_classes: bool,
}

/// Walks a module.
pub fn collect(names: &mut Interner, file: FileId, module: &ast::ModModule) -> Collected {
    let mut c = Collector {
        names,
        file,
        scopes: Scopes::default(),
        current: ScopeId(0),
        imports: Vec::new(),
        diagnostics: Vec::new(),
        generic_classes: false,
        loops: 0,
        guards: 0,
        depth: 0,
        conditional: 0,
        comprehension_iterable: 0,
        comprehension_kind: "list",
        star_clause: None,
        future_allowed: true,
        lazy_place: ANNOTATION,
        blocks: 0,
        iterating: false,
        is_async: false,
    };
    c.scopes.class_cell = Some(c.names.intern("__class__"));
    c.scopes.class_dict = Some(c.names.intern("__classdict__"));
    c.current = c.scopes.scopes.push(Scope::new(ScopeKind::Module, None, None));
    c.scopes.by_node.insert((node_key(module), NodeRole::Body), c.current);
    c.note_annotation_scope(module);
    for (i, stmt) in module.body.iter().enumerate() {
        let docstring = i == 0 && matches!(stmt, Stmt::Expr(e) if e.value.is_string_literal_expr());
        let future = matches!(stmt, Stmt::ImportFrom(i) if i.module.as_deref() == Some("__future__"));
        c.visit_stmt(stmt);
        c.future_allowed &= docstring || future;
    }
    c.check_nonlocals();
    c.scopes.finish();
    Collected { scopes: c.scopes, imports: c.imports, diagnostics: c.diagnostics, generic_classes: c.generic_classes }
}

struct Collector<'n> {
    names: &'n mut Interner,
    file: FileId,
    scopes: Scopes,
    current: ScopeId,
    imports: Vec<ImportRef>,
    diagnostics: Vec<Diagnostic>,
    generic_classes: bool,
    loops: u32,
    /// Enclosing `try` statements that catch ImportError.
    guards: u32,
    depth: u32,
    /// Enclosing statements that may not run, within a class or module.
    conditional: u32,
    comprehension_iterable: u32,
    /// Kind of the innermost comprehension, for messages.
    comprehension_kind: &'static str,
    /// Loops at the innermost `except*` clause around the statement at hand.
    star_clause: Option<u32>,
    future_allowed: bool,
    /// What the innermost lazily evaluated part is, for messages.
    lazy_place: &'static str,
    /// Blocks open in the function.
    blocks: u32,
    /// Whether the target of a comprehension's loop is being walked.
    iterating: bool,
    /// Whether the code runs in a coroutine.
    is_async: bool,
}

const ANNOTATION: &str = "an annotation";

impl Collector<'_> {
    fn error(&mut self, code: &'static Code, range: TextRange, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::at(code, self.span(range), message));
    }

    fn span(&self, range: TextRange) -> Span {
        Span { file: self.file, start: range.start().to_u32(), end: range.end().to_u32() }
    }

    fn symbol(&mut self, name: &str) -> Symbol {
        let private = self.scopes.scopes[self.current].private.as_deref();
        match mangle(private, name) {
            Some(mangled) => self.names.intern(&mangled),
            None => self.names.intern(name),
        }
    }

    fn here(&mut self) -> &mut Scope {
        &mut self.scopes.scopes[self.current]
    }

    fn bind(&mut self, name: &str, range: TextRange) {
        self.refuse_debug(name, ExprContext::Store, range);
        let symbol = self.symbol(name);
        let iterating = self.iterating;
        let use_ = self.here().name_mut(symbol);
        let rebound = iterating && (use_.global || use_.nonlocal);
        use_.bound = true;
        use_.imported = false;
        if rebound {
            let message = format!("comprehension inner loop cannot rebind assignment expression target '{name}'");
            self.error(&INVALID_TARGET, range, message);
        }
    }

    fn bind_import(&mut self, name: &str, range: TextRange) {
        let symbol = self.symbol(name);
        let before = self.here().name(symbol);
        self.bind(name, range);
        self.here().name_mut(symbol).imported = !before.bound || before.imported;
    }

    fn use_name(&mut self, name: &str) {
        let symbol = self.symbol(name);
        self.here().name_mut(symbol).used = true;
        if name == "super" && self.in_function() {
            let class_cell = self.scopes.class_cell.expect("interned at the start");
            self.here().name_mut(class_cell).used = true;
        }
    }

    fn in_function(&self) -> bool {
        let host = self.scopes.host(self.current);
        matches!(self.scopes.scopes[host].kind, ScopeKind::Function)
    }

    /// Opens a scope for the node, runs `body` in it and returns to the present scope.
    fn within<T>(
        &mut self,
        node: &T,
        role: NodeRole,
        kind: ScopeKind,
        private: Option<String>,
        body: impl FnOnce(&mut Self),
    ) {
        let private = private.or_else(|| self.scopes.scopes[self.current].private.clone());
        let id = self.scopes.scopes.push(Scope::new(kind, Some(self.current), private));
        self.scopes.by_node.insert((node_key(node), role), id);
        let outer = std::mem::replace(&mut self.current, id);
        let loops = if kind.is_inlined() { self.loops } else { std::mem::take(&mut self.loops) };
        let conditional = std::mem::take(&mut self.conditional);
        let star_clause = if kind.is_inlined() { self.star_clause } else { self.star_clause.take() };
        let blocks = if kind.is_inlined() { self.blocks } else { std::mem::take(&mut self.blocks) };
        let is_async = self.is_async && kind.is_inlined();
        let is_async = std::mem::replace(&mut self.is_async, is_async);
        body(self);
        self.is_async = is_async;
        self.blocks = blocks;
        self.star_clause = star_clause;
        self.conditional = conditional;
        self.loops = loops;
        self.current = outer;
    }

    /// Module and class annotations share one scope below theirs.
    fn note_annotation_scope<T>(&mut self, node: &T) {
        self.within(node, NodeRole::Annotations, ScopeKind::Annotations, None, |_| {});
    }

    fn parameters(&mut self, parameters: &ast::Parameters) {
        let all = parameters.iter_non_variadic_params().map(|p| &p.parameter);
        let all = all.chain(parameters.vararg.as_deref()).chain(parameters.kwarg.as_deref());
        for p in all {
            let symbol = self.symbol(&p.name);
            if self.here().name(symbol).param {
                let message = format!("duplicate argument '{}' in function definition", p.name);
                self.error(&DUPLICATE_PARAMETER, p.name.range, message);
            }
            self.bind(&p.name, p.name.range);
            self.here().name_mut(symbol).param = true;
        }
        let first = parameters.posonlyargs.first().or(parameters.args.first());
        let first = first.map(|p| p.parameter.name.as_str().to_owned());
        let first = first.map(|n| self.symbol(&n));
        self.here().first_param = first;
    }

    fn defaults(&mut self, parameters: &ast::Parameters) {
        for default in parameters.iter_non_variadic_params().filter_map(|p| p.default.as_deref()) {
            self.visit_expr(default);
        }
    }

    fn function(&mut self, f: &ast::StmtFunctionDef) {
        for d in &f.decorator_list {
            self.visit_expr(&d.expression);
        }
        self.defaults(&f.parameters);
        self.bind(&f.name, f.name.range);
        match &f.type_params {
            Some(params) => self.within(&**params, NodeRole::TypeParams, ScopeKind::TypeParams, None, |c| {
                c.type_params(params);
                c.function_body(f);
            }),
            None => self.function_body(f),
        }
    }

    fn function_body(&mut self, f: &ast::StmtFunctionDef) {
        if !self.scopes.string_annotations && has_annotations(f) {
            self.within(f, NodeRole::Annotations, ScopeKind::Annotations, None, |c| {
                for p in f.parameters.iter() {
                    if let Some(a) = p.annotation() {
                        c.annotation(a);
                    }
                }
                if let Some(returns) = &f.returns {
                    c.annotation(returns);
                }
            });
        }
        self.within(f, NodeRole::Body, ScopeKind::Function, None, |c| {
            c.is_async = f.is_async;
            c.parameters(&f.parameters);
            c.visit_body(&f.body);
        });
    }

    fn annotation(&mut self, e: &Expr) {
        match e {
            // `*args: *Ts`
            Expr::Starred(s) => self.visit_expr(&s.value),
            _ => self.visit_expr(e),
        }
    }

    fn type_params(&mut self, params: &ast::TypeParams) {
        for p in &params.type_params {
            let symbol = self.symbol(p.name());
            if self.here().name(symbol).param {
                let message = format!("duplicate type parameter '{}'", p.name());
                self.error(&DUPLICATE_PARAMETER, p.name().range, message);
            }
            self.bind(p.name(), p.name().range);
            self.here().name_mut(symbol).param = true;
        }
        self.check_type_defaults(params);
        for p in &params.type_params {
            let (bound_place, default_place) = type_param_places(p);
            if let ast::TypeParam::TypeVar(v) = p
                && let Some(bound) = &v.bound
            {
                self.lazy(bound, bound_place);
            }
            if let Some(default) = p.default() {
                self.lazy(default, default_place);
            }
        }
    }

    /// An expression that runs in a frame of its own when it is asked for.
    fn lazy(&mut self, e: &Expr, place: &'static str) {
        let outer = std::mem::replace(&mut self.lazy_place, place);
        self.within(e, NodeRole::Annotations, ScopeKind::Annotations, None, |c| c.annotation(e));
        self.lazy_place = outer;
    }

    fn class(&mut self, class: &ast::StmtClassDef) {
        for d in &class.decorator_list {
            self.visit_expr(&d.expression);
        }
        self.bind(&class.name, class.name.range);
        match &class.type_params {
            Some(params) => self.within(&**params, NodeRole::TypeParams, ScopeKind::TypeParams, None, |c| {
                c.generic_classes = true;
                c.type_params(params);
                c.class_body(class);
            }),
            None => self.class_body(class),
        }
    }

    fn class_body(&mut self, class: &ast::StmtClassDef) {
        if let Some(arguments) = &class.arguments {
            self.visit_arguments(arguments);
        }
        let private = Some(class.name.as_str().to_owned());
        self.within(class, NodeRole::Body, ScopeKind::Class, private, |c| {
            c.note_annotation_scope(class);
            c.visit_body(&class.body);
        });
    }

    fn comprehension<'a, T>(
        &mut self,
        node: &T,
        kind: &'static str,
        generators: &'a [ast::Comprehension],
        elements: &[&'a Expr],
    ) {
        let Some((first, rest)) = generators.split_first() else { return };
        if let Some(part) = generators.iter().find(|g| g.is_async)
            && !self.is_async
            && !self.in_generator_expression()
        {
            let message = "asynchronous comprehension outside of an asynchronous function";
            self.error(&MISPLACED_STATEMENT, part.range, message);
        }
        self.comprehension_iterable += 1;
        self.visit_expr(&first.iter);
        self.comprehension_iterable -= 1;
        let outer_kind = std::mem::replace(&mut self.comprehension_kind, kind);
        self.within(node, NodeRole::Body, ScopeKind::Comprehension, None, |c| {
            let outer = std::mem::take(&mut c.comprehension_iterable);
            c.comprehension_part(first);
            for g in rest {
                c.comprehension_iterable += 1;
                c.visit_expr(&g.iter);
                c.comprehension_iterable -= 1;
                c.comprehension_part(g);
            }
            for e in elements {
                c.visit_expr(e);
            }
            c.comprehension_iterable = outer;
        });
        self.comprehension_kind = outer_kind;
    }

    fn comprehension_part(&mut self, g: &ast::Comprehension) {
        let before = self.here().names.len();
        let outer = std::mem::replace(&mut self.iterating, true);
        self.visit_expr(&g.target);
        self.iterating = outer;
        let scope = self.here();
        for (_, n) in &mut scope.names[before..] {
            n.iteration |= n.bound;
        }
        for e in &g.ifs {
            self.visit_expr(e);
        }
    }

    /// `name := value` binds in the function around all comprehensions.
    fn walrus(&mut self, target: &ast::ExprName) {
        let name = target.id.as_str();
        if self.comprehension_iterable > 0 {
            let message = "assignment expression cannot be used in a comprehension iterable expression";
            self.error(&INVALID_TARGET, target.range, message);
        }
        let symbol = self.symbol(name);
        let mut at = self.current;
        loop {
            let scope = &self.scopes.scopes[at];
            let is_comprehension = scope.kind == ScopeKind::Comprehension || self.is_generator_expression(at);
            if !is_comprehension {
                break;
            }
            let (iteration, parent) = (scope.name(symbol).iteration, scope.parent);
            if iteration {
                let message = format!("assignment expression cannot rebind comprehension iteration variable '{name}'");
                self.error(&INVALID_TARGET, target.range, message);
            }
            at = parent.expect("comprehensions have a parent");
        }
        if let Some(place) = self.closed_place(self.scopes.scopes[at].kind) {
            let message = match at == self.current {
                true => format!("named expression cannot be used within {place}"),
                false => {
                    let preposition =
                        if self.scopes.scopes[at].kind == ScopeKind::TypeParams { "within" } else { "in" };
                    format!("assignment expression within a comprehension cannot be used {preposition} {place}")
                }
            };
            self.error(&INVALID_TARGET, target.range, message);
        }
        if at == self.current {
            self.bind(name, target.range);
            return;
        }
        match self.scopes.scopes[at].kind {
            ScopeKind::Class => {
                let message = "assignment expression within a comprehension cannot be used in a class body";
                self.error(&INVALID_TARGET, target.range, message);
            }
            ScopeKind::Module => {
                self.scopes.scopes[at].name_mut(symbol).bound = true;
                self.declare_between(at, symbol, |n| n.global = true);
            }
            _ => {
                self.scopes.scopes[at].name_mut(symbol).bound = true;
                self.declare_between(at, symbol, |n| n.nonlocal = true);
            }
        }
    }

    fn declare_between(&mut self, end: ScopeId, symbol: Symbol, mut set: impl FnMut(&mut super::NameUse)) {
        let mut at = self.current;
        while at != end {
            let n = self.scopes.scopes[at].name_mut(symbol);
            n.bound = true;
            set(n);
            at = self.scopes.scopes[at].parent.expect("`end` is around the current scope");
        }
    }

    fn is_generator_expression(&self, id: ScopeId) -> bool {
        self.scopes.scopes[id].first_param.is_some_and(|s| self.names.text(s) == ".0")
    }

    fn declare(&mut self, identifiers: &[ast::Identifier], global: bool) {
        let word = if global { "global" } else { "nonlocal" };
        for identifier in identifiers {
            let name = identifier.as_str();
            let symbol = self.symbol(name);
            let n = self.here().name(symbol);
            let message = if n.param {
                format!("name '{name}' is parameter and {word}")
            } else if global && n.nonlocal || !global && n.global {
                format!("name '{name}' is nonlocal and global")
            } else if n.annotated {
                format!("annotated name '{name}' can't be {word}")
            } else if n.bound && !n.imported {
                format!("name '{name}' is assigned to before {word} declaration")
            } else if n.used {
                format!("name '{name}' is used prior to {word} declaration")
            } else if !global && self.here().kind == ScopeKind::Module {
                "nonlocal declaration not allowed at module level".to_owned()
            } else {
                String::new()
            };
            if !message.is_empty() {
                self.error(&INVALID_SCOPE, identifier.range, message);
                continue;
            }
            let n = self.here().name_mut(symbol);
            n.global |= global;
            n.nonlocal |= !global;
        }
        if !global {
            self.pending_nonlocals(identifiers);
        }
    }

    /// Remembers declarations by marking them used; [`Collector::check_nonlocals`] looks for their owners.
    fn pending_nonlocals(&mut self, identifiers: &[ast::Identifier]) {
        for identifier in identifiers {
            let symbol = self.symbol(identifier.as_str());
            let span = self.span(identifier.range);
            self.scopes.nonlocals.push((self.current, symbol, span));
        }
    }

    fn check_nonlocals(&mut self) {
        for (scope, symbol, span) in std::mem::take(&mut self.scopes.nonlocals) {
            if !self.scopes.scopes[scope].name(symbol).nonlocal {
                continue;
            }
            let name = self.names.text(symbol);
            let message = match self.scopes.resolve(scope, symbol).owner {
                Owner::Global => format!("no binding for nonlocal '{name}' found"),
                Owner::Scope(owner) if self.scopes.scopes[owner].kind == ScopeKind::TypeParams => {
                    format!("nonlocal binding not allowed for type parameter '{name}'")
                }
                Owner::Scope(_) => continue,
            };
            self.diagnostics.push(Diagnostic::at(&INVALID_SCOPE, span, message));
        }
    }

    fn yield_(&mut self, range: TextRange, word: &str) {
        let host = self.scopes.host(self.current);
        let kind = self.scopes.scopes[self.current].kind;
        if self.scopes.scopes[host].kind == ScopeKind::Function && self.is_generator_expression(host) {
            self.error(&MISPLACED_STATEMENT, range, "'yield' inside generator expression");
        } else if kind == ScopeKind::Comprehension {
            let kind = self.comprehension_kind;
            self.error(&MISPLACED_STATEMENT, range, format!("'yield' inside {kind} comprehension"));
        } else if !self.refuse_at_closed_place(range, "yield") && self.scopes.scopes[host].kind != ScopeKind::Function {
            self.error(&MISPLACED_STATEMENT, range, format!("'{word}' outside function"));
        }
        self.scopes.scopes[host].is_generator = true;
    }

    /// An attribute stored through a method's first parameter becomes a known attribute of the class.
    fn instance_attribute(&mut self, a: &ast::ExprAttribute) {
        let Expr::Name(base) = &*a.value else { return };
        let base = self.symbol(&base.id);
        let Owner::Scope(owner) = self.scopes.resolve(self.current, base).owner else { return };
        let method = &self.scopes.scopes[owner];
        if method.first_param != Some(base) {
            return;
        }
        let Some(class) = method.parent.map(|p| self.skip_type_params(p)) else { return };
        if self.scopes.scopes[class].kind != ScopeKind::Class {
            return;
        }
        let attr = self.symbol(&a.attr);
        let attrs = &mut self.scopes.scopes[class].instance_attrs;
        if !attrs.contains(&attr) {
            attrs.push(attr);
        }
    }

    fn skip_type_params(&self, mut scope: ScopeId) -> ScopeId {
        while self.scopes.scopes[scope].kind == ScopeKind::TypeParams {
            scope = self.scopes.scopes[scope].parent.expect("type parameters have a parent");
        }
        scope
    }

    fn annotated_assignment(&mut self, a: &ast::StmtAnnAssign) {
        let kind = self.here().kind;
        if let Expr::Name(name) = &*a.target {
            let symbol = self.symbol(&name.id);
            let n = self.here().name(symbol);
            if a.simple && (n.global || n.nonlocal) && kind != ScopeKind::Module {
                let word = if n.global { "global" } else { "nonlocal" };
                self.error(&INVALID_SCOPE, name.range, format!("annotated name '{}' can't be {word}", name.id));
            }
            self.bind(&name.id, name.range);
            self.here().name_mut(symbol).annotated |= a.simple;
        } else {
            self.visit_expr(&a.target);
        }
        if matches!(kind, ScopeKind::Module | ScopeKind::Class)
            && a.simple
            && a.target.is_name_expr()
            && !self.scopes.string_annotations
        {
            let annotations = self.annotation_scope();
            let outer = std::mem::replace(&mut self.current, annotations);
            self.annotation(&a.annotation);
            self.current = outer;
            if self.conditional > 0 {
                self.here().conditional_annotations = true;
                // The annotate function asks the namespace which annotations were passed.
                let class_dict = self.scopes.class_dict.expect("interned at the start");
                self.scopes.scopes[annotations].name_mut(class_dict).used = true;
            }
        }
        if !a.target.is_name_expr() {
            // Nothing ever evaluates it; its faults count all the same.
            self.lazy(&a.annotation, ANNOTATION);
        }
        if let Some(value) = &a.value {
            self.visit_expr(value);
        }
    }

    /// The annotation scope of the current module or class: the first child that was made for it.
    fn annotation_scope(&self) -> ScopeId {
        let next = ScopeId(self.current.0 + 1);
        debug_assert_eq!(self.scopes.scopes[next].kind, ScopeKind::Annotations);
        next
    }

    fn import(&mut self, import: &ast::StmtImport) {
        for alias in &import.names {
            let bound = match &alias.asname {
                Some(name) => name.as_str(),
                None => alias.name.as_str().split('.').next().unwrap_or_default(),
            };
            self.bind_import(bound, alias.range);
            self.imports.push(ImportRef {
                module: alias.name.to_string(),
                level: 0,
                names: Vec::new(),
                span: self.span(alias.name.range),
                in_function: self.in_function(),
                guarded: self.guards > 0,
            });
        }
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom) {
        let module = import.module.as_ref().map(|m| m.to_string()).unwrap_or_default();
        if module == "__future__" && import.level == 0 {
            self.future(import);
        }
        let mut names = Vec::new();
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                if self.here().kind != ScopeKind::Module {
                    self.error(&INVALID_SCOPE, alias.range, "import * only allowed at module level");
                }
                continue;
            }
            self.bind_import(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), alias.range);
            self.names.intern(&alias.name);
            names.push(alias.name.to_string());
        }
        let range = import.module.as_ref().map_or(import.range, |m| m.range);
        self.imports.push(ImportRef {
            module,
            level: import.level,
            names,
            span: self.span(range),
            in_function: self.in_function(),
            guarded: self.guards > 0,
        });
    }

    fn future(&mut self, import: &ast::StmtImportFrom) {
        if !self.future_allowed || self.here().kind != ScopeKind::Module {
            let message = "from __future__ imports must occur at the beginning of the file";
            self.error(&INVALID_SYNTAX, import.range, message);
        }
        const FEATURES: &[&str] = &[
            "nested_scopes",
            "generators",
            "division",
            "absolute_import",
            "with_statement",
            "print_function",
            "unicode_literals",
            "generator_stop",
        ];
        for alias in &import.names {
            match alias.name.as_str() {
                "annotations" => self.scopes.string_annotations = true,
                "barry_as_FLUFL" => self.error(&INVALID_SYNTAX, alias.range, "not a chance"),
                "braces" => self.error(&INVALID_SYNTAX, alias.range, "not a chance"),
                name if FEATURES.contains(&name) => {}
                name => self.error(&INVALID_SYNTAX, alias.range, format!("future feature {name} is not defined")),
            }
        }
    }

    fn try_(&mut self, t: &ast::StmtTry) {
        let last = t.handlers.len().saturating_sub(1);
        for (i, handler) in t.handlers.iter().enumerate() {
            let ast::ExceptHandler::ExceptHandler(h) = handler;
            if h.type_.is_none() && i != last {
                self.error(&INVALID_SYNTAX, h.range, "default 'except:' must be last");
            }
        }
        let guard = u32::from(t.handlers.iter().any(catches_import_error));
        let (catches, ends) = (usize::from(!t.handlers.is_empty()), usize::from(!t.finalbody.is_empty()));
        self.conditional += 1;
        self.guards += guard;
        self.blocks(catches + ends, t.range, |c| c.visit_body(&t.body));
        self.guards -= guard;
        let star_clause = self.star_clause;
        if t.is_star {
            self.star_clause = Some(self.loops);
        }
        // The clause and what restores the handled exception after it.
        self.blocks(2 * catches + ends, t.range, |c| t.handlers.iter().for_each(|h| c.visit_except_handler(h)));
        self.star_clause = star_clause;
        self.blocks(ends, t.range, |c| c.visit_body(&t.orelse));
        self.conditional -= 1;
        self.blocks(ends, t.range, |c| c.visit_body(&t.finalbody));
    }

    fn loop_body<'a>(&mut self, range: TextRange, body: &'a [Stmt], orelse: &'a [Stmt]) {
        self.conditional += 1;
        self.loops += 1;
        self.blocks(1, range, |c| c.visit_body(body));
        self.loops -= 1;
        self.visit_body(orelse);
        self.conditional -= 1;
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::FunctionDef(f) => self.function(f),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::TypeAlias(alias) => {
                if let Expr::Name(name) = &*alias.name {
                    self.bind(&name.id, name.range);
                }
                match &alias.type_params {
                    Some(params) => self.within(&**params, NodeRole::TypeParams, ScopeKind::TypeParams, None, |c| {
                        c.type_params(params);
                        c.lazy(&alias.value, "a type alias");
                    }),
                    None => self.lazy(&alias.value, "a type alias"),
                }
            }
            Stmt::AnnAssign(a) => self.annotated_assignment(a),
            Stmt::AugAssign(a) => {
                if let Expr::Name(name) = &*a.target {
                    self.use_name(&name.id);
                }
                self.visit_expr(&a.target);
                self.visit_expr(&a.value);
            }
            Stmt::Global(g) => self.declare(&g.names, true),
            Stmt::Nonlocal(n) => self.declare(&n.names, false),
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Try(t) => self.try_(t),
            Stmt::For(f) => {
                if f.is_async {
                    self.check_async("'async for'", f.range);
                }
                self.check_loop_target(&f.target);
                self.visit_expr(&f.iter);
                self.visit_expr(&f.target);
                self.loop_body(f.range, &f.body, &f.orelse);
            }
            Stmt::While(w) => {
                self.visit_expr(&w.test);
                self.loop_body(w.range, &w.body, &w.orelse);
            }
            Stmt::If(_) | Stmt::Match(_) | Stmt::With(_) => {
                let guard = u32::from(matches!(stmt, Stmt::If(i) if is_type_checking(&i.test)));
                self.guards += guard;
                self.conditional += 1;
                let managers = if let Stmt::With(w) = stmt { w.items.len() } else { 0 };
                if matches!(stmt, Stmt::With(w) if w.is_async) {
                    self.check_async("'async with'", stmt.range());
                }
                self.blocks(managers, stmt.range(), |c| visitor::walk_stmt(c, stmt));
                self.conditional -= 1;
                self.guards -= guard;
            }
            Stmt::Break(_) | Stmt::Continue(_) if self.star_clause == Some(self.loops) => self.star_jump(stmt),
            Stmt::Return(_) if self.star_clause.is_some() => self.star_jump(stmt),
            Stmt::Expr(e) if e.value.is_starred_expr() => self.stray_star(&e.value),
            Stmt::Assign(a) if a.value.is_starred_expr() => self.stray_star(&a.value),
            Stmt::Assign(a) if a.targets.iter().any(Expr::is_starred_expr) => {
                self.error(&INVALID_TARGET, a.range, "starred assignment target must be in a list or tuple");
            }
            Stmt::Break(b) if self.loops == 0 => self.error(&MISPLACED_STATEMENT, b.range, "'break' outside loop"),
            Stmt::Continue(s) if self.loops == 0 => {
                self.error(&MISPLACED_STATEMENT, s.range, "'continue' not properly in loop");
            }
            Stmt::Assert(a) => {
                if matches!(&*a.test, Expr::Tuple(t) if !t.elts.is_empty()) {
                    self.error(&SYNTAX_WARNING, a.range, "assertion is always true, perhaps remove parentheses?");
                }
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Return(r) => {
                if !self.in_function() {
                    self.error(&MISPLACED_STATEMENT, r.range, "'return' outside function");
                }
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn star_jump(&mut self, stmt: &Stmt) {
        let message = "'break', 'continue' and 'return' cannot appear in an except* block";
        self.error(&MISPLACED_STATEMENT, stmt.range(), message);
    }

    fn stray_star(&mut self, e: &Expr) {
        self.error(&INVALID_SYNTAX, e.range(), "can't use starred expression here");
    }

    fn expression(&mut self, e: &Expr) {
        match e {
            Expr::Name(n) => match n.ctx {
                ExprContext::Load | ExprContext::Invalid => self.use_name(&n.id),
                ExprContext::Store => self.bind(&n.id, n.range),
                ExprContext::Del if &*n.id == "__debug__" => self.refuse_debug(&n.id, n.ctx, n.range),
                ExprContext::Del => self.bind(&n.id, n.range),
            },
            Expr::Named(n) => {
                self.visit_expr(&n.value);
                if let Expr::Name(target) = &*n.target {
                    self.walrus(target);
                }
            }
            Expr::Lambda(l) => {
                if let Some(parameters) = &l.parameters {
                    self.defaults(parameters);
                }
                self.within(l, NodeRole::Body, ScopeKind::Function, None, |c| {
                    if let Some(parameters) = &l.parameters {
                        c.parameters(parameters);
                    }
                    c.visit_expr(&l.body);
                });
            }
            Expr::Await(a) if self.refuse_at_closed_place(a.range, "await") => {}
            Expr::Await(a) if !self.in_function() => {
                self.error(&MISPLACED_STATEMENT, a.range, "'await' outside function");
            }
            Expr::Await(a) if !self.is_async && !self.in_generator_expression() => {
                self.error(&MISPLACED_STATEMENT, a.range, "'await' outside async function");
            }
            Expr::ListComp(l) => self.comprehension(l, "list", &l.generators, &[&l.elt]),
            Expr::SetComp(l) => self.comprehension(l, "set", &l.generators, &[&l.elt]),
            Expr::DictComp(d) => {
                let mut elements: Vec<&Expr> = d.key.as_deref().into_iter().collect();
                elements.push(&d.value);
                self.comprehension(d, "dict", &d.generators, &elements);
            }
            Expr::Generator(g) => self.generator(g),
            Expr::Yield(y) => {
                self.yield_(y.range, "yield");
                visitor::walk_expr(self, e);
            }
            Expr::YieldFrom(y) => {
                self.yield_(y.range, "yield from");
                visitor::walk_expr(self, e);
            }
            Expr::Compare(c) => {
                self.warn_identity(c);
                visitor::walk_expr(self, e);
            }
            Expr::NumberLiteral(n) => self.check_digits(n),
            Expr::Tuple(ast::ExprTuple { elts, ctx, .. }) | Expr::List(ast::ExprList { elts, ctx, .. }) => {
                self.check_stars(elts, *ctx, e.range());
                visitor::walk_expr(self, e);
            }
            Expr::FString(f) => {
                self.check_format_specs(&f.value);
                visitor::walk_expr(self, e);
            }
            Expr::Attribute(a) => {
                self.names.intern(&a.attr);
                if a.ctx == ExprContext::Store {
                    self.refuse_debug(&a.attr, a.ctx, a.range);
                }
                self.visit_expr(&a.value);
                if a.ctx == ExprContext::Store {
                    self.instance_attribute(a);
                }
            }
            _ => visitor::walk_expr(self, e),
        }
    }

    /// `is` between an object and a literal tests nothing reliable.
    fn warn_identity(&mut self, c: &ast::ExprCompare) {
        let mut left = &*c.left;
        for (op, right) in c.ops.iter().zip(&c.comparators) {
            let word = match op {
                ast::CmpOp::Is => "is",
                ast::CmpOp::IsNot => "is not",
                _ => "",
            };
            if !word.is_empty()
                && let Some(kind) = literal_kind(left).or_else(|| literal_kind(right))
            {
                let instead = if word == "is" { "==" } else { "!=" };
                let message = format!("\"{word}\" with '{kind}' literal. Did you mean \"{instead}\"?");
                self.error(&SYNTAX_WARNING, c.range, message);
            }
            left = right;
        }
    }

    fn generator(&mut self, g: &ast::ExprGenerator) {
        let Some((first, rest)) = g.generators.split_first() else { return };
        self.comprehension_iterable += 1;
        self.visit_expr(&first.iter);
        self.comprehension_iterable -= 1;
        self.within(g, NodeRole::Body, ScopeKind::Function, None, |c| {
            let outer = std::mem::take(&mut c.comprehension_iterable);
            let iterator = c.names.intern(".0");
            *c.here().name_mut(iterator) = super::NameUse { bound: true, param: true, ..Default::default() };
            c.here().first_param = Some(iterator);
            c.here().is_generator = true;
            c.comprehension_part(first);
            for part in rest {
                c.comprehension_iterable += 1;
                c.visit_expr(&part.iter);
                c.comprehension_iterable -= 1;
                c.comprehension_part(part);
            }
            c.visit_expr(&g.elt);
            c.comprehension_iterable = outer;
        });
    }

    /// Counts nesting; past the limit the subtree is skipped, so that later passes may recurse.
    fn nested(&mut self, range: TextRange, body: impl FnOnce(&mut Self)) {
        self.depth += 1;
        if self.depth == MAX_DEPTH {
            self.error(&NESTING_LIMIT, range, "expression is nested too deeply");
        } else if self.depth < MAX_DEPTH {
            body(self);
        }
        self.depth -= 1;
    }
}

impl<'a> Visitor<'a> for Collector<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.nested(stmt.range(), |c| c.statement(stmt));
    }

    fn visit_expr(&mut self, e: &'a Expr) {
        self.nested(e.range(), |c| c.expression(e));
    }

    fn visit_keyword(&mut self, keyword: &'a ast::Keyword) {
        self.visit_expr(&keyword.value);
    }

    fn visit_arguments(&mut self, arguments: &'a ast::Arguments) {
        let mut seen: Vec<&str> = Vec::new();
        for keyword in &arguments.keywords {
            let Some(name) = keyword.arg.as_ref().map(|a| a.as_str()) else { continue };
            self.refuse_debug(name, ExprContext::Store, keyword.range);
            if seen.contains(&name) {
                self.error(&DUPLICATE_PARAMETER, keyword.range, format!("keyword argument repeated: {name}"));
            }
            seen.push(name);
        }
        for argument in &arguments.args {
            self.visit_expr(argument);
        }
        for keyword in &arguments.keywords {
            self.visit_keyword(keyword);
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(h) = handler;
        if let Some(type_) = &h.type_ {
            self.visit_expr(type_);
        }
        if let Some(name) = &h.name {
            self.bind(name, name.range);
        }
        self.visit_body(&h.body);
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        let name = match pattern {
            ast::Pattern::MatchAs(p) => p.name.as_ref(),
            ast::Pattern::MatchStar(p) => p.name.as_ref(),
            ast::Pattern::MatchMapping(p) => p.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name, name.range);
        }
        self.check_value_pattern(pattern);
        self.nested(pattern.range(), |c| visitor::walk_pattern(c, pattern));
    }
}

/// Whether the function has any annotation.
pub fn has_annotations(f: &ast::StmtFunctionDef) -> bool {
    f.returns.is_some() || f.parameters.iter().any(|p| p.annotation().is_some())
}

/// Class of a literal whose identity means nothing.
fn literal_kind(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::NumberLiteral(n) => match n.value {
            ast::Number::Int(_) => "int",
            ast::Number::Float(_) => "float",
            ast::Number::Complex { .. } => "complex",
        },
        Expr::StringLiteral(_) => "str",
        Expr::BytesLiteral(_) => "bytes",
        Expr::Tuple(t) if t.elts.iter().all(|e| literal_kind(e).is_some()) => "tuple",
        _ => return None,
    })
}

fn catches_import_error(handler: &ast::ExceptHandler) -> bool {
    let ast::ExceptHandler::ExceptHandler(h) = handler;
    let names = |e: &Expr| {
        let name = match e {
            Expr::Name(n) => n.id.as_str(),
            Expr::Attribute(a) => a.attr.as_str(),
            _ => "",
        };
        matches!(name, "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException")
    };
    match h.type_.as_deref() {
        None => true,
        Some(Expr::Tuple(t)) => t.elts.iter().any(names),
        Some(e) => names(e),
    }
}

fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(n) => n.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(a) => a.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}
