//! What lowering must know of variables and procedures before it makes code.
//!
//! - A procedure bound to a variable that is never assigned is *known*: calls go straight to its body.
//! - A known procedure whose variable is only called is *lifted*: what it captures becomes further parameters, and no
//!   closure is made.
//! - A lifted procedure all of whose calls are tail calls with one continuation is a *join*: a block of the procedure
//!   around it, and its calls are jumps. Loops written as named `let` are joins.
//! - A variable lives in a *cell* if a procedure captures it and it may change afterwards.

use std::collections::HashSet;

use molt_base::EntityId;

use crate::core::{
    Action, Core, ExprId, ExprKind, GlobalId, Handler, LambdaId, LocalId, Match, ModuleId, PatId, PatternKind,
};

/// A procedure or the body of a module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Owner {
    Lambda(LambdaId),
    Module(ModuleId),
}

/// Where the value of an expression goes: two expressions with the same number are tail positions of one another.
type Continuation = usize;

#[derive(Clone, Default)]
struct LocalFacts {
    owner: Option<Owner>,
    /// The procedure that its only definition binds.
    lambda: Option<LambdaId>,
    definitions: u32,
    /// Used as a value, or called with a wrong number of operands.
    escapes: bool,
    /// Where the block that it belongs to stands.
    block: Option<Continuation>,
    calls: Vec<(Continuation, Owner)>,
}

#[derive(Clone, Default)]
struct LambdaFacts {
    parent: Option<Owner>,
    binder: Option<LocalId>,
    /// The continuation of its body.
    tail: Continuation,
    uses: HashSet<LocalId>,
    calls: HashSet<LocalId>,
}

/// The findings.
pub struct Analysis {
    locals: Vec<LocalFacts>,
    lambdas: Vec<LambdaFacts>,
    joins: HashSet<LambdaId>,
    /// What each procedure captures, in order.
    free: Vec<Vec<LocalId>>,
    cells: HashSet<LocalId>,
    /// Reads of variables that may come before their definition.
    early_reads: HashSet<ExprId>,
    early_globals: HashSet<GlobalId>,
    /// By procedure: the strongly connected part of the graph of references that it is in.
    groups: Vec<u32>,
}

impl Analysis {
    pub fn new(core: &Core) -> Analysis {
        let mut scan = Scan {
            core,
            locals: vec![LocalFacts::default(); core.locals.len()],
            lambdas: vec![LambdaFacts::default(); core.lambdas.len()],
            continuations: 0,
            module_globals: Vec::new(),
            lambda_globals: Vec::new(),
        };
        for &m in &core.order {
            for &e in &core.modules[m].body {
                let mut refs = HashSet::new();
                let k = scan.fresh();
                scan.expr(e, k, Owner::Module(m), &mut refs);
                scan.module_globals.push((e, refs));
            }
        }
        let Scan { locals, lambdas, module_globals, lambda_globals, continuations, .. } = scan;
        let mut a = Analysis {
            locals,
            lambdas,
            joins: HashSet::new(),
            free: vec![Vec::new(); core.lambdas.len()],
            cells: HashSet::new(),
            early_reads: HashSet::new(),
            early_globals: HashSet::new(),
            groups: Vec::new(),
        };
        a.groups = groups(core, &a.lambdas, &lambda_globals);
        a.find_joins(core, continuations);
        a.find_free(core);
        a.find_cells(core);
        a.find_early_globals(core, &module_globals);
        a
    }

    // ---- answers --------------------------------------------------------------------------------

    /// The procedure that a variable is, for as long as it has a value.
    pub fn known(&self, core: &Core, local: LocalId) -> Option<LambdaId> {
        let f = &self.locals[local.index()];
        if core.locals[local].is_set || f.definitions != 1 { None } else { f.lambda }
    }

    /// Whether no closure is made of a known procedure.
    pub fn is_lifted(&self, core: &Core, local: LocalId) -> bool {
        let lambda = self.known(core, local).filter(|_| !self.locals[local.index()].escapes);
        lambda.is_some_and(|l| core.lambdas[l].rest.is_none())
    }

    /// Whether a tail call of one procedure by another may be part of a cycle of calls.
    pub fn may_cycle(&self, from: Option<LambdaId>, to: LambdaId) -> bool {
        from.is_some_and(|f| self.groups[f.index()] == self.groups[to.index()])
    }

    pub fn is_join(&self, lambda: LambdaId) -> bool {
        self.joins.contains(&lambda)
    }

