//! `str.translate` and `str.maketrans`.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::str_object::{StrRef, make};
use super::wtf8;
use crate::{Isolate, Owned, PyResult, exc};

/// What a table says about a character.
#[derive(Clone)]
enum Target {
    Same,
    Delete,
    Char(u32),
    Text(Owned),
}

/// `str.translate(table)`.
pub fn translate(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    // A table is asked once a character while it stays ASCII.
    let mut cache: Vec<Option<Target>> = vec![None; 128];
    let mut out = Vec::with_capacity(s.bytes.len());
    for c in wtf8::chars(s.bytes) {
        let cached = cache.get(c as usize).cloned().flatten();
        let target = match cached {
            Some(t) => t,
            None => {
                let t = look_up(rt, a[1], c)?;
                if let Some(slot) = cache.get_mut(c as usize) {
                    *slot = Some(t.clone());
                }
                t
            }
        };
        match target {
            Target::Same => wtf8::push(&mut out, c),
            Target::Delete => {}
            Target::Char(to) => wtf8::push(&mut out, to),
            Target::Text(text) => out.extend_from_slice(StrRef::of(text.word()).bytes),
        }
    }
    Ok(make(rt, &out, false))
}

fn look_up(rt: &mut Isolate, table: Word, c: u32) -> PyResult<Target> {
    let key = Word::small(i64::from(c));
    let found = if rt.class_of(table) == ClassId::DICT {
        match rt.dict_get(table, key)? {
            Some(v) => v,
            None => return Ok(Target::Same),
        }
    } else {
        match rt.getitem(table, key) {
            Ok(v) => v,
            Err(_) if rt.pending_is(exc::LOOKUP_ERROR) => {
                rt.clear_exception();
                return Ok(Target::Same);
            }
            Err(e) => return Err(e),
        }
    };
    let w = found.word();
    if w.is_none() {
        return Ok(Target::Delete);
    }
    if rt.is_int(w) {
        return match crate::num::int::to_i64(w) {
            Some(v) if (0..0x11_0000).contains(&v) => Ok(Target::Char(v as u32)),
            _ => Err(rt.value_error("character mapping must be in range(0x110000)")),
        };
    }
    if rt.is_str(w) {
        return Ok(Target::Text(found));
    }
    Err(rt.type_error("character mapping must return integer, None or str"))
}

/// `str.maketrans(x, y, z)`.
pub fn maketrans(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let table = rt.new_dict();
    if a[1].is_unbound() {
        from_dict(rt, a[0], table.word())?;
        return Ok(table);
    }
    if !rt.is_str(a[0]) {
        return Err(rt.type_error("first maketrans argument must be a string if there is a second argument"));
    }
    for (n, &w) in [(2, &a[1]), (3, &a[2])] {
        if !w.is_unbound() && !rt.is_str(w) {
            let name = rt.argument_kind(w);
            return Err(rt.type_error(format!("maketrans() argument {n} must be str, not {name}")));
        }
    }
    let (from, to) = (StrRef::of(a[0]), StrRef::of(a[1]));
    if from.char_len != to.char_len {
        return Err(rt.value_error("the first two maketrans arguments must have equal length"));
    }
    for (x, y) in wtf8::chars(from.bytes).zip(wtf8::chars(to.bytes)) {
        rt.dict_set(table.word(), Word::small(i64::from(x)), Word::small(i64::from(y)))?;
    }
    if !a[2].is_unbound() {
        for c in wtf8::chars(StrRef::of(a[2]).bytes) {
            rt.dict_set(table.word(), Word::small(i64::from(c)), Word::NONE)?;
        }
    }
    Ok(table)
}

fn from_dict(rt: &mut Isolate, source: Word, table: Word) -> PyResult<()> {
    if rt.class_of(source) != ClassId::DICT {
        return Err(rt.type_error("if you give only one argument to maketrans it must be a dict"));
    }
    for (key, value) in rt.dict_items(source) {
        let k = key.word();
        if rt.is_str(k) {
            let s = StrRef::of(k);
            if s.char_len != 1 {
                return Err(rt.value_error("string keys in translate table must be of length 1"));
            }
            let c = wtf8::chars(s.bytes).next().expect("one character");
            rt.dict_set(table, Word::small(i64::from(c)), value.word())?;
        } else if rt.is_int(k) {
            rt.dict_set(table, k, value.word())?;
        } else {
            return Err(rt.type_error("keys in translate table must be strings or integers"));
        }
    }
    Ok(())
}
