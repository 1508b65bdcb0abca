//! Expressions.

use molt_abi::{Predicate, RtFn};
use molt_base::EntityId;
use molt_ir::{BlockId, CompareOp, Const, ConstId, Op, ValueId};

use super::Purpose;
use super::body::{Body, JoinPoint, To};
use crate::core::{Action, ExprId, ExprKind, Handler, LambdaId, LocalId, LoopId, ModuleId};
use crate::library::{BUILTINS, Code};

impl Body<'_, '_> {
    /// Code of an expression; its value if it is wanted here and control comes back.
    pub fn expr(&mut self, e: ExprId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        let Some(test) = core.tests.get(&e) else { return self.untested(e, to) };
        let value = self.untested(e, To::Value)?;
        self.at(core.exprs[e].span);
        self.ask(value, test);
        self.give(value, to)
    }

    fn untested(&mut self, e: ExprId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        let span = core.exprs[e].span;
        self.at(span);
        let value = match core.kind(e) {
            ExprKind::Error => unreachable!("programs with errors are not lowered"),
            ExprKind::Nil => self.nil(),
            ExprKind::Bool(v) => self.literal(if *v { Const::True } else { Const::False }),
            ExprKind::Int(v) => self.int(*v),
            ExprKind::BigInt(digits) => self.literal(Const::BigInt(digits.clone())),
            ExprKind::Float(v) => self.literal(Const::Float(v.to_bits())),
            ExprKind::Str(s) => {
                let id = self.lower.program.const_symbol(*s);
                self.constant(id)
            }
            ExprKind::Keyword(s) => {
                let text = core.names.text(*s).into();
                self.named(Const::Keyword(text))
            }
            ExprKind::Quote(s) => self.quote(*s),
            ExprKind::Templated(list, brackets) => {
                let list = self.operand(*list)?;
                self.templated(list, *brackets)
            }
            ExprKind::Local(l) => self.local(*l, e),
            ExprKind::Global(g) => self.global_value(*g),
            ExprKind::Foreign(..) if self.lower.purpose == Purpose::Expansion => {
                self.at(span);
                self.b.word(Op::ClRtN, &[], RtFn::ClRefuse as u64)
            }
            ExprKind::Foreign(module, name) => {
                let module = self.lower.foreign_module(*module);
                self.at(span);
                let module = self.b.word(Op::PyImport, &[], u64::from(module.0));
                self.b.word(Op::PyImportFrom, &[module], u64::from(name.0))
            }
            ExprKind::Builtin(b) => self.builtin_value(*b),
            ExprKind::Ctor(c) => self.ctor_value(*c),
            ExprKind::Operation(o) => self.operation_value(*o),
            ExprKind::Lambda(l) => self.closure(*l),
            ExprKind::Init(l, v) => return self.init(*l, *v, to),
            ExprKind::SetGlobal(_, v) if self.lower.purpose == Purpose::Expansion => {
                self.operand(*v)?;
                self.at(span);
                self.b.word(Op::ClRtN, &[], RtFn::ClRefuse as u64)
            }
            ExprKind::InitGlobal(g, v) | ExprKind::SetGlobal(g, v) => {
                let value = self.operand(*v)?;
                let slot = self.lower.global(*g);
                self.b.effect(Op::GlobalSet, &[value], u64::from(slot.0));
                let is_library = core.globals[*g].module == ModuleId(0);
                if core.is_observed && !is_library && matches!(core.kind(e), ExprKind::SetGlobal(..)) {
                    let id = self.lower.program.const_symbol(self.lower.core.globals[*g].name);
                    let name = self.constant(id);
                    self.b.word(Op::ClRtN, &[name], RtFn::ClAssigned as u64);
                }
                value
            }
            ExprKind::SetLocal(l, v) => {
                let value = self.operand(*v)?;
                self.assign(*l, value);
                value
            }
            ExprKind::If(test, then, other) => return self.choose(*test, *then, *other, to),
            ExprKind::Do(list) => return self.sequence(list, to),
            ExprKind::Let(l, v, body) => {
                let value = self.operand(*v)?;
                self.define(*l, value);
                return self.expr(*body, to);
            }
            ExprKind::Block(locals, body) => return self.block(locals, *body, to),
            ExprKind::Call(callee, list) => return self.call(*callee, list, e, to),
            ExprKind::Prim(b, list) => return self.prim(*b, list, e, to),
            ExprKind::Loop(id) => return self.looping(*id, to),
            ExprKind::Recur(id, list) => {
                self.recur(*id, list);
                return None;
            }
            ExprKind::ForEach(l, list, body) => self.for_each(*l, *list, *body)?,
            ExprKind::List(list) => self.display(RtFn::ClListOf, list)?,
            ExprKind::Map(list) => self.display(RtFn::ClMapOf, list)?,
            ExprKind::Set(list) => self.display(RtFn::ClSetOf, list)?,
            ExprKind::Tuple(list) => {
                let values = self.operands(list)?;
                self.b.word(Op::TupleNew, &values, 0)
            }
            ExprKind::Match(m) => return self.matching(m, to),
            ExprKind::Try(t) => return self.trying(t, to),
            ExprKind::Perform(o, list) => {
                let values = self.operands(list)?;
                self.at(span);
                self.perform(*o, &values)
            }
            ExprKind::MakeHandler(h) => self.handler_value(h)?,
            ExprKind::Handler(h) => {
                let handler = self.handler_value(h)?;
                let body = self.operand(h.body.expect("the form has a body"))?;
                self.b.word(Op::ClRt, &[handler, body], RtFn::ClHandle as u64)
            }
            ExprKind::WithHandler(h, body) => {
                let (handler, body) = (self.operand(*h)?, self.operand(*body)?);
                self.b.word(Op::ClRt, &[handler, body], RtFn::ClHandle as u64)
            }
            ExprKind::Require(m) => {
                let number = self.lower.ir_module(*m).index() as u64;
                self.b.word(Op::PyImport, &[], number);
                self.nil()
            }
            ExprKind::Ascribe(v, _) => self.operand(*v)?,
        };
        self.give(value, to)
    }

