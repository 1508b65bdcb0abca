//! Calls: of known procedures, of library functions, of anything.

use molt_abi::RtFn;
use molt_base::EntityId;
use molt_ir::func::imm_pair;
use molt_ir::program::CodeInfo;
use molt_ir::{BinaryOp, Const, Function, FunctionKind, Op, Type, ValueId};

use super::Purpose;
use super::body::{Body, To};
use super::{Lower, Wrapped};
use crate::core::{Core, CtorId, ExprId, ExprKind, GlobalId, LambdaId, ModuleId, OpId};
use crate::library::{BUILTINS, BuiltinId, Code, EFFECTS, owning};

/// The procedure that a call runs, if that is known.
enum Callee {
    /// Its function object: none is needed where nothing is captured.
    Known(LambdaId, Option<ValueId>),
    Any(ValueId),
}

impl Body<'_, '_> {
    pub fn call(&mut self, callee: ExprId, list: &[ExprId], e: ExprId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        match core.kind(callee) {
            ExprKind::Ctor(c) if core.ctors[*c].fields.len() == list.len() => {
                let values = self.operands(list)?;
                let value = self.construct(*c, &values);
                return self.give(value, to);
            }
            ExprKind::Keyword(_) if (1..=2).contains(&list.len()) => {
                let key = self.operand(callee)?;
                let map = self.operand(list[0])?;
                let default = match list.get(1) {
                    Some(&d) => self.operand(d)?,
                    None => self.unbound(),
                };
                self.at(core.exprs[e].span);
                let value = self.b.word(Op::ClRt, &[map, key, default], RtFn::ClGet as u64);
                return self.give(value, to);
            }
            ExprKind::Local(l) => {
                if let Some(join) = self.lower.analysis.known(core, *l).filter(|&j| self.lower.analysis.is_join(j)) {
                    self.jump_to(join, list);
                    return None;
                }
            }
            _ => {}
        }
        if let Some(name) = self.grok_function(callee, list.len()) {
            let values = self.operands(list)?;
            self.at(core.exprs[e].span);
            let value = self.b.word(Op::AcrossCall, &values, u64::from(name.0));
            return self.give(value, to);
        }
        // The operator comes first.
        let callee = self.callee(callee, list.len())?;
        let values = self.operands(list)?;
        self.at(core.exprs[e].span);
        match callee {
            Callee::Known(lambda, own) => self.direct_call(lambda, own, values, to),
            Callee::Any(callee) => self.any_call(callee, values, to),
        }
    }

    /// The function of GrokLang that is called with so many operands, in the names of the program.
    fn grok_function(&mut self, callee: ExprId, count: usize) -> Option<molt_base::Symbol> {
        let core = self.lower.core;
        let &ExprKind::Global(g) = core.kind(callee) else { return None };
        let (name, params) = core.globals[g].across?;
        (params == count && self.lower.purpose == Purpose::Run)
            .then(|| self.lower.program.names.intern(core.names.text(name)))
    }

    fn jump_to(&mut self, join: LambdaId, list: &[ExprId]) {
        let Some(values) = self.operands(list) else { return };
        let point = self.joins[&join].clone();
        for (&p, value) in point.params.iter().zip(values) {
            self.b.def_var(p, value);
        }
        self.b.jump(point.header);
    }

    fn callee(&mut self, callee: ExprId, count: usize) -> Option<Callee> {
        let (core, analysis) = (self.lower.core, self.lower.analysis);
        let takes = |l: LambdaId| {
            let lambda = &core.lambdas[l];
            count >= lambda.least() && lambda.most().is_none_or(|m| count <= m)
        };
        match *core.kind(callee) {
            ExprKind::Local(l) => {
                if let Some(lambda) = analysis.known(core, l).filter(|&l| takes(l)) {
                    if analysis.is_lifted(core, l) {
                        return Some(Callee::Known(lambda, None));
                    }
                    let value = self.operand(callee)?;
                    return Some(Callee::Known(lambda, Some(value)));
                }
            }
            ExprKind::Global(g) => {
                if let Some(lambda) = self.lower.known_global(g).filter(|&l| takes(l)) {
                    if analysis.is_early_global(g) {
                        self.operand(callee)?;
                    }
                    return Some(Callee::Known(lambda, None));
                }
            }
            ExprKind::Lambda(lambda) if takes(lambda) => {
                let value = self.closure(lambda);
                return Some(Callee::Known(lambda, Some(value)));
            }
            _ => {}
        }
        Some(Callee::Any(self.operand(callee)?))
    }

