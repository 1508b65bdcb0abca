//! Effects: handlers, performing, continuations (section 5 of the reference).
//!
//! Handlers in force are a list of frames, innermost first. An operation goes to the first frame with a clause for it:
//!
//! - a function clause is called where the operation is performed, with the frames outside of its own in force;
//! - a control clause gets the continuation: the body runs on a [fiber](super::fiber), which is left as it is;
//! - an operation that never returns, and an error, unwinds first: an [`Abort`] goes up as an exception that no `catch`
//!   takes until it reaches the frame, which runs the clause.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ptr::NonNull;

use molt_abi::layout::{OpDesc, TAIL_CALL};
use molt_abi::{ClassId, Ret, Word};

use super::ErrorKind;
use super::fiber::{self, Fiber, FiberPtr, Input, Output};
use super::limits::NONE;
use super::observe::{self, Notes};
use super::sandbox::Sandbox;
use crate::api::{native, str_text};
use crate::current::current;
use crate::exception::{extra, set_extra};
use crate::native::{ClassSpec, Layout, NativeData};
use crate::{Isolate, Owned, PyResult, Raised};

pub(super) type FramePtr = Option<NonNull<Frame>>;

/// A handler in force.
pub(super) struct Frame {
    pub outer: FramePtr,
    handler: Owned,
    /// What its body runs on, where it has a clause that captures it.
    pub fiber: FiberPtr,
    /// Of a task, which has it from the one that started it: only function clauses count, and only for operations that
    /// return.
    is_inherited: bool,
    /// What may be done inside, where the frame is that of a sandbox.
    sandbox: Option<Rc<Sandbox>>,
    /// Most calls under way on the stack that the frame is in force on.
    depth: i64,
    /// What is noted of the body, where the frame is that of an observed one.
    pub notes: Option<Box<Notes>>,
}

impl Frame {
    pub fn new(handler: Owned) -> Frame {
        Frame { outer: None, handler, fiber: None, is_inherited: false, sandbox: None, depth: NONE, notes: None }
    }

    /// Whether a clause answers an operation.
    pub fn answers(&self, op: &OpDesc) -> bool {
        self.clause(op).is_some()
    }

    /// The clause that answers an operation.
    fn clause(&self, op: &OpDesc) -> Option<&Clause> {
        let handler = self.handler.word();
        // SAFETY: the frame holds the handler, which is never changed while it is in force.
        let handler: &Handler = unsafe { &*native::<Handler>(handler).as_ptr() };
        let clause = handler.clause(op.effect, op.name)?;
        if !self.is_inherited {
            return Some(clause);
        }
        (op.is_never == 0 && !clause.is_control).then_some(clause)
    }
}

/// The frames that a new task has: copies of those in force, innermost first.
pub(super) struct Inherited(Box<[Frame]>);

impl Inherited {
    pub fn of(rt: &Isolate) -> Inherited {
        let mut frames = Vec::new();
        let mut at = rt.handlers();
        while let Some(frame) = at {
            // SAFETY: frames in force are alive.
            let frame = unsafe { frame.as_ref() };
            frames.push(Frame {
                is_inherited: true,
                sandbox: frame.sandbox.clone(),
                depth: frame.sandbox.as_ref().map_or(NONE, |s| s.limits.calls),
                ..Frame::new(frame.handler.clone())
            });
            at = frame.outer;
        }
        let mut frames = frames.into_boxed_slice();
        for i in 1..frames.len() {
            frames[i - 1].outer = NonNull::new(&raw mut frames[i]);
        }
        Inherited(frames)
    }

    /// The innermost.
    pub fn first(&mut self) -> FramePtr {
        self.0.first_mut().and_then(|f| NonNull::new(f))
    }
}

/// A clause of a handler.
struct Clause {
    effect: Word,
    /// All operations of the effect when nil.
    op: Word,
    is_control: bool,
    procedure: Owned,
}

/// A handler value.
struct Handler {
    clauses: Vec<Clause>,
    ret: Owned,
}

impl NativeData for Handler {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.clauses.iter().for_each(|c| visit(c.procedure.word()));
        visit(self.ret.word());
    }
    fn clear(&mut self) {
        self.clauses.clear();
        self.ret = Owned::NONE;
    }
}

static HANDLER: ClassSpec = ClassSpec::new("claudelang", "Handler").flags(ClassSpec::NO_NEW);

