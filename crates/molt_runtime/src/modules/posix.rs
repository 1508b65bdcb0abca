//! The module `posix`: what `os` takes from the operating system.
//!
//! Paths may be `str`, `bytes` or path-like; a result is `bytes` when the path was. Relative directories
//! (`dir_fd`) are not offered, and `_have_functions` says so to `os`.

pub mod files;
pub mod paths;
pub mod process;
pub mod stat;

use std::ffi::CString;

use molt_abi::Word;

use crate::modules::io::file::{last_errno, path_arg};
use crate::{Isolate, Owned, PyResult, Raised, native_module};

native_module!(molt_module_posix, "posix", init);

macro_rules! constants {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const CONSTANTS: &[(&str, i64)] = constants! {
    F_OK R_OK W_OK X_OK O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC O_CLOEXEC
    O_NOFOLLOW O_DIRECTORY O_NOCTTY WNOHANG WUNTRACED WCONTINUED SEEK_SET SEEK_CUR SEEK_END RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL
    PRIO_PROCESS PRIO_PGRP PRIO_USER F_LOCK F_TLOCK F_ULOCK F_TEST
};

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    for table in
        [files::FUNCTIONS, paths::FUNCTIONS, process::IDS, process::STATUSES, process::FUNCTIONS, stat::FUNCTIONS]
    {
        rt.module_functions(module, table);
    }
    rt.module_class(module, &files::DIR_ENTRY);
    for seq in [&stat::STAT_RESULT, &process::TERMINAL_SIZE, &process::TIMES_RESULT, &process::UNAME_RESULT] {
        rt.module_struct_seq(module, seq);
    }
    for &(name, value) in CONSTANTS.iter().chain(EXIT_CODES) {
        rt.module_set(module, name, Owned::small(value));
    }
    let environ = process::environment(rt)?;
    rt.module_set(module, "environ", environ);
    let error = Owned::share(rt.class_word(crate::exc::OS_ERROR));
    rt.module_set(module, "error", error);
    let have: Vec<Owned> =
        ["HAVE_LSTAT", "HAVE_FCHDIR", "HAVE_FCHMOD", "HAVE_FTRUNCATE"].iter().map(|s| rt.new_str(s)).collect();
    let have = rt.new_list(have);
    rt.module_set(module, "_have_functions", have);
    Ok(())
}

/// Exit statuses of `sysexits.h`.
const EXIT_CODES: &[(&str, i64)] = &[
    ("EX_OK", 0),
    ("EX_USAGE", 64),
    ("EX_DATAERR", 65),
    ("EX_NOINPUT", 66),
    ("EX_NOUSER", 67),
    ("EX_NOHOST", 68),
    ("EX_UNAVAILABLE", 69),
    ("EX_SOFTWARE", 70),
    ("EX_OSERR", 71),
    ("EX_OSFILE", 72),
    ("EX_CANTCREAT", 73),
    ("EX_IOERR", 74),
    ("EX_TEMPFAIL", 75),
    ("EX_PROTOCOL", 76),
    ("EX_NOPERM", 77),
    ("EX_CONFIG", 78),
];

/// OSError of the last failed call.
fn failed(rt: &mut Isolate, path: Option<Word>) -> Raised {
    rt.os_error(last_errno(), path)
}

/// Result of a call that returns -1 on failure.
fn check(rt: &mut Isolate, result: i32, path: Option<Word>) -> PyResult<i32> {
    if result == -1 { Err(failed(rt, path)) } else { Ok(result) }
}

fn done(rt: &mut Isolate, result: i32, path: Option<Word>) -> PyResult {
    check(rt, result, path).map(|_| Owned::NONE)
}

/// A C `int` argument.
fn int_arg(rt: &mut Isolate, w: Word) -> PyResult<i32> {
    let v = rt.to_i64(w, "int")?;
    i32::try_from(v).map_err(|_| {
        rt.overflow_error(if v < 0 {
            "signed integer is less than minimum"
        } else {
            "signed integer is greater than maximum"
        })
    })
}

/// A path or an open descriptor.
enum Target {
    Path(CString),
    Descriptor(i32),
}

fn target_arg(rt: &mut Isolate, w: Word) -> PyResult<Target> {
    if rt.is_int(w) { int_arg(rt, w).map(Target::Descriptor) } else { path_arg(rt, w).map(Target::Path) }
}

/// Text from the system: bytes when the argument it answers to was bytes.
fn native_text(rt: &mut Isolate, bytes: &[u8], as_bytes: bool) -> Owned {
    if as_bytes { rt.new_bytes(bytes) } else { rt.new_str_os(bytes) }
}
