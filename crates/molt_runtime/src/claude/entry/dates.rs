//! Dates and times in the proleptic Gregorian calendar.
//!
//! A DateTime is the value `(DateTime timestamp offset)` of a data type: seconds since 1970 in UTC, and how many seconds
//! the clock on the wall is ahead of that. So dates are data: they compare, hash and sort by their instant. Arithmetic
//! keeps the offset. Where none is given it is that of the local zone at the time.

use alloc::format;
use alloc::string::String;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, list, tagged};
use super::strings::text;
use super::{bad_index, expect, expect_index, wrong_type};
use crate::api::{str_bytes, str_text};
use crate::entry::{entries, ret};
use crate::num::c_math::floor;
use crate::num::int;
use crate::{Isolate, Owned, PyResult, Raised};

const NAME: &str = "DateTime";
const DAY: i64 = 86_400;
/// Years that dates may have: the seconds of a few more still fit a word many times over.
const YEARS: core::ops::RangeInclusive<i64> = -1_000_000..=1_000_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Monday, as weekdays are counted.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

// ---- the calendar ------------------------------------------------------------------------------

/// Days from 1970-01-01 to a date. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in
/// March, so that the leap day is the last one.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let year = era * 400 + of_era + i64::from(month >= 10);
    (year, (month + 2) % 12 + 1, of_year - (153 * month + 2) / 5 + 1)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What a clock and a calendar on the wall show.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// Of seconds since 1970 on that clock.
    fn of(seconds: i64) -> Civil {
        let (year, month, day) = date_of(seconds.div_euclid(DAY));
        let rest = seconds.rem_euclid(DAY);
        Civil { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    fn seconds(self) -> i64 {
        days_of(self.year, self.month, self.day) * DAY + self.hour * 3600 + self.minute * 60 + self.second
    }

    fn is_valid(self) -> bool {
        YEARS.contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second)
    }

    fn weekday(self) -> i64 {
        (days_of(self.year, self.month, self.day) + 3).rem_euclid(7)
    }

    fn day_of_year(self) -> i64 {
        days_of(self.year, self.month, self.day) - days_of(self.year, 1, 1) + 1
    }
}

/// Seconds that the local zone is ahead at an instant.
fn local_offset(instant: i64) -> i64 {
    // SAFETY: `tm` is plain data.
    let mut tm: libc::tm = unsafe { core::mem::zeroed() };
    let instant = instant as libc::time_t;
    // SAFETY: room for the result. A year beyond the C library's leaves the offset zero.
    unsafe { libc::localtime_r(&raw const instant, &raw mut tm) };
    tm.tm_gmtoff as i64
}

/// The local zone's offset when its clocks show a time. Of a time that clocks show twice it is the later offset's, and a
/// time that they leave out is taken as if they had not been changed.
fn offset_of_civil(shown: i64) -> i64 {
    let first = local_offset(shown - local_offset(shown));
    let second = local_offset(shown - first);
    if local_offset(shown - second) == second { second } else { first }
}

// ---- values ------------------------------------------------------------------------------------

/// An instant and the offset of its clock.
struct Moment {
    /// Whole seconds, rounded down.
    seconds: i64,
    offset: i64,
}

impl Moment {
    fn civil(&self) -> Civil {
        Civil::of(self.seconds + self.offset)
    }
}

/// The timestamp of a DateTime; `None` for any other value.
pub(super) fn timestamp(rt: &Isolate, w: Word) -> Option<Word> {
    let class = rt.class_of(w);
    let is_date = kind_of(rt, w) == Kind::Tagged
        && tagged::arity(rt, class) == 2
        && str_bytes(tagged::name(rt, class)) == NAME.as_bytes();
    is_date.then(|| tagged::fields(rt, w)[0])
}

/// Whole seconds of a number, rounded down, if a date can have them.
fn whole_seconds(rt: &mut Isolate, w: Word, function: &str) -> PyResult<i64> {
    let v = super::numbers::expect_double(rt, w, function)?;
    let exact = if kind_of(rt, w) == Kind::Int { int::to_i64(w) } else { None };
    let seconds = exact.unwrap_or(floor(v) as i64);
    if v.is_finite() && YEARS.contains(&(seconds / (366 * DAY))) {
        return Ok(seconds);
    }
    Err(bad_index(rt, format!("{function}: the time is out of range")))
}

