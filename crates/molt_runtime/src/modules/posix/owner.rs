//! Owners of files, and the users and groups that the process acts for.

use alloc::format;
use alloc::vec;
use molt_abi::Word;

use super::{Target, check, dir_arg, done, follow_flags, int_arg, param};
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult};

pub static FUNCTIONS: &[NativeDef] = &[
    def("chown", "($module, /, path, uid, gid, *, dir_fd=None, follow_symlinks=True)", |rt, a| {
        let target = param("chown").or_descriptor().target(rt, a[0])?;
        let (uid, gid) = (id_arg(rt, a[1], "uid")?, id_arg(rt, a[2], "gid")?);
        let (dir, flags) = (dir_arg(rt, a[3])?, follow_flags(rt, a[4])?);
        let r = match target {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::fchownat(dir, p.as_ptr(), uid, gid, flags) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::fchown(fd, uid, gid) },
            Target::Here => unreachable!("the parameter is required"),
        };
        done(rt, r, Some(a[0]))
    }),
    def("lchown", "($module, /, path, uid, gid)", |rt, a| {
        let path = param("lchown").path(rt, a[0])?;
        let (uid, gid) = (id_arg(rt, a[1], "uid")?, id_arg(rt, a[2], "gid")?);
        // SAFETY: a C string.
        let r = unsafe { libc::lchown(path.as_ptr(), uid, gid) };
        done(rt, r, Some(a[0]))
    }),
    def("fchown", "($module, /, fd, uid, gid)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        let (uid, gid) = (id_arg(rt, a[1], "uid")?, id_arg(rt, a[2], "gid")?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fchown(fd, uid, gid) };
        done(rt, r, None)
    }),
    def("setuid", "($module, uid, /)", |rt, a| set_id(rt, a[0], "uid", libc::setuid)),
    def("seteuid", "($module, euid, /)", |rt, a| set_id(rt, a[0], "uid", libc::seteuid)),
    def("setgid", "($module, gid, /)", |rt, a| set_id(rt, a[0], "gid", libc::setgid)),
    def("setegid", "($module, egid, /)", |rt, a| set_id(rt, a[0], "gid", libc::setegid)),
    def("getgroups", "($module, /)", |rt, _| {
        // SAFETY: asks for the number of groups only.
        let n = unsafe { libc::getgroups(0, core::ptr::null_mut()) };
        let n = check(rt, n, None)?;
        let mut groups = vec![0; n as usize];
        // SAFETY: room for as many groups as are asked for.
        let n = unsafe { libc::getgroups(n, groups.as_mut_ptr()) };
        groups.truncate(check(rt, n, None)? as usize);
        let items = groups.iter().map(|&g| Owned::small(i64::from(g))).collect();
        Ok(rt.new_list(items))
    }),
    def("setsid", "($module, /)", |rt, _| {
        // SAFETY: no memory is involved.
        let r = unsafe { libc::setsid() };
        done(rt, r, None)
    }),
    def("getsid", "($module, pid, /)", |rt, a| group_of(rt, a[0], libc::getsid)),
    def("getpgid", "($module, /, pid)", |rt, a| group_of(rt, a[0], libc::getpgid)),
    def("setpgid", "($module, pid, pgrp, /)", |rt, a| {
        let (pid, group) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::setpgid(pid, group) };
        done(rt, r, None)
    }),
];

fn set_id(rt: &mut Isolate, w: Word, what: &str, set: unsafe extern "C" fn(u32) -> i32) -> PyResult {
    let id = id_arg(rt, w, what)?;
    // SAFETY: a call of the C library that involves no memory.
    let r = unsafe { set(id) };
    done(rt, r, None)
}

fn group_of(rt: &mut Isolate, w: Word, get: unsafe extern "C" fn(i32) -> i32) -> PyResult {
    let pid = int_arg(rt, w)?;
    // SAFETY: a call of the C library that involves no memory.
    let r = unsafe { get(pid) };
    check(rt, r, None).map(|id| Owned::small(i64::from(id)))
}

/// A user or group id; -1 stands for "unchanged".
fn id_arg(rt: &mut Isolate, w: Word, what: &str) -> PyResult<u32> {
    if rt.lookup_special(w, Name::INDEX).is_none() {
        let got = rt.type_name(w);
        return Err(rt.type_error(format!("{what} should be integer, not {got}")));
    }
    match rt.to_i64_clamped(w)? {
        -1 => Ok(u32::MAX),
        id if id < 0 => Err(rt.overflow_error(format!("{what} is less than minimum"))),
        id => u32::try_from(id).map_err(|_| rt.overflow_error(format!("{what} is greater than maximum"))),
    }
}
