//! Files, folders and streams. Results below zero are error numbers of the system with the sign turned.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::Context;

use super::{bytes, state};
use crate::host::last_errno;

const READ: u64 = 1;
const WRITE: u64 = 2;
const APPEND: u64 = 4;
const TRUNCATE: u64 = 8;
const CREATE: u64 = 16;
const CREATE_NEW: u64 = 32;

/// The result of a system call that says -1 when it fails.
pub(super) fn checked(result: i64) -> i64 {
    if result < 0 { -i64::from(last_errno()) } else { result }
}

/// A system call again until no signal interrupts it.
pub(super) fn retrying(mut call: impl FnMut() -> i64) -> i64 {
    loop {
        let result = checked(call());
        if result != -i64::from(libc::EINTR) {
            return result;
        }
    }
}

/// A text of compiled code as a C string; an error number if it has a zero byte.
///
/// # Safety
/// `len` bytes at `p` are readable.
pub(super) unsafe fn c_string(p: u64, len: u64) -> Result<CString, i64> {
    // SAFETY: by the caller's promise.
    let text = unsafe { bytes(p, len) };
    CString::new(text).map_err(|_| -i64::from(libc::EINVAL))
}

/// `flags`: 1 read, 2 write, 4 append, 8 truncate, 16 create, 32 only if it does not exist.
#[unsafe(export_name = "molt_grok_open")]
pub(crate) extern "C" fn grok_open(_: *mut Context, path: u64, len: u64, flags: u64) -> i64 {
    // SAFETY: compiled code passes bytes of a view.
    let path = match unsafe { c_string(path, len) } {
        Ok(p) => p,
        Err(e) => return e,
    };
    let has = |bit: u64| flags & bit != 0;
    let mut how = match (has(READ), has(WRITE) || has(APPEND)) {
        (true, true) => libc::O_RDWR,
        (false, true) => libc::O_WRONLY,
        _ => libc::O_RDONLY,
    };
    for (bit, flag) in [(APPEND, libc::O_APPEND), (TRUNCATE, libc::O_TRUNC), (CREATE, libc::O_CREAT)] {
        if has(bit) {
            how |= flag;
        }
    }
    if has(CREATE_NEW) {
        how |= libc::O_CREAT | libc::O_EXCL;
    }
    // SAFETY: a C string.
    retrying(|| unsafe { i64::from(libc::open(path.as_ptr(), how | libc::O_CLOEXEC, 0o666)) })
}

#[unsafe(export_name = "molt_grok_close")]
pub(crate) extern "C" fn grok_close(_: *mut Context, fd: u64) -> i64 {
    // SAFETY: the descriptor is the library's own.
    checked(i64::from(unsafe { libc::close(fd as i32) }))
}

#[unsafe(export_name = "molt_grok_read")]
pub(crate) extern "C" fn grok_read(ctx: *mut Context, fd: u64, p: u64, len: u64) -> i64 {
    if fd == 0 {
        // SAFETY: compiled code passes the context that it was started with, and the memory of a slice of its own.
        let (s, room) = unsafe { (state(ctx), core::slice::from_raw_parts_mut(p as *mut u8, len as usize)) };
        let n = s.take_input(room);
        if n > 0 {
            return n as i64;
        }
        s.flush();
    }
    // SAFETY: compiled code passes the memory of a slice.
    retrying(|| unsafe { libc::read(fd as i32, p as *mut libc::c_void, len as usize) as i64 })
}

/// Writes some of the bytes; standard output keeps them in its buffer.
#[unsafe(export_name = "molt_grok_write_some")]
pub(crate) extern "C" fn grok_write_some(ctx: *mut Context, fd: u64, p: u64, len: u64) -> i64 {
    if fd == 1 {
        // SAFETY: compiled code passes the context that it was started with, and bytes of a view.
        unsafe { state(ctx).write(1, bytes(p, len)) };
        return len as i64;
    }
    // SAFETY: compiled code passes bytes of a view.
    retrying(|| unsafe { libc::write(fd as i32, p as *const libc::c_void, len as usize) as i64 })
}

#[unsafe(export_name = "molt_grok_flush")]
pub(crate) extern "C" fn grok_flush(ctx: *mut Context) {
    // SAFETY: compiled code passes the context that it was started with.
    unsafe { state(ctx) }.flush();
}

