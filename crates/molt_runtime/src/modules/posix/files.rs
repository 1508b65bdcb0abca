//! Open descriptors and directory listings.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::Word;

use super::{Target, check, dir_arg, done, failed, follow_flags, int_arg, native_text, param};
use crate::api::native;
use crate::modules::io::file::{last_errno, retrying};
use crate::native::{ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::text::buffer;
use crate::{Isolate, Owned, PyResult};

const FD: &str = "($module, fd, /)";
const SELF: &str = "($self, /)";

pub static FUNCTIONS: &[NativeDef] = &[
    def("open", "($module, /, path, flags, mode=511, *, dir_fd=None)", |rt, a| {
        let (path, flags) = (param("open").path(rt, a[0])?, int_arg(rt, a[1])?);
        let mode = if a[2].is_unbound() { 0o777 } else { int_arg(rt, a[2])? };
        let dir = dir_arg(rt, a[3])?;
        // SAFETY: a C string.
        match retrying(rt, || unsafe { libc::openat(dir, path.as_ptr(), flags | libc::O_CLOEXEC, mode) as isize })? {
            Ok(fd) => Ok(Owned::small(fd as i64)),
            Err(code) => Err(rt.os_error(code, Some(a[0]))),
        }
    }),
    def("close", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::close(fd) };
        done(rt, r, None)
    }),
    def("read", "($module, fd, length, /)", |rt, a| {
        let (fd, n) = (int_arg(rt, a[0])?, rt.to_i64(a[1], "int")?);
        let Ok(n) = usize::try_from(n) else { return Err(rt.os_error(libc::EINVAL, None)) };
        let mut buffer = vec![0u8; n.min(1 << 30)];
        // SAFETY: the buffer has the length given.
        match retrying(rt, || unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) })? {
            Ok(n) => Ok(rt.new_bytes(&buffer[..n])),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("write", "($module, fd, data, /)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        let bytes = stable_bytes(rt, a[1])?;
        rt.flush_across();
        // SAFETY: pointer and length describe the bytes, which nothing changes during the call.
        match retrying(rt, || unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })? {
            Ok(n) => Ok(rt.new_int(n as i64)),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("pread", "($module, fd, length, offset, /)", |rt, a| {
        let (fd, n, at) = (int_arg(rt, a[0])?, rt.to_i64(a[1], "int")?, rt.to_i64(a[2], "int")?);
        let Ok(n) = usize::try_from(n) else { return Err(rt.os_error(libc::EINVAL, None)) };
        let mut buffer = vec![0u8; n.min(1 << 30)];
        // SAFETY: the buffer has the length given.
        match retrying(rt, || unsafe { libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), at) })? {
            Ok(n) => Ok(rt.new_bytes(&buffer[..n])),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("pwrite", "($module, fd, buffer, offset, /)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        let at = rt.to_i64(a[2], "int")?;
        let bytes = stable_bytes(rt, a[1])?;
        // SAFETY: as for `write`.
        match retrying(rt, || unsafe { libc::pwrite(fd, bytes.as_ptr().cast(), bytes.len(), at) })? {
            Ok(n) => Ok(rt.new_int(n as i64)),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("sendfile", "($module, /, out_fd, in_fd, offset, count)", |rt, a| {
        let (to, from) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        let mut at = if a[2].is_none() { None } else { Some(rt.to_i64(a[2], "int")?) };
        let n = rt.to_i64_clamped(a[3])?.max(0) as usize;
        let place = at.as_mut().map_or(core::ptr::null_mut(), |at| &raw mut *at);
        // SAFETY: the offset is null or a local variable.
        match retrying(rt, || unsafe { libc::sendfile(to, from, place, n) })? {
            Ok(n) => Ok(rt.new_int(n as i64)),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("lseek", "($module, fd, position, how, /)", |rt, a| {
        let (fd, at, how) = (int_arg(rt, a[0])?, rt.to_i64(a[1], "int")?, int_arg(rt, a[2])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::lseek(fd, at, how) };
        if r < 0 { Err(failed(rt, None)) } else { Ok(rt.new_int(r)) }
    }),
    def("ftruncate", "($module, fd, length, /)", |rt, a| {
        let (fd, length) = (int_arg(rt, a[0])?, rt.to_i64(a[1], "int")?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::ftruncate(fd, length) };
        done(rt, r, None)
    }),
    def("fsync", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fsync(fd) };
        done(rt, r, None)
    }),
    def("fdatasync", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fdatasync(fd) };
        done(rt, r, None)
    }),
    def("closerange", "($module, fd_low, fd_high, /)", |rt, a| {
        for fd in int_arg(rt, a[0])?.max(0)..int_arg(rt, a[1])? {
            // SAFETY: no memory is involved; failures are ignored, as documented.
            unsafe { libc::close(fd) };
        }
        Ok(Owned::NONE)
    }),
    def("lockf", "($module, fd, command, length, /)", |rt, a| {
        let (fd, command, length) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?, rt.to_i64(a[2], "int")?);
        // SAFETY: no memory is involved.
        match retrying(rt, || unsafe { libc::lockf(fd, command, length) as isize })? {
            Ok(_) => Ok(Owned::NONE),
            Err(code) => Err(rt.os_error(code, None)),
        }
    }),
    def("dup", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        check(rt, r, None).map(|n| Owned::small(i64::from(n)))
    }),
    def("dup2", "($module, /, fd, fd2, inheritable=True)", |rt, a| {
        let (from, to) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        let inheritable = a[2].is_unbound() || rt.truth(a[2])?;
        let flags = if inheritable || from == to { 0 } else { libc::O_CLOEXEC };
        // SAFETY: no memory is involved.
        let r = unsafe { if flags == 0 { libc::dup2(from, to) } else { libc::dup3(from, to, flags) } };
        check(rt, r, None).map(|n| Owned::small(i64::from(n)))
    }),
    def("pipe", "($module, /)", |rt, _| pipe(rt, libc::O_CLOEXEC)),
    def("pipe2", "($module, flags, /)", |rt, a| {
        let flags = int_arg(rt, a[0])?;
        pipe(rt, flags)
    }),
    def("isatty", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        Ok(Owned::from_bool(unsafe { libc::isatty(fd) } == 1))
    }),
    def("get_inheritable", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        check(rt, flags, None).map(|f| Owned::from_bool(f & libc::FD_CLOEXEC == 0))
    }),
    def("set_inheritable", "($module, fd, inheritable, /)", |rt, a| {
        let (fd, inheritable) = (int_arg(rt, a[0])?, rt.truth(a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fcntl(fd, libc::F_SETFD, if inheritable { 0 } else { libc::FD_CLOEXEC }) };
        done(rt, r, None)
    }),
    def("get_blocking", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
        check(rt, flags, None).map(|f| Owned::from_bool(f & libc::O_NONBLOCK == 0))
    }),
    def("set_blocking", "($module, fd, blocking, /)", |rt, a| {
        let (fd, blocking) = (int_arg(rt, a[0])?, rt.truth(a[1])?);
        // SAFETY: no memory is involved.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
        let flags = check(rt, flags, None)?;
        let flags = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fcntl(fd, libc::F_SETFL, flags) };
        done(rt, r, None)
    }),
    def("device_encoding", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        Ok(if unsafe { libc::isatty(fd) } == 1 { rt.new_str("UTF-8") } else { Owned::NONE })
    }),
    def("ttyname", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        let mut buffer = vec![0 as libc::c_char; 4096];
        // SAFETY: the buffer has the length given, and holds a C string when the call succeeds.
        let name = unsafe {
            match libc::ttyname_r(fd, buffer.as_mut_ptr(), buffer.len()) {
                0 => CStr::from_ptr(buffer.as_ptr()).to_bytes().to_vec(),
                code => return Err(rt.os_error(code, None)),
            }
        };
        Ok(rt.new_str_os(&name))
    }),
    def("listdir", "($module, /, path=None)", |rt, a| {
        let as_bytes = rt.is_bytes(a[0]);
        let folder = param("listdir").or_descriptor().or_none().target(rt, a[0])?;
        let entries = read_directory(rt, &folder, a[0])?;
        let names = entries.iter().map(|e| native_text(rt, &e.name, as_bytes)).collect();
        Ok(rt.new_list(names))
    }),
    def("scandir", "($module, /, path=None)", scandir),
];