    /// The value of a handler's clauses, as `cl_make_handler` takes them.
    fn handler_value(&mut self, h: &Handler) -> Option<ValueId> {
        let core = self.lower.core;
        let ret = match h.ret {
            Some(ret) => self.operand(ret)?,
            None => self.nil(),
        };
        let mut words = vec![ret];
        for c in &h.clauses {
            let label = core.names.text(core.effects[c.effect].name).to_lowercase();
            words.push(self.literal(Const::Str(label.into_bytes().into())));
            words.push(match c.op {
                Some(op) => {
                    let name = core.names.text(core.ops[op].name);
                    self.literal(Const::Str(name.as_bytes().into()))
                }
                None => self.nil(),
            });
            let (procedure, kind) = match c.action {
                Action::Function(e) => (e, 0),
                Action::Control(e, _) => (e, 1),
            };
            words.push(self.int(kind));
            words.push(self.operand(procedure)?);
        }
        Some(self.b.word(Op::ClRtN, &words, RtFn::ClMakeHandler as u64))
    }

    pub fn literal(&mut self, value: Const) -> ValueId {
        let id: ConstId = self.lower.program.constant(value);
        self.constant(id)
    }

    pub fn display(&mut self, f: RtFn, list: &[ExprId]) -> Option<ValueId> {
        let values = self.operands(list)?;
        Some(self.b.word(Op::ClRtN, &values, f as u64))
    }

    fn local(&mut self, l: LocalId, e: ExprId) -> ValueId {
        let value = self.read(l);
        if self.lower.analysis.is_early(e) { self.check_value(value, self.lower.core.locals[l].name) } else { value }
    }

    /// The value, or the error `uninitialized` where there is none yet.
    pub fn check_value(&mut self, value: ValueId, name: molt_base::Symbol) -> ValueId {
        let missing = self.b.bit(Op::IsUnbound, &[value], 0);
        let (bad, ok) = (self.b.cold_block(), self.b.block());
        self.b.brif(missing, bad, ok);
        self.b.seal_and_switch(bad);
        let name = self.lower.program.const_symbol(name);
        let name = self.constant(name);
        self.b.word(Op::ClRt, &[name], RtFn::ClUninitialized as u64);
        self.b.unreachable();
        self.b.seal_and_switch(ok);
        value
    }

