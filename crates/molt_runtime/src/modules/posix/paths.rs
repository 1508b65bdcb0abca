//! Directories, links, names and path arithmetic.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::Word;

use super::{Target, check, dir_arg, done, failed, follow_flags, int_arg, native_text, param};
use crate::api::{bytes_slice, str_bytes, tuple_items};
use crate::modules::io::file::last_errno;
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::c_math;
use crate::{Isolate, Owned, PyResult};

const PATH: &str = "($module, /, path)";
const PATH_DIR: &str = "($module, /, path, *, dir_fd=None)";
const TWO: &str = "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)";
const WITHOUT_TARGET: &str = "the parameter is required";

pub static FUNCTIONS: &[NativeDef] = &[
    def("fspath", PATH, fspath),
    def("getcwd", "($module, /)", |rt, _| working_directory(rt, false)),
    def("getcwdb", "($module, /)", |rt, _| working_directory(rt, true)),
    def("chdir", PATH, |rt, a| {
        let r = match param("chdir").or_descriptor().target(rt, a[0])? {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::chdir(p.as_ptr()) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::fchdir(fd) },
            Target::Here => unreachable!("{WITHOUT_TARGET}"),
        };
        done(rt, r, Some(a[0]))
    }),
    def("fchdir", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fchdir(fd) };
        done(rt, r, None)
    }),
    def("mkdir", "($module, /, path, mode=511, *, dir_fd=None)", |rt, a| {
        let path = param("mkdir").path(rt, a[0])?;
        let mode = if a[1].is_unbound() { 0o777 } else { int_arg(rt, a[1])? };
        let dir = dir_arg(rt, a[2])?;
        // SAFETY: a C string.
        let r = unsafe { libc::mkdirat(dir, path.as_ptr(), mode as libc::mode_t) };
        done(rt, r, Some(a[0]))
    }),
    def("mkfifo", "($module, /, path, mode=438, *, dir_fd=None)", |rt, a| {
        let path = param("mkfifo").path(rt, a[0])?;
        let mode = if a[1].is_unbound() { 0o666 } else { int_arg(rt, a[1])? };
        let dir = dir_arg(rt, a[2])?;
        // SAFETY: a C string.
        let r = unsafe { libc::mkfifoat(dir, path.as_ptr(), mode as libc::mode_t) };
        done(rt, r, None)
    }),
    def("rmdir", PATH_DIR, |rt, a| unlink(rt, "rmdir", libc::AT_REMOVEDIR, a)),
    def("unlink", PATH_DIR, |rt, a| unlink(rt, "unlink", 0, a)),
    def("remove", PATH_DIR, |rt, a| unlink(rt, "remove", 0, a)),
    def("rename", TWO, |rt, a| rename(rt, "rename", a)),
    def("replace", TWO, |rt, a| rename(rt, "replace", a)),
    def("link", "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)", |rt, a| {
        let (from, to) = (param("link").named("src").path(rt, a[0])?, param("link").named("dst").path(rt, a[1])?);
        let (from_dir, to_dir) = (dir_arg(rt, a[2])?, dir_arg(rt, a[3])?);
        let follow = a[4].is_unbound() || rt.truth(a[4])?;
        // Without directories this is `link`, which does not follow on Linux.
        let plain = from_dir == libc::AT_FDCWD && to_dir == libc::AT_FDCWD;
        let flags = if follow && !plain { libc::AT_SYMLINK_FOLLOW } else { 0 };
        // SAFETY: C strings.
        let r = unsafe { libc::linkat(from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags) };
        done_two(rt, r, a[0], a[1])
    }),
    def("symlink", "($module, /, src, dst, target_is_directory=False, *, dir_fd=None)", |rt, a| {
        let (from, to) = (param("symlink").named("src").path(rt, a[0])?, param("symlink").named("dst").path(rt, a[1])?);
        let dir = dir_arg(rt, a[3])?;
        // SAFETY: C strings.
        let r = unsafe { libc::symlinkat(from.as_ptr(), dir, to.as_ptr()) };
        done_two(rt, r, a[0], a[1])
    }),
    def("readlink", PATH_DIR, |rt, a| {
        let path = param("readlink").path(rt, a[0])?;
        let dir = dir_arg(rt, a[1])?;
        let mut buffer = vec![0u8; 4096];
        // SAFETY: the buffer has the length given, and the path is a C string.
        let n = unsafe { libc::readlinkat(dir, path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if n < 0 {
            return Err(failed(rt, Some(a[0])));
        }
        let as_bytes = rt.is_bytes(a[0]);
        Ok(native_text(rt, &buffer[..n as usize], as_bytes))
    }),
    def("access", "($module, /, path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)", |rt, a| {
        let (path, mode) = (param("access").path(rt, a[0])?, int_arg(rt, a[1])?);
        let (dir, mut flags) = (dir_arg(rt, a[2])?, follow_flags(rt, a[4])?);
        if !a[3].is_unbound() && rt.truth(a[3])? {
            flags |= libc::AT_EACCESS;
        }
        // SAFETY: a C string.
        Ok(Owned::from_bool(unsafe { libc::faccessat(dir, path.as_ptr(), mode, flags) } == 0))
    }),
    def("chmod", "($module, /, path, mode, *, dir_fd=None, follow_symlinks=True)", |rt, a| {
        let target = param("chmod").or_descriptor().target(rt, a[0])?;
        let mode = int_arg(rt, a[1])? as libc::mode_t;
        let (dir, flags) = (dir_arg(rt, a[2])?, follow_flags(rt, a[3])?);
        let r = match target {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::fchmodat(dir, p.as_ptr(), mode, flags) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::fchmod(fd, mode) },
            Target::Here => unreachable!("{WITHOUT_TARGET}"),
        };
        if r == -1 && flags != 0 && last_errno() == libc::EOPNOTSUPP {
            let class = crate::exc::NOT_IMPLEMENTED_ERROR;
            return Err(rt.raise(class, "chmod: follow_symlinks unavailable on this platform"));
        }
        done(rt, r, Some(a[0]))
    }),
    def("fchmod", "($module, /, fd, mode)", |rt, a| {
        let (fd, mode) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fchmod(fd, mode as libc::mode_t) };
        done(rt, r, None)
    }),
    def("utime", "($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)", utime),
    def("umask", "($module, mask, /)", |rt, a| {
        let mask = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        Ok(Owned::small(i64::from(unsafe { libc::umask(mask as libc::mode_t) })))
    }),
    def("truncate", "($module, /, path, length)", |rt, a| {
        let target = param("truncate").or_descriptor().target(rt, a[0])?;
        let length = rt.to_i64(a[1], "int")?;
        let r = match target {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::truncate(p.as_ptr(), length) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::ftruncate(fd, length) },
            Target::Here => unreachable!("{WITHOUT_TARGET}"),
        };
        done(rt, r, Some(a[0]))
    }),
    def("_path_normpath", PATH, normpath),
    def("_path_splitroot_ex", PATH, splitroot),
];

