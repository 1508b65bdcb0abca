//! `try`, `except`, `except*`, `finally`, `with`, `raise`, `assert`.
//!
//! A handler block begins with `exc.catch` and `exc.push`; every way out of it passes `exc.pop`. `finally` is
//! lowered once for each way of leaving: normally, with an exception, and by each jump.

use molt_ir::{BlockId, Op, ValueId};
use ruff_python_ast::{self as ast, ExceptHandler, Stmt};

use super::Lowerer;
use super::control::Action;

impl<'a> Lowerer<'a> {
    pub(super) fn try_stmt(&mut self, t: &'a ast::StmtTry) {
        if t.finalbody.is_empty() {
            self.try_part(t);
            return;
        }
        let outer = self.f.b.handler;
        let handler = self.f.b.cold_block();
        self.push_cleanup(Action::Finally(&t.finalbody), outer);
        self.f.b.handler = Some(handler);
        self.try_part(t);
        self.f.control.pop();
        self.f.b.handler = outer;
        let end = self.f.b.block();
        self.body(&t.finalbody);
        self.jump(end);
        self.handle(handler, outer, |l, exception| {
            l.body(&t.finalbody);
            Some(exception)
        });
        self.enter(end);
    }

    /// The statement without its `finally`.
    fn try_part(&mut self, t: &'a ast::StmtTry) {
        if t.handlers.is_empty() {
            self.body(&t.body);
            self.body(&t.orelse);
            return;
        }
        let outer = self.f.b.handler;
        let handler = self.f.b.cold_block();
        self.f.b.handler = Some(handler);
        self.body(&t.body);
        self.f.b.handler = outer;
        self.body(&t.orelse);
        let end = self.f.b.block();
        self.jump(end);
        self.handle(handler, outer, |l, exception| {
            if t.is_star {
                l.star_clauses(&t.handlers, exception, outer, end)
            } else {
                l.clauses(&t.handlers, exception, outer, end)
            }
        });
        self.enter(end);
    }

    /// Fills a handler block: catches, runs `body` with the exception as the handled one, and raises what `body`
    /// gives (or goes nowhere if `body` ended all paths itself). Exceptions in `body` end the handling first.
    fn handle(
        &mut self,
        handler: BlockId,
        outer: Option<BlockId>,
        body: impl FnOnce(&mut Self, ValueId) -> Option<ValueId>,
    ) {
        if !self.f.b.is_reached(handler) {
            return;
        }
        self.f.b.seal_and_switch(handler);
        let exception = self.f.b.word(Op::Catch, &[], 0);
        self.f.b.effect(Op::HandledPush, &[exception], 0);
        let cleanup = self.f.b.cold_block();
        self.f.b.handler = Some(cleanup);
        self.push_cleanup(Action::Handled, outer);
        let raised = body(self, exception);
        self.f.control.pop();
        self.f.b.handler = outer;
        if !self.dead() {
            self.f.b.effect(Op::HandledPop, &[], 0);
            self.f.b.throw(raised.expect("a path that ends here raises"));
        }
        if self.f.b.is_reached(cleanup) {
            self.f.b.seal_and_switch(cleanup);
            let second = self.f.b.word(Op::Catch, &[], 0);
            self.f.b.effect(Op::HandledPop, &[], 0);
            self.f.b.throw(second);
        }
    }

    fn clauses(
        &mut self,
        handlers: &'a [ExceptHandler],
        exception: ValueId,
        outer: Option<BlockId>,
        end: BlockId,
    ) -> Option<ValueId> {
        for ExceptHandler::ExceptHandler(h) in handlers {
            if self.dead() {
                break;
            }
            let next = self.f.b.block();
            if let Some(type_) = &h.type_ {
                let wanted = self.expr(type_);
                self.at(type_);
                let matches = self.f.b.bit(Op::ExcMatch, &[exception, wanted], 0);
                let body = self.f.b.block();
                self.f.b.brif(matches, body, next);
                self.enter(body);
            }
            self.clause_body(h, exception, &h.body);
            if !self.dead() {
                let cleanup = std::mem::replace(&mut self.f.b.handler, outer);
                self.f.b.effect(Op::HandledPop, &[], 0);
                self.f.b.jump(end);
                self.f.b.handler = cleanup;
            }
            self.enter(next);
        }
        Some(exception)
    }

