//! The module `time`: clocks, sleep and calendar time through the C library.
//!
//! Spans and points in time are whole nanoseconds in an `i64` from the moment that an argument is read.
//! The zone variables follow from what local time is in winter and in summer, not from the C library's
//! variables of the same names, which know only the last rule of a zone.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::Word;

use crate::api::{str_bytes, tuple_items};
use crate::modules::io::file::last_errno;
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::c_math;
use crate::num::{float, int};
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
}

const SECOND: i64 = 1_000_000_000;

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    rt.module_struct_seq(module, &STRUCT_TIME);
    for (name, id) in [
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
        ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
        ("CLOCK_TAI", libc::CLOCK_TAI),
    ] {
        rt.module_set(module, name, Owned::small(i64::from(id)));
    }
    let items = STRUCT_TIME.fields.len() + STRUCT_TIME.hidden.len();
    rt.module_set(module, "_STRUCT_TM_ITEMS", Owned::small(items as i64));
    set_zone(rt, module);
    Ok(())
}

/// Name of the zone and seconds west of Greenwich at a point in time.
fn zone_at(seconds: i64) -> (Vec<u8>, i64) {
    let mut tm = empty_tm();
    // SAFETY: room for the result.
    let r = unsafe { libc::localtime_r(&seconds, &mut tm) };
    if r.is_null() { (b"UTC".to_vec(), 0) } else { (zone_name(&tm), -tm.tm_gmtoff) }
}

/// Sets `timezone`, `altzone`, `daylight` and `tzname`. The half of the year that lies farther west is the
/// one without daylight saving.
fn set_zone(rt: &mut Isolate, module: Word) {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    // SAFETY: only this thread runs program code, so nothing changes the environment meanwhile.
    unsafe { tzset() };
    let new_year = nanoseconds(libc::CLOCK_REALTIME) / SECOND / YEAR * YEAR;
    let (january, july) = (zone_at(new_year), zone_at(new_year + YEAR / 2));
    let (standard, summer) = if january.1 < july.1 { (july, january) } else { (january, july) };
    let names = vec![rt.new_str_os(&standard.0), rt.new_str_os(&summer.0)];
    let names = rt.new_tuple(names);
    rt.module_set(module, "tzname", names);
    rt.module_set(module, "timezone", Owned::small(standard.1));
    rt.module_set(module, "altzone", Owned::small(summer.1));
    rt.module_set(module, "daylight", Owned::small(i64::from(standard.1 != summer.1)));
}

fn from_timespec(t: libc::timespec) -> i64 {
    t.tv_sec.saturating_mul(SECOND).saturating_add(t.tv_nsec)
}

fn to_timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanoseconds.div_euclid(SECOND), tv_nsec: nanoseconds.rem_euclid(SECOND) }
}

/// Nanoseconds of a clock that every system has.
fn nanoseconds(clock: libc::clockid_t) -> i64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for one time.
    unsafe { libc::clock_gettime(clock, &mut t) };
    from_timespec(t)
}

/// Seconds as a float; whole seconds are exact.
fn in_seconds(nanoseconds: i64) -> f64 {
    if nanoseconds % SECOND == 0 { (nanoseconds / SECOND) as f64 } else { nanoseconds as f64 / SECOND as f64 }
}

/// Calls `clock_gettime` or `clock_getres` for the clock that the program names.
fn ask_clock(
    rt: &mut Isolate,
    id: Word,
    ask: unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int,
) -> PyResult<i64> {
    let id = clock_arg(rt, id)?;
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for one time; unknown clocks give an error.
    if unsafe { ask(id, &mut t) } != 0 {
        return Err(rt.os_error(last_errno(), None));
    }
    Ok(from_timespec(t))
}

/// Number of a clock.
fn clock_arg(rt: &mut Isolate, w: Word) -> PyResult<libc::clockid_t> {
    if rt.is_int(w) || rt.lookup_special(w, Name::INDEX).is_some() {
        let index = rt.index(w)?;
        if let Some(id) = int::to_i64(index.word()).and_then(|id| id.try_into().ok()) {
            return Ok(id);
        }
    }
    let name = rt.type_name(w);
    Err(rt.type_error(format!("clk_id should be integer, not {name}")))
}