    /// Whether the place is one whose value is the result of the function, with nothing left to do here.
    fn is_tail(&self, to: To) -> bool {
        matches!(to, To::Return) && self.b.handler.is_none() && self.lambda.is_some()
    }

    /// The operands that the body of a procedure gets: absent ones are unbound, further ones a list.
    fn fill(&mut self, lambda: LambdaId, mut values: Vec<ValueId>) -> Vec<ValueId> {
        let core = self.lower.core;
        let count = core.lambdas[lambda].params.len();
        let further = values.split_off(values.len().min(count));
        while values.len() < count {
            let none = self.unbound();
            values.push(none);
        }
        if core.lambdas[lambda].rest.is_some() {
            let rest = self.b.word(Op::ClRtN, &further, RtFn::ClListOf as u64);
            values.push(rest);
        }
        for v in self.extra(lambda) {
            let value = self.captured(v);
            values.push(value);
        }
        values
    }

    fn direct_call(&mut self, lambda: LambdaId, own: Option<ValueId>, values: Vec<ValueId>, to: To) -> Option<ValueId> {
        let values = self.fill(lambda, values);
        let tail = self.is_tail(to);
        if tail && self.lambda == Some(lambda) && self.is_itself(own) {
            let point = self.again.clone();
            for (&p, value) in point.params.iter().zip(values) {
                self.b.def_var(p, value);
            }
            self.b.effect(Op::Poll, &[], 0);
            self.b.jump(point.header);
            return None;
        }
        let id = self.lower.function(lambda);
        let none = self.unbound();
        let own_value = own.unwrap_or(none);
        if tail && self.lower.analysis.may_cycle(self.lambda, lambda) && self.lower.core.lambdas[lambda].rest.is_none()
        {
            let callee = match own {
                Some(own) => own,
                None => self.function_object(id, none),
            };
            let all: Vec<ValueId> = std::iter::once(callee).chain(values).collect();
            self.b.leave(Op::ClTailCall, &all, 0);
            return None;
        }
        let all: Vec<ValueId> = std::iter::once(own_value).chain(values).collect();
        if tail {
            self.b.leave(Op::ClTailDirect, &all, u64::from(id.0));
            return None;
        }
        let value = self.b.word(Op::CallDirect, &all, u64::from(id.0));
        self.give(value, to)
    }

    /// Whether a function object is the one of this procedure: what it captured is the same then.
    fn is_itself(&self, own: Option<ValueId>) -> bool {
        own.is_none_or(|own| own == self.own)
    }

    fn any_call(&mut self, callee: ValueId, values: Vec<ValueId>, to: To) -> Option<ValueId> {
        let all: Vec<ValueId> = std::iter::once(callee).chain(values).collect();
        if self.is_tail(to) {
            self.b.leave(Op::ClTailCall, &all, 0);
            return None;
        }
        let value = self.b.word(Op::ClCall, &all, 0);
        self.give(value, to)
    }

    // ---- library functions ----------------------------------------------------------------------

    pub fn prim(&mut self, b: BuiltinId, list: &[ExprId], e: ExprId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        let builtin = &BUILTINS[b.0 as usize];
        if matches!(builtin.code, Code::Compare(_)) && list.len() == 2 || builtin.code == Code::Not {
            return self.truth_value(e, to);
        }
        let values = self.operands(list)?;
        self.at(core.exprs[e].span);
        let value = self.apply_builtin(b, &values);
        self.give(value, to)
    }

    /// `true` or `false` of a test.
    fn truth_value(&mut self, e: ExprId, to: To) -> Option<ValueId> {
        let core = self.lower.core;
        if let ExprKind::Prim(b, list) = core.kind(e)
            && let Code::Compare(op) = BUILTINS[b.0 as usize].code
        {
            let values = self.operands(list)?;
            self.at(core.exprs[e].span);
            let bit = self.compare(op, values[0], values[1]);
            let value = self.b.word(Op::BoolBox, &[bit], 0);
            return self.give(value, to);
        }
        let (yes, no) = (self.b.block(), self.b.block());
        self.condition(e, yes, no);
        self.merging(to, |s, to| {
            for (block, value) in [(yes, Const::True), (no, Const::False)] {
                s.b.seal_and_switch(block);
                if s.b.is_reached(block) {
                    let value = s.literal(value);
                    s.give(value, to);
                } else {
                    s.b.unreachable();
                }
            }
        })
    }