/// `whence`: 0 from the start, 1 from here, 2 from the end.
#[unsafe(export_name = "molt_grok_seek")]
pub(crate) extern "C" fn grok_seek(_: *mut Context, fd: u64, offset: u64, whence: u64) -> i64 {
    let whence = [libc::SEEK_SET, libc::SEEK_CUR, libc::SEEK_END][whence as usize % 3];
    // SAFETY: no memory is involved.
    checked(unsafe { libc::lseek(fd as i32, offset as libc::off_t, whence) })
}

#[unsafe(export_name = "molt_grok_set_len")]
pub(crate) extern "C" fn grok_set_len(_: *mut Context, fd: u64, len: u64) -> i64 {
    // SAFETY: no memory is involved.
    retrying(|| unsafe { i64::from(libc::ftruncate(fd as i32, len as libc::off_t)) })
}

/// What is known of a file, by its descriptor if the path is empty: three numbers at `out`: 1 for a file, 2 for a folder,
/// 0 for anything else; bytes; nanoseconds from 1970 to its last change.
#[unsafe(export_name = "molt_grok_stat")]
pub(crate) extern "C" fn grok_stat(_: *mut Context, path: u64, len: u64, fd: u64, out: u64) -> i64 {
    // SAFETY: compiled code passes bytes of a view and room for three numbers; the structure is filled by the call.
    unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        let result = if len == 0 {
            checked(i64::from(libc::fstat(fd as i32, &raw mut st)))
        } else {
            match c_string(path, len) {
                Ok(p) => checked(i64::from(libc::stat(p.as_ptr(), &raw mut st))),
                Err(e) => e,
            }
        };
        if result == 0 {
            let kind = match st.st_mode & libc::S_IFMT {
                libc::S_IFREG => 1,
                libc::S_IFDIR => 2,
                _ => 0,
            };
            let changed = st.st_mtime.wrapping_mul(1_000_000_000).wrapping_add(st.st_mtime_nsec);
            (out as *mut [u64; 3]).write([kind, st.st_size as u64, changed as u64]);
        }
        result
    }
}

/// `op`: 0 makes a folder, 1 removes one, 2 removes a file, 3 renames to the other path, 4 makes a folder current.
#[unsafe(export_name = "molt_grok_path_op")]
pub(crate) extern "C" fn grok_path_op(_: *mut Context, op: u64, path: u64, len: u64, to: u64, to_len: u64) -> i64 {
    // SAFETY: compiled code passes bytes of views; the calls take C strings.
    unsafe {
        let (path, to) = match (c_string(path, len), c_string(to, to_len)) {
            (Ok(p), Ok(t)) => (p, t),
            (Err(e), _) | (_, Err(e)) => return e,
        };
        checked(i64::from(match op {
            0 => libc::mkdir(path.as_ptr(), 0o777),
            1 => libc::rmdir(path.as_ptr()),
            2 => libc::unlink(path.as_ptr()),
            3 => libc::rename(path.as_ptr(), to.as_ptr()),
            _ => libc::chdir(path.as_ptr()),
        }))
    }
}

/// Names in a folder, each with a zero byte after it: their length, their address at `out`.
#[unsafe(export_name = "molt_grok_list_dir")]
pub(crate) extern "C" fn grok_list_dir(ctx: *mut Context, path: u64, len: u64, out: u64) -> i64 {
    // SAFETY: compiled code passes the context that it was started with, bytes of a view and room for an address. The
    // stream is this function's own; an entry is used before the next one is read.
    unsafe {
        let path = match c_string(path, len) {
            Ok(p) => p,
            Err(e) => return e,
        };
        let stream = libc::opendir(path.as_ptr());
        if stream.is_null() {
            return checked(-1);
        }
        let mut names: Vec<u8> = Vec::new();
        loop {
            let entry = libc::readdir(stream);
            if entry.is_null() {
                break;
            }
            let name = CStr::from_ptr((*entry).d_name.as_ptr()).to_bytes_with_nul();
            if name != b".\0" && name != b"..\0" {
                names.extend_from_slice(name);
            }
        }
        libc::closedir(stream);
        state(ctx).give(names, out)
    }
}

/// The system's text for an error number: its length, its address at `out`.
#[unsafe(export_name = "molt_grok_error_text")]
pub(crate) extern "C" fn grok_error_text(ctx: *mut Context, errno: u64, out: u64) -> i64 {
    let text = crate::host::error_text(errno as i32).into_bytes();
    // SAFETY: compiled code passes the context that it was started with, and room for an address.
    unsafe { state(ctx).give(text, out) }
}