fn set_clock(rt: &mut Isolate, id: libc::clockid_t, nanoseconds: i64) -> PyResult {
    let t = to_timespec(nanoseconds);
    // SAFETY: a complete time; the system checks the right to set the clock.
    if unsafe { libc::clock_settime(id, &t) } != 0 {
        return Err(rt.os_error(last_errno(), None));
    }
    Ok(Owned::NONE)
}

const NONE: &str = "($module, /)";
const ANY: &str = "($module, /, *args)";

macro_rules! clocks {
    ($($name:literal $whole:literal $clock:expr),* $(,)?) => { &[
        $(def($name, NONE, |rt, _| Ok(rt.new_float(in_seconds(nanoseconds($clock))))),
        def($whole, NONE, |rt, _| Ok(rt.new_int(nanoseconds($clock)))),)*
        def("clock_gettime", "($module, clk_id, /)", |rt, a| {
            let t = ask_clock(rt, a[0], libc::clock_gettime)?;
            Ok(rt.new_float(in_seconds(t)))
        }),
        def("clock_gettime_ns", "($module, clk_id, /)", |rt, a| {
            let t = ask_clock(rt, a[0], libc::clock_gettime)?;
            Ok(rt.new_int(t))
        }),
        def("clock_getres", ANY, |rt, a| {
            let [id] = arguments(rt, a[0], "clock_getres", 1)?;
            let t = ask_clock(rt, id, libc::clock_getres)?;
            Ok(rt.new_float(in_seconds(t)))
        }),
        def("clock_settime", ANY, |rt, a| {
            let [id, seconds] = arguments(rt, a[0], "clock_settime", 2)?;
            let id = clock_arg(rt, id)?;
            let t = span_arg(rt, seconds, c_math::floor)?;
            set_clock(rt, id, t)
        }),
        def("clock_settime_ns", ANY, |rt, a| {
            let [id, nanoseconds] = arguments(rt, a[0], "clock_settime_ns", 2)?;
            let id = clock_arg(rt, id)?;
            if !rt.is_int(nanoseconds) {
                let name = rt.type_name(nanoseconds);
                return Err(rt.type_error(format!("expect int, got {name}")));
            }
            let Some(t) = int::to_i64(nanoseconds) else { return Err(rt.overflow_error(SPAN_TOO_LARGE)) };
            set_clock(rt, id, t)
        }),
        def("sleep", "($module, seconds, /)", sleep),
        def("gmtime", ANY, |rt, a| {
            let [seconds] = arguments(rt, a[0], "gmtime", 0)?;
            let tm = calendar(rt, seconds, false)?;
            Ok(broken_down(rt, &tm))
        }),
        def("localtime", ANY, |rt, a| {
            let [seconds] = arguments(rt, a[0], "localtime", 0)?;
            let tm = calendar(rt, seconds, true)?;
            Ok(broken_down(rt, &tm))
        }),
        def("mktime", "($module, time_tuple, /)", |rt, a| {
            let mut moment = tm_arg(rt, a[0], "mktime")?;
            // The C library sets it on success, so that the second before 1970 is no error.
            moment.tm.tm_wday = -1;
            // SAFETY: a complete `tm`.
            let seconds = unsafe { libc::mktime(&mut moment.tm) };
            if seconds == -1 && moment.tm.tm_wday == -1 {
                return Err(rt.overflow_error("mktime argument out of range"));
            }
            Ok(rt.new_float(seconds as f64))
        }),
        def("strftime", ANY, strftime),
        def("strptime", ANY, |rt, a| {
            let module = rt.import("_strptime")?;
            rt.call_method(module.word(), "_strptime_time", tuple_items(a[0]))
        }),
        def("asctime", "($module, time_tuple=<unrepresentable>, /)", |rt, a| {
            let moment = checked_tm(rt, a[0], "asctime")?;
            Ok(rt.new_str(&ascii_time(&moment.tm)))
        }),
        def("ctime", ANY, |rt, a| {
            let [seconds] = arguments(rt, a[0], "ctime", 0)?;
            let tm = calendar(rt, seconds, true)?;
            Ok(rt.new_str(&ascii_time(&tm)))
        }),
        def("tzset", NONE, |rt, _| {
            let module = rt.import_native(&molt_module_time)?;
            set_zone(rt, module.word());
            Ok(Owned::NONE)
        }),
        def("get_clock_info", ANY, clock_info),
    ] };
}