    /// The variable that a procedure is bound to.
    pub fn binder(&self, core: &Core, lambda: LambdaId) -> Option<LocalId> {
        self.lambdas[lambda.index()].binder.filter(|&b| self.known(core, b) == Some(lambda))
    }

    /// What a procedure captures.
    pub fn free(&self, lambda: LambdaId) -> &[LocalId] {
        &self.free[lambda.index()]
    }

    pub fn in_cell(&self, local: LocalId) -> bool {
        self.cells.contains(&local)
    }

    /// Whether a read of a variable must look whether it has a value.
    pub fn is_early(&self, read: ExprId) -> bool {
        self.early_reads.contains(&read)
    }

    pub fn is_early_global(&self, global: GlobalId) -> bool {
        self.early_globals.contains(&global)
    }

    /// The function that code of an owner is part of.
    fn effective(&self, mut owner: Owner) -> Owner {
        while let Owner::Lambda(l) = owner
            && self.joins.contains(&l)
        {
            owner = self.lambdas[l.index()].parent.expect("a join stands in a body");
        }
        owner
    }

    // ---- joins ----------------------------------------------------------------------------------

    /// The greatest set of lifted procedures that are joins if the others of the set are.
    fn find_joins(&mut self, core: &Core, continuations: usize) {
        let mut candidates: Vec<LocalId> = core
            .locals
            .ids()
            .filter(|&l| self.is_lifted(core, l) && self.locals[l.index()].block.is_some())
            .filter(|&l| {
                let lambda = &core.lambdas[self.locals[l.index()].lambda.expect("lifted variables are procedures")];
                lambda.rest.is_none() && lambda.params.iter().all(|p| p.default.is_none())
            })
            .collect();
        loop {
            let mut same: Vec<usize> = (0..continuations).collect();
            for &l in &candidates {
                let f = &self.locals[l.index()];
                let tail = self.lambdas[f.lambda.expect("candidates are procedures").index()].tail;
                same[tail] = f.block.expect("candidates belong to a block");
            }
            let root = |mut k: usize| {
                // A join inside its own continuation would be one that is never entered.
                for _ in 0..continuations {
                    if same[k] == k {
                        break;
                    }
                    k = same[k];
                }
                k
            };
            let fits = |l: &LocalId| {
                let f = &self.locals[l.index()];
                let block = root(f.block.expect("candidates belong to a block"));
                f.calls.iter().all(|c| root(c.0) == block)
            };
            let kept: Vec<LocalId> = candidates.iter().copied().filter(|l| fits(l)).collect();
            if kept.len() == candidates.len() {
                break;
            }
            candidates = kept;
        }
        self.joins = candidates.iter().filter_map(|l| self.locals[l.index()].lambda).collect();
    }

    // ---- captures -------------------------------------------------------------------------------

    fn find_free(&mut self, core: &Core) {
        let mut free: Vec<HashSet<LocalId>> = vec![HashSet::new(); core.lambdas.len()];
        let ids: Vec<LambdaId> = core.lambdas.ids().collect();
        loop {
            let mut grown = false;
            for &l in &ids {
                let facts = &self.lambdas[l.index()];
                let mut used: Vec<LocalId> = facts.uses.iter().copied().filter(|&v| !self.is_lifted(core, v)).collect();
                for &callee in &facts.calls {
                    match self.known(core, callee).filter(|_| self.is_lifted(core, callee)) {
                        Some(target) if !self.joins.contains(&target) => used.extend(&free[target.index()]),
                        Some(_) => {}
                        None => used.push(callee),
                    }
                }
                for v in used {
                    grown |= self.capture(core, v, Owner::Lambda(l), &mut free);
                }
            }
            if !grown {
                break;
            }
        }
        for (list, set) in self.free.iter_mut().zip(free) {
            *list = set.into_iter().collect();
            list.sort();
        }
    }

    /// A variable is used in a body: every function between the use and its own captures it.
    fn capture(&self, core: &Core, v: LocalId, from: Owner, free: &mut [HashSet<LocalId>]) -> bool {
        let Some(home) = self.locals[v.index()].owner.map(|o| self.effective(o)) else { return false };
        let mut at = self.effective(from);
        let mut grown = false;
        while at != home {
            let Owner::Lambda(l) = at else { return grown };
            // A closure knows itself.
            if self.known(core, v) == Some(l) {
                return grown;
            }
            grown |= free[l.index()].insert(v);
            at = self.effective(self.lambdas[l.index()].parent.expect("what captures stands in a body"));
        }
        grown
    }

