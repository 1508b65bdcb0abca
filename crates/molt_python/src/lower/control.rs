//! Loops and jumps: `break`, `continue` and `return` run what they leave on the way.

use molt_base::Symbol;
use molt_ir::{BlockId, LocId, Op, ValueId};
use ruff_python_ast::{self as ast, Expr, Stmt};

use super::Lowerer;
use crate::scope::ScopeId;

/// A construct around the code at hand that jumps out of it must respect.
#[derive(Clone, Copy)]
pub(super) enum Control<'a> {
    Loop {
        next: BlockId,
        end: BlockId,
        /// What a `for` loop iterates with.
        iterator: Option<ValueId>,
    },
    /// Something to do on the way out, with the handler and scope in force there.
    Cleanup { action: Action<'a>, handler: Option<BlockId>, scope: ScopeId },
}

/// What leaving a construct does.
#[derive(Clone, Copy)]
pub(super) enum Action<'a> {
    /// Body of a `finally`.
    Finally(&'a [Stmt]),
    /// Calls the bound `__exit__` of a `with`.
    Exit(ValueId, LocId),
    /// Ends the handling of an exception.
    Handled,
    /// Unbinds the name of an `except` clause.
    Unbind(Symbol),
}

impl<'a> Lowerer<'a> {
    pub(super) fn push_cleanup(&mut self, action: Action<'a>, handler: Option<BlockId>) {
        let scope = self.f.scope;
        self.f.control.push(Control::Cleanup { action, handler, scope });
    }

    /// Leaves all constructs above `depth`, innermost first, then does `finish` unless a `finally` went elsewhere.
    fn leave(&mut self, depth: usize, finish: impl FnOnce(&mut Self)) {
        let (control, handler, scope) = (self.f.control.clone(), self.f.b.handler, self.f.scope);
        while self.f.control.len() > depth && !self.dead() {
            match self.f.control.pop() {
                Some(Control::Cleanup { action, handler, scope }) => {
                    self.f.b.handler = handler;
                    self.f.scope = scope;
                    self.run_action(action);
                }
                Some(Control::Loop { iterator: Some(iterator), .. }) => self.keep(iterator),
                _ => {}
            }
        }
        if !self.dead() {
            finish(self);
        }
        self.f.control = control;
        self.f.b.handler = handler;
        self.f.scope = scope;
    }

    pub(super) fn run_action(&mut self, action: Action<'a>) {
        match action {
            Action::Finally(body) => self.body(body),
            Action::Exit(exit, loc) => {
                let none = self.none();
                self.f.b.loc = loc;
                self.f.b.bit(Op::WithExit, &[exit, none], 0);
            }
            Action::Handled => self.f.b.effect(Op::HandledPop, &[], 0),
            Action::Unbind(name) => self.unbind_symbol(name),
        }
    }

    pub(super) fn return_stmt(&mut self, r: &'a ast::StmtReturn) {
        let value = match &r.value {
            Some(e) => self.expr(e),
            None => self.none(),
        };
        self.at_range(r);
        self.leave(0, |l| {
            l.keep_variables();
            l.f.b.ret(value);
        });
    }

    pub(super) fn break_or_continue(&mut self, is_break: bool) {
        let depth = self.f.control.iter().rposition(|c| matches!(c, Control::Loop { .. }));
        let depth = depth.expect("the scope pass refuses jumps outside loops");
        let Control::Loop { next, end, iterator } = self.f.control[depth] else { unreachable!("found as a loop") };
        self.leave(depth + 1, |l| {
            if let Some(iterator) = iterator.filter(|_| is_break) {
                l.keep(iterator);
            }
            l.f.b.jump(if is_break { end } else { next });
        });
    }

    pub(super) fn while_stmt(&mut self, w: &'a ast::StmtWhile) {
        let (head, body, orelse, end) = (self.f.b.block(), self.f.b.block(), self.f.b.block(), self.f.b.block());
        self.f.b.jump(head);
        self.f.b.switch_to(head);
        self.at(&w.test);
        self.f.b.effect(Op::Poll, &[], 0);
        self.cond(&w.test, body, orelse);
        self.enter(body);
        self.f.control.push(Control::Loop { next: head, end, iterator: None });
        self.body(&w.body);
        self.f.control.pop();
        self.jump(head);
        self.f.b.seal(head);
        self.enter(orelse);
        self.body(&w.orelse);
        self.jump(end);
        self.enter(end);
    }

    pub(super) fn for_stmt(&mut self, f: &'a ast::StmtFor) {
        let iterator = self.iterator(&f.iter);
        let (head, body, next) = (self.f.b.block(), self.f.b.block(), self.f.b.block());
        let (orelse, end) = (self.f.b.block(), self.f.b.block());
        self.f.b.jump(head);
        self.f.b.switch_to(head);
        self.at(&f.iter);
        let item = self.f.b.word(Op::PyNext, &[iterator], 0);
        self.branch_unbound(item, orelse, body);
        self.enter(body);
        self.assign(&f.target, item);
        self.f.control.push(Control::Loop { next, end, iterator: Some(iterator) });
        self.body(&f.body);
        self.f.control.pop();
        self.jump(next);
        self.enter(next);
        if !self.dead() {
            self.at(&f.iter);
            self.f.b.effect(Op::Poll, &[], 0);
            self.jump(head);
        }
        self.f.b.seal(head);
        self.enter(orelse);
        self.body(&f.orelse);
        self.jump(end);
        self.enter(end);
    }

    pub(super) fn if_stmt(&mut self, i: &'a ast::StmtIf) {
        let end = self.f.b.block();
        self.branch_to(&i.test, &i.body, end);
        for clause in &i.elif_else_clauses {
            if self.dead() {
                break;
            }
            match &clause.test {
                Some(test) => self.branch_to(test, &clause.body, end),
                None => {
                    self.body(&clause.body);
                    self.jump(end);
                }
            }
        }
        self.jump(end);
        self.enter(end);
    }

    /// Runs `body` and goes to `end` if the test holds; goes on where it does not.
    fn branch_to(&mut self, test: &'a Expr, body: &'a [Stmt], end: BlockId) {
        let (then, otherwise) = (self.f.b.block(), self.f.b.block());
        self.cond(test, then, otherwise);
        self.enter(then);
        self.body(body);
        self.jump(end);
        self.enter(otherwise);
    }
}
