//! Rewrites one function so that values known to be floats are `f64` and proven calls are direct.

use std::collections::HashMap;

use molt_base::{EntityId, Symbol};
use molt_ir::cfg::reverse_postorder;
use molt_ir::{
    BinaryOp, BlockId, CompareOp, Const, ConstId, FloatCond, FuncId, Function, InstId, LocId, Number, Op, Program,
    Type, UnaryOp, ValueDef, ValueId,
};

use crate::infer::{Class, Ty, Types, builtin_callee};

/// A call that goes straight to what it runs.
pub enum Direct {
    Body(Body),
    /// A function of GrokLang.
    Across(Symbol),
}

/// A function body that is called.
pub struct Body {
    pub target: FuncId,
    /// Parameters passed as `f64` (function object first).
    pub float_params: Vec<bool>,
    pub result: Type,
}

/// The rewritten copy of `src`.
pub fn rewrite(
    program: &Program,
    src: &Function,
    types: &Types,
    direct: &HashMap<InstId, Direct>,
    params: &[Ty],
    result: Type,
) -> Function {
    let mut out = Function::new(src.name, src.module, src.kind);
    out.qualname = src.qualname;
    out.code = src.code.clone();
    out.results = src.results.clone();
    if result == Type::F64 {
        out.results[0] = Type::F64;
    }
    let mut r = Rewriter {
        program,
        src,
        types,
        direct,
        result,
        out,
        current: BlockId(0),
        blocks: vec![None; src.blocks.len()],
        values: vec![None; src.values.len()],
        words: HashMap::new(),
        integers: Vec::new(),
    };
    r.integers = r.machine_integers();
    r.run(params);
    molt_ir::cfg::remove_unreached(&mut r.out);
    r.out
}

struct Rewriter<'a> {
    program: &'a Program,
    src: &'a Function,
    types: &'a Types,
    direct: &'a HashMap<InstId, Direct>,
    result: Type,
    out: Function,
    current: BlockId,
    blocks: Vec<Option<BlockId>>,
    values: Vec<Option<ValueId>>,
    /// Boxed forms of floats and integers made in the current block.
    words: HashMap<ValueId, ValueId>,
    /// By value of the source: kept as a machine integer.
    integers: Vec<bool>,
}

