//! The module `time`: clocks, sleep and calendar time through the C library.

use std::ffi::{CStr, CString};

use molt_abi::Word;

use crate::api::{str_bytes, tuple_items};
use crate::modules::io::file::last_errno;
use crate::native::{NativeDef, def};
use crate::structseq::StructSeq;
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_time, "time", init);

static STRUCT_TIME: StructSeq = StructSeq::new(
    "time",
    "struct_time",
    &["tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst"],
    &["tm_zone", "tm_gmtoff"],
);

unsafe extern "C" {
    fn tzset();
    static tzname: [*const libc::c_char; 2];
    static timezone: libc::c_long;
    static daylight: libc::c_int;
}

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    rt.module_struct_seq(module, &STRUCT_TIME);
    for (name, id) in [
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
    ] {
        rt.module_set(module, name, Owned::small(i64::from(id)));
    }
    set_zone(rt, module);
    Ok(())
}

/// Sets `timezone`, `altzone`, `daylight` and `tzname` from the C library.
fn set_zone(rt: &mut Isolate, module: Word) {
    // SAFETY: `tzset` fills the variables, which nothing else writes.
    let (names, west, has_dst) = unsafe {
        tzset();
        (tzname.map(|p| CStr::from_ptr(p).to_bytes().to_vec()), timezone, daylight != 0)
    };
    let names: Vec<Owned> = names.iter().map(|n| rt.new_str_os(n)).collect();
    let names = rt.new_tuple(names);
    rt.module_set(module, "tzname", names);
    rt.module_set(module, "timezone", Owned::small(west));
    rt.module_set(module, "altzone", Owned::small(if has_dst { west - 3600 } else { west }));
    rt.module_set(module, "daylight", Owned::small(i64::from(has_dst)));
}

/// Nanoseconds of a clock.
fn nanoseconds(clock: libc::clockid_t) -> i64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for one time; the clocks used exist everywhere.
    unsafe { libc::clock_gettime(clock, &mut t) };
    t.tv_sec * 1_000_000_000 + t.tv_nsec
}

const NONE: &str = "($module, /)";

macro_rules! clocks {
    ($($name:literal $whole:literal $clock:expr),* $(,)?) => { &[
        $(def($name, NONE, |rt, _| Ok(rt.new_float(nanoseconds($clock) as f64 / 1e9))),
        def($whole, NONE, |rt, _| Ok(rt.new_int(nanoseconds($clock)))),)*
        def("clock_gettime", "($module, clk_id, /)", |rt, a| {
            let id = rt.to_i64(a[0], "int")?;
            Ok(rt.new_float(nanoseconds(id as libc::clockid_t) as f64 / 1e9))
        }),
        def("clock_gettime_ns", "($module, clk_id, /)", |rt, a| {
            let id = rt.to_i64(a[0], "int")?;
            Ok(rt.new_int(nanoseconds(id as libc::clockid_t)))
        }),
        def("sleep", "($module, seconds, /)", sleep),
        def("gmtime", "($module, seconds=None, /)", |rt, a| {
            let seconds = seconds_arg(rt, a[0])?;
            broken_down(rt, seconds, false)
        }),
        def("localtime", "($module, seconds=None, /)", |rt, a| {
            let seconds = seconds_arg(rt, a[0])?;
            broken_down(rt, seconds, true)
        }),
        def("mktime", "($module, tuple, /)", |rt, a| {
            let mut tm = tm_arg(rt, a[0])?;
            tm.tm_wday = -1;
            // SAFETY: a complete `tm`.
            let seconds = unsafe { libc::mktime(&mut tm) };
            if seconds == -1 && tm.tm_wday == -1 {
                return Err(rt.overflow_error("mktime argument out of range"));
            }
            Ok(rt.new_float(seconds as f64))
        }),
        def("strftime", "($module, format, time_tuple=<unrepresentable>, /)", strftime),
        def("asctime", "($module, time_tuple=<unrepresentable>, /)", |rt, a| {
            let tm = tm_or_now(rt, a[0])?;
            Ok(rt.new_str(&ascii_time(&tm)))
        }),
        def("ctime", "($module, seconds=None, /)", |rt, a| {
            let seconds = seconds_arg(rt, a[0])?;
            let tm = local_tm(seconds);
            Ok(rt.new_str(&ascii_time(&tm)))
        }),
        def("tzset", NONE, |rt, _| {
            let module = rt.import_native(&molt_module_time)?;
            set_zone(rt, module.word());
            Ok(Owned::NONE)
        }),
        def("get_clock_info", "($module, name, /)", clock_info),
    ] };
}

