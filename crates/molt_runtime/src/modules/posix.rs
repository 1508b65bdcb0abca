//! The module `posix`: what `os` takes from the operating system.
//!
//! Paths may be `str`, `bytes` or path-like; a result is `bytes` when the path was. Functions that take a path use the
//! system's `…at` calls throughout, so that `dir_fd` is one more argument; `_have_functions` says so to `os`.

use alloc::format;
use alloc::vec::Vec;

pub mod children;
pub mod files;
pub mod owner;
pub mod paths;
pub mod process;
pub mod stat;
pub mod system;

use alloc::ffi::CString;

use molt_abi::Word;

use crate::api::{bytes_slice, str_bytes};
use crate::modules::io::file::{last_errno, path_arg};
use crate::names::Name;
use crate::{Isolate, Owned, PyResult, Raised, native_module};

native_module!(molt_module_posix, "posix", init);

macro_rules! constants {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const CONSTANTS: &[(&str, i64)] = constants! {
    F_OK R_OK W_OK X_OK O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC O_CLOEXEC
    O_NOFOLLOW O_DIRECTORY O_NOCTTY O_ACCMODE O_ASYNC O_DIRECT O_NDELAY O_NOATIME O_PATH O_RSYNC O_TMPFILE
    WNOHANG WUNTRACED WCONTINUED WEXITED WSTOPPED WNOWAIT P_PID P_PGID P_ALL
    ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_NOATIME ST_NODIRATIME ST_RELATIME
    GRND_NONBLOCK GRND_RANDOM SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE SEEK_DATA SEEK_HOLE SEEK_SET
    SEEK_CUR SEEK_END RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL
    PRIO_PROCESS PRIO_PGRP PRIO_USER F_LOCK F_TLOCK F_ULOCK F_TEST
};

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    for table in [
        files::FUNCTIONS,
        paths::FUNCTIONS,
        owner::FUNCTIONS,
        process::IDS,
        process::FUNCTIONS,
        children::STATUSES,
        children::FUNCTIONS,
        stat::FUNCTIONS,
        system::FUNCTIONS,
    ] {
        rt.module_functions(module, table);
    }
    rt.module_class(module, &files::DIR_ENTRY);
    for seq in [
        &stat::STAT_RESULT,
        &stat::STATVFS_RESULT,
        &process::TERMINAL_SIZE,
        &process::TIMES_RESULT,
        &process::UNAME_RESULT,
    ] {
        rt.module_struct_seq(module, seq);
    }
    for &(name, value) in CONSTANTS.iter().chain(EXIT_CODES) {
        rt.module_set(module, name, Owned::small(value));
    }
    let environ = process::environment(rt)?;
    rt.module_set(module, "environ", environ);
    let error = Owned::share(rt.class_word(crate::exc::OS_ERROR));
    rt.module_set(module, "error", error);
    let names = system::configuration_names(rt);
    rt.module_set(module, "sysconf_names", names);
    let have: Vec<Owned> = HAVE.iter().map(|s| rt.new_str(s)).collect();
    let have = rt.new_list(have);
    rt.module_set(module, "_have_functions", have);
    Ok(())
}

/// What `os` may count on: `dir_fd`, descriptors in place of paths, and links that are not followed.
const HAVE: &[&str] = &[
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FDOPENDIR",
    "HAVE_FEXECVE",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_LCHOWN",
    "HAVE_LINKAT",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
];

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
    /// Not given: the working directory.
    Here,
}

/// A path parameter of a function: how it is converted, and named in errors.
#[derive(Clone, Copy)]
struct PathParam {
    function: &'static str,
    name: &'static str,
    descriptor: bool,
    optional: bool,
}

/// The parameter `path` of a function, which takes nothing but paths.
const fn param(function: &'static str) -> PathParam {
    PathParam { function, name: "path", descriptor: false, optional: false }
}

impl PathParam {
    const fn named(mut self, name: &'static str) -> PathParam {
        self.name = name;
        self
    }
    const fn or_descriptor(mut self) -> PathParam {
        self.descriptor = true;
        self
    }
    const fn or_none(mut self) -> PathParam {
        self.optional = true;
        self
    }

    fn target(self, rt: &mut Isolate, w: Word) -> PyResult<Target> {
        if self.optional && (w.is_unbound() || w.is_none()) {
            return Ok(Target::Here);
        }
        if self.descriptor && rt.lookup_special(w, Name::INDEX).is_some() {
            return int_arg(rt, w).map(Target::Descriptor);
        }
        if !rt.is_str(w) && !rt.is_bytes(w) && rt.lookup_special(w, Name::FSPATH).is_none() {
            let (allowed, got) = (self.allowed(), rt.type_name(w));
            return Err(rt.type_error(format!("{}: {} should be {allowed}, not {got}", self.function, self.name)));
        }
        let text = paths::fspath(rt, &[w])?;
        let bytes = if rt.is_str(text.word()) { str_bytes(text.word()) } else { bytes_slice(text.word()) };
        if bytes.contains(&0) {
            return Err(rt.value_error(format!("{}: embedded null character in {}", self.function, self.name)));
        }
        path_arg(rt, text.word()).map(Target::Path)
    }

    fn allowed(self) -> &'static str {
        match (self.descriptor, self.optional) {
            (true, true) => "string, bytes, os.PathLike, integer or None",
            (true, false) => "string, bytes, os.PathLike or integer",
            (false, true) => "string, bytes, os.PathLike or None",
            (false, false) => "string, bytes or os.PathLike",
        }
    }

    /// The path, where nothing else is allowed.
    fn path(self, rt: &mut Isolate, w: Word) -> PyResult<CString> {
        match self.target(rt, w)? {
            Target::Path(path) => Ok(path),
            Target::Descriptor(_) | Target::Here => unreachable!("the parameter takes paths only"),
        }
    }

    /// Refuses a directory beside a descriptor, which it would have no meaning for.
    fn without_directory(self, rt: &mut Isolate, dir: i32) -> PyResult<()> {
        if dir == libc::AT_FDCWD {
            return Ok(());
        }
        Err(rt.value_error(format!("{}: can't specify dir_fd without matching path", self.function)))
    }
}

/// The descriptor that a relative path starts from.
fn dir_arg(rt: &mut Isolate, w: Word) -> PyResult<i32> {
    if w.is_unbound() || w.is_none() {
        return Ok(libc::AT_FDCWD);
    }
    if rt.lookup_special(w, Name::INDEX).is_none() {
        let got = rt.type_name(w);
        return Err(rt.type_error(format!("argument should be integer or None, not {got}")));
    }
    int_arg(rt, w)
}

/// Flags of an `…at` call for the argument `follow_symlinks`.
fn follow_flags(rt: &mut Isolate, w: Word) -> PyResult<i32> {
    Ok(if w.is_unbound() || rt.truth(w)? { 0 } else { libc::AT_SYMLINK_NOFOLLOW })
}

/// Text from the system: bytes when the argument it answers to was bytes.
fn native_text(rt: &mut Isolate, bytes: &[u8], as_bytes: bool) -> Owned {
    if as_bytes { rt.new_bytes(bytes) } else { rt.new_str_os(bytes) }
}
