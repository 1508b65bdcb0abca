//! Default handlers of operations.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::sandbox::guarded;
use super::super::{Kind, list, print, symbol, tasks};
use super::expect;
use crate::api::str_bytes;
use crate::entry::{entries, ret, words};
use crate::{Isolate, Owned, PyResult, Raised};

/// Operands as text, one blank between them.
fn joined(rt: &mut Isolate, args: &[Word]) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    for (i, &w) in args.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        print::write_bare(rt, &mut out, w)?;
    }
    Ok(out)
}

/// Writes to one of the program's streams.
fn write_to(rt: &mut Isolate, stream: &str, text: &[u8]) -> PyResult {
    let Some(file) = rt.sys_get(stream).filter(|f| !f.word().is_none()) else { return Ok(Owned::NONE) };
    let text = rt.new_str_wtf8(text);
    if !crate::modules::io::write_text(rt, file.word(), text.word())? {
        rt.call_method(file.word(), "write", &[text.word()])?;
    }
    Ok(Owned::NONE)
}

fn print_line(rt: &mut Isolate, stream: &str, args: &[Word]) -> PyResult {
    let mut text = joined(rt, args)?;
    text.push(b'\n');
    write_to(rt, stream, &text)
}

fn read_line(rt: &mut Isolate) -> PyResult {
    let Some(file) = rt.sys_get("stdin").filter(|f| !f.word().is_none()) else { return Ok(Owned::NONE) };
    let line = rt.call_method(file.word(), "readline", &[])?;
    let text = str_bytes(line.word());
    if text.is_empty() {
        return Ok(Owned::NONE);
    }
    let bare = text.strip_suffix(b"\n").unwrap_or(text);
    Ok(rt.new_str_wtf8(bare))
}

fn variable(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = expect(rt, args[0], Kind::String, "env")?;
    let Ok(name) = alloc::ffi::CString::new(str_bytes(name)) else { return Ok(Owned::NONE) };
    match crate::host::env_var(&name) {
        Some(value) => Ok(rt.new_str_os(&value)),
        None => Ok(Owned::NONE),
    }
}

fn arguments(rt: &mut Isolate) -> PyResult {
    let argv = rt.sys_get("argv").unwrap_or(Owned::NONE);
    let items: Vec<Owned> = crate::api::list_items(argv.word()).iter().skip(1).map(|&w| Owned::share(w)).collect();
    Ok(list::from_vec(rt, items))
}

/// `[time] [LEVEL] message {json}` on the error stream.
fn log(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let level = match kind_of(rt, args[0]) {
        Kind::Keyword | Kind::Symbol => symbol::name_of(args[0]),
        _ => expect(rt, args[0], Kind::String, "log")?,
    };
    let mut line = format!("[{}] [", super::dates::now_text()).into_bytes();
    line.extend(str_bytes(level).iter().map(u8::to_ascii_uppercase));
    line.extend_from_slice(b"] ");
    print::write_bare(rt, &mut line, args[1])?;
    if let Some(&data) = args.get(2).filter(|w| !w.is_none()) {
        line.push(b' ');
        line.extend(super::json::stringify(rt, data, None)?);
    }
    line.push(b'\n');
    write_to(rt, "stderr", &line)
}

/// Suspends the task.
fn sleep(rt: &mut Isolate, w: Word) -> PyResult {
    let seconds = super::seconds_of(rt, w, "sleep")?;
    tasks::sleep(rt, seconds)?;
    Ok(Owned::NONE)
}

/// Writes text to the error stream; nobody can be told that this failed.
pub(in super::super) fn print_error(rt: &mut Isolate, text: &str) {
    if write_to(rt, "stderr", text.as_bytes()).is_err() {
        rt.clear_exception();
    }
}

/// Seconds of a clock.
fn seconds(clock: libc::clockid_t) -> f64 {
    crate::host::clock(clock) as f64 / 1e9
}

entries! {
    cl_print(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "io.stdout", "io:print", |rt| print_line(rt, "stdout", words(args, n)))
    }
    cl_print_err(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "io.stdout", "io:print-err", |rt| print_line(rt, "stderr", words(args, n)))
    }
    cl_write(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "io.stdout", "io:write", |rt| {
            joined(rt, words(args, n)).and_then(|text| write_to(rt, "stdout", &text))
        })
    }
    cl_read_line(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "io.stdin", "io:read-line", read_line)
    }
    cl_env(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "env", "io:env", |rt| variable(rt, words(args, n)))
    }
    cl_args(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "env", "io:args", arguments)
    }
    cl_exit(rt, args: *const Word, n: u64) -> Ret {
        let code = words(args, n).first().copied().unwrap_or(Word::small(0));
        match expect(rt, code, Kind::Int, "exit") {
            Ok(code) => ret(crate::sys::exit(rt, &[code])),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_log_line(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "io.stdout", "io:log", |rt| log(rt, words(args, n)))
    }
    cl_sleep(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "time", "time:sleep", |rt| sleep(rt, words(args, n)[0]))
    }
    cl_now(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "time", "time:now", |rt| Ok(rt.new_float(seconds(libc::CLOCK_REALTIME))))
    }
    cl_now_ms(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "time", "time:now-ms", |rt| {
            let ms = crate::host::clock(libc::CLOCK_REALTIME) / 1_000_000;
            Ok(rt.new_int(ms as i64))
        })
    }
    cl_monotonic(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "time", "time:monotonic", |rt| Ok(rt.new_float(seconds(libc::CLOCK_MONOTONIC))))
    }
    cl_elapsed(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "time", "time:elapsed", |rt| {
            let since = crate::host::clock(libc::CLOCK_MONOTONIC) - rt.claude.began;
            Ok(rt.new_float(since as f64 / 1e9))
        })
    }
}
