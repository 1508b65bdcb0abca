//! The `sys` module: program arguments, standard streams, limits, hooks and facts about the platform.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::{field, str_bytes};
use crate::modules::io::standard_stream;
use crate::native::{NativeDef, def};
use crate::owned::Raised;
use crate::structseq::StructSeq;
use crate::{Isolate, Owned, PyResult, exc};

crate::native_module!(molt_module_sys, "sys", init);

/// Version of the language that programs see.
pub(crate) const VERSION: (i64, i64, i64) = (3, 14, 0);

static FUNCTIONS: &[NativeDef] = &[
    def("exit", "(status=None, /)", exit),
    def("getrecursionlimit", "()", |rt, _| Ok(rt.new_int(rt.depth.limit))),
    def("setrecursionlimit", "(limit, /)", set_recursion_limit),
    def("exc_info", "()", exc_info),
    def("exception", "()", |rt, _| {
        Ok(rt.handled.last().filter(|e| e.word().is_object()).cloned().unwrap_or(Owned::NONE))
    }),
    def("intern", "(string, /)", |rt, a| {
        if !rt.is_str(a[0]) {
            let name = rt.argument_kind(a[0]);
            return Err(rt.type_error(format!("intern() argument must be str, not {name}")));
        }
        Ok(Owned::share(rt.intern_word(a[0])))
    }),
    def("getrefcount", "(object, /)", |rt, a| {
        let n = crate::owned::ref_count(a[0]).map_or(0xffff_ffff, |n| n as i64 + 1);
        Ok(rt.new_int(n))
    }),
    def("getsizeof", "(object, default=None)", get_size_of),
    def("getdefaultencoding", "()", |rt, _| Ok(rt.new_str("utf-8"))),
    def("getfilesystemencoding", "()", |rt, _| Ok(rt.new_str("utf-8"))),
    def("getfilesystemencodeerrors", "()", |rt, _| Ok(rt.new_str("surrogateescape"))),
    def("getswitchinterval", "()", |rt, _| Ok(rt.new_float(0.005))),
    def("is_finalizing", "()", |rt, _| Ok(Owned::from_bool(rt.tearing_down))),
    def("excepthook", "(exctype, value, traceback, /)", |rt, a| {
        if !rt.is_instance(a[1], molt_abi::ClassId::BASE_EXCEPTION) {
            let kind = rt.type_name(a[1]);
            let text = format!("TypeError: print_exception(): Exception expected for value, {kind} found\n");
            rt.write_stderr(&text);
            return Ok(Owned::NONE);
        }
        let text = rt.format_exception(a[1]);
        rt.write_stderr(&text);
        Ok(Owned::NONE)
    }),
    def("displayhook", "(object, /)", |rt, a| {
        if a[0].is_none() {
            return Ok(Owned::NONE);
        }
        let builtins = crate::startup::builtins(rt);
        rt.setattr(builtins.word(), "_", a[0])?;
        let Some(out) = rt.sys_get("stdout") else { return Err(rt.runtime_error("lost sys.stdout")) };
        let text = format!("{}\n", rt.repr_text(a[0])?);
        let text = rt.new_str(&text);
        rt.call_method(out.word(), "write", &[text.word()])?;
        Ok(Owned::NONE)
    }),
    def("unraisablehook", "(unraisable, /)", |rt, a| {
        let place = rt.getattr(a[0], "object")?;
        let e = rt.getattr(a[0], "exc_value")?;
        rt.print_unraisable(e.word(), place.word());
        Ok(Owned::NONE)
    }),
    def("_get_cpu_count_config", "()", |_, _| Ok(Owned::small(-1))),
    def("audit", "(event, /, *args)", |_, _| Ok(Owned::NONE)),
];

/// What `sys.unraisablehook` is called with.
static HOOK_ARGS: crate::structseq::StructSeq = crate::structseq::StructSeq::new(
    "builtins",
    "UnraisableHookArgs",
    &["exc_type", "exc_value", "exc_traceback", "err_msg", "object"],
    &[],
);

/// Raises SystemExit.
pub(crate) fn exit(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let given = !a[0].is_unbound() && !a[0].is_none();
    let class = rt.class_word(exc::SYSTEM_EXIT);
    let e = rt.call(class, if given { &a[..1] } else { &[] })?;
    Err(rt.raise_value(e))
}

fn set_recursion_limit(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let n = rt.to_i64(a[0], "int")?;
    if i32::try_from(n).is_err() {
        return Err(rt.overflow_error("Python int too large to convert to C int"));
    }
    if n < 1 {
        return Err(rt.value_error("recursion limit must be greater or equal than 1"));
    }
    let used = rt.depth_used();
    if used >= n {
        let msg = format!("cannot set the recursion limit to {n} at the recursion depth {used}: the limit is too low");
        return Err(rt.raise(exc::RECURSION_ERROR, msg));
    }
    rt.claude.note_depth_limit(n);
    rt.set_depth_limit(n);
    Ok(Owned::NONE)
}

