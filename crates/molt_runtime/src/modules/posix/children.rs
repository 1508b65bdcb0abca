//! Child processes: making them, running programs in them and waiting for them.

use alloc::ffi::CString;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use molt_abi::Word;

use super::{Target, check, failed, int_arg, param};
use crate::api::{list_items, tuple_items};
use crate::modules::io::file::{last_errno, path_arg, retrying};
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult};

const NONE: &str = "($module, /)";
const STATUS: &str = "($module, /, status)";

macro_rules! statuses {
    ($($name:literal $f:expr),* $(,)?) => { &[$(def($name, STATUS, |rt, a| {
        let status = int_arg(rt, a[0])?;
        let of: fn(i32) -> i64 = $f;
        Ok(if $name.starts_with("WIF") || $name == "WCOREDUMP" { Owned::from_bool(of(status) != 0) } else { Owned::small(of(status)) })
    })),*] };
}

/// Parts of a wait status.
pub static STATUSES: &[NativeDef] = statuses! {
    "WIFEXITED" |s| i64::from(libc::WIFEXITED(s)),
    "WEXITSTATUS" |s| i64::from(libc::WEXITSTATUS(s)),
    "WIFSIGNALED" |s| i64::from(libc::WIFSIGNALED(s)),
    "WTERMSIG" |s| i64::from(libc::WTERMSIG(s)),
    "WIFSTOPPED" |s| i64::from(libc::WIFSTOPPED(s)),
    "WSTOPSIG" |s| i64::from(libc::WSTOPSIG(s)),
    "WIFCONTINUED" |s| i64::from(libc::WIFCONTINUED(s)),
    "WCOREDUMP" |s| i64::from(libc::WCOREDUMP(s)),
};

/// Everything else.
pub static FUNCTIONS: &[NativeDef] = &[
    def("fork", NONE, fork),
    def("register_at_fork", "($module, /, *, before=None, after_in_child=None, after_in_parent=None)", |rt, a| {
        let given = [a[0], a[1], a[2]];
        if given.iter().all(|w| w.is_unbound()) {
            return Err(rt.type_error("At least one argument is required."));
        }
        for (name, &w) in ["before", "after_in_child", "after_in_parent"].iter().zip(&given) {
            if !w.is_unbound() && !rt.is_callable(w) {
                let got = rt.type_name(w);
                return Err(rt.type_error(format!("'{name}' must be callable, not {got}")));
            }
        }
        let hooks = rt.state::<ForkHooks>();
        for (list, w) in [&mut hooks.before, &mut hooks.in_child, &mut hooks.in_parent].into_iter().zip(given) {
            if !w.is_unbound() {
                list.push(Owned::share(w));
            }
        }
        Ok(Owned::NONE)
    }),
    def("kill", "($module, pid, signal, /)", |rt, a| {
        let (pid, signal) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::kill(pid, signal) };
        check(rt, r, None)?;
        // The signal may have been for this very process.
        rt.poll()?;
        Ok(Owned::NONE)
    }),
    def("killpg", "($module, pgid, signal, /)", |rt, a| {
        let (group, signal) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::killpg(group, signal) };
        check(rt, r, None)?;
        // The signal may have been for this very process.
        rt.poll()?;
        Ok(Owned::NONE)
    }),
    def("wait", NONE, |rt, _| wait_for(rt, -1, 0)),
    def("waitpid", "($module, pid, options, /)", |rt, a| {
        let (pid, options) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        wait_for(rt, pid, options)
    }),
    def("waitstatus_to_exitcode", STATUS, |rt, a| {
        let status = int_arg(rt, a[0])?;
        if libc::WIFEXITED(status) {
            return Ok(Owned::small(i64::from(libc::WEXITSTATUS(status))));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(Owned::small(-i64::from(libc::WTERMSIG(status))));
        }
        if libc::WIFSTOPPED(status) {
            let signal = libc::WSTOPSIG(status);
            return Err(rt.value_error(format!("process stopped by delivery of signal {signal}")));
        }
        Err(rt.value_error(format!("invalid wait status: {status}")))
    }),
    def("system", "($module, /, command)", |rt, a| {
        let command = path_arg(rt, a[0])?;
        // SAFETY: a C string.
        let status = unsafe { libc::system(command.as_ptr()) };
        Ok(rt.new_int(i64::from(status)))
    }),
    def("execv", "($module, path, argv, /)", |rt, a| {
        let path = param("execv").path(rt, a[0])?;
        let args = arguments(rt, a[1], "execv() arg 2")?;
        let pointers = pointers(&args);
        // SAFETY: C strings, and a null-terminated array of them.
        unsafe { libc::execv(path.as_ptr(), pointers.as_ptr()) };
        Err(failed(rt, None))
    }),
    def("execve", "($module, /, path, argv, env)", |rt, a| {
        let target = param("execve").or_descriptor().target(rt, a[0])?;
        let args = arguments(rt, a[1], "execve: argv")?;
        let environment = environment(rt, a[2])?;
        let (args, environment) = (pointers(&args), pointers(&environment));
        // SAFETY: C strings, and null-terminated arrays of them.
        unsafe {
            match target {
                Target::Path(path) => libc::execve(path.as_ptr(), args.as_ptr(), environment.as_ptr()),
                Target::Descriptor(fd) => libc::fexecve(fd, args.as_ptr(), environment.as_ptr()),
                Target::Here => unreachable!("the parameter is required"),
            }
        };
        Err(failed(rt, Some(a[0])))
    }),
];