fn moment_of(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Moment> {
    if timestamp(rt, w).is_none() {
        return Err(wrong_type(rt, function, "a DateTime", w));
    }
    let [stamp, offset] = *tagged::fields(rt, w) else { unreachable!("it was counted") };
    let offset = expect_index(rt, offset, function)?;
    if offset.abs() > DAY {
        return Err(bad_index(rt, format!("{function}: the offset is out of range")));
    }
    Ok(Moment { seconds: whole_seconds(rt, stamp, function)?, offset })
}

fn new_date(rt: &mut Isolate, stamp: Owned, offset: i64) -> Owned {
    let class = rt.constructor_class(NAME, 2);
    tagged::new(rt, class, [stamp, Owned::small(offset)].into_iter())
}

/// The date that clocks with an offset, or the local ones, show.
fn of_civil(rt: &mut Isolate, civil: Civil, offset: Option<i64>) -> Owned {
    let shown = civil.seconds();
    let offset = offset.unwrap_or_else(|| offset_of_civil(shown));
    let stamp = rt.new_int(shown - offset);
    new_date(rt, stamp, offset)
}

/// Year, month, day, hour, minute and second in a list.
fn civil_of(rt: &mut Isolate, parts: Word, function: &str) -> PyResult<Civil> {
    let mut all = [0; 6];
    for (slot, w) in all.iter_mut().zip(list::iter(parts)) {
        *slot = expect_index(rt, w, function)?;
    }
    let [year, month, day, hour, minute, second] = all;
    let civil = Civil { year, month, day, hour, minute, second };
    if civil.is_valid() {
        return Ok(civil);
    }
    Err(bad_index(rt, format!("{function}: there is no {year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")))
}

fn create(rt: &mut Isolate, parts: Word) -> PyResult {
    let civil = civil_of(rt, parts, "datetime:create")?;
    Ok(of_civil(rt, civil, None))
}

/// A date of seconds since 1970, in the local zone or in UTC.
fn from_timestamp(rt: &mut Isolate, in_utc: bool, w: Word) -> PyResult {
    let seconds = whole_seconds(rt, w, "datetime:from-timestamp")?;
    let offset = if in_utc { 0 } else { local_offset(seconds) };
    Ok(new_date(rt, Owned::share(w), offset))
}

fn to_timestamp(rt: &mut Isolate, w: Word) -> PyResult {
    match timestamp(rt, w) {
        Some(stamp) => Ok(Owned::share(stamp)),
        None => Err(wrong_type(rt, "datetime:to-timestamp", "a DateTime", w)),
    }
}

fn to_utc(rt: &mut Isolate, w: Word) -> PyResult {
    let stamp = to_timestamp(rt, w)?;
    Ok(new_date(rt, stamp, 0))
}

/// Names of the parts, in the compiler's order; those of plain timestamps, in the local zone, follow those of dates.
const PARTS: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "weekday"];

fn part(rt: &mut Isolate, which: u64, w: Word) -> PyResult {
    let (which, is_date) = (which as usize % PARTS.len(), (which as usize) < PARTS.len());
    let civil = if is_date {
        moment_of(rt, w, &format!("datetime:{}", PARTS[which]))?.civil()
    } else {
        let seconds = whole_seconds(rt, w, &format!("time-{}", PARTS[which]))?;
        Civil::of(seconds + local_offset(seconds))
    };
    let Civil { year, month, day, hour, minute, second } = civil;
    Ok(Owned::small([year, month, day, hour, minute, second, civil.weekday()][which]))
}

/// The date so many seconds later, with the same offset.
fn shift(rt: &mut Isolate, w: Word, by: Word) -> PyResult {
    let before = moment_of(rt, w, "datetime:add-seconds")?;
    super::numbers::expect_double(rt, by, "datetime:add-seconds")?;
    let stamp = timestamp(rt, w).expect("it is a date");
    let stamp = super::numbers::add(rt, stamp, by)?;
    whole_seconds(rt, stamp.word(), "datetime:add-seconds")?;
    Ok(new_date(rt, stamp, before.offset))
}