    /// Body of a clause; its name is bound during it and unbound after it, whichever way it ends.
    fn clause_body(&mut self, h: &'a ast::ExceptHandlerExceptHandler, exception: ValueId, body: &'a [Stmt]) {
        let Some(name) = &h.name else {
            self.body(body);
            return;
        };
        self.at_range(name);
        self.store_name(name, exception);
        let symbol = self.symbol(name);
        let outer = self.f.b.handler;
        let handler = self.f.b.cold_block();
        self.push_cleanup(Action::Unbind(symbol), outer);
        self.f.b.handler = Some(handler);
        self.body(body);
        self.f.control.pop();
        self.f.b.handler = outer;
        let after = self.f.b.block();
        if !self.dead() {
            self.unbind_symbol(symbol);
            self.jump(after);
        }
        if self.f.b.is_reached(handler) {
            self.f.b.seal_and_switch(handler);
            let raised = self.f.b.word(Op::Catch, &[], 0);
            self.unbind_symbol(symbol);
            self.f.b.throw(raised);
        }
        self.enter(after);
    }

    /// `except*` clauses: each takes its part of the group; what is raised in them and what is left over is raised
    /// together at the end.
    fn star_clauses(
        &mut self,
        handlers: &'a [ExceptHandler],
        exception: ValueId,
        outer: Option<BlockId>,
        end: BlockId,
    ) -> Option<ValueId> {
        let raised = self.f.b.word(Op::ListNew, &[], 0);
        let rest = self.f.b.variable();
        self.f.b.def_var(rest, exception);
        for ExceptHandler::ExceptHandler(h) in handlers {
            let Some(type_) = &h.type_ else { continue };
            let wanted = self.expr(type_);
            let group = self.f.b.use_var(rest);
            self.at(type_);
            let split = self.f.b.word(Op::GroupSplit, &[group, wanted], 0);
            let parts = self.words(Op::PyUnpack, &[split], 2, 2);
            self.f.b.def_var(rest, parts[1]);
            let none = self.none();
            let unmatched = self.f.b.bit(Op::PyIs, &[parts[0], none], 0);
            let (body, next) = (self.f.b.block(), self.f.b.block());
            self.f.b.brif(unmatched, next, body);
            self.enter(body);
            self.star_clause(h, parts[0], raised);
            self.jump(next);
            self.enter(next);
        }
        let left = self.f.b.use_var(rest);
        self.star_end(exception, raised, left, outer, end)
    }

    fn star_clause(&mut self, h: &'a ast::ExceptHandlerExceptHandler, part: ValueId, raised: ValueId) {
        let outer = self.f.b.handler;
        let handler = self.f.b.cold_block();
        self.f.b.effect(Op::HandledPush, &[part], 0);
        self.f.b.handler = Some(handler);
        self.push_cleanup(Action::Handled, outer);
        self.clause_body(h, part, &h.body);
        self.f.control.pop();
        self.f.b.handler = outer;
        let after = self.f.b.block();
        if !self.dead() {
            self.f.b.effect(Op::HandledPop, &[], 0);
            self.f.b.jump(after);
        }
        if self.f.b.is_reached(handler) {
            self.f.b.seal_and_switch(handler);
            let exception = self.f.b.word(Op::Catch, &[], 0);
            self.f.b.effect(Op::HandledPop, &[], 0);
            self.f.b.effect(Op::ListAppend, &[raised, exception], 0);
            self.f.b.jump(after);
        }
        self.enter(after);
    }