static FUNCTIONS: &[NativeDef] = clocks! {
    "time" "time_ns" libc::CLOCK_REALTIME,
    "monotonic" "monotonic_ns" libc::CLOCK_MONOTONIC,
    "perf_counter" "perf_counter_ns" libc::CLOCK_MONOTONIC,
    "process_time" "process_time_ns" libc::CLOCK_PROCESS_CPUTIME_ID,
    "thread_time" "thread_time_ns" libc::CLOCK_THREAD_CPUTIME_ID,
};

/// The arguments of a function that takes `required` to `N`; absent ones are `UNBOUND`.
fn arguments<const N: usize>(rt: &mut Isolate, args: Word, name: &str, required: usize) -> PyResult<[Word; N]> {
    let given = tuple_items(args);
    if (required..=N).contains(&given.len()) {
        return Ok(core::array::from_fn(|i| given.get(i).copied().unwrap_or(Word::UNBOUND)));
    }
    let (bound, n) = match given.len() {
        _ if required == N => ("exactly", N),
        n if n < required => ("at least", required),
        _ => ("at most", N),
    };
    let s = if n == 1 { "" } else { "s" };
    Err(rt.type_error(format!("{name}() takes {bound} {n} argument{s} ({} given)", given.len())))
}

const SPAN_TOO_LARGE: &str = "timestamp too large to convert to C PyTime_t";
const POINT_TOO_LARGE: &str = "timestamp out of range for platform time_t";

/// A float that is to become an `i64`.
fn rounded(rt: &mut Isolate, v: f64) -> PyResult<i64> {
    if v.is_nan() {
        return Err(rt.value_error("Invalid value NaN (not a number)"));
    }
    let limit = -(i64::MIN as f64);
    if v >= -limit && v < limit { Ok(v as i64) } else { Err(rt.overflow_error(POINT_TOO_LARGE)) }
}

/// Nanoseconds of an argument in seconds, an integer or a float.
fn span_arg(rt: &mut Isolate, w: Word, round: fn(f64) -> f64) -> PyResult<i64> {
    if rt.is_float(w) {
        return rounded(rt, round(float::of_float(w) * SECOND as f64));
    }
    let index = rt.index(w)?;
    let span = int::to_i64(index.word()).and_then(|n| n.checked_mul(SECOND));
    span.ok_or_else(|| rt.overflow_error(SPAN_TOO_LARGE))
}

fn away_from_zero(v: f64) -> f64 {
    if v >= 0.0 { c_math::ceil(v) } else { c_math::floor(v) }
}

fn sleep(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let span = span_arg(rt, a[0], away_from_zero)?;
    if span < 0 {
        return Err(rt.value_error("sleep length must be non-negative"));
    }
    let until = to_timespec(nanoseconds(libc::CLOCK_MONOTONIC).saturating_add(span));
    loop {
        // SAFETY: a complete time; the rest is not asked for.
        let r =
            unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, core::ptr::null_mut()) };
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
        return Ok(nanoseconds(libc::CLOCK_REALTIME).div_euclid(SECOND));
    }
    if rt.is_float(w) {
        return rounded(rt, c_math::floor(float::of_float(w)));
    }
    let index = rt.index(w)?;
    int::to_i64(index.word()).ok_or_else(|| rt.overflow_error(POINT_TOO_LARGE))
}

fn empty_tm() -> libc::tm {
    // SAFETY: `tm` is plain data; a null zone name means none.
    unsafe { core::mem::zeroed() }
}

