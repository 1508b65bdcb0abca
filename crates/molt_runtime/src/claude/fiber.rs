//! Stacks for the bodies of handlers that may capture them.
//!
//! A body runs on a fiber. An operation that a control clause answers leaves the fiber as it is and goes on in the loop
//! that runs the handler, on the stack below; to resume is to go on at the fiber. Bodies inside bodies have fibers of their
//! own, which stay linked: the innermost is left and entered, those between wait for it.
//!
//! ```text
//! main stack:  handle → switch ─┐            ┌─ clause ─ resume → switch ─┐
//! fiber:                        └ body … op ─┘                            └ … end
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::null_mut;

use molt_abi::{Context, Word};

use super::effects::{Frame, FramePtr};
use crate::grok::stack::{self, Stacks};
use crate::{Isolate, Owned, PyResult};

/// Address space of a fiber; pages are committed when touched.
const SIZE: usize = 64 << 20;
/// Part of it that no frame may start in: what was granted before must fit.
const RESERVE: usize = SIZE / 4;

pub(super) type FiberPtr = Option<core::ptr::NonNull<Fiber>>;

/// What the engine keeps for a stack: for the code on objects, and for that of GrokLang.
#[derive(Clone, Copy)]
pub(super) struct Engine {
    own: *mut u8,
    across: *mut u8,
}

impl Engine {
    const NOTHING: Engine = Engine { own: null_mut(), across: null_mut() };

    /// That of the running code.
    pub fn here(rt: &Isolate) -> Engine {
        // SAFETY: the other context lives as long as the program.
        let across = unsafe { rt.ctx.across.as_ref() };
        Engine { own: rt.ctx.engine, across: across.map_or(null_mut(), |c| c.engine) }
    }

    fn set(self, rt: &mut Isolate) {
        rt.ctx.engine = self.own;
        // SAFETY: as above.
        if let Some(across) = unsafe { rt.ctx.across.as_mut() } {
            across.engine = self.across;
        }
    }
}

/// A stack that is not in use, with what the engine keeps for it.
pub(super) struct Spare {
    pub top: usize,
    pub engine: Engine,
}

impl Spare {
    /// Where code that starts on the stack is, its switch being `sp`.
    pub fn point(&self, sp: *mut u8, fiber: FiberPtr) -> Point {
        Point { sp, engine: self.engine, used: 0, floor: self.top - SIZE + RESERVE, fiber }
    }
}

/// Stacks of one isolate.
pub(super) struct Pool {
    stacks: Stacks,
    spare: Vec<Spare>,
    /// The fibers whose bodies have not ended.
    live: Vec<*mut Fiber>,
}

impl Pool {
    /// A stack; nothing when the system has no more memory.
    pub fn take(&mut self) -> Option<Spare> {
        match self.spare.pop() {
            Some(spare) => Some(spare),
            None => Some(Spare { top: self.stacks.take()?, engine: Engine::NOTHING }),
        }
    }

    pub fn give(&mut self, spare: Spare) {
        self.spare.push(spare);
    }
}

impl Default for Pool {
    fn default() -> Self {
        Pool { stacks: Stacks::new(SIZE), spare: Vec::new(), live: Vec::new() }
    }
}

/// What a fiber is told when it goes on.
pub(super) enum Input {
    /// The value of the operation that it performs.
    Value(Owned),
    /// The pending exception is raised there.
    Raise,
}

/// Why a fiber was left.
pub(super) enum Output {
    /// The body ended.
    Done(PyResult),
    /// An operation that a control clause answers: procedure and operands.
    Perform(Owned, Vec<Owned>),
}

/// Where code goes on that was left.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub sp: *mut u8,
    pub engine: Engine,
    pub used: i64,
    floor: usize,
    fiber: FiberPtr,
}

impl Point {
    pub const NOWHERE: Point = Point { sp: null_mut(), engine: Engine::NOTHING, used: 0, floor: 0, fiber: None };
}

/// The stack of one body.
pub(super) struct Fiber {
    pub frame: Frame,
    /// The continuation that has it, without a reference; unbound where none has.
    pub holder: Word,
    /// Its place among the fibers of the pool.
    place: usize,
    top: usize,
    body: Owned,
    /// Who entered it last.
    caller: Point,
    /// Calls that were under way when it was entered.
    base: i64,
    /// Where it goes on: in itself or in a fiber inside it.
    inside: Point,
    /// The handlers in force there.
    handlers: FramePtr,
    input: Option<Input>,
    output: Option<Output>,
}

/// Makes a fiber for a body; nothing when the system has no more memory.
pub(super) fn new(rt: &mut Isolate, handler: Owned, body: Word) -> Option<Box<Fiber>> {
    let pool = &mut rt.claude.fibers;
    let spare = pool.take()?;
    let mut fiber = Box::new(Fiber {
        frame: Frame::new(handler),
        holder: Word::UNBOUND,
        place: pool.live.len(),
        top: spare.top,
        body: Owned::share(body),
        caller: Point::NOWHERE,
        base: 0,
        inside: Point::NOWHERE,
        handlers: None,
        input: None,
        output: None,
    });
    let this: *mut Fiber = &raw mut *fiber;
    pool.live.push(this);
    fiber.frame.fiber = core::ptr::NonNull::new(this);
    // SAFETY: the stack is unused.
    let sp = unsafe { stack::prepare(spare.top, start, this as usize) };
    fiber.inside = spare.point(sp, core::ptr::NonNull::new(this));
    fiber.handlers = core::ptr::NonNull::new(&raw mut fiber.frame);
    Some(fiber)
}

