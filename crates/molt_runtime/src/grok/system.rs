//! The process, its environment and its children. Results below zero are error numbers with the sign turned.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::c_char;
use core::ptr::null_mut;

use molt_abi::Context;

use super::files::{c_string, checked, retrying};
use super::{bytes, state};

/// `which`: 0 the number of this process, 1 of processors it may use, 2 bytes of memory of the machine.
#[unsafe(export_name = "molt_grok_system")]
pub(crate) extern "C" fn grok_system(_: *mut Context, which: u64) -> u64 {
    // SAFETY: asks for numbers.
    unsafe {
        match which {
            0 => libc::getpid() as u64,
            1 => crate::host::cpu_count().unwrap_or(1) as u64,
            _ => {
                let (pages, size) = (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE));
                (pages.max(0) as u64).saturating_mul(size.max(0) as u64)
            }
        }
    }
}

/// `which`: 0 the current folder, 1 the environment (`NAME=value`, each with a zero byte after it), 2 the release of the
/// system: length, address at `out`.
#[unsafe(export_name = "molt_grok_system_text")]
pub(crate) extern "C" fn grok_system_text(ctx: *mut Context, which: u64, out: u64) -> i64 {
    let text = match which {
        0 => current_folder(),
        1 => {
            let mut all = Vec::new();
            for (name, value) in crate::host::environment() {
                all.extend_from_slice(&name);
                all.push(b'=');
                all.extend_from_slice(&value);
                all.push(0);
            }
            Ok(all)
        }
        _ => {
            // SAFETY: the structure is filled with C strings.
            unsafe {
                let mut names: libc::utsname = core::mem::zeroed();
                libc::uname(&raw mut names);
                Ok(core::ffi::CStr::from_ptr(names.release.as_ptr()).to_bytes().to_vec())
            }
        }
    };
    match text {
        // SAFETY: compiled code passes the context that it was started with, and room for an address.
        Ok(text) => unsafe { state(ctx).give(text, out) },
        Err(e) => e,
    }
}

fn current_folder() -> Result<Vec<u8>, i64> {
    let mut room = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the buffer has the length given; what is written there is a C string.
    unsafe {
        if libc::getcwd(room.as_mut_ptr().cast(), room.len()).is_null() {
            return Err(checked(-1));
        }
        Ok(core::ffi::CStr::from_ptr(room.as_ptr().cast()).to_bytes().to_vec())
    }
}

#[unsafe(export_name = "molt_grok_set_env")]
pub(crate) extern "C" fn grok_set_env(_: *mut Context, name: u64, len: u64, value: u64, value_len: u64) -> i64 {
    // SAFETY: compiled code passes bytes of views. Other threads of the program read the environment through the C
    // library's own functions only.
    unsafe {
        match (c_string(name, len), c_string(value, value_len)) {
            (Ok(n), Ok(v)) => checked(i64::from(libc::setenv(n.as_ptr(), v.as_ptr(), 1))),
            (Err(e), _) | (_, Err(e)) => e,
        }
    }
}

/// What a child process is to be. Lists hold texts with a zero byte after each.
#[repr(C)]
struct Request {
    /// The program, then its arguments.
    args: [u64; 2],
    /// `NAME=value` that the child's environment has beside this one's.
    env: [u64; 2],
    /// The folder it starts in, if not empty.
    dir: [u64; 2],
    /// For input, output and errors: 0 as here, 1 a pipe, 2 nothing.
    stdio: [u64; 3],
    /// This side of the pipes.
    fds: [i64; 3],
}

/// Texts of a list, as C strings.
///
/// # Safety
/// The numbers are address and length of readable bytes.
unsafe fn texts([p, len]: [u64; 2]) -> Vec<CString> {
    // SAFETY: by the caller's promise.
    let all = unsafe { bytes(p, len) };
    all.split_inclusive(|&b| b == 0).filter_map(|t| CString::new(t.strip_suffix(b"\0").unwrap_or(t)).ok()).collect()
}

fn pointers(texts: &[CString]) -> Vec<*mut c_char> {
    texts.iter().map(|t| t.as_ptr().cast_mut()).chain([null_mut()]).collect()
}