/// Local time or Greenwich time at a point in time.
fn calendar(rt: &mut Isolate, seconds: Word, local: bool) -> PyResult<libc::tm> {
    let seconds = seconds_arg(rt, seconds)?;
    let mut tm = empty_tm();
    // SAFETY: room for the result.
    let r = unsafe { if local { libc::localtime_r(&seconds, &mut tm) } else { libc::gmtime_r(&seconds, &mut tm) } };
    if r.is_null() { Err(rt.os_error(last_errno(), None)) } else { Ok(tm) }
}

/// Name of the zone of a time that the C library filled in.
fn zone_name(tm: &libc::tm) -> Vec<u8> {
    if tm.tm_zone.is_null() {
        return b"UTC".to_vec();
    }
    // SAFETY: a C string that the C library keeps.
    unsafe { CStr::from_ptr(tm.tm_zone) }.to_bytes().to_vec()
}

fn broken_down(rt: &mut Isolate, tm: &libc::tm) -> Owned {
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
    let zone = rt.new_str_os(&zone_name(tm));
    let offset = rt.new_int(tm.tm_gmtoff);
    let items = numbers.iter().map(|&n| Owned::small(n)).collect();
    rt.new_struct_seq(&STRUCT_TIME, items, vec![zone, offset])
}

/// A calendar time, and the zone name that it points to unless the C library keeps it.
struct Moment {
    tm: libc::tm,
    zone: Option<CString>,
}

impl Moment {
    fn of(tm: libc::tm) -> Moment {
        Moment { tm, zone: None }
    }
}

/// An item of a time tuple.
fn int_arg(rt: &mut Isolate, w: Word) -> PyResult<i32> {
    let v = rt.to_i64(w, "long")?;
    i32::try_from(v).map_err(|_| {
        let which = if v < 0 { "less than minimum" } else { "greater than maximum" };
        rt.overflow_error(format!("signed integer is {which}"))
    })
}

