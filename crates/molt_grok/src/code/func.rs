//! One graph to one function.

use molt_base::hash::FastMap;
use std::rc::Rc;

use molt_abi::RtFn;
use molt_base::{EntityId, Span};
use molt_ir::{BlockId, DataId, FuncId, Function, InstId, IntCond, LocId, Op, Type, ValueId};

use super::layout::{Layout, Scalar};
use super::{Mono, ReturnForm};
use crate::mir::{Bb, Mir, Place, Slot, StmtKind, Terminator};
use crate::ty::{Args, Ty};

/// Address of memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addr {
    pub base: Base,
    pub offset: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    Slot(u32),
    Value(ValueId),
}

impl Addr {
    pub fn value(v: ValueId) -> Addr {
        Addr { base: Base::Value(v), offset: 0 }
    }
    #[must_use]
    pub fn plus(self, n: u64) -> Addr {
        Addr { offset: self.offset + n as i64, ..self }
    }
}

/// A value on its way.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Empty,
    Regs(Vec<ValueId>),
    Mem(Addr),
}

impl Val {
    /// The only machine value.
    pub fn one(&self) -> ValueId {
        match self {
            Val::Regs(v) => v[0],
            _ => unreachable!("a value in one register was expected"),
        }
    }
}

/// Where a variable lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Storage {
    /// Values of size 0.
    Empty,
    At(Addr),
}

pub(super) struct Writer<'a, 'c> {
    pub m: &'a mut Mono<'c>,
    pub mir: &'a Mir,
    pub args: Args,
    pub func: Function,
    pub block: BlockId,
    pub storage: Vec<Storage>,
    blocks: FastMap<Bb, BlockId>,
    /// Where a panic in the current block goes.
    pub unwind: Option<Bb>,
    /// Block that leaves the function, panicking.
    fail: Option<BlockId>,
    result: ReturnForm,
    result_addr: Option<ValueId>,
    pub span: Span,
    pub loc: LocId,
    pub ended: bool,
    /// Place of the call, in a function whose panics are its caller's.
    caller_place: Option<ValueId>,
    /// The graph is that of an `async` body.
    pub future: Option<super::future::Polled>,
}

/// Writes the code of a graph for these arguments.
pub(super) fn write(m: &mut Mono<'_>, mir: &Mir, args: Args, id: FuncId) -> Function {
    let func = m.new_function(id);
    let ret = m.layouts.concrete(mir.slots[Mir::RESULT].ty, args);
    let result = m.return_form(ret);
    let mut w = Writer::new(m, mir, args, func, result);
    w.prologue(ret, id);
    for (bb, _) in mir.blocks.iter() {
        w.basic_block(bb);
    }
    w.finish()
}

impl<'a, 'c> Writer<'a, 'c> {
    pub fn new(
        m: &'a mut Mono<'c>,
        mir: &'a Mir,
        args: Args,
        mut func: Function,
        result: ReturnForm,
    ) -> Writer<'a, 'c> {
        let entry = func.new_block();
        func.results = match &result {
            ReturnForm::Regs(r) => r.clone(),
            ReturnForm::Memory => Vec::new(),
        };
        func.results.push(Type::I64);
        let span = mir.span;
        Writer {
            m,
            mir,
            args,
            func,
            block: entry,
            storage: Vec::new(),
            blocks: FastMap::default(),
            unwind: None,
            fail: None,
            result,
            result_addr: None,
            span,
            loc: LocId::NONE,
            ended: false,
            caller_place: None,
            future: None,
        }
    }

    pub fn ty(&self, ty: Ty) -> Ty {
        self.m.layouts.concrete(ty, self.args)
    }

    pub fn layout(&mut self, ty: Ty) -> Rc<Layout> {
        self.m.layouts.of(ty)
    }

    pub fn param(&mut self, ty: Type) -> ValueId {
        let entry = self.func.entry();
        self.func.add_param(entry, ty)
    }

    /// Makes the address parameter of a result in memory.
    pub fn result_param(&mut self) {
        if self.result == ReturnForm::Memory {
            self.result_addr = Some(self.param(Type::I64));
        }
    }