/// What a continuation goes on with, until it is used.
struct Continuation {
    fiber: Option<Box<Fiber>>,
}

impl NativeData for Continuation {}

impl Continuation {
    /// What it goes on with, which it has no longer.
    fn take(&mut self) -> Option<Box<Fiber>> {
        let mut fiber = self.fiber.take()?;
        fiber.holder = Word::UNBOUND;
        Some(fiber)
    }
}

impl Drop for Continuation {
    /// Nobody can resume the computation any more: it is unwound.
    fn drop(&mut self) {
        if let Some(fiber) = self.take() {
            // SAFETY: continuations are dropped inside their isolate.
            let rt = unsafe { &mut *current() };
            let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
            give_up(rt, fiber);
            rt.ctx.exception = pending;
        }
    }
}

static CONTINUATION: ClassSpec = ClassSpec::new("claudelang", "Continuation")
    .flags(ClassSpec::NO_NEW | crate::ClassObj::PROCEDURE)
    .call(resume_call);

fn resume_call(rt: &mut Isolate, k: Word, args: &[Word], kwnames: Word) -> PyResult {
    if args.len() != 1 || !kwnames.is_unbound() {
        let text = format!("resume takes 1 operand, not {}", args.len());
        return Err(rt.raise_claude(ErrorKind::Arity, text, Word::NONE));
    }
    let fiber = take_fiber(rt, k)?;
    run(rt, fiber, Input::Value(Owned::share(args[0])))
}

/// The computation of a continuation, which is used up.
fn take_fiber(rt: &mut Isolate, k: Word) -> PyResult<Box<Fiber>> {
    match native::<Continuation>(k).take() {
        Some(fiber) => Ok(fiber),
        None => {
            let text = "a continuation is resumed at most once";
            Err(rt.raise_claude(ErrorKind::ResumedTwice, text, Word::NONE))
        }
    }
}

/// Whether a word is a continuation.
fn is_continuation(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class_for(&CONTINUATION);
    rt.class_of(w) == class
}

/// An exception that goes up to one frame, whatever `catch` clauses are between: header, words of every exception, frame
/// (or nil), procedure, operands (or an exception that is raised outside of the frame, when the procedure is nil).
static ABORT: ClassSpec = ClassSpec::new("claudelang", "Abort")
    .base(crate::native::BaseRef::Id(ClassId::BASE_EXCEPTION))
    .layout(Layout::Plain)
    .hidden_words(3)
    .flags(ClassSpec::NO_NEW);
const ABORT_FRAME: usize = 0;
const ABORT_PROCEDURE: usize = 1;
const ABORT_OPERANDS: usize = 2;

/// Raises an abort to a frame. A frame's address is a multiple of 8, and as a word a small integer.
fn abort(rt: &mut Isolate, frame: FramePtr, procedure: Word, operands: Owned) -> Raised {
    let class = rt.class_for(&ABORT);
    let e = rt.new_exception(class, &[]);
    let address = frame.map_or(0, |f| f.as_ptr() as i64);
    set_extra(e.word(), ABORT_FRAME, Word::small(address));
    set_extra(e.word(), ABORT_PROCEDURE, procedure);
    set_extra(e.word(), ABORT_OPERANDS, operands.word());
    rt.set_pending(e);
    Raised
}

/// Raises what runs the `finally` blocks of a computation and that no `catch` takes.
pub(super) fn raise_unwinding(rt: &mut Isolate) -> Raised {
    abort(rt, None, Word::NONE, Owned::NONE)
}

/// What a computation ends with that nothing is around: of an abort that left a clause of an inherited frame, the error
/// inside; nothing, if it was unwound.
pub(super) fn outermost_failure(rt: &mut Isolate) -> Option<Owned> {
    let class = rt.class_for(&ABORT);
    let e = rt.take_exception();
    if rt.class_of(e.word()) != class {
        return Some(e);
    }
    let inside = extra(e.word(), ABORT_OPERANDS);
    rt.is_instance(inside, ClassId::BASE_EXCEPTION).then(|| Owned::share(inside))
}

/// The pending abort, if it is meant for a frame.
fn taken_abort(rt: &mut Isolate, frame: FramePtr) -> Option<Owned> {
    let class = rt.class_for(&ABORT);
    if !rt.pending_is(class) {
        return None;
    }
    let address = frame.map_or(0, |f| f.as_ptr() as i64);
    (extra(rt.ctx.exception, ABORT_FRAME) == Word::small(address)).then(|| rt.take_exception())
}