static FUNCTIONS: &[NativeDef] = clocks! {
    "time" "time_ns" libc::CLOCK_REALTIME,
    "monotonic" "monotonic_ns" libc::CLOCK_MONOTONIC,
    "perf_counter" "perf_counter_ns" libc::CLOCK_MONOTONIC,
    "process_time" "process_time_ns" libc::CLOCK_PROCESS_CPUTIME_ID,
    "thread_time" "thread_time_ns" libc::CLOCK_THREAD_CPUTIME_ID,
};

fn sleep(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let seconds = rt.to_f64(a[0])?;
    if seconds.is_nan() {
        return Err(rt.value_error("Invalid value NaN (not a number)"));
    }
    if seconds < 0.0 {
        return Err(rt.value_error("sleep length must be non-negative"));
    }
    if seconds > 9.2e9 {
        return Err(rt.overflow_error("timestamp too large to convert to C PyTime_t"));
    }
    let deadline = nanoseconds(libc::CLOCK_MONOTONIC) + (seconds * 1e9) as i64;
    let until = libc::timespec { tv_sec: deadline / 1_000_000_000, tv_nsec: deadline % 1_000_000_000 };
    loop {
        // SAFETY: a complete time; the rest is not asked for.
        let r =
            unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, std::ptr::null_mut()) };
        match r {
            0 => return Ok(Owned::NONE),
            libc::EINTR => rt.poll()?,
            code => return Err(rt.os_error(code, None)),
        }
    }
}

