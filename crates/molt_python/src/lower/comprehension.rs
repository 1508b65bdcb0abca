//! List, set and dict comprehensions, inlined into the frame at hand (PEP 709).

use molt_ir::{Op, ValueId};
use ruff_python_ast::{Comprehension, Expr};
use ruff_text_size::Ranged;

use super::Lowerer;
use crate::scope::{NodeRole, ScopeId};

impl<'a> Lowerer<'a> {
    pub(super) fn comprehension(&mut self, e: &'a Expr) -> ValueId {
        let (generators, scope) = match e {
            Expr::ListComp(c) => (&c.generators, self.scopes.of(c, NodeRole::Body)),
            Expr::SetComp(c) => (&c.generators, self.scopes.of(c, NodeRole::Body)),
            Expr::DictComp(c) => (&c.generators, self.scopes.of(c, NodeRole::Body)),
            _ => unreachable!("not a comprehension"),
        };
        if generators.iter().any(|c| c.is_async) {
            self.unsupported(e.range(), "asynchronous comprehension");
            return self.none();
        }
        let first = &generators[0];
        let iterator = self.iterator(&first.iter);
        self.at(e);
        let op = match e {
            Expr::ListComp(_) => Op::ListNew,
            Expr::SetComp(_) => Op::SetNew,
            _ => Op::DictNew,
        };
        let result = self.f.b.word(op, &[], 0);
        self.inlined(scope, |l| {
            l.comprehension_loops(generators, iterator, &mut |l| l.add_element(e, result));
        });
        result
    }

    /// Runs `body` in a scope inlined into the frame.
    fn inlined(&mut self, scope: ScopeId, body: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.f.scope, scope);
        self.open_scope(scope, &[]);
        body(self);
        self.f.scope = outer;
    }

    fn add_element(&mut self, e: &'a Expr, result: ValueId) {
        match e {
            Expr::ListComp(c) => match &*c.elt {
                Expr::Starred(s) => {
                    let value = self.expr(&s.value);
                    self.at(&c.elt);
                    self.f.b.effect(Op::ListExtend, &[result, value], 0);
                }
                elt => {
                    let value = self.expr(elt);
                    self.at(elt);
                    self.f.b.effect(Op::ListAppend, &[result, value], 0);
                }
            },
            Expr::SetComp(c) => {
                let value = self.expr(&c.elt);
                self.at(&c.elt);
                self.f.b.effect(Op::SetAdd, &[result, value], 0);
            }
            Expr::DictComp(c) => match &c.key {
                Some(key) => {
                    let key_value = self.expr(key);
                    let value = self.expr(&c.value);
                    self.f.b.loc = self.range_loc(key.range().cover(c.value.range()));
                    self.f.b.effect(Op::DictInsert, &[result, key_value, value], 0);
                }
                None => {
                    let mapping = self.expr(&c.value);
                    self.at(&c.value);
                    self.f.b.effect(Op::DictUpdate, &[result, mapping], 0);
                }
            },
            _ => unreachable!("not a comprehension"),
        }
    }

    /// The loops of a comprehension around `element`; the first iterator is given.
    pub(super) fn comprehension_loops(
        &mut self,
        generators: &'a [Comprehension],
        iterator: ValueId,
        element: &mut dyn FnMut(&mut Self),
    ) {
        let Some((first, rest)) = generators.split_first() else {
            element(self);
            return;
        };
        let (head, body, end) = (self.f.b.block(), self.f.b.block(), self.f.b.block());
        self.f.b.jump(head);
        self.f.b.switch_to(head);
        self.at(&first.iter);
        let item = self.f.b.word(Op::PyNext, &[iterator], 0);
        self.branch_unbound(item, end, body);
        self.enter(body);
        self.assign(&first.target, item);
        let next = self.f.b.block();
        for test in &first.ifs {
            let passed = self.f.b.block();
            self.cond(test, passed, next);
            self.enter(passed);
            if self.dead() {
                break;
            }
        }
        if !self.dead() {
            match rest.first() {
                None => element(self),
                Some(inner) => {
                    let iterator = self.iterator(&inner.iter);
                    self.comprehension_loops(rest, iterator, element);
                }
            }
            self.jump(next);
        }
        self.enter(next);
        if !self.dead() {
            self.f.b.effect(Op::Poll, &[], 0);
            self.jump(head);
        }
        self.f.b.seal(head);
        self.enter(end);
    }
}
