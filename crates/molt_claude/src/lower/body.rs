//! The code of one procedure or module body.

use std::collections::HashMap;

use molt_abi::RtFn;
use molt_base::Span;
use molt_ir::func::imm_pair;
use molt_ir::program::CodeInfo;
use molt_ir::{BlockId, ConstId, FuncId, Function, FunctionBuilder, Op, Type, ValueId, Variable};

use super::{Lower, Purpose};
use crate::core::{ExprId, ExprKind, LambdaId, LocalId, LoopId, ModuleId, TypeTest};

/// Where the value of an expression goes.
#[derive(Clone, Copy)]
pub(super) enum To {
    /// It is wanted here.
    Value,
    /// It is the result of the function.
    Return,
    /// It is put into a variable, and control goes on at a block.
    Join(BlockId, Variable),
}

/// A procedure that is a block of this one.
#[derive(Clone)]
pub(super) struct JoinPoint {
    pub header: BlockId,
    pub params: Vec<Variable>,
}

/// Code under construction.
pub(super) struct Body<'l, 'a> {
    pub lower: &'l mut Lower<'a>,
    pub b: FunctionBuilder,
    /// The function object.
    pub own: ValueId,
    pub lambda: Option<LambdaId>,
    pub locals: HashMap<LocalId, Variable>,
    pub joins: HashMap<LambdaId, JoinPoint>,
    pub loops: HashMap<LoopId, (BlockId, Vec<Variable>)>,
    /// Where a tail call of the procedure by itself goes: its parameters and what it was given beside them.
    pub again: JoinPoint,
}

impl<'l, 'a> Body<'l, 'a> {
    fn new(lower: &'l mut Lower<'a>, func: Function, lambda: Option<LambdaId>) -> Body<'l, 'a> {
        let mut b = FunctionBuilder::new(func);
        let own = b.param(Type::Any);
        let again = JoinPoint { header: BlockId(0), params: Vec::new() };
        Body { lower, b, own, lambda, locals: HashMap::new(), joins: HashMap::new(), loops: HashMap::new(), again }
    }

    /// Code of a function that no procedure of the program is.
    pub fn bare(lower: &'l mut Lower<'a>, func: Function) -> Body<'l, 'a> {
        Body::new(lower, func, None)
    }

    /// The body of a module: its forms in order. Variables that nobody reads are not kept.
    pub fn module(lower: &'l mut Lower<'a>, func: Function, m: ModuleId) -> Function {
        let core = lower.core;
        let entry = *core.order.last().expect("there is an entry");
        let mut body = Body::new(lower, func, None);
        if m == core.order[0] {
            body.b.word(Op::ClStart, &[], 0);
        }
        for (at, i) in body.lower.modules_before(m).into_iter().enumerate() {
            body.b.word(Op::PyImport, &[], u64::from(i.0));
            // The library is first, and nothing of the program runs before it is restricted.
            if let Some(rules) =
                core.restriction.filter(|_| at == 0 && m == entry && body.lower.purpose == Purpose::Run)
            {
                let rules = body.lower.program.const_symbol(rules);
                let rules = body.constant(rules);
                body.b.word(Op::ClRt, &[rules], RtFn::ClRestrict as u64);
            }
        }
        for &form in &core.modules[m].body {
            if body.b.is_terminated() {
                break;
            }
            if let ExprKind::InitGlobal(g, value) = *core.kind(form) {
                let is_plain = match core.kind(value) {
                    ExprKind::Lambda(_) | ExprKind::Global(_) => true,
                    ExprKind::Prim(_, list) => list.iter().any(|&e| matches!(core.kind(e), ExprKind::Foreign(..))),
                    _ => false,
                };
                if is_plain && !body.lower.has_value[molt_base::EntityId::index(g)] || body.lower.is_kept(g) {
                    continue;
                }
            }
            body.expr(form, To::Value);
        }
        if !body.b.is_terminated() {
            let nil = body.nil();
            body.b.ret(nil);
        }
        body.b.finish()
    }

