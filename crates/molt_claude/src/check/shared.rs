//! W0103: a variable that is assigned and that a task shares with others.

use std::collections::HashSet;

use molt_base::Span;
use molt_diagnostics::registry::claude as code;

use super::Checker;
use crate::core::{ExprId, ExprKind, GlobalId, LambdaId, LocalId, Match};
use crate::library::BUILTINS;
use crate::lower::analysis::{parts, pattern_locals};

/// A variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Var {
    Local(LocalId),
    Global(GlobalId),
}

/// What the procedure of a task binds and names, in the order of the text.
#[derive(Default)]
struct Names {
    bound: HashSet<LocalId>,
    /// Variables that are assigned somewhere.
    named: Vec<(Var, Span)>,
}

impl Checker<'_> {
    /// Looks at a form that starts tasks.
    pub fn look_for_shared(&mut self, e: ExprId) {
        let core = self.core;
        let procedures: Vec<LambdaId> = match core.kind(e) {
            ExprKind::Perform(op, list) if self.is_go(*op) => lambdas(core, list),
            ExprKind::Prim(b, list) if ["%async", "%parallel", "actor"].contains(&BUILTINS[b.0 as usize].name) => {
                lambdas(core, list)
            }
            _ => return,
        };
        for l in procedures {
            let mut names = Names::default();
            self.gather_lambda(l, &mut names);
            let mut seen = HashSet::new();
            for (v, span) in names.named {
                let name = match v {
                    Var::Local(l) if names.bound.contains(&l) => continue,
                    Var::Local(l) => core.locals[l].name,
                    Var::Global(g) => core.globals[g].name,
                };
                if seen.insert(v) {
                    let name = core.names.text(name);
                    self.warn(
                        &code::SHARED,
                        span,
                        format!("`{name}` is assigned, and this task shares it with others"),
                    );
                }
            }
        }
    }

    fn is_go(&self, op: crate::core::OpId) -> bool {
        let op = &self.core.ops[op];
        let effect = &self.core.effects[op.effect];
        effect.is_builtin && self.core.names.text(op.name) == "go" && self.core.names.text(effect.name) == "Concurrent"
    }

    fn gather_lambda(&self, l: LambdaId, names: &mut Names) {
        let lambda = &self.core.lambdas[l];
        names.bound.extend(lambda.params.iter().map(|p| p.local).chain(lambda.rest));
        lambda.params.iter().filter_map(|p| p.default).for_each(|d| self.gather(d, names));
        self.gather(lambda.body, names);
    }

    fn gather_match(&self, m: &Match, names: &mut Names) {
        names.bound.insert(m.subject);
        for b in &m.branches {
            pattern_locals(self.core, b.pattern, &mut |l| {
                names.bound.insert(l);
            });
        }
    }

    fn gather(&self, e: ExprId, names: &mut Names) {
        let core = self.core;
        let span = core.exprs[e].span;
        match core.kind(e) {
            ExprKind::Local(l) | ExprKind::SetLocal(l, _) if core.locals[*l].is_set => {
                names.named.push((Var::Local(*l), span));
            }
            ExprKind::Global(g) | ExprKind::SetGlobal(g, _) if core.globals[*g].is_set => {
                names.named.push((Var::Global(*g), span));
            }
            ExprKind::Let(l, ..) | ExprKind::ForEach(l, ..) => {
                names.bound.insert(*l);
            }
            ExprKind::Block(locals, _) => names.bound.extend(locals),
            ExprKind::Loop(id) => names.bound.extend(core.loops[*id].locals.iter().map(|l| l.0)),
            ExprKind::Match(m) => self.gather_match(m, names),
            ExprKind::Try(t) => t.catch.iter().for_each(|m| self.gather_match(m, names)),
            ExprKind::Lambda(l) => self.gather_lambda(*l, names),
            _ => {}
        }
        parts(core, e, &mut |e| self.gather(e, names));
    }
}

/// The procedures among operands that are written there.
fn lambdas(core: &crate::core::Core, list: &[ExprId]) -> Vec<LambdaId> {
    let lambda = |e: &ExprId| match *core.kind(*e) {
        ExprKind::Lambda(l) => Some(l),
        _ => None,
    };
    list.iter().filter_map(lambda).collect()
}
