//! What programs without an object model need: start and end, memory, panics, output.
//!
//! [`State`] is the context of such a program. It begins with the [`Context`] that compiled code receives, like an isolate,
//! but holds no classes and no objects: values are laid out by the compiler. A program reaches nothing else of the runtime,
//! so the linker leaves the object model away.
//!
//! A panic is printed where it happens; compiled code then leaves its functions one by one, dropping what they own.

pub mod atomics;
pub mod files;
pub mod numbers;
pub mod panics;
pub mod system;
pub mod text;

use alloc::alloc::{Layout, alloc, dealloc, realloc};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};

use molt_abi::Context;

/// Exit status of a program whose `main` panicked.
pub const PANIC_STATUS: i32 = 101;
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

/// The context of a program.
#[repr(C)]
pub struct State {
    pub ctx: Context,
    args: Vec<Vec<u8>>,
    out: Vec<u8>,
    input: Vec<u8>,
    /// Bytes of `input` that were given out.
    consumed: usize,
    /// The line given out last.
    line: Vec<u8>,
    /// The text asked for last.
    answer: Vec<u8>,
    hash_key: u64,
    pub last_panic: panics::LastPanic,
}

/// The state behind a context pointer.
///
/// # Safety
/// `ctx` is the context that [`run_native`] made.
pub unsafe fn state<'a>(ctx: *mut Context) -> &'a mut State {
    // SAFETY: the context is the first field of the state; compiled code passes it on unchanged, and entries do not call
    // back, so no other reference is alive.
    unsafe { &mut *ctx.cast::<State>() }
}

/// Result of the compiled start: status and whether it panicked.
#[repr(C)]
#[derive(Clone, Copy)]
struct Started {
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
    // SAFETY: all fields of a context are integers and pointers, for which zero is a value.
    let ctx: Context = unsafe { core::mem::zeroed() };
    let mut state = Box::new(State {
        ctx,
        args,
        out: Vec::with_capacity(BUFFER_SIZE),
        input: Vec::new(),
        consumed: 0,
        line: Vec::new(),
        answer: Vec::new(),
        hash_key: random(),
        last_panic: panics::LastPanic::default(),
    });
    let ctx = core::ptr::from_mut(&mut *state).cast::<Context>();
    // SAFETY: the root's first word is the address of the start, a function of this type.
    let ended = unsafe {
        let start: unsafe extern "C" fn(*mut Context) -> Started = core::mem::transmute(root.cast::<usize>().read());
        start(ctx)
    };
    // SAFETY: the program has ended; nobody else uses the state.
    let state = unsafe { self::state(ctx) };
    state.flush();
    if ended.panicked != 0 {
        return PANIC_STATUS;
    }
    let leaked = state.ctx.live_objects;
    let check = crate::host::env_var(c"MOLT_LEAK_CHECK").is_some_and(|v| v == b"1");
    if check && leaked != 0 {
        crate::host::write_stderr(format!("leak: {leaked} blocks of memory are in use at the end\n").as_bytes());
        return LEAK_STATUS;
    }
    ended.status as i32
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
    /// Writes what is kept of standard output.
    pub fn flush(&mut self) {
        let mut rest = &self.out[..];
        while !rest.is_empty() {
            // SAFETY: the bytes are readable.
            let n = unsafe { libc::write(1, rest.as_ptr().cast(), rest.len()) };
            if n <= 0 {
                break;
            }
            rest = &rest[n as usize..];
        }
        self.out.clear();
    }

    pub fn write(&mut self, descriptor: u64, bytes: &[u8]) -> u64 {
        if descriptor == 1 {
            if self.out.len() + bytes.len() > BUFFER_SIZE {
                self.flush();
            }
            self.out.extend_from_slice(bytes);
            return 0;
        }
        self.flush();
        crate::host::write_stderr(bytes);
        0
    }

    fn panic(&mut self, text: &[u8], place: &SourcePlace) {
        self.flush();
        self.last_panic = panics::LastPanic::new(text, place);
        crate::host::write_stderr(&self.last_panic.report());
    }