/// Functions to call around a fork.
#[derive(Default)]
struct ForkHooks {
    before: Vec<Owned>,
    in_child: Vec<Owned>,
    in_parent: Vec<Owned>,
}

/// Calls hooks; their exceptions are printed.
fn run_hooks(rt: &mut Isolate, hooks: Vec<Owned>) {
    for hook in hooks {
        if rt.call(hook.word(), &[]).is_err() {
            rt.write_unraisable(hook.word());
        }
    }
}

fn fork(rt: &mut Isolate, _: &[Word]) -> PyResult {
    let before = rt.state::<ForkHooks>().before.iter().rev().cloned().collect();
    run_hooks(rt, before);
    // SAFETY: the child goes on with a copy of this thread, which holds no lock of the C library here.
    let pid = unsafe { libc::fork() };
    let code = last_errno();
    let hooks = rt.state::<ForkHooks>();
    let after = if pid == 0 { hooks.in_child.clone() } else { hooks.in_parent.clone() };
    run_hooks(rt, after);
    if pid == -1 {
        return Err(rt.os_error(code, None));
    }
    Ok(Owned::small(i64::from(pid)))
}

fn wait_for(rt: &mut Isolate, pid: i32, options: i32) -> PyResult {
    let mut status = 0;
    // SAFETY: room for the status.
    match retrying(rt, || unsafe { libc::waitpid(pid, &mut status, options) as isize })? {
        Ok(pid) => Ok(rt.new_tuple(vec![Owned::small(pid as i64), Owned::small(i64::from(status))])),
        Err(code) => Err(rt.os_error(code, None)),
    }
}

/// Arguments of a program. `what` begins the messages of errors.
fn arguments(rt: &mut Isolate, w: Word, what: &str) -> PyResult<Vec<CString>> {
    let given: Vec<Owned> = if rt.is_tuple(w) {
        tuple_items(w).iter().map(|&w| Owned::share(w)).collect()
    } else if rt.is_list(w) {
        list_items(w).iter().map(|&w| Owned::share(w)).collect()
    } else {
        return Err(rt.type_error(format!("{what} must be a tuple or list")));
    };
    if given.is_empty() {
        return Err(rt.value_error(format!("{what} must not be empty")));
    }
    let args: Vec<CString> = given.iter().map(|w| path_arg(rt, w.word())).collect::<PyResult<_>>()?;
    if args[0].is_empty() {
        return Err(rt.value_error(format!("{what} first element cannot be empty")));
    }
    Ok(args)
}

/// `NAME=value` for each item of a mapping.
fn environment(rt: &mut Isolate, w: Word) -> PyResult<Vec<CString>> {
    if rt.getattr_opt(w, "keys")?.is_none() || rt.getattr_opt(w, "__getitem__")?.is_none() {
        return Err(rt.type_error("execve: environment must be a mapping object"));
    }
    let keys = rt.call_method(w, "keys", &[])?;
    let mut rows = Vec::new();
    for key in rt.collect(keys.word())? {
        let value = rt.getitem(w, key.word())?;
        let (name, value) = (path_arg(rt, key.word())?, path_arg(rt, value.word())?);
        if name.is_empty() || name.as_bytes()[1..].contains(&b'=') {
            return Err(rt.value_error("illegal environment variable name"));
        }
        let row = [name.as_bytes(), b"=", value.as_bytes()].concat();
        rows.push(CString::new(row).expect("joined from texts without null bytes"));
    }
    Ok(rows)
}

/// The null-terminated array that the system takes; valid as long as the strings.
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([core::ptr::null()]).collect()
}