/// Bytes of a bytes-like argument, copied when a signal handler could change them during the call.
fn stable_bytes<'a>(rt: &mut Isolate, w: Word) -> PyResult<Cow<'a, [u8]>> {
    let bytes = buffer::required(rt, w)?;
    Ok(if rt.is_bytes(w) { bytes } else { Cow::Owned(bytes.into_owned()) })
}

fn pipe(rt: &mut Isolate, flags: i32) -> PyResult {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    let r = unsafe { libc::pipe2(ends.as_mut_ptr(), flags) };
    check(rt, r, None)?;
    Ok(rt.new_tuple(ends.iter().map(|&fd| Owned::small(i64::from(fd))).collect()))
}

/// An entry of a directory: name, kind (`d_type`) and inode.
struct Found {
    name: Vec<u8>,
    kind: u8,
    inode: u64,
}

/// Opens the stream of a directory. A descriptor is duplicated, since the stream closes its own.
fn open_directory(rt: &mut Isolate, folder: &Target, shown: Word) -> PyResult<*mut libc::DIR> {
    let shown = if matches!(folder, Target::Here) { None } else { Some(shown) };
    // SAFETY: C strings, and a descriptor that the stream takes over or that is closed here.
    let dir = unsafe {
        match folder {
            Target::Here => libc::opendir(c".".as_ptr()),
            Target::Path(path) => libc::opendir(path.as_ptr()),
            Target::Descriptor(fd) => {
                let copy = libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, 0);
                check(rt, copy, shown)?;
                let dir = libc::fdopendir(copy);
                if dir.is_null() {
                    let code = last_errno();
                    libc::close(copy);
                    return Err(rt.os_error(code, shown));
                }
                libc::rewinddir(dir);
                dir
            }
        }
    };
    if dir.is_null() { Err(failed(rt, shown)) } else { Ok(dir) }
}

