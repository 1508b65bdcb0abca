//! Text of numbers, and facts of Unicode.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use molt_abi::Context;

/// Memory that text is written to; what does not fit is left out.
struct Room {
    at: *mut u8,
    len: usize,
    room: usize,
}

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let n = text.len().min(self.room - self.len);
        // SAFETY: `n` bytes are left of the room that the library gave.
        unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), self.at.add(self.len), n) };
        self.len += n;
        Ok(())
    }
}

/// Bytes that the library has ready for a float: 1,075 digits after the point are the most there are.
const FLOAT_ROOM: usize = 1_100;

#[unsafe(export_name = "molt_grok_format_float")]
pub(crate) extern "C" fn grok_format_float(_: *mut Context, bits: u64, precision: u64, style: u64, out: u64) -> u64 {
    let x = f64::from_bits(bits);
    let mut room = Room { at: out as *mut u8, len: 0, room: FLOAT_ROOM };
    let digits = usize::try_from(precision as i64).ok();
    let narrow = x as f32;
    // Writing to the room never fails.
    let _ = match (style & 1, style & 32, style & 16, digits) {
        (1, _, 0, Some(p)) => write!(room, "{x:.p$e}"),
        (1, _, _, Some(p)) => write!(room, "{narrow:.p$e}"),
        (1, _, 0, None) => write!(room, "{x:e}"),
        (1, _, _, None) => write!(room, "{narrow:e}"),
        (_, _, _, Some(p)) => write!(room, "{x:.p$}"),
        (_, 0, 0, None) => write!(room, "{x}"),
        (_, 0, _, None) => write!(room, "{narrow}"),
        (_, _, 0, None) => write!(room, "{x:?}"),
        (_, _, _, None) => write!(room, "{narrow:?}"),
    };
    room.len as u64
}

#[unsafe(export_name = "molt_grok_parse_float")]
pub(crate) extern "C" fn grok_parse_float(_: *mut Context, p: u64, len: u64, out: u64, narrow: u64) -> u64 {
    // SAFETY: compiled code passes bytes of a view.
    let text = unsafe { super::bytes(p, len) };
    let Ok(text) = core::str::from_utf8(text) else { return 0 };
    let parsed = if narrow == 0 { text.parse::<f64>() } else { text.parse::<f32>().map(f64::from) };
    let Ok(x) = parsed else { return 0 };
    // SAFETY: `out` is a variable of the library for a double.
    unsafe { *(out as *mut u64) = x.to_bits() };
    1
}

#[unsafe(export_name = "molt_grok_char_class")]
pub(crate) extern "C" fn grok_char_class(_: *mut Context, c: u64, question: u64) -> u64 {
    let Some(c) = char::from_u32(c as u32) else { return 0 };
    u64::from(match question {
        0 => c.is_alphabetic(),
        1 => c.is_numeric(),
        2 => c.is_alphanumeric(),
        3 => c.is_whitespace(),
        4 => c.is_uppercase(),
        5 => c.is_lowercase(),
        6 => c.is_control(),
        // Whether a text is shown with the character as it is; what joins the character before it is.
        _ => c == '"' || !format!("{:?}", [' ', c].iter().collect::<String>()).contains('\\'),
    })
}

#[unsafe(export_name = "molt_grok_char_case")]
pub(crate) extern "C" fn grok_char_case(_: *mut Context, c: u64, upper: u64, out: u64) -> u64 {
    let Some(c) = char::from_u32(c as u32) else { return 0 };
    let out = out as *mut u32;
    let mut n = 0;
    let mut put = |c: char| {
        // SAFETY: the library gives room for three characters, the most that a case mapping has.
        unsafe { out.add(n).write(c as u32) };
        n += 1;
    };
    if upper != 0 {
        c.to_uppercase().for_each(&mut put);
    } else {
        c.to_lowercase().for_each(&mut put);
    }
    n as u64
}
