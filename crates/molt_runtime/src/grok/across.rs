//! Modules of GrokLang in a program whose code is on objects.
//!
//! Code of GrokLang uses a [`State`], code on objects an [`Isolate`]. Where both run on one machine stack their contexts know
//! one another ([`Context::across`]), and a call across passes the other one. The isolate's thread is to the scheduler a
//! thread that one task has to itself: when code of GrokLang waits there, the thread sleeps; other workers run the actors and
//! tasks.
//!
//! Standard output has one buffer, the one of GrokLang's part: the isolate's stream hands lines down to it at once.
//!
//! A panic is not printed on such a stack: whoever called across gets it as an exception. An exception that code of GrokLang
//! lets through waits in the state meanwhile, so that what is dropped on the way may call across again.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use molt_abi::{ClassId, Context, Ret, Word};

use super::deadlock::WaitKind;
use super::lock::Lock;
use super::panics::LastPanic;
use super::sched::{self, Outcome};
use super::{Root, Shared, State, end_main};
use crate::startup::Ending;
use crate::{Isolate, Owned, PyResult, Raised, exc, native_module};

native_module!(molt_module_grok, "grok", fill_module);

/// What the isolate's code asks of this part; an isolate without modules of GrokLang has none, and links none of it.
pub struct Hooks {
    /// Runs the `main` of a program that begins in GrokLang; none in others.
    pub main: fn(&mut Isolate) -> Option<Ending>,
    /// The program's code has ended: messages are handled, actors stopped, tasks cancelled, values of modules dropped.
    pub end: fn(&mut Isolate),
    /// Blocks of memory that are in use.
    pub left: fn(&Isolate) -> i64,
    /// Takes bytes for standard output.
    pub write: fn(&mut Isolate, &[u8]),
    /// Writes what is kept of standard output.
    pub flush: fn(&mut Isolate),
}

static HOOKS: Hooks = Hooks { main, end, left, write, flush };

/// The state on the isolate's stack.
fn state(rt: &Isolate) -> *mut State {
    rt.ctx.across.cast()
}

#[unsafe(export_name = "molt_grok_attach")]
pub(crate) extern "C" fn grok_attach(ctx: *mut Context, root: *const u8) {
    // SAFETY: the start of the program passes its isolate and the root of its part in GrokLang, once.
    unsafe {
        let rt = Isolate::from_ctx(ctx);
        let root = *root.cast::<Root>();
        let shared = Shared::make(root, rt.argv.clone());
        let me = (*shared).new_state(shared);
        (*me).fiber.set_apart((*shared).sched.add_outsider(shared));
        (*shared).sched.external.fetch_add(1, Ordering::SeqCst);
        let here = 0u8;
        (*me).stack_top = (&raw const here).addr();
        (*me).ctx.across = ctx;
        (*me).isolate = Some(&BESIDE);
        (*shared).wanted.home.store(me, Ordering::Release);
        rt.ctx.across = me.cast();
        rt.across = Some(&HOOKS);
        rt.follow_stack();
        if (root.start)(me.cast()).panicked != 0 {
            let report = (*me).last_panic.report();
            (*me).eprint(&report);
            (*me).tell_frames();
            (*me).exit(super::PANIC_STATUS);
        }
    }
}

fn main(rt: &mut Isolate) -> Option<Ending> {
    let me = state(rt);
    // SAFETY: the state was made by `grok_attach`; nothing else runs on its stack.
    unsafe {
        let main = (*me).shared().root.main?;
        (*me).reports = true;
        let ended = main(me.cast());
        (*me).reports = false;
        if ended.panicked == 0 {
            return Some(Ending::Status(ended.status as i32));
        }
        let waiting = core::mem::replace(&mut (*me).waiting, Word::UNBOUND);
        if !waiting.is_unbound() {
            // SAFETY: the state owned the reference.
            let exception = Owned::from_word(waiting);
            match rt.report_uncaught(exception.word()) {
                Ending::Status(1) if !rt.is_instance(exception.word(), exc::SYSTEM_EXIT) => {}
                ending => return Some(ending),
            }
            (*me).last_panic.text = said(rt, exception.word()).into_bytes();
            let report = (*me).last_panic.report();
            (*me).eprint(&report);
        }
        (*me).tell_frames();
        let status = if (*me).deadlock_panic { super::DEADLOCK_STATUS } else { super::PANIC_STATUS };
        Some(Ending::Status(status))
    }
}

