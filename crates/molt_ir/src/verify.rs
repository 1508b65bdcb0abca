//! The verifier. A function is well formed when
//!
//! 1. every block in the layout ends with its only terminator;
//! 2. an instruction with an unwind edge stands directly before a `jump`, and its op may raise;
//! 3. operand and result counts and kinds are those of the op table, at a level the caller allows;
//! 4. every edge passes as many values as its target has parameters, of fitting types;
//! 5. every use is dominated by its definition; the results of an instruction with an unwind edge are not
//!    used on the unwind path;
//! 6. `ret` returns a word at the semantic and typed levels; `ret.many` returns what the function declares, which is at
//!    most two integers and two doubles.
//!
//! [`verify_calls`] looks across functions: operands and results of a `call` are of the types that its callee declares.

use molt_base::EntityId;

use crate::cfg::Dominators;
use crate::func::{BlockId, FuncId, Function, InstId, ValueDef, ValueId};
use crate::ops::{Level, Op};
use crate::program::Program;
use crate::types::Type;

/// Highest level of ops that may still be present.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Front-end output and everything above machine level.
    Semantic,
    Typed,
    Machine,
}

/// Checks a function; the error names block and instruction.
pub fn verify_function(func: &Function, stage: Stage) -> Result<(), String> {
    let dom = Dominators::new(func);
    let mut position = vec![(u32::MAX, u32::MAX); func.insts.len()];
    for &b in &func.layout {
        for (i, &inst) in func.blocks[b].insts.iter().enumerate() {
            position[inst.index()] = (b.0, i as u32);
        }
    }
    let v = Verifier { func, dom, position, stage };
    for &b in &func.layout {
        v.block(b)?;
    }
    Ok(())
}

/// Checks the machine-level calls of a function against the functions they go to.
pub fn verify_calls(program: &Program, func: &Function) -> Result<(), String> {
    for &b in &func.layout {
        for &inst in &func.blocks[b].insts {
            let data = &func.insts[inst];
            if !matches!(data.op, Op::Call | Op::CallAcross | Op::FuncAddr) {
                continue;
            }
            let fail = |what: &str| Err(format!("{b}: {} ({inst}): {what}", data.op.info().name));
            let Some(callee) = program.funcs.get(FuncId(data.imm as u32)) else { return fail("no such function") };
            if data.op == Op::FuncAddr {
                continue;
            }
            let same = |a: Type, b: Type| a == b || (is_integer(a) && is_integer(b));
            let fits = |values: &mut dyn Iterator<Item = ValueId>, types: &mut dyn Iterator<Item = Type>| loop {
                match (values.next(), types.next()) {
                    (None, None) => return true,
                    (Some(v), Some(t)) if same(func.ty(v), t) => {}
                    _ => return false,
                }
            };
            if !fits(&mut func.args(inst).iter().copied(), &mut callee.params().iter().map(|&p| callee.ty(p))) {
                return fail("operands are not those of the callee");
            }
            if !fits(&mut func.results(inst), &mut callee.results.iter().copied()) {
                return fail("results are not those of the callee");
            }
        }
    }
    Ok(())
}

/// Whether a value of the type is a 64-bit integer to an engine.
fn is_integer(ty: Type) -> bool {
    ty == Type::I64 || ty.is_word()
}

/// Whether so many results fit into the registers of a return.
fn fit_registers(results: &[Type]) -> bool {
    let floats = results.iter().filter(|&&t| t == Type::F64).count();
    floats <= 2 && results.len() - floats <= 2
}

struct Verifier<'a> {
    func: &'a Function,
    dom: Dominators,
    position: Vec<(u32, u32)>,
    stage: Stage,
}