fn exc_info(rt: &mut Isolate, _: &[Word]) -> PyResult {
    match rt.handled.last().cloned() {
        Some(e) if e.word().is_object() => {
            let class = rt.class_word(rt.class_of(e.word()));
            let tb = field(e.word(), crate::exception::TRACEBACK);
            Ok(rt.new_tuple_of(&[class, e.word(), tb]))
        }
        _ => Ok(rt.new_tuple_of(&[Word::NONE; 3])),
    }
}

fn get_size_of(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let r = rt.getattr(a[0], "__sizeof__").and_then(|f| rt.call(f.word(), &[]));
    match r {
        Err(Raised) if !a[1].is_unbound() && rt.pending_is(exc::TYPE_ERROR) => {
            rt.clear_exception();
            Ok(Owned::share(a[1]))
        }
        other => other,
    }
}

static VERSION_INFO: StructSeq =
    StructSeq::new("sys", "version_info", &["major", "minor", "micro", "releaselevel", "serial"], &[]);
static FLOAT_INFO: StructSeq = StructSeq::new(
    "sys",
    "float_info",
    &["max", "max_exp", "max_10_exp", "min", "min_exp", "min_10_exp", "dig", "mant_dig", "epsilon", "radix", "rounds"],
    &[],
);
static INT_INFO: StructSeq = StructSeq::new(
    "sys",
    "int_info",
    &["bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold"],
    &[],
);
static HASH_INFO: StructSeq = StructSeq::new(
    "sys",
    "hash_info",
    &["width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff"],
    &[],
);
static FLAGS: StructSeq = StructSeq::new(
    "sys",
    "flags",
    &[
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
        "hash_randomization",
        "isolated",
        "dev_mode",
        "utf8_mode",
        "warn_default_encoding",
        "safe_path",
        "int_max_str_digits",
    ],
    &[],
);

fn ints(values: &[i64]) -> Vec<Owned> {
    values.iter().map(|&v| Owned::small(v)).collect()
}

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    set_lists(rt, module);
    set_texts(rt, module);
    set_records(rt, module);
    for (name, original, fd) in [("stdin", "__stdin__", 0), ("stdout", "__stdout__", 1), ("stderr", "__stderr__", 2)] {
        // A descriptor that is not open gives no stream.
        // SAFETY: the call only reads descriptor flags.
        let open = unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0;
        let stream = if open { standard_stream(rt, fd)? } else { Owned::NONE };
        rt.module_set(module, original, stream.clone());
        rt.module_set(module, name, stream);
    }
    for (name, original) in
        [("excepthook", "__excepthook__"), ("displayhook", "__displayhook__"), ("unraisablehook", "__unraisablehook__")]
    {
        let name = rt.intern(name);
        let hook = rt.module_get(module, name).unwrap_or(Owned::NONE);
        rt.module_set(module, original, hook);
    }
    Ok(())
}

fn set_lists(rt: &mut Isolate, module: Word) {
    let argv: Vec<Owned> = rt.argv.clone().iter().map(|a| rt.new_str_os(a)).collect();
    let original = rt.new_list(argv.clone());
    let argv = rt.new_list(argv);
    rt.module_set(module, "argv", argv);
    rt.module_set(module, "orig_argv", original);
    let table = rt.modules.table.clone().expect("made at start-up");
    rt.module_set(module, "modules", table);
    for name in ["path", "meta_path", "path_hooks", "warnoptions"] {
        let list = rt.new_list(Vec::new());
        rt.module_set(module, name, list);
    }
    let cache = rt.new_dict();
    rt.module_set(module, "path_importer_cache", cache);
    let names: Vec<Owned> = molt_abi::modules::NATIVE_MODULES.iter().map(|(n, _)| rt.new_str(n)).collect();
    let names = rt.new_tuple(names);
    rt.module_set(module, "builtin_module_names", names);
}

fn set_texts(rt: &mut Isolate, module: Word) {
    let (major, minor, micro) = VERSION;
    let version = format!("{major}.{minor}.{micro} (Molt {})", env!("CARGO_PKG_VERSION"));
    let executable = crate::host::current_exe();
    for (name, text) in [
        ("platform", if cfg!(target_os = "macos") { "darwin" } else { "linux" }),
        ("byteorder", if cfg!(target_endian = "little") { "little" } else { "big" }),
        ("version", &version),
        ("copyright", "Copyright (c) the Molt contributors."),
        ("executable", &executable),
        ("prefix", ""),
        ("exec_prefix", ""),
        ("base_prefix", ""),
        ("base_exec_prefix", ""),
        ("float_repr_style", "short"),
        ("platlibdir", "lib"),
        ("pycache_prefix", ""),
    ] {
        let w = rt.new_str(text);
        rt.module_set(module, name, w);
    }
    rt.module_set(module, "pycache_prefix", Owned::NONE);
    let max = rt.new_int(i64::MAX);
    rt.module_set(module, "maxsize", max);
    rt.module_set(module, "maxunicode", Owned::small(0x10_ffff));
    rt.module_set(module, "hexversion", Owned::small(major << 24 | minor << 16 | micro << 8 | 0xf0));
    rt.module_set(module, "api_version", Owned::small(1013));
    rt.module_set(module, "dont_write_bytecode", Owned::from_bool(true));
}