fn read_directory(rt: &mut Isolate, folder: &Target, shown: Word) -> PyResult<Vec<Found>> {
    let dir = open_directory(rt, folder, shown)?;
    let mut entries = Vec::new();
    // SAFETY: the directory stream is used by this thread alone and closed once; entries are copied before
    // the next read.
    unsafe {
        loop {
            let entry = libc::readdir(dir);
            if entry.is_null() {
                break;
            }
            let name = CStr::from_ptr((*entry).d_name.as_ptr()).to_bytes();
            if name != b"." && name != b".." {
                entries.push(Found { name: name.to_vec(), kind: (*entry).d_type, inode: (*entry).d_ino });
            }
        }
        libc::closedir(dir);
    }
    Ok(entries)
}

/// State of `os.scandir(…)`: entries not yet given out, last first.
struct Scan {
    entries: Vec<Owned>,
}

impl NativeData for Scan {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.entries.iter().for_each(|e| visit(e.word()));
    }
    fn clear(&mut self) {
        self.entries.clear();
    }
}

static SCAN: ClassSpec = ClassSpec::new("posix", "ScandirIterator")
    .methods(&[
        def("__iter__", SELF, crate::iter::self_iter),
        def("__next__", SELF, crate::iter::self_next),
        def("close", SELF, close_scan),
        def("__enter__", SELF, |_, a| Ok(Owned::share(a[0]))),
        def("__exit__", "($self, /, *args)", close_scan),
    ])
    .next(|_, this| Ok(native::<Scan>(this).entries.pop()))
    .flags(ClassSpec::NO_NEW);

fn close_scan(_: &mut Isolate, a: &[Word]) -> PyResult {
    let gone = core::mem::take(&mut native::<Scan>(a[0]).entries);
    drop(gone);
    Ok(Owned::NONE)
}

fn scandir(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let as_bytes = rt.is_bytes(a[0]);
    let folder = param("scandir").or_descriptor().or_none().target(rt, a[0])?;
    let (prefix, dir) = match &folder {
        Target::Here => (b"./".to_vec(), libc::AT_FDCWD),
        Target::Descriptor(fd) => (Vec::new(), *fd),
        Target::Path(path) => {
            let slash: &[u8] = if path.as_bytes().ends_with(b"/") { b"" } else { b"/" };
            ([path.as_bytes(), slash].concat(), libc::AT_FDCWD)
        }
    };
    let class = rt.class_for(&DIR_ENTRY);
    let mut entries = Vec::new();
    for Found { name, kind, inode } in read_directory(rt, &folder, a[0])? {
        let path = [&prefix[..], &name].concat();
        let shown = native_text(rt, &path, as_bytes);
        let name = native_text(rt, &name, as_bytes);
        let path = CString::new(path).expect("file names have no null byte");
        entries.push(rt.new_native(class, Box::new(DirEntry { name, shown, path, dir, kind, inode })));
    }
    entries.reverse();
    let class = rt.class_for(&SCAN);
    Ok(rt.new_native(class, Box::new(Scan { entries })))
}

