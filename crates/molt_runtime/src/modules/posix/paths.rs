//! Directories, links, names and path arithmetic.

use std::ffi::CStr;

use molt_abi::Word;

use super::{Target, check, done, failed, int_arg, native_text, target_arg};
use crate::api::{bytes_slice, str_bytes};
use crate::modules::io::file::{last_errno, path_arg};
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult};

const PATH: &str = "($module, /, path)";
const PATH_DIR: &str = "($module, /, path, *, dir_fd=None)";
const TWO: &str = "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)";

pub static FUNCTIONS: &[NativeDef] = &[
    def("fspath", PATH, fspath),
    def("getcwd", "($module, /)", |rt, _| working_directory(rt, false)),
    def("getcwdb", "($module, /)", |rt, _| working_directory(rt, true)),
    def("chdir", PATH, |rt, a| {
        let r = match target_arg(rt, a[0])? {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::chdir(p.as_ptr()) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::fchdir(fd) },
        };
        done(rt, r, Some(a[0]))
    }),
    def("mkdir", "($module, /, path, mode=511, *, dir_fd=None)", |rt, a| {
        let path = path_arg(rt, a[0])?;
        let mode = if a[1].is_unbound() { 0o777 } else { int_arg(rt, a[1])? };
        // SAFETY: a C string.
        let r = unsafe { libc::mkdir(path.as_ptr(), mode as libc::mode_t) };
        done(rt, r, Some(a[0]))
    }),
    def("rmdir", PATH_DIR, |rt, a| {
        let path = path_arg(rt, a[0])?;
        // SAFETY: a C string.
        let r = unsafe { libc::rmdir(path.as_ptr()) };
        done(rt, r, Some(a[0]))
    }),
    def("unlink", PATH_DIR, unlink),
    def("remove", PATH_DIR, unlink),
    def("rename", TWO, rename),
    def("replace", TWO, rename),
    def("link", "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)", |rt, a| {
        let (from, to) = (path_arg(rt, a[0])?, path_arg(rt, a[1])?);
        // SAFETY: C strings.
        let r = unsafe { libc::link(from.as_ptr(), to.as_ptr()) };
        done_two(rt, r, a[0], a[1])
    }),
    def("symlink", "($module, /, src, dst, target_is_directory=False, *, dir_fd=None)", |rt, a| {
        let (from, to) = (path_arg(rt, a[0])?, path_arg(rt, a[1])?);
        // SAFETY: C strings.
        let r = unsafe { libc::symlink(from.as_ptr(), to.as_ptr()) };
        done_two(rt, r, a[0], a[1])
    }),
    def("readlink", PATH_DIR, |rt, a| {
        let path = path_arg(rt, a[0])?;
        let mut buffer = vec![0u8; 4096];
        // SAFETY: the buffer has the length given.
        let n = unsafe { libc::readlink(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if n < 0 {
            return Err(failed(rt, Some(a[0])));
        }
        let as_bytes = rt.is_bytes(a[0]);
        Ok(native_text(rt, &buffer[..n as usize], as_bytes))
    }),
    def("access", "($module, /, path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)", |rt, a| {
        let (path, mode) = (path_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: a C string.
        Ok(Owned::from_bool(unsafe { libc::access(path.as_ptr(), mode) } == 0))
    }),
    def("chmod", "($module, /, path, mode, *, dir_fd=None, follow_symlinks=True)", |rt, a| {
        let mode = int_arg(rt, a[1])? as libc::mode_t;
        let r = match target_arg(rt, a[0])? {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::chmod(p.as_ptr(), mode) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::fchmod(fd, mode) },
        };
        done(rt, r, Some(a[0]))
    }),
    def("utime", "($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)", utime),
    def("umask", "($module, mask, /)", |rt, a| {
        let mask = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        Ok(Owned::small(i64::from(unsafe { libc::umask(mask as libc::mode_t) })))
    }),
    def("truncate", "($module, /, path, length)", |rt, a| {
        let length = rt.to_i64(a[1], "int")?;
        let r = match target_arg(rt, a[0])? {
            // SAFETY: a C string.
            Target::Path(p) => unsafe { libc::truncate(p.as_ptr(), length) },
            // SAFETY: no memory is involved.
            Target::Descriptor(fd) => unsafe { libc::ftruncate(fd, length) },
        };
        done(rt, r, Some(a[0]))
    }),
    def("_path_normpath", PATH, normpath),
    def("_path_splitroot_ex", PATH, splitroot),
];

/// The path itself when it is str or bytes, else what `__fspath__` gives.
fn fspath(rt: &mut Isolate, a: &[Word]) -> PyResult {
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

fn unlink(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let path = path_arg(rt, a[0])?;
    // SAFETY: a C string.
    let r = unsafe { libc::unlink(path.as_ptr()) };
    done(rt, r, Some(a[0]))
}

fn rename(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (from, to) = (path_arg(rt, a[0])?, path_arg(rt, a[1])?);
    // SAFETY: C strings.
    let r = unsafe { libc::rename(from.as_ptr(), to.as_ptr()) };
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
    let now = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };
    let mut times = [now, now];
    if !a[1].is_unbound() && !a[1].is_none() {
        for (i, w) in rt.collect(a[1])?.iter().enumerate().take(2) {
            let seconds = rt.to_f64(w.word())?;
            let whole = seconds.floor();
            times[i] = libc::timespec { tv_sec: whole as i64, tv_nsec: ((seconds - whole) * 1e9) as i64 };
        }
    } else if !a[2].is_unbound() {
        for (i, w) in rt.collect(a[2])?.iter().enumerate().take(2) {
            let ns = rt.to_i64(w.word(), "int")?;
            let (s, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
            times[i] = libc::timespec { tv_sec: s, tv_nsec: rest };
        }
    }
    let r = match target_arg(rt, a[0])? {
        // SAFETY: a C string and two time stamps.
        Target::Path(p) => unsafe { libc::utimensat(libc::AT_FDCWD, p.as_ptr(), times.as_ptr(), 0) },
        // SAFETY: two time stamps.
        Target::Descriptor(fd) => unsafe { libc::futimens(fd, times.as_ptr()) },
    };
    check(rt, r, Some(a[0])).map(|_| Owned::NONE)
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
