//! Open descriptors and directory listings.

use std::ffi::{CStr, CString};

use molt_abi::Word;

use super::{check, done, failed, int_arg, native_text};
use crate::api::{bytes_slice, native};
use crate::modules::io::file::{last_errno, path_arg, retrying};
use crate::native::{ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

const FD: &str = "($module, fd, /)";
const SELF: &str = "($self, /)";

pub static FUNCTIONS: &[NativeDef] = &[
    def("open", "($module, /, path, flags, mode=511, *, dir_fd=None)", |rt, a| {
        let (path, flags) = (path_arg(rt, a[0])?, int_arg(rt, a[1])?);
        let mode = if a[2].is_unbound() { 0o777 } else { int_arg(rt, a[2])? };
        // SAFETY: a C string.
        match retrying(rt, || unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) as isize })? {
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
        let data = if rt.is_bytes(a[1]) {
            Owned::share(a[1])
        } else {
            if rt.is_str(a[1]) {
                return Err(rt.type_error("a bytes-like object is required, not 'str'"));
            }
            rt.call(rt.class_word(molt_abi::ClassId::BYTES), &[a[1]])?
        };
        let bytes = bytes_slice(data.word());
        // SAFETY: pointer and length describe the bytes, which `data` keeps alive.
        match retrying(rt, || unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })? {
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
    def("dup", FD, |rt, a| {
        let fd = int_arg(rt, a[0])?;
        // SAFETY: no memory is involved.
        let r = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        check(rt, r, None).map(|n| Owned::small(i64::from(n)))
    }),
    def("dup2", "($module, /, fd, fd2, inheritable=True)", |rt, a| {
        let (from, to) = (int_arg(rt, a[0])?, int_arg(rt, a[1])?);
        // SAFETY: no memory is involved.
        let r = unsafe { libc::dup2(from, to) };
        check(rt, r, None).map(|n| Owned::small(i64::from(n)))
    }),
    def("pipe", "($module, /)", |rt, _| {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        let r = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
        check(rt, r, None)?;
        Ok(rt.new_tuple(ends.iter().map(|&fd| Owned::small(i64::from(fd))).collect()))
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
    def("listdir", "($module, /, path=None)", |rt, a| {
        let as_bytes = rt.is_bytes(a[0]);
        let entries = read_directory(rt, a[0])?;
        let names = entries.iter().map(|(name, _)| native_text(rt, name, as_bytes)).collect();
        Ok(rt.new_list(names))
    }),
    def("scandir", "($module, /, path=None)", scandir),
];

/// Names and kinds (`d_type`) of a directory's entries.
fn read_directory(rt: &mut Isolate, w: Word) -> PyResult<Vec<(Vec<u8>, u8)>> {
    let here = w.is_unbound() || w.is_none();
    let path = if here { c".".to_owned() } else { path_arg(rt, w)? };
    let mut entries = Vec::new();
    // SAFETY: the directory stream is used by this thread alone and closed once; entries are copied before
    // the next read.
    unsafe {
        let dir = libc::opendir(path.as_ptr());
        if dir.is_null() {
            return Err(failed(rt, if here { None } else { Some(w) }));
        }
        loop {
            let entry = libc::readdir(dir);
            if entry.is_null() {
                break;
            }
            let name = CStr::from_ptr((*entry).d_name.as_ptr()).to_bytes();
            if name != b"." && name != b".." {
                entries.push((name.to_vec(), (*entry).d_type));
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
    let gone = std::mem::take(&mut native::<Scan>(a[0]).entries);
    drop(gone);
    Ok(Owned::NONE)
}

fn scandir(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let as_bytes = rt.is_bytes(a[0]);
    let here = a[0].is_unbound() || a[0].is_none();
    let folder = if here { c".".to_owned() } else { path_arg(rt, a[0])? };
    let class = rt.class_for(&DIR_ENTRY);
    let mut entries = Vec::new();
    for (name, kind) in read_directory(rt, a[0])? {
        let mut path = folder.as_bytes().to_vec();
        if here {
            path.clear();
        } else if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(&name);
        let shown = native_text(rt, &path, as_bytes);
        let name = native_text(rt, &name, as_bytes);
        let path = CString::new(path).expect("file names have no null byte");
        entries.push(rt.new_native(class, Box::new(DirEntry { name, shown, path, kind })));
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
    /// `d_type` of the entry.
    kind: u8,
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
            let path = native::<DirEntry>(a[0]).path.clone();
            let st = super::stat::of_path(rt, &path, native::<DirEntry>(a[0]).shown.clone().word(), false)?;
            rt.getattr(st.word(), "st_ino")
        }),
        def("stat", "($self, /, *, follow_symlinks=True)", |rt, a| {
            let follow = a[1].is_unbound() || rt.truth(a[1])?;
            let e = native::<DirEntry>(a[0]);
            let (path, shown) = (e.path.clone(), e.shown.clone());
            super::stat::of_path(rt, &path, shown.word(), follow)
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
        let mut st: libc::stat = std::mem::zeroed();
        let r = if follow { libc::stat(e.path.as_ptr(), &mut st) } else { libc::lstat(e.path.as_ptr(), &mut st) };
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