fn end(rt: &mut Isolate) {
    let me = state(rt);
    // SAFETY: the state was made by `grok_attach`; the isolate's code has ended.
    unsafe {
        forget(&mut *me);
        end_main(me);
        if let Some(finish) = (*me).shared().root.finish {
            finish(me.cast());
        }
    }
}

fn left(rt: &Isolate) -> i64 {
    // SAFETY: states live until the process ends, and nobody runs any more.
    unsafe { (*state(rt)).shared().states.lock().iter().map(|&s| (*s).ctx.live_objects).sum() }
}

fn write(rt: &mut Isolate, bytes: &[u8]) {
    // SAFETY: the state was made by `grok_attach`.
    unsafe { (*state(rt)).shared().write(bytes) };
}

fn flush(rt: &mut Isolate) {
    // SAFETY: as above.
    unsafe { (*state(rt)).shared().flush() };
}

/// What a state asks of the isolate on its stack.
pub struct Beside {
    /// Hands down what it keeps of standard output.
    pub hand_down: fn(&mut State),
    /// Drops the exception that waits: somebody has caught it.
    pub forget: fn(&mut State),
    /// The exception that waits becomes what the last panic said.
    pub tell: fn(&mut State),
    /// Does what other stacks want, while this one waits.
    pub serve: fn(*mut State),
}

static BESIDE: Beside = Beside { hand_down, forget, tell, serve };

/// Work for the isolate's stack: what calls it, with an address of the one who wants it.
struct Work {
    entry: unsafe extern "C" fn(*mut Context, u64) -> u64,
    environment: u64,
    from: *mut State,
    is_done: AtomicBool,
}

/// What stacks without an isolate want of the one that has it.
pub struct Wanted {
    /// The state beside the isolate.
    home: AtomicPtr<State>,
    queue: Lock<VecDeque<*mut Work>>,
}

impl Wanted {
    pub const fn new() -> Wanted {
        Wanted { home: AtomicPtr::new(core::ptr::null_mut()), queue: Lock::new(VecDeque::new()) }
    }

    /// Whether there is something to do.
    pub fn is_waiting(&self) -> bool {
        !self.queue.lock().is_empty()
    }
}

/// Has the isolate's stack do something the next time that it waits, and waits for that. What was begun is waited for even by
/// a task that is cancelled.
///
/// # Safety
/// `me` is the state of this stack, which has no isolate; the entry takes the environment and does not panic.
pub(super) unsafe fn have_done(
    me: *mut State,
    entry: unsafe extern "C" fn(*mut Context, u64) -> u64,
    environment: u64,
    place: u64,
) -> u64 {
    let mut work = Work { entry, environment, from: me, is_done: AtomicBool::new(false) };
    let work = &raw mut work;
    // SAFETY: the work lives until it is done or out of the queue.
    unsafe {
        let wanted = &(*me).shared().wanted;
        let home = wanted.home.load(Ordering::Acquire);
        wanted.queue.lock().push_back(work);
        sched::wake(me, home);
        let is_done = || (*work).is_done.load(Ordering::Acquire);
        let outcome = State::wait_for(me, WaitKind::Answer, core::ptr::null(), place, u64::MAX, is_done);
        if outcome == Outcome::Ready {
            return Outcome::Ready as u64;
        }
        let mut queue = wanted.queue.lock();
        let waiting = queue.iter().position(|&w| w == work);
        if let Some(i) = waiting {
            queue.remove(i);
            return outcome as u64;
        }
        drop(queue);
        while !is_done() {
            State::yield_now(me);
        }
        Outcome::Ready as u64
    }
}

