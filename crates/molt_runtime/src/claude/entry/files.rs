//! Default handlers of files and folders. A file is a Handle that reads and writes without a buffer of its own and is
//! closed when nothing refers to it any more.

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::limits::{Charge, Counted, charge};
use super::super::sandbox::{Subject, denied, denied_path};
use super::super::{ErrorKind, Kind, list, map};
use super::{expect, wrong_type};
use crate::api::{bytes_slice, str_bytes, str_text, try_native};
use crate::class::ClassObj;
use crate::entry::{entries, ret, words};
use crate::host::last_errno;
use crate::native::{ClassSpec, NativeData};
use crate::{Isolate, Owned, Place, PyResult, Raised};

/// An open file.
struct File {
    /// Negative when the file is closed.
    fd: i32,
    is_binary: bool,
    /// What errors call it.
    path: String,
    /// Until it is closed.
    charge: Option<Charge>,
}

impl NativeData for File {}

impl File {
    fn close(&mut self) -> bool {
        self.charge = None;
        let fd = core::mem::replace(&mut self.fd, -1);
        // SAFETY: the descriptor is this file's own and is given up here.
        fd < 0 || unsafe { libc::close(fd) } == 0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.close();
    }
}

static FILE: ClassSpec = ClassSpec::new("claudelang", "File").flags(ClassSpec::NO_NEW | ClassObj::HANDLE);

/// The error `io` of a path, with the system's reason.
#[cold]
fn failed(rt: &mut Isolate, operation: &str, path: &str, errno: i32) -> Raised {
    let reason = crate::host::error_text(errno);
    refused(rt, operation, path, &reason)
}

#[cold]
fn refused(rt: &mut Isolate, operation: &str, path: &str, reason: &str) -> Raised {
    let message = format!("{operation}: {path}: {reason}");
    let (key, value) = (rt.keyword("path"), rt.new_str(path));
    match map::from_words(rt, &[key, value.word()]) {
        Ok(data) => rt.raise_claude(ErrorKind::Io, message, data.word()),
        Err(raised) => raised,
    }
}

/// A path as the C library takes it.
fn path_of(rt: &mut Isolate, w: Word, operation: &str) -> PyResult<CString> {
    let text = str_bytes(expect(rt, w, Kind::String, operation)?);
    CString::new(text).map_err(|_| refused(rt, operation, &str_text(w), "a path has no zero character"))
}

/// What flags of the C library a mode stands for, and whether it is of bytes.
fn parse_mode(mode: &[u8]) -> Option<(i32, bool)> {
    let (kind, is_binary) = match mode.strip_suffix(b"b") {
        Some(kind) => (kind, true),
        None => (mode, false),
    };
    let flags = match kind {
        b"r" => libc::O_RDONLY,
        b"w" => libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
        b"a" => libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND,
        _ => return None,
    };
    Some((flags | libc::O_CLOEXEC, is_binary))
}

fn open(rt: &mut Isolate, path: Word, mode: &[u8], operation: &str) -> PyResult<File> {
    let name = path_of(rt, path, operation)?;
    let Some((flags, is_binary)) = parse_mode(mode) else {
        let text = format!("{operation}: a mode is \"r\", \"w\" or \"a\", with \"b\" after it for bytes");
        return Err(rt.raise_claude(ErrorKind::TypeError, text, Word::NONE));
    };
    let path = str_text(path).into_owned();
    let charge = Some(charge(rt, Counted::OpenFiles)?);
    loop {
        // SAFETY: a C string goes in.
        let fd = unsafe { libc::open(name.as_ptr(), flags, 0o666) };
        if fd >= 0 {
            return Ok(File { fd, is_binary, path, charge });
        }
        match last_errno() {
            libc::EINTR => rt.poll()?,
            errno => return Err(failed(rt, operation, &path, errno)),
        }
    }
}

fn open_file(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mode = match args.get(1) {
        Some(&mode) => str_bytes(expect(rt, mode, Kind::String, "open-file")?),
        None => b"r",
    };
    let file = open(rt, args[0], mode, "open-file")?;
    let class = rt.class_for(&FILE);
    Ok(rt.new_native(class, Box::new(file)))
}

/// The open file that a handle is.
fn file_of(rt: &mut Isolate, w: Word, operation: &str) -> PyResult<Place<File>> {
    let Some(file) = try_native::<File>(rt, w) else {
        return Err(wrong_type(rt, operation, "the path or handle of a file", w));
    };
    if file.fd < 0 {
        let path = file.path.clone();
        return Err(refused(rt, operation, &path, "the file is closed"));
    }
    Ok(file)
}