    fn find_cells(&mut self, core: &Core) {
        let mut captured: HashSet<LocalId> = HashSet::new();
        for (l, list) in self.free.iter().enumerate() {
            if !self.joins.contains(&LambdaId(l as u32)) {
                captured.extend(list);
            }
        }
        self.cells = captured.into_iter().filter(|&v| core.locals[v].is_set).collect();
        let mut order = Order { core, analysis: self, has_value: vec![false; core.locals.len()] };
        for &m in &core.order {
            for &e in &core.modules[m].body {
                order.expr(e);
            }
        }
    }

    // ---- globals --------------------------------------------------------------------------------

    /// Variables of modules that some code may reach before they are defined.
    fn find_early_globals(&mut self, core: &Core, forms: &[(ExprId, HashSet<GlobalId>)]) {
        let mut defined_at = vec![usize::MAX; core.globals.len()];
        let mut refs: Vec<&HashSet<GlobalId>> = Vec::new();
        let empty = HashSet::new();
        let mut of_global: Vec<&HashSet<GlobalId>> = vec![&empty; core.globals.len()];
        for (at, (e, set)) in forms.iter().enumerate() {
            refs.push(set);
            if let ExprKind::InitGlobal(g, _) = *core.kind(*e) {
                defined_at[g.index()] = at;
                of_global[g.index()] = set;
            }
        }
        for (at, (e, set)) in forms.iter().enumerate() {
            if is_inert(core, *e) {
                continue;
            }
            let mut seen: HashSet<GlobalId> = set.clone();
            let mut todo: Vec<GlobalId> = set.iter().copied().collect();
            while let Some(g) = todo.pop() {
                if defined_at[g.index()] >= at {
                    self.early_globals.insert(g);
                }
                todo.extend(of_global[g.index()].iter().filter(|&&h| seen.insert(h)));
            }
        }
    }
}

