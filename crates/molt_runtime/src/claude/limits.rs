//! Limits: how much the code of a sandbox, and the whole program, may have and use (section 5.5 of the reference).
//!
//! | limit | what it bounds | kept by |
//! |---|---|---|
//! | calls under way | calls above those where the sandbox begins | the limit of recursion, set anew where frames change |
//! | cells, promises, channels, open files, connections | those alive that were made inside | a [`Charge`] that each holds |
//! | instructions, processor time, memory | what is used inside | a look at each call and each turn of a loop |
//!
//! An instruction is a call of a procedure or a turn of a loop. Programs without budgets pay nothing for them: while there
//! is one, the words of the context that loops and calls look at ([`Isolate::poll`]) say that something waits, so that all
//! of them ask the runtime. A budget that is used up stays so: whatever goes on inside fails again at its next call or turn.
//!
//! Memory is that of objects, estimated: large ones as they are, the others by the mean size of all cells.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

use molt_abi::Word;
pub(super) use molt_abi::limits::Counted;
use molt_abi::limits::{Bounded, LIMITS, MOST_PROMISES};

use super::kind::kind_of;
use super::sandbox::{Sandbox, refused};
use super::{ErrorKind, Kind, effects, map, symbol};
use crate::current::current;
use crate::host::clock;
use crate::startup::PENDING_METER;
use crate::{Isolate, Owned, PyResult, Raised};

/// How many of each kind a program may have, unless it is told otherwise.
const MOST: [i64; Counted::COUNT] = [100_000, MOST_PROMISES, 1_000, NONE, NONE];

/// Most values that a channel may hold.
pub(super) const MOST_BUFFERED: usize = 1_024;

/// A limit that is not set.
pub(super) const NONE: i64 = i64::MAX;

/// Calls and turns between two looks at clock and memory.
const STEPS: u32 = 16;
/// Nanoseconds between two looks at the processor's time, which is asked of the system.
const LOOK_AFTER: u64 = 200_000;

#[derive(Clone)]
struct Count {
    most: i64,
    live: Cell<i64>,
}

impl Count {
    fn is_over(&self) -> bool {
        self.live.get() > self.most
    }
}

/// The limits of one sandbox, or of the program.
pub(super) struct Limits {
    /// Calls that may be under way above those where the sandbox begins.
    pub calls: i64,
    counts: [Count; Counted::COUNT],
    /// Instructions and nanoseconds of processor time that are left.
    instructions: Cell<i64>,
    time: Cell<i64>,
    /// Bytes that objects may take, with those that were there before.
    memory: i64,
    is_metered: bool,
}

impl Limits {
    fn with_counts(most: impl Fn(usize) -> i64) -> Limits {
        Limits {
            calls: NONE,
            counts: core::array::from_fn(|i| Count { most: most(i), live: Cell::new(0) }),
            instructions: Cell::new(NONE),
            time: Cell::new(NONE),
            memory: NONE,
            is_metered: false,
        }
    }

    pub fn none() -> Limits {
        Limits::with_counts(|_| NONE)
    }

    /// Those of a program.
    pub fn of_program() -> Limits {
        Limits::with_counts(|i| MOST[i])
    }

    fn set(&mut self, rt: &Isolate, name: &str, n: i64) -> bool {
        let Some(&(_, bounded)) = LIMITS.iter().find(|(known, _)| *known == name) else { return false };
        match bounded {
            Bounded::Calls => self.calls = self.calls.min(n),
            Bounded::Instructions => self.instructions = Cell::new(n),
            Bounded::Time => self.time = Cell::new(n.saturating_mul(1_000_000)),
            Bounded::Memory => self.memory = n.saturating_add(rt.bytes_of_objects()),
            Bounded::Alive(what) => self.counts[what as usize].most = n,
        }
        true
    }

    fn has_budget(&self) -> bool {
        self.instructions.get() != NONE || self.time.get() != NONE || self.memory != NONE
    }

    /// The limits are in force from now on.
    fn begin(&mut self, rt: &mut Isolate) {
        if self.has_budget() {
            self.is_metered = true;
            rt.claude.meter.look(core::iter::empty());
            rt.claude.meter.live += 1;
            rt.ask_for_calls(PENDING_METER);
        }
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        // SAFETY: the isolate that is current is alive; limits are dropped inside of it, or with it.
        if self.is_metered
            && let Some(rt) = unsafe { current().as_mut() }
        {
            rt.claude.meter.live -= 1;
        }
    }
}