/// A calendar time from a tuple of nine numbers, counted as C does but not checked.
fn tm_arg(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Moment> {
    if !rt.is_tuple(w) {
        return Err(rt.type_error("Tuple or struct_time argument required"));
    }
    let items = tuple_items(w);
    if items.len() != STRUCT_TIME.fields.len() {
        return Err(rt.type_error(format!("{function}(): illegal time tuple argument")));
    }
    let mut n = [0; 9];
    for (slot, &item) in n.iter_mut().zip(items) {
        *slot = int_arg(rt, item)?;
    }
    let mut tm = empty_tm();
    let Some(year) = n[0].checked_sub(1900) else { return Err(rt.overflow_error("year out of range")) };
    tm.tm_year = year;
    tm.tm_mon = n[1].wrapping_sub(1);
    [tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec] = [n[2], n[3], n[4], n[5]];
    tm.tm_wday = n[6].wrapping_add(1) % 7;
    tm.tm_yday = n[7].wrapping_sub(1);
    tm.tm_isdst = n[8];
    let mut moment = Moment::of(tm);
    if rt.class_of(w) == rt.struct_seq_class(&STRUCT_TIME) {
        take_zone(rt, w, &mut moment)?;
    }
    Ok(moment)
}

/// Zone name and offset of a `struct_time`, as far as it has them.
fn take_zone(rt: &mut Isolate, w: Word, moment: &mut Moment) -> PyResult<()> {
    if let Some(name) = rt.getattr_opt(w, "tm_zone")?.filter(|n| !n.word().is_none()) {
        if !rt.is_str(name.word()) {
            return Err(rt.type_error("bad argument type for built-in operation"));
        }
        // C sees the name up to its first null.
        let bytes = str_bytes(name.word()).split(|&b| b == 0).next().unwrap_or_default();
        let zone = CString::new(bytes).expect("cut before a null");
        moment.tm.tm_zone = zone.as_ptr();
        moment.zone = Some(zone);
    }
    if let Some(offset) = rt.getattr_opt(w, "tm_gmtoff")?.filter(|n| !n.word().is_none()) {
        moment.tm.tm_gmtoff = rt.to_i64(offset.word(), "long")?;
    }
    Ok(())
}

/// The argument, checked for what text needs, or local time now. Zero stands for the first month and day.
fn checked_tm(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Moment> {
    if w.is_unbound() {
        return calendar(rt, Word::NONE, true).map(Moment::of);
    }
    let mut moment = tm_arg(rt, w, function)?;
    let tm = &mut moment.tm;
    tm.tm_mon += i32::from(tm.tm_mon == -1);
    tm.tm_mday += i32::from(tm.tm_mday == 0);
    tm.tm_yday += i32::from(tm.tm_yday == -1);
    let limits = [
        (tm.tm_mon, 11, "month out of range"),
        (tm.tm_mday - 1, 30, "day of month out of range"),
        (tm.tm_hour, 23, "hour out of range"),
        (tm.tm_min, 59, "minute out of range"),
        (tm.tm_sec, 61, "seconds out of range"),
        (tm.tm_wday, 6, "day of week out of range"),
        (tm.tm_yday, 365, "day of year out of range"),
    ];
    for (value, high, message) in limits {
        if !(0..=high).contains(&value) {
            return Err(rt.value_error(message));
        }
    }
    Ok(moment)
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
    let [format, time_tuple] = arguments(rt, a[0], "strftime", 1)?;
    let format = rt.expect_str(format, "strftime() argument 1")?;
    let mut moment = checked_tm(rt, time_tuple, "strftime")?;
    moment.tm.tm_isdst = moment.tm.tm_isdst.signum();
    let Ok(format) = CString::new(format) else { return Err(rt.value_error("embedded null character")) };
    let text = formatted(&format, &moment);
    // Lone surrogates of the format are no text of the system.
    if core::str::from_utf8(format.as_bytes()).is_ok() { Ok(rt.new_str_os(&text)) } else { Ok(rt.new_str_wtf8(&text)) }
}

fn formatted(format: &CStr, moment: &Moment) -> Vec<u8> {
    // No directive writes more than this for each byte of the format, except a width or a long zone name.
    let zone = moment.zone.as_ref().map_or(0, |z| z.as_bytes().len());
    let enough = (256 + zone) * (format.to_bytes().len() + 1);
    let mut room = 256;
    loop {
        let mut buffer = vec![0u8; room];
        // SAFETY: the buffer has the length given; the zone name lives as long as the moment.
        let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), room, format.as_ptr(), &moment.tm) };
        // Zero may also mean an empty result.
        if n > 0 || room > enough {
            buffer.truncate(n);
            return buffer;
        }
        room *= 2;
    }
}

fn clock_info(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let [name] = arguments(rt, a[0], "get_clock_info", 1)?;
    let name = rt.expect_str(name, "get_clock_info() argument 1")?;
    let (clock, adjustable, call) = match name {
        b"time" => (libc::CLOCK_REALTIME, true, "clock_gettime(CLOCK_REALTIME)"),
        b"monotonic" | b"perf_counter" => (libc::CLOCK_MONOTONIC, false, "clock_gettime(CLOCK_MONOTONIC)"),
        b"process_time" => (libc::CLOCK_PROCESS_CPUTIME_ID, false, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)"),
        b"thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, false, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)"),
        _ => return Err(rt.value_error("unknown clock")),
    };
    let resolution = ask_clock(rt, Word::small(i64::from(clock)), libc::clock_getres)?;
    let info = super::types::new_namespace(rt);
    let (call, resolution) = (rt.new_str(call), rt.new_float(in_seconds(resolution)));
    let values = [
        ("implementation", call),
        ("monotonic", Owned::from_bool(!adjustable)),
        ("adjustable", Owned::from_bool(adjustable)),
        ("resolution", resolution),
    ];
    for (key, value) in values {
        let key = rt.intern(key);
        rt.put_own(info.word(), key, value.word());
    }
    Ok(info)
}