/// The strongly connected parts of the graph in which a procedure refers to the procedures inside it, to those that it
/// calls and to those that variables of modules are (Tarjan 1972).
fn groups(core: &Core, lambdas: &[LambdaFacts], globals: &[(LambdaId, GlobalId)]) -> Vec<u32> {
    let mut edges: Vec<Vec<u32>> = vec![Vec::new(); core.lambdas.len()];
    for (i, facts) in lambdas.iter().enumerate() {
        let named = facts.uses.iter().chain(&facts.calls).filter_map(|&l| core.lambda_of(l));
        edges[i].extend(named.map(|l| l.0));
        if let Some(Owner::Lambda(parent)) = facts.parent {
            edges[parent.index()].push(i as u32);
        }
    }
    for &(l, g) in globals {
        edges[l.index()].extend(core.globals[g].lambda.map(|t| t.0));
    }
    let (mut number, mut low) = (vec![0u32; edges.len()], vec![0u32; edges.len()]);
    let (mut group, mut groups) = (vec![u32::MAX; edges.len()], 0);
    let (mut stack, mut next) = (Vec::new(), 1);
    for root in 0..edges.len() {
        // Procedure, and how many of its edges were followed.
        let mut path: Vec<(usize, usize)> = if number[root] == 0 { vec![(root, 0)] } else { Vec::new() };
        while let Some(&mut (v, ref mut done)) = path.last_mut() {
            if *done == 0 && number[v] == 0 {
                (number[v], low[v]) = (next, next);
                next += 1;
                stack.push(v);
            }
            if let Some(&w) = edges[v].get(*done) {
                *done += 1;
                let w = w as usize;
                if number[w] == 0 {
                    path.push((w, 0));
                } else if group[w] == u32::MAX {
                    low[v] = low[v].min(number[w]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[v]);
            }
            if low[v] == number[v] {
                while let Some(w) = stack.pop() {
                    group[w] = groups;
                    if w == v {
                        break;
                    }
                }
                groups += 1;
            }
        }
    }
    group
}

/// Whether a form of a module does nothing but give a name its value.
fn is_inert(core: &Core, e: ExprId) -> bool {
    let ExprKind::InitGlobal(_, value) = *core.kind(e) else { return false };
    matches!(
        core.kind(value),
        ExprKind::Lambda(_)
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::BigInt(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Keyword(_)
            | ExprKind::Quote(_)
            | ExprKind::Builtin(_)
            | ExprKind::Ctor(_)
    )
}

/// Calls `f` with every part of an expression that is evaluated when it is: patterns and clauses included, bodies of
/// procedures not.
pub fn parts(core: &Core, e: ExprId, f: &mut dyn FnMut(ExprId)) {
    match core.kind(e) {
        ExprKind::Error
        | ExprKind::Nil
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::BigInt(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Keyword(_)
        | ExprKind::Quote(_)
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::Foreign(..)
        | ExprKind::Builtin(_)
        | ExprKind::Ctor(_)
        | ExprKind::Operation(_)
        | ExprKind::Require(_)
        | ExprKind::Lambda(_) => {}
        ExprKind::Init(_, v)
        | ExprKind::InitGlobal(_, v)
        | ExprKind::SetLocal(_, v)
        | ExprKind::SetGlobal(_, v)
        | ExprKind::Block(_, v)
        | ExprKind::Templated(v, _)
        | ExprKind::Ascribe(v, _) => f(*v),
        ExprKind::If(a, b, c) => [*a, *b, *c].into_iter().for_each(f),
        ExprKind::Let(_, a, b) | ExprKind::ForEach(_, a, b) | ExprKind::WithHandler(a, b) => {
            [*a, *b].into_iter().for_each(f);
        }
        ExprKind::Do(list)
        | ExprKind::Prim(_, list)
        | ExprKind::Recur(_, list)
        | ExprKind::List(list)
        | ExprKind::Map(list)
        | ExprKind::Set(list)
        | ExprKind::Tuple(list)
        | ExprKind::Perform(_, list) => list.iter().copied().for_each(f),
        ExprKind::Call(callee, list) => {
            f(*callee);
            list.iter().copied().for_each(f);
        }
        ExprKind::Loop(id) => {
            let l = &core.loops[*id];
            l.locals.iter().for_each(|b| f(b.1));
            f(l.body);
        }
        ExprKind::Match(m) => match_parts(core, m, f),
        ExprKind::Try(t) => {
            f(t.body);
            t.catch.iter().for_each(|m| match_parts(core, m, f));
            t.finally.into_iter().for_each(f);
        }
        ExprKind::Handler(h) | ExprKind::MakeHandler(h) => handler_parts(h, f),
    }
}

fn match_parts(core: &Core, m: &Match, f: &mut dyn FnMut(ExprId)) {
    f(m.value);
    for b in &m.branches {
        pattern_parts(core, b.pattern, f);
        b.guard.into_iter().for_each(&mut *f);
        f(b.body);
    }
}

fn handler_parts(h: &Handler, f: &mut dyn FnMut(ExprId)) {
    for c in &h.clauses {
        match c.action {
            Action::Function(e) | Action::Control(e, _) => f(e),
        }
    }
    h.ret.into_iter().chain(h.body).for_each(f);
}

/// Expressions inside a pattern.
fn pattern_parts(core: &Core, p: PatId, f: &mut dyn FnMut(ExprId)) {
    match &core.patterns[p].kind {
        PatternKind::Wild | PatternKind::Never | PatternKind::Bind(_) => {}
        PatternKind::Literal(e) => f(*e),
        PatternKind::List(list, rest) => list.iter().chain(rest).for_each(|&p| pattern_parts(core, p, f)),
        PatternKind::Tuple(list) | PatternKind::Ctor(_, list) | PatternKind::Or(list) => {
            list.iter().for_each(|&p| pattern_parts(core, p, f));
        }
        PatternKind::Map(entries) | PatternKind::ErrorFields(entries) => entries.iter().for_each(|&(k, p)| {
            f(k);
            pattern_parts(core, p, f);
        }),
        PatternKind::As(_, p) => pattern_parts(core, *p, f),
        PatternKind::Guard(p, e) => {
            pattern_parts(core, *p, f);
            f(*e);
        }
        PatternKind::View(e, p) => {
            f(*e);
            pattern_parts(core, *p, f);
        }
        PatternKind::Range(a, b, _) => [*a, *b].into_iter().for_each(f),
    }
}

/// The variables that a pattern binds.
pub fn pattern_locals(core: &Core, p: PatId, f: &mut dyn FnMut(LocalId)) {
    match &core.patterns[p].kind {
        PatternKind::Bind(l) => f(*l),
        PatternKind::As(l, p) => {
            f(*l);
            pattern_locals(core, *p, f);
        }
        PatternKind::List(list, rest) => list.iter().chain(rest).for_each(|&p| pattern_locals(core, p, f)),
        PatternKind::Tuple(list) | PatternKind::Ctor(_, list) | PatternKind::Or(list) => {
            list.iter().for_each(|&p| pattern_locals(core, p, f));
        }
        PatternKind::Map(entries) | PatternKind::ErrorFields(entries) => {
            entries.iter().for_each(|e| pattern_locals(core, e.1, f));
        }
        PatternKind::Guard(p, _) | PatternKind::View(_, p) => pattern_locals(core, *p, f),
        PatternKind::Wild | PatternKind::Never | PatternKind::Literal(_) | PatternKind::Range(..) => {}
    }
}

struct Scan<'a> {
    core: &'a Core,
    locals: Vec<LocalFacts>,
    lambdas: Vec<LambdaFacts>,
    continuations: usize,
    /// Of each form of each module, in order, the variables of modules that its code may reach.
    module_globals: Vec<(ExprId, HashSet<GlobalId>)>,
    /// Which procedures read which variables of modules.
    lambda_globals: Vec<(LambdaId, GlobalId)>,
}

impl Scan<'_> {
    fn fresh(&mut self) -> Continuation {
        self.continuations += 1;
        self.continuations - 1
    }

    fn owns(&mut self, local: LocalId, owner: Owner) {
        self.locals[local.index()].owner = Some(owner);
    }

    fn uses(&mut self, local: LocalId, owner: Owner) {
        self.locals[local.index()].escapes = true;
        self.uses_of_call(local, owner);
    }

    fn uses_of_call(&mut self, local: LocalId, owner: Owner) {
        if let Owner::Lambda(l) = owner {
            self.lambdas[l.index()].uses.insert(local);
        }
    }

    fn expr(&mut self, e: ExprId, k: Continuation, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let core = self.core;
        // A value that is tested goes on after the test only.
        let k = if core.tests.contains_key(&e) { self.fresh() } else { k };
        match core.kind(e) {
            ExprKind::Local(l) => self.uses(*l, owner),
            ExprKind::Global(g) => {
                refs.insert(*g);
                if let Owner::Lambda(l) = owner {
                    self.lambda_globals.push((l, *g));
                }
            }
            ExprKind::SetLocal(l, v) => {
                self.uses(*l, owner);
                self.operand(*v, owner, refs);
            }
            ExprKind::Init(l, v) => self.init(*l, *v, owner, refs),
            ExprKind::InitGlobal(_, v) | ExprKind::SetGlobal(_, v) => self.operand(*v, owner, refs),
            ExprKind::Lambda(l) => self.lambda(*l, owner, refs),
            ExprKind::If(a, b, c) => {
                self.operand(*a, owner, refs);
                self.expr(*b, k, owner, refs);
                self.expr(*c, k, owner, refs);
            }
            ExprKind::Do(list) => {
                let Some((last, before)) = list.split_last() else { return };
                before.iter().for_each(|&e| self.operand(e, owner, refs));
                self.expr(*last, k, owner, refs);
            }
            ExprKind::Let(l, v, body) => {
                self.owns(*l, owner);
                self.operand(*v, owner, refs);
                self.expr(*body, k, owner, refs);
            }
            ExprKind::Block(locals, body) => {
                for &l in locals {
                    self.owns(l, owner);
                    self.locals[l.index()].block = Some(k);
                }
                self.expr(*body, k, owner, refs);
            }
            ExprKind::Call(callee, list) => {
                list.iter().for_each(|&e| self.operand(e, owner, refs));
                self.callee(*callee, list.len(), k, owner, refs);
            }
            ExprKind::Loop(id) => {
                let l = &core.loops[*id];
                for &(local, value) in &l.locals {
                    self.owns(local, owner);
                    self.operand(value, owner, refs);
                }
                self.expr(l.body, k, owner, refs);
            }
            ExprKind::ForEach(l, list, body) => {
                self.owns(*l, owner);
                self.operand(*list, owner, refs);
                self.operand(*body, owner, refs);
            }
            ExprKind::Match(m) => self.matching(m, k, owner, refs),
            ExprKind::Try(t) => {
                self.operand(t.body, owner, refs);
                if let Some(m) = &t.catch {
                    let inside = if t.finally.is_some() { self.fresh() } else { k };
                    self.matching(m, inside, owner, refs);
                }
                t.finally.iter().for_each(|&e| self.operand(e, owner, refs));
            }
            _ => parts(core, e, &mut |e| self.operand(e, owner, refs)),
        }
    }

    fn operand(&mut self, e: ExprId, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let k = self.fresh();
        self.expr(e, k, owner, refs);
    }

    fn init(&mut self, l: LocalId, v: ExprId, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let facts = &mut self.locals[l.index()];
        facts.definitions += 1;
        if let ExprKind::Lambda(lambda) = *self.core.kind(v) {
            facts.lambda = Some(lambda);
            self.lambdas[lambda.index()].binder = Some(l);
        }
        self.operand(v, owner, refs);
    }

    fn callee(&mut self, callee: ExprId, count: usize, k: Continuation, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let ExprKind::Local(l) = *self.core.kind(callee) else { return self.operand(callee, owner, refs) };
        let facts = &mut self.locals[l.index()];
        facts.calls.push((k, owner));
        // The number of parameters is known when all definitions were seen; see `Analysis::is_lifted`.
        if let Owner::Lambda(inside) = owner {
            self.lambdas[inside.index()].calls.insert(l);
        }
        if self.wrong_count(l, count) {
            self.locals[l.index()].escapes = true;
            self.uses_of_call(l, owner);
        }
    }

    fn wrong_count(&self, l: LocalId, count: usize) -> bool {
        let Some(lambda) = self.core.lambda_of(l) else { return false };
        let lambda = &self.core.lambdas[lambda];
        count < lambda.least() || lambda.most().is_some_and(|m| count > m)
    }

    fn lambda(&mut self, l: LambdaId, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let core = self.core;
        let tail = self.fresh();
        let facts = &mut self.lambdas[l.index()];
        facts.parent = Some(owner);
        facts.tail = tail;
        let lambda = &core.lambdas[l];
        let me = Owner::Lambda(l);
        for p in &lambda.params {
            self.owns(p.local, me);
            p.default.into_iter().for_each(|d| self.operand(d, me, refs));
        }
        lambda.rest.into_iter().for_each(|r| self.owns(r, me));
        self.expr(lambda.body, tail, me, refs);
    }

    fn matching(&mut self, m: &Match, k: Continuation, owner: Owner, refs: &mut HashSet<GlobalId>) {
        let core = self.core;
        self.owns(m.subject, owner);
        self.operand(m.value, owner, refs);
        for b in &m.branches {
            pattern_locals(core, b.pattern, &mut |l| self.owns(l, owner));
            pattern_parts(core, b.pattern, &mut |e| self.operand(e, owner, refs));
            b.guard.into_iter().for_each(|g| self.operand(g, owner, refs));
            self.expr(b.body, k, owner, refs);
        }
    }
}

/// Follows evaluation: which variables have a value where.
struct Order<'a> {
    core: &'a Core,
    analysis: &'a mut Analysis,
    has_value: Vec<bool>,
}

