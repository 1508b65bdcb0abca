//! `try`, `catch`, `finally`.

use molt_abi::RtFn;
use molt_ir::{BlockId, Op, ValueId};

use super::body::{Body, To};
use crate::core::{ExprId, Match, Try};

impl Body<'_, '_> {
    pub fn trying(&mut self, t: &Try, to: To) -> Option<ValueId> {
        self.merging(to, |s, to| match t.finally {
            Some(finally) => s.with_finally(t, finally, to),
            None => s.with_catch(t.body, t.catch.as_ref(), to),
        })
    }

    /// The body, and the clauses for the errors that come out of it.
    fn with_catch(&mut self, body: ExprId, catch: Option<&Match>, to: To) {
        let Some(m) = catch else {
            self.expr(body, to);
            return;
        };
        let outer = self.b.handler;
        let handler = self.b.cold_block();
        self.b.handler = Some(handler);
        let value = self.operand(body);
        self.b.handler = outer;
        if let Some(value) = value {
            self.give(value, to);
        }
        if !self.enter_handler(handler) {
            return;
        }
        let error = self.b.word(Op::Catch, &[], 0);
        let catchable = self.b.word(Op::ClRt, &[error], RtFn::ClCatchable as u64);
        let bit = self.b.bit(Op::ClTruth, &[catchable], 0);
        let (pass, look) = (self.b.cold_block(), self.b.block());
        self.b.brif(bit, look, pass);
        self.b.seal_and_switch(pass);
        self.b.throw(error);
        self.b.seal_and_switch(look);
        self.match_value(m, error, to);
    }

    /// Goes to a block that errors come to; whether any does.
    fn enter_handler(&mut self, handler: BlockId) -> bool {
        self.b.seal_and_switch(handler);
        let reached = self.b.is_reached(handler);
        if !reached {
            self.b.unreachable();
        }
        reached
    }

    /// `finally` is there twice: for values and for errors.
    fn with_finally(&mut self, t: &Try, finally: ExprId, to: To) {
        let outer = self.b.handler;
        let handler = self.b.cold_block();
        self.b.handler = Some(handler);
        let (done, variable) = (self.b.block(), self.b.variable());
        self.with_catch(t.body, t.catch.as_ref(), To::Join(done, variable));
        self.b.handler = outer;
        self.b.seal_and_switch(done);
        if self.b.is_reached(done) {
            let value = self.b.use_var(variable);
            if self.operand(finally).is_some() {
                self.give(value, to);
            }
        } else {
            self.b.unreachable();
        }
        if !self.enter_handler(handler) {
            return;
        }
        let error = self.b.word(Op::Catch, &[], 0);
        let replaced = self.b.cold_block();
        self.b.handler = Some(replaced);
        let ended = self.operand(finally);
        self.b.handler = outer;
        if ended.is_some() {
            self.b.throw(error);
        }
        self.error_in_finally(replaced, error);
    }

    /// An error raised by `finally` replaces the one in flight.
    fn error_in_finally(&mut self, handler: BlockId, error: ValueId) {
        if !self.enter_handler(handler) {
            return;
        }
        let raised = self.b.word(Op::Catch, &[], 0);
        let raised = self.b.word(Op::ClRt, &[raised, error], RtFn::ClReplace as u64);
        self.b.throw(raised);
    }
}