    fn prologue(&mut self, ret: Ty, id: FuncId) {
        self.result_param();
        let mir = self.mir;
        for (slot, decl) in mir.slots.iter() {
            let ty = self.ty(decl.ty);
            let index = slot.index() as u32;
            let is_param = (1..=mir.param_count).contains(&index);
            let storage = if index == 0 {
                match self.result_addr {
                    Some(a) => Storage::At(Addr::value(a)),
                    None => self.storage_for(ret),
                }
            } else if is_param {
                self.param_storage(ty)
            } else {
                self.storage_for(ty)
            };
            self.storage.push(storage);
        }
        if self.m.tracking.contains(&id) {
            self.caller_place = Some(self.param(Type::I64));
        }
        if self.m.guarded.contains(&id) {
            self.check_stack();
        }
        let first = self.bb(Mir::ENTRY);
        self.jump(first);
    }

    pub fn storage_for(&mut self, ty: Ty) -> Storage {
        let layout = self.layout(ty);
        if layout.size == 0 {
            return Storage::Empty;
        }
        Storage::At(self.new_slot(layout.size))
    }

    pub fn new_slot(&mut self, size: u64) -> Addr {
        let n = self.func.stack_slots.len() as u32;
        self.func.stack_slots.push(size.next_multiple_of(8) as u32);
        Addr { base: Base::Slot(n), offset: 0 }
    }

    /// A parameter: machine values are put into a slot, other types lie where the caller says.
    pub fn param_storage(&mut self, ty: Ty) -> Storage {
        let layout = self.layout(ty);
        if layout.is_empty() {
            return Storage::Empty;
        }
        if layout.in_memory() {
            let v = self.param(Type::I64);
            return Storage::At(Addr::value(v));
        }
        let addr = self.new_slot(layout.size);
        for &(offset, s) in layout.scalars() {
            let v = self.param(super::machine(s));
            self.store(addr.plus(offset), s, v);
        }
        Storage::At(addr)
    }

    pub fn bb(&mut self, bb: Bb) -> BlockId {
        if let Some(&b) = self.blocks.get(&bb) {
            return b;
        }
        let b = self.func.new_block();
        self.func.blocks[b].cold = self.mir.blocks[bb].cleanup;
        self.blocks.insert(bb, b);
        b
    }

    pub fn basic_block(&mut self, bb: Bb) {
        let block = self.bb(bb);
        self.switch(block);
        let mir = self.mir;
        let data = &mir.blocks[bb];
        self.unwind = data.unwind;
        for stmt in &data.stmts {
            self.at(stmt.span);
            match &stmt.kind {
                StmtKind::Assign(place, rvalue) => self.assign(place, rvalue),
                StmtKind::CheckIndex { place, index } => self.check_index(place, index),
                StmtKind::Live(_) | StmtKind::Dead(_) | StmtKind::FakeRead(_) | StmtKind::Nop => {}
            }
            if self.ended {
                return;
            }
        }
        if let Some(span) = data.end_span {
            self.at(span);
        }
        self.terminator(bb, data.terminator());
    }

    pub fn at(&mut self, span: Span) {
        self.span = span;
    }

    fn terminator(&mut self, bb: Bb, end: &Terminator) {
        match end {
            Terminator::Goto(b) => {
                let b = self.bb(*b);
                self.jump(b);
            }
            Terminator::Switch { value, targets, otherwise } => {
                let (v, ty) = self.operand(value);
                self.switch_int(&v, ty, targets, *otherwise);
            }
            Terminator::Return if self.future.is_some() => self.ret_ready(),
            Terminator::Return => self.ret(),
            Terminator::Resume if self.is_cancel() => self.leave_cancelled(),
            Terminator::Resume => self.leave_panicking(),
            Terminator::Unreachable => self.end(Op::Unreachable, &[], &[]),
            Terminator::Drop { place, target, .. } if self.drop_in_future(place, *target) => {}
            Terminator::Drop { place, target, .. } => {
                let place = self.place(place);
                self.drop_place(&place);
                let b = self.bb(*target);
                self.jump(b);
            }
            Terminator::Call { func, args, dest, target } => self.call(func, args, dest, *target),
            Terminator::Panic(kind) => {
                let text = match kind {
                    crate::mir::PanicKind::Unreachable => "no arm of the match fits",
                    crate::mir::PanicKind::SelectEmpty => "no arm of the select is left",
                };
                self.panic_text(text);
            }
            Terminator::Await { future, dest, target } if self.future.is_some() => {
                self.wait(bb, future, dest, *target);
            }
            Terminator::Await { future, dest, target } => self.block_on(future, dest, *target),
        }
    }