fn set_records(rt: &mut Isolate, module: Word) {
    let (major, minor, micro) = VERSION;
    let mut items = ints(&[major, minor, micro, 0, 0]);
    items[3] = rt.new_str("final");
    let version = rt.new_struct_seq(&VERSION_INFO, items, Vec::new());
    rt.module_set(module, "version_info", version);
    let mut items = ints(&[0, 1024, 308, 0, -1021, -307, 15, 53, 0, 2, 1]);
    for (i, v) in [(0, f64::MAX), (3, f64::MIN_POSITIVE), (8, f64::EPSILON)] {
        items[i] = rt.new_float(v);
    }
    let info = rt.new_struct_seq(&FLOAT_INFO, items, Vec::new());
    rt.module_set(module, "float_info", info);
    let info = rt.new_struct_seq(&INT_INFO, ints(&[30, 4, 4300, 640]), Vec::new());
    rt.module_set(module, "int_info", info);
    let mut items = ints(&[64, (1 << 61) - 1, 314_159, 0, 1_000_003, 0, 64, 128, 0]);
    items[1] = rt.new_int((1 << 61) - 1);
    items[5] = rt.new_str("siphash13");
    let info = rt.new_struct_seq(&HASH_INFO, items, Vec::new());
    rt.module_set(module, "hash_info", info);
    let mut items = ints(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 4300]);
    items[13] = Owned::from_bool(false);
    items[16] = Owned::from_bool(false);
    let flags = rt.new_struct_seq(&FLAGS, items, Vec::new());
    rt.module_set(module, "flags", flags);
    let implementation = crate::modules::types::new_namespace(rt);
    let (name, tag) = (rt.new_str("molt"), rt.new_str("molt-314"));
    let version = rt.intern("version_info");
    let version = rt.module_get(module, version).unwrap_or(Owned::NONE);
    for (key, value) in [("name", name), ("cache_tag", tag), ("version", version)] {
        let key = rt.intern(key);
        rt.put_own(implementation.word(), key, value.word());
    }
    rt.module_set(module, "implementation", implementation);
}

impl Isolate {
    /// Text from the operating system: bytes that are not UTF-8 become lone surrogates (PEP 383).
    pub(crate) fn new_str_os(&mut self, bytes: &[u8]) -> Owned {
        match core::str::from_utf8(bytes) {
            Ok(text) => self.new_str(text),
            Err(_) => {
                let mut out = Vec::with_capacity(bytes.len() + 8);
                for chunk in bytes.utf8_chunks() {
                    out.extend_from_slice(chunk.valid().as_bytes());
                    for &b in chunk.invalid() {
                        crate::text::wtf8::push(&mut out, 0xdc00 + u32::from(b));
                    }
                }
                self.new_str_wtf8(&out)
            }
        }
    }

    /// Prints an exception that nobody can catch, as `sys.unraisablehook` does.
    pub(crate) fn print_unraisable(&mut self, e: Word, place: Word) {
        let place = if place.is_none() { String::new() } else { self.repr_text(place).unwrap_or_default() };
        let mut text = if place.is_empty() { String::new() } else { format!("Exception ignored in: {place}\n") };
        text.push_str(&self.format_exception_plainly(e));
        self.write_stderr(&text);
    }

    /// Hands an exception that nobody can catch to `sys.unraisablehook`, if the program has put one there.
    pub(crate) fn report_unraisable(&mut self, e: Word, place: Word) {
        let (hook, own) = (self.sys_get("unraisablehook"), self.sys_get("__unraisablehook__"));
        let Some(hook) = hook.filter(|h| !h.word().is_none() && own.as_ref().is_none_or(|o| o.word() != h.word()))
        else {
            return self.print_unraisable(e, place);
        };
        let class = Owned::share(self.class_word(self.class_of(e)));
        let traceback = Owned::share(crate::api::field(e, crate::exception::TRACEBACK));
        let fields = vec![class, Owned::share(e), traceback, Owned::NONE, Owned::share(place)];
        let args = self.new_struct_seq(&HOOK_ARGS, fields, Vec::new());
        let result = self.call(hook.word(), &[args.word()]);
        if result.is_err() {
            let failure = self.take_exception();
            self.print_unraisable(failure.word(), hook.word());
        }
    }

    pub(crate) fn print_unraisable_text(&mut self, head: &str, e: Word) {
        let text = format!("{head}\n{}", self.format_exception_plainly(e));
        self.write_stderr(&text);
    }

    /// Writes to `sys.stderr`, or to the descriptor when the name is gone; `None` there takes nothing.
    pub(crate) fn write_stderr(&mut self, text: &str) {
        if let Some(err) = self.sys_get("stderr") {
            if err.word().is_none() {
                return;
            }
            let w = self.new_str_wtf8(text.as_bytes());
            debug_assert!(str_bytes(w.word()).len() == text.len());
            if self.call_method(err.word(), "write", &[w.word()]).is_ok() {
                return;
            }
            self.clear_exception();
        }
        crate::host::write_stderr(text.as_bytes());
    }
}
