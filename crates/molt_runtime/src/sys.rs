//! The `sys` module.

use molt_abi::Word;

use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, exc};

fn exit(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let code = if args[0].is_unbound() { Word::NONE } else { args[0] };
    let class = rt.class_word(exc::SYSTEM_EXIT);
    let e = rt.call(class, if code.is_none() { &[] } else { std::slice::from_ref(&args[0]) })?;
    Err(rt.raise_value(e))
}
fn getrecursionlimit(rt: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(rt.new_int(rt.recursion_limit))
}
fn setrecursionlimit(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = rt.to_i64(args[0], "int")?;
    if n < 1 {
        return Err(rt.value_error("recursion limit must be greater or equal than 1"));
    }
    rt.ctx.depth_left += n - rt.recursion_limit;
    rt.recursion_limit = n;
    Ok(Owned::NONE)
}
fn exc_info(rt: &mut Isolate, _: &[Word]) -> PyResult {
    match rt.handled.last().cloned() {
        Some(e) if e.word().is_object() => {
            let class = rt.class_word(rt.class_of(e.word()));
            let tb = crate::api::field(e.word(), crate::exception::TRACEBACK);
            Ok(rt.new_tuple_of(&[class, e.word(), tb]))
        }
        _ => Ok(rt.new_tuple_of(&[Word::NONE; 3])),
    }
}
fn exception(rt: &mut Isolate, _: &[Word]) -> PyResult {
    Ok(rt.handled.last().filter(|e| e.word().is_object()).cloned().unwrap_or(Owned::NONE))
}
fn intern(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.expect_str(args[0], "intern() argument")?;
    Ok(Owned::share(rt.intern_word(args[0])))
}
fn getrefcount(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = crate::owned::ref_count(args[0]).map_or(0xffff_ffff, |n| n as i64 + 1);
    Ok(rt.new_int(n))
}

static FUNCTIONS: &[NativeDef] = &[
    def("exit", "(status=None, /)", exit),
    def("getrecursionlimit", "()", getrecursionlimit),
    def("setrecursionlimit", "(limit, /)", setrecursionlimit),
    def("exc_info", "()", exc_info),
    def("exception", "()", exception),
    def("intern", "(string, /)", intern),
    def("getrefcount", "(object, /)", getrefcount),
];

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    let argv: Vec<Owned> = rt.argv.clone().iter().map(|a| rt.new_str(a)).collect();
    let argv = rt.new_list(argv);
    rt.module_set(module, "argv", argv);
    let table = rt.modules.table.clone().expect("made at start-up");
    rt.module_set(module, "modules", table);
    for (name, text) in [
        ("platform", "linux"),
        ("byteorder", "little"),
        ("version", "3.14.0 (Molt)"),
        ("executable", ""),
        ("prefix", ""),
        ("exec_prefix", ""),
    ] {
        let w = rt.new_str(text);
        rt.module_set(module, name, w);
    }
    let maxsize = rt.new_int(i64::MAX);
    rt.module_set(module, "maxsize", maxsize);
    rt.module_set(module, "maxunicode", Owned::small(0x10_ffff));
    let version = [Owned::small(3), Owned::small(14), Owned::small(0), rt.new_str("final"), Owned::small(0)];
    let version = rt.new_tuple(version.into());
    rt.module_set(module, "version_info", version);
    let path = rt.new_list(Vec::new());
    rt.module_set(module, "path", path);
    rt.module_set(module, "dont_write_bytecode", Owned::from_bool(true));
    Ok(())
}
crate::native_module!(molt_module_sys, "sys", init);