    fn switch_int(&mut self, v: &Val, _ty: Ty, targets: &[(i128, Bb)], otherwise: Bb) {
        let Val::Regs(regs) = v else {
            let b = targets.first().map_or(otherwise, |t| t.1);
            let b = self.bb(b);
            return self.jump(b);
        };
        let regs = regs.clone();
        if regs.len() == 1 && targets.len() >= 4 && targets.iter().all(|&(n, _)| (0..256).contains(&n)) {
            let most = targets.iter().map(|&(n, _)| n).max().unwrap_or(0);
            let last = self.bb(otherwise);
            let mut list = vec![last; most as usize + 2];
            for &(n, b) in targets {
                list[n as usize] = self.bb(b);
            }
            let edges: Vec<BlockId> = list;
            return self.end(Op::Switch, &[regs[0]], &edges);
        }
        for &(n, b) in targets {
            let low = self.iconst(n as u64 as i64);
            let mut same = self.icmp(IntCond::Eq, regs[0], low);
            if let Some(&high) = regs.get(1) {
                let h = self.iconst((n >> 64) as i64);
                let also = self.icmp(IntCond::Eq, high, h);
                same = self.bit(Op::BAnd, &[same, also], 0);
            }
            let then = self.bb(b);
            let next = self.func.new_block();
            self.end(Op::BrIf, &[same], &[then, next]);
            self.switch(next);
        }
        let b = self.bb(otherwise);
        self.jump(b);
    }

    pub fn ret(&mut self) {
        let mut values = Vec::new();
        if let ReturnForm::Regs(r) = self.result.clone()
            && !r.is_empty()
        {
            let ty = self.ty(self.mir.slots[Mir::RESULT].ty);
            let layout = self.layout(ty);
            if let Storage::At(addr) = self.storage[0] {
                for &(offset, s) in layout.scalars() {
                    let v = self.load(addr.plus(offset), s);
                    values.push(v);
                }
            }
        }
        self.ret_values(values);
    }

    /// Leaves with machine values, not panicking.
    pub fn ret_values(&mut self, mut values: Vec<ValueId>) {
        let ok = self.iconst(0);
        values.push(ok);
        self.end(Op::RetMany, &values, &[]);
    }

    /// Leaves the function, panicking.
    pub fn leave_panicking(&mut self) {
        let mut values = Vec::new();
        let last = self.func.results.len() - 1;
        for n in 0..last {
            let ty = self.func.results[n];
            let v = if ty == Type::F64 { self.op(Op::FConst, &[], 0, Type::F64) } else { self.iconst(0) };
            values.push(v);
        }
        let flag = self.iconst(1);
        values.push(flag);
        self.end(Op::RetMany, &values, &[]);
    }

    /// The block that a panic in the current block goes to.
    pub fn unwind_block(&mut self) -> BlockId {
        if let Some(bb) = self.unwind {
            return self.bb(bb);
        }
        if let Some(b) = self.fail {
            return b;
        }
        let b = self.func.new_block();
        self.func.blocks[b].cold = true;
        self.fail = Some(b);
        let (block, ended) = (self.block, self.ended);
        self.switch(b);
        self.leave_panicking();
        self.block = block;
        self.ended = ended;
        b
    }

    /// Writes code whose panics go to a block.
    pub fn with_unwind<R>(&mut self, to: BlockId, write: impl FnOnce(&mut Self) -> R) -> R {
        let saved = (self.unwind.take(), self.fail.replace(to));
        let out = write(self);
        (self.unwind, self.fail) = saved;
        out
    }

    /// Goes on only if the bit is false; panics with the text otherwise.
    pub fn panic_if(&mut self, bad: ValueId, text: &str) {
        let next = self.func.new_block();
        let cold = self.func.new_block();
        self.func.blocks[cold].cold = true;
        self.end(Op::BrIf, &[bad], &[cold, next]);
        self.switch(cold);
        self.panic_text(text);
        self.switch(next);
    }