    pub fn sequence(&mut self, list: &[ExprId], to: To) -> Option<ValueId> {
        let Some((&last, before)) = list.split_last() else {
            let nil = self.nil();
            return self.give(nil, to);
        };
        for &e in before {
            self.operand(e)?;
        }
        self.expr(last, to)
    }

    // ---- conditions -----------------------------------------------------------------------------

    fn choose(&mut self, test: ExprId, then: ExprId, other: ExprId, to: To) -> Option<ValueId> {
        let (yes, no) = (self.b.block(), self.b.block());
        self.condition(test, yes, no);
        self.merging(to, |s, to| {
            for (block, e) in [(yes, then), (no, other)] {
                s.b.seal_and_switch(block);
                if s.b.is_reached(block) {
                    s.expr(e, to);
                } else {
                    s.b.unreachable();
                }
            }
        })
    }

    /// Goes to one of two blocks, which are not sealed.
    pub fn condition(&mut self, test: ExprId, yes: BlockId, no: BlockId) {
        let core = self.lower.core;
        match core.kind(test) {
            ExprKind::Bool(v) => return self.b.jump(if *v { yes } else { no }),
            ExprKind::Nil => return self.b.jump(no),
            ExprKind::Prim(b, list) if BUILTINS[b.0 as usize].code == Code::Not => {
                return self.condition(list[0], no, yes);
            }
            // `or`: a variable that nothing else reads.
            ExprKind::Let(l, first, rest) if core.locals[*l].name == self.hidden() => {
                if let ExprKind::If(c, a, b) = core.kind(*rest)
                    && *core.kind(*c) == ExprKind::Local(*l)
                {
                    let next = self.b.block();
                    let (a_is_it, b_is_it) =
                        (*core.kind(*a) == ExprKind::Local(*l), *core.kind(*b) == ExprKind::Local(*l));
                    let (then, other, more) = match (a_is_it, b_is_it) {
                        (true, false) => (yes, next, *b),
                        (false, true) => (next, no, *a),
                        _ => unreachable!("`and` and `or` have one more operand"),
                    };
                    self.condition(*first, then, other);
                    self.b.seal_and_switch(next);
                    if self.b.is_reached(next) {
                        self.condition(more, yes, no)
                    } else {
                        self.b.unreachable()
                    }
                    return;
                }
            }
            ExprKind::If(c, a, b) => {
                let (first, second) = (self.b.block(), self.b.block());
                self.condition(*c, first, second);
                for (block, e) in [(first, *a), (second, *b)] {
                    self.b.seal_and_switch(block);
                    if self.b.is_reached(block) { self.condition(e, yes, no) } else { self.b.unreachable() }
                }
                return;
            }
            _ => {}
        }
        if let Some(bit) = self.test(test) {
            self.b.brif(bit, yes, no);
        }
    }

    /// The name of the variables that `and` and `or` make.
    fn hidden(&mut self) -> molt_base::Symbol {
        self.lower.hidden
    }

    /// The truth of an expression as a bit.
    fn test(&mut self, e: ExprId) -> Option<ValueId> {
        let core = self.lower.core;
        if let ExprKind::Prim(b, list) = core.kind(e)
            && let Code::Compare(op) = BUILTINS[b.0 as usize].code
            && list.len() == 2
        {
            let values = self.operands(list)?;
            self.at(core.exprs[e].span);
            return Some(self.compare(op, values[0], values[1]));
        }
        if let ExprKind::Prim(b, list) = core.kind(e)
            && let Code::Family(RtFn::ClTest, index) = BUILTINS[b.0 as usize].code
        {
            let values = self.operands(list)?;
            self.at(core.exprs[e].span);
            return Some(self.b.bit(Op::ClTest, &values, u64::from(index)));
        }
        let value = self.operand(e)?;
        Some(self.b.bit(Op::ClTruth, &[value], 0))
    }

    pub fn compare(&mut self, op: CompareOp, a: ValueId, b: ValueId) -> ValueId {
        self.b.bit(Op::ClCompare, &[a, b], op as u64)
    }

    // ---- bindings -------------------------------------------------------------------------------

