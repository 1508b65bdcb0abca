//! Start and end of a program: builtin classes, constants, the entry module, exit status, tear-down.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::layout::{LazyConst, ProgramDesc};
use molt_abi::{ClassId, Header, Word};

use crate::api::tuple_items;
use crate::class::ClassObj;
use crate::current::set_current;
use crate::native::ClassSpec;
use crate::owned::dec;
use crate::{Isolate, Owned, Raised, exc};

/// Bits of `Context::pending`.
pub(crate) const PENDING_INTERRUPT: u64 = 1;
pub(crate) const PENDING_COLLECTION: u64 = 2;
/// There are budgets; see `claude::limits`.
pub(crate) const PENDING_METER: u64 = 4;

/// Exit status of a program that ends with live objects under `MOLT_LEAK_CHECK=1`.
pub const LEAK_STATUS: i32 = 99;
/// Status of an interrupted program where the process cannot die by the signal.
const INTERRUPTED_STATUS: i32 = 130;

/// Address space of the thread that runs the program, the first that the system grants; pages are committed when
/// touched. The largest holds a million nested calls of an interpreted function.
const STACK_SIZES: &[usize] = &[2 << 30, 1 << 30, 256 << 20, 64 << 20];
/// Status of a program whose thread cannot be started.
const NO_THREAD_STATUS: i32 = 71;

/// Key of the string hash: `PYTHONHASHSEED`, else random.
pub(crate) fn hash_key() -> (u64, u64) {
    let seed = crate::host::env_var(c"PYTHONHASHSEED");
    match seed.and_then(|s| core::str::from_utf8(&s).ok()?.parse::<u32>().ok()) {
        Some(0) => (0, 0),
        Some(seed) => {
            let mut x = seed;
            let mut byte = || {
                x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
                u64::from((x >> 16) & 0xff)
            };
            let mut word = || (0..8).fold(0, |acc, i| acc | byte() << (8 * i));
            (word(), word())
        }
        None => {
            let mut bytes = [0u8; 16];
            // SAFETY: the buffer has 16 bytes.
            let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), 16, 0) };
            let v = u128::from_le_bytes(bytes) ^ n as u128;
            (v as u64, (v >> 64) as u64)
        }
    }
}

