//! What programs without an object model need: start and end, memory, panics, output.
//!
//! [`State`] is what the code on one machine stack uses. It begins with the [`Context`] that compiled code receives, like an
//! isolate, but holds no classes and no objects: values are laid out by the compiler. All states of a program refer to its
//! [`Shared`] part. A program reaches nothing else of the runtime, so the linker leaves the object model away.
//!
//! The main stack is the first. Tasks and actors run on workers ([`sched`]), each on the worker's stack or one of its own.
//!
//! A panic is printed where it happens; compiled code then leaves its functions one by one, dropping what they own.

/// Entries of compiled code, by their names; the first parameter is the state of the stack that the code runs on.
macro_rules! entries {
    ($($name:ident($s:ident $(, $p:ident)*) $(-> $r:ty)? $body:block)*) => { $(
        #[unsafe(export_name = concat!("molt_", stringify!($name)))]
        pub(crate) extern "C" fn $name(ctx: *mut molt_abi::Context $(, $p: u64)*) $(-> $r)? {
            let $s: *mut $crate::grok::State = ctx.cast();
            $body
        }
    )* };
}

pub(crate) mod across;
pub(crate) mod actor;
mod apart;
pub mod atomics;
pub(crate) mod channel;
mod deadlock;
pub mod files;
pub(crate) mod future;
pub(crate) mod gc;
pub(crate) mod locals;
mod lock;
mod mailbox;
mod memory;
pub mod numbers;
pub(crate) mod objects;
mod owner;
pub mod panics;
pub(crate) mod receive;
pub(crate) mod reply;
pub(crate) mod sched;
pub(crate) mod select;
pub(crate) mod stack;
pub(crate) mod supervise;
pub(crate) mod sync;
pub mod system;
pub(crate) mod task;
pub mod text;
mod timer;
mod waiter;

use alloc::alloc::Layout;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::sync::atomic::AtomicU64;

use molt_abi::{Context, Word};

use lock::Lock;
use sched::{Fiber, Scheduler};

/// Exit status of a program whose `main` panicked.
pub const PANIC_STATUS: i32 = 101;
/// Exit status of a program whose `main` panicked because of a deadlock.
pub const DEADLOCK_STATUS: i32 = 102;
/// Nanoseconds that cancelled tasks get.
const CANCEL_LIMIT: u64 = 50_000_000;
/// Exit status when there is no memory.
pub const NO_MEMORY_STATUS: i32 = 134;
/// Exit status of a program that ends with memory in use under `MOLT_LEAK_CHECK=1`.
const LEAK_STATUS: i32 = 99;
/// Bytes of output that are kept before they are written.
const BUFFER_SIZE: usize = 8 * 1024;
/// Address space of the thread that runs the program; pages are committed when touched.
const STACK_SIZE: usize = 8 << 20;

/// Place of a panic in the source.
#[repr(C)]
pub struct SourcePlace {
    pub file: *const u8,
    pub file_len: usize,
    pub line: u32,
    pub column: u32,
}

/// The root of a program, static data of the compiler. Times are in nanoseconds.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Root {
    start: unsafe extern "C" fn(*mut Context) -> Started,
    /// 0: one a processor.
    pub workers: u64,
    pub ask_timeout: u64,
    pub shutdown_timeout: u64,
    /// Bytes of a stack; 0: as the runtime likes.
    pub stack_size: u64,
    /// Room of mailboxes; 0: without a limit.
    pub mailbox: u64,
    /// What is done about a deadlock: 0 the wait panics, 1 it is reported, 2 the wait fails, 3 nothing.
    pub deadlock: u64,
    /// Whether the code tells of its frames when it panics.
    pub backtrace: u64,
    /// Whether values of `Gc` are collected before their owner ends: 0 as it pays, 1 never.
    pub gc: u64,
    /// Drops the values of modules, where that is not the start's business.
    pub finish: Option<unsafe extern "C" fn(*mut Context) -> u64>,
    /// Runs `main`, where that is not the start's business and there is one.
    pub main: Option<unsafe extern "C" fn(*mut Context) -> Started>,
}