fn serve(me: *mut State) {
    // SAFETY: the state is that of this stack, which waits: its code and the isolate's do nothing meanwhile.
    unsafe {
        loop {
            let Some(work) = (*me).shared().wanted.queue.lock().pop_front() else { return };
            let rt = isolate(&mut *me);
            // What is done is none of the business of the code that waits: its handlers, its exceptions.
            let handlers = core::mem::replace(&mut rt.ctx.handlers, core::ptr::null_mut());
            rt.ctx.handler_turn += 1;
            let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
            let waiting = core::mem::replace(&mut (*me).waiting, Word::UNBOUND);
            let (reports, panic) =
                (core::mem::replace(&mut (*me).reports, false), core::mem::take(&mut (*me).last_panic));
            let panicked = ((*work).entry)(me.cast(), (*work).environment);
            debug_assert_eq!(panicked, 0, "the entry catches what happens");
            ((*me).reports, (*me).last_panic, (*me).waiting) = (reports, panic, waiting);
            let rt = isolate(&mut *me);
            (rt.ctx.exception, rt.ctx.handlers) = (pending, handlers);
            rt.ctx.handler_turn += 1;
            let from = (*work).from;
            (*work).is_done.store(true, Ordering::Release);
            sched::wake(me, from);
        }
    }
}

/// The isolate beside a state.
fn isolate(me: &mut State) -> &mut Isolate {
    // SAFETY: a state with `Beside` runs on the stack of an isolate, whose context it knows.
    unsafe { Isolate::from_ctx(me.ctx.across) }
}

/// Does something while no exception is pending.
fn undisturbed(rt: &mut Isolate, work: impl FnOnce(&mut Isolate)) {
    let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
    work(rt);
    rt.ctx.exception = pending;
}

fn hand_down(me: &mut State) {
    undisturbed(isolate(me), |rt| {
        if rt.flush_stdout().is_err() {
            rt.clear_exception();
        }
    });
}

fn forget(me: &mut State) {
    let waiting = core::mem::replace(&mut me.waiting, Word::UNBOUND);
    if !waiting.is_unbound() {
        // SAFETY: the state owned the reference.
        drop(unsafe { Owned::from_word(waiting) });
    }
}

/// A part of what is known of an exception: 0 the name of its class, 1 what it says, 2 its trace.
pub(super) fn part(rt: &mut Isolate, exception: Word, which: u64) -> String {
    let mut text = String::new();
    undisturbed(rt, |rt| {
        text = match which {
            0 => rt.type_name(exception),
            1 => rt.str_text(exception).unwrap_or_else(|Raised| {
                rt.clear_exception();
                String::new()
            }),
            _ => rt.format_exception(exception),
        }
    });
    text
}

/// What a panic says that is an exception.
fn said(rt: &mut Isolate, exception: Word) -> String {
    let (class, text) = (part(rt, exception, 0), part(rt, exception, 1));
    if text.is_empty() { class } else { format!("{class}: {text}") }
}

fn tell(me: &mut State) {
    let waiting = me.waiting;
    if waiting.is_unbound() {
        return;
    }
    let text = said(isolate(me), waiting);
    let place = core::mem::take(&mut me.last_panic.place);
    me.last_panic = LastPanic { text: text.into_bytes(), place, ..LastPanic::default() };
    forget(me);
}

/// Classes of what goes up from code of GrokLang.
#[derive(Default)]
struct Classes {
    panic: Option<Owned>,
    error: Option<Owned>,
}

fn make_class(rt: &mut Isolate, name: &str) -> Owned {
    let (name, module) = (rt.new_str(name), rt.new_str("grok"));
    let bases = rt.new_tuple_of(&[rt.class_word(ClassId::EXCEPTION)]);
    let dict = rt.new_dict();
    rt.dict_set_str(dict.word(), "__module__", module.word());
    let class = rt.class_word(ClassId::TYPE);
    rt.call(class, &[name.word(), bases.word(), dict.word()]).expect("a class without a body is made")
}