fn close_file(rt: &mut Isolate, w: Word) -> PyResult {
    let Some(mut file) = try_native::<File>(rt, w) else {
        return Err(wrong_type(rt, "close-file", "the handle of a file", w));
    };
    if file.close() {
        return Ok(Owned::NONE);
    }
    let (path, errno) = (file.path.clone(), last_errno());
    Err(failed(rt, "close-file", &path, errno))
}

/// Everything from where the file stands to its end.
fn read_all(rt: &mut Isolate, fd: i32, path: &str) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        out.reserve(1 << 13);
        let spare = out.spare_capacity_mut();
        // SAFETY: reads go into the vector's own spare room, of which so much is initialised then.
        let n = unsafe { libc::read(fd, spare.as_mut_ptr().cast(), spare.len()) };
        match n {
            0 => return Ok(out),
            // SAFETY: see above.
            1.. => unsafe { out.set_len(out.len() + n as usize) },
            _ => match last_errno() {
                libc::EINTR => rt.poll()?,
                errno => return Err(failed(rt, "read-file", path, errno)),
            },
        }
    }
}

fn read_from(rt: &mut Isolate, fd: i32, is_binary: bool, path: &str) -> PyResult {
    let bytes = read_all(rt, fd, path)?;
    if is_binary {
        return Ok(rt.new_bytes(&bytes));
    }
    match core::str::from_utf8(&bytes) {
        Ok(text) => Ok(rt.new_str(text)),
        Err(_) => Err(refused(rt, "read-file", path, "the text is not UTF-8")),
    }
}

fn read_file(rt: &mut Isolate, from: Word) -> PyResult {
    if kind_of(rt, from) == Kind::String {
        let file = open(rt, from, b"r", "read-file")?;
        return read_from(rt, file.fd, false, &file.path);
    }
    let file = file_of(rt, from, "read-file")?;
    let path = file.path.clone();
    read_from(rt, file.fd, file.is_binary, &path)
}

fn write_all(rt: &mut Isolate, fd: i32, mut bytes: &[u8], path: &str, operation: &str) -> PyResult {
    while !bytes.is_empty() {
        // SAFETY: the bytes are readable.
        match unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } {
            n @ 0.. => bytes = &bytes[n as usize..],
            _ => match last_errno() {
                libc::EINTR => rt.poll()?,
                errno => return Err(failed(rt, operation, path, errno)),
            },
        }
    }
    Ok(Owned::NONE)
}

/// What is written: text to a text file, bytes to one of bytes, either to a path.
fn content<'a>(rt: &mut Isolate, w: Word, is_binary: Option<bool>, operation: &str) -> PyResult<&'a [u8]> {
    match (kind_of(rt, w), is_binary) {
        (Kind::String, None | Some(false)) => Ok(str_bytes(w)),
        (Kind::Bytes, None | Some(true)) => Ok(bytes_slice(w)),
        (_, Some(true)) => Err(wrong_type(rt, operation, "bytes", w)),
        _ => Err(wrong_type(rt, operation, "a string", w)),
    }
}

/// To a handle text is added at its place in either case.
fn write_file(rt: &mut Isolate, to: Word, what: Word, mode: &[u8], operation: &str) -> PyResult {
    if kind_of(rt, to) == Kind::String {
        let bytes = content(rt, what, None, operation)?;
        let mut file = open(rt, to, mode, operation)?;
        write_all(rt, file.fd, bytes, &file.path, operation)?;
        if file.close() {
            return Ok(Owned::NONE);
        }
        return Err(failed(rt, operation, &file.path, last_errno()));
    }
    let file = file_of(rt, to, operation)?;
    let bytes = content(rt, what, Some(file.is_binary), operation)?;
    let path = file.path.clone();
    write_all(rt, file.fd, bytes, &path, operation)
}

/// A call of the C library on a path that gives zero when it succeeds.
fn on_path(rt: &mut Isolate, w: Word, operation: &str, call: impl FnOnce(&CStr) -> i32) -> PyResult {
    let path = path_of(rt, w, operation)?;
    if call(&path) == 0 {
        return Ok(Owned::NONE);
    }
    let errno = last_errno();
    Err(failed(rt, operation, &str_text(w), errno))
}