/// What all stacks of a program share.
pub(crate) struct Shared {
    pub root: Root,
    args: Vec<Vec<u8>>,
    out: Lock<Vec<u8>>,
    out_is_terminal: bool,
    input: Lock<Input>,
    hash_key: u64,
    pub sched: Scheduler,
    pool: memory::Pool,
    /// Where collected values are.
    pub space: gc::Space,
    /// States of all stacks; they stay until the process ends.
    pub states: Lock<Vec<*mut State>>,
    /// The youngest actor.
    pub actors: Lock<*mut actor::Actor>,
    /// Registered actors.
    pub names: Lock<Vec<(Vec<u8>, *mut actor::Actor)>>,
    /// Messages to actors that are dead.
    pub dead_letters: AtomicU64,
    text_cells: Lock<TextCells>,
    /// What other stacks want of the isolate.
    pub wanted: across::Wanted,
}

/// Addresses and lengths of texts, in memory that objects may refer to.
type TextCells = BTreeMap<(u64, u64), Box<[u64; 2]>>;

/// What was read of standard input.
struct Input {
    bytes: Vec<u8>,
    /// Bytes that were given out.
    consumed: usize,
}

/// What the code on one stack uses.
#[repr(C)]
pub(crate) struct State {
    pub ctx: Context,
    pub shared: *const Shared,
    pub fiber: Fiber,
    pub futures: future::Futures,
    pub number: usize,
    /// The line given out last.
    line: Vec<u8>,
    /// The text asked for last.
    pub answer: Vec<u8>,
    pub last_panic: panics::LastPanic,
    /// Why a wait never ends, for the code that waits.
    pub deadlock: Lock<Vec<u8>>,
    /// The next panic is that of a deadlock; the last one was.
    pub is_deadlocked: bool,
    deadlock_panic: bool,
    /// The task is being left because it was cancelled.
    pub cancelling: bool,
    /// A supervisor's closure is being called.
    pub making: Option<supervise::Making>,
    /// What belongs to main.
    pub own: owner::Own,
    /// Upper end of the stack.
    pub stack_top: usize,
    /// An exception of the isolate on this stack that goes up through code of GrokLang.
    pub waiting: Word,
    /// What is to be done about the isolate on this stack; none where there is none, so that its code is not linked.
    pub isolate: Option<&'static across::Beside>,
    /// Beside an isolate: panics are printed where they happen, since no code on objects waits for the outcome.
    pub reports: bool,
    /// Variables of modules that code on this stack looked up.
    pub found: objects::Found,
    /// Where the last operation on objects stands in the source.
    pub operated_at: *const SourcePlace,
    /// Bytes that code on this stack took since the last collection, and did not give back, beside collected values.
    pub pressure: i64,
    random: u64,
}

/// The state behind a context pointer.
///
/// # Safety
/// `ctx` is a context that [`run_native`] or the scheduler made.
pub(crate) unsafe fn state<'a>(ctx: *mut Context) -> &'a mut State {
    // SAFETY: the context is the first field of the state; compiled code passes it on unchanged. Only the code of its own
    // stack touches these fields, and entries that use this do not call back.
    unsafe { &mut *ctx.cast::<State>() }
}

/// Result of the compiled start: status and whether it panicked.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Started {
    status: u64,
    panicked: u64,
}

/// Runs a program without an object model; the exit status. `root` holds the address of its start.
pub fn run_native(root: *const u8, argv: &[impl AsRef<[u8]>]) -> i32 {
    let args: Vec<Vec<u8>> = argv.iter().map(|a| a.as_ref().to_vec()).collect();
    let root = root as usize;
    match crate::host::on_stack(STACK_SIZE, || run_here(root as *const u8, args)) {
        Some(status) => status,
        None => {
            crate::host::write_stderr(b"error: cannot start the program: no memory for its stack\n");
            71
        }
    }
}

