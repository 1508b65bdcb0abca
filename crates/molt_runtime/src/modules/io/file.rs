//! `FileIO`: an unbuffered file descriptor.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use molt_abi::Word;

use super::base::{self, RAW_IO_BASE};
use super::unsupported;
use crate::api::{native, str_text};
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getset, getter};
use crate::text::buffer;
use crate::{Isolate, Owned, Place, PyResult, Raised};

pub static FILE_IO: ClassSpec = ClassSpec::new("_io", "FileIO")
    .base(BaseRef::Spec(&RAW_IO_BASE))
    .methods(METHODS)
    .getset(GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

/// State of a file. `fd` is negative when closed.
pub struct FileIo {
    pub fd: i32,
    readable: bool,
    writable: bool,
    appending: bool,
    created: bool,
    closefd: bool,
    name: Owned,
}

impl Default for FileIo {
    fn default() -> FileIo {
        FileIo {
            fd: -1,
            readable: false,
            writable: false,
            appending: false,
            created: false,
            closefd: true,
            name: Owned::NONE,
        }
    }
}

impl NativeData for FileIo {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.name.word());
    }
}

impl Drop for FileIo {
    fn drop(&mut self) {
        if self.fd >= 0 && self.closefd {
            // SAFETY: the descriptor is ours and is closed once.
            unsafe { libc::close(self.fd) };
        }
    }
}

impl FileIo {
    pub fn is_terminal(&self) -> bool {
        // SAFETY: isatty takes any number.
        unsafe { libc::isatty(self.fd) == 1 }
    }

    fn mode(&self) -> &'static str {
        match (self.created, self.appending, self.readable, self.writable) {
            (true, _, true, _) => "xb+",
            (true, ..) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, ..) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }
}

/// State of an object known to be a FileIO.
pub fn state(w: Word) -> Place<FileIo> {
    native::<FileIo>(w)
}

/// FileIO over a descriptor that stays open when the object goes.
pub fn for_descriptor(rt: &mut Isolate, fd: i32, readable: bool, name: Owned) -> Owned {
    let class = rt.class_for(&FILE_IO);
    let data = FileIo { fd, readable, writable: !readable, closefd: false, name, ..FileIo::default() };
    rt.new_native(class, Box::new(data))
}

/// The C library's error number.
pub fn last_errno() -> i32 {
    crate::host::last_errno()
}

fn failed(rt: &mut Isolate) -> Raised {
    rt.os_error(last_errno(), None)
}

/// Repeats a system call that a signal interrupted, running signal handlers in between.
pub fn retrying(rt: &mut Isolate, mut call: impl FnMut() -> isize) -> PyResult<Result<usize, i32>> {
    loop {
        let n = call();
        if n >= 0 {
            return Ok(Ok(n as usize));
        }
        match last_errno() {
            libc::EINTR => rt.poll()?,
            code => return Ok(Err(code)),
        }
    }
}

/// Writes all bytes to a descriptor; after an error `rest` is what was not written.
pub fn write_all(rt: &mut Isolate, fd: i32, rest: &mut &[u8]) -> PyResult<()> {
    if let Some(hooks) = rt.across.filter(|_| fd == 1) {
        (hooks.write)(rt, core::mem::take(rest));
        return Ok(());
    }
    while !rest.is_empty() {
        // SAFETY: the pointer and length describe `rest`.
        match retrying(rt, || unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) })? {
            Ok(n) => *rest = &rest[n..],
            Err(code) => return Err(rt.os_error(code, None)),
        }
    }
    Ok(())
}

/// Reads up to `out.len()` bytes; `None` when a non-blocking descriptor has nothing.
pub fn read_some(rt: &mut Isolate, fd: i32, out: &mut [u8]) -> PyResult<Option<usize>> {
    // SAFETY: the pointer and length describe `out`.
    match retrying(rt, || unsafe { libc::read(fd, out.as_mut_ptr().cast(), out.len()) })? {
        Ok(n) => Ok(Some(n)),
        Err(libc::EAGAIN) => Ok(None),
        Err(code) => Err(rt.os_error(code, None)),
    }
}