/// The path itself when it is str or bytes, else what `__fspath__` gives.
pub fn fspath(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if rt.is_str(a[0]) || rt.is_bytes(a[0]) {
        return Ok(Owned::share(a[0]));
    }
    let name = rt.type_name(a[0]);
    let Some(method) = rt.lookup_special(a[0], Name::FSPATH) else {
        return Err(rt.type_error(format!("expected str, bytes or os.PathLike object, not {name}")));
    };
    let path = rt.call_special(method, a[0], &[])?;
    if rt.is_str(path.word()) || rt.is_bytes(path.word()) {
        return Ok(path);
    }
    let got = rt.type_name(path.word());
    Err(rt.type_error(format!("expected {name}.__fspath__() to return str or bytes, not {got}")))
}

fn working_directory(rt: &mut Isolate, as_bytes: bool) -> PyResult {
    let mut buffer = vec![0 as libc::c_char; 4096];
    // SAFETY: the buffer has the length given, and holds a C string afterwards.
    let text = unsafe {
        if libc::getcwd(buffer.as_mut_ptr(), buffer.len()).is_null() {
            return Err(failed(rt, None));
        }
        CStr::from_ptr(buffer.as_ptr()).to_bytes().to_vec()
    };
    Ok(native_text(rt, &text, as_bytes))
}

fn unlink(rt: &mut Isolate, function: &'static str, flags: i32, a: &[Word]) -> PyResult {
    let path = param(function).path(rt, a[0])?;
    let dir = dir_arg(rt, a[1])?;
    // SAFETY: a C string.
    let r = unsafe { libc::unlinkat(dir, path.as_ptr(), flags) };
    done(rt, r, Some(a[0]))
}

fn rename(rt: &mut Isolate, function: &'static str, a: &[Word]) -> PyResult {
    let (from, to) = (param(function).named("src").path(rt, a[0])?, param(function).named("dst").path(rt, a[1])?);
    let (from_dir, to_dir) = (dir_arg(rt, a[2])?, dir_arg(rt, a[3])?);
    // SAFETY: C strings.
    let r = unsafe { libc::renameat(from_dir, from.as_ptr(), to_dir, to.as_ptr()) };
    done_two(rt, r, a[0], a[1])
}

/// Like `done`, with both names in the error.
fn done_two(rt: &mut Isolate, result: i32, from: Word, to: Word) -> PyResult {
    if result == -1 {
        let raised = rt.os_error(last_errno(), Some(from));
        crate::exception::set_extra(rt.ctx.exception, 3, to);
        return Err(raised);
    }
    Ok(Owned::NONE)
}