fn run_here(root: *const u8, args: Vec<Vec<u8>>) -> i32 {
    // SAFETY: the driver passes the root of a program's data.
    let root = unsafe { *root.cast::<Root>() };
    let shared = Shared::make(root, args);
    // SAFETY: the shared part was just made.
    let (main, ended) = unsafe {
        let main = (*shared).new_state(shared);
        let here = 0u8;
        (*main).stack_top = (&raw const here).addr();
        (*main).ctx.stack_limit = stack::limit((&raw const here).addr().saturating_sub(STACK_SIZE), STACK_SIZE);
        (*shared).sched.adopt_main(main, shared);
        let ended = (root.start)(main.cast());
        // If `main` panicked, the start has not come that far.
        end_main(main);
        (main, ended)
    };
    // SAFETY: as above.
    let shared = unsafe { &*shared };
    if ended.panicked != 0 {
        // SAFETY: as above.
        unsafe { (*main).tell_frames() };
    }
    shared.flush();
    if ended.panicked != 0 {
        // SAFETY: the main stack's code has ended.
        return if unsafe { (*main).deadlock_panic } { DEADLOCK_STATUS } else { PANIC_STATUS };
    }
    // SAFETY: states live until the process ends.
    let leaked: i64 = shared.states.lock().iter().map(|&s| unsafe { (*s).ctx.live_objects }).sum();
    if checks_leaks() && leaked != 0 {
        crate::host::write_stderr(format!("leak: {leaked} blocks of memory are in use at the end\n").as_bytes());
        return LEAK_STATUS;
    }
    ended.status as i32
}

fn checks_leaks() -> bool {
    crate::host::env_var(c"MOLT_LEAK_CHECK").is_some_and(|v| v == b"1")
}

/// What happens after `main`, before values of modules are dropped.
unsafe fn end_main(main: *mut State) {
    // SAFETY: `main` is the main stack, whose code has ended.
    unsafe {
        // Through a pointer, so that programs without tasks do not link it.
        if let Some(wind_up) = (*(*main).shared).sched.at_end() {
            wind_up(main);
        }
        (*main).own.end(main);
    }
}

/// What happens after `main` where there are tasks: messages are handled, actors stopped, other tasks cancelled.
pub(crate) unsafe fn wind_up(main: *mut State) {
    // SAFETY: `main` is the main stack, whose code has ended.
    unsafe {
        let shared = &*(*main).shared;
        let end = sched::now().saturating_add(shared.root.shutdown_timeout);
        let poll = |limit: u64, done: &dyn Fn() -> bool| {
            while !done() && sched::now() < limit {
                let next = sched::now() + 1_000_000;
                State::wait_for(main, deadlock::WaitKind::Shutdown, core::ptr::null(), 0, next, done);
            }
        };
        poll(end, &|| !shared.sched.actors_are_busy());
        actor::stop_all(main, end);
        // What cannot be cancelled, because it does not wait, is left alone; counting what is in use takes more patience.
        let end = if checks_leaks() { end } else { sched::now() + CANCEL_LIMIT };
        let waits = |f: &Fiber| !f.task().is_null() && f.is_parked();
        poll(end, &|| {
            let states = shared.states.lock().clone();
            for &s in states.iter().filter(|&&s| s != main) {
                let fiber = &(*s).fiber;
                if waits(fiber) {
                    sched::end_wait(main, s, fiber.wait.seq(), sched::Outcome::Cancelled);
                }
            }
            states.iter().all(|&s| s == main || (*s).fiber.task().is_null())
                && shared.sched.others_sleep(!(*main).fiber.is_apart())
        });
        if !(*main).fiber.is_apart() && (*main).worker().index != 0 {
            State::go_home(main);
        }
    }
}

impl Shared {
    /// The shared part of a program. Workers may look at it until the process ends, so it is never freed.
    pub(crate) fn make(root: Root, args: Vec<Vec<u8>>) -> *const Shared {
        Box::into_raw(Box::new(Shared {
            root,
            args,
            out: Lock::new(Vec::with_capacity(BUFFER_SIZE)),
            out_is_terminal: crate::host::is_terminal(1),
            input: Lock::new(Input { bytes: Vec::new(), consumed: 0 }),
            hash_key: random(),
            sched: Scheduler::new(&root),
            pool: memory::Pool::new(),
            space: gc::Space::new(),
            states: Lock::new(Vec::new()),
            actors: Lock::new(core::ptr::null_mut()),
            names: Lock::new(Vec::new()),
            dead_letters: AtomicU64::new(0),
            text_cells: Lock::new(BTreeMap::new()),
            wanted: across::Wanted::new(),
        }))
    }

