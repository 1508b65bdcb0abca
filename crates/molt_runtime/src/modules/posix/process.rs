//! The process and its environment.

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::{check, done, failed, int_arg};
use crate::modules::io::file::{last_errno, path_arg};
use crate::native::{NativeDef, def};
use crate::structseq::StructSeq;
use crate::{Isolate, Owned, PyResult};

const NONE: &str = "($module, /)";

pub static TERMINAL_SIZE: StructSeq = StructSeq::new("os", "terminal_size", &["columns", "lines"], &[]);
pub static TIMES_RESULT: StructSeq =
    StructSeq::new("posix", "times_result", &["user", "system", "children_user", "children_system", "elapsed"], &[]);
pub static UNAME_RESULT: StructSeq =
    StructSeq::new("posix", "uname_result", &["sysname", "nodename", "release", "version", "machine"], &[]);

macro_rules! ids {
    ($($name:literal $f:ident),* $(,)?) => { &[$(def($name, NONE, |rt, _| {
        // SAFETY: no memory is involved.
        let id = unsafe { libc::$f() };
        Ok(rt.new_int(id as i64))
    })),*] };
}

/// Identities.
pub static IDS: &[NativeDef] = ids! {
    "getpid" getpid, "getppid" getppid, "getuid" getuid, "geteuid" geteuid, "getgid" getgid, "getegid" getegid,
    "getpgrp" getpgrp,
};

/// Everything else.
pub static FUNCTIONS: &[NativeDef] = &[
    def("_exit", "($module, /, status)", |rt, a| {
        let status = int_arg(rt, a[0])?;
        // SAFETY: ends the process without running anything more.
        unsafe { libc::_exit(status) }
    }),
    def("abort", NONE, |_, _| crate::host::abort()),
    def("urandom", "($module, size, /)", |rt, a| {
        let n = rt.to_i64(a[0], "int")?;
        let Ok(n) = usize::try_from(n) else { return Err(rt.value_error("negative argument not allowed")) };
        rt.check_room(Some(n))?;
        let mut bytes = vec![0u8; n];
        for part in bytes.chunks_mut(256) {
            // SAFETY: pointer and length describe the chunk.
            if unsafe { libc::getrandom(part.as_mut_ptr().cast(), part.len(), 0) } != part.len() as isize {
                return Err(failed(rt, None));
            }
        }
        Ok(rt.new_bytes(&bytes))
    }),
    def("putenv", "($module, name, value, /)", |rt, a| {
        let (name, value) = (path_arg(rt, a[0])?, path_arg(rt, a[1])?);
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            return Err(rt.value_error("illegal environment variable name"));
        }
        // SAFETY: C strings; only this thread runs program code.
        let r = unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) };
        done(rt, r, None)
    }),
    def("unsetenv", "($module, name, /)", |rt, a| {
        let name = path_arg(rt, a[0])?;
        // SAFETY: as above.
        let r = unsafe { libc::unsetenv(name.as_ptr()) };
        done(rt, r, None)
    }),
    def("_create_environ", NONE, |rt, _| environment(rt)),
    def("strerror", "($module, code, /)", |rt, a| {
        let code = int_arg(rt, a[0])?;
        // SAFETY: `strerror` returns a C string, copied before the next call.
        let text = unsafe { CStr::from_ptr(libc::strerror(code)) }.to_bytes().to_vec();
        Ok(rt.new_str_os(&text))
    }),
    def("cpu_count", NONE, |rt, _| match crate::host::cpu_count() {
        Some(n) => Ok(rt.new_int(n as i64)),
        None => Ok(Owned::NONE),
    }),
    def("get_terminal_size", "($module, fd=1, /)", |rt, a| {
        let fd = if a[0].is_unbound() { 1 } else { int_arg(rt, a[0])? };
        // SAFETY: the request fills a `winsize`, which is plain data.
        let (size, r) = unsafe {
            let mut size: libc::winsize = core::mem::zeroed();
            let r = libc::ioctl(fd, libc::TIOCGWINSZ, &mut size);
            (size, r)
        };
        check(rt, r, None)?;
        let items = vec![Owned::small(i64::from(size.ws_col)), Owned::small(i64::from(size.ws_row))];
        Ok(rt.new_struct_seq(&TERMINAL_SIZE, items, Vec::new()))
    }),
    def("times", NONE, |rt, _| {
        // SAFETY: plain data that the call fills.
        let (t, elapsed, ticks) = unsafe {
            let mut t: libc::tms = core::mem::zeroed();
            let elapsed = libc::times(&mut t);
            (t, elapsed, libc::sysconf(libc::_SC_CLK_TCK) as f64)
        };
        let items =
            [t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, elapsed].map(|v| rt.new_float(v as f64 / ticks));
        Ok(rt.new_struct_seq(&TIMES_RESULT, items.into(), Vec::new()))
    }),
    def("uname", NONE, |rt, _| {
        // SAFETY: plain data that the call fills with C strings.
        let fields = unsafe {
            let mut u: libc::utsname = core::mem::zeroed();
            if libc::uname(&mut u) != 0 {
                return Err(failed(rt, None));
            }
            [u.sysname, u.nodename, u.release, u.version, u.machine]
                .map(|f| CStr::from_ptr(f.as_ptr()).to_bytes().to_vec())
        };
        let items = fields.map(|f| rt.new_str_os(&f));
        Ok(rt.new_struct_seq(&UNAME_RESULT, items.into(), Vec::new()))
    }),
    def("getlogin", NONE, |rt, _| {
        // SAFETY: null or a C string, copied at once.
        let name = unsafe {
            let p = libc::getlogin();
            if p.is_null() {
                return Err(rt.os_error(last_errno(), None));
            }
            CStr::from_ptr(p).to_bytes().to_vec()
        };
        Ok(rt.new_str_os(&name))
    }),
    def("getloadavg", NONE, |rt, _| {
        let mut loads = [0.0; 3];
        // SAFETY: room for three numbers.
        if unsafe { libc::getloadavg(loads.as_mut_ptr(), 3) } != 3 {
            return Err(rt.os_error(libc::EIO, None));
        }
        let items = loads.map(|v| rt.new_float(v));
        Ok(rt.new_tuple(items.into()))
    }),
];

/// The environment as a dict from bytes to bytes.
pub fn environment(rt: &mut Isolate) -> PyResult {
    let table = rt.new_dict();
    for (name, value) in crate::host::environment() {
        let (name, value) = (rt.new_bytes(&name), rt.new_bytes(&value));
        rt.dict_set(table.word(), name.word(), value.word())?;
    }
    Ok(table)
}