/// Reads limits from a map.
pub(super) fn read(rt: &mut Isolate, listed: Word) -> PyResult<Limits> {
    if !map::is_map(rt, listed) {
        return Err(super::entry::wrong_type(rt, "with-sandbox", "a map of limits", listed));
    }
    let mut limits = Limits::none();
    for [key, value] in map::iter(listed) {
        let n = crate::num::int::to_i64(value).filter(|n| *n >= 0 && kind_of(rt, value) == Kind::Int);
        let Some(n) = n else { return Err(refused(rt, "a limit is an Int that is not negative")) };
        let is_known = kind_of(rt, key) == Kind::Keyword && limits.set(rt, &symbol::text_of(key), n);
        if !is_known {
            let name = super::print::pr_str(rt, key)?;
            let why = format!("there is no limit {}", crate::api::str_text(name.word()));
            return Err(refused(rt, &why));
        }
    }
    limits.begin(rt);
    Ok(limits)
}

/// Sets a limit of the program; whether there is one of the name.
pub(super) fn set_of_program(rt: &mut Isolate, name: &str, n: i64) -> bool {
    let mut limits = rt.claude.limits.take().map_or_else(Limits::of_program, |l| *l);
    let is_known = limits.set(rt, name, n);
    if limits.calls != NONE {
        rt.set_depth_limit(limits.calls.max(rt.depth_used()));
    }
    if !limits.is_metered {
        limits.begin(rt);
    }
    rt.claude.limits = Some(Box::new(limits));
    is_known
}

// ---- what is counted ----------------------------------------------------------------------------

/// What something that is counted holds for as long as it lives.
pub(super) struct Charge {
    what: Counted,
    /// Dropped with it.
    _within: Option<Within>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        // SAFETY: what is counted is dropped inside its isolate.
        count(unsafe { &mut *current() }, self.what, -1);
    }
}

/// The sandboxes that count something, while it lives.
pub(crate) struct Within {
    what: Counted,
    sandboxes: Vec<Rc<Sandbox>>,
}

impl Drop for Within {
    fn drop(&mut self) {
        for sandbox in &self.sandboxes {
            let live = &sandbox.limits.counts[self.what as usize].live;
            live.set(live.get() - 1);
        }
    }
}

fn count(rt: &mut Isolate, what: Counted, change: i64) -> &mut Count {
    let limits = rt.claude.limits.get_or_insert_with(|| Box::new(Limits::of_program()));
    let count = &mut limits.counts[what as usize];
    *count.live.get_mut() += change;
    count
}

#[cold]
fn over(rt: &mut Isolate, what: Counted, most: i64) -> Raised {
    let limit = LIMITS.iter().find(|(_, bounded)| *bounded == Bounded::Alive(what));
    let text = format!("{} allows {most} at a time", limit.expect("each kind has a limit").0);
    rt.raise_claude(ErrorKind::Limit, text, Word::NONE)
}

#[cold]
fn used_up(rt: &mut Isolate, name: &str) -> Raised {
    rt.raise_claude(ErrorKind::Limit, format!("what {name} allows is used up"), Word::NONE)
}

/// Counts what is about to be made; the error `limit` where that is one too many.
pub(super) fn charge(rt: &mut Isolate, what: Counted) -> PyResult<Charge> {
    let within = if rt.claude.is_sandboxed { charge_sandboxes(rt, what)? } else { None };
    count(rt, what, 1);
    let charge = Charge { what, _within: within };
    check_program(rt, what)?;
    Ok(charge)
}

/// The error `limit` where the program has too many, garbage aside.
#[inline]
fn check_program(rt: &mut Isolate, what: Counted) -> PyResult<()> {
    let is_over = |rt: &mut Isolate| count(rt, what, 0).is_over();
    if is_over(rt) {
        rt.collect_cycles();
        if is_over(rt) {
            let most = count(rt, what, 0).most;
            return Err(over(rt, what, most));
        }
    }
    Ok(())
}

#[cold]
fn charge_sandboxes(rt: &mut Isolate, what: Counted) -> PyResult<Option<Within>> {
    let limited = |s: &&Rc<Sandbox>| s.limits.counts[what as usize].most != NONE;
    let sandboxes: Vec<Rc<Sandbox>> = effects::sandboxes(rt).filter(limited).cloned().collect();
    if sandboxes.is_empty() {
        return Ok(None);
    }
    let counts = || sandboxes.iter().map(|s| &s.limits.counts[what as usize]);
    if counts().any(|c| c.live.get() >= c.most) {
        rt.collect_cycles();
        if let Some(full) = counts().find(|c| c.live.get() >= c.most) {
            let most = full.most;
            return Err(over(rt, what, most));
        }
    }
    counts().for_each(|c| c.live.set(c.live.get() + 1));
    Ok(Some(Within { what, sandboxes }))
}

