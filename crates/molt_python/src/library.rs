//! The library's modules that are written in Python.
//!
//! Two carriers: own sources under `stdlib/`, and the reference library's own files from the crate
//! `rustpython-pylib` (PSF licence), which the build script embeds. Own sources win. Only modules that imports
//! reach are compiled.

use crate::Found;

/// `(dotted name, file name that tracebacks show, is a package, text)`.
type Entry = (&'static str, &'static str, bool, &'static str);

include!(concat!(env!("OUT_DIR"), "/library_table.rs"));


/// Modules that a program's own files cannot replace, as CPython freezes them.
const FROZEN: &[&str] =
    &["abc", "codecs", "io", "_collections_abc", "genericpath", "os", "os.path", "posixpath", "stat", "_sitebuiltins"];

/// The library module of this name.
pub fn find(dotted: &str) -> Option<Found> {
    let at = LIBRARY.binary_search_by_key(&dotted, |e| e.0).ok()?;
    let (_, file, is_package, text) = LIBRARY[at];
    Some(Found { source: text.as_bytes().to_vec(), filename: format!("<library>/{file}"), is_package })
}

/// Modules that library functions import for rare uses: they do not pull them into a program.
const OPTIONAL: &[&str] =
    &["annotationlib", "argparse", "ast", "doctest", "inspect", "re", "statistics", "subprocess", "typing", "warnings"];

/// Whether an import in a library function does not make the module part of the program.
pub fn is_optional(dotted: &str) -> bool {
    OPTIONAL.contains(&dotted)
}

/// Module that a second name stands for: its package puts it into `sys.modules` under that name.
pub fn alias(dotted: &str) -> Option<&'static str> {
    match dotted {
        "os.path" => Some("posixpath"),
        "collections.abc" => Some("_collections_abc"),
        _ => None,
    }
}

/// Whether the program's own files cannot replace the module.
pub fn is_frozen(dotted: &str) -> bool {
    FROZEN.contains(&dotted)
}

/// Documented names of a runtime module whose face star-imports it.
pub fn native_names(module: &str) -> &'static [&'static str] {
    if module == "posix" { POSIX } else { &[] }
}