/// Starts a child: its process number.
#[unsafe(export_name = "molt_grok_spawn")]
pub(crate) extern "C" fn grok_spawn(ctx: *mut Context, request: u64) -> i64 {
    // SAFETY: compiled code passes the context that it was started with, and a request.
    let (s, request) = unsafe { (state(ctx), &mut *(request as *mut Request)) };
    s.flush();
    // SAFETY: the request holds addresses and lengths of live views.
    let (args, mut env, dir) =
        unsafe { (texts(request.args), texts(request.env), c_string(request.dir[0], request.dir[1])) };
    let dir = match dir {
        Ok(d) => d,
        Err(e) => return e,
    };
    for (name, value) in crate::host::environment() {
        let given = env.iter().any(|e| e.as_bytes().starts_with(&name) && e.as_bytes().get(name.len()) == Some(&b'='));
        if !given && let Ok(entry) = CString::new([&name[..], b"=", &value[..]].concat()) {
            env.push(entry);
        }
    }
    let (args, env) = (args, env);
    let (argv, envp) = (pointers(&args), pointers(&env));
    let mut others = [-1; 3];
    request.fds = [-1; 3];
    let mut made = 0;
    for (n, theirs) in others.iter_mut().enumerate() {
        if request.stdio[n] == 1 {
            made = pipe(n, &mut request.fds[n], theirs);
            if made < 0 {
                break;
            }
        }
    }
    let pid = if made < 0 { made } else { start(&args, &argv, &envp, &dir, &request.stdio, &others) };
    for (theirs, ours) in others.into_iter().zip(&mut request.fds) {
        close(theirs);
        if pid < 0 {
            close(*ours as i32);
            *ours = -1;
        }
    }
    pid
}

fn close(fd: i32) {
    if fd >= 0 {
        // SAFETY: the descriptor is one end of a pipe made here.
        unsafe { libc::close(fd) };
    }
}

/// Makes the pipe of stream `n`: this side's end and the child's.
fn pipe(n: usize, ours: &mut i64, theirs: &mut i32) -> i64 {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors; the flags keep children from inheriting them.
    unsafe {
        if libc::pipe(ends.as_mut_ptr()) != 0 {
            return checked(-1);
        }
        for end in ends {
            libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
    let (read, write) = (ends[0], ends[1]);
    (*ours, *theirs) = if n == 0 { (i64::from(write), read) } else { (i64::from(read), write) };
    0
}

fn start(
    args: &[CString],
    argv: &[*mut c_char],
    envp: &[*mut c_char],
    dir: &CString,
    stdio: &[u64; 3],
    pipes: &[i32; 3],
) -> i64 {
    let Some(program) = args.first() else { return -i64::from(libc::EINVAL) };
    // SAFETY: the actions are initialised before they are used and destroyed after; strings and arrays outlive the call.
    unsafe {
        let mut actions: libc::posix_spawn_file_actions_t = core::mem::zeroed();
        let mut code = libc::posix_spawn_file_actions_init(&raw mut actions);
        if code != 0 {
            return -i64::from(code);
        }
        if !dir.is_empty() {
            code = libc::posix_spawn_file_actions_addchdir_np(&raw mut actions, dir.as_ptr());
        }
        for n in 0..3 {
            let fd = n as i32;
            if code == 0 && stdio[n] == 1 {
                code = libc::posix_spawn_file_actions_adddup2(&raw mut actions, pipes[n], fd);
            }
            if code == 0 && stdio[n] == 2 {
                let how = if n == 0 { libc::O_RDONLY } else { libc::O_WRONLY };
                code = libc::posix_spawn_file_actions_addopen(&raw mut actions, fd, c"/dev/null".as_ptr(), how, 0);
            }
        }
        let mut pid = 0;
        if code == 0 {
            code = libc::posix_spawnp(
                &raw mut pid,
                program.as_ptr(),
                &raw const actions,
                core::ptr::null(),
                argv.as_ptr(),
                envp.as_ptr(),
            );
        }
        libc::posix_spawn_file_actions_destroy(&raw mut actions);
        if code == 0 { i64::from(pid) } else { -i64::from(code) }
    }
}

/// Waits for a child: its exit status, or 256 and the signal that ended it.
#[unsafe(export_name = "molt_grok_wait")]
pub(crate) extern "C" fn grok_wait(_: *mut Context, pid: u64) -> i64 {
    let mut status = 0;
    // SAFETY: room for the status.
    let result = retrying(|| unsafe { i64::from(libc::waitpid(pid as i32, &raw mut status, 0)) });
    if result < 0 {
        return result;
    }
    if libc::WIFEXITED(status) { i64::from(libc::WEXITSTATUS(status)) } else { 256 + i64::from(libc::WTERMSIG(status)) }
}

#[unsafe(export_name = "molt_grok_kill")]
pub(crate) extern "C" fn grok_kill(_: *mut Context, pid: u64) -> i64 {
    // SAFETY: no memory is involved.
    checked(i64::from(unsafe { libc::kill(pid as i32, libc::SIGKILL) }))
}

/// Waits until one of two descriptors can be read or has ended: 1 for the first, 2 for the second, 3 for both. A descriptor
/// below zero does not count.
#[unsafe(export_name = "molt_grok_poll_two")]
pub(crate) extern "C" fn grok_poll_two(_: *mut Context, a: u64, b: u64) -> i64 {
    let of = |fd: u64| libc::pollfd { fd: fd as i32, events: libc::POLLIN, revents: 0 };
    let mut both = [of(a), of(b)];
    // SAFETY: two structures.
    let result = retrying(|| unsafe { i64::from(libc::poll(both.as_mut_ptr(), 2, -1)) });
    if result < 0 {
        return result;
    }
    i64::from(both[0].revents != 0) | i64::from(both[1].revents != 0) << 1
}