    /// Panics with a fixed text at the current position.
    pub fn panic_text(&mut self, text: &str) {
        self.report_panic(text);
        let unwind = self.unwind_block();
        self.jump(unwind);
    }

    /// Tells the runtime of a panic; who calls this leaves the function afterwards.
    pub fn report_panic(&mut self, text: &str) {
        let data = self.m.bytes(text.as_bytes());
        let ptr = self.data_addr(data);
        let len = self.iconst(text.len() as i64);
        let place = self.place_value();
        self.call_rt(RtFn::GrokPanic, &[ptr, len, place]);
        self.tell_frame();
    }

    /// Where a panic of a call goes. With backtraces the function is told of on the way.
    pub fn told_unwind(&mut self) -> BlockId {
        let unwind = self.unwind_block();
        if !self.tells_frames() {
            return unwind;
        }
        let (block, ended) = (self.block, self.ended);
        let told = self.func.new_block();
        self.func.blocks[told].cold = true;
        self.switch(told);
        self.tell_frame();
        self.jump(unwind);
        (self.block, self.ended) = (block, ended);
        told
    }

    /// A function whose panics are its caller's is not told of, nor is one that no source has.
    fn tells_frames(&self) -> bool {
        self.m.c.hir.backtrace && self.caller_place.is_none() && !self.mir.blocks.is_empty()
    }

    /// Adds this function to the backtrace, at the current position.
    pub fn tell_frame(&mut self) {
        if !self.tells_frames() {
            return;
        }
        let name = self.m.program.names.text(self.func.name).to_string();
        let data = self.m.bytes(name.as_bytes());
        let ptr = self.data_addr(data);
        let len = self.iconst(name.len() as i64);
        let place = self.place_value();
        self.call_rt(RtFn::GrokPanicFrame, &[ptr, len, place]);
    }

    /// Address of the position that a panic here is shown at.
    pub fn place_value(&mut self) -> ValueId {
        if let Some(v) = self.caller_place {
            return v;
        }
        let place = self.m.place_data(self.span);
        self.data_addr(place)
    }

    pub fn data_addr(&mut self, d: DataId) -> ValueId {
        self.op(Op::DataAddr, &[], u64::from(d.0), Type::I64)
    }

    // Instructions.

    pub fn switch(&mut self, block: BlockId) {
        self.block = block;
        self.ended = false;
    }

    pub fn inst(&mut self, op: Op, args: &[ValueId], imm: u64, results: &[Type]) -> InstId {
        let i = self.func.make_inst(op, args, imm, &[], results, self.loc);
        self.func.append(self.block, i);
        i
    }

    pub fn op(&mut self, op: Op, args: &[ValueId], imm: u64, ty: Type) -> ValueId {
        let i = self.inst(op, args, imm, &[ty]);
        self.func.result(i)
    }

    pub fn int(&mut self, op: Op, args: &[ValueId]) -> ValueId {
        self.op(op, args, 0, Type::I64)
    }

    pub fn float(&mut self, op: Op, args: &[ValueId]) -> ValueId {
        self.op(op, args, 0, Type::F64)
    }

    pub fn bit(&mut self, op: Op, args: &[ValueId], imm: u64) -> ValueId {
        self.op(op, args, imm, Type::I1)
    }

    pub fn iconst(&mut self, v: i64) -> ValueId {
        self.op(Op::IConst, &[], v as u64, Type::I64)
    }

    pub fn icmp(&mut self, cond: IntCond, a: ValueId, b: ValueId) -> ValueId {
        self.bit(Op::ICmp, &[a, b], cond as u64)
    }

    /// 0 or 1 of a bit.
    pub fn bool_of(&mut self, b: ValueId) -> ValueId {
        self.int(Op::BToI, &[b])
    }

    /// The bit of a `bool` in a register.
    pub fn bit_of(&mut self, v: ValueId) -> ValueId {
        let zero = self.iconst(0);
        self.icmp(IntCond::Ne, v, zero)
    }

    pub fn end(&mut self, op: Op, args: &[ValueId], edges: &[BlockId]) {
        let list: Vec<(BlockId, &[ValueId])> = edges.iter().map(|&b| (b, &[][..])).collect();
        let i = self.func.make_inst(op, args, 0, &list, &[], self.loc);
        self.func.append(self.block, i);
        self.ended = true;
    }