/// Makes the class objects; their namespaces are filled when first looked into.
pub(crate) fn create_builtin_classes(rt: &mut Isolate) {
    let object = rt.make_spec_class(&crate::descriptor::OBJECT_SPEC);
    debug_assert!(object == ClassId::OBJECT);
    let id = rt.make_spec_class(&crate::descriptor::TYPE_SPEC);
    rt.class(id).flags |= ClassObj::METACLASS;
    crate::exception::create_classes(rt);
    let tables: [&[&'static ClassSpec]; 9] = [
        crate::descriptor::SPECS,
        crate::num::SPECS,
        crate::text::SPECS,
        crate::dict_class::SPECS,
        crate::set::SPECS,
        crate::iter::SPECS,
        &[&crate::list::LIST_SPEC, &crate::list::tuple::TUPLE_SPEC],
        &[&crate::generator::SPEC, &crate::module::SPEC],
        crate::traceback::SPECS,
    ];
    for spec in tables.into_iter().flatten() {
        if !rt.spec_ids.contains_key(&(core::ptr::from_ref(*spec) as usize)) {
            rt.make_spec_class(spec);
        }
    }
}

/// Makes the constants whose layout is private to the runtime.
pub(crate) fn make_lazy_constants(rt: &mut Isolate, p: &ProgramDesc) {
    for i in 0..p.lazy_count as usize {
        // SAFETY: the compiler emits `lazy_count` rows.
        let row = unsafe { &*p.lazy_consts.add(i) };
        // SAFETY: `data` holds `len` bytes, or words for tuples.
        let made = unsafe {
            match row.kind {
                LazyConst::INT => {
                    let digits = core::slice::from_raw_parts(row.data, row.len as usize);
                    crate::num::int::from_digits(rt, digits)
                }
                LazyConst::COMPLEX => {
                    let parts = row.data.cast::<f64>();
                    crate::num::complex::new(rt, (parts.read_unaligned(), parts.add(1).read_unaligned()))
                }
                LazyConst::BUILTIN => {
                    let name = core::str::from_utf8_unchecked(core::slice::from_raw_parts(row.data, row.len as usize));
                    let name = rt.intern(name);
                    let module = builtins(rt);
                    rt.module_get(module.word(), name).unwrap_or(Owned::immediate(Word::UNBOUND))
                }
                _ => {
                    let items: Vec<Owned> = (0..row.len as usize)
                        .map(|j| {
                            let w = row.data.cast::<Word>().add(j).read_unaligned();
                            let lazy = w.0 & 7 == 4 && w.0 >> 35 == 1;
                            Owned::share(if lazy { rt.globals[(w.0 as u32 >> 3) as usize] } else { w })
                        })
                        .collect();
                    rt.new_tuple(items)
                }
            }
        };
        let w = made.into_word();
        if row.kind != LazyConst::BUILTIN {
            rt.make_immortal(w);
        }
        rt.globals[p.global_count as usize + i] = w;
    }
}

/// The `builtins` module.
pub(crate) fn builtins(rt: &mut Isolate) -> Owned {
    if let Some(m) = &rt.modules.builtins {
        return m.clone();
    }
    let m = rt.import_native(&crate::builtins::molt_module_builtins).expect("the builtins module fills itself");
    rt.modules.builtins = Some(m.clone());
    m
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Status(i32),
    /// An uncaught KeyboardInterrupt: the process dies by the signal.
    Interrupted,
}

/// Runs a program to its end on a thread with a large stack; returns the exit status.
pub fn run_program(program: *const ProgramDesc, argv: &[impl AsRef<[u8]>]) -> i32 {
    let argv: Vec<Vec<u8>> = argv.iter().map(|a| a.as_ref().to_vec()).collect();
    crate::signals::block();
    match on_stack_of_program(|size| run_here(program, &argv, size)) {
        Some(Ending::Status(status)) => status,
        Some(Ending::Interrupted) => {
            crate::signals::die_of_interrupt();
            INTERRUPTED_STATUS
        }
        None => {
            crate::host::write_stderr(b"error: cannot start the program: no memory for its stack\n");
            NO_THREAD_STATUS
        }
    }
}

/// Runs work on a thread with the largest stack that the system grants; the work gets its size in bytes.
pub(crate) fn on_stack_of_program<R>(work: impl FnOnce(usize) -> R) -> Option<R> {
    let mut work = Some(work);
    STACK_SIZES
        .iter()
        .find_map(|&size| crate::host::on_stack(size, || work.take().expect("it begins on one thread only")(size)))
}

fn run_here(program: *const ProgramDesc, argv: &[Vec<u8>], stack_size: usize) -> Ending {
    // SAFETY: the caller passes the root of a loaded program, which is static data.
    let program: &'static ProgramDesc = unsafe { &*program };
    let mut rt = Isolate::new(Some(program), argv);
    rt.set_stack_size(stack_size);
    crate::signals::install(&mut rt);
    let ending = rt.run(program);
    crate::signals::withdraw();
    match rt.tear_down(checks_leaks()) {
        Ok(()) => ending,
        Err(report) => {
            crate::host::write_stderr(format!("{report}\n").as_bytes());
            Ending::Status(LEAK_STATUS)
        }
    }
}

/// Whether what is alive at the end is to be reported.
pub(crate) fn checks_leaks() -> bool {
    crate::host::env_var(c"MOLT_LEAK_CHECK").is_some_and(|v| v == b"1")
}

/// Entry point of executables.
///
/// # Safety
/// `argv` holds `argc` C strings, and `program` is the root of the program's data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn molt_main(
    argc: i32,
    argv: *const *const core::ffi::c_char,
    program: *const ProgramDesc,
) -> i32 {
    let args: Vec<Vec<u8>> = (0..argc as usize)
        // SAFETY: by the caller's promise.
        .map(|i| unsafe { core::ffi::CStr::from_ptr(*argv.add(i)) }.to_bytes().to_vec())
        .collect();
    run_program(program, &args)
}