impl Order<'_> {
    fn is_late(&self, l: LocalId) -> bool {
        self.core.locals[l].is_late && !self.has_value[l.index()]
    }

    fn expr(&mut self, e: ExprId) {
        let core = self.core;
        match core.kind(e) {
            ExprKind::Local(l) if self.is_late(*l) => {
                self.analysis.early_reads.insert(e);
            }
            ExprKind::Init(l, v) => {
                let lambda = match *core.kind(*v) {
                    ExprKind::Lambda(lambda) => Some(lambda),
                    _ => None,
                };
                match lambda.filter(|&f| self.analysis.known(core, *l) == Some(f)) {
                    Some(f) => {
                        if !self.analysis.is_lifted(core, *l) {
                            self.closure(f, Some(*l));
                        }
                        // It has its value whenever its body runs.
                        self.has_value[l.index()] = true;
                        self.body(f);
                    }
                    None => {
                        self.expr(*v);
                        self.has_value[l.index()] = true;
                    }
                }
            }
            ExprKind::Lambda(l) => {
                self.closure(*l, None);
                self.body(*l);
            }
            ExprKind::Call(callee, list) => {
                list.iter().for_each(|&e| self.expr(e));
                self.expr(*callee);
            }
            _ => parts(core, e, &mut |e| self.expr(e)),
        }
    }

    /// What a closure captures before it has a value is in a cell.
    fn closure(&mut self, l: LambdaId, binder: Option<LocalId>) {
        for v in self.analysis.free(l).to_vec() {
            if Some(v) != binder && self.is_late(v) {
                self.analysis.cells.insert(v);
            }
        }
    }

    fn body(&mut self, l: LambdaId) {
        let lambda = &self.core.lambdas[l];
        lambda.params.iter().filter_map(|p| p.default).for_each(|d| self.expr(d));
        self.expr(lambda.body);
    }
}