// ---- handlers -----------------------------------------------------------------------------------

/// A handler value of its words: `return` procedure or nil, then label, operation or nil, kind and procedure of each clause.
pub fn make_handler(rt: &mut Isolate, words: &[Word]) -> Owned {
    let clauses = words[1..]
        .chunks_exact(4)
        .map(|c| Clause {
            effect: rt.intern_word(c[0]),
            op: if c[1].is_none() { Word::NONE } else { rt.intern_word(c[1]) },
            is_control: c[2] == Word::small(1),
            procedure: Owned::share(c[3]),
        })
        .collect();
    let handler = Handler { clauses, ret: Owned::share(words[0]) };
    let class = rt.class_for(&HANDLER);
    rt.new_native(class, Box::new(handler))
}

impl Handler {
    /// The clause for an operation: an exact one, else one for the whole effect.
    fn clause(&self, effect: Word, op: Word) -> Option<&Clause> {
        let exact = self.clauses.iter().find(|c| c.effect == effect && c.op == op);
        exact.or_else(|| self.clauses.iter().find(|c| c.effect == effect && c.op.is_none()))
    }

    fn captures(&self) -> bool {
        self.clauses.iter().any(|c| c.is_control)
    }
}

/// Calls a body with a handler in force.
pub fn handle(rt: &mut Isolate, handler: Word, body: Word) -> PyResult {
    let class = rt.class_for(&HANDLER);
    if rt.class_of(handler) != class {
        return Err(super::entry::wrong_type(rt, "with-handler", "a handler", handler));
    }
    rt.check_stack()?;
    if native::<Handler>(handler).captures() {
        let Some(fiber) = fiber::new(rt, Owned::share(handler), body) else {
            return Err(rt.raise_claude(ErrorKind::Limit, "there is no memory for another stack", Word::NONE));
        };
        return run(rt, fiber, Input::Value(Owned::NONE));
    }
    let mut frame = Frame::new(Owned::share(handler));
    frame.outer = rt.handlers();
    let this = NonNull::new(&raw mut frame);
    rt.change_handlers(this);
    let result = rt.claude_call(body, &[]);
    rt.change_handlers(frame.outer);
    ended(rt, handler, this, result)
}

/// Calls a body in a sandbox: a frame that answers nothing.
pub(super) fn sandboxed(rt: &mut Isolate, sandbox: Rc<Sandbox>, body: Word) -> PyResult {
    rt.check_stack()?;
    let mut frame = empty_frame(rt);
    let limits_calls = sandbox.limits.calls != NONE;
    if limits_calls {
        frame.depth = rt.depth_used().saturating_add(sandbox.limits.calls);
        if rt.claude.calls_outside.is_none() {
            rt.claude.calls_outside = Some(rt.depth_limit());
        }
    }
    frame.sandbox = Some(sandbox);
    frame.outer = rt.handlers();
    rt.change_handlers(NonNull::new(&raw mut frame));
    if limits_calls {
        keep_depth(rt);
    }
    let result = rt.claude_call(body, &[]);
    rt.change_handlers(frame.outer);
    if limits_calls {
        keep_depth(rt);
    }
    result
}

/// Sets the limit of recursion to that of the sandboxes in force.
fn keep_depth(rt: &mut Isolate) {
    if let Some(limit) = depth_limit(rt) {
        rt.set_depth_limit(limit);
    }
}

/// The limit of recursion under the sandboxes in force; nothing where no sandbox ever had one.
pub(super) fn depth_limit(rt: &Isolate) -> Option<i64> {
    let outside = rt.claude.calls_outside?;
    Some(frames(rt.handlers()).fold(outside, |least, frame| least.min(frame.depth)))
}

/// Tells the frames from one to another that as many more calls are under way below them.
pub(super) fn shift_depths(rt: &Isolate, from: FramePtr, to: *const Frame, calls: i64) {
    if calls == 0 || rt.claude.calls_outside.is_none() {
        return;
    }
    let mut at = from;
    while let Some(mut frame) = at {
        // SAFETY: frames in force are alive, and nobody borrows one here.
        let frame = unsafe { frame.as_mut() };
        frame.depth = if frame.depth == NONE { NONE } else { frame.depth + calls };
        if core::ptr::eq(frame, to) {
            return;
        }
        at = frame.outer;
    }
}