/// Names of module `posix`, sorted.
const POSIX: &[&str] = &[
    "CLD_CONTINUED", "CLD_DUMPED", "CLD_EXITED", "CLD_KILLED", "CLD_STOPPED", "CLD_TRAPPED", "CLONE_FILES",
    "CLONE_FS", "CLONE_NEWCGROUP", "CLONE_NEWIPC", "CLONE_NEWNET", "CLONE_NEWNS", "CLONE_NEWPID", "CLONE_NEWTIME",
    "CLONE_NEWUSER", "CLONE_NEWUTS", "CLONE_SIGHAND", "CLONE_SYSVSEM", "CLONE_THREAD", "CLONE_VM", "DirEntry",
    "EFD_CLOEXEC", "EFD_NONBLOCK", "EFD_SEMAPHORE", "EX_CANTCREAT", "EX_CONFIG", "EX_DATAERR", "EX_IOERR",
    "EX_NOHOST", "EX_NOINPUT", "EX_NOPERM", "EX_NOUSER", "EX_OK", "EX_OSERR", "EX_OSFILE", "EX_PROTOCOL",
    "EX_SOFTWARE", "EX_TEMPFAIL", "EX_UNAVAILABLE", "EX_USAGE", "F_LOCK", "F_OK", "F_TEST", "F_TLOCK", "F_ULOCK",
    "GRND_NONBLOCK", "GRND_RANDOM", "MFD_ALLOW_SEALING", "MFD_CLOEXEC", "MFD_HUGETLB", "MFD_HUGE_16GB",
    "MFD_HUGE_16MB", "MFD_HUGE_1GB", "MFD_HUGE_1MB", "MFD_HUGE_256MB", "MFD_HUGE_2GB", "MFD_HUGE_2MB",
    "MFD_HUGE_32MB", "MFD_HUGE_512KB", "MFD_HUGE_512MB", "MFD_HUGE_64KB", "MFD_HUGE_8MB", "MFD_HUGE_MASK",
    "MFD_HUGE_SHIFT", "NGROUPS_MAX", "O_ACCMODE", "O_APPEND", "O_ASYNC", "O_CLOEXEC", "O_CREAT", "O_DIRECT",
    "O_DIRECTORY", "O_DSYNC", "O_EXCL", "O_FSYNC", "O_LARGEFILE", "O_NDELAY", "O_NOATIME", "O_NOCTTY", "O_NOFOLLOW",
    "O_NONBLOCK", "O_PATH", "O_RDONLY", "O_RDWR", "O_RSYNC", "O_SYNC", "O_TMPFILE", "O_TRUNC", "O_WRONLY",
    "POSIX_FADV_DONTNEED", "POSIX_FADV_NOREUSE", "POSIX_FADV_NORMAL", "POSIX_FADV_RANDOM", "POSIX_FADV_SEQUENTIAL",
    "POSIX_FADV_WILLNEED", "POSIX_SPAWN_CLOSE", "POSIX_SPAWN_CLOSEFROM", "POSIX_SPAWN_DUP2", "POSIX_SPAWN_OPEN",
    "PRIO_PGRP", "PRIO_PROCESS", "PRIO_USER", "P_ALL", "P_PGID", "P_PID", "P_PIDFD", "RTLD_DEEPBIND", "RTLD_GLOBAL",
    "RTLD_LAZY", "RTLD_LOCAL", "RTLD_NODELETE", "RTLD_NOLOAD", "RTLD_NOW", "RWF_APPEND", "RWF_DSYNC", "RWF_HIPRI",
    "RWF_NOWAIT", "RWF_SYNC", "R_OK", "SCHED_BATCH", "SCHED_FIFO", "SCHED_IDLE", "SCHED_OTHER", "SCHED_RESET_ON_FORK",
    "SCHED_RR", "SEEK_DATA", "SEEK_HOLE", "SPLICE_F_MORE", "SPLICE_F_MOVE", "SPLICE_F_NONBLOCK", "ST_APPEND",
    "ST_MANDLOCK", "ST_NOATIME", "ST_NODEV", "ST_NODIRATIME", "ST_NOEXEC", "ST_NOSUID", "ST_RDONLY", "ST_RELATIME",
    "ST_SYNCHRONOUS", "ST_WRITE", "TFD_CLOEXEC", "TFD_NONBLOCK", "TFD_TIMER_ABSTIME", "TFD_TIMER_CANCEL_ON_SET",
    "TMP_MAX", "WCONTINUED", "WCOREDUMP", "WEXITED", "WEXITSTATUS", "WIFCONTINUED", "WIFEXITED", "WIFSIGNALED",
    "WIFSTOPPED", "WNOHANG", "WNOWAIT", "WSTOPPED", "WSTOPSIG", "WTERMSIG", "WUNTRACED", "W_OK", "XATTR_CREATE",
    "XATTR_REPLACE", "XATTR_SIZE_MAX", "X_OK", "abort", "access", "chdir", "chmod", "chown", "chroot", "close",
    "closerange", "confstr", "confstr_names", "copy_file_range", "cpu_count", "ctermid", "device_encoding", "dup",
    "dup2", "environ", "error", "eventfd", "eventfd_read", "eventfd_write", "execv", "execve", "fchdir", "fchmod",
    "fchown", "fdatasync", "fork", "forkpty", "fpathconf", "fspath", "fstat", "fstatvfs", "fsync", "ftruncate",
    "get_blocking", "get_inheritable", "get_terminal_size", "getcwd", "getcwdb", "getegid", "geteuid", "getgid",
    "getgrouplist", "getgroups", "getloadavg", "getlogin", "getpgid", "getpgrp", "getpid", "getppid", "getpriority",
    "getrandom", "getresgid", "getresuid", "getsid", "getuid", "getxattr", "grantpt", "initgroups", "isatty", "kill",
    "killpg", "lchown", "link", "listdir", "listxattr", "lockf", "login_tty", "lseek", "lstat", "major", "makedev",
    "memfd_create", "minor", "mkdir", "mkfifo", "mknod", "nice", "open", "openpty", "pathconf", "pathconf_names",
    "pidfd_open", "pipe", "pipe2", "posix_fadvise", "posix_fallocate", "posix_openpt", "posix_spawn", "posix_spawnp",
    "pread", "preadv", "ptsname", "putenv", "pwrite", "pwritev", "read", "readlink", "readv", "register_at_fork",
    "remove", "removexattr", "rename", "replace", "rmdir", "scandir", "sched_get_priority_max",
    "sched_get_priority_min", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_param",
    "sched_rr_get_interval", "sched_setaffinity", "sched_setparam", "sched_setscheduler", "sched_yield", "sendfile",
    "set_blocking", "set_inheritable", "setegid", "seteuid", "setgid", "setgroups", "setns", "setpgid", "setpgrp",
    "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setsid", "setuid", "setxattr", "splice", "stat",
    "stat_result", "statvfs", "statvfs_result", "strerror", "symlink", "sync", "sysconf", "sysconf_names", "system",
    "tcgetpgrp", "tcsetpgrp", "terminal_size", "timerfd_create", "timerfd_gettime", "timerfd_gettime_ns",
    "timerfd_settime", "timerfd_settime_ns", "times", "times_result", "truncate", "ttyname", "umask", "uname",
    "uname_result", "unlink", "unlockpt", "unsetenv", "unshare", "urandom", "utime", "wait", "wait3", "wait4",
    "waitid", "waitid_result", "waitpid", "waitstatus_to_exitcode", "write", "writev",
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::LIBRARY.is_sorted_by_key(|e| e.0));
    }
}