/// The same day so many months later; the last one of the month where that is shorter.
fn add_months(rt: &mut Isolate, w: Word, by: Word) -> PyResult {
    let function = "datetime:add-months";
    let moment = moment_of(rt, w, function)?;
    let by = expect_index(rt, by, function)?;
    let mut civil = moment.civil();
    let months = by.checked_add(civil.year * 12 + civil.month - 1);
    let Some(months) = months.filter(|m| YEARS.contains(&m.div_euclid(12))) else {
        return Err(bad_index(rt, format!("{function}: the time is out of range")));
    };
    (civil.year, civil.month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    civil.day = civil.day.min(days_in(civil.year, civil.month));
    let by = rt.new_int(civil.seconds() - moment.offset - moment.seconds);
    shift(rt, w, by.word())
}

// ---- text --------------------------------------------------------------------------------------

fn offset_text(offset: i64, colon: &str) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// The letters of `strftime`, in the C locale. `None` for one that is unknown.
fn write_letter(out: &mut String, letter: char, m: &Moment) -> Option<()> {
    let c = m.civil();
    let hour12 = (c.hour + 11) % 12 + 1;
    let weekday = WEEKDAYS[c.weekday() as usize];
    let month = MONTHS[c.month as usize - 1];
    let year = if (0..=9999).contains(&c.year) { format!("{:04}", c.year) } else { format!("{}", c.year) };
    let all = |out: &mut String, format: &str| {
        let mut letters = format.chars();
        while let Some(c) = letters.next() {
            match c {
                '%' => write_letter(out, letters.next()?, m)?,
                c => out.push(c),
            }
        }
        Some(())
    };
    let text = match letter {
        'Y' => year,
        'C' => format!("{:02}", c.year.div_euclid(100)),
        'y' => format!("{:02}", c.year.rem_euclid(100)),
        'm' => format!("{:02}", c.month),
        'd' => format!("{:02}", c.day),
        'e' => format!("{:2}", c.day),
        'H' => format!("{:02}", c.hour),
        'I' => format!("{hour12:02}"),
        'M' => format!("{:02}", c.minute),
        'S' => format!("{:02}", c.second),
        'p' => (if c.hour < 12 { "AM" } else { "PM" }).into(),
        'j' => format!("{:03}", c.day_of_year()),
        'u' => format!("{}", c.weekday() + 1),
        'w' => format!("{}", (c.weekday() + 1) % 7),
        'U' => format!("{:02}", (c.day_of_year() + 6 - (c.weekday() + 1) % 7) / 7),
        'W' => format!("{:02}", (c.day_of_year() + 6 - c.weekday()) / 7),
        'A' => weekday.into(),
        'a' => weekday[..3].into(),
        'B' => month.into(),
        'b' | 'h' => month[..3].into(),
        's' => format!("{}", m.seconds),
        'z' => offset_text(m.offset, ""),
        'Z' if m.offset == 0 => "UTC".into(),
        'Z' => format!("UTC{}", offset_text(m.offset, ":")),
        'F' => return all(out, "%Y-%m-%d"),
        'T' | 'X' => return all(out, "%H:%M:%S"),
        'R' => return all(out, "%H:%M"),
        'D' | 'x' => return all(out, "%m/%d/%y"),
        'r' => return all(out, "%I:%M:%S %p"),
        'c' => return all(out, "%a %b %e %H:%M:%S %Y"),
        'n' => "\n".into(),
        't' => "\t".into(),
        '%' => "%".into(),
        _ => return None,
    };
    out.push_str(&text);
    Some(())
}

#[cold]
fn bad_format(rt: &mut Isolate, function: &str, letter: Option<char>) -> Raised {
    let message = match letter {
        Some(letter) => format!("{function}: `%{letter}` stands for nothing"),
        None => format!("{function}: the format ends with `%`"),
    };
    rt.raise_claude(ErrorKind::Parse, message, Word::NONE)
}

fn format_date(rt: &mut Isolate, w: Word, pattern: Word) -> PyResult {
    let moment = moment_of(rt, w, "datetime:format")?;
    let pattern = str_text(expect(rt, pattern, Kind::String, "datetime:format")?);
    let (mut out, mut letters) = (String::new(), pattern.chars());
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let letter = letters.next();
        if letter.and_then(|l| write_letter(&mut out, l, &moment)).is_none() {
            return Err(bad_format(rt, "datetime:format", letter));
        }
    }
    Ok(rt.new_str(&out))
}