    /// Takes bytes for standard output. A terminal sees a line when it is complete.
    fn write(&self, bytes: &[u8]) {
        let mut out = self.out.lock();
        if out.len() + bytes.len() > BUFFER_SIZE {
            flush(&mut out);
        }
        out.extend_from_slice(bytes);
        if self.out_is_terminal && bytes.contains(&b'\n') {
            flush(&mut out);
        }
    }

    /// A state for a new stack.
    ///
    /// # Safety
    /// `shared` is the address of `self`.
    pub unsafe fn new_state(&self, shared: *const Shared) -> *mut State {
        // SAFETY: all fields of a context are integers and pointers, for which zero is a value.
        let ctx: Context = unsafe { core::mem::zeroed() };
        let mut states = self.states.lock();
        let number = states.len();
        let state = Box::into_raw(Box::new(State {
            ctx,
            shared,
            fiber: Fiber::new(),
            futures: future::Futures::new(),
            number,
            line: Vec::new(),
            answer: Vec::new(),
            last_panic: panics::LastPanic::default(),
            deadlock: Lock::new(Vec::new()),
            is_deadlocked: false,
            deadlock_panic: false,
            cancelling: false,
            making: None,
            own: owner::Own::default(),
            stack_top: 0,
            waiting: Word::UNBOUND,
            isolate: None,
            reports: false,
            found: objects::Found::default(),
            operated_at: core::ptr::null(),
            pressure: 0,
            random: self.hash_key ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }));
        states.push(state);
        state
    }

    /// What the scheduler runs to go on with main.
    pub fn main_run(&self) -> *mut sched::Runnable {
        // SAFETY: the first state is the main stack's.
        unsafe { (*self.states.lock()[0]).fiber.runnable() }
    }

    /// Writes what is kept of standard output.
    pub fn flush(&self) {
        flush(&mut self.out.lock());
    }
}

fn flush(out: &mut Vec<u8>) {
    let mut rest = &out[..];
    while !rest.is_empty() {
        // SAFETY: the bytes are readable.
        let n = unsafe { libc::write(1, rest.as_ptr().cast(), rest.len()) };
        if n <= 0 {
            break;
        }
        rest = &rest[n as usize..];
    }
    out.clear();
}

fn random() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer has 8 bytes. Without random bytes the key is a fixed one.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), 8, 0) };
    u64::from_le_bytes(bytes)
}

/// Entry point of executables.
///
/// # Safety
/// `argv` holds `argc` C strings, and `root` is the root of the program's data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn molt_native_main(argc: i32, argv: *const *const c_char, root: *const u8) -> i32 {
    let args: Vec<Vec<u8>> = (0..argc as usize)
        // SAFETY: by the caller's promise.
        .map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_bytes().to_vec())
        .collect();
    run_native(root, &args)
}

impl State {
    /// Has the isolate on this stack hand down what it keeps of standard output.
    fn hand_down(&mut self) {
        if let Some(isolate) = self.isolate {
            (isolate.hand_down)(self);
        }
    }

    fn shared(&self) -> &Shared {
        // SAFETY: the shared part lives until the process ends.
        unsafe { &*self.shared }
    }

    pub fn write(&mut self, descriptor: u64, bytes: &[u8]) -> u64 {
        self.hand_down();
        if descriptor == 1 {
            self.shared().write(bytes);
            return 0;
        }
        self.shared().flush();
        crate::host::write_stderr(bytes);
        0
    }

    /// Writes what is kept of standard output.
    pub fn flush(&mut self) {
        self.shared().flush();
    }

    /// Writes to standard error.
    pub fn eprint(&mut self, bytes: &[u8]) {
        self.write(2, bytes);
    }

    /// Ends the process.
    pub fn exit(&mut self, status: i32) -> ! {
        self.hand_down();
        self.shared().flush();
        // SAFETY: ends the process.
        unsafe { libc::exit(status) }
    }