fn file_exists(rt: &mut Isolate, w: Word) -> PyResult {
    let path = path_of(rt, w, "file-exists?")?;
    // SAFETY: a C string goes in.
    Ok(Owned::from_bool(unsafe { libc::access(path.as_ptr(), libc::F_OK) } == 0))
}

/// Names of the entries of a folder, in order.
fn list_folder(rt: &mut Isolate, w: Word) -> PyResult {
    let path = path_of(rt, w, "list-dir")?;
    // SAFETY: a C string goes in.
    let folder = unsafe { libc::opendir(path.as_ptr()) };
    if folder.is_null() {
        let errno = last_errno();
        return Err(failed(rt, "list-dir", &str_text(w), errno));
    }
    let mut names = Vec::new();
    // SAFETY: this thread alone uses the stream and closes it once; a name is copied before the next read.
    unsafe {
        while let Some(entry) = libc::readdir(folder).as_ref() {
            let name = CStr::from_ptr(entry.d_name.as_ptr()).to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        libc::closedir(folder);
    }
    names.sort();
    let names = names.iter().map(|n| rt.new_str_os(n)).collect();
    Ok(list::from_vec(rt, names))
}

fn working_folder(rt: &mut Isolate) -> PyResult {
    let mut buffer = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the buffer has the length given.
    if unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) }.is_null() {
        let errno = last_errno();
        return Err(failed(rt, "cwd", ".", errno));
    }
    let path = CStr::from_bytes_until_nul(&buffer).expect("the C library writes a C string");
    Ok(rt.new_str_os(path.to_bytes()))
}

/// Whether an operation on a path, or on an open file by its path, is denied.
fn is_denied(
    rt: &mut Isolate,
    capability: &str,
    operation: &str,
    w: Word,
    of: fn(&'static [u8]) -> Subject<'static>,
) -> bool {
    let subject = match try_native::<File>(rt, w) {
        Some(file) => return denied_path(rt, capability, operation, Subject::File(file.path.clone().as_bytes())),
        None if kind_of(rt, w) == Kind::String => of(str_bytes(w)),
        None => Subject::Nothing,
    };
    denied_path(rt, capability, operation, subject)
}

/// What opening a file in a mode needs; an unknown mode is refused afterwards.
fn open_capability(args: &[Word]) -> &'static str {
    let writes = args.get(1).is_some_and(|&mode| !mode.is_small() && str_text(mode).starts_with(['w', 'a']));
    if writes { "io.write" } else { "io.read" }
}

entries! {
    cl_open_file(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, open_capability(words(args, n)), "io:open-file", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        ret(open_file(rt, words(args, n)))
    }
    cl_close_file(rt, args: *const Word, n: u64) -> Ret { ret(close_file(rt, words(args, n)[0])) }
    cl_read_file(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.read", "io:read-file", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        ret(read_file(rt, words(args, n)[0]))
    }
    cl_write_file(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.write", "io:write-file", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        let args = words(args, n);
        ret(write_file(rt, args[0], args[1], b"w", "write-file"))
    }
    cl_append_file(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.write", "io:append-file", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        let args = words(args, n);
        ret(write_file(rt, args[0], args[1], b"a", "append-file"))
    }
    cl_file_exists(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.read", "io:file-exists?", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        ret(file_exists(rt, words(args, n)[0]))
    }
    cl_delete_file(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.delete", "io:delete-file", words(args, n)[0], Subject::Entry) {
            return Ret::ERR;
        }
        // SAFETY: a C string goes in. An empty folder goes, too.
        ret(on_path(rt, words(args, n)[0], "delete-file", |path| unsafe { libc::remove(path.as_ptr()) }))
    }
    cl_list_dir(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.read", "io:list-dir", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        ret(list_folder(rt, words(args, n)[0]))
    }
    cl_make_dir(rt, args: *const Word, n: u64) -> Ret {
        if is_denied(rt, "io.write", "io:make-dir", words(args, n)[0], Subject::File) {
            return Ret::ERR;
        }
        // SAFETY: a C string goes in.
        ret(on_path(rt, words(args, n)[0], "make-dir", |path| unsafe { libc::mkdir(path.as_ptr(), 0o777) }))
    }
    cl_cwd(rt, _args: *const Word, _n: u64) -> Ret {
        if denied(rt, "env", "io:cwd") {
            return Ret::ERR;
        }
        ret(working_folder(rt))
    }
}