/// `grok.PanicError`: a panic.
fn panic_class(rt: &mut Isolate) -> Owned {
    if let Some(class) = &rt.state::<Classes>().panic {
        return class.clone();
    }
    let class = make_class(rt, "PanicError");
    rt.state::<Classes>().panic = Some(class.clone());
    class
}

/// `grok.GrokError`: the `Err` of a function.
pub(super) fn error_class(rt: &mut Isolate) -> Owned {
    if let Some(class) = &rt.state::<Classes>().error {
        return class.clone();
    }
    let class = make_class(rt, "GrokError");
    rt.state::<Classes>().error = Some(class.clone());
    class
}

fn fill_module(rt: &mut Isolate, module: Word) -> PyResult<()> {
    let (panic, error) = (panic_class(rt), error_class(rt));
    rt.module_set(module, "PanicError", panic);
    rt.module_set(module, "GrokError", error);
    let value = rt.class_for(&super::objects::VALUE);
    let value = Owned::share(rt.class_word(value));
    rt.module_set(module, "Value", value);
    Ok(())
}

pub(super) fn raise_with_text(rt: &mut Isolate, class: Owned, text: &str) -> Raised {
    let text = rt.new_str(text);
    match rt.call(class.word(), &[text.word()]) {
        Ok(e) => rt.raise_value(e),
        Err(raised) => raised,
    }
}

/// The panic that has just ended a call becomes an exception.
pub(super) fn panicked(rt: &mut Isolate) -> Raised {
    // SAFETY: the state was made by `grok_attach`; its code has left its functions.
    let me = unsafe { &mut *state(rt) };
    let waiting = core::mem::replace(&mut me.waiting, Word::UNBOUND);
    if !waiting.is_unbound() {
        // SAFETY: the state owned the reference.
        return rt.raise_value(unsafe { Owned::from_word(waiting) });
    }
    me.tell_frames();
    let text = String::from_utf8_lossy(&me.last_panic.text).into_owned();
    let place = String::from_utf8_lossy(&me.last_panic.place).into_owned();
    let class = panic_class(rt);
    raise_with_text(rt, class, &format!("{text} (at {place})"))
}

/// A number as GrokLang takes it.
pub(super) fn integer(rt: &mut Isolate, w: Word, bits: u64, signed: bool) -> PyResult<u64> {
    let i = rt.index(w)?;
    let prefix = if signed { 'i' } else { 'u' };
    let value = crate::num::int::to_i128(i.word());
    let fits = |v: &i128| match signed {
        true => (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(v),
        false => (0..1i128 << bits).contains(v),
    };
    match value.filter(fits) {
        Some(v) => Ok(v as u64),
        None => {
            let text = rt.str_text(i.word()).unwrap_or_default();
            Err(rt.raise(exc::OVERFLOW_ERROR, format!("{text} does not fit in `{prefix}{bits}`")))
        }
    }
}

fn answer(result: PyResult<u64>) -> Ret {
    match result {
        Ok(bits) => Ret::ok(Word(bits)),
        Err(Raised) => Ret::ERR,
    }
}

crate::entry::entries! {
    across_int(rt, w: Word, bits: u64, signed: u64) -> Ret { answer(integer(rt, w, bits, signed != 0)) }
    across_float(rt, w: Word) -> Ret { answer(rt.to_f64(w).map(f64::to_bits)) }
    across_bool(rt, w: Word) -> Ret {
        answer(match w {
            Word::TRUE => Ok(1),
            Word::FALSE => Ok(0),
            _ => {
                let name = rt.type_name(w);
                Err(rt.type_error(format!("expected a bool, not {name}")))
            }
        })
    }
    across_unsigned(rt, bits: u64) -> Word { crate::num::int::from_u64(rt, bits).into_word() }
    across_panicked(rt) { let Raised = panicked(rt); }
}