    /// Decides what is raised after the clauses; ends the path on which nothing is.
    fn star_end(
        &mut self,
        exception: ValueId,
        raised: ValueId,
        left: ValueId,
        outer: Option<BlockId>,
        end: BlockId,
    ) -> Option<ValueId> {
        let none = self.none();
        let empty = self.f.b.bit(Op::PyIs, &[left, none], 0);
        let (append, decide) = (self.f.b.block(), self.f.b.block());
        self.f.b.brif(empty, decide, append);
        self.enter(append);
        self.f.b.effect(Op::ListAppend, &[raised, left], 0);
        self.f.b.jump(decide);
        self.enter(decide);
        let result = self.f.b.word(Op::GroupReraise, &[exception, raised], 0);
        let handled = self.f.b.bit(Op::PyIs, &[result, none], 0);
        let (raise, done) = (self.f.b.block(), self.f.b.block());
        self.f.b.brif(handled, done, raise);
        self.enter(done);
        let cleanup = std::mem::replace(&mut self.f.b.handler, outer);
        self.f.b.effect(Op::HandledPop, &[], 0);
        self.f.b.jump(end);
        self.f.b.handler = cleanup;
        self.enter(raise);
        Some(result)
    }

    pub(super) fn with_stmt(&mut self, w: &'a ast::StmtWith) {
        if w.is_async {
            self.unsupported(w.range, "`async with`");
            return;
        }
        self.with_items(&w.items, &w.body);
    }

    fn with_items(&mut self, items: &'a [ast::WithItem], body: &'a [Stmt]) {
        let Some((item, rest)) = items.split_first() else {
            self.body(body);
            return;
        };
        let manager = self.expr(&item.context_expr);
        self.at(&item.context_expr);
        let loc = self.f.b.loc;
        let entered = self.words(Op::WithEnter, &[manager], 0, 2);
        let (exit, value) = (entered[0], entered[1]);
        let outer = self.f.b.handler;
        let handler = self.f.b.cold_block();
        self.push_cleanup(Action::Exit(exit, loc), outer);
        self.f.b.handler = Some(handler);
        if let Some(target) = &item.optional_vars {
            self.assign(target, value);
        }
        self.with_items(rest, body);
        self.f.control.pop();
        self.f.b.handler = outer;
        let end = self.f.b.block();
        if !self.dead() {
            self.run_action(Action::Exit(exit, loc));
            self.jump(end);
        }
        self.handle(handler, outer, |l, exception| {
            l.f.b.loc = loc;
            let suppressed = l.f.b.bit(Op::WithExit, &[exit, exception], 0);
            let (done, raise) = (l.f.b.block(), l.f.b.block());
            l.f.b.brif(suppressed, done, raise);
            l.enter(done);
            let cleanup = std::mem::replace(&mut l.f.b.handler, outer);
            l.f.b.effect(Op::HandledPop, &[], 0);
            l.f.b.jump(end);
            l.f.b.handler = cleanup;
            l.enter(raise);
            Some(exception)
        });
        self.enter(end);
    }

    pub(super) fn raise_stmt(&mut self, r: &'a ast::StmtRaise) {
        match &r.exc {
            None => {
                self.at_range(r);
                self.f.b.effect(Op::PyRaiseAgain, &[], 0);
            }
            Some(e) => {
                let exception = self.expr(e);
                let cause = match &r.cause {
                    Some(c) => self.expr(c),
                    None => self.unbound(),
                };
                self.at_range(r);
                self.f.b.effect(Op::PyRaise, &[exception, cause], 0);
            }
        }
        self.f.b.unreachable();
    }

    pub(super) fn assert_stmt(&mut self, a: &'a ast::StmtAssert) {
        if self.optimize {
            return;
        }
        let (ok, fail) = (self.f.b.block(), self.f.b.cold_block());
        self.cond(&a.test, ok, fail);
        self.enter(fail);
        if !self.dead() {
            let message = match &a.msg {
                Some(e) => self.expr(e),
                None => self.unbound(),
            };
            self.at(&a.test);
            self.f.b.effect(Op::AssertFail, &[message], 0);
            self.f.b.unreachable();
        }
        self.enter(ok);
    }
}