    /// A library function on operands of a fitting number.
    pub fn apply_builtin(&mut self, b: BuiltinId, values: &[ValueId]) -> ValueId {
        let builtin = &BUILTINS[b.0 as usize];
        if builtin.code == Code::Rt(RtFn::ClPerformNamed) {
            // The name may be any.
            for o in self.lower.core.ops.ids() {
                self.lower.operation(o);
            }
        }
        match builtin.code {
            Code::Binary(op) => self.left_to_right(op, values),
            Code::Minus if values.len() == 1 => self.b.word(Op::ClRt, &[values[0]], RtFn::ClNegate as u64),
            Code::Minus => self.left_to_right(BinaryOp::Sub, values),
            Code::Divide if values.len() == 1 => {
                let one = self.int(1);
                self.b.word(Op::ClBinary, &[one, values[0]], BinaryOp::TrueDiv as u64)
            }
            Code::Divide => self.left_to_right(BinaryOp::TrueDiv, values),
            Code::Compare(op) => self.chain(op, values),
            Code::Not => {
                let bit = self.b.bit(Op::ClTruth, &[values[0]], 0);
                let bit = self.b.bit(Op::Not, &[bit], 0);
                self.b.word(Op::BoolBox, &[bit], 0)
            }
            Code::Rows => self.literal(Const::Str(crate::library::rows().into_bytes().into())),
            Code::Constant(v) => self.literal(Const::Float(v.to_bits())),
            Code::Tuple => self.b.word(Op::TupleNew, values, 0),
            Code::List => self.b.word(Op::ClRtN, values, RtFn::ClListOf as u64),
            Code::Many(f) => match owning(f, values.len()) {
                Some(f) => self.b.word(Op::ClRtOwn, values, f as u64),
                None => self.b.word(Op::ClRtN, values, f as u64),
            },
            Code::Own(f) => self.b.word(Op::ClRtOwn, values, f as u64),
            Code::Onto(f) => self.b.word(Op::ClRtOwn, &[values[1], values[0]], f as u64),
            Code::Rt(f) => {
                let most = builtin.most.map_or(values.len(), usize::from);
                let values = self.padded(values.to_vec(), most);
                self.b.word(Op::ClRt, &values, f as u64)
            }
            Code::Family(RtFn::ClTest, index) => {
                let bit = self.b.bit(Op::ClTest, values, u64::from(index));
                self.b.word(Op::BoolBox, &[bit], 0)
            }
            Code::Family(f, index) => {
                let most = builtin.most.map_or(values.len(), usize::from);
                let values = self.padded(values.to_vec(), most);
                self.b.word(Op::ClRtFamily, &values, imm_pair(f as u32, u32::from(index)))
            }
        }
    }

    fn padded(&mut self, mut values: Vec<ValueId>, count: usize) -> Vec<ValueId> {
        while values.len() < count {
            let none = self.unbound();
            values.push(none);
        }
        values
    }

    fn left_to_right(&mut self, op: BinaryOp, values: &[ValueId]) -> ValueId {
        let Some((&first, rest)) = values.split_first() else {
            return self.int(if op == BinaryOp::Mul { 1 } else { 0 });
        };
        if rest.is_empty() {
            // Something must still say that it is a number.
            let unit = self.int(if op == BinaryOp::Mul { 1 } else { 0 });
            return self.b.word(Op::ClBinary, &[first, unit], op as u64);
        }
        let mut acc = first;
        for &v in rest {
            acc = self.b.word(Op::ClBinary, &[acc, v], op as u64);
        }
        acc
    }

    /// Each operand with the next.
    fn chain(&mut self, op: molt_ir::CompareOp, values: &[ValueId]) -> ValueId {
        if let &[only] = values {
            // It must still be something that can be compared.
            self.compare(op, only, only);
            return self.literal(Const::True);
        }
        let (no, done) = (self.b.block(), self.b.block());
        let variable = self.b.variable();
        for pair in values.windows(2) {
            let bit = self.compare(op, pair[0], pair[1]);
            let next = self.b.block();
            self.b.brif(bit, next, no);
            self.b.seal_and_switch(next);
        }
        let yes = self.literal(Const::True);
        self.give(yes, To::Join(done, variable));
        self.b.seal_and_switch(no);
        let never = self.literal(Const::False);
        self.give(never, To::Join(done, variable));
        self.b.seal_and_switch(done);
        self.b.use_var(variable)
    }

