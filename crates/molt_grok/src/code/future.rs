//! Futures: state machines without a stack of their own.
//!
//! A future is a record of what its body captured, slots of the body that are needed after a wait, and a number:
//!
//! ```text
//! UNSTARTED   the captures are there
//! ENDED       nothing is left; also while the body runs, so that a panic leaves it so
//! n + 2       the body waits at its n-th `.await`
//! ```
//!
//! `poll(future, out)` goes on where the number says, and gives true when it has written the value to `out`. What it waits
//! for lies in a saved slot, is polled in place and is dropped there when it is ready. `cancel(future)` is the glue that
//! drops a future: at a wait it drops what is waited for, then goes the way that a panic of that wait would go.

use std::rc::Rc;

use molt_abi::RtFn;
use molt_ir::{BlockId, FuncId, Function, Op, Type, ValueId};

use super::func::{Addr, Storage, Writer};
use super::layout::{Graph, Layout, SAVED, STATE, Scalar};
use super::place::At;
use super::{Mono, ReturnForm};
use crate::hir::Mutability;
use crate::mir::frame::Frame;
use crate::mir::{Bb, Mir, Operand, Place, Slot};
use crate::ty::{Args, ClosureId, Ty, TyKind};

pub(super) const UNSTARTED: u32 = 0;
const ENDED: u32 = 1;
const FIRST_WAIT: u32 = 2;

/// The slot of the environment, which is the future itself.
const ENV: Slot = Slot(1);

/// What the writer of a future's code knows besides the graph.
pub(super) struct Polled {
    /// Address of the future.
    at: ValueId,
    layout: Rc<Layout>,
    ty: Ty,
    /// Where the value goes, if it is no saved slot.
    out: Addr,
    frame: Rc<Graph>,
    /// The block that polls at each wait.
    waits: Vec<BlockId>,
    /// Of `cancel`: whether a drop has panicked.
    failed: Option<Addr>,
}

impl Polled {
    fn frame(&self) -> &Frame {
        self.frame.frame()
    }
}

/// `poll(future, out) -> ready`
pub(super) fn poll(m: &mut Mono<'_>, graph: &Rc<Graph>, future: ClosureId, args: Args, id: FuncId) -> Function {
    let mut w = begin(m, graph, args, id, true);
    w.enter_future(graph, future, args, true);
    let waits = w.polled().waits.clone();
    let entry = w.bb(Mir::ENTRY);
    let again = w.func.new_block();
    w.func.blocks[again].cold = true;
    w.by_state(entry, again, &waits);
    w.switch(again);
    w.panic_text("a future that has ended was polled");
    for (bb, _) in graph.mir.blocks.iter() {
        w.basic_block(bb);
    }
    w.finish()
}

/// `cancel(future)`: the glue that drops a future.
pub(super) fn cancel(m: &mut Mono<'_>, graph: &Rc<Graph>, future: ClosureId, args: Args, id: FuncId) -> Function {
    let mut w = begin(m, graph, args, id, false);
    w.enter_future(graph, future, args, false);
    let failed = w.new_slot(8);
    let none = w.iconst(0);
    w.store(failed, Scalar::U64, none);
    w.polled_mut().failed = Some(failed);
    let (unstarted, ended) = (w.func.new_block(), w.func.new_block());
    let waits = w.polled().waits.clone();
    w.by_state(unstarted, ended, &waits);
    w.switch(unstarted);
    w.drop_captures();
    w.jump(ended);
    let mut ways: Vec<Bb> = Vec::new();
    let frame = graph.frame();
    for (n, &(bb, slot)) in frame.awaits.iter().enumerate() {
        w.switch(waits[n]);
        let unwind = graph.mir.blocks[bb].unwind;
        let next = match unwind {
            Some(bb) => w.bb(bb),
            None => ended,
        };
        w.drop_and_note(&Place::local(slot), next);
        ways.extend(unwind);
    }
    w.cleanup_from(ways);
    w.switch(ended);
    w.leave_cancelled();
    w.finish()
}

fn begin<'a, 'c>(m: &'a mut Mono<'c>, graph: &'a Graph, args: Args, id: FuncId, is_poll: bool) -> Writer<'a, 'c> {
    let func = m.new_function(id);
    let results = if is_poll { vec![Type::I64] } else { Vec::new() };
    Writer::new(m, &graph.mir, args, func, ReturnForm::Regs(results))
}

impl Writer<'_, '_> {
    fn polled(&self) -> &Polled {
        self.future.as_ref().expect("the graph is that of a future")
    }

    fn polled_mut(&mut self) -> &mut Polled {
        self.future.as_mut().expect("the graph is that of a future")
    }