    pub fn lambda(lower: &'l mut Lower<'a>, id: LambdaId) -> Function {
        let core = lower.core;
        let lambda = &core.lambdas[id];
        let func = lower.program.funcs[lower.functions[&id]].clone();
        let mut body = Body::new(lower, func, Some(id));
        let mut names = Vec::new();
        let mut values = Vec::new();
        for p in &lambda.params {
            names.push(core.locals[p.local].name);
            values.push((p.local, body.b.param(Type::Any)));
        }
        if let Some(rest) = lambda.rest {
            names.push(core.locals[rest].name);
            values.push((rest, body.b.param(Type::Any)));
        }
        let extra = body.extra(id);
        for &v in &extra {
            names.push(core.locals[v].name);
            let value = body.b.param(Type::Any);
            let variable = body.variable(v);
            body.b.def_var(variable, value);
        }
        let code = CodeInfo {
            arg_count: (lambda.params.len() + if lambda.rest.is_some() { 0 } else { extra.len() }) as u32,
            optional: lambda.params.iter().filter(|p| p.default.is_some()).count() as u32,
            has_varargs: lambda.rest.is_some(),
            claude: true,
            var_names: names,
            definition: core.definitions.get(&id).map(|&text| body.lower.program.const_symbol(text)),
            first_line: body.line(lambda.span),
            ..CodeInfo::default()
        };
        body.b.func.code = Some(code);
        if body.lower.analysis.binder(core, id).is_none_or(|b| !body.lower.analysis.is_lifted(core, b)) {
            body.take_captures(id);
        }
        body.enter(&values, &extra);
        for (p, (local, _)) in lambda.params.iter().map(Some).chain([None]).zip(&values) {
            let again = body.again.clone();
            let at = values.iter().position(|v| v.0 == *local).expect("it is one of them");
            let value = body.b.use_var(again.params[at]);
            let value = match p.and_then(|p| p.default) {
                Some(default) => body.with_default(value, default),
                None => value,
            };
            body.ask_parameter(value, *local);
            body.define(*local, value);
        }
        body.expr(lambda.body, To::Return);
        body.b.seal(body.again.header);
        body.b.finish()
    }

    /// The start of a procedure is a block that its tail calls of itself come back to.
    fn enter(&mut self, values: &[(LocalId, ValueId)], extra: &[LocalId]) {
        for &(_, value) in values {
            let variable = self.b.variable();
            self.b.def_var(variable, value);
            self.again.params.push(variable);
        }
        for &v in extra {
            let variable = self.variable(v);
            self.again.params.push(variable);
        }
        let header = self.b.block();
        self.b.jump(header);
        self.b.switch_to(header);
        self.again.header = header;
    }

    /// What a lifted procedure gets beside its parameters.
    pub fn extra(&self, id: LambdaId) -> Vec<LocalId> {
        let (core, analysis) = (self.lower.core, self.lower.analysis);
        match analysis.binder(core, id) {
            Some(b) if analysis.is_lifted(core, b) => analysis.free(id).to_vec(),
            _ => Vec::new(),
        }
    }

    fn take_captures(&mut self, id: LambdaId) {
        for (i, v) in self.lower.analysis.free(id).to_vec().into_iter().enumerate() {
            let value = self.b.word(Op::ClosureCell, &[self.own], i as u64);
            let variable = self.variable(v);
            self.b.def_var(variable, value);
        }
    }

    /// A parameter's value, or that of its default where it was not given.
    fn with_default(&mut self, value: ValueId, default: ExprId) -> ValueId {
        let missing = self.b.bit(Op::IsUnbound, &[value], 0);
        let (absent, given, done) = (self.b.block(), self.b.block(), self.b.block());
        let variable = self.b.variable();
        self.b.brif(missing, absent, given);
        self.b.seal_and_switch(given);
        self.b.def_var(variable, value);
        self.b.jump(done);
        self.b.seal_and_switch(absent);
        self.expr(default, To::Join(done, variable));
        self.b.seal_and_switch(done);
        self.b.use_var(variable)
    }

    fn line(&self, span: Span) -> u32 {
        self.lower.sources.file(span.file).lines().line_col(span.start).0
    }

    // ---- variables ------------------------------------------------------------------------------

    /// The variable that holds a local, or the cell that it lives in.
    pub fn variable(&mut self, local: LocalId) -> Variable {
        if let Some(&v) = self.locals.get(&local) {
            return v;
        }
        let v = self.b.variable();
        self.locals.insert(local, v);
        v
    }

    /// Binds a local to its first value.
    pub fn define(&mut self, local: LocalId, value: ValueId) {
        let value = if self.lower.analysis.in_cell(local) { self.b.word(Op::CellNew, &[value], 0) } else { value };
        let variable = self.variable(local);
        self.b.def_var(variable, value);
    }

    /// Gives a local another value.
    pub fn assign(&mut self, local: LocalId, value: ValueId) {
        let variable = self.variable(local);
        if self.lower.analysis.in_cell(local) {
            let cell = self.b.use_var(variable);
            self.b.effect(Op::CellSet, &[cell, value], 0);
        } else {
            self.b.def_var(variable, value);
        }
    }