    // ---- constructors ---------------------------------------------------------------------------

    pub fn construct(&mut self, c: CtorId, values: &[ValueId]) -> ValueId {
        let site = self.lower.ctor(c);
        if !values.is_empty() {
            return self.b.word(Op::ClNew, values, u64::from(site.0));
        }
        let slot = self.lower.nullary_slot(c, site);
        self.made_once(slot, |s| s.b.word(Op::ClNew, &[], u64::from(site.0)))
    }

    pub fn ctor_value(&mut self, c: CtorId) -> ValueId {
        let count = self.lower.core.ctors[c].fields.len();
        if count == 0 {
            return self.construct(c, &[]);
        }
        self.wrapper(Wrapped::Ctor(c))
    }

    // ---- functions as values --------------------------------------------------------------------

    fn wrapper(&mut self, what: Wrapped) -> ValueId {
        let id = match self.lower.wrappers.get(&what) {
            Some(&id) => id,
            None => {
                let func = self.lower.wrapper(what);
                let id = self.lower.program.funcs.push(func);
                self.lower.wrappers.insert(what, id);
                id
            }
        };
        let none = self.unbound();
        self.function_object(id, none)
    }

    pub fn builtin_value(&mut self, b: BuiltinId) -> ValueId {
        if let Some(name) = BUILTINS[b.0 as usize].value {
            let symbol = self.lower.core.names.lookup(name).expect("the library defines it");
            let g = library_global(self.lower.core, symbol);
            return self.global_value(g);
        }
        self.wrapper(Wrapped::Builtin(b))
    }

    pub fn operation_value(&mut self, o: OpId) -> ValueId {
        self.wrapper(Wrapped::Operation(o))
    }

    pub fn global_value(&mut self, g: GlobalId) -> ValueId {
        let slot = self.lower.global(g);
        let value = self.b.word(Op::GlobalGet, &[], u64::from(slot.0));
        // The evaluation of an earlier program may have ended before the definition.
        let is_earlier = self.lower.modules.earlier.contains(&self.lower.core.globals[g].module);
        if is_earlier || self.lower.analysis.is_early_global(g) {
            let name = self.lower.core.globals[g].name;
            return self.check_value(value, name);
        }
        value
    }

    /// Performs an operation. What no handler of the program answers goes straight to its default.
    pub fn perform(&mut self, o: OpId, values: &[ValueId]) -> ValueId {
        let op = &self.lower.core.ops[o];
        let effect = &self.lower.core.effects[op.effect];
        // An error is an exception: `try` and handlers look at it in turn, innermost first.
        let is_error = effect.is_builtin && self.lower.core.names.text(effect.name) == "Error";
        let direct = is_error || !self.lower.handled[op.effect.index()];
        if let Some(default) = self.lower.default_of(o).filter(|_| direct) {
            return self.b.word(Op::ClRtN, values, default as u64);
        }
        let index = self.lower.operation(o);
        self.b.word(Op::ClPerform, values, index as u64)
    }
}

/// A variable of the library.
pub(crate) fn library_global(core: &Core, name: molt_base::Symbol) -> GlobalId {
    let found = core.globals.iter().find(|(_, g)| g.module == ModuleId(0) && g.name == name);
    found.expect("the library defines it").0
}

