//! Channels, and the choice between several.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use molt_abi::Word;

use super::super::ErrorKind;
use super::super::entry::wrong_type;
use super::super::limits::{Charge, Counted, charge};
use super::{Isolate, Owned, PyResult, Raised, Tasks, Waiter, Woken, begin_wait, classes, wait};
use crate::Place;
use crate::api::native;
use crate::native::NativeData;

/// Somebody who waits to send.
struct Sender {
    waiter: Waiter,
    value: Owned,
}

/// A channel.
pub(super) struct Channel {
    buffer: VecDeque<Owned>,
    room: usize,
    is_closed: bool,
    /// While anybody is here, the buffer is empty.
    receivers: VecDeque<Waiter>,
    /// While anybody is here, the buffer is full.
    senders: VecDeque<Sender>,
    /// Dropped with it.
    _charge: Charge,
}

impl NativeData for Channel {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.buffer.iter().for_each(|v| visit(v.word()));
        self.senders.iter().for_each(|s| visit(s.value.word()));
    }
    fn clear(&mut self) {
        self.buffer.clear();
        self.senders.clear();
    }
}

impl Channel {
    /// The first sender that still waits.
    fn sender(&mut self, tasks: &Tasks) -> Option<Sender> {
        loop {
            let s = self.senders.pop_front()?;
            if tasks.is_waiting(s.waiter) {
                return Some(s);
            }
        }
    }

    fn forget(&mut self, ticket: u64) {
        self.receivers.retain(|w| w.ticket != ticket);
        self.senders.retain(|s| s.waiter.ticket != ticket);
    }
}

/// A channel with room for so many values; the error `limit` where there are too many.
pub(in super::super) fn new(rt: &mut Isolate, room: usize) -> PyResult {
    let class = classes(rt).channel;
    let channel = Channel {
        buffer: VecDeque::new(),
        room,
        is_closed: false,
        receivers: VecDeque::new(),
        senders: VecDeque::new(),
        _charge: charge(rt, Counted::Channels)?,
    };
    Ok(rt.new_native(class, Box::new(channel)))
}