impl Rewriter<'_> {
    fn run(&mut self, params: &[Ty]) {
        for &b in &self.src.layout {
            let copy = self.out.new_block();
            self.out.blocks[copy].cold = self.src.blocks[b].cold;
            self.blocks[b.index()] = Some(copy);
        }
        for &b in &self.src.layout {
            let copy = self.block(b);
            for (i, &p) in self.src.blocks[b].params.iter().enumerate() {
                let float = if b == self.src.entry() {
                    params[i].is_float()
                } else {
                    self.ty(p).is_float() && self.src.ty(p).is_word()
                };
                let ty = match self.integers[p.index()] {
                    true => Type::I64,
                    false if float => Type::F64,
                    false => self.src.ty(p),
                };
                let v = self.out.add_param(copy, ty);
                self.values[p.index()] = Some(v);
            }
        }
        for b in reverse_postorder(self.src) {
            self.current = self.block(b);
            self.words.clear();
            for &inst in &self.src.blocks[b].insts {
                self.inst(inst);
            }
        }
    }

    fn block(&self, b: BlockId) -> BlockId {
        self.blocks[b.index()].expect("blocks of the layout were copied")
    }

    fn ty(&self, v: ValueId) -> Ty {
        self.types.of[v.index()]
    }

    fn mapped(&self, v: ValueId) -> ValueId {
        self.values[v.index()].expect("definitions come before uses in reverse postorder")
    }

    fn emit(&mut self, op: Op, args: &[ValueId], imm: u64, results: &[Type]) -> InstId {
        let i = self.out.make_inst(op, args, imm, &[], results, LocId::NONE);
        self.out.append(self.current, i);
        i
    }

    fn value(&mut self, op: Op, args: &[ValueId], imm: u64, ty: Type) -> ValueId {
        let i = self.emit(op, args, imm, &[ty]);
        self.out.result(i)
    }

    /// The value as a word.
    fn word(&mut self, v: ValueId) -> ValueId {
        let m = self.mapped(v);
        let is_integer = self.integers[v.index()];
        if self.out.ty(m) != Type::F64 && !is_integer {
            return m;
        }
        if let Some(&w) = self.words.get(&m) {
            return w;
        }
        let w = match is_integer {
            true => self.value(Op::IntBox, &[m], 0, Type::Int),
            false => self.value(Op::FloatBox, &[m], 0, Type::Float),
        };
        self.words.insert(m, w);
        w
    }

    /// The value as a machine integer, if it is kept as one or a constant.
    fn integer(&mut self, v: ValueId) -> Option<ValueId> {
        if self.integers[v.index()] {
            return Some(self.mapped(v));
        }
        let n = self.int_constant(v)?;
        Some(self.value(Op::IConst, &[], n as u64, Type::I64))
    }

    fn int_constant(&self, v: ValueId) -> Option<i64> {
        let ValueDef::Result(i, _) = self.src.values[v].def else { return None };
        let data = self.src.insts[i];
        match (data.op == Op::Const).then(|| &self.program.consts[ConstId(data.imm as u32)])? {
            Const::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The function of GrokLang that an instruction calls, if it gives an integer that a machine word holds.
    fn gives_integer(&self, inst: InstId) -> bool {
        let name = match (self.src.insts[inst].op, self.direct.get(&inst)) {
            (Op::AcrossCall, _) => self.src.insts[inst].imm,
            (_, Some(Direct::Across(name))) => u64::from(name.0),
            _ => return false,
        };
        let result = self.numbers(name).map(|d| d.result);
        matches!(result, Some(Number::Int { bits, signed }) if bits < 64 || signed)
    }

    /// What is kept as a machine integer: what functions of GrokLang give, and parameters of blocks that get nothing else
    /// but that and constants.
    fn machine_integers(&self) -> Vec<bool> {
        let src = self.src;
        let mut found = vec![false; src.values.len()];
        let all = || src.layout.iter().flat_map(|&b| &src.blocks[b].insts).copied();
        all().filter(|&i| self.gives_integer(i)).for_each(|i| found[src.result(i).index()] = true);
        if !found.contains(&true) {
            return found;
        }
        let mut passed: Vec<(ValueId, ValueId)> = Vec::new();
        for i in all() {
            for &e in src.edges(i) {
                passed.extend(src.blocks[e.block].params.iter().copied().zip(src.edge_args(e).iter().copied()));
            }
        }
        // First what may get one, then without what gets something else.
        for gets in [true, false] {
            let mut changed = true;
            while std::mem::take(&mut changed) {
                for &(p, v) in &passed {
                    let is_one = found[v.index()];
                    let moves = if gets { is_one } else { !is_one && self.int_constant(v).is_none() };
                    if moves && found[p.index()] != gets {
                        found[p.index()] = gets;
                        changed = true;
                    }
                }
            }
        }
        found
    }

    /// The value as a double, if that cannot raise.
    fn double(&mut self, v: ValueId) -> Option<ValueId> {
        if let Some(c) = self.constant(v) {
            return Some(self.value(Op::FConst, &[], c.to_bits(), Type::F64));
        }
        let m = self.mapped(v);
        if self.out.ty(m) == Type::F64 {
            return Some(m);
        }
        self.ty(v).is_float().then(|| self.value(Op::FloatUnbox, &[m], 0, Type::F64))
    }

    /// Double of a constant that one represents exactly.
    fn constant(&self, v: ValueId) -> Option<f64> {
        let ValueDef::Result(i, _) = self.src.values[v].def else { return None };
        if self.src.insts[i].op != Op::Const {
            return None;
        }
        match self.program.consts[ConstId(self.src.insts[i].imm as u32)] {
            Const::Float(bits) => Some(f64::from_bits(bits)),
            Const::Int(n) if n.unsigned_abs() < 1 << 53 => Some(n as f64),
            _ => None,
        }
    }

    /// The value as a double; an int is converted, which may raise as instruction `inst` does.
    fn number(&mut self, v: ValueId, inst: InstId) -> ValueId {
        if let Some(d) = self.double(v) {
            return d;
        }
        let w = self.word(v);
        self.raising(Op::IntToFloat, &[w], 0, inst)
    }

    /// Emits an op that raises to where `inst` does; the block is split after it if there is an unwind edge.
    fn raising(&mut self, op: Op, args: &[ValueId], imm: u64, inst: InstId) -> ValueId {
        let ty = match (op, self.direct.get(&inst)) {
            (Op::CallDirect, Some(Direct::Body(body))) => body.result,
            (Op::AcrossCall, _) if self.integers[self.src.result(inst).index()] => Type::I64,
            (Op::AcrossCall, _) => match self.ty(self.src.result(inst)).repr() {
                Type::F64 if !self.gives_double(imm) => Type::Float,
                ty => ty,
            },
            _ => Type::F64,
        };
        let edges = self.unwind_edges(inst);
        let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let i = self.out.make_inst(op, args, imm, &list, &[ty], self.src.insts[inst].loc);
        self.out.append(self.current, i);
        let v = self.out.result(i);
        if !edges.is_empty() {
            self.split();
        }
        v
    }

    /// Goes on in a new block.
    fn split(&mut self) {
        let next = self.out.new_block();
        self.out.blocks[next].cold = self.out.blocks[self.current].cold;
        let jump = self.out.make_inst(Op::Jump, &[], 0, &[(next, &[])], &[], LocId::NONE);
        self.out.append(self.current, jump);
        self.current = next;
    }

    fn unwind_edges(&mut self, inst: InstId) -> Vec<(BlockId, Vec<ValueId>)> {
        if self.src.insts[inst].op.info().is_terminator() {
            return Vec::new();
        }
        self.mapped_edges(inst)
    }

    /// Edges of an instruction with their values in the representation of the target's parameters.
    fn mapped_edges(&mut self, inst: InstId) -> Vec<(BlockId, Vec<ValueId>)> {
        let edges = self.src.edges(inst).to_vec();
        edges
            .into_iter()
            .map(|e| {
                let block = self.block(e.block);
                let params = self.out.blocks[block].params.clone();
                let values = self.src.edge_args(e).to_vec();
                let values = values
                    .into_iter()
                    .zip(params)
                    .map(|(v, p)| match self.out.ty(p) {
                        Type::I64 if self.src.ty(v).is_word() => {
                            self.integer(v).expect("an integer parameter receives integers only")
                        }
                        Type::F64 => self.double(v).expect("a float parameter receives floats only"),
                        Type::I1 | Type::I64 => self.mapped(v),
                        _ => self.word(v),
                    })
                    .collect();
                (block, values)
            })
            .collect()
    }

    fn define(&mut self, inst: InstId, value: ValueId) {
        let r = self.src.result(inst);
        self.values[r.index()] = Some(value);
    }

    fn inst(&mut self, inst: InstId) {
        let op = self.src.insts[inst].op;
        let imm = self.src.insts[inst].imm;
        let args = self.src.args(inst).to_vec();
        let done = match op {
            Op::PyBinary | Op::PyInplace => {
                self.binary(inst, BinaryOp::from_index(imm).expect("verified"), args[0], args[1])
            }
            Op::PyUnary if imm == UnaryOp::Neg as u64 && self.ty(args[0]).is_float() => {
                let x = self.double(args[0]).expect("a float is a double");
                Some(self.value(Op::FNeg, &[x], 0, Type::F64))
            }
            Op::PyCompare | Op::PyCompareTruth | Op::ClCompare => self.compare(op, imm, args[0], args[1]),
            Op::PyTruth if self.ty(args[0]).is_float() => {
                let x = self.double(args[0]).expect("a float is a double");
                let zero = self.value(Op::FConst, &[], 0, Type::F64);
                Some(self.value(Op::FCmp, &[x, zero], FloatCond::Ne as u64, Type::I1))
            }
            Op::PyCheckBound if self.ty(args[0]).is_float() => self.double(args[0]),
            Op::PyCall | Op::PyCallMethod | Op::CallDirect => self.call(inst, &args),
            Op::AcrossCall => Some(self.across(inst, imm, &args)),
            Op::ClTailDirect => return self.tail_call(inst, &args),
            Op::ClBinary => self.claude_binary(inst, BinaryOp::from_index(imm).expect("verified"), args[0], args[1]),
            Op::Const => self.float_constant(inst),
            _ => None,
        };
        match done {
            Some(v) => self.define(inst, v),
            None => self.copy(inst),
        }
    }

    fn float_constant(&mut self, inst: InstId) -> Option<ValueId> {
        let Const::Float(bits) = self.program.consts[ConstId(self.src.insts[inst].imm as u32)] else { return None };
        Some(self.value(Op::FConst, &[], bits, Type::F64))
    }

    fn binary(&mut self, inst: InstId, op: BinaryOp, a: ValueId, b: ValueId) -> Option<ValueId> {
        let result = self.ty(self.src.result(inst));
        if !result.is_float() {
            return None;
        }
        let (x, y) = (self.ty(a).class, self.ty(b).class);
        if x != Class::Float && y != Class::Float {
            // Two ints: only true division gives a float.
            let (x, y) = (self.word(a), self.word(b));
            return Some(self.raising(Op::IntTrueDiv, &[x, y], 0, inst));
        }
        let (x, y) = (self.number(a, inst), self.number(b, inst));
        let plain = match op {
            BinaryOp::Add => Op::FAdd,
            BinaryOp::Sub => Op::FSub,
            BinaryOp::Mul => Op::FMul,
            _ => return Some(self.raising(Op::FloatBinary, &[x, y], op as u64, inst)),
        };
        Some(self.value(plain, &[x, y], 0, Type::F64))
    }

    fn compare(&mut self, op: Op, imm: u64, a: ValueId, b: ValueId) -> Option<ValueId> {
        if !self.ty(a).is_float() && !self.ty(b).is_float() {
            return None;
        }
        // An int that is no constant compares exactly, which doubles cannot.
        let float_like = |s: &Self, v: ValueId| s.ty(v).is_float() || s.constant(v).is_some();
        if !float_like(self, a) || !float_like(self, b) {
            return None;
        }
        let (x, y) = (self.double(a)?, self.double(b)?);
        let cond = CompareOp::from_index(imm).expect("verified").on_floats();
        let bit = self.value(Op::FCmp, &[x, y], cond as u64, Type::I1);
        Some(if op == Op::PyCompare { self.value(Op::BoolBox, &[bit], 0, Type::Bool) } else { bit })
    }

    /// Two numbers of which one is a float: no operation on doubles raises.
    fn claude_binary(&mut self, inst: InstId, op: BinaryOp, a: ValueId, b: ValueId) -> Option<ValueId> {
        let number = |t: Ty| matches!(t.class, Class::Int | Class::Float) && !t.unbound;
        if !self.ty(self.src.result(inst)).is_float() || !number(self.ty(a)) || !number(self.ty(b)) {
            return None;
        }
        let (x, y) = (self.number(a, inst), self.number(b, inst));
        let op = match op {
            BinaryOp::Add => Op::FAdd,
            BinaryOp::Sub => Op::FSub,
            BinaryOp::Mul => Op::FMul,
            _ => Op::FDiv,
        };
        Some(self.value(op, &[x, y], 0, Type::F64))
    }

    /// Operands of a call of a variant, in the representation of its parameters.
    fn direct_operands(&mut self, body: &Body, args: &[ValueId]) -> Vec<ValueId> {
        let mut list = vec![self.word(args[0])];
        for (i, &a) in args.iter().enumerate().skip(1) {
            list.push(match body.float_params[i] {
                true => self.double(a).expect("the variant's argument is a float"),
                false => self.word(a),
            });
        }
        list
    }

    /// The signature of a function of GrokLang that takes and gives numbers, by its name.
    fn numbers(&self, name: u64) -> Option<&molt_ir::Direct> {
        self.program.exports.get(&Symbol(name as u32))?.direct.as_ref()
    }

    fn gives_double(&self, name: u64) -> bool {
        self.numbers(name).is_some_and(|d| d.result == Number::F64)
    }

    /// A call of a function of GrokLang, which takes doubles as they are.
    fn across(&mut self, inst: InstId, name: u64, args: &[ValueId]) -> ValueId {
        let params = self.numbers(name).map_or(Vec::new(), |d| d.params.clone());
        let list: Vec<ValueId> = args
            .iter()
            .enumerate()
            .map(|(i, &a)| match params.get(i) {
                Some(Number::F64) if self.ty(a).is_float() => self.double(a).expect("a float is a double"),
                Some(Number::Int { .. }) => self.integer(a).unwrap_or_else(|| self.word(a)),
                _ => self.word(a),
            })
            .collect();
        self.raising(Op::AcrossCall, &list, name, inst)
    }

    /// A call whose result is that of the function; where the two are represented otherwise, a call and a return.
    fn tail_call(&mut self, inst: InstId, args: &[ValueId]) {
        let direct = self.direct;
        let Some(Direct::Body(body)) = direct.get(&inst) else { return self.copy(inst) };
        let (target, result) = (u64::from(body.target.0), body.result);
        let list = self.direct_operands(body, args);
        let loc = self.src.insts[inst].loc;
        let wanted = if self.result == Type::F64 { Type::F64 } else { Type::Any };
        if result == wanted {
            let i = self.out.make_inst(Op::ClTailDirect, &list, target, &[], &[], loc);
            return self.out.append(self.current, i);
        }
        let i = self.out.make_inst(Op::CallDirect, &list, target, &[], &[result], loc);
        self.out.append(self.current, i);
        let v = self.out.result(i);
        let v = if result == Type::F64 { self.value(Op::FloatBox, &[v], 0, Type::Float) } else { v };
        self.emit(Op::Ret, &[v], 0, &[]);
    }

    fn call(&mut self, inst: InstId, args: &[ValueId]) -> Option<ValueId> {
        let direct = self.direct;
        match direct.get(&inst) {
            Some(Direct::Body(body)) => {
                let list = self.direct_operands(body, args);
                return Some(self.raising(Op::CallDirect, &list, u64::from(body.target.0), inst));
            }
            Some(&Direct::Across(name)) => return Some(self.across(inst, u64::from(name.0), &args[1..])),
            None => {}
        }
        // Its type tells whether the builtin is trusted.
        let name =
            builtin_callee(self.program, self.src, inst).filter(|_| self.ty(self.src.result(inst)).is_float())?;
        match (name, args) {
            ("float", &[_, x]) if matches!(self.ty(x).class, Class::Float | Class::Int) && !self.ty(x).unbound => {
                Some(self.number(x, inst))
            }
            ("abs", &[_, x]) if self.ty(x).is_float() => {
                let x = self.double(x)?;
                Some(self.value(Op::FAbs, &[x], 0, Type::F64))
            }
            _ => None,
        }
    }

    /// The instruction with words for all operands; a float result is unboxed at once.
    fn copy(&mut self, inst: InstId) {
        let data = self.src.insts[inst];
        let edges = self.mapped_edges(inst);
        let args: Vec<ValueId> = self.src.args(inst).to_vec();
        let args: Vec<ValueId> = args
            .into_iter()
            .map(|a| match (data.op, self.result) {
                (Op::Ret, Type::F64) => self.double(a).expect("a float result returns floats only"),
                _ => self.word(a),
            })
            .collect();
        let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let types: Vec<Type> = self
            .src
            .results(inst)
            .map(|r| match self.src.ty(r) {
                t if !t.is_word() => t,
                _ => match self.ty(r).repr() {
                    Type::F64 => Type::Float,
                    t => t,
                },
            })
            .collect();
        let i = self.out.make_inst(data.op, &args, data.imm, &list, &types, data.loc);
        self.out.append(self.current, i);
        let pairs: Vec<(ValueId, ValueId)> = self.src.results(inst).zip(self.out.results(i)).collect();
        let unbox = pairs.iter().any(|&(r, _)| self.src.ty(r).is_word() && self.ty(r).is_float());
        if unbox && !edges.is_empty() {
            self.split();
        }
        for (r, v) in pairs {
            let float = self.src.ty(r).is_word() && self.ty(r).is_float();
            let v = if float { self.value(Op::FloatUnbox, &[v], 0, Type::F64) } else { v };
            self.values[r.index()] = Some(v);
        }
    }
}