const SELF: &str = "($self, /)";

fn open_state(rt: &mut Isolate, w: Word) -> PyResult<Place<FileIo>> {
    let s = state(w);
    if s.fd < 0 { Err(rt.value_error("I/O operation on closed file")) } else { Ok(s) }
}

static GETSET: &[GetSetDef] = &[
    getter("closed", |_, w| Ok(Owned::from_bool(state(w).fd < 0))),
    getter("closefd", |_, w| Ok(Owned::from_bool(state(w).closefd))),
    getter("mode", |rt, w| Ok(rt.new_str(state(w).mode()))),
    getset(
        "name",
        |_, w| Ok(state(w).name.clone()),
        |_, w, v| {
            state(w).name = if v.is_unbound() { Owned::NONE } else { Owned::share(v) };
            Ok(())
        },
    ),
];

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::<FileIo>::default()))
    }),
    def("__init__", "($self, file, mode='r', closefd=True, opener=None)", file_init),
    def("__repr__", SELF, |rt, a| {
        let s = state(a[0]);
        if s.fd < 0 {
            return Ok(rt.new_str("<_io.FileIO [closed]>"));
        }
        let name = rt.repr_text(s.name.word())?;
        let closefd = if s.closefd { "True" } else { "False" };
        Ok(rt.new_str(&format!("<_io.FileIO name={name} mode='{}' closefd={closefd}>", s.mode())))
    }),
    def("readable", SELF, |rt, a| open_state(rt, a[0]).map(|s| Owned::from_bool(s.readable))),
    def("writable", SELF, |rt, a| open_state(rt, a[0]).map(|s| Owned::from_bool(s.writable))),
    def("seekable", SELF, |rt, a| {
        let fd = open_state(rt, a[0])?.fd;
        // SAFETY: lseek takes any descriptor.
        Ok(Owned::from_bool(unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) } >= 0))
    }),
    def("fileno", SELF, |rt, a| open_state(rt, a[0]).map(|s| Owned::small(i64::from(s.fd)))),
    def("isatty", SELF, |rt, a| open_state(rt, a[0]).map(|s| Owned::from_bool(s.is_terminal()))),
    def("close", SELF, |rt, a| {
        close(rt, a[0])?;
        Ok(Owned::NONE)
    }),
    def("read", "($self, size=-1, /)", |rt, a| {
        let size = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        let piece = if size < 0 { read_all(rt, a[0])? } else { read(rt, a[0], size as usize)? };
        Ok(match piece {
            Some(bytes) => rt.new_bytes(&bytes),
            None => Owned::NONE,
        })
    }),
    def("readall", SELF, |rt, a| {
        let piece = read_all(rt, a[0])?;
        Ok(match piece {
            Some(bytes) => rt.new_bytes(&bytes),
            None => Owned::NONE,
        })
    }),
    def("readinto", "($self, buffer, /)", |rt, a| base::read_into(rt, a, "read")),
    def("write", "($self, b, /)", |rt, a| {
        let s = open_state(rt, a[0])?;
        if !s.writable {
            return Err(unsupported(rt, "File not open for writing"));
        }
        let fd = s.fd;
        let bytes = buffer::required(rt, a[1])?;
        rt.flush_across();
        // SAFETY: the pointer and length describe `bytes`.
        match retrying(rt, || unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })? {
            Ok(n) => Ok(Owned::small(n as i64)),
            Err(libc::EAGAIN) => Ok(Owned::NONE),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("seek", "($self, pos, whence=0, /)", |rt, a| {
        let whence = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "int")? };
        let offset = rt.to_i64(a[1], "ssize_t")?;
        let at = seek(rt, a[0], offset, whence as i32)?;
        Ok(rt.new_int(at))
    }),
    def("tell", SELF, |rt, a| {
        let at = seek(rt, a[0], 0, libc::SEEK_CUR)?;
        Ok(rt.new_int(at))
    }),
    def("truncate", "($self, size=None, /)", |rt, a| {
        let s = open_state(rt, a[0])?;
        if !s.writable {
            return Err(unsupported(rt, "File not open for writing"));
        }
        let size = if a[1].is_unbound() || a[1].is_none() {
            seek(rt, a[0], 0, libc::SEEK_CUR)?
        } else {
            rt.to_i64(a[1], "ssize_t")?
        };
        // SAFETY: plain system call.
        if unsafe { libc::ftruncate(state(a[0]).fd, size) } < 0 {
            return Err(failed(rt));
        }
        Ok(rt.new_int(size))
    }),
];