    fn panic(&mut self, text: &[u8], place: &SourcePlace) {
        self.deadlock_panic = core::mem::take(&mut self.is_deadlocked);
        self.tell_frames();
        self.last_panic = panics::LastPanic::new(text, place);
        if let Some(isolate) = self.isolate {
            (isolate.forget)(self);
            if !self.reports {
                return;
            }
        }
        let report = self.last_panic.report();
        self.eprint(&report);
        if self.shared().root.backtrace == 0 && panics::wants_frames() {
            self.eprint(b"note: this program knows no frames: build it with `--backtrace`\n");
        }
    }

    /// A random number.
    pub fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Moves what was read of standard input, but not given out, to a place with room; how many bytes.
    pub fn take_input(&mut self, room: &mut [u8]) -> usize {
        let mut input = self.shared().input.lock();
        let rest = &input.bytes[input.consumed..];
        let n = rest.len().min(room.len());
        room[..n].copy_from_slice(&rest[..n]);
        input.consumed += n;
        n
    }

    /// Keeps a text until the next answer: its length; its address goes to `out`.
    ///
    /// # Safety
    /// `out` is a variable of the library for an address.
    pub unsafe fn give(&mut self, text: Vec<u8>, out: u64) -> i64 {
        self.answer = text;
        // SAFETY: by the caller's promise.
        unsafe { *(out as *mut u64) = self.answer.as_ptr() as u64 };
        self.answer.len() as i64
    }

    /// Reads a line with its end; `None` at the end of the input.
    fn read_line(&mut self) -> Option<()> {
        self.line.clear();
        // SAFETY: the shared part lives until the process ends.
        let shared = unsafe { &*self.shared };
        self.hand_down();
        shared.flush();
        let mut input = shared.input.lock();
        let Input { bytes, consumed } = &mut *input;
        loop {
            let rest = &bytes[*consumed..];
            if let Some(n) = rest.iter().position(|&b| b == b'\n') {
                self.line.extend_from_slice(&rest[..=n]);
                *consumed += n + 1;
                return Some(());
            }
            self.line.extend_from_slice(rest);
            *consumed = 0;
            bytes.resize(BUFFER_SIZE, 0);
            // SAFETY: the buffer has this many bytes.
            let n = unsafe { libc::read(0, bytes.as_mut_ptr().cast(), BUFFER_SIZE) };
            bytes.truncate(usize::try_from(n).unwrap_or(0));
            if bytes.is_empty() {
                return (!self.line.is_empty()).then_some(());
            }
        }
    }
}

/// Memory for the runtime's part of a program, counted like the program's own.
///
/// # Safety
/// `me` is the state of the stack that this runs on; the size is not zero.
pub(crate) unsafe fn grab(me: *mut State, size: usize, align: usize) -> *mut u8 {
    grok_alloc(me.cast(), size as u64, align as u64) as *mut u8
}

/// Gives back what [`grab`] gave.
///
/// # Safety
/// As for `grab`; the block has this size and alignment, and nobody uses it.
pub(crate) unsafe fn give(me: *mut State, p: *mut u8, size: usize, align: usize) {
    grok_free(me.cast(), p as u64, size as u64, align as u64);
}

impl SourcePlace {
    /// `FILE:LINE:COL`.
    pub fn text(&self) -> alloc::string::String {
        // SAFETY: places are static data of the compiler: a file name and its length.
        let file = unsafe { core::slice::from_raw_parts(self.file, self.file_len) };
        format!("{}:{}:{}", alloc::string::String::from_utf8_lossy(file), self.line, self.column)
    }
}

/// Bytes that compiled code passes by address and length.
///
/// # Safety
/// `len` bytes at `p` are readable while the result is used.
pub(crate) unsafe fn bytes<'a>(p: u64, len: u64) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: by the caller's promise.
    unsafe { core::slice::from_raw_parts(p as *const u8, len as usize) }
}

fn layout(size: u64, align: u64) -> Layout {
    match Layout::from_size_align(size as usize, align.max(1) as usize) {
        Ok(l) => l,
        Err(_) => no_memory(),
    }
}