    pub fn read(&mut self, local: LocalId) -> ValueId {
        let (core, analysis) = (self.lower.core, self.lower.analysis);
        if let Some(lambda) = analysis.known(core, local)
            && self.lambda == Some(lambda)
            && !analysis.is_lifted(core, local)
        {
            return self.own;
        }
        let variable = self.variable(local);
        let value = self.b.use_var(variable);
        if analysis.in_cell(local) { self.b.word(Op::CellGet, &[value], 0) } else { value }
    }

    // ---- types ----------------------------------------------------------------------------------

    /// Raises `type-error` where the value of a parameter is not of its type.
    pub fn ask_parameter(&mut self, value: ValueId, local: LocalId) {
        let core = self.lower.core;
        if let Some(test) = &core.locals[local].test {
            self.at(core.locals[local].span);
            self.ask(value, test);
        }
    }

    /// Raises `type-error` where a value does not pass a test.
    pub fn ask(&mut self, value: ValueId, test: &TypeTest) {
        let fits = self.b.block();
        let mut sites: Vec<_> = test.ctors.iter().map(|&c| self.lower.ctor(c)).collect();
        sites.dedup();
        for site in sites {
            let bit = self.b.bit(Op::ClIs, &[value], u64::from(site.0));
            let next = self.b.block();
            self.b.brif(bit, fits, next);
            self.b.seal_and_switch(next);
        }
        let shown = self.lower.program.const_symbol(test.shown);
        let shown = self.constant(shown);
        self.b.word(Op::ClRtFamily, &[value, shown], imm_pair(RtFn::ClExpect as u32, test.kinds));
        self.b.jump(fits);
        self.b.seal_and_switch(fits);
    }

    // ---- small things ---------------------------------------------------------------------------

    pub fn at(&mut self, span: Span) {
        self.b.loc = self.lower.position(span);
    }

    pub fn constant(&mut self, id: ConstId) -> ValueId {
        self.b.word(Op::Const, &[], u64::from(id.0))
    }

    pub fn nil(&mut self) -> ValueId {
        let id = self.lower.program.constant(molt_ir::Const::None);
        self.constant(id)
    }

    pub fn unbound(&mut self) -> ValueId {
        self.b.word(Op::Unbound, &[], 0)
    }

    pub fn int(&mut self, v: i64) -> ValueId {
        let id = self.lower.program.constant(molt_ir::Const::Int(v));
        self.constant(id)
    }

    /// A value goes where it is wanted.
    pub fn give(&mut self, value: ValueId, to: To) -> Option<ValueId> {
        match to {
            To::Value => return Some(value),
            To::Return => self.b.ret(value),
            To::Join(block, variable) => {
                self.b.def_var(variable, value);
                self.b.jump(block);
            }
        }
        None
    }

    /// Runs code whose value goes to one place on several ways; the value where it is wanted here.
    pub fn merging(&mut self, to: To, code: impl FnOnce(&mut Self, To)) -> Option<ValueId> {
        let To::Value = to else {
            code(self, to);
            return None;
        };
        let (done, variable) = (self.b.block(), self.b.variable());
        code(self, To::Join(done, variable));
        self.b.seal_and_switch(done);
        if !self.b.is_reached(done) {
            self.b.unreachable();
            return None;
        }
        Some(self.b.use_var(variable))
    }

    /// The value of an operand; `None` when control does not come back from it.
    pub fn operand(&mut self, e: ExprId) -> Option<ValueId> {
        self.expr(e, To::Value)
    }

    pub fn operands(&mut self, list: &[ExprId]) -> Option<Vec<ValueId>> {
        list.iter().map(|&e| self.operand(e)).collect()
    }

    /// The function object of a procedure, with what it captures.
    pub fn closure(&mut self, lambda: LambdaId) -> ValueId {
        let id = self.lower.function(lambda);
        let captures = self.lower.analysis.free(lambda).to_vec();
        let none = self.unbound();
        let closure = if captures.is_empty() {
            none
        } else {
            let values: Vec<ValueId> = captures.into_iter().map(|v| self.captured(v)).collect();
            self.b.word(Op::TupleNew, &values, 0)
        };
        self.function_object(id, closure)
    }

    pub fn function_object(&mut self, id: FuncId, closure: ValueId) -> ValueId {
        let none = self.unbound();
        self.b.word(Op::PyFunction, &[closure, none, none, none], u64::from(id.0))
    }

    /// What a closure or lifted procedure gets of a variable: its cell or its value.
    pub fn captured(&mut self, v: LocalId) -> ValueId {
        if self.lower.analysis.in_cell(v) {
            let variable = self.variable(v);
            return self.b.use_var(variable);
        }
        self.read(v)
    }
}