/// `2024-03-07T18:30:15+01:00`, with the fraction that the timestamp has.
fn iso(m: &Moment, fraction: &str) -> String {
    let mut out = String::new();
    for letter in ['F', 'T'] {
        out.push_str(if letter == 'T' { "T" } else { "" });
        write_letter(&mut out, letter, m).expect("these letters are known");
    }
    out.push_str(fraction);
    out.push_str(&offset_text(m.offset, ":"));
    out
}

fn iso_format(rt: &mut Isolate, w: Word) -> PyResult {
    let moment = moment_of(rt, w, "datetime:iso-format")?;
    let stamp = timestamp(rt, w).expect("it is a date");
    let v = super::numbers::expect_double(rt, stamp, "datetime:iso-format")?;
    // A double of today has no more than microseconds.
    let micros = floor((v - floor(v)) * 1e6) as i64;
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Ok(rt.new_str(&iso(&moment, &fraction)))
}

/// The date and time of the local zone now, for log lines.
pub(super) fn now_text() -> String {
    let seconds = (crate::host::clock(libc::CLOCK_REALTIME) / 1_000_000_000) as i64;
    iso(&Moment { seconds, offset: local_offset(seconds) }, "")
}

/// `time->string` of a timestamp: `2024-03-07 18:30:15`, in the local zone.
fn time_to_string(rt: &mut Isolate, w: Word) -> PyResult {
    let seconds = whole_seconds(rt, w, "time->string")?;
    let moment = Moment { seconds, offset: local_offset(seconds) };
    let mut out = String::new();
    write_letter(&mut out, 'F', &moment).expect("the letter is known");
    out.push(' ');
    write_letter(&mut out, 'T', &moment).expect("the letter is known");
    Ok(rt.new_str(&out))
}

/// What a text says of a date, as far as it was read.
struct Reading<'t> {
    rest: &'t str,
    civil: Civil,
    /// The hour is one of twelve, in the afternoon or not.
    afternoon: Option<bool>,
    day_of_year: Option<i64>,
    offset: Option<i64>,
    stamp: Option<i64>,
    /// Digits after the point of the seconds, in microseconds.
    micros: i64,
}

impl<'t> Reading<'t> {
    fn new(rest: &'t str) -> Reading<'t> {
        let civil = Civil { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
        Reading { rest, civil, afternoon: None, day_of_year: None, offset: None, stamp: None, micros: 0 }
    }

    fn take(&mut self, prefix: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(prefix)?;
        Some(())
    }

    /// A number of at most so many digits.
    fn number(&mut self, most: usize) -> Option<i64> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().ok()
    }

    fn signed(&mut self, most: usize) -> Option<i64> {
        let sign = if self.take("-").is_some() { -1 } else { 1 };
        self.number(most).map(|v| sign * v)
    }

    /// The place of a name, in full or by its first three letters, in either case.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let fits = |name: &str| self.rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        let found = names.iter().position(|n| fits(n)).map(|i| (i, names[i].len()));
        let (at, length) = found.or_else(|| names.iter().position(|n| fits(&n[..3])).map(|i| (i, 3)))?;
        self.rest = &self.rest[length..];
        Some(at as i64)
    }

    /// `Z`, `+01`, `+0100` or `+01:00`.
    fn zone(&mut self) -> Option<i64> {
        if self.take("Z").is_some() {
            return Some(0);
        }
        let sign = if self.take("-").is_some() {
            -1
        } else {
            self.take("+")?;
            1
        };
        let hours = self.number(2)?;
        let minutes = if self.take(":").is_some() { self.number(2)? } else { self.number(2).unwrap_or(0) };
        Some(sign * (hours * 3600 + minutes * 60))
    }

