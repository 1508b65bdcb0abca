//! The machine: configuration values, scheduling and device numbers.

use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use super::{check, done, failed, int_arg};
use crate::api::str_bytes;
use crate::modules::io::file::last_errno;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult};

macro_rules! names {
    ($($name:literal $value:ident),* $(,)?) => { &[$(($name, libc::$value)),*] };
}

/// Names that `sysconf` knows.
const CONFIGURATION: &[(&str, i32)] = names! {
    "SC_ARG_MAX" _SC_ARG_MAX, "SC_ATEXIT_MAX" _SC_ATEXIT_MAX, "SC_AVPHYS_PAGES" _SC_AVPHYS_PAGES,
    "SC_CHILD_MAX" _SC_CHILD_MAX, "SC_CLK_TCK" _SC_CLK_TCK, "SC_GETGR_R_SIZE_MAX" _SC_GETGR_R_SIZE_MAX,
    "SC_GETPW_R_SIZE_MAX" _SC_GETPW_R_SIZE_MAX, "SC_HOST_NAME_MAX" _SC_HOST_NAME_MAX, "SC_IOV_MAX" _SC_IOV_MAX,
    "SC_LINE_MAX" _SC_LINE_MAX, "SC_LOGIN_NAME_MAX" _SC_LOGIN_NAME_MAX, "SC_MONOTONIC_CLOCK" _SC_MONOTONIC_CLOCK,
    "SC_NGROUPS_MAX" _SC_NGROUPS_MAX, "SC_NPROCESSORS_CONF" _SC_NPROCESSORS_CONF,
    "SC_NPROCESSORS_ONLN" _SC_NPROCESSORS_ONLN, "SC_OPEN_MAX" _SC_OPEN_MAX, "SC_PAGESIZE" _SC_PAGESIZE,
    "SC_PAGE_SIZE" _SC_PAGE_SIZE, "SC_PHYS_PAGES" _SC_PHYS_PAGES, "SC_SEM_NSEMS_MAX" _SC_SEM_NSEMS_MAX,
    "SC_SEM_VALUE_MAX" _SC_SEM_VALUE_MAX, "SC_STREAM_MAX" _SC_STREAM_MAX, "SC_SYMLOOP_MAX" _SC_SYMLOOP_MAX,
    "SC_THREADS" _SC_THREADS, "SC_THREAD_STACK_MIN" _SC_THREAD_STACK_MIN, "SC_THREAD_THREADS_MAX" _SC_THREAD_THREADS_MAX,
    "SC_TTY_NAME_MAX" _SC_TTY_NAME_MAX, "SC_TZNAME_MAX" _SC_TZNAME_MAX, "SC_VERSION" _SC_VERSION,
};

/// The dict `sysconf_names`.
pub fn configuration_names(rt: &mut Isolate) -> Owned {
    let table = rt.new_dict();
    for &(name, value) in CONFIGURATION {
        rt.dict_set_str(table.word(), name, Word::small(i64::from(value)));
    }
    table
}

pub static FUNCTIONS: &[NativeDef] = &[
    def("sysconf", "($module, name, /)", |rt, a| {
        let name = configuration_arg(rt, a[0])?;
        // SAFETY: only the error number is written, by this thread.
        let value = unsafe {
            *libc::__errno_location() = 0;
            libc::sysconf(name)
        };
        if value == -1 && last_errno() != 0 {
            return Err(failed(rt, None));
        }
        Ok(rt.new_int(value))
    }),
    def("sync", "($module, /)", |_, _| {
        // SAFETY: no memory is involved.
        unsafe { libc::sync() };
        Ok(Owned::NONE)
    }),
    def("nice", "($module, increment, /)", |rt, a| {
        let increment = int_arg(rt, a[0])?;
        // SAFETY: only the error number is written, by this thread.
        let value = unsafe {
            *libc::__errno_location() = 0;
            libc::nice(increment)
        };
        if value == -1 && last_errno() != 0 {
            return Err(failed(rt, None));
        }
        Ok(Owned::small(i64::from(value)))
    }),
    def("getpriority", "($module, /, which, who)", |rt, a| {
        let (which, who) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: only the error number is written, by this thread.
        let value = unsafe {
            *libc::__errno_location() = 0;
            libc::getpriority(which as _, who as libc::id_t)
        };
        if value == -1 && last_errno() != 0 {
            return Err(failed(rt, None));
        }
        Ok(Owned::small(i64::from(value)))
    }),
    def("setpriority", "($module, /, which, who, priority)", |rt, a| {
        let (which, who, priority) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?, int_arg(rt, a[2])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::setpriority(which as _, who as libc::id_t, priority) };
        done(rt, r, None)
    }),
    def("sched_yield", "($module, /)", |rt, _| {
        // SAFETY: no memory is involved.
        let r = unsafe { libc::sched_yield() };
        done(rt, r, None)
    }),
    def("sched_getaffinity", "($module, pid, /)", |rt, a| {
        let pid = int_arg(rt, a[0])?;
        // SAFETY: a set of bits that the call fills.
        let (set, r) = unsafe {
            let mut set: libc::cpu_set_t = core::mem::zeroed();
            let r = libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), &mut set);
            (set, r)
        };
        check(rt, r, None)?;
        // SAFETY: numbers below the size of the set.
        let cpus: Vec<Word> = (0..libc::CPU_SETSIZE as usize)
            .filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) })
            .map(|cpu| Word::small(cpu as i64))
            .collect();
        rt.new_set(&cpus)
    }),
    def("getrandom", "($module, /, size, flags=0)", |rt, a| {
        let n = rt.to_i64(a[0], "int")?;
        let flags = if a[1].is_unbound() { 0 } else { int_arg(rt, a[1])? };
        let Ok(n) = usize::try_from(n) else { return Err(rt.os_error(libc::EINVAL, None)) };
        rt.check_room(Some(n))?;
        let mut bytes = vec![0u8; n];
        // SAFETY: pointer and length describe the buffer.
        let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), n, flags as libc::c_uint) };
        let Ok(got) = usize::try_from(got) else { return Err(failed(rt, None)) };
        Ok(rt.new_bytes(&bytes[..got]))
    }),
    def("major", "($module, device, /)", |rt, a| {
        let device = rt.to_i64(a[0], "int")? as libc::dev_t;
        Ok(Owned::small(i64::from(libc::major(device))))
    }),
    def("minor", "($module, device, /)", |rt, a| {
        let device = rt.to_i64(a[0], "int")? as libc::dev_t;
        Ok(Owned::small(i64::from(libc::minor(device))))
    }),
    def("makedev", "($module, major, minor, /)", |rt, a| {
        let (major, minor) = (rt.to_i64(a[0], "int")?, rt.to_i64(a[1], "int")?);
        Ok(rt.new_int(libc::makedev(major as u32, minor as u32) as i64))
    }),
];

/// A number, or one of the names above.
fn configuration_arg(rt: &mut Isolate, w: Word) -> PyResult<i32> {
    if rt.is_int(w) {
        return int_arg(rt, w);
    }
    if !rt.is_str(w) {
        return Err(rt.type_error("configuration names must be strings or integers"));
    }
    let name = str_bytes(w);
    match CONFIGURATION.iter().find(|(known, _)| known.as_bytes() == name) {
        Some(&(_, value)) => Ok(value),
        None => Err(rt.value_error("unrecognized configuration name")),
    }
}
