//! Values of which every task, every actor and main has its own (`ThreadLocal`).
//!
//! A value is made by the library when its owner first asks for it, and dropped when the owner ends, the youngest first.

use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering};

use super::State;
use super::lock::Lock;
use super::owner::own;
use super::task::Code;

/// A value of one owner.
#[derive(Clone, Copy)]
pub struct Local {
    key: u64,
    /// Null once it is being dropped.
    value: *mut u8,
    /// Drops the value and gives its memory back.
    end: Code,
}

/// Numbers of kinds of values. None is ever used again.
static KEYS: AtomicU64 = AtomicU64::new(1);

/// Answer of `grok_local_get`: the value is gone. No value lies there.
const GONE: u64 = 1;

/// Drops the values of an owner that ends.
///
/// # Safety
/// `me` is the state of the stack that this runs on; nobody else uses the values.
pub unsafe fn end(me: *mut State, locals: &Lock<Vec<Local>>) {
    loop {
        let mut list = locals.lock();
        let Some(local) = list.iter_mut().rev().find(|l| !l.value.is_null()) else {
            list.clear();
            return;
        };
        let Local { value, end, .. } = *local;
        local.value = null_mut();
        drop(list);
        // SAFETY: the library made the value and the function for it. A panic was told and ends here.
        unsafe { end(me.cast(), value) };
    }
}

/// Calls a function with the address of each value of who runs on a stack.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
pub unsafe fn each(me: *mut State, mut f: impl FnMut(usize)) {
    // SAFETY: by the caller's promise.
    unsafe { own(me) }.locals.lock().iter().for_each(|l| f(l.value as usize));
}

entries! {
    grok_local_key(_me) -> u64 { KEYS.fetch_add(1, Ordering::Relaxed) }
    grok_local_get(me, key) -> u64 {
        // SAFETY: compiled code passes its context.
        let list = unsafe { own(me) }.locals.lock();
        match list.iter().find(|l| l.key == key) {
            Some(l) if l.value.is_null() => GONE,
            Some(l) => l.value as u64,
            None => 0,
        }
    }
    grok_local_set(me, key, value, end) {
        // SAFETY: compiled code passes its context and the address of a compiled function.
        unsafe {
            let end = core::mem::transmute::<usize, Code>(end as usize);
            own(me).locals.lock().push(Local { key, value: value as *mut u8, end });
        }
    }
}
