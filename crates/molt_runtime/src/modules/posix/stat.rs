//! `stat` and `statvfs` with their results.

use alloc::ffi::CString;
use alloc::vec::Vec;

use molt_abi::Word;

use super::{PathParam, Target, check, dir_arg, follow_flags, int_arg, param};
use crate::native::{NativeDef, def};
use crate::structseq::StructSeq;
use crate::{Isolate, Owned, PyResult};

pub static STAT_RESULT: StructSeq = StructSeq::new(
    "os",
    "stat_result",
    &["st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "_st_atime", "_st_mtime", "_st_ctime"],
    &[
        "st_atime",
        "st_mtime",
        "st_ctime",
        "st_atime_ns",
        "st_mtime_ns",
        "st_ctime_ns",
        "st_blksize",
        "st_blocks",
        "st_rdev",
    ],
);

pub static STATVFS_RESULT: StructSeq = StructSeq::new(
    "os",
    "statvfs_result",
    &[
        "f_bsize",
        "f_frsize",
        "f_blocks",
        "f_bfree",
        "f_bavail",
        "f_files",
        "f_ffree",
        "f_favail",
        "f_flag",
        "f_namemax",
    ],
    &["f_fsid"],
);

pub static FUNCTIONS: &[NativeDef] = &[
    def("stat", "($module, /, path, *, dir_fd=None, follow_symlinks=True)", |rt, a| {
        let parameter = param("stat").or_descriptor();
        let target = parameter.target(rt, a[0])?;
        let (dir, flags) = (dir_arg(rt, a[1])?, follow_flags(rt, a[2])?);
        match target {
            Target::Descriptor(fd) => {
                parameter.without_directory(rt, dir)?;
                of_descriptor(rt, fd, Some(a[0]))
            }
            Target::Path(path) => of_path(rt, dir, &path, a[0], flags),
            Target::Here => unreachable!("the parameter is required"),
        }
    }),
    def("lstat", "($module, /, path, *, dir_fd=None)", |rt, a| {
        let path = param("lstat").path(rt, a[0])?;
        let dir = dir_arg(rt, a[1])?;
        of_path(rt, dir, &path, a[0], libc::AT_SYMLINK_NOFOLLOW)
    }),
    def("fstat", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        of_descriptor(rt, fd, None)
    }),
    def("statvfs", "($module, /, path)", |rt, a| file_system(rt, param("statvfs").or_descriptor(), a[0])),
    def("fstatvfs", "($module, fd, /)", |rt, a| file_system(rt, param("fstatvfs").or_descriptor(), a[0])),
];

/// Result for a path below a directory; `shown` is the file name of an error.
pub fn of_path(rt: &mut Isolate, dir: i32, path: &CString, shown: Word, flags: i32) -> PyResult {
    // SAFETY: `stat` is plain data; the path is a C string.
    let (st, r) = unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        let r = libc::fstatat(dir, path.as_ptr(), &mut st, flags);
        (st, r)
    };
    check(rt, r, Some(shown))?;
    Ok(result(rt, &st))
}

fn file_system(rt: &mut Isolate, parameter: PathParam, w: Word) -> PyResult {
    let target = parameter.target(rt, w)?;
    // SAFETY: `statvfs` is plain data, and the path a C string.
    let (st, r) = unsafe {
        let mut st: libc::statvfs = core::mem::zeroed();
        let r = match &target {
            Target::Path(path) => libc::statvfs(path.as_ptr(), &mut st),
            Target::Descriptor(fd) => libc::fstatvfs(*fd, &mut st),
            Target::Here => unreachable!("the parameter is required"),
        };
        (st, r)
    };
    check(rt, r, if matches!(target, Target::Path(_)) { Some(w) } else { None })?;
    let numbers = [
        st.f_bsize,
        st.f_frsize,
        st.f_blocks,
        st.f_bfree,
        st.f_bavail,
        st.f_files,
        st.f_ffree,
        st.f_favail,
        st.f_flag,
        st.f_namemax,
        st.f_fsid,
    ];
    let mut items: Vec<Owned> = numbers.iter().map(|&n| rt.new_int(n as i64)).collect();
    let hidden = items.split_off(10);
    Ok(rt.new_struct_seq(&STATVFS_RESULT, items, hidden))
}

fn of_descriptor(rt: &mut Isolate, fd: i32, shown: Option<Word>) -> PyResult {
    // SAFETY: `stat` is plain data.
    let (st, r) = unsafe {
        let mut st: libc::stat = core::mem::zeroed();
        let r = libc::fstat(fd, &mut st);
        (st, r)
    };
    check(rt, r, shown)?;
    Ok(result(rt, &st))
}

fn result(rt: &mut Isolate, st: &libc::stat) -> Owned {
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let numbers = [
        i64::from(st.st_mode),
        st.st_ino as i64,
        st.st_dev as i64,
        st.st_nlink as i64,
        i64::from(st.st_uid),
        i64::from(st.st_gid),
        st.st_size,
        times[0].0,
        times[1].0,
        times[2].0,
    ];
    let items = numbers.iter().map(|&n| rt.new_int(n)).collect();
    let mut hidden: Vec<Owned> = times.iter().map(|&(s, ns)| rt.new_float(s as f64 + 1e-9 * ns as f64)).collect();
    hidden.extend(times.iter().map(|&(s, ns)| rt.new_int(s * 1_000_000_000 + ns)));
    hidden.extend([st.st_blksize, st.st_blocks, st.st_rdev as i64].map(|n| rt.new_int(n)));
    rt.new_struct_seq(&STAT_RESULT, items, hidden)
}