    fn letter(&mut self, letter: char) -> Option<()> {
        match letter {
            'Y' => self.civil.year = self.signed(4)?,
            'y' => {
                let year = self.number(2)?;
                self.civil.year = if year < 69 { 2000 + year } else { 1900 + year };
            }
            'm' => self.civil.month = self.number(2)?,
            'd' => self.civil.day = self.number(2)?,
            'e' => {
                self.rest = self.rest.trim_start();
                self.civil.day = self.number(2)?;
            }
            'H' | 'I' => self.civil.hour = self.number(2)?,
            'M' => self.civil.minute = self.number(2)?,
            'S' => self.civil.second = self.number(2)?,
            'j' => self.day_of_year = Some(self.number(3)?),
            'B' | 'b' | 'h' => self.civil.month = self.name(&MONTHS)? + 1,
            'A' | 'a' => {
                self.name(&WEEKDAYS)?;
            }
            'p' => {
                let half = self.rest.get(..2)?;
                self.afternoon = Some(half.eq_ignore_ascii_case("PM"));
                self.rest =
                    (half.eq_ignore_ascii_case("AM") || self.afternoon == Some(true)).then(|| &self.rest[2..])?;
            }
            'z' => self.offset = Some(self.zone()?),
            's' => self.stamp = Some(self.signed(18)?),
            'F' => self.all("%Y-%m-%d")?,
            'T' => self.all("%H:%M:%S")?,
            'R' => self.all("%H:%M")?,
            'D' => self.all("%m/%d/%y")?,
            '%' => self.take("%")?,
            _ => return None,
        }
        Some(())
    }

    /// Follows a format. A blank in it stands for any number of them.
    fn all(&mut self, format: &str) -> Option<()> {
        let mut letters = format.chars();
        while let Some(c) = letters.next() {
            match c {
                '%' => self.letter(letters.next()?)?,
                c if c.is_whitespace() => self.rest = self.rest.trim_start(),
                c => self.take(c.encode_utf8(&mut [0; 4]))?,
            }
        }
        Some(())
    }

    /// A fraction after the seconds, of any number of digits.
    fn fraction(&mut self) -> Option<()> {
        if self.take(".").is_none() && self.take(",").is_none() {
            return Some(());
        }
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        let first: String = digits.chars().chain("000000".chars()).take(6).collect();
        self.micros = first.parse().ok().filter(|_| count > 0)?;
        Some(())
    }

    /// A date, or date and time, as ISO 8601 and RFC 3339 write them.
    fn iso(&mut self) -> Option<()> {
        self.all("%Y-%m-%d")?;
        if self.rest.is_empty() {
            return Some(());
        }
        if self.take("T").is_none() && self.take("t").is_none() {
            self.take(" ")?;
        }
        self.all("%H:%M")?;
        if self.take(":").is_some() {
            self.letter('S')?;
            self.fraction()?;
        }
        if !self.rest.is_empty() {
            self.letter('z')?;
        }
        Some(())
    }

