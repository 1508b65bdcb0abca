//! The types of expressions.

use molt_base::EntityId;
use molt_diagnostics::registry::claude as code;

use super::annotation::Scope;
use super::calls::Target;
use super::row::{Row, Rows};
use super::ty::{Base, Con, FnTy, Ty, TyId, Types};
use super::{Checker, State};
use crate::core::{ExprId, ExprKind, GlobalId, LambdaId, LocalId, Match, ModuleId, Otherwise, PatId, PatternKind, Try};
use crate::library::{BUILTINS, Code};
use crate::stx::StxId;
use crate::syntax::Kind;

impl Checker<'_> {
    /// The type of an expression; a `lambda` gets types of its parameters from what is expected.
    pub fn infer(&mut self, e: ExprId, expected: Option<TyId>) -> TyId {
        let t = self.infer_inside(e, expected);
        self.exprs[e.index()] = t;
        t
    }

    fn infer_inside(&mut self, e: ExprId, expected: Option<TyId>) -> TyId {
        let core = self.core;
        match core.kind(e) {
            ExprKind::Error | ExprKind::Foreign(..) => Types::ANY,
            ExprKind::Nil => Types::base(Base::Nil),
            ExprKind::Bool(_) => Types::base(Base::Bool),
            ExprKind::Int(_) | ExprKind::BigInt(_) => Types::base(Base::Int),
            ExprKind::Float(_) => Types::base(Base::Float),
            ExprKind::Str(_) => Types::base(Base::String),
            ExprKind::Keyword(_) => Types::base(Base::Keyword),
            ExprKind::Quote(s) => self.quoted(*s),
            ExprKind::Templated(list, _) => self.infer(*list, None),
            ExprKind::Local(l) => {
                self.escaping.extend(core.locals[*l].lambda);
                self.local(*l)
            }
            ExprKind::Global(g) => {
                self.escaping.extend(core.globals[*g].lambda);
                self.global(*g)
            }
            ExprKind::Builtin(b) => {
                let name = core.names.lookup(BUILTINS[b.0 as usize].name);
                let types = name.map(|n| self.signatures(n)).unwrap_or_default();
                types.last().copied().unwrap_or(Types::ANY)
            }
            ExprKind::Ctor(c) => {
                let t = self.ctor(*c);
                if core.ctors[*c].fields.is_empty() { self.construct(t) } else { t }
            }
            ExprKind::Operation(o) => self.operation(*o),
            ExprKind::Init(l, v) => self.init(*l, *v),
            ExprKind::InitGlobal(g, v) => self.init_global(*g, *v),
            ExprKind::SetLocal(l, v) => {
                let found = self.infer(*v, None);
                if self.owners[l.index()] != self.owner {
                    self.writes(e);
                }
                self.assigned(self.locals[l.index()].filter(|_| core.locals[*l].ty.is_some()), *v, found)
            }
            ExprKind::SetGlobal(g, v) => {
                let found = self.infer(*v, None);
                self.writes(e);
                self.assigned(self.globals[g.index()].filter(|_| core.globals[*g].ty.is_some()), *v, found)
            }
            ExprKind::If(test, then, other) => self.choice(*test, *then, *other, expected),
            ExprKind::Do(list) => self.sequence(list, expected),
            ExprKind::Let(l, v, body) => {
                let t = self.infer(*v, None);
                self.bound(*l, t);
                self.values.insert(*l, *v);
                self.infer(*body, expected)
            }
            ExprKind::Block(locals, body) => {
                for &l in locals {
                    self.owners[l.index()] = self.owner;
                }
                self.infer(*body, expected)
            }
            ExprKind::Lambda(l) => {
                self.escaping.insert(*l);
                self.lambda(*l, expected)
            }
            ExprKind::Call(callee, list) => self.call(*callee, list, e),
            ExprKind::Prim(b, list) => self.prim(b.0 as usize, list, e),
            ExprKind::Loop(id) => {
                let l = &core.loops[*id];
                for &(local, value) in &l.locals {
                    self.infer(value, None);
                    self.bound(local, Types::ANY);
                }
                self.infer(l.body, expected)
            }
            ExprKind::Recur(_, list) => {
                list.iter().for_each(|&e| {
                    self.infer(e, None);
                });
                Types::NEVER
            }
            ExprKind::ForEach(l, list, body) => {
                let found = self.infer(*list, None);
                let lists = self.types.app(Con::List, &[Types::ANY]);
                self.fit(*list, lists, false);
                let item = self.part(found, Con::List, 0);
                self.bound(*l, item);
                self.conditions += 1;
                self.infer(*body, None);
                self.conditions -= 1;
                Types::base(Base::Nil)
            }
            ExprKind::List(list) => self.collection(Con::List, list),
            ExprKind::Set(list) => self.collection(Con::Set, list),
            ExprKind::Map(list) => {
                let found: Vec<TyId> = list.iter().map(|&e| self.infer(e, None)).collect();
                let keys = self.types.join_all(found.iter().copied().step_by(2));
                let values = self.types.join_all(found.iter().copied().skip(1).step_by(2));
                self.types.app(Con::Map, &[keys, values])
            }
            ExprKind::Tuple(list) => {
                let found: Vec<TyId> = list.iter().map(|&e| self.infer(e, None)).collect();
                self.types.app(Con::Tuple, &found)
            }
            ExprKind::Match(m) => self.matching(m, expected),
            ExprKind::Try(t) => self.trying(t, expected),
            ExprKind::Perform(o, list) => {
                let f = self.operation(*o);
                let result = self.apply(&[f], Target::default(), list, self.span(e));
                if core.ops[*o].is_never { Types::NEVER } else { result }
            }
            ExprKind::Handler(h) => self.handler(h, expected),
            ExprKind::MakeHandler(h) => self.handler_value(h),
            ExprKind::WithHandler(h, body) => self.with_handler(*h, *body, expected),
            ExprKind::Require(_) => Types::base(Base::Nil),
            ExprKind::Ascribe(v, s) => {
                let wanted = self.annotation(*s, &mut Scope::default());
                self.infer(*v, Some(wanted));
                self.fit(*v, wanted, true);
                wanted
            }
        }
    }

    fn quoted(&mut self, s: StxId) -> TyId {
        let any = Types::ANY;
        match self.syntax.kind(s) {
            Kind::Symbol => Types::base(Base::Symbol),
            Kind::Map => self.types.app(Con::Map, &[any, any]),
            Kind::Set => self.types.app(Con::Set, &[any]),
            _ => self.types.app(Con::List, &[any]),
        }
    }

    fn collection(&mut self, con: Con, list: &[ExprId]) -> TyId {
        let found: Vec<TyId> = list.iter().map(|&e| self.infer(e, None)).collect();
        let item = self.types.join_all(found);
        self.types.app(con, &[item])
    }

    fn sequence(&mut self, list: &[ExprId], expected: Option<TyId>) -> TyId {
        let Some((&last, before)) = list.split_last() else { return Types::base(Base::Nil) };
        before.iter().for_each(|&e| {
            self.infer(e, None);
        });
        self.infer(last, expected)
    }

    fn choice(&mut self, test: ExprId, then: ExprId, other: ExprId, expected: Option<TyId>) -> TyId {
        self.infer(test, None);
        let depth = self.narrowed.len();
        self.conditions += 1;
        self.narrow(test, true);
        let a = self.infer(then, expected);
        self.narrowed.truncate(depth);
        self.narrow(test, false);
        let b = self.infer(other, expected);
        self.narrowed.truncate(depth);
        self.conditions -= 1;
        self.types.join(a, b)
    }

    // ---- variables ------------------------------------------------------------------------------

    /// A variable of the procedure at hand gets its first value.
    pub fn bound(&mut self, l: LocalId, t: TyId) {
        self.owners[l.index()] = self.owner;
        let t = if self.core.locals[l].is_set { Types::ANY } else { t };
        self.locals[l.index()] = Some(t);
    }

    pub fn local(&mut self, l: LocalId) -> TyId {
        if let Some(&(_, t)) = self.narrowed.iter().rev().find(|n| n.0 == l) {
            return t;
        }
        if let Some(t) = self.locals[l.index()] {
            return t;
        }
        let local = &self.core.locals[l];
        match local.lambda.filter(|_| !local.is_set) {
            Some(lambda) => self.named(lambda),
            None => Types::ANY,
        }
    }

    fn global(&mut self, g: GlobalId) -> TyId {
        let global = &self.core.globals[g];
        if self.is_library(global.module) {
            return self.signatures(global.name).last().copied().unwrap_or(Types::ANY);
        }
        if let Some(t) = self.globals[g.index()] {
            return t;
        }
        if let Some(s) = global.ty {
            let t = self.annotation(s, &mut Scope::default());
            self.globals[g.index()] = Some(t);
            return t;
        }
        match global.lambda.filter(|_| !global.is_set) {
            Some(lambda) => self.named(lambda),
            None => Types::ANY,
        }
    }

    fn is_library(&self, m: ModuleId) -> bool {
        self.core.order.first() == Some(&m)
    }

    /// The type of a procedure that a name is: it is looked at now, whatever is known of variables here.
    fn named(&mut self, l: LambdaId) -> TyId {
        let narrowed = std::mem::take(&mut self.narrowed);
        let t = self.lambda(l, None);
        self.narrowed = narrowed;
        t
    }

    fn init(&mut self, l: LocalId, v: ExprId) -> TyId {
        let core = self.core;
        let local = &core.locals[l];
        self.owners[l.index()] = self.owner;
        let wanted = local.ty.map(|s| self.annotation(s, &mut Scope::default()));
        let found = self.defined(v, local.is_set, wanted);
        let t = wanted.unwrap_or(if local.is_set { Types::ANY } else { found });
        self.locals[l.index()] = Some(t);
        t
    }

    fn init_global(&mut self, g: GlobalId, v: ExprId) -> TyId {
        let core = self.core;
        let global = &core.globals[g];
        let wanted = global.ty.map(|s| self.annotation(s, &mut Scope::default()));
        let found = self.defined(v, global.is_set, wanted);
        let t = wanted.unwrap_or(if global.is_set { Types::ANY } else { found });
        self.globals[g.index()] = Some(t);
        t
    }

    /// The value of a definition.
    fn defined(&mut self, v: ExprId, is_set: bool, wanted: Option<TyId>) -> TyId {
        let found = match *self.core.kind(v) {
            // Calls by its name are known.
            ExprKind::Lambda(l) if !is_set => {
                let t = self.lambda(l, wanted);
                self.exprs[v.index()] = t;
                t
            }
            _ => self.infer(v, wanted),
        };
        if let Some(wanted) = wanted {
            self.fit(v, wanted, true);
            self.pure_operand(v, wanted);
        }
        found
    }

    fn assigned(&mut self, wanted: Option<TyId>, v: ExprId, found: TyId) -> TyId {
        if let Some(wanted) = wanted {
            self.fit(v, wanted, true);
        }
        found
    }

    fn writes(&mut self, e: ExprId) {
        let label = self.rows.label("state");
        self.performs(self.span(e), label);
    }

    // ---- procedures -----------------------------------------------------------------------------

    /// The type of a procedure; its body is looked at the first time.
    pub fn lambda(&mut self, id: LambdaId, expected: Option<TyId>) -> TyId {
        match self.lambdas[id.index()] {
            State::Open(t) | State::Done(t) => return t,
            State::Fresh => {}
        }
        let core = self.core;
        let lambda = &core.lambdas[id];
        let owner = if self.thunks.contains(&id) { self.owner } else { Some(id) };
        let outer = (std::mem::replace(&mut self.owner, owner), std::mem::take(&mut self.frame));
        let conditions = std::mem::take(&mut self.conditions);
        let expected = expected.and_then(|t| self.types.as_fn(t)).cloned();
        let mut scope = Scope::default();
        let params: Vec<TyId> = (0..lambda.params.len())
            .map(|i| {
                let wanted = expected.as_ref().and_then(|f| f.operand(i));
                self.param(id, lambda.params[i].local, wanted, &mut scope)
            })
            .collect();
        if let Some(rest) = lambda.rest {
            let any = self.types.app(Con::List, &[Types::ANY]);
            self.param(id, rest, Some(any), &mut scope);
        }
        let declared = lambda.result.map(|s| self.annotation(s, &mut scope));
        let row = self.rows.add(Row::Of(id));
        let rest = lambda.rest.map(|_| Types::ANY);
        let mut f = FnTy { params, least: lambda.least(), rest, result: declared.unwrap_or(Types::PENDING), row };
        let open = self.types.add(Ty::Fn(Box::new(f.clone())));
        self.lambdas[id.index()] = State::Open(open);
        for (p, &t) in lambda.params.iter().zip(&f.params) {
            if let Some(default) = p.default {
                self.default_value(p.local, default, t);
            }
        }
        let found = self.infer(lambda.body, declared);
        match declared {
            Some(wanted) => self.fit(lambda.body, wanted, true),
            None => f.result = self.settled(found),
        }
        self.conditions = conditions;
        (self.owner, self.rows.entries[id.index()]) = (outer.0, std::mem::replace(&mut self.frame, outer.1));
        let t = self.types.add(Ty::Fn(Box::new(f)));
        self.lambdas[id.index()] = State::Done(t);
        t
    }

    fn param(&mut self, lambda: LambdaId, l: LocalId, wanted: Option<TyId>, scope: &mut Scope) -> TyId {
        let local = &self.core.locals[l];
        let t = match local.ty {
            Some(s) => {
                let t = self.annotation(s, scope);
                self.param_types.push((lambda, l, t));
                t
            }
            None => wanted.unwrap_or_else(|| self.types.fresh()),
        };
        self.owners[l.index()] = Some(lambda);
        self.locals[l.index()] = Some(if local.is_set && local.ty.is_none() { Types::ANY } else { t });
        t
    }

    fn default_value(&mut self, local: LocalId, default: ExprId, wanted: TyId) {
        self.conditions += 1;
        let found = self.infer(default, Some(wanted));
        self.conditions -= 1;
        if self.core.locals[local].ty.is_some() {
            self.fit(default, wanted, false);
            if !self.types.passes(found, wanted) {
                self.open_params.insert(local);
            }
        }
    }

    /// A result that is known now: what was not found out may be anything.
    fn settled(&mut self, t: TyId) -> TyId {
        match self.types.get(t).clone() {
            Ty::Pending => Types::ANY,
            Ty::App(c, parts) => {
                let parts: Vec<TyId> = parts.iter().map(|&p| self.settled(p)).collect();
                self.types.app(c, &parts)
            }
            Ty::Data(d, parts) => {
                let parts = parts.iter().map(|&p| self.settled(p)).collect();
                self.types.add(Ty::Data(d, parts))
            }
            Ty::Union(parts) => {
                let parts: Vec<TyId> = parts.iter().map(|&p| self.settled(p)).collect();
                self.types.union(&parts)
            }
            _ => t,
        }
    }

    // ---- calls ----------------------------------------------------------------------------------

    fn call(&mut self, callee: ExprId, list: &[ExprId], e: ExprId) -> TyId {
        let core = self.core;
        let span = self.span(e);
        let mut target = Target::default();
        let types = match *core.kind(callee) {
            ExprKind::Builtin(b) => {
                let name = core.names.lookup(BUILTINS[b.0 as usize].name);
                let types = name.map(|n| self.signatures(n)).unwrap_or_default();
                if types.is_empty() { vec![self.infer(callee, None)] } else { types }
            }
            ExprKind::Global(g) if self.is_library(core.globals[g].module) => self.signatures(core.globals[g].name),
            ExprKind::Global(g) => {
                target.lambda = core.globals[g].lambda.filter(|_| !core.globals[g].is_set);
                vec![self.global(g)]
            }
            ExprKind::Local(l) => {
                target.lambda = core.locals[l].lambda.filter(|_| !core.locals[l].is_set);
                vec![self.local(l)]
            }
            ExprKind::Lambda(l) => {
                target.lambda = Some(l);
                vec![self.lambda(l, None)]
            }
            ExprKind::Ctor(c) => {
                target.is_ctor = true;
                let t = self.ctor(c);
                // The value of a constructor without fields is called by no operands.
                vec![t]
            }
            ExprKind::Operation(o) => vec![self.operation(o)],
            _ => vec![self.infer(callee, None)],
        };
        let is_fn = |s: &Self| types.iter().all(|&t| s.types.as_fn(t).is_some());
        if !types.is_empty() && is_fn(self) {
            let result = self.apply(&types, target, list, span);
            self.order_of(callee, list);
            return result;
        }
        list.iter().for_each(|&e| {
            self.infer(e, None);
        });
        let found = types.first().copied().unwrap_or(Types::ANY);
        self.call_of_value(callee, found, span)
    }

    /// A call of something that is no procedure, or that nothing is known of.
    fn call_of_value(&mut self, callee: ExprId, found: TyId, span: molt_base::Span) -> TyId {
        let any = FnTy { params: Vec::new(), least: 0, rest: Some(Types::ANY), result: Types::ANY, row: Rows::PURE };
        let procedure = self.types.add(Ty::Fn(Box::new(any)));
        let is_data = matches!(self.types.get(found), Ty::Data(..));
        if !is_data && self.types.disjoint(found, procedure) {
            let found = self.types.show(found, self.core);
            self.report(&code::NO_PROCEDURE, self.span(callee), format!("{found} is called, which is no procedure"));
            return Types::ANY;
        }
        let row = self.row_of(found);
        self.performs(span, row);
        Types::ANY
    }

    fn prim(&mut self, b: usize, list: &[ExprId], e: ExprId) -> TyId {
        let types = self.core.names.lookup(BUILTINS[b].name).map(|n| self.signatures(n)).unwrap_or_default();
        if types.is_empty() {
            list.iter().for_each(|&e| {
                self.infer(e, None);
            });
            return Types::ANY;
        }
        let before = self.frame.len();
        let result = self.apply(&types, Target::default(), list, self.span(e));
        if self.is_own_cell(b, list) {
            self.frame.truncate(before);
        }
        if matches!(BUILTINS[b].code, Code::Compare(op) if is_order(op)) {
            self.ordered(list);
        }
        if BUILTINS[b].code == Code::Tuple {
            let parts: Vec<TyId> = list.iter().map(|e| self.exprs[e.index()]).collect();
            return self.types.app(Con::Tuple, &parts);
        }
        result
    }

    /// A comparison of a number of operands that the table has no row for.
    fn order_of(&mut self, callee: ExprId, list: &[ExprId]) {
        if let ExprKind::Builtin(b) = *self.core.kind(callee)
            && matches!(BUILTINS[b.0 as usize].code, Code::Compare(op) if is_order(op))
        {
            self.ordered(list);
        }
    }

    /// Whether a cell is written that a variable of this procedure was made with.
    fn is_own_cell(&self, b: usize, list: &[ExprId]) -> bool {
        let is_write = matches!(BUILTINS[b].name, "ref-set!" | "reset!");
        let Some(ExprKind::Local(l)) = list.first().map(|&e| self.core.kind(e)) else { return false };
        let made = self.values.get(l).map(|&v| self.core.kind(v));
        let is_cell =
            matches!(made, Some(ExprKind::Prim(b, _)) if matches!(BUILTINS[b.0 as usize].name, "ref" | "atom"));
        is_write && is_cell && self.owners[l.index()] == self.owner
    }

    /// The value of a constructor without fields.
    fn construct(&mut self, ctor: TyId) -> TyId {
        let result = self.types.as_fn(ctor).map_or(Types::ANY, |f| f.result);
        self.replace(result, &mut |_, _| Types::NEVER)
    }

    // ---- patterns -------------------------------------------------------------------------------

    fn matching(&mut self, m: &Match, expected: Option<TyId>) -> TyId {
        let subject = self.infer(m.value, None);
        self.branches(m, subject, expected)
    }

    fn branches(&mut self, m: &Match, subject: TyId, expected: Option<TyId>) -> TyId {
        let mut result = if m.otherwise == Otherwise::Nil { Types::base(Base::Nil) } else { Types::NEVER };
        let is_choice = m.branches.len() > 1 || m.otherwise != Otherwise::Fail;
        self.conditions += usize::from(is_choice);
        for b in &m.branches {
            self.pattern(b.pattern, subject);
            b.guard.into_iter().for_each(|g| {
                self.infer(g, None);
            });
            let depth = self.narrowed.len();
            b.guard.into_iter().for_each(|g| self.narrow(g, true));
            let t = self.infer(b.body, expected);
            self.narrowed.truncate(depth);
            result = self.types.join(result, t);
        }
        self.conditions -= usize::from(is_choice);
        result
    }

    /// The part of a type that is a list, map and so on.
    fn part(&self, t: TyId, con: Con, at: usize) -> TyId {
        match self.types.get(t) {
            Ty::App(c, parts) if *c == con => parts.get(at).copied().unwrap_or(Types::ANY),
            Ty::Never => Types::NEVER,
            _ => Types::ANY,
        }
    }

    /// The variables of a pattern get their types.
    fn pattern(&mut self, p: PatId, t: TyId) {
        let core = self.core;
        match &core.patterns[p].kind {
            PatternKind::Wild | PatternKind::Never => {}
            PatternKind::Bind(l) => self.joined(*l, t),
            PatternKind::Literal(e) => {
                self.infer(*e, None);
            }
            PatternKind::List(parts, rest) => {
                let item = self.part(t, Con::List, 0);
                parts.iter().for_each(|&p| self.pattern(p, item));
                let list = self.types.app(Con::List, &[item]);
                rest.iter().for_each(|&r| self.pattern(r, list));
            }
            PatternKind::Tuple(parts) => {
                let fits = matches!(self.types.get(t), Ty::App(Con::Tuple, found) if found.len() == parts.len());
                for (i, &p) in parts.iter().enumerate() {
                    let part = if fits { self.part(t, Con::Tuple, i) } else { Types::ANY };
                    self.pattern(p, part);
                }
            }
            PatternKind::Ctor(c, parts) => self.ctor_pattern(*c, parts, t),
            PatternKind::Map(entries) => {
                for &(key, p) in entries {
                    self.infer(key, None);
                    let value = self.part(t, Con::Map, 1);
                    self.pattern(p, value);
                }
            }
            PatternKind::ErrorFields(entries) => {
                for &(key, p) in entries {
                    self.infer(key, None);
                    self.pattern(p, Types::ANY);
                }
            }
            PatternKind::Or(list) => list.iter().for_each(|&p| self.pattern(p, t)),
            PatternKind::As(l, inner) => {
                self.joined(*l, t);
                self.pattern(*inner, t);
            }
            PatternKind::Guard(inner, e) => {
                self.pattern(*inner, t);
                self.infer(*e, None);
            }
            PatternKind::View(f, inner) => {
                let viewed = self.infer(*f, None);
                let row = self.row_of(viewed);
                self.performs(self.span(*f), row);
                self.pattern(*inner, Types::ANY);
            }
            PatternKind::Range(a, b, _) => {
                self.infer(*a, None);
                self.infer(*b, None);
            }
        }
    }

    fn ctor_pattern(&mut self, c: crate::core::CtorId, parts: &[PatId], t: TyId) {
        let ctor = self.ctor(c);
        let Some(f) = self.types.as_fn(ctor).cloned() else { return };
        let (vars, found) = match (self.types.get(f.result).clone(), self.types.get(t).clone()) {
            (Ty::Data(d, vars), Ty::Data(e, found)) if d == e => (vars, found),
            _ => Default::default(),
        };
        for (&p, &field) in parts.iter().zip(&f.params) {
            let field = self.replace(field, &mut |_, whole| {
                vars.iter().position(|&v| v == whole).map_or(Types::ANY, |at| found[at])
            });
            self.pattern(p, field);
        }
    }

    /// A variable of a pattern, which all alternatives of the pattern bind.
    fn joined(&mut self, l: LocalId, t: TyId) {
        let before = self.locals[l.index()].unwrap_or(Types::NEVER);
        let t = self.types.join(before, t);
        self.bound(l, t);
    }

    // ---- errors ---------------------------------------------------------------------------------

    fn trying(&mut self, t: &Try, expected: Option<TyId>) -> TyId {
        let outer = std::mem::take(&mut self.frame);
        let mut result = self.infer(t.body, expected);
        let inside = std::mem::replace(&mut self.frame, outer);
        let catches_all = t
            .catch
            .as_ref()
            .is_some_and(|m| m.branches.iter().any(|b| b.guard.is_none() && self.is_irrefutable(b.pattern)));
        self.leave(inside, catches_all);
        if let Some(m) = &t.catch {
            let caught = self.branches(m, Types::base(Base::Error), expected);
            result = self.types.join(result, caught);
        }
        t.finally.into_iter().for_each(|f| {
            self.infer(f, None);
        });
        result
    }

    fn is_irrefutable(&self, p: PatId) -> bool {
        match &self.core.patterns[p].kind {
            PatternKind::Wild | PatternKind::Bind(_) => true,
            PatternKind::As(_, inner) => self.is_irrefutable(*inner),
            _ => false,
        }
    }
}

fn is_order(op: molt_ir::CompareOp) -> bool {
    use molt_ir::CompareOp::{Ge, Gt, Le, Lt};
    matches!(op, Lt | Le | Gt | Ge)
}