    /// Variables without values, then the body; procedures among them that are joins get their code at the end.
    fn block(&mut self, locals: &[LocalId], body: ExprId, to: To) -> Option<ValueId> {
        let (core, analysis) = (self.lower.core, self.lower.analysis);
        let joins: Vec<LambdaId> =
            locals.iter().filter_map(|&l| analysis.known(core, l)).filter(|&l| analysis.is_join(l)).collect();
        for &l in locals {
            if !analysis.is_lifted(core, l) {
                let none = self.unbound();
                self.define(l, none);
            }
        }
        if joins.is_empty() {
            return self.expr(body, to);
        }
        self.merging(to, |s, to| {
            for &join in &joins {
                let header = s.b.block();
                let params = core.lambdas[join].params.iter().map(|_| s.b.variable()).collect();
                s.joins.insert(join, JoinPoint { header, params });
            }
            s.expr(body, to);
            s.join_bodies(&joins, to);
        })
    }

    fn join_bodies(&mut self, joins: &[LambdaId], to: To) {
        let core = self.lower.core;
        let mut waiting: Vec<LambdaId> = joins.to_vec();
        // A join that only other joins go to is reached once their code is there.
        while let Some(at) = waiting.iter().position(|j| self.b.is_reached(self.joins[j].header)) {
            let join = waiting.remove(at);
            let JoinPoint { header, params } = self.joins[&join].clone();
            self.b.switch_to(header);
            self.b.effect(Op::Poll, &[], 0);
            for (p, variable) in core.lambdas[join].params.iter().zip(params) {
                let value = self.b.use_var(variable);
                self.ask_parameter(value, p.local);
                self.define(p.local, value);
            }
            self.expr(core.lambdas[join].body, to);
        }
        for join in joins {
            self.b.seal(self.joins[join].header);
        }
    }

    fn init(&mut self, l: LocalId, v: ExprId, to: To) -> Option<ValueId> {
        let (core, analysis) = (self.lower.core, self.lower.analysis);
        if analysis.is_lifted(core, l) {
            let nil = self.nil();
            return self.give(nil, to);
        }
        let value = self.operand(v)?;
        self.assign(l, value);
        self.give(value, to)
    }

    // ---- loops ----------------------------------------------------------------------------------

    fn looping(&mut self, id: LoopId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        let l = &core.loops[id];
        let mut variables = Vec::new();
        for &(local, value) in &l.locals {
            let value = self.operand(value)?;
            let variable = self.b.variable();
            self.b.def_var(variable, value);
            variables.push(variable);
            // The values that follow see it.
            self.define(local, value);
        }
        let header = self.b.block();
        self.b.jump(header);
        self.b.switch_to(header);
        self.merging(to, |s, to| {
            s.b.effect(Op::Poll, &[], 0);
            for (&(local, _), &variable) in l.locals.iter().zip(&variables) {
                let value = s.b.use_var(variable);
                s.define(local, value);
            }
            s.loops.insert(id, (header, variables));
            s.expr(l.body, to);
            s.b.seal(header);
        })
    }

    fn recur(&mut self, id: LoopId, list: &[ExprId]) {
        let Some(values) = self.operands(list) else { return };
        let (header, variables) = self.loops[&id].clone();
        for (&variable, value) in variables.iter().zip(values) {
            self.b.def_var(variable, value);
        }
        self.b.jump(header);
    }

    /// The body for each item of a list; nil.
    fn for_each(&mut self, local: LocalId, list: ExprId, body: ExprId) -> Option<ValueId> {
        let list = self.operand(list)?;
        let list = self.b.word(Op::ClRt, &[list], RtFn::ClSequence as u64);
        let rest = self.b.variable();
        self.b.def_var(rest, list);
        let (header, turn, done) = (self.b.block(), self.b.block(), self.b.block());
        self.b.jump(header);
        self.b.switch_to(header);
        self.b.effect(Op::Poll, &[], 0);
        let list = self.b.use_var(rest);
        let end = self.b.bit(Op::ClTest, &[list], Predicate::Empty as u64);
        self.b.brif(end, done, turn);
        self.b.seal_and_switch(turn);
        let item = self.b.word(Op::ClRt, &[list], RtFn::ClHead as u64);
        let list = self.b.word(Op::ClRtOwn, &[list], RtFn::ClTail as u64);
        self.b.def_var(rest, list);
        self.define(local, item);
        if self.operand(body).is_some() {
            self.b.jump(header);
        }
        self.b.seal(header);
        self.b.seal_and_switch(done);
        Some(self.nil())
    }
}