fn utime(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let parameter = param("utime").or_descriptor();
    let target = parameter.target(rt, a[0])?;
    let times = time_stamps(rt, a[1], a[2])?;
    let (dir, flags) = (dir_arg(rt, a[3])?, follow_flags(rt, a[4])?);
    let r = match target {
        // SAFETY: a C string and two time stamps.
        Target::Path(p) => unsafe { libc::utimensat(dir, p.as_ptr(), times.as_ptr(), flags) },
        Target::Descriptor(fd) => {
            parameter.without_directory(rt, dir)?;
            // SAFETY: two time stamps.
            unsafe { libc::futimens(fd, times.as_ptr()) }
        }
        Target::Here => unreachable!("{WITHOUT_TARGET}"),
    };
    check(rt, r, Some(a[0])).map(|_| Owned::NONE)
}

/// The two times that `times` (seconds) or `ns` (nanoseconds) give; without either, now.
fn time_stamps(rt: &mut Isolate, times: Word, ns: Word) -> PyResult<[libc::timespec; 2]> {
    let in_seconds = !times.is_unbound() && !times.is_none();
    let in_ns = !ns.is_unbound() && !ns.is_none();
    if in_seconds && in_ns {
        return Err(rt.value_error("utime: you may specify either 'times' or 'ns' but not both"));
    }
    let now = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };
    if !in_seconds && !in_ns {
        return Ok([now, now]);
    }
    let pair = if in_ns { ns } else { times };
    if !rt.is_tuple(pair) || tuple_items(pair).len() != 2 {
        return Err(rt.type_error(if in_ns {
            "utime: 'ns' must be a tuple of two ints"
        } else {
            "utime: 'times' must be either a tuple of two ints or None"
        }));
    }
    let mut stamps = [now, now];
    for (stamp, &w) in stamps.iter_mut().zip(tuple_items(pair)) {
        *stamp = if in_ns { stamp_of_ns(rt, w)? } else { stamp_of_seconds(rt, w)? };
    }
    Ok(stamps)
}

fn stamp_of_ns(rt: &mut Isolate, w: Word) -> PyResult<libc::timespec> {
    let ns = rt.to_i64(w, "int")?;
    Ok(libc::timespec { tv_sec: ns.div_euclid(1_000_000_000), tv_nsec: ns.rem_euclid(1_000_000_000) })
}

/// A time in seconds, rounded down to nanoseconds.
fn stamp_of_seconds(rt: &mut Isolate, w: Word) -> PyResult<libc::timespec> {
    let Some(seconds) = crate::num::float::of(rt, w) else {
        return Ok(libc::timespec { tv_sec: rt.to_i64(w, "int")?, tv_nsec: 0 });
    };
    if seconds.is_nan() {
        return Err(rt.value_error("Invalid value NaN (not a number)"));
    }
    let whole = c_math::floor(seconds);
    if !(-9.3e18..9.2e18).contains(&whole) {
        return Err(rt.overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(libc::timespec { tv_sec: whole as i64, tv_nsec: c_math::floor((seconds - whole) * 1e9) as i64 })
}

/// Bytes of a str or bytes path, and whether it was bytes.
fn path_text(rt: &mut Isolate, w: Word) -> PyResult<(Vec<u8>, bool)> {
    let path = fspath(rt, &[w])?;
    if rt.is_str(path.word()) {
        return Ok((str_bytes(path.word()).to_vec(), false));
    }
    Ok((bytes_slice(path.word()).to_vec(), true))
}

fn text_like(rt: &mut Isolate, bytes: &[u8], as_bytes: bool) -> Owned {
    if as_bytes { rt.new_bytes(bytes) } else { rt.new_str_wtf8(bytes) }
}

/// Number of slashes that the root of a path consists of: POSIX lets exactly two be special.
fn root_length(path: &[u8]) -> usize {
    match path.iter().take_while(|&&b| b == b'/').count() {
        0 => 0,
        2 => 2,
        _ => 1,
    }
}

fn normpath(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (path, as_bytes) = path_text(rt, a[0])?;
    let root = root_length(&path);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path[root..].split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|p| *p != b"..") => drop(parts.pop()),
            b".." if root > 0 => {}
            _ => parts.push(part),
        }
    }
    let mut out = path[..root].to_vec();
    out.extend(parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    Ok(text_like(rt, &out, as_bytes))
}

/// `(drive, root, rest)`.
fn splitroot(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (path, as_bytes) = path_text(rt, a[0])?;
    let root = root_length(&path);
    let parts = [&b""[..], &path[..root], &path[root..]].map(|p| text_like(rt, p, as_bytes));
    Ok(rt.new_tuple(parts.into()))
}