/// State of an `os.DirEntry`.
struct DirEntry {
    name: Owned,
    /// Path as the program sees it.
    shown: Owned,
    path: CString,
    /// Descriptor that the path starts from.
    dir: i32,
    /// `d_type` of the entry.
    kind: u8,
    inode: u64,
}

impl NativeData for DirEntry {}

pub static DIR_ENTRY: ClassSpec = ClassSpec::new("posix", "DirEntry")
    .methods(&[
        def("is_dir", "($self, /, *, follow_symlinks=True)", |rt, a| is_kind(rt, a, libc::DT_DIR, libc::S_IFDIR)),
        def("is_file", "($self, /, *, follow_symlinks=True)", |rt, a| is_kind(rt, a, libc::DT_REG, libc::S_IFREG)),
        def("is_symlink", SELF, |rt, a| {
            let e = native::<DirEntry>(a[0]);
            if e.kind != libc::DT_UNKNOWN {
                return Ok(Owned::from_bool(e.kind == libc::DT_LNK));
            }
            Ok(Owned::from_bool(mode_of(rt, a[0], false)?.is_some_and(|m| m & libc::S_IFMT == libc::S_IFLNK)))
        }),
        def("is_junction", SELF, |_, _| Ok(Owned::from_bool(false))),
        def("inode", SELF, |rt, a| {
            let inode = native::<DirEntry>(a[0]).inode;
            Ok(rt.new_int(inode as i64))
        }),
        def("stat", "($self, /, *, follow_symlinks=True)", |rt, a| {
            let flags = follow_flags(rt, a[1])?;
            let e = native::<DirEntry>(a[0]);
            let (path, shown, dir) = (e.path.clone(), e.shown.clone(), e.dir);
            super::stat::of_path(rt, dir, &path, shown.word(), flags)
        }),
        def("__fspath__", SELF, |_, a| Ok(native::<DirEntry>(a[0]).shown.clone())),
        def("__repr__", SELF, |rt, a| {
            let name = native::<DirEntry>(a[0]).name.clone();
            let text = rt.repr_text(name.word())?;
            Ok(rt.new_str(&format!("<DirEntry {text}>")))
        }),
    ])
    .getset(ENTRY_GETSET)
    .flags(ClassSpec::NO_NEW | ClassSpec::GENERIC);

static ENTRY_GETSET: &[GetSetDef] = &[
    getter("name", |_, this| Ok(native::<DirEntry>(this).name.clone())),
    getter("path", |_, this| Ok(native::<DirEntry>(this).shown.clone())),
];

/// Mode of an entry; `None` when it is gone.
fn mode_of(rt: &mut Isolate, this: Word, follow: bool) -> PyResult<Option<libc::mode_t>> {
    let e = native::<DirEntry>(this);
    // SAFETY: `stat` is plain data; the path is a C string.
    let (st, r) = unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        let r = libc::fstatat(e.dir, e.path.as_ptr(), &mut st, flags);
        (st, r)
    };
    if r == 0 {
        return Ok(Some(st.st_mode));
    }
    if last_errno() == libc::ENOENT {
        return Ok(None);
    }
    let shown = e.shown.clone();
    Err(failed(rt, Some(shown.word())))
}

fn is_kind(rt: &mut Isolate, a: &[Word], kind: u8, mode: libc::mode_t) -> PyResult {
    let follow = a[1].is_unbound() || rt.truth(a[1])?;
    let known = native::<DirEntry>(a[0]).kind;
    if known != libc::DT_UNKNOWN && (known != libc::DT_LNK || !follow) {
        return Ok(Owned::from_bool(known == kind));
    }
    Ok(Owned::from_bool(mode_of(rt, a[0], follow)?.is_some_and(|m| m & libc::S_IFMT == mode)))
}
