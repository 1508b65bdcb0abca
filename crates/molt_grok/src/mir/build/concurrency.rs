//! Tasks, actors and waiting. Functions of the library that are called, all found by `#[lang]`:
//!
//! | Name | Signature |
//! |---|---|
//! | `task_spawn` | `fn<F, T>(F) -> JoinHandle<T>` where F is the task's body, an `FnOnce() -> T` |

use super::Builder;
use crate::hir::{Expr, ExprId};
use crate::mir::{Operand, Place, Terminator};

impl Builder<'_> {
    pub(super) fn concurrent(&mut self, dest: &Place, expr: ExprId) {
        let span = self.span(expr);
        match self.body.exprs[expr] {
            Expr::Await(value) => {
                let future = self.operand(self.full(value));
                self.consumed(std::slice::from_ref(&future));
                let target = self.new_block();
                self.end_panicking(Terminator::Await { future, dest: dest.clone(), target }, span);
                self.enter(target);
            }
            Expr::SpawnTask { .. } => {
                let id = self.typed.closures[&expr];
                let own = self.closure_ty(id);
                let slot = self.new_slot(own, span);
                let value = self.closure_value(id, own);
                self.assign(Place::local(slot), value, span);
                let args = self.types.ty_list(&[own, self.q.closure(id).ret]);
                self.call_lang("task_spawn", args, vec![Operand::Move(Place::local(slot))], dest.clone(), span);
            }
            _ => todo!(),
        }
    }
}