/// A channel, or `type-error`.
#[inline]
fn expect(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Place<Channel>> {
    if rt.claude.tasks.classes.is_some_and(|c| rt.class_of(w) == c.channel) {
        return Ok(native::<Channel>(w));
    }
    Err(wrong_type(rt, function, "a channel", w))
}

#[cold]
fn closed(rt: &mut Isolate, function: &str) -> Raised {
    rt.raise_claude(ErrorKind::ChannelClosed, alloc::format!("{function}: the channel is closed"), Word::NONE)
}

// ---- sending ------------------------------------------------------------------------------------

/// Sends if nobody must wait for that: whether it was sent.
fn send_now(rt: &mut Isolate, mut channel: Place<Channel>, value: Word) -> bool {
    if let Some(w) = rt.claude.tasks.first(&mut channel.receivers) {
        rt.claude.tasks.wake(w, Owned::share(value), true);
        return true;
    }
    let fits = channel.buffer.len() < channel.room;
    if fits {
        channel.buffer.push_back(Owned::share(value));
    }
    fits
}

/// Sends, waiting for room or a receiver until a time; whether it was sent.
pub(in super::super) fn send(rt: &mut Isolate, ch: Word, value: Word, deadline: Option<u64>) -> PyResult<bool> {
    let mut channel = expect(rt, ch, "send!")?;
    if channel.is_closed {
        return Err(closed(rt, "send!"));
    }
    if send_now(rt, channel, value) {
        return Ok(true);
    }
    let waiter = begin_wait(rt, "room in a channel")?;
    channel.senders.push_back(Sender { waiter, value: Owned::share(value) });
    match wait(rt, deadline) {
        Ok(Woken::Done(_, _, true)) => Ok(true),
        Ok(Woken::Done(..)) => Err(closed(rt, "send!")),
        Ok(Woken::Timeout) => {
            channel.forget(waiter.ticket);
            Ok(false)
        }
        Err(Raised) => {
            channel.forget(waiter.ticket);
            Err(Raised)
        }
    }
}

/// Sends if nobody must wait for that.
pub(in super::super) fn try_send(rt: &mut Isolate, ch: Word, value: Word) -> PyResult<bool> {
    let channel = expect(rt, ch, "try-send!")?;
    if channel.is_closed {
        return Err(closed(rt, "try-send!"));
    }
    Ok(send_now(rt, channel, value))
}

// ---- receiving ----------------------------------------------------------------------------------

/// What a receiver gets.
pub(in super::super) enum Received {
    Value(Owned),
    /// The channel is closed and empty.
    End,
    /// Nothing is there now, or was until the time had passed.
    Nothing,
}

/// Receives what is there.
fn receive_now(rt: &mut Isolate, mut channel: Place<Channel>) -> Received {
    let value = channel.buffer.pop_front();
    if let Some(s) = channel.sender(&rt.claude.tasks) {
        rt.claude.tasks.wake(s.waiter, Owned::NONE, true);
        return Received::Value(match value {
            Some(first) => {
                channel.buffer.push_back(s.value);
                first
            }
            None => s.value,
        });
    }
    match value {
        Some(value) => Received::Value(value),
        None if channel.is_closed => Received::End,
        None => Received::Nothing,
    }
}

/// Receives, waiting for a sender until a time.
pub(in super::super) fn receive(rt: &mut Isolate, ch: Word, deadline: Option<u64>) -> PyResult<Received> {
    let mut channel = expect(rt, ch, "receive!")?;
    match receive_now(rt, channel) {
        Received::Nothing => {}
        found => return Ok(found),
    }
    let waiter = begin_wait(rt, "a value of a channel")?;
    channel.receivers.push_back(waiter);
    match wait(rt, deadline) {
        Ok(Woken::Done(_, value, true)) => Ok(Received::Value(value)),
        Ok(Woken::Done(..)) => Ok(Received::End),
        Ok(Woken::Timeout) => {
            channel.forget(waiter.ticket);
            Ok(Received::Nothing)
        }
        Err(Raised) => {
            channel.forget(waiter.ticket);
            Err(Raised)
        }
    }
}

/// Receives what is there without waiting.
pub(in super::super) fn try_receive(rt: &mut Isolate, ch: Word) -> PyResult<Received> {
    let channel = expect(rt, ch, "try-recv!")?;
    Ok(receive_now(rt, channel))
}

// ---- closing ------------------------------------------------------------------------------------

/// Closes a channel. Receivers that wait are at its end; senders that wait find it closed.
pub(in super::super) fn close(rt: &mut Isolate, ch: Word) -> PyResult<()> {
    let mut channel = expect(rt, ch, "close!")?;
    channel.is_closed = true;
    let (receivers, senders) = (core::mem::take(&mut channel.receivers), core::mem::take(&mut channel.senders));
    for w in receivers.into_iter().chain(senders.iter().map(|s| s.waiter)) {
        if rt.claude.tasks.is_waiting(w) {
            rt.claude.tasks.wake(w, Owned::NONE, false);
        }
    }
    Ok(())
}

pub(in super::super) fn is_closed(rt: &mut Isolate, ch: Word) -> PyResult<bool> {
    Ok(expect(rt, ch, "closed?")?.is_closed)
}

// ---- choosing -----------------------------------------------------------------------------------

/// One of the things to choose between.
pub(in super::super) struct Case {
    pub channel: Word,
    /// What is sent; nothing to receive.
    pub value: Option<Word>,
}

/// What was chosen.
pub(in super::super) enum Chosen {
    /// Number, value received, and whether there was one.
    Case(usize, Owned, bool),
    /// None was ready.
    Default,
    Timeout,
}

/// Does one of several things, the first that can be done. Of several that can be done at once it takes any.
pub(in super::super) fn select(
    rt: &mut Isolate,
    cases: &[Case],
    has_default: bool,
    deadline: Option<u64>,
) -> PyResult<Chosen> {
    let mut channels = Vec::with_capacity(cases.len());
    for c in cases {
        channels.push(expect(rt, c.channel, "select")?);
    }
    let first = rt.claude.tasks.next_case(cases.len());
    for i in (first..cases.len()).chain(0..first) {
        if let Some((value, is_value)) = done_now(rt, &cases[i], channels[i])? {
            return Ok(Chosen::Case(i, value, is_value));
        }
    }
    if has_default {
        return Ok(Chosen::Default);
    }
    let waiter = begin_wait(rt, "one of several channels")?;
    for (i, (case, channel)) in cases.iter().zip(&mut channels).enumerate() {
        let waiter = Waiter { index: i as u32, ..waiter };
        match case.value {
            Some(v) => channel.senders.push_back(Sender { waiter, value: Owned::share(v) }),
            None => channel.receivers.push_back(waiter),
        }
    }
    let woken = wait(rt, deadline);
    channels.iter_mut().for_each(|c| c.forget(waiter.ticket));
    match woken? {
        Woken::Timeout => Ok(Chosen::Timeout),
        Woken::Done(i, _, false) if cases[i as usize].value.is_some() => Err(closed(rt, "select")),
        Woken::Done(i, value, as_hoped) => Ok(Chosen::Case(i as usize, value, as_hoped)),
    }
}

/// Does one thing if nobody must wait for that: value and whether there is one.
fn done_now(rt: &mut Isolate, case: &Case, channel: Place<Channel>) -> PyResult<Option<(Owned, bool)>> {
    let Some(value) = case.value else {
        return Ok(match receive_now(rt, channel) {
            Received::Value(v) => Some((v, true)),
            Received::End => Some((Owned::NONE, false)),
            Received::Nothing => None,
        });
    };
    if channel.is_closed {
        return Err(closed(rt, "select"));
    }
    Ok(send_now(rt, channel, value).then_some((Owned::NONE, true)))
}

impl Tasks {
    /// Where the next search among so many begins: anywhere, so that no case is passed over for ever, however the searches of
    /// several tasks follow one another.
    fn next_case(&mut self, count: usize) -> usize {
        self.chance = self.chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.chance >> 33) as usize % count.max(1)
    }

    /// Keeps what `select` received, for the expression of the clause; what it kept before is given out.
    pub(in super::super) fn keep_selected(&mut self, value: Owned) -> Owned {
        core::mem::replace(&mut self.selected, value)
    }
}