/// Counts a cell that was made. Cells hold nothing beside their value, so what sandboxes count lies at their side.
pub(super) fn charge_cell(rt: &mut Isolate, cell: Owned) -> PyResult {
    count(rt, Counted::Cells, 1);
    // Dropping the cell takes it off again.
    check_program(rt, Counted::Cells)?;
    if rt.claude.is_sandboxed
        && let Some(within) = charge_sandboxes(rt, Counted::Cells)?
    {
        rt.side_mut(cell.word()).within = Some(Box::new(within));
    }
    Ok(cell)
}

/// A cell is no more.
pub(crate) fn cell_ended(rt: &mut Isolate) {
    count(rt, Counted::Cells, -1);
}

// ---- what is used -------------------------------------------------------------------------------

/// What is known of the budgets in force.
#[derive(Default)]
pub(super) struct Meter {
    /// Limits with budgets that exist.
    live: usize,
    /// The handlers for which `inside` was made.
    handlers: Option<(u64, usize)>,
    /// The sandboxes with budgets in force.
    inside: Vec<Rc<Sandbox>>,
    steps: u32,
    /// When the processor's time was asked for last, and what it was, in nanoseconds.
    looked: u64,
    used: u64,
}

impl Meter {
    #[inline]
    pub(super) fn runs(&self) -> bool {
        self.live != 0
    }

    /// Charges limits with the processor's time since the last look.
    fn look<'a>(&mut self, limits: impl Iterator<Item = &'a Limits>) {
        let now = clock(libc::CLOCK_MONOTONIC);
        if now.wrapping_sub(self.looked) < LOOK_AFTER {
            return;
        }
        let used = clock(libc::CLOCK_THREAD_CPUTIME_ID);
        let since = used.saturating_sub(self.used);
        (self.looked, self.used) = (now, used);
        for time in limits.map(|l| &l.time).filter(|t| t.get() != NONE) {
            time.set(time.get() - since.min(1 << 62) as i64);
        }
    }
}

/// A call of a procedure or a turn of a loop while there are budgets.
#[cold]
pub(crate) fn step(rt: &mut Isolate) -> PyResult<()> {
    let at = (rt.ctx.handler_turn, rt.ctx.handlers.addr());
    if rt.claude.meter.handlers != Some(at) {
        let inside = effects::sandboxes(rt).filter(|s| s.limits.has_budget()).cloned().collect();
        rt.claude.meter.inside = inside;
        rt.claude.meter.handlers = Some(at);
    }
    let program = rt.claude.limits.take();
    let inside = core::mem::take(&mut rt.claude.meter.inside);
    let all = || inside.iter().map(|s| &s.limits).chain(program.as_deref().filter(|p| p.has_budget()));
    let mut over = None;
    for l in all() {
        if l.instructions.get() != NONE {
            l.instructions.set(l.instructions.get() - 1);
            if l.instructions.get() < 0 {
                l.instructions.set(-1);
                over = Some("max-instructions");
            }
        }
        if l.time.get() < 0 {
            over = Some("max-cpu-ms");
        }
    }
    let meter = &mut rt.claude.meter;
    meter.steps += 1;
    if meter.steps.is_multiple_of(STEPS) {
        meter.look(all());
        let bytes = rt.bytes_of_objects();
        if all().any(|l| bytes > l.memory) {
            over = Some("max-memory");
        }
    }
    rt.claude.meter.inside = inside;
    rt.claude.limits = program;
    over.map_or(Ok(()), |name| Err(used_up(rt, name)))
}

/// Refuses a request for so many bytes that a budget does not allow.
#[cold]
pub(crate) fn may_take(rt: &mut Isolate, bytes: Option<usize>) -> PyResult<()> {
    let total = rt.bytes_of_objects().saturating_add(bytes.and_then(|b| i64::try_from(b).ok()).unwrap_or(NONE));
    let is_over = |l: &Limits| l.memory != NONE && total > l.memory;
    let by_program = rt.claude.limits.as_deref().is_some_and(is_over);
    if by_program || effects::sandboxes(rt).any(|s| is_over(&s.limits)) {
        return Err(used_up(rt, "max-memory"));
    }
    Ok(())
}
