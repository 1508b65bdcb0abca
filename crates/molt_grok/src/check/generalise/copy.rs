//! Copies of expressions inside of one body.

use molt_base::hash::FastMap;

use crate::hir::{Body, Expr, ExprId, FormatKind, LocalId, Message, Pat, PatId, PathRes, ScopeId, SelectKind, Stmt};

/// A body that grows.
pub(super) struct Copier {
    pub body: Body,
}

/// What an expression or pattern refers to in its own body.
enum Part<'a> {
    Expr(&'a mut ExprId),
    Pat(&'a mut PatId),
    Scope(&'a mut ScopeId),
    /// A variable that is bound here.
    Local(&'a mut LocalId),
    Path(&'a mut PathRes),
    Locals(&'a mut std::ops::Range<u32>),
}

/// The numbers that parts of a copy have instead.
#[derive(Default)]
struct Renamed {
    exprs: FastMap<ExprId, ExprId>,
    pats: FastMap<PatId, PatId>,
    scopes: FastMap<ScopeId, ScopeId>,
    locals: FastMap<LocalId, LocalId>,
}

impl Copier {
    pub fn new(body: &Body) -> Copier {
        Copier { body: body.clone() }
    }

    /// Expressions that name a variable, in the order of their numbers.
    pub fn uses(&self, local: LocalId) -> Vec<ExprId> {
        let names = |e: &Expr| matches!(e, Expr::Path(PathRes::Local(l)) if *l == local);
        self.body.exprs.iter().filter(|(_, e)| names(e)).map(|(id, _)| id).collect()
    }

    /// An expression and all inside of it, it being the first.
    pub fn parts(&self, root: ExprId) -> Vec<ExprId> {
        self.reach(root).exprs
    }

    /// A second `let` of a variable's value, for one of its uses. Gives the statement and the parts of the value.
    pub fn copy_let(&mut self, local: LocalId, init: ExprId, use_: ExprId) -> (Stmt, Vec<ExprId>) {
        let (copy, parts) = self.copy(init);
        let declared = self.body.locals[local].clone();
        let span = declared.span;
        let local = self.body.locals.push(declared);
        let pat = self.body.pats.push(Pat::Bind { local, by_ref: None, sub: None });
        self.body.pat_spans.push(span);
        self.body.exprs[use_] = Expr::Path(PathRes::Local(local));
        (Stmt::Let { pat, ty: None, init: Some(copy), otherwise: None, span }, parts)
    }

    pub fn insert(&mut self, block: ExprId, at: usize, stmts: Vec<Stmt>) {
        if let Expr::Block(b) = &mut self.body.exprs[block] {
            b.stmts.splice(at..at, stmts);
        }
    }

    fn copy(&mut self, root: ExprId) -> (ExprId, Vec<ExprId>) {
        let old = self.reach(root);
        let mut new = Renamed::default();
        for &l in &old.locals {
            let declared = self.body.locals[l].clone();
            new.locals.insert(l, self.body.locals.push(declared));
        }
        for &s in &old.scopes {
            let scope = self.body.scopes[s].clone();
            new.scopes.insert(s, self.body.scopes.push(scope));
        }
        for &p in &old.pats {
            let (pat, span) = (self.body.pats[p].clone(), self.body.pat_span(p));
            new.pats.insert(p, self.body.pats.push(pat));
            self.body.pat_spans.push(span);
        }
        for &e in &old.exprs {
            let (expr, span) = (self.body.exprs[e].clone(), self.body.expr_span(e));
            new.exprs.insert(e, self.body.exprs.push(expr));
            self.body.expr_spans.push(span);
        }
        for p in new.pats.values() {
            pat_parts(&mut self.body.pats[*p], &mut |part| new.rename(part));
        }
        for e in new.exprs.values() {
            expr_parts(&mut self.body.exprs[*e], &mut |part| new.rename(part));
        }
        (new.exprs[&root], old.exprs.iter().map(|e| new.exprs[e]).collect())
    }

    fn reach(&self, root: ExprId) -> Reached {
        let mut out = Reached::default();
        let mut exprs = vec![root];
        while let Some(e) = exprs.pop() {
            out.exprs.push(e);
            let mut pats = Vec::new();
            expr_parts(&mut self.body.exprs[e].clone(), &mut |part| out.note(part, &mut exprs, &mut pats));
            while let Some(p) = pats.pop() {
                out.pats.push(p);
                pat_parts(&mut self.body.pats[p].clone(), &mut |part| out.note(part, &mut exprs, &mut pats));
            }
        }
        // Parameters of `async` code are a range of numbers, and stay one.
        out.locals.sort();
        out.locals.dedup();
        out.scopes.sort();
        out.scopes.dedup();
        out
    }
}

/// What lies inside of an expression.
#[derive(Default)]
struct Reached {
    exprs: Vec<ExprId>,
    pats: Vec<PatId>,
    scopes: Vec<ScopeId>,
    locals: Vec<LocalId>,
}

impl Reached {
    fn note(&mut self, part: Part<'_>, exprs: &mut Vec<ExprId>, pats: &mut Vec<PatId>) {
        match part {
            Part::Expr(e) => exprs.push(*e),
            Part::Pat(p) => pats.push(*p),
            Part::Scope(s) => self.scopes.push(*s),
            Part::Local(l) => self.locals.push(*l),
            Part::Locals(range) => self.locals.extend(range.clone().map(LocalId)),
            Part::Path(_) => {}
        }
    }
}

impl Renamed {
    fn rename(&self, part: Part<'_>) {
        match part {
            Part::Expr(e) => *e = self.exprs.get(e).copied().unwrap_or(*e),
            Part::Pat(p) => *p = self.pats.get(p).copied().unwrap_or(*p),
            Part::Scope(s) => *s = self.scopes.get(s).copied().unwrap_or(*s),
            Part::Local(l) => *l = self.local(*l),
            Part::Path(PathRes::Local(l)) => *l = self.local(*l),
            Part::Path(_) => {}
            Part::Locals(range) => {
                let count = range.end - range.start;
                if count > 0 {
                    let start = self.local(LocalId(range.start)).0;
                    *range = start..start + count;
                }
            }
        }
    }

    /// Variables from outside stay what they are.
    fn local(&self, l: LocalId) -> LocalId {
        self.locals.get(&l).copied().unwrap_or(l)
    }
}

fn expr_parts(expr: &mut Expr, see: &mut dyn FnMut(Part<'_>)) {
    match expr {
        Expr::Error | Expr::Lit(_) => {}
        Expr::Path(path) => see(Part::Path(path)),
        Expr::Tuple(list) | Expr::Array(list) => list.iter_mut().for_each(|e| see(Part::Expr(e))),
        Expr::Repeat { value, .. }
        | Expr::Field { base: value, .. }
        | Expr::Unary { value, .. }
        | Expr::Deref(value)
        | Expr::Ref { value, .. }
        | Expr::Cast { value, .. }
        | Expr::Try(value)
        | Expr::Await(value)
        | Expr::SpawnTask { body: value } => see(Part::Expr(value)),
        Expr::Struct { fields, base, .. } => {
            fields.iter_mut().for_each(|f| see(Part::Expr(&mut f.value)));
            base.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::Call { callee: first, args } | Expr::MethodCall { recv: first, args, .. } => {
            see(Part::Expr(first));
            args.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::Index { base: a, index: b }
        | Expr::Binary { left: a, right: b, .. }
        | Expr::Logical { left: a, right: b, .. }
        | Expr::Assign { place: a, value: b }
        | Expr::AssignOp { place: a, value: b, .. } => {
            see(Part::Expr(a));
            see(Part::Expr(b));
        }
        Expr::Range { start, end, .. } => start.iter_mut().chain(end).for_each(|e| see(Part::Expr(e))),
        Expr::If { cond, then, otherwise } => {
            [cond, then].into_iter().chain(otherwise).for_each(|e| see(Part::Expr(e)));
        }
        Expr::Let { pat, value } => {
            see(Part::Pat(pat));
            see(Part::Expr(value));
        }
        Expr::Match { value, arms } => {
            see(Part::Expr(value));
            arms.iter_mut().for_each(|arm| arm_parts(arm, see));
        }
        Expr::Loop { scope, body } => {
            see(Part::Scope(scope));
            see(Part::Expr(body));
        }
        Expr::While { scope, cond, body } => {
            see(Part::Scope(scope));
            see(Part::Expr(cond));
            see(Part::Expr(body));
        }
        Expr::For { scope, pat, iter, body } => {
            see(Part::Scope(scope));
            see(Part::Pat(pat));
            see(Part::Expr(iter));
            see(Part::Expr(body));
        }
        Expr::Block(block) => {
            block.scope.iter_mut().for_each(|s| see(Part::Scope(s)));
            block.stmts.iter_mut().for_each(|s| stmt_parts(s, see));
            block.tail.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::Break { scope, value } => {
            see(Part::Scope(scope));
            value.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::Continue { scope } => see(Part::Scope(scope)),
        Expr::Return(value) => value.iter_mut().for_each(|e| see(Part::Expr(e))),
        Expr::Closure(c) => {
            c.params.iter_mut().for_each(|p| see(Part::Pat(&mut p.0)));
            see(Part::Expr(&mut c.body));
        }
        Expr::Async { body, own, .. } => {
            see(Part::Locals(own));
            see(Part::Expr(body));
        }
        Expr::Format(f) => {
            if let FormatKind::Write { target } = &mut f.kind {
                see(Part::Expr(target));
            }
            f.args.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::SpawnActor { fields, options, .. } => {
            fields.iter_mut().chain(options).for_each(|f| see(Part::Expr(&mut f.value)));
        }
        Expr::Send { target, message } => {
            see(Part::Expr(target));
            message_parts(message, see);
        }
        Expr::Ask { target, message, within } => {
            see(Part::Expr(target));
            message_parts(message, see);
            within.iter_mut().for_each(|e| see(Part::Expr(e)));
        }
        Expr::Receive { arms, after } => {
            arms.iter_mut().for_each(|arm| arm_parts(arm, see));
            if let Some((limit, value)) = after {
                see(Part::Expr(limit));
                see(Part::Expr(value));
            }
        }
        Expr::Select { arms } => {
            for arm in arms {
                match &mut arm.kind {
                    SelectKind::Wait { pat, operation, guard } => {
                        see(Part::Pat(pat));
                        see(Part::Expr(operation));
                        guard.iter_mut().for_each(|e| see(Part::Expr(e)));
                    }
                    SelectKind::After(limit) => see(Part::Expr(limit)),
                    SelectKind::Default => {}
                }
                see(Part::Expr(&mut arm.body));
            }
        }
    }
}

fn arm_parts(arm: &mut crate::hir::Arm, see: &mut dyn FnMut(Part<'_>)) {
    see(Part::Pat(&mut arm.pat));
    arm.guard.iter_mut().for_each(|e| see(Part::Expr(e)));
    see(Part::Expr(&mut arm.body));
}

fn message_parts(message: &mut Message, see: &mut dyn FnMut(Part<'_>)) {
    match message {
        Message::Handler { args, .. } => args.iter_mut().for_each(|e| see(Part::Expr(e))),
        Message::Raw(e) => see(Part::Expr(e)),
    }
}

fn stmt_parts(stmt: &mut Stmt, see: &mut dyn FnMut(Part<'_>)) {
    match stmt {
        Stmt::Let { pat, init, otherwise, .. } => {
            see(Part::Pat(pat));
            init.iter_mut().chain(otherwise).for_each(|e| see(Part::Expr(e)));
        }
        Stmt::Expr(e) => see(Part::Expr(e)),
    }
}

fn pat_parts(pat: &mut Pat, see: &mut dyn FnMut(Part<'_>)) {
    match pat {
        Pat::Error | Pat::Wild | Pat::Rest | Pat::Lit { .. } | Pat::Range { .. } | Pat::Path(_) => {}
        Pat::Bind { local, sub, .. } => {
            see(Part::Local(local));
            sub.iter_mut().for_each(|p| see(Part::Pat(p)));
        }
        Pat::TupleStruct { pats, .. } | Pat::Tuple(pats) | Pat::Slice(pats) | Pat::Or(pats) => {
            pats.iter_mut().for_each(|p| see(Part::Pat(p)));
        }
        Pat::Struct { fields, .. } => fields.iter_mut().for_each(|f| see(Part::Pat(&mut f.pat))),
        Pat::Ref(_, p) => see(Part::Pat(p)),
    }
}