/// Closes the descriptor if the object owns it.
pub fn close(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let mut s = state(w);
    let fd = core::mem::replace(&mut s.fd, -1);
    if fd >= 0 && s.closefd {
        // SAFETY: the descriptor is ours and is closed once.
        if unsafe { libc::close(fd) } < 0 && last_errno() != libc::EINTR {
            return Err(failed(rt));
        }
    }
    Ok(())
}

pub fn seek(rt: &mut Isolate, w: Word, offset: i64, whence: i32) -> PyResult<i64> {
    let fd = open_state(rt, w)?.fd;
    // SAFETY: plain system call.
    let at = unsafe { libc::lseek(fd, offset, whence) };
    if at < 0 { Err(failed(rt)) } else { Ok(at) }
}

/// Up to `size` bytes; `None` when nothing is there yet.
pub fn read(rt: &mut Isolate, w: Word, size: usize) -> PyResult<Option<Vec<u8>>> {
    let s = open_state(rt, w)?;
    if !s.readable {
        return Err(unsupported(rt, "File not open for reading"));
    }
    let fd = s.fd;
    rt.check_room(Some(size))?;
    let mut out = vec![0; size];
    let n = read_some(rt, fd, &mut out)?;
    Ok(n.map(|n| {
        out.truncate(n);
        out
    }))
}

/// Everything up to the end of the file.
pub fn read_all(rt: &mut Isolate, w: Word) -> PyResult<Option<Vec<u8>>> {
    let s = open_state(rt, w)?;
    if !s.readable {
        return Err(unsupported(rt, "File not open for reading"));
    }
    let fd = s.fd;
    let mut out = Vec::new();
    let mut chunk = file_size(fd).map_or(super::BUFFER_SIZE, |n| n as usize + 1).clamp(super::BUFFER_SIZE, 1 << 24);
    loop {
        let start = out.len();
        out.resize(start + chunk, 0);
        let n = read_some(rt, fd, &mut out[start..])?;
        out.truncate(start + n.unwrap_or(0));
        match n {
            None if out.is_empty() => return Ok(None),
            None | Some(0) => return Ok(Some(out)),
            Some(_) => chunk = chunk.max(out.len() / 2),
        }
    }
}

fn file_size(fd: i32) -> Option<i64> {
    // SAFETY: `stat` is plain data, and fstat fills it.
    unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        (libc::fstat(fd, &mut st) == 0).then_some(st.st_size)
    }
}

/// Path argument as a C string: str, bytes or path-like.
pub fn path_arg(rt: &mut Isolate, w: Word) -> PyResult<CString> {
    let converted;
    let mut w = w;
    if !rt.is_str(w) && !rt.is_bytes(w) {
        let Some(method) = rt.lookup_special(w, crate::names::Name::FSPATH) else {
            let name = rt.type_name(w);
            return Err(rt.type_error(format!("expected str, bytes or os.PathLike object, not {name}")));
        };
        converted = rt.call_special(method, w, &[])?;
        w = converted.word();
        if !rt.is_str(w) && !rt.is_bytes(w) {
            let name = rt.type_name(w);
            return Err(rt.type_error(format!("expected __fspath__() to return str or bytes, not {name}")));
        }
    }
    let bytes = if rt.is_str(w) {
        crate::text::codecs::encode(rt, w, crate::text::codecs::Encoding::Utf8, "surrogateescape")?
    } else {
        crate::api::bytes_slice(w).to_vec()
    };
    CString::new(bytes).map_err(|_| rt.value_error("embedded null byte"))
}