impl Isolate {
    /// Takes a new object out of counting until the end of the program.
    fn make_immortal(&mut self, w: Word) {
        if w.is_object() && !self.is_immortal(w) {
            // SAFETY: an object word points to a live header.
            unsafe { (*w.as_ptr()).refs = Header::IMMORTAL };
            self.ctx.live_objects -= 1;
            self.immortals.push(w);
        }
    }

    fn run(&mut self, program: &ProgramDesc) -> Ending {
        let started = self.import_native(&crate::sys::molt_module_sys);
        if let Some(attach) = program.attach {
            // SAFETY: the compiler passes the root of the part in GrokLang beside it.
            unsafe { attach(&raw mut self.ctx, program.grok) };
        }
        let result = started.and_then(|_| self.import_program(program.entry_module as usize));
        let mut ending = match result {
            Ok(_) => self.across.and_then(|hooks| (hooks.main)(self)).unwrap_or(Ending::Status(0)),
            Err(Raised) => {
                let e = self.take_exception();
                self.report_uncaught(e.word())
            }
        };
        crate::modules::atexit::run(self);
        if let Some(finish) = self.claude.at_end.take() {
            finish(self);
        }
        if let Some(hooks) = self.across {
            (hooks.end)(self);
        }
        if self.flush_stdout().is_err() {
            let e = self.take_exception();
            self.print_unraisable_text("Exception ignored on flushing sys.stdout:", e.word());
            ending = Ending::Status(120);
        }
        self.flush_across();
        ending
    }

    /// Prints an uncaught exception, or obeys SystemExit.
    pub(crate) fn report_uncaught(&mut self, e: Word) -> Ending {
        if self.is_instance(e, exc::SYSTEM_EXIT) {
            return Ending::Status(self.exit_status(e));
        }
        if self.flush_stdout().is_err() {
            self.clear_exception();
        }
        let interrupted = self.class_of(e) == exc::KEYBOARD_INTERRUPT;
        match self.call_excepthook(e) {
            Some(status) => Ending::Status(status),
            None if interrupted => Ending::Interrupted,
            None => Ending::Status(1),
        }
    }

    /// What a SystemExit asks for; a code that is no number is printed.
    fn exit_status(&mut self, e: Word) -> i32 {
        let code = match self.getattr(e, "code") {
            Ok(code) => code,
            Err(Raised) => {
                self.clear_exception();
                Owned::share(e)
            }
        };
        let code = code.word();
        if code.is_none() || code.is_unbound() {
            return 0;
        }
        if self.is_int(code) {
            return crate::num::int::to_i64(code).map_or(-1, |v| v as i32) & 0xff;
        }
        if self.flush_stdout().is_err() {
            self.clear_exception();
        }
        if let Ok(text) = self.str_text(code) {
            self.write_stderr(&format!("{text}\n"));
        } else {
            self.clear_exception();
        }
        1
    }

    /// Prints an uncaught exception: by `sys.excepthook` where the program replaced it. The status if the hook left
    /// by SystemExit.
    fn call_excepthook(&mut self, e: Word) -> Option<i32> {
        let (hook, original) = (self.sys_get("excepthook"), self.sys_get("__excepthook__"));
        if hook.is_none() {
            self.write_stderr("sys.excepthook is missing\n");
        }
        if let (Some(hook), Some(original)) = (&hook, &original)
            && hook.word() != original.word()
        {
            let class = self.class_word(self.class_of(e));
            let traceback = Owned::share(crate::api::field(e, crate::exception::TRACEBACK));
            if self.call(hook.word(), &[class, e, traceback.word()]).is_ok() {
                return None;
            }
            let failure = self.take_exception();
            if self.is_instance(failure.word(), exc::SYSTEM_EXIT) {
                return Some(self.exit_status(failure.word()));
            }
            let text = self.format_exception(failure.word());
            self.write_stderr(&format!("Error in sys.excepthook:\n{text}"));
            self.write_stderr("\nOriginal exception was:\n");
        }
        let text = match self.claude.report {
            Some(report) => report(self, e),
            None => self.format_exception(e),
        };
        self.write_stderr(&text);
        None
    }

