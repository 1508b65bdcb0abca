//! The isolate context: the first argument of every compiled function and runtime entry.

use crate::{Word, layout::Header};

/// Result of a call that may raise: two registers. `error` is 0 on success; otherwise the exception
/// waits in [`Context::exception`] and `value` is meaningless.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Ret {
    pub value: Word,
    pub error: u64,
}

impl Ret {
    pub const ERR: Ret = Ret { value: Word::UNBOUND, error: 1 };

    #[inline(always)]
    pub const fn ok(value: Word) -> Ret {
        Ret { value, error: 0 }
    }
}

/// Size classes of the free lists: class `n` holds cells of `16 * (n + 1)` bytes.
pub const SIZE_CLASS_COUNT: usize = 16;
pub const SIZE_CLASS_STEP: usize = 16;

/// One entry of the table of slots, for sites that see many classes: class, interned name and the offset of a slot that
/// nothing on the class shadows.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SlotEntry {
    pub class: u32,
    pub offset: u32,
    pub name: Word,
}

/// Entries of the table of slots; the place of one is [`slot_index`].
pub const SLOT_ENTRIES: usize = 2048;
/// Shift of the name's address and factor of the class in [`slot_index`].
pub const SLOT_NAME_SHIFT: u32 = 4;
pub const SLOT_CLASS_FACTOR: u64 = 0x9e37_79b9;
pub const SLOT_CLASS: i32 = 0;
pub const SLOT_OFFSET: i32 = 4;
pub const SLOT_NAME: i32 = 8;
const _: () = assert!(size_of::<SlotEntry>() == 16);

/// Where the table of slots keeps a class and a name.
#[inline(always)]
pub fn slot_index(class: u32, name: Word) -> usize {
    (name.0 >> SLOT_NAME_SHIFT ^ u64::from(class).wrapping_mul(SLOT_CLASS_FACTOR)) as usize % SLOT_ENTRIES
}

/// The part of an isolate that compiled code touches. The runtime embeds it as the first field of its
/// own, larger structure.
///
/// ```text
/// 0          exception     pending exception or UNBOUND (owned)
/// 8          depth_left    calls that may still nest before the runtime is asked
/// 16         globals       module variables of the whole program, one word each
/// 24         classes       class objects by id
/// 32         pending       non-zero when a signal or a collection waits for a safepoint
/// 40         live_objects  objects allocated and not yet freed (leak check)
/// 48         slots         where instances of the classes seen lately keep attributes
/// 56         depth_most    most that depth_left may be for a call to go on unasked; 0 when a signal waits
/// 64         free[16]      heads of the free lists, 16-byte steps
/// 192        engine        what the engine keeps
/// 200        stack_limit   below this address a stack counts as used up; 0 where the runtime counts calls instead
/// 208        handlers      innermost handler of ClaudeLang's effects, or null
/// 216        handler_turn  changes whenever a handler comes into force or goes
/// 224        across        context of the code of the other kind on the same machine stack
/// ```
#[repr(C)]
pub struct Context {
    pub exception: Word,
    pub depth_left: i64,
    pub globals: *mut Word,
    pub classes: *mut *mut Header,
    pub pending: u64,
    pub live_objects: i64,
    pub slots: *mut SlotEntry,
    pub depth_most: i64,
    pub free: [*mut u8; SIZE_CLASS_COUNT],
    /// What an engine keeps for the code that runs with this context; null until it needs something. Begins with
    /// [`EngineMemory`].
    pub engine: *mut u8,
    /// Address that the machine stack of the code must not go below. What calls nothing recursive fits beneath it.
    pub stack_limit: usize,
    /// The runtime's frames, which compiled code only puts away and back.
    pub handlers: *mut u8,
    pub handler_turn: u64,
    /// On a stack where code on objects and code of GrokLang call one another: the context of the other kind. Else null.
    pub across: *mut Context,
}

/// Where an engine keeps values of the code that lie neither on the machine stack nor in its registers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EngineMemory {
    pub base: *mut u64,
    /// End of what is in use.
    pub top: *mut u64,
}

/// What `depth_most` is unless a signal waits; a higher limit of recursion is handed out in steps.
pub const DEPTH_STEP: i64 = 2_000;

pub const CTX_EXCEPTION: i32 = 0;
pub const CTX_DEPTH_LEFT: i32 = 8;
pub const CTX_GLOBALS: i32 = 16;
pub const CTX_CLASSES: i32 = 24;
pub const CTX_PENDING: i32 = 32;
pub const CTX_LIVE_OBJECTS: i32 = 40;
pub const CTX_SLOTS: i32 = 48;
pub const CTX_DEPTH_MOST: i32 = 56;
pub const CTX_FREE: i32 = 64;
pub const CTX_STACK_LIMIT: i32 = 200;
pub const CTX_HANDLERS: i32 = 208;
pub const CTX_HANDLER_TURN: i32 = 216;
pub const CTX_ACROSS: i32 = 224;
const _: () = assert!(size_of::<Context>() == 104 + 8 * SIZE_CLASS_COUNT);
const _: () = assert!(core::mem::offset_of!(Context, handler_turn) == CTX_HANDLER_TURN as usize);
const _: () = assert!(core::mem::offset_of!(Context, across) == CTX_ACROSS as usize);
const _: () = assert!(core::mem::offset_of!(Context, stack_limit) == CTX_STACK_LIMIT as usize);