/// A frame and those outside of it.
fn frames<'a>(mut at: FramePtr) -> impl Iterator<Item = &'a Frame> {
    core::iter::from_fn(move || {
        // SAFETY: frames in force are alive.
        let frame = unsafe { at?.as_ref() };
        at = frame.outer;
        Some(frame)
    })
}

/// A frame that answers nothing.
pub(super) fn empty_frame(rt: &mut Isolate) -> Frame {
    Frame::new(make_handler(rt, &[Word::NONE]))
}

/// The sandboxes in force, innermost first.
pub(super) fn sandboxes(rt: &Isolate) -> impl Iterator<Item = &Rc<Sandbox>> {
    frames(rt.handlers()).filter_map(|frame| frame.sandbox.as_ref())
}

/// What the handler makes of the end of its body, with the frames outside in force.
fn ended(rt: &mut Isolate, handler: Word, frame: FramePtr, result: PyResult) -> PyResult {
    let value = match result {
        Ok(value) => value,
        Err(Raised) => return failed(rt, handler, frame),
    };
    let ret = native::<Handler>(handler).ret.clone();
    if ret.word().is_none() { Ok(value) } else { rt.claude_call(ret.word(), &[value.word()]) }
}

fn failed(rt: &mut Isolate, handler: Word, frame: FramePtr) -> PyResult {
    if let Some(abort) = taken_abort(rt, frame) {
        let (procedure, operands) = (extra(abort.word(), ABORT_PROCEDURE), extra(abort.word(), ABORT_OPERANDS));
        if procedure.is_none() {
            rt.set_pending(Owned::share(operands));
            return Err(Raised);
        }
        let operands = crate::api::tuple_items(operands).to_vec();
        return rt.claude_call(procedure, &operands);
    }
    if !rt.pending_is(ClassId::EXCEPTION) {
        return Err(Raised);
    }
    let (effect, op) = (rt.intern("error"), rt.intern("raise"));
    let clause = native::<Handler>(handler).clause(effect, op).map(|c| (c.procedure.clone(), c.is_control));
    let Some((procedure, is_control)) = clause else { return Err(Raised) };
    let e = rt.take_exception();
    if is_control {
        return rt.claude_call(procedure.word(), &[Word::NONE, e.word()]);
    }
    rt.claude_call(procedure.word(), &[e.word()])
}

// ---- fibers -------------------------------------------------------------------------------------

/// Goes on at a fiber until its body has ended or a clause has.
fn run(rt: &mut Isolate, mut fiber: Box<Fiber>, mut input: Input) -> PyResult {
    loop {
        // SAFETY: who has the box has a fiber that does not run.
        let output = unsafe { fiber::enter(rt, &raw mut *fiber, input) };
        match output {
            Output::Done(result) => {
                let handler = fiber.frame.handler_word();
                let frame = NonNull::new(&raw mut fiber.frame);
                let result = ended(rt, handler.word(), frame, result);
                fiber::free(rt, &fiber);
                return result;
            }
            Output::Perform(clause, args) => match clause_step(rt, fiber, &clause, args) {
                Step::Again(same, value) => (fiber, input) = (same, Input::Value(value)),
                Step::End(result) => return result,
            },
        }
    }
}

impl Frame {
    fn handler_word(&self) -> Owned {
        self.handler.clone()
    }
}

enum Step {
    /// The clause ended with a resumption.
    Again(Box<Fiber>, Owned),
    End(PyResult),
}

/// Calls a control clause. A resumption in tail position goes on in the loop of the caller.
fn clause_step(rt: &mut Isolate, fiber: Box<Fiber>, clause: &Owned, args: Vec<Owned>) -> Step {
    let class = rt.class_for(&CONTINUATION);
    rt.claude.at_end.get_or_insert(unwind_all);
    let k = rt.new_native(class, Box::new(Continuation { fiber: Some(fiber) }));
    let fiber = &mut native::<Continuation>(k.word()).fiber;
    fiber.as_mut().expect("it was given one").holder = k.word();
    let mut operands: Vec<Word> = Vec::with_capacity(args.len() + 1);
    operands.push(k.word());
    operands.extend(args.iter().map(Owned::word));
    let r = call_once(rt, clause.word(), &operands);
    drop(args);
    if r.error == TAIL_CALL {
        let waiting = &rt.claude.waiting;
        if waiting.len() == 2 && waiting[0] == k.word() && native::<Continuation>(k.word()).fiber.is_some() {
            let fiber = native::<Continuation>(k.word()).take().expect("it was just seen");
            let mut waiting = core::mem::take(&mut rt.claude.waiting);
            // SAFETY: what waits is owned.
            let value = unsafe { Owned::from_word(waiting.pop().expect("there are two")) };
            waiting.into_iter().for_each(crate::owned::dec);
            return Step::Again(fiber, value);
        }
        let result = rt.make_waiting_call();
        return Step::End(finish(rt, k, result));
    }
    let result = crate::function::from_ret(r);
    Step::End(finish(rt, k, result))
}