    /// Makes the parameters and says where each slot lies.
    fn enter_future(&mut self, graph: &Rc<Graph>, id: ClosureId, args: Args, is_poll: bool) {
        let at = self.param(Type::I64);
        let out = if is_poll { self.param(Type::I64) } else { at };
        let ty = self.m.c.types.mk(TyKind::Future(id, args));
        let layout = self.layout(ty);
        let frame = graph.frame();
        for (slot, decl) in graph.mir.slots.iter() {
            let slot_ty = self.ty(decl.ty);
            let size = self.layout(slot_ty).size;
            let storage = match frame.index_of(slot) {
                _ if slot == ENV => Storage::At(Addr::value(at)),
                _ if size == 0 => Storage::Empty,
                Some(n) => Storage::At(Addr::value(at).plus(layout.fields[SAVED][n])),
                None if slot == Mir::RESULT => Storage::At(Addr::value(out)),
                None => self.storage_for(slot_ty),
            };
            self.storage.push(storage);
        }
        let waits = frame.awaits.iter().map(|_| self.func.new_block()).collect();
        let frame = graph.clone();
        self.future = Some(Polled { at, layout, ty, out: Addr::value(out), frame, waits, failed: None });
    }

    /// Goes where the state says, and notes that the future has ended.
    fn by_state(&mut self, unstarted: BlockId, ended: BlockId, waits: &[BlockId]) {
        let (at, layout) = (self.polled().at, self.polled().layout.clone());
        let addr = Addr::value(at);
        let state = self.load(addr.plus(layout.fields[STATE][0]), Scalar::U32);
        self.store_state(addr, &layout, ENDED);
        let mut edges = vec![unstarted, ended];
        edges.extend_from_slice(waits);
        edges.push(ended);
        self.end(Op::Switch, &[state], &edges);
    }

    pub fn store_state(&mut self, future: Addr, layout: &Layout, state: u32) {
        let n = self.iconst(i64::from(state));
        self.store(future.plus(layout.fields[STATE][0]), Scalar::U32, n);
    }

    /// `.await`: polls what is waited for in its slot, and leaves with false if it is not ready.
    pub fn wait(&mut self, bb: Bb, future: &Operand, dest: &Place, target: Bb) {
        let Operand::Move(place) = future else { unreachable!("the builder moves what is awaited into a slot") };
        let n = self.polled().frame().awaits.iter().position(|a| a.0 == bb).expect("the analysis saw this block");
        let block = self.polled().waits[n];
        self.jump(block);
        self.switch(block);
        let at = self.place(place);
        let to = self.place(dest);
        let out = self.out_of(dest, &to);
        // A panic leaves it to be dropped here.
        let way_out = self.unwind_block();
        let failed = self.func.new_block();
        self.func.blocks[failed].cold = true;
        let ready = self.with_unwind(failed, |w| w.poll_place(&at, &out));
        let (done, pending) = (self.func.new_block(), self.func.new_block());
        let is_ready = self.bit_of(ready);
        self.end(Op::BrIf, &[is_ready], &[done, pending]);
        self.switch(failed);
        self.with_unwind(way_out, |w| w.drop_place(&at));
        self.jump(way_out);
        self.switch(pending);
        let (own, layout) = (self.polled().at, self.polled().layout.clone());
        self.store_state(Addr::value(own), &layout, FIRST_WAIT + n as u32);
        let no = self.iconst(0);
        self.ret_values(vec![no]);
        self.switch(done);
        self.ready(&at, dest, &to, &out, target);
    }

    /// `.await` where the task itself waits: polls until the future is ready, and parks in between.
    pub fn block_on(&mut self, future: &Operand, dest: &Place, target: Bb) {
        let Operand::Move(place) = future else { unreachable!("the builder moves what is awaited into a slot") };
        let c = self.m.c;
        let wait = c.hir.lang_fn("future_wait").expect("the library has it");
        let (at, to) = (self.place(place), self.place(dest));
        let out = self.out_of(dest, &to);
        let outer = self.call_rt(RtFn::GrokFutureEnter, &[]).expect("entering gives the future that is left");
        let way_out = self.unwind_block();
        let [turn, done, pending, failed] = [(); 4].map(|()| self.func.new_block());
        self.func.blocks[failed].cold = true;
        self.jump(turn);
        self.switch(turn);
        let ready = self.with_unwind(failed, |w| w.poll_place(&at, &out));
        let is_ready = self.bit_of(ready);
        self.end(Op::BrIf, &[is_ready], &[done, pending]);
        self.switch(pending);
        self.with_unwind(failed, |w| w.call_fn(wait, Args::EMPTY, &[], Ty::UNIT, None));
        self.jump(turn);
        self.switch(failed);
        self.call_rt(RtFn::GrokFutureLeave, &[outer]);
        self.with_unwind(way_out, |w| w.drop_place(&at));
        self.jump(way_out);
        self.switch(done);
        self.call_rt(RtFn::GrokFutureLeave, &[outer]);
        self.ready(&at, dest, &to, &out, target);
    }