impl Lower<'_> {
    /// The procedure that a variable of a module is from its definition on.
    pub(super) fn known_global(&self, g: GlobalId) -> Option<LambdaId> {
        let global = &self.core.globals[g];
        global.lambda.filter(|_| !global.is_set)
    }

    /// The default handler of an operation.
    fn default_of(&self, o: OpId) -> Option<RtFn> {
        let op = &self.core.ops[o];
        let effect = &self.core.effects[op.effect];
        let at = effect.ops.iter().position(|&x| x == o).expect("an effect has its operations");
        effect.is_builtin.then(|| EFFECTS[op.effect.index()].ops[at].default)
    }

    /// The place of an operation in the program's table.
    fn operation(&mut self, o: OpId) -> usize {
        if let Some(&at) = self.operations.get(&o) {
            return at;
        }
        let op = &self.core.ops[o];
        let label = self.core.names.text(self.core.effects[op.effect].name).to_lowercase();
        let operation = molt_ir::program::Operation {
            effect: self.program.names.intern(&label),
            name: op.name,
            default: self.default_of(o),
            is_never: op.is_never,
        };
        self.program.operations.push(operation);
        self.operations.insert(o, self.program.operations.len() - 1);
        self.program.operations.len() - 1
    }

    /// The function of a constructor, library function or operation.
    fn wrapper(&mut self, what: Wrapped) -> Function {
        let (name, least, most) = match what {
            Wrapped::Ctor(c) => {
                let count = self.core.ctors[c].fields.len();
                (self.core.ctors[c].name, count, Some(count))
            }
            Wrapped::Builtin(b) => {
                let row = &BUILTINS[b.0 as usize];
                let name = self.program.names.intern(row.name);
                (name, usize::from(row.least), row.most.map(usize::from))
            }
            Wrapped::Operation(o) => {
                let op = &self.core.ops[o];
                (op.name, op.arity.0, op.arity.1)
            }
        };
        let module = self.ir_module(self.core.order[0]);
        let func = Function::new(name, module, FunctionKind::Plain);
        let mut body = Body::bare(self, func);
        let fixed: Vec<ValueId> = (0..most.unwrap_or(least)).map(|_| body.b.param(Type::Any)).collect();
        let rest = most.is_none().then(|| body.b.param(Type::Any));
        let parameter = body.lower.program.names.intern("operand");
        let count = fixed.len() as u32;
        body.b.func.code = Some(CodeInfo {
            arg_count: count,
            optional: count - least as u32,
            has_varargs: rest.is_some(),
            claude: true,
            var_names: vec![parameter; fixed.len() + usize::from(rest.is_some())],
            ..CodeInfo::default()
        });
        let value = body.wrapped(what, &fixed, rest);
        body.b.ret(value);
        body.b.finish()
    }
}

impl Body<'_, '_> {
    fn wrapped(&mut self, what: Wrapped, fixed: &[ValueId], rest: Option<ValueId>) -> ValueId {
        let Some(mut list) = rest else {
            return match what {
                Wrapped::Ctor(c) => {
                    let core = self.lower.core;
                    for (&value, field) in fixed.iter().zip(&core.ctors[c].fields) {
                        field.test.iter().for_each(|test| self.ask(value, test));
                    }
                    self.construct(c, fixed)
                }
                Wrapped::Builtin(b) => self.apply_builtin(b, fixed),
                Wrapped::Operation(o) => self.perform_fixed(o, fixed),
            };
        };
        for &v in fixed.iter().rev() {
            list = self.b.word(Op::ClRtOwn, &[list, v], RtFn::ClCons as u64);
        }
        let f = match what {
            Wrapped::Builtin(b) => match BUILTINS[b.0 as usize].code {
                Code::Many(f) => f,
                Code::List => return list,
                Code::Tuple => RtFn::ClTupleOf,
                _ => unreachable!("other functions of any number of operands have a value in the library"),
            },
            Wrapped::Operation(o) => return self.perform_list(o, list),
            Wrapped::Ctor(_) => unreachable!("constructors have so many fields"),
        };
        self.b.word(Op::ClSpread, &[list], f as u64)
    }

    /// Performs an operation with the elements of a list.
    fn perform_list(&mut self, o: OpId, list: ValueId) -> ValueId {
        let core = self.lower.core;
        self.lower.operation(o);
        let label = self.lower.program.const_symbol(core.effects[core.ops[o].effect].name);
        let name = self.lower.program.const_symbol(core.ops[o].name);
        let (label, name) = (self.constant(label), self.constant(name));
        self.b.word(Op::ClRt, &[label, name, list], RtFn::ClPerformNamed as u64)
    }

    /// An operation whose last operands may be absent.
    fn perform_fixed(&mut self, o: OpId, fixed: &[ValueId]) -> ValueId {
        let least = self.lower.core.ops[o].arity.0;
        if least == fixed.len() {
            return self.perform(o, fixed);
        }
        let mut list = self.b.word(Op::ClRtN, &[], RtFn::ClListOf as u64);
        for &v in fixed.iter().rev() {
            list = self.b.word(Op::ClRt, &[v, list], RtFn::ClConsBound as u64);
        }
        self.perform_list(o, list)
    }
}