/// Calls a procedure; a call that it leaves waits.
fn call_once(rt: &mut Isolate, callee: Word, args: &[Word]) -> Ret {
    if rt.class_of(callee) == ClassId::FUNCTION {
        let entry = crate::function::code_of(callee).entry;
        // SAFETY: compiled code follows the calling convention of `EntryFn`.
        return unsafe { entry(&raw mut rt.ctx, callee, args.as_ptr(), args.len() as u64, Word::UNBOUND) };
    }
    crate::entry::ret(rt.claude_call(callee, args))
}

/// A clause has ended: a computation that nobody can resume is unwound.
fn finish(rt: &mut Isolate, k: Owned, result: PyResult) -> PyResult {
    if crate::owned::ref_count(k.word()) != Some(1) {
        return result;
    }
    let Some(fiber) = native::<Continuation>(k.word()).take() else { return result };
    let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
    match unwind(rt, fiber) {
        Ok(()) => {
            rt.ctx.exception = pending;
            result
        }
        Err(Raised) => {
            crate::owned::dec(pending);
            Err(Raised)
        }
    }
}

/// Runs the `finally` blocks of a computation that is given up.
fn unwind(rt: &mut Isolate, fiber: Box<Fiber>) -> PyResult<()> {
    abort(rt, None, Word::NONE, Owned::NONE);
    match run(rt, fiber, Input::Raise) {
        Ok(_) => Ok(()),
        Err(Raised) => match taken_abort(rt, None) {
            Some(_) => Ok(()),
            None => Err(Raised),
        },
    }
}

/// Unwinds where nobody can be told what a `finally` block raises.
fn give_up(rt: &mut Isolate, fiber: Box<Fiber>) {
    if unwind(rt, fiber).is_err() {
        let e = rt.take_exception();
        rt.print_unraisable_text("Error ignored in `finally`:", e.word());
    }
}

/// Unwinds what waits on when the program ends: computations whose continuations are kept, among them those that
/// they keep themselves, from their own stacks, where the search for cycles does not look.
pub(super) fn unwind_all(rt: &mut Isolate) {
    while let Some(k) = fiber::held(rt) {
        let k = Owned::share(k);
        let fiber = native::<Continuation>(k.word()).take().expect("it has the fiber that names it");
        give_up(rt, fiber);
    }
}

/// Goes on by raising an error where the operation was performed.
pub fn discontinue(rt: &mut Isolate, k: Word, error: Word) -> PyResult {
    if !is_continuation(rt, k) {
        return Err(super::entry::wrong_type(rt, "discontinue", "a continuation", k));
    }
    let e = super::error::error_of(rt, &[error])?;
    let fiber = take_fiber(rt, k)?;
    rt.set_pending(e);
    run(rt, fiber, Input::Raise)
}

// ---- performing ---------------------------------------------------------------------------------

/// Performs an operation.
pub fn perform(rt: &mut Isolate, op: &mut OpDesc, args: &[Word]) -> PyResult {
    if rt.claude.observers == 0 {
        return perform_unnoted(rt, op, args, true);
    }
    let noted = observe::performing(rt, op, args);
    let result = perform_unnoted(rt, op, args, noted.is_empty());
    observe::performed(noted, &result);
    result
}