    /// Where what is awaited puts its value: straight into a variable, which nobody sees before it is complete.
    fn out_of(&mut self, dest: &Place, to: &At) -> At {
        let addr = match to.addr {
            Some(_) if !dest.is_local() => {
                let size = self.layout(to.ty).size;
                Some(self.new_slot(size))
            }
            addr => addr,
        };
        At { addr, ..to.clone() }
    }

    /// What was awaited has put its value to `out`.
    fn ready(&mut self, at: &At, dest: &Place, to: &At, out: &At, target: Bb) {
        // A future of the program has nothing left.
        if !matches!(self.m.c.types.kind(at.ty), TyKind::Future(..)) {
            self.drop_place(at);
        }
        if let (false, Some(from), Some(addr)) = (dest.is_local(), out.addr, to.addr) {
            let size = self.layout(to.ty).size;
            self.copy(addr, from, size);
        }
        let next = self.bb(target);
        self.jump(next);
    }

    /// Polls the future at a place; whether it is ready.
    fn poll_place(&mut self, at: &At, out: &At) -> ValueId {
        let c = self.m.c;
        let trait_ = c.hir.lang_trait("future").expect("futures are awaited");
        let &poll = c.hir.traits[trait_].fns.first().expect("the trait has a function");
        let reference = c.types.reference(Mutability::Mut, at.ty);
        let pointer = c.types.mk(TyKind::Ptr(Mutability::Mut, out.ty));
        let future = self.pointer_to(at);
        let to = self.pointer_to(out);
        let list = c.types.ty_list(&[at.ty]);
        self.call_fn(poll, list, &[(future, reference), (to, pointer)], Ty::BOOL, None).one()
    }

    /// The end of the body: the value is where the caller wants it.
    pub fn ret_ready(&mut self) {
        let ty = self.ty(self.mir.slots[Mir::RESULT].ty);
        let size = self.layout(ty).size;
        let out = self.polled().out;
        if let (Some(_), Storage::At(from)) = (self.polled().frame().index_of(Mir::RESULT), self.storage[0]) {
            self.copy(out, from, size);
        }
        let yes = self.iconst(1);
        self.ret_values(vec![yes]);
    }

    /// Drops of the environment and, in `cancel`, all drops are special. True if this was one.
    pub fn drop_in_future(&mut self, place: &Place, target: Bb) -> bool {
        let Some(future) = &self.future else { return false };
        let is_env = place.is_local() && place.slot == ENV;
        if future.failed.is_some() {
            let next = self.bb(target);
            if is_env {
                self.drop_captures();
                self.jump(next);
            } else {
                self.drop_and_note(place, next);
            }
            return true;
        }
        if is_env {
            let (at, ty) = (Addr::value(future.at), future.ty);
            self.drop_fields(at, ty, 0);
            let next = self.bb(target);
            self.jump(next);
        }
        is_env
    }

    /// Drops the captures in `cancel`; each of them, whatever the drops of others do.
    fn drop_captures(&mut self) {
        let (own, layout) = (self.polled().at, self.polled().layout.clone());
        for (n, &ty) in layout.field_tys[0].iter().enumerate() {
            let addr = Addr::value(own).plus(layout.fields[0][n]);
            let next = self.func.new_block();
            self.drop_at_and_note(&At { addr: Some(addr), meta: None, ty, variant: None }, next);
            self.switch(next);
        }
    }

    fn drop_and_note(&mut self, place: &Place, next: BlockId) {
        let at = self.place(place);
        self.drop_at_and_note(&at, next);
    }

    /// Drops in `cancel`: a panic is noted, and the rest is dropped all the same.
    fn drop_at_and_note(&mut self, at: &At, next: BlockId) {
        let failed = self.polled().failed.expect("only `cancel` notes panics");
        let note = self.func.new_block();
        self.func.blocks[note].cold = true;
        self.with_unwind(note, |w| w.drop_place(at));
        self.jump(next);
        self.switch(note);
        let yes = self.iconst(1);
        self.store(failed, Scalar::U64, yes);
        self.jump(next);
    }

    /// Writes the blocks that the ways of panics reach.
    fn cleanup_from(&mut self, mut todo: Vec<Bb>) {
        let mut seen = vec![false; self.mir.blocks.len()];
        while let Some(bb) = todo.pop() {
            if std::mem::replace(&mut seen[bb.0 as usize], true) {
                continue;
            }
            self.basic_block(bb);
            self.mir.blocks[bb].terminator().successors(|next| todo.push(next));
        }
    }

    /// The end of `cancel`, or of unwinding in a future.
    pub fn leave_cancelled(&mut self) {
        let failed = self.polled().failed.expect("only `cancel` notes panics");
        let flag = self.load(failed, Scalar::U64);
        self.end(Op::RetMany, &[flag], &[]);
    }

    /// Whether the writer writes `cancel`.
    pub fn is_cancel(&self) -> bool {
        self.future.as_ref().is_some_and(|f| f.failed.is_some())
    }
}