fn file_init(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (file, opener) = (a[1], a[4]);
    let mode = if a[2].is_unbound() { "r".to_owned() } else { str_text(a[2]).into_owned() };
    let closefd = a[3].is_unbound() || rt.truth(a[3])?;
    let kinds = mode.chars().filter(|c| "rwax".contains(*c)).count();
    if kinds != 1 || mode.chars().filter(|c| *c == '+').count() > 1 {
        return Err(rt.value_error("Must have exactly one of create/read/write/append mode and at most one plus"));
    }
    let (has, plus) = (|c| mode.contains(c), mode.contains('+'));
    let (readable, writable) = (has('r') || plus, !has('r') || plus);
    let mut flags = libc::O_CLOEXEC
        | match (readable, writable) {
            (true, true) => libc::O_RDWR,
            (false, true) => libc::O_WRONLY,
            _ => libc::O_RDONLY,
        };
    match () {
        () if has('w') => flags |= libc::O_CREAT | libc::O_TRUNC,
        () if has('a') => flags |= libc::O_CREAT | libc::O_APPEND,
        () if has('x') => flags |= libc::O_CREAT | libc::O_EXCL,
        () => {}
    }
    let fd = if rt.is_int(file) {
        let fd = rt.to_i64(file, "int")?;
        if fd < 0 {
            return Err(rt.value_error("negative file descriptor"));
        }
        fd as i32
    } else {
        if !closefd {
            return Err(rt.value_error("Cannot use closefd=False with file name"));
        }
        open_path(rt, file, flags, opener)?
    };
    let mut s = state(a[0]);
    *s = FileIo { fd, readable, writable, appending: has('a'), created: has('x'), closefd, name: Owned::share(file) };
    check_opened(rt, a[0], file)?;
    if has('a') {
        // SAFETY: plain system call; pipes refuse it, which does not matter.
        unsafe { libc::lseek(fd, 0, libc::SEEK_END) };
    }
    Ok(Owned::NONE)
}

fn open_path(rt: &mut Isolate, file: Word, flags: i32, opener: Word) -> PyResult<i32> {
    if !opener.is_unbound() && !opener.is_none() {
        let flags = rt.new_int(i64::from(flags));
        let fd = rt.call(opener, &[file, flags.word()])?;
        if !rt.is_int(fd.word()) {
            return Err(rt.type_error("expected integer from opener"));
        }
        let fd = rt.to_i64(fd.word(), "int")?;
        return if fd < 0 { Err(rt.value_error(format!("opener returned {fd}"))) } else { Ok(fd as i32) };
    }
    let path = path_arg(rt, file)?;
    // SAFETY: the path is a C string.
    match retrying(rt, || unsafe { libc::open(path.as_ptr(), flags, 0o666) } as isize)? {
        Ok(fd) => Ok(fd as i32),
        Err(code) => Err(rt.os_error(code, Some(file))),
    }
}

/// Refuses directories, which can be opened but not read.
fn check_opened(rt: &mut Isolate, w: Word, file: Word) -> PyResult<()> {
    let mut s = state(w);
    // SAFETY: `stat` is plain data, and fstat fills it.
    let (ok, is_dir) = unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        (libc::fstat(s.fd, &mut st) == 0, st.st_mode & libc::S_IFMT == libc::S_IFDIR)
    };
    let code = match (ok, is_dir) {
        (true, true) => libc::EISDIR,
        (false, _) if last_errno() == libc::EBADF => libc::EBADF,
        _ => return Ok(()),
    };
    let fd = core::mem::replace(&mut s.fd, -1);
    if code == libc::EISDIR && s.closefd && !rt.is_int(file) {
        // SAFETY: the descriptor was opened above.
        unsafe { libc::close(fd) };
    }
    Err(rt.os_error(code, Some(file)))
}