/// Performs an operation; `remembers` says whether the next ones like it may go to the clause directly.
fn perform_unnoted(rt: &mut Isolate, op: &mut OpDesc, args: &[Word], remembers: bool) -> PyResult {
    let mut at = rt.handlers();
    while let Some(frame) = at {
        // SAFETY: frames in force are alive.
        let f = unsafe { frame.as_ref() };
        if let Some(clause) = f.clause(op) {
            if !clause.is_control && !clause.op.is_none() && op.is_never == 0 {
                let procedure = clause.procedure.clone();
                if remembers {
                    remember(rt, op, frame, procedure.word());
                }
                return call_outside(rt, frame, procedure.word(), args);
            }
            let (procedure, is_control) = (clause.procedure.clone(), clause.is_control);
            let wide = clause.op.is_none();
            return answer(rt, op, frame, procedure, is_control, wide, args);
        }
        at = f.outer;
    }
    if rt.claude.observers != 0 {
        observe::store_changed(rt, op, args);
    }
    match op.default {
        // SAFETY: the compiler names a runtime function of this form.
        Some(default) => {
            crate::function::from_ret(unsafe { default(&raw mut rt.ctx, args.as_ptr(), args.len() as u64) })
        }
        None => {
            let text = format!("no handler answers {}:{}", str_text(op.effect), str_text(op.name));
            Err(rt.raise_claude(ErrorKind::UnhandledEffect, text, Word::NONE))
        }
    }
}

fn answer(
    rt: &mut Isolate,
    op: &OpDesc,
    frame: NonNull<Frame>,
    procedure: Owned,
    is_control: bool,
    wide: bool,
    args: &[Word],
) -> PyResult {
    let mut operands: Vec<Word> = Vec::with_capacity(args.len() + 2);
    if op.is_never != 0 && is_control {
        operands.push(Word::NONE);
    }
    if wide {
        operands.push(op.name);
    }
    operands.extend_from_slice(args);
    if op.is_never != 0 {
        let operands = rt.new_tuple_of(&operands);
        return Err(abort(rt, Some(frame), procedure.word(), operands));
    }
    if is_control {
        // SAFETY: frames in force are alive, and one with a control clause has a fiber, on which this runs.
        let fiber = unsafe { frame.as_ref().fiber.expect("its body runs on one").as_ptr() };
        let operands = operands.into_iter().map(Owned::share).collect();
        // SAFETY: as above.
        return unsafe { fiber::suspend(rt, fiber, procedure, operands) };
    }
    call_outside(rt, frame, procedure.word(), &operands)
}

/// Calls a function clause with the frames outside of its own in force.
fn call_outside(rt: &mut Isolate, frame: NonNull<Frame>, procedure: Word, operands: &[Word]) -> PyResult {
    let inner = rt.ctx.handlers;
    // SAFETY: frames in force are alive.
    rt.ctx.handlers = address(unsafe { frame.as_ref().outer });
    let result = rt.claude_call(procedure, operands);
    rt.ctx.handlers = inner;
    leave_clause(rt, frame, result)
}

/// No `try` of the handled body sees an error of a clause.
fn leave_clause(rt: &mut Isolate, frame: NonNull<Frame>, result: PyResult) -> PyResult {
    if result.is_err() && rt.pending_is(ClassId::EXCEPTION) {
        let e = rt.take_exception();
        return Err(abort(rt, Some(frame), Word::NONE, e));
    }
    result
}

/// The end of a function clause that compiled code called and that did not just return.
pub fn performed(rt: &mut Isolate, flag: u64, frame: *mut u8, top: *mut u8) -> PyResult {
    let result = if flag == TAIL_CALL { rt.make_waiting_call() } else { Err(Raised) };
    rt.ctx.handlers = top;
    leave_clause(rt, NonNull::new(frame.cast()).expect("a frame answered"), result)
}

/// Remembers what answers an operation for as long as the handlers in force are these.
fn remember(rt: &Isolate, op: &mut OpDesc, frame: NonNull<Frame>, procedure: Word) {
    if rt.class_of(procedure) != ClassId::FUNCTION {
        return;
    }
    op.turn = rt.ctx.handler_turn;
    op.top = rt.ctx.handlers;
    op.frame = frame.as_ptr().cast();
    // SAFETY: frames in force are alive.
    op.outer = address(unsafe { frame.as_ref().outer });
    op.procedure = procedure;
}

fn address(frame: FramePtr) -> *mut u8 {
    frame.map_or(core::ptr::null_mut(), |f| f.as_ptr().cast())
}

impl Isolate {
    /// The innermost handler in force.
    pub(super) fn handlers(&self) -> FramePtr {
        NonNull::new(self.ctx.handlers.cast())
    }

    /// Other handlers are in force from here on.
    pub(super) fn change_handlers(&mut self, frame: FramePtr) {
        self.ctx.handlers = address(frame);
        self.ctx.handler_turn += 1;
    }
}