    /// Moves what was read of standard input, but not given out, to a place with room; how many bytes.
    pub fn take_input(&mut self, room: &mut [u8]) -> usize {
        let rest = &self.input[self.consumed..];
        let n = rest.len().min(room.len());
        room[..n].copy_from_slice(&rest[..n]);
        self.consumed += n;
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
        self.flush();
        loop {
            let rest = &self.input[self.consumed..];
            if let Some(n) = rest.iter().position(|&b| b == b'\n') {
                self.line.extend_from_slice(&rest[..=n]);
                self.consumed += n + 1;
                return Some(());
            }
            self.line.extend_from_slice(rest);
            self.consumed = 0;
            self.input.resize(BUFFER_SIZE, 0);
            // SAFETY: the buffer has this many bytes.
            let n = unsafe { libc::read(0, self.input.as_mut_ptr().cast(), BUFFER_SIZE) };
            self.input.truncate(usize::try_from(n).unwrap_or(0));
            if self.input.is_empty() {
                return (!self.line.is_empty()).then_some(());
            }
        }
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

macro_rules! entries {
    ($($name:ident($s:ident $(, $p:ident)*) $(-> $r:ty)? $body:block)*) => { $(
        #[unsafe(export_name = concat!("molt_", stringify!($name)))]
        pub(crate) extern "C" fn $name(ctx: *mut Context $(, $p: u64)*) $(-> $r)? {
            // SAFETY: compiled code passes the context that it was started with.
            let $s = unsafe { state(ctx) };
            $body
        }
    )* };
}

entries! {
    grok_alloc(s, size, align) -> u64 {
        s.ctx.live_objects += 1;
        // SAFETY: the size is not zero: the compiler asks for at least one byte.
        let p = unsafe { alloc(layout(size, align)) };
        if p.is_null() { no_memory() }
        p as u64
    }
    grok_realloc(_s, p, old, align, new) -> u64 {
        // SAFETY: the block came from `grok_alloc` with this size and alignment.
        let q = unsafe { realloc(p as *mut u8, layout(old, align), new as usize) };
        if q.is_null() { no_memory() }
        q as u64
    }
    grok_free(s, p, size, align) {
        s.ctx.live_objects -= 1;
        // SAFETY: the block came from `grok_alloc` with this size and alignment.
        unsafe { dealloc(p as *mut u8, layout(size, align)) }
    }
    grok_panic(s, text, len, place) {
        // SAFETY: the compiler passes a text and a place of its static data, the library one of its own.
        unsafe { s.panic(bytes(text, len), &*(place as *const SourcePlace)) }
    }
    grok_panic_index(s, index, len, place) {
        let text = format!("the index {index} is not below the length {len}");
        // SAFETY: the place is static data of the compiler.
        unsafe { s.panic(text.as_bytes(), &*(place as *const SourcePlace)) }
    }
    grok_write(s, descriptor, p, len) -> u64 {
        // SAFETY: compiled code passes bytes of a view.
        let text = unsafe { bytes(p, len) };
        s.write(descriptor, text)
    }
    grok_exit(s, status) {
        s.flush();
        // SAFETY: ends the process.
        unsafe { libc::exit(status as i32) }
    }
    grok_hash_key(s) -> u64 { s.hash_key }
    grok_clock(_s, which) -> u64 {
        let clock = if which == 0 { libc::CLOCK_MONOTONIC } else { libc::CLOCK_REALTIME };
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the structure is there to be filled.
        unsafe { libc::clock_gettime(clock, &raw mut t) };
        (t.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(t.tv_nsec as u64)
    }
    grok_arg(s, n, out) -> i64 {
        let Some(a) = s.args.get(n as usize) else { return -1 };
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
        // SAFETY: `out` is a variable of the library for an address.
        unsafe { s.give(value, out) }
    }
    grok_read_line(s, out) -> i64 {
        if s.read_line().is_none() {
            return -1;
        }
        // SAFETY: `out` is a variable of the library for an address.
        unsafe { *(out as *mut u64) = s.line.as_ptr() as u64 };
        s.line.len() as i64
    }
}
