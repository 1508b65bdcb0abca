//! One run of a command: its answer, time and peak memory.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

/// Most resident memory that a process had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peak {
    Exactly(u64),
    /// The kernel counts what the parent held when it started the child, so a child smaller than this process only
    /// shows an upper bound.
    AtMost(u64),
}

impl Peak {
    pub fn bytes(self) -> u64 {
        match self {
            Peak::Exactly(n) | Peak::AtMost(n) => n,
        }
    }
}

/// What one run gave.
#[derive(Debug)]
pub struct Run {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub status: ExitStatus,
    pub wall_s: f64,
    /// User and system time of the process and of those it waited for.
    pub cpu_s: f64,
    pub peak: Peak,
}

impl Run {
    /// The exit status as a shell shows it: 128 and the signal for a killed process.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }
}

/// Runs a command to its end with nothing on its standard input.
pub fn run(mut command: Command) -> std::io::Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let (stdout, stderr) = drain(&mut child)?;
    let (status, usage) = wait(&child)?;
    let wall_s = start.elapsed().as_secs_f64();
    let cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    Ok(Run { stdout, stderr, status, wall_s, cpu_s, peak: peak_of(&usage) })
}

/// Reads both pipes to their end, at the same time: a full pipe would stop the child.
fn drain(child: &mut Child) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let mut out = child.stdout.take().expect("standard output was asked for");
    let mut err = child.stderr.take().expect("standard error was asked for");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        err.read_to_end(&mut text).map(|_| text)
    });
    let mut stdout = Vec::new();
    out.read_to_end(&mut stdout)?;
    let stderr = reader.join().expect("the reader of a pipe does not panic")?;
    Ok((stdout, stderr))
}

fn wait(child: &Child) -> std::io::Result<(ExitStatus, libc::rusage)> {
    let pid = libc::pid_t::try_from(child.id()).expect("process ids fit their own type");
    let mut status = 0;
    loop {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: both pointers are to live locals of the types that the call writes; the child is ours, was not waited
        // for yet and its `Child` is not used for waiting afterwards.
        let reaped = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
        if reaped == pid {
            // SAFETY: all-zero bytes are a valid `rusage`, and the call has written it.
            return Ok((ExitStatus::from_raw(status), unsafe { usage.assume_init() }));
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn seconds(t: libc::timeval) -> f64 {
    t.tv_sec as f64 + t.tv_usec as f64 / 1e6
}

fn peak_of(usage: &libc::rusage) -> Peak {
    let (bytes, floor) = (resident_bytes(usage), own_peak_bytes());
    if bytes > floor { Peak::Exactly(bytes) } else { Peak::AtMost(bytes) }
}

/// Linux counts in KiB, macOS in bytes.
fn resident_bytes(usage: &libc::rusage) -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit
}

/// Our own high-water mark, which the kernel counts as a child's until the child grows over it.
fn own_peak_bytes() -> u64 {
    // Not `getrusage`: that includes what our own parent held when it started us.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kibibytes = field.and_then(|v| v.trim().trim_end_matches("kB").trim_end().parse::<u64>().ok());
    kibibytes.map_or(0, |k| k * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Run {
        let mut c = Command::new("sh");
        c.args(["-c", script]);
        run(c).expect("a shell")
    }

    #[test]
    fn both_streams_and_the_status_arrive() {
        let r = shell("echo out; echo err >&2; exit 3");
        assert_eq!((r.stdout.as_slice(), r.stderr.as_slice(), r.code()), (&b"out\n"[..], &b"err\n"[..], 3));
    }

    #[test]
    fn a_killed_process_has_its_signal_in_the_status() {
        assert_eq!(shell("kill -9 $$").code(), 137);
    }

    #[test]
    fn more_than_a_pipe_holds_on_both_streams() {
        let r = shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
        assert_eq!((r.stdout.len(), r.stderr.len()), (300_000, 300_000));
    }

    #[test]
    fn processor_time_is_counted_and_memory_is_plausible() {
        let r = shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
        assert!(r.cpu_s > 0.01 && r.cpu_s < r.wall_s + 1.0, "{} of {}", r.cpu_s, r.wall_s);
        assert!(r.peak.bytes() > 100_000, "{:?}", r.peak);
    }
}