    pub fn jump(&mut self, to: BlockId) {
        self.end(Op::Jump, &[], &[to]);
    }

    pub fn call_rt(&mut self, f: RtFn, args: &[ValueId]) -> Option<ValueId> {
        let has_result = !matches!(f.sig().result, molt_abi::runtime::RtResult::Nothing);
        let results: &[Type] = if has_result { &[Type::I64] } else { &[] };
        let i = self.inst(Op::CallRt, args, f as u64, results);
        has_result.then(|| self.func.result(i))
    }

    /// Base value and offset of an address for a load or store.
    pub fn base(&mut self, addr: Addr) -> (ValueId, u64) {
        let v = match addr.base {
            Base::Slot(n) => self.op(Op::SlotAddr, &[], u64::from(n), Type::I64),
            Base::Value(v) => v,
        };
        (v, addr.offset as u64)
    }

    /// The address as a value.
    pub fn address(&mut self, addr: Addr) -> ValueId {
        let (v, offset) = self.base(addr);
        if offset == 0 {
            return v;
        }
        let n = self.iconst(offset as i64);
        self.int(Op::IAdd, &[v, n])
    }

    pub fn load(&mut self, addr: Addr, s: Scalar) -> ValueId {
        let (base, offset) = self.base(addr);
        let op = match s {
            Scalar::I8 => Op::LoadS8,
            Scalar::I16 => Op::LoadS16,
            Scalar::I32 => Op::LoadS32,
            Scalar::I64 | Scalar::U64 => Op::Load64,
            Scalar::U8 => Op::Load8,
            Scalar::U16 => Op::Load16,
            Scalar::U32 => Op::Load32,
            Scalar::F32 => Op::LoadF32,
            Scalar::F64 => Op::LoadF,
        };
        self.op(op, &[base], offset, super::machine(s))
    }

    pub fn store(&mut self, addr: Addr, s: Scalar, v: ValueId) {
        let (base, offset) = self.base(addr);
        let op = match s {
            Scalar::I8 | Scalar::U8 => Op::Store8,
            Scalar::I16 | Scalar::U16 => Op::Store16,
            Scalar::I32 | Scalar::U32 => Op::Store32,
            Scalar::I64 | Scalar::U64 => Op::Store64,
            Scalar::F32 => Op::StoreF32,
            Scalar::F64 => Op::StoreF,
        };
        self.inst(op, &[base, v], offset, &[]);
    }

    /// The value of a type at an address: registers are loaded, memory stays where it is.
    pub fn load_val(&mut self, addr: Addr, ty: Ty) -> Val {
        let layout = self.layout(ty);
        if layout.is_empty() {
            return Val::Empty;
        }
        if layout.in_memory() {
            return Val::Mem(addr);
        }
        let regs = layout.scalars().iter().map(|&(o, s)| self.load(addr.plus(o), s)).collect();
        Val::Regs(regs)
    }

    pub fn store_val(&mut self, addr: Addr, ty: Ty, val: &Val) {
        let layout = self.layout(ty);
        match val {
            Val::Empty => {}
            Val::Regs(regs) => {
                for (&(o, s), &v) in layout.scalars().iter().zip(regs) {
                    self.store(addr.plus(o), s, v);
                }
            }
            Val::Mem(from) => self.copy(addr, *from, layout.size),
        }
    }

    pub fn copy(&mut self, to: Addr, from: Addr, size: u64) {
        if size == 0 {
            return;
        }
        let (t, f) = (self.address(to), self.address(from));
        let n = self.iconst(size as i64);
        self.inst(Op::MemCopy, &[t, f, n], 0, &[]);
    }

    pub fn slot_storage(&self, slot: Slot) -> Storage {
        self.storage[slot.index()]
    }

    /// Whether an operand's memory belongs to the same variable as a place.
    pub fn same_slot(a: &Place, b: &Place) -> bool {
        a.slot == b.slot
    }

    pub fn finish(mut self) -> Function {
        // Blocks that the graph has but nothing reaches.
        for b in self.func.blocks.ids() {
            if self.func.terminator(b).is_none() {
                self.switch(b);
                self.end(Op::Unreachable, &[], &[]);
            }
        }
        molt_ir::cfg::remove_unreached(&mut self.func);
        self.func
    }
}