fn no_memory() -> ! {
    crate::host::write_stderr(b"out of memory\n");
    // SAFETY: ends the process.
    unsafe { libc::_exit(NO_MEMORY_STATUS) }
}

entries! {
    grok_alloc(s, size, align) -> u64 {
        // SAFETY: the state is this stack's own. The size is not zero: the compiler asks for at least one byte.
        unsafe { memory::allocate(s, size, align) as u64 }
    }
    grok_realloc(s, p, old, align, new) -> u64 {
        // SAFETY: the state is this stack's own; the block came from `grok_alloc` with this size and alignment.
        unsafe { memory::resize(s, p as *mut u8, old, align, new) as u64 }
    }
    grok_free(s, p, size, align) {
        // SAFETY: the state is this stack's own; the block came from `grok_alloc` with this size and alignment.
        unsafe { memory::release(s, p as *mut u8, size, align) }
    }
    grok_text_cell(s, text, len) -> u64 {
        // SAFETY: compiled code passes its context.
        let cells = unsafe { &(*s).shared().text_cells };
        let mut cells = cells.lock();
        // The box stays where it is when the map grows, and nothing is taken out.
        cells.entry((text, len)).or_insert_with(|| Box::new([text, len])).as_ptr() as u64
    }
    grok_panic(s, text, len, place) {
        // SAFETY: the compiler passes a text and a place of its static data, the library one of its own.
        unsafe { (*s).panic(bytes(text, len), &*(place as *const SourcePlace)) }
    }
    grok_panic_index(s, index, len, place) {
        let text = format!("the index {index} is not below the length {len}");
        // SAFETY: the place is static data of the compiler.
        unsafe { (*s).panic(text.as_bytes(), &*(place as *const SourcePlace)) }
    }
    grok_panic_frame(s, name, len, place) {
        // SAFETY: the compiler passes a text and a place of its static data.
        unsafe { (*s).last_panic.frames.push(bytes(name, len), &*(place as *const SourcePlace)) }
    }
    grok_write(s, descriptor, p, len) -> u64 {
        // SAFETY: compiled code passes bytes of a view.
        unsafe { (*s).write(descriptor, bytes(p, len)) }
    }
    grok_main_ended(s) {
        // SAFETY: the compiled start passes its context after `main` has returned.
        unsafe { end_main(s) }
    }
    grok_exit(s, status) {
        // SAFETY: compiled code passes its context.
        unsafe { (*s).exit(status as i32) }
    }
    grok_setting(s, which) -> u64 {
        // SAFETY: compiled code passes its context.
        let root = unsafe { &(*s).shared().root };
        match which {
            0 => root.ask_timeout,
            1 => root.mailbox,
            _ => root.deadlock,
        }
    }
    grok_hash_key(s) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe { (*s).shared().hash_key }
    }
    grok_clock(_s, which) -> u64 {
        let clock = if which == 0 { libc::CLOCK_MONOTONIC } else { libc::CLOCK_REALTIME };
        crate::host::clock(clock)
    }
    grok_arg(s, n, out) -> i64 {
        // SAFETY: compiled code passes its context.
        let Some(a) = (unsafe { (*s).shared().args.get(n as usize) }) else { return -1 };
        // SAFETY: `out` is a variable of the library for an address.
        unsafe { *(out as *mut u64) = a.as_ptr() as u64 };
        a.len() as i64
    }
    grok_env(s, name, len, out) -> i64 {
        // SAFETY: compiled code passes bytes of a view.
        let mut name = unsafe { bytes(name, len) }.to_vec();
        name.push(0);
        let Ok(name) = CStr::from_bytes_with_nul(&name) else { return -1 };
        let Some(value) = crate::host::env_var(name) else { return -1 };
        // SAFETY: compiled code passes its context; `out` is a variable of the library for an address.
        unsafe { (*s).give(value, out) }
    }
    grok_read_line(s, out) -> i64 {
        // SAFETY: compiled code passes its context; `out` is a variable of the library for an address.
        unsafe {
            if (*s).read_line().is_none() {
                return -1;
            }
            *(out as *mut u64) = (*s).line.as_ptr() as u64;
            (*s).line.len() as i64
        }
    }
}