/// Whole seconds of an argument, rounded down; the present without one.
fn seconds_arg(rt: &mut Isolate, w: Word) -> PyResult<i64> {
    if w.is_unbound() || w.is_none() {
        return Ok(nanoseconds(libc::CLOCK_REALTIME).div_euclid(1_000_000_000));
    }
    if rt.is_int(w) {
        return rt.to_i64(w, "time_t");
    }
    let v = rt.to_f64(w)?.floor();
    if v.is_nan() {
        return Err(rt.value_error("Invalid value NaN (not a number)"));
    }
    if v.abs() > 9e18 {
        return Err(rt.overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(v as i64)
}

fn empty_tm() -> libc::tm {
    // SAFETY: `tm` is plain data; a null zone name means none.
    unsafe { std::mem::zeroed() }
}

fn local_tm(seconds: i64) -> libc::tm {
    let mut tm = empty_tm();
    // SAFETY: room for the result.
    unsafe { libc::localtime_r(&seconds, &mut tm) };
    tm
}

fn broken_down(rt: &mut Isolate, seconds: i64, local: bool) -> PyResult {
    let mut tm = empty_tm();
    // SAFETY: room for the result.
    let r = unsafe { if local { libc::localtime_r(&seconds, &mut tm) } else { libc::gmtime_r(&seconds, &mut tm) } };
    if r.is_null() {
        return Err(rt.os_error(last_errno(), None));
    }
    let numbers = [
        i64::from(tm.tm_year) + 1900,
        i64::from(tm.tm_mon) + 1,
        i64::from(tm.tm_mday),
        i64::from(tm.tm_hour),
        i64::from(tm.tm_min),
        i64::from(tm.tm_sec),
        i64::from((tm.tm_wday + 6) % 7),
        i64::from(tm.tm_yday) + 1,
        i64::from(tm.tm_isdst),
    ];
    // SAFETY: null or a C string that the C library keeps.
    let zone =
        if tm.tm_zone.is_null() { b"UTC".to_vec() } else { unsafe { CStr::from_ptr(tm.tm_zone) }.to_bytes().to_vec() };
    let zone = rt.new_str_os(&zone);
    let offset = rt.new_int(tm.tm_gmtoff);
    let items = numbers.iter().map(|&n| Owned::small(n)).collect();
    Ok(rt.new_struct_seq(&STRUCT_TIME, items, vec![zone, offset]))
}

/// A `tm` from a tuple of nine numbers.
fn tm_arg(rt: &mut Isolate, w: Word) -> PyResult<libc::tm> {
    if !rt.is_tuple(w) {
        return Err(rt.type_error("Tuple or struct_time argument required"));
    }
    let items = tuple_items(w);
    if items.len() != 9 {
        let name = if items.len() > 9 { "at most" } else { "at least" };
        return Err(rt.type_error(format!("function missing required argument: {name} 9 items")));
    }
    let mut n = [0i64; 9];
    for (slot, &item) in n.iter_mut().zip(items) {
        *slot = rt.to_i64(item, "int")?;
    }
    let mut tm = empty_tm();
    tm.tm_year = (n[0] - 1900) as i32;
    tm.tm_mon = if n[1] == 0 { 0 } else { n[1] as i32 - 1 };
    tm.tm_mday = if n[2] == 0 { 1 } else { n[2] as i32 };
    tm.tm_hour = n[3] as i32;
    tm.tm_min = n[4] as i32;
    tm.tm_sec = n[5] as i32;
    tm.tm_wday = ((n[6] + 1) % 7) as i32;
    tm.tm_yday = if n[7] == 0 { 0 } else { n[7] as i32 - 1 };
    tm.tm_isdst = n[8] as i32;
    Ok(tm)
}

/// The argument, checked for what text needs, or local time now.
fn tm_or_now(rt: &mut Isolate, w: Word) -> PyResult<libc::tm> {
    if w.is_unbound() {
        return Ok(local_tm(nanoseconds(libc::CLOCK_REALTIME).div_euclid(1_000_000_000)));
    }
    let tm = tm_arg(rt, w)?;
    let limits = [
        (tm.tm_mon, 0, 11, "month out of range"),
        (tm.tm_mday, 1, 31, "day of month out of range"),
        (tm.tm_hour, 0, 23, "hour out of range"),
        (tm.tm_min, 0, 59, "minute out of range"),
        (tm.tm_sec, 0, 61, "seconds out of range"),
        (tm.tm_wday, 0, 6, "day of week out of range"),
        (tm.tm_yday, 0, 365, "day of year out of range"),
    ];
    for (value, low, high, message) in limits {
        if value < low || value > high {
            return Err(rt.value_error(message));
        }
    }
    Ok(tm)
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn ascii_time(tm: &libc::tm) -> String {
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {}",
        DAYS[tm.tm_wday.rem_euclid(7) as usize],
        MONTHS[tm.tm_mon.rem_euclid(12) as usize],
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        i64::from(tm.tm_year) + 1900
    )
}

fn strftime(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_str(a[0]) {
        let name = rt.type_name(a[0]);
        return Err(rt.type_error(format!("strftime() argument 1 must be str, not {name}")));
    }
    let tm = tm_or_now(rt, a[1])?;
    let Ok(format) = CString::new(str_bytes(a[0])) else { return Err(rt.value_error("embedded null character")) };
    if format.is_empty() {
        return Ok(Owned::share(a[0]));
    }
    let mut room = 256;
    loop {
        let mut buffer = vec![0u8; room];
        // SAFETY: the buffer has the length given.
        let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), room, format.as_ptr(), &tm) };
        // Zero may also mean an empty result; no format writes more than 256 times its length.
        if n > 0 || room > 256 * (format.as_bytes().len() + 1) {
            return Ok(rt.new_str_os(&buffer[..n]));
        }
        room *= 2;
    }
}

fn clock_info(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let name = rt.expect_str(a[0], "get_clock_info() argument 1")?;
    let (monotonic, adjustable, call) = match name {
        b"time" => (false, true, "clock_gettime(CLOCK_REALTIME)"),
        b"monotonic" | b"perf_counter" => (true, false, "clock_gettime(CLOCK_MONOTONIC)"),
        b"process_time" => (true, false, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)"),
        b"thread_time" => (true, false, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)"),
        _ => return Err(rt.value_error("unknown clock")),
    };
    let info = super::types::new_namespace(rt);
    let (call, resolution) = (rt.new_str(call), rt.new_float(1e-9));
    let values = [
        ("implementation", call),
        ("monotonic", Owned::from_bool(monotonic)),
        ("adjustable", Owned::from_bool(adjustable)),
        ("resolution", resolution),
    ];
    for (key, value) in values {
        let key = rt.intern(key);
        rt.put_own(info.word(), key, value.word());
    }
    Ok(info)
}