    /// The date, once the whole text was read.
    fn finish(mut self, rt: &mut Isolate) -> Option<Owned> {
        if !self.rest.is_empty() {
            return None;
        }
        if let Some(afternoon) = self.afternoon {
            let hour = Some(self.civil.hour).filter(|h| (1..=12).contains(h))?;
            self.civil.hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        if let Some(day) = self.day_of_year {
            let most = 365 + i64::from(is_leap(self.civil.year));
            let days = days_of(self.civil.year, 1, 1) + Some(day).filter(|d| (1..=most).contains(d))? - 1;
            (self.civil.year, self.civil.month, self.civil.day) = date_of(days);
        }
        let shown = self.civil.is_valid().then(|| self.civil.seconds())?;
        if let Some(stamp) = self.stamp {
            self.offset = Some(self.offset.unwrap_or_else(|| local_offset(stamp)));
        }
        let offset = self.offset.unwrap_or_else(|| offset_of_civil(shown));
        let seconds = self.stamp.unwrap_or(shown - offset);
        let stamp = if self.micros == 0 {
            rt.new_int(seconds)
        } else {
            rt.new_float(seconds as f64 + self.micros as f64 / 1e6)
        };
        Some(new_date(rt, stamp, offset))
    }
}

/// Reads a date by a format, or in ISO form where none is given.
fn parse(rt: &mut Isolate, s: Word, format: Word) -> PyResult {
    let function = if format.is_unbound() { "datetime:parse-iso" } else { "datetime:parse" };
    text(rt, s, function)?;
    let said = str_text(s);
    let mut reading = Reading::new(&said);
    let followed = if format.is_unbound() {
        reading.iso()
    } else {
        reading.all(&str_text(expect(rt, format, Kind::String, function)?))
    };
    match followed.and_then(|()| reading.finish(rt)) {
        Some(date) => Ok(date),
        None => {
            let message = format!("{function}: \"{said}\" is no date of this form");
            Err(rt.raise_claude(ErrorKind::Parse, message, Word::NONE))
        }
    }
}

entries! {
    cl_date_of(rt, parts: Word) -> Ret { ret(create(rt, parts)) }
    cl_date_from_timestamp(rt, in_utc: u64, w: Word) -> Ret { ret(from_timestamp(rt, in_utc == 1, w)) }
    cl_date_to_timestamp(rt, w: Word) -> Ret { ret(to_timestamp(rt, w)) }
    cl_date_to_utc(rt, w: Word) -> Ret { ret(to_utc(rt, w)) }
    cl_date_part(rt, which: u64, w: Word) -> Ret { ret(part(rt, which, w)) }
    cl_date_shift(rt, w: Word, by: Word) -> Ret { ret(shift(rt, w, by)) }
    cl_date_add_months(rt, w: Word, by: Word) -> Ret { ret(add_months(rt, w, by)) }
    cl_date_format(rt, w: Word, format: Word) -> Ret { ret(format_date(rt, w, format)) }
    cl_date_iso_format(rt, w: Word) -> Ret { ret(iso_format(rt, w)) }
    cl_date_parse(rt, s: Word, format: Word) -> Ret { ret(parse(rt, s, format)) }
    cl_time_to_string(rt, w: Word) -> Ret { ret(time_to_string(rt, w)) }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        assert_eq!((days_of(1970, 1, 1), days_of(2000, 3, 1), days_of(1969, 12, 31)), (0, 11_017, -1));
        let mut before = date_of(-800_000);
        for days in -799_999..=800_000 {
            let date = date_of(days);
            assert_eq!(days_of(date.0, date.1, date.2), days);
            let next = match before {
                (y, m, d) if d < days_in(y, m) => (y, m, d + 1),
                (y, 12, _) => (y + 1, 1, 1),
                (y, m, _) => (y, m + 1, 1),
            };
            assert_eq!(date, next);
            before = date;
        }
    }

    #[test]
    fn letters_of_formats() {
        let moment = Moment { seconds: 1_709_836_215, offset: 3600 };
        let shown = |letters: &str| {
            let mut out = Vec::new();
            for l in letters.chars() {
                let mut text = String::new();
                write_letter(&mut text, l, &moment).expect("the letter is known");
                out.push(text);
            }
            out.join("|")
        };
        assert_eq!(shown("YmdHMSyCjuw"), "2024|03|07|19|30|15|24|20|067|4|4");
        assert_eq!(shown("AaBbIpez"), "Thursday|Thu|March|Mar|07|PM| 7|+0100");
        assert_eq!(shown("FTRDrUWs"), "2024-03-07|19:30:15|19:30|03/07/24|07:30:15 PM|09|10|1709836215");
        assert_eq!(shown("cZ%"), "Thu Mar  7 19:30:15 2024|UTC+01:00|%");
        assert_eq!(iso(&moment, ".5"), "2024-03-07T19:30:15.5+01:00");
        assert!(write_letter(&mut String::new(), 'Q', &moment).is_none());
    }

    #[test]
    fn texts_are_read_by_a_format() {
        let read = |text: &'static str, format: &str| {
            let mut r = Reading::new(text);
            let followed = if format == "iso" { r.iso() } else { r.all(format) };
            followed.filter(|()| r.rest.is_empty()).map(|()| (r.civil, r.offset, r.micros))
        };
        let civil = |year, month, day, hour, minute, second| Civil { year, month, day, hour, minute, second };
        let plain = civil(2024, 3, 7, 18, 30, 0);
        assert_eq!(read("07.03.2024 18:30", "%d.%m.%Y %H:%M"), Some((plain, None, 0)));
        assert_eq!(read("Thu, mar 7 24", "%a, %B %e %y").map(|r| r.0), Some(civil(2024, 3, 7, 0, 0, 0)));
        assert_eq!(read("2024-03-07T18:30:00.25Z", "iso"), Some((plain, Some(0), 250_000)));
        assert_eq!(read("2024-03-07 18:30-0130", "iso"), Some((plain, Some(-5400), 0)));
        for wrong in ["2024", "2024-03-07T", "2024-03-07T18:30:00.", "2024-03-07x"] {
            assert_eq!(read(wrong, "iso"), None, "{wrong}");
        }
    }
}
