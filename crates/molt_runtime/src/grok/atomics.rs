//! Memory that several tasks change at once.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::SeqCst};

use molt_abi::Context;

/// One operation on memory of one width; the value that was there before.
macro_rules! operate {
    ($atomic:ident, $int:ident, $op:expr, $address:expr, $value:expr, $expected:expr) => {{
        // SAFETY: the library passes the address of a number of this width in an `UnsafeCell`.
        let at = unsafe { $atomic::from_ptr($address as *mut $int) };
        let (value, expected) = ($value as $int, $expected as $int);
        u64::from(match $op {
            0 => at.load(SeqCst),
            1 => at.swap(value, SeqCst),
            2 => at.fetch_add(value, SeqCst),
            3 => at.fetch_sub(value, SeqCst),
            4 => at.fetch_and(value, SeqCst),
            5 => at.fetch_or(value, SeqCst),
            6 => at.fetch_xor(value, SeqCst),
            // Both ways say what was there.
            _ => at.compare_exchange(expected, value, SeqCst, SeqCst).unwrap_or_else(|found| found),
        })
    }};
}

/// `code` is the width in bytes, shifted left by 4, and the operation: 0 load, 1 swap, 2 add, 3 subtract, 4 and, 5 or,
/// 6 exclusive or, 7 replace what is expected. All are sequentially consistent; arithmetic wraps.
#[unsafe(export_name = "molt_grok_atomic")]
pub(crate) extern "C" fn grok_atomic(_: *mut Context, code: u64, address: u64, value: u64, expected: u64) -> u64 {
    let op = code & 15;
    match code >> 4 {
        1 => operate!(AtomicU8, u8, op, address, value, expected),
        2 => operate!(AtomicU16, u16, op, address, value, expected),
        4 => operate!(AtomicU32, u32, op, address, value, expected),
        _ => operate!(AtomicU64, u64, op, address, value, expected),
    }
}