    /// Flushes `sys.stdout` unless it is closed or gone.
    pub(crate) fn flush_stdout(&mut self) -> Result<(), Raised> {
        let Some(out) = self.sys_get("stdout").filter(|out| !out.word().is_none()) else { return Ok(()) };
        let closed = self.getattr(out.word(), "closed").and_then(|closed| self.truth(closed.word()));
        match closed {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(Raised) => self.clear_exception(),
        }
        self.call_method(out.word(), "flush", &[]).map(drop)
    }

    /// Writes what the part in GrokLang keeps of standard output.
    pub(crate) fn flush_across(&mut self) {
        if let Some(hooks) = self.across {
            (hooks.flush)(self);
        }
    }

    /// Drops modules, classes and caches. With `check`, an error that lists what is still alive.
    pub fn tear_down(&mut self, check: bool) -> Result<(), String> {
        self.tearing_down = true;
        self.handled.clear();
        self.clear_exception_quietly();
        for i in 0..self.globals.len() {
            dec(core::mem::replace(&mut self.globals[i], Word::UNBOUND));
        }
        for w in core::mem::take(&mut self.immortals) {
            // SAFETY: made immortal with the one reference that is given up here.
            unsafe { (*w.as_ptr()).refs = Header::ONE };
            self.ctx.live_objects += 1;
            dec(w);
        }
        self.collect_cycles();
        let modules = core::mem::take(&mut self.modules);
        for m in modules.program.iter().chain(modules.native.values()) {
            // SAFETY: these are module objects.
            let dict = unsafe { (*m.word().as_ptr().cast::<crate::layouts::ModuleObj>()).dict };
            self.dict_clear(dict);
        }
        if let Some(t) = &modules.table {
            self.dict_clear(t.word());
        }
        drop(modules);
        self.states.clear();
        self.empty_caches();
        let classes: Vec<_> = self.classes.iter().copied().filter(|c| !c.is_null()).collect();
        for &class in &classes {
            // SAFETY: classes live until the isolate is gone.
            let class = unsafe { &mut *class };
            self.dict_clear(class.dict);
        }
        self.collect_cycles();
        let names: Vec<String> = if check {
            // SAFETY: as above.
            let name = |c: *mut ClassObj| if c.is_null() { String::new() } else { unsafe { (*c).display_name() } };
            self.classes.iter().map(|&c| name(c)).collect()
        } else {
            Vec::new()
        };
        for &class in &classes {
            // SAFETY: as above; the words are given up once.
            let class = unsafe { &mut *class };
            for w in [class.dict, class.bases, class.mro_tuple, class.name, class.qualname] {
                dec(w);
            }
            class.dict = Word::UNBOUND;
        }
        self.sides.clear();
        debug_assert!(tuple_items(self.empty_tuple).is_empty());
        if let Some(hooks) = self.across {
            (hooks.flush)(self);
            let left = (hooks.left)(self);
            if check && left != 0 {
                return Err(format!("leak: {left} blocks of memory are in use at the end"));
            }
        }
        if !check || self.ctx.live_objects == 0 {
            return Ok(());
        }
        Err(self.leak_report(&names))
    }

    fn leak_report(&mut self, names: &[String]) -> String {
        let mut counts = alloc::collections::BTreeMap::<&str, usize>::new();
        let left = self.ctx.live_objects;
        for w in self.all_objects() {
            *counts.entry(&names[self.class_of(w.word()).0 as usize]).or_default() += 1;
        }
        let list: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
        format!("live objects: {left} ({})", list.join(", "))
    }

    fn clear_exception_quietly(&mut self) {
        dec(core::mem::replace(&mut self.ctx.exception, Word::UNBOUND));
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        if !self.tearing_down {
            self.tear_down(false).expect("nothing is checked");
        }
        for &class in self.classes.iter().filter(|c| !c.is_null()) {
            // SAFETY: made by `Box::leak` in `new_class_object`; nothing uses classes any more.
            drop(unsafe { Box::from_raw(class) });
        }
        set_current(core::ptr::null_mut());
    }
}
