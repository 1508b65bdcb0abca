//! What a condition says of the variables in it.

use molt_base::EntityId;

use super::Checker;
use super::ty::{Base, Types};
use crate::core::{ExprId, ExprKind, LocalId};
use crate::library::{BUILTINS, Code};

impl Checker<'_> {
    /// Notes what is known of variables where a condition holds, or does not.
    pub fn narrow(&mut self, test: ExprId, holds: bool) {
        let core = self.core;
        match core.kind(test) {
            ExprKind::Local(l) => {
                if holds {
                    let t = self.local(*l);
                    let t = self.types.without(t, Types::base(Base::Nil));
                    self.knows(*l, t);
                }
                if let Some(&value) = self.values.get(l) {
                    self.narrow(value, holds);
                }
            }
            ExprKind::Prim(b, list) if BUILTINS[b.0 as usize].code == Code::Not => self.narrow(list[0], !holds),
            ExprKind::Prim(b, list) => {
                if let Some(&[only]) = list.get(..)
                    && let ExprKind::Local(l) = *core.kind(only)
                    && let Some(told) = self.told_apart(BUILTINS[b.0 as usize].name)
                {
                    let t = self.local(l);
                    let t = if holds { self.types.meet(t, told) } else { self.types.without(t, told) };
                    self.knows(l, t);
                }
            }
            // `and` and `or`: a variable that nothing else reads.
            ExprKind::Let(l, first, rest) => {
                let ExprKind::If(c, a, b) = *core.kind(*rest) else { return };
                let is_it = |e: ExprId| *core.kind(e) == ExprKind::Local(*l);
                if is_it(c) && is_it(b) && holds {
                    self.narrow(*first, true);
                    self.narrow(a, true);
                } else if is_it(c) && is_it(a) && !holds {
                    self.narrow(*first, false);
                    self.narrow(b, false);
                }
            }
            _ => {}
        }
    }

    fn knows(&mut self, l: LocalId, t: super::ty::TyId) {
        let is_lambda = self.core.locals[l].lambda.is_some();
        if !self.core.locals[l].is_set && !is_lambda && self.locals[l.index()].is_some() {
            self.narrowed.push((l, t));
        }
    }
}
