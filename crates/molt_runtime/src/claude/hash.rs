//! `hash`: equal values have equal hashes.
//!
//! A keyword hashes as the string of its name, since they may be one key of a map. Numbers hash as in Python, where
//! equal numbers of different types have one hash, too. The hashes of strings depend on the key of the isolate.

use alloc::vec::Vec;

use molt_abi::{ClassId, Word};

use super::kind::kind_of;
use super::parts::{self, Parts};
use super::{Kind, symbol, tagged};
use crate::Isolate;
use crate::api::bytes_slice;
use crate::num::{float, int};

/// What keeps a symbol apart from the string of its name.
const SYMBOL: u64 = 0x5bd1_e995_9d1d_28f5;
/// Integers below it hash as themselves; see `num::int`.
const PYTHON_MODULUS: i64 = (1 << 61) - 1;
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(h: u64, more: u64) -> u64 {
    let h = (h.rotate_left(23) ^ more).wrapping_mul(SPREAD);
    h ^ (h >> 29)
}

/// Hash of any value.
#[inline]
pub fn hash(rt: &Isolate, w: Word) -> u64 {
    if let Some(v @ 0..PYTHON_MODULUS) = w.to_small() {
        return v as u64;
    }
    match rt.class_of(w) {
        ClassId::STR => rt.str_hash(w) as u64,
        ClassId::KEYWORD => rt.str_hash(symbol::name_of(w)) as u64,
        _ => hash_at(rt, w, kind_of(rt, w)),
    }
}

fn hash_at(rt: &Isolate, w: Word, kind: Kind) -> u64 {
    match kind {
        Kind::Int => int::hash(w) as u64,
        Kind::Float => float::hash(float::of_float(w)) as u64,
        Kind::String => rt.str_hash(w) as u64,
        Kind::Keyword => rt.str_hash(symbol::name_of(w)) as u64,
        Kind::Symbol => rt.str_hash(symbol::name_of(w)) as u64 ^ SYMBOL,
        Kind::Bytes => rt.hash_bytes(bytes_slice(w)) as u64,
        _ => match parts::of(rt, w, kind) {
            Some(parts) => walk(rt, Frame::of(rt, w, kind, parts)),
            None => mix(0, w.0),
        },
    }
}

/// A value whose parts are being hashed.
struct Frame {
    parts: Parts,
    hash: u64,
    /// Parts that make one entry, whose order among others does not count; 0 where it does.
    width: usize,
    /// Hash of the entry that has begun, and its parts so far.
    entry: u64,
    seen: usize,
}

impl Frame {
    fn of(rt: &Isolate, w: Word, kind: Kind, parts: Parts) -> Frame {
        let width = match kind {
            Kind::Map => 2,
            Kind::Set => 1,
            _ => 0,
        };
        let start = if kind == Kind::Tagged { rt.str_hash(tagged::name(rt, rt.class_of(w))) as u64 } else { 0 };
        Frame { hash: mix(start, kind as u64), parts, width, entry: 0, seen: 0 }
    }

    /// Adds the hash of a part.
    fn add(&mut self, part: u64) {
        if self.width == 0 {
            self.hash = mix(self.hash, part);
            return;
        }
        self.entry = mix(self.entry, part);
        self.seen += 1;
        if self.seen == self.width {
            self.hash = self.hash.wrapping_add(mix(self.entry, SPREAD));
            (self.entry, self.seen) = (0, 0);
        }
    }
}

fn walk(rt: &Isolate, first: Frame) -> u64 {
    let mut frames = Vec::from([first]);
    loop {
        let top = frames.last_mut().expect("the loop ends with the first frame");
        let Some(w) = top.parts.next() else {
            let done = frames.pop().expect("it was just looked at").hash;
            match frames.last_mut() {
                Some(outer) => outer.add(done),
                None => return done,
            }
            continue;
        };
        let kind = kind_of(rt, w);
        match parts::of(rt, w, kind) {
            Some(parts) => frames.push(Frame::of(rt, w, kind, parts)),
            None => top.add(hash_at(rt, w, kind)),
        }
    }
}