impl Verifier<'_> {
    fn block(&self, b: BlockId) -> Result<(), String> {
        let insts = &self.func.blocks[b].insts;
        if insts.is_empty() {
            return Err(format!("{b} is empty"));
        }
        for (i, &inst) in insts.iter().enumerate() {
            let last = i + 1 == insts.len();
            let data = &self.func.insts[inst];
            let fail = |what: String| Err(format!("{b}: {} ({inst}): {what}", data.op.info().name));
            if data.op.info().is_terminator() != last {
                return fail("terminator not at the end of its block".into());
            }
            if data.edge_count > 0 && !data.op.info().is_terminator() {
                let next = self.func.insts[insts[i + 1]].op;
                if !data.op.info().may_raise() || next != Op::Jump || i + 2 != insts.len() {
                    return fail("misplaced unwind edge".into());
                }
            }
            self.operands(inst).or_else(&fail)?;
            self.edges(inst, b, i).or_else(&fail)?;
            for &v in self.func.args(inst) {
                self.dominance(v, b, i).or_else(&fail)?;
            }
        }
        Ok(())
    }

    fn operands(&self, inst: InstId) -> Result<(), String> {
        let data = &self.func.insts[inst];
        let info = data.op.info();
        let level_ok = match info.level {
            Level::Semantic => self.stage < Stage::Machine,
            Level::Typed => self.stage == Stage::Typed,
            Level::Machine => self.stage == Stage::Machine,
            Level::Any => true,
        };
        let ends_machine_block = self.stage == Stage::Machine && matches!(data.op, Op::Unreachable | Op::Jump);
        if !level_ok && !ends_machine_block {
            return Err(format!("not allowed at the {:?} stage", self.stage));
        }
        let args = self.func.args(inst);
        let (least, more) = info.operand_count();
        if args.len() < least || (!more && args.len() > least) {
            return Err(format!("{} operands, expected {least}{}", args.len(), if more { " or more" } else { "" }));
        }
        for (i, &v) in args.iter().enumerate() {
            let kind = info.operand(i).unwrap_or(b'x');
            let returned = data.op == Op::Ret && self.func.ty(v) == self.func.results[0];
            if !returned && !self.kind_ok(kind, self.func.ty(v)) {
                return Err(format!("operand {v} is {}, expected `{}`", self.func.ty(v), kind as char));
            }
        }
        if data.op == Op::RetMany {
            let same =
                |(&v, &t): (&ValueId, &Type)| self.func.ty(v) == t || (is_integer(self.func.ty(v)) && is_integer(t));
            if args.len() != self.func.results.len() || !args.iter().zip(&self.func.results).all(same) {
                return Err("returns other types than the function declares".into());
            }
        }
        let returned: Vec<Type> = match data.op {
            Op::RetMany => self.func.results.clone(),
            Op::Call | Op::CallAcross | Op::CallIndirect => self.func.results(inst).map(|v| self.func.ty(v)).collect(),
            _ => Vec::new(),
        };
        if !fit_registers(&returned) {
            return Err("more than two integers or two doubles are returned".into());
        }
        let results = info.results.as_bytes();
        if !matches!(results, b"?" | b"n") {
            let wanted = if results == b"-" { 0 } else { results.len() };
            if usize::from(data.result_count) != wanted {
                return Err(format!("{} results, expected {wanted}", data.result_count));
            }
            for (i, v) in self.func.results(inst).enumerate() {
                if !self.kind_ok(results[i], self.func.ty(v)) {
                    return Err(format!("result {v} is {}", self.func.ty(v)));
                }
            }
        }
        Ok(())
    }

    fn kind_ok(&self, kind: u8, ty: Type) -> bool {
        match kind {
            b'w' | b'c' => ty.is_word() || (self.stage == Stage::Machine && ty == Type::I64),
            b'b' => ty == Type::I1,
            b'i' => ty == Type::I64,
            b'f' => ty == Type::F64,
            _ => true,
        }
    }

    fn edges(&self, inst: InstId, from: BlockId, at: usize) -> Result<(), String> {
        for &edge in self.func.edges(inst) {
            let params = &self.func.blocks[edge.block].params;
            let values = self.func.edge_args(edge);
            if params.len() != values.len() {
                return Err(format!("edge to {} passes {} of {}", edge.block, values.len(), params.len()));
            }
            for (&v, &p) in values.iter().zip(params) {
                if !self.func.ty(v).fits(self.func.ty(p)) {
                    return Err(format!("{v}: {} does not fit {p}: {}", self.func.ty(v), self.func.ty(p)));
                }
                self.dominance(v, from, at)?;
            }
        }
        Ok(())
    }

    fn dominance(&self, v: ValueId, block: BlockId, at: usize) -> Result<(), String> {
        let ok = match self.func.values[v].def {
            ValueDef::Param(b, i) => {
                self.func.blocks[b].params.get(i as usize) == Some(&v) && self.dom.dominates(b, block)
            }
            ValueDef::Result(inst, _) => {
                let (b, i) = self.position[inst.index()];
                if b == u32::MAX {
                    false
                } else if b == block.0 {
                    (i as usize) < at
                } else {
                    self.dom.dominates(BlockId(b), block) && !self.only_on_unwind(inst, BlockId(b), block)
                }
            }
        };
        if ok { Ok(()) } else { Err(format!("{v} is not available here")) }
    }

    /// Whether `block` is reached through the unwind edge of `inst`, where its results do not exist.
    fn only_on_unwind(&self, inst: InstId, home: BlockId, block: BlockId) -> bool {
        if self.func.insts[inst].op.info().is_terminator() {
            return false;
        }
        let Some(edge) = self.func.edges(inst).first() else { return false };
        edge.block != home && self.dom.dominates(edge.block, block) && {
            let last = self.func.blocks[home].insts.last().copied();
            let normal = last.and_then(|j| self.func.edges(j).first().map(|e| e.block));
            normal.is_none_or(|n| !self.dom.dominates(n, block))
        }
    }
}