/// Gives the stack of a fiber whose body has ended back.
pub(super) fn free(rt: &mut Isolate, fiber: &Fiber) {
    let pool = &mut rt.claude.fibers;
    pool.live.swap_remove(fiber.place);
    if let Some(&moved) = pool.live.get(fiber.place) {
        // SAFETY: fibers leave the pool before they are freed.
        unsafe { (*moved).place = fiber.place };
    }
    pool.give(Spare { top: fiber.top, engine: fiber.inside.engine });
}

/// A continuation that still has a fiber.
pub(super) fn held(rt: &Isolate) -> Option<Word> {
    // SAFETY: fibers leave the pool before they are freed.
    rt.claude.fibers.live.iter().map(|&f| unsafe { (*f).holder }).find(|w| !w.is_unbound())
}

unsafe extern "C" fn start(argument: usize) -> ! {
    let fiber = argument as *mut Fiber;
    // SAFETY: `new` passed the fiber, which lives until its body has ended; the thread runs inside its isolate.
    unsafe {
        let rt = &mut *crate::current::current();
        // The first entry brings no value.
        let first = (*fiber).input.take();
        let result = match first {
            Some(Input::Raise) => Err(crate::Raised),
            _ => {
                let body = (*fiber).body.clone();
                rt.claude_call(body.word(), &[])
            }
        };
        (*fiber).output = Some(Output::Done(result));
        leave(rt, fiber);
    }
    unreachable!("an ended fiber is not entered")
}

/// Where the running code is, but for its stack pointer.
pub(super) fn here(rt: &Isolate) -> Point {
    let (used, floor) = rt.stack_state();
    Point { sp: null_mut(), engine: Engine::here(rt), used, floor, fiber: rt.claude.fiber }
}

/// The code goes on at a point, with so many calls under way, under the handlers that are in force.
pub(super) fn set_here(rt: &mut Isolate, point: Point, used: i64) {
    point.engine.set(rt);
    let limit = super::effects::depth_limit(rt).unwrap_or_else(|| rt.depth_limit());
    rt.set_stack_state(used, point.floor, limit);
    rt.claude.fiber = point.fiber;
}

/// Goes on at a fiber, under the handlers that are in force; why it was left again.
///
/// # Safety
/// The fiber is not running and its body has not ended.
pub(super) unsafe fn enter(rt: &mut Isolate, fiber: *mut Fiber, input: Input) -> Output {
    let ctx: *mut Context = &raw mut rt.ctx;
    // SAFETY: by the caller's promise nobody else uses the fiber; the isolate is that of the context, and is not
    // borrowed across the switch.
    unsafe {
        let f = &mut *fiber;
        f.frame.outer = rt.handlers();
        f.input = Some(input);
        f.caller = here(rt);
        let inside = f.inside;
        super::effects::shift_depths(rt, f.handlers, &f.frame, f.caller.used - f.base);
        f.base = f.caller.used;
        rt.change_handlers(f.handlers);
        set_here(rt, inside, f.base + inside.used);
        stack::switch(&raw mut (*fiber).caller.sp, inside.sp);
        let rt = Isolate::from_ctx(ctx);
        let f = &mut *fiber;
        // What the engine made for the stack stays with it.
        let (caller, base) = (f.caller, f.base);
        rt.change_handlers(f.frame.outer);
        set_here(rt, caller, base);
        f.output.take().expect("a fiber says why it is left")
    }
}

/// Leaves a fiber, from within it or a fiber inside it, for whoever entered it.
///
/// # Safety
/// The fiber, or one inside it, is running.
unsafe fn leave(rt: &mut Isolate, fiber: *mut Fiber) {
    // SAFETY: by the caller's promise.
    unsafe {
        let f = &mut *fiber;
        let mut point = here(rt);
        point.used -= f.base;
        f.inside = point;
        f.handlers = rt.handlers();
        let to = f.caller.sp;
        stack::switch(&raw mut (*fiber).inside.sp, to);
    }
}

/// Leaves a fiber with an operation to perform; the value that it is resumed with.
///
/// # Safety
/// As for [`leave`].
pub(super) unsafe fn suspend(rt: &mut Isolate, fiber: *mut Fiber, clause: Owned, args: Vec<Owned>) -> PyResult {
    let ctx: *mut Context = &raw mut rt.ctx;
    // SAFETY: by the caller's promise; the isolate is not borrowed across the switch.
    unsafe {
        (*fiber).output = Some(Output::Perform(clause, args));
        leave(rt, fiber);
        let _ = Isolate::from_ctx(ctx);
        match (*fiber).input.take().expect("a fiber goes on with an input") {
            Input::Value(v) => Ok(v),
            Input::Raise => Err(crate::Raised),
        }
    }
}
