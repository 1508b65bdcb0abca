//! What the runtime asks of the operating system, through the C library: executables are linked without Rust's
//! standard library, which keeps them small.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_void};

/// Value of an environment variable.
pub fn env_var(name: &CStr) -> Option<Vec<u8>> {
    // SAFETY: a C string goes in; what comes out is null or a C string, copied before anything can change it.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes().to_vec())
    }
}

/// Names and values of the environment, in its order; entries without `=` are left out.
pub fn environment() -> Vec<(Vec<u8>, Vec<u8>)> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut out = Vec::new();
    // SAFETY: the environment is an array of C strings that ends with a null pointer.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            let entry = CStr::from_ptr(*at).to_bytes();
            // A name may begin with `=`.
            if let Some(i) = entry.iter().skip(1).position(|&b| b == b'=') {
                out.push((entry[..i + 1].to_vec(), entry[i + 2..].to_vec()));
            }
            at = at.add(1);
        }
    }
    out
}

/// The C library's error number.
pub fn last_errno() -> i32 {
    // SAFETY: the location belongs to this thread.
    unsafe {
        #[cfg(target_os = "macos")]
        return *libc::__error();
        #[cfg(not(target_os = "macos"))]
        return *libc::__errno_location();
    }
}

/// The C library's text for an error number.
pub fn error_text(errno: i32) -> String {
    // SAFETY: the answer is a C string that lives until the next call, and is copied.
    unsafe { CStr::from_ptr(libc::strerror(errno)).to_string_lossy().into_owned() }
}

/// All of a file.
pub fn read_file(path: &CStr) -> Option<Vec<u8>> {
    // SAFETY: the descriptor is this function's own; reads go into the vector's own spare room.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let mut out = Vec::new();
        let status = loop {
            out.reserve(1 << 16);
            let spare = out.spare_capacity_mut();
            match libc::read(fd, spare.as_mut_ptr().cast(), spare.len()) {
                n if n > 0 => out.set_len(out.len() + n as usize),
                n if n < 0 && last_errno() == libc::EINTR => {}
                n => break n,
            }
        };
        libc::close(fd);
        (status == 0).then_some(out)
    }
}

/// Writes to the error stream's descriptor; nothing is left to report a failure to.
pub fn write_stderr(mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: the bytes are readable.
        match unsafe { libc::write(2, text.as_ptr().cast(), text.len()) } {
            n if n > 0 => text = &text[n as usize..],
            _ if last_errno() == libc::EINTR => {}
            _ => return,
        }
    }
}

/// Whether a descriptor is a terminal.
pub fn is_terminal(descriptor: i32) -> bool {
    // SAFETY: asks about a number.
    unsafe { libc::isatty(descriptor) == 1 }
}

/// Path of the running executable; empty when the system does not say.
pub fn current_exe() -> String {
    let mut buffer = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the buffer has the length given.
    unsafe {
        #[cfg(target_os = "macos")]
        let n = {
            let mut size = buffer.len() as u32;
            let failed = libc::_NSGetExecutablePath(buffer.as_mut_ptr().cast(), &raw mut size) != 0;
            if failed { 0 } else { CStr::from_ptr(buffer.as_ptr().cast()).to_bytes().len() }
        };
        #[cfg(not(target_os = "macos"))]
        let n = libc::readlink(c"/proc/self/exe".as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()).max(0) as usize;
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    }
}

/// Processors this process may use.
pub fn cpu_count() -> Option<usize> {
    // SAFETY: the set is plain memory of the size given.
    #[cfg(target_os = "linux")]
    unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) == 0 {
            return Some(libc::CPU_COUNT(&set) as usize);
        }
    }
    // SAFETY: asks for a number.
    let n = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(n).ok().filter(|&n| n > 0)
}

/// Nanoseconds of a clock.
pub fn clock(which: libc::clockid_t) -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is there to be filled.
    unsafe { libc::clock_gettime(which, &raw mut t) };
    (t.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(t.tv_nsec as u64)
}

/// Ends the process with `SIGABRT`.
pub fn abort() -> ! {
    // SAFETY: never returns.
    unsafe { libc::abort() }
}

/// Runs `work` on a thread of its own with a stack of `stack` bytes, and waits; `None` if there is no such thread to be
/// had.
pub fn on_stack<R>(stack: usize, work: impl FnOnce() -> R) -> Option<R> {
    struct Job<F, R> {
        work: Option<F>,
        result: Option<R>,
    }
    extern "C" fn start<F: FnOnce() -> R, R>(job: *mut c_void) -> *mut c_void {
        // SAFETY: the creator passes its job and does not touch it before this thread has ended.
        let job = unsafe { &mut *job.cast::<Job<F, R>>() };
        job.result = job.work.take().map(|work| work());
        core::ptr::null_mut()
    }
    fn entry<F: FnOnce() -> R, R>(_: &Job<F, R>) -> extern "C" fn(*mut c_void) -> *mut c_void {
        start::<F, R>
    }
    let mut job = Box::new(Job { work: Some(work), result: None });
    let entry = entry(&*job);
    // SAFETY: the attributes are initialised before they are used; the job outlives the thread, which is joined.
    unsafe {
        let mut attributes: libc::pthread_attr_t = core::mem::zeroed();
        let mut thread: libc::pthread_t = core::mem::zeroed();
        if libc::pthread_attr_init(&raw mut attributes) != 0 {
            return None;
        }
        let made = libc::pthread_attr_setstacksize(&raw mut attributes, stack) == 0
            && libc::pthread_create(&raw mut thread, &raw const attributes, entry, (&raw mut *job).cast()) == 0;
        libc::pthread_attr_destroy(&raw mut attributes);
        if !made || libc::pthread_join(thread, core::ptr::null_mut()) != 0 {
            return None;
        }
    }
    job.result.take()
}

/// A file name of a program as the C library takes it.
pub fn c_path(path: &str) -> Option<alloc::ffi::CString> {
    alloc::ffi::CString::new(path.to_owned()).ok()
}
