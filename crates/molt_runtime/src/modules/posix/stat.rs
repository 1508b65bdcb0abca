//! `stat` and its result.

use std::ffi::CString;

use molt_abi::Word;

use super::{Target, check, int_arg, target_arg};
use crate::modules::io::file::path_arg;
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

pub static FUNCTIONS: &[NativeDef] = &[
    def("stat", "($module, /, path, *, dir_fd=None, follow_symlinks=True)", |rt, a| {
        let follow = a[2].is_unbound() || rt.truth(a[2])?;
        of_word(rt, a[0], follow)
    }),
    def("lstat", "($module, /, path, *, dir_fd=None)", |rt, a| {
        let path = path_arg(rt, a[0])?;
        of_path(rt, &path, a[0], false)
    }),
    def("fstat", "($module, /, fd)", |rt, a| {
        let fd = int_arg(rt, a[0])?;
        of_descriptor(rt, fd)
    }),
];

fn of_word(rt: &mut Isolate, w: Word, follow: bool) -> PyResult {
    match target_arg(rt, w)? {
        Target::Path(path) => of_path(rt, &path, w, follow),
        Target::Descriptor(fd) => of_descriptor(rt, fd),
    }
}

/// Result for a path; `shown` is the file name of an error.
pub fn of_path(rt: &mut Isolate, path: &CString, shown: Word, follow: bool) -> PyResult {
    // SAFETY: `stat` is plain data; the path is a C string.
    let (st, r) = unsafe {
        let mut st: libc::stat = std::mem::zeroed();
        let r = if follow { libc::stat(path.as_ptr(), &mut st) } else { libc::lstat(path.as_ptr(), &mut st) };
        (st, r)
    };
    check(rt, r, Some(shown))?;
    Ok(result(rt, &st))
}

fn of_descriptor(rt: &mut Isolate, fd: i32) -> PyResult {
    // SAFETY: `stat` is plain data.
    let (st, r) = unsafe {
        let mut st: libc::stat = std::mem::zeroed();
        let r = libc::fstat(fd, &mut st);
        (st, r)
    };
    check(rt, r, None)?;
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
    hidden.extend([st.st_blksize as i64, st.st_blocks as i64, st.st_rdev as i64].map(|n| rt.new_int(n)));
    rt.new_struct_seq(&STAT_RESULT, items, hidden)
}
