//! Calls: which type of a function is meant, what its variables stand for, and what is wrong with the operands.

use molt_base::{EntityId, Span};
use molt_diagnostics::registry::claude as code;

use super::Checker;
use super::row::{Entry, Row, RowId, Rows};
use super::ty::{Base, FnTy, Ty, TyId, Types, VarId};
use crate::core::{ExprId, ExprKind, LambdaId};

/// What variables stand for in one call.
#[derive(Default)]
struct Stands {
    types: Vec<(VarId, TyId)>,
    rows: Vec<(VarId, RowId)>,
}

/// What is called.
#[derive(Clone, Copy, Default)]
pub struct Target {
    /// The procedure of the program that it is.
    pub lambda: Option<LambdaId>,
    /// It leaves the tests of its operands to whoever calls it.
    pub is_ctor: bool,
}

impl Checker<'_> {
    /// A call of something that has one of some types; the type of its value.
    pub fn apply(&mut self, types: &[TyId], target: Target, operands: &[ExprId], span: Span) -> TyId {
        let core = self.core;
        let is_literal = |e: ExprId| matches!(core.kind(e), ExprKind::Lambda(_));
        let takes = |s: &Self, t: TyId| s.types.as_fn(t).is_some_and(|f| f.takes(operands.len()));
        let fitting: Vec<TyId> = types.iter().copied().filter(|&t| takes(self, t)).collect();
        for &e in operands.iter().filter(|&&e| !is_literal(e)) {
            self.infer(e, None);
        }
        let Some(f) = self.choose(&fitting, operands) else {
            for &e in operands.iter().filter(|&&e| is_literal(e)) {
                self.infer(e, None);
            }
            return self.wrong_count(types, target, operands.len(), span);
        };
        let mut stands = Stands::default();
        for (i, &e) in operands.iter().enumerate().filter(|(_, e)| !is_literal(**e)) {
            let wanted = f.operand(i).expect("it takes so many");
            self.bind(wanted, self.exprs[e.index()], &mut stands);
        }
        let produced = self.produced(&f);
        for (i, &e) in operands.iter().enumerate().filter(|(_, e)| is_literal(**e)) {
            let wanted = f.operand(i).expect("it takes so many");
            let expected = self.instantiate(wanted, &stands, &produced);
            let found = self.infer(e, Some(expected));
            self.bind(wanted, found, &mut stands);
        }
        for (i, &e) in operands.iter().enumerate() {
            self.operand(&f, i, e, &stands, target);
        }
        for &absent in f.params.iter().skip(operands.len()) {
            self.bind(absent, Types::ANY, &mut stands);
        }
        let result = self.instantiate_result(&f, &stands);
        let is_plain = f.row == Rows::PURE || stands.rows.is_empty();
        let row = if is_plain { f.row } else { self.rows.add(Row::With(f.row, stands.rows)) };
        self.performs(span, row);
        result
    }

    /// Notes that something is performed at a place.
    pub fn performs(&mut self, span: Span, row: RowId) {
        if row != Rows::PURE {
            self.frame.push(Entry { span, row, certain: self.conditions == 0 });
        }
    }

    /// The first type whose operands are surely of the types wanted, else the last.
    fn choose(&self, fitting: &[TyId], operands: &[ExprId]) -> Option<FnTy> {
        let is_sure = |f: &FnTy| {
            operands.iter().enumerate().all(|(i, &e)| {
                let is_literal = matches!(self.core.kind(e), ExprKind::Lambda(_));
                is_literal || f.operand(i).is_some_and(|w| self.types.within(self.exprs[e.index()], w))
            })
        };
        let fns = || fitting.iter().filter_map(|&t| self.types.as_fn(t));
        fns().find(|f| is_sure(f)).or(fns().next_back()).cloned()
    }

    fn wrong_count(&mut self, types: &[TyId], target: Target, count: usize, span: Span) -> TyId {
        self.escaping.extend(target.lambda);
        let Some(f) = types.last().and_then(|&t| self.types.as_fn(t)) else { return Types::ANY };
        let (least, most) = (f.least, f.params.len());
        let operands = |n: usize| if n == 1 { "operand" } else { "operands" };
        let wanted = match f.rest {
            Some(_) => format!("at least {least} {}", operands(least)),
            None if least == most => format!("{least} {}", operands(least)),
            None => format!("{least} to {most} operands"),
        };
        self.report(&code::COUNT, span, format!("what is called takes {wanted}, not {count}"));
        Types::ANY
    }

    /// One operand against the type that is wanted of it.
    fn operand(&mut self, f: &FnTy, at: usize, e: ExprId, stands: &Stands, target: Target) {
        let wanted = f.operand(at).expect("it takes so many");
        let wanted = if self.types.as_fn(wanted).is_some() { self.instantiate(wanted, stands, &[]) } else { wanted };
        self.fit(e, wanted, target.is_ctor);
        self.pure_operand(e, wanted);
        let Some(lambda) = target.lambda else { return };
        if let Some(p) = self.core.lambdas[lambda].params.get(at)
            && !self.types.passes(self.exprs[e.index()], wanted)
        {
            self.open_params.insert(p.local);
        }
    }

    /// Looks whether the value of an expression may be of a type, at each expression that may be its value; with `tested`,
    /// what is not sure is left to run time.
    pub fn fit(&mut self, e: ExprId, wanted: TyId, tested: bool) {
        let core = self.core;
        match core.kind(e) {
            ExprKind::If(_, a, b) => {
                self.fit(*a, wanted, tested);
                self.fit(*b, wanted, tested);
                return;
            }
            ExprKind::Do(list) if !list.is_empty() => return self.fit(list[list.len() - 1], wanted, tested),
            ExprKind::Let(_, _, body) | ExprKind::Block(_, body) => return self.fit(*body, wanted, tested),
            ExprKind::Match(m) => return m.branches.iter().for_each(|b| self.fit(b.body, wanted, tested)),
            ExprKind::Loop(id) => return self.fit(core.loops[*id].body, wanted, tested),
            ExprKind::Recur(..) => return,
            _ => {}
        }
        let found = self.exprs[e.index()];
        if self.types.disjoint(found, wanted) {
            let (wanted, found) = (self.types.show(wanted, core), self.types.show(found, core));
            self.report(&code::TYPE, self.span(e), format!("expected {wanted}, found {found}"));
        }
        if tested && !self.types.passes(found, wanted) {
            self.tests.push((e, wanted));
        }
    }

    // ---- variables ------------------------------------------------------------------------------

    /// The variables that the procedures among the operands give values to.
    fn produced(&self, f: &FnTy) -> Vec<VarId> {
        let mut vars = Vec::new();
        for t in f.params.iter().chain(&f.rest) {
            if let Some(inner) = self.types.as_fn(*t) {
                self.vars(inner.result, &mut vars);
            }
        }
        vars
    }

    fn vars(&self, t: TyId, into: &mut Vec<VarId>) {
        match self.types.get(t) {
            Ty::Var(v) => into.push(*v),
            Ty::App(_, parts) | Ty::Data(_, parts) | Ty::Union(parts) => parts.iter().for_each(|&p| self.vars(p, into)),
            Ty::Record(fields) => fields.iter().for_each(|f| self.vars(f.1, into)),
            Ty::Fn(f) => {
                f.params.iter().chain(&f.rest).for_each(|&p| self.vars(p, into));
                self.vars(f.result, into);
            }
            Ty::Any | Ty::Never | Ty::Pending | Ty::Base(_) => {}
        }
    }

    /// The row of a call of a value.
    pub fn row_of(&mut self, t: TyId) -> RowId {
        match self.types.get(t).clone() {
            Ty::Any => Rows::UNKNOWN,
            Ty::Var(v) => self.rows.add(Row::Var(v)),
            Ty::Fn(f) => f.row,
            Ty::Union(parts) => {
                let rows = parts.iter().map(|&p| self.row_of(p)).collect();
                self.rows.add(Row::All(rows))
            }
            _ => Rows::PURE,
        }
    }

    /// The variables of a type stand for what a value has there.
    fn bind(&mut self, wanted: TyId, found: TyId, stands: &mut Stands) {
        match (self.types.get(wanted).clone(), self.types.get(found).clone()) {
            (Ty::Var(v), _) => {
                let row = self.row_of(found);
                stands.rows.push((v, row));
                self.stand(v, found, stands);
            }
            (Ty::App(c, p), Ty::App(d, q)) if c == d => self.bind_parts(&p, &q, stands),
            (Ty::Data(c, p), Ty::Data(d, q)) if c == d => self.bind_parts(&p, &q, stands),
            (Ty::Union(parts), _) => parts.iter().for_each(|&p| self.bind(p, found, stands)),
            (Ty::Fn(f), Ty::Fn(g)) => {
                self.bind_row(&f, g.row, stands);
                let operands: Vec<TyId> =
                    (0..f.params.len()).map(|i| self.instantiate(f.params[i], stands, &[])).collect();
                let result = self.result_on(&g, &operands);
                self.bind(f.result, result, stands);
            }
            (Ty::Fn(f), _) => {
                let row = self.row_of(found);
                self.bind_row(&f, row, stands);
                let unknown = matches!(self.types.get(found), Ty::Never | Ty::Pending);
                self.bind(f.result, if unknown { found } else { Types::ANY }, stands);
            }
            (_, Ty::Any | Ty::Var(_)) => {
                let mut vars = Vec::new();
                self.vars(wanted, &mut vars);
                vars.into_iter().for_each(|v| self.stand(v, Types::ANY, stands));
            }
            (Ty::App(..) | Ty::Data(..), Ty::Union(parts)) => {
                parts.iter().for_each(|&p| self.bind(wanted, p, stands));
            }
            _ => {}
        }
    }

    fn bind_parts(&mut self, wanted: &[TyId], found: &[TyId], stands: &mut Stands) {
        for (&w, &f) in wanted.iter().zip(found) {
            self.bind(w, f, stands);
        }
    }

    fn bind_row(&mut self, f: &FnTy, row: RowId, stands: &mut Stands) {
        if let Some(v) = self.rows.as_var(f.row) {
            stands.rows.push((v, row));
        }
    }

    fn stand(&mut self, v: VarId, t: TyId, stands: &mut Stands) {
        match stands.types.iter().position(|s| s.0 == v) {
            Some(at) => stands.types[at].1 = self.types.join(stands.types[at].1, t),
            None => stands.types.push((v, t)),
        }
    }

    /// The result of a procedure on operands of some types.
    fn result_on(&mut self, g: &FnTy, operands: &[TyId]) -> TyId {
        let mut stands = Stands::default();
        for (i, &t) in operands.iter().enumerate() {
            if let Some(wanted) = g.operand(i) {
                self.bind(wanted, t, &mut stands);
            }
        }
        self.instantiate_result(g, &stands)
    }

    /// A type with what its variables stand for; those of `unknown` may stand for anything.
    fn instantiate(&mut self, t: TyId, stands: &Stands, unknown: &[VarId]) -> TyId {
        self.replace(t, &mut |v, whole| {
            if unknown.contains(&v) {
                return Types::ANY;
            }
            stands.types.iter().find(|s| s.0 == v).map_or(whole, |s| s.1)
        })
    }

    /// The type of a call's value: variables of the operands that nothing stands for have no values.
    fn instantiate_result(&mut self, f: &FnTy, stands: &Stands) -> TyId {
        let mut own = Vec::new();
        f.params.iter().chain(&f.rest).for_each(|&p| self.vars(p, &mut own));
        let result = self.replace(f.result, &mut |v, whole| {
            let stands = stands.types.iter().find(|s| s.0 == v).map(|s| s.1);
            stands.unwrap_or(if own.contains(&v) { Types::NEVER } else { whole })
        });
        let Some(inner) = self.types.as_fn(result).filter(|_| !stands.rows.is_empty()) else { return result };
        let mut inner = inner.clone();
        inner.row = self.rows.add(Row::With(inner.row, stands.rows.clone()));
        self.types.add(Ty::Fn(Box::new(inner)))
    }

    /// A type with other types for its variables.
    pub fn replace(&mut self, t: TyId, by: &mut dyn FnMut(VarId, TyId) -> TyId) -> TyId {
        match self.types.get(t).clone() {
            Ty::Var(v) => by(v, t),
            Ty::App(c, parts) => {
                let replaced = self.replace_all(&parts, by);
                if replaced[..] == parts[..] { t } else { self.types.add(Ty::App(c, replaced.into())) }
            }
            Ty::Data(d, parts) => {
                let replaced = self.replace_all(&parts, by);
                if replaced[..] == parts[..] { t } else { self.types.add(Ty::Data(d, replaced.into())) }
            }
            Ty::Union(parts) => {
                let parts = self.replace_all(&parts, by);
                self.types.union(&parts)
            }
            Ty::Fn(f) => {
                let mut f = *f;
                f.params = self.replace_all(&f.params, by);
                f.rest = f.rest.map(|r| self.replace(r, by));
                f.result = self.replace(f.result, by);
                self.types.add(Ty::Fn(Box::new(f)))
            }
            Ty::Record(_) | Ty::Any | Ty::Never | Ty::Pending | Ty::Base(_) => t,
        }
    }

    fn replace_all(&mut self, list: &[TyId], by: &mut dyn FnMut(VarId, TyId) -> TyId) -> Vec<TyId> {
        list.iter().map(|&t| self.replace(t, by)).collect()
    }

    // ---- comparison -----------------------------------------------------------------------------

    /// What is put in order is all numbers or all strings.
    pub fn ordered(&mut self, operands: &[ExprId]) {
        for base in [Base::Number, Base::String] {
            let wanted = Types::base(base);
            let is = |s: &Self, e: &ExprId| {
                let t = s.exprs[e.index()];
                !matches!(s.types.get(t), Ty::Never | Ty::Pending) && s.types.within(t, wanted)
            };
            if operands.iter().any(|e| is(self, e)) {
                return operands.iter().for_each(|&e| self.fit(e, wanted, false));
            }
        }
    }
}
