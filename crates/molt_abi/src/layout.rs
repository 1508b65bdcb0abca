//! Object layouts that compiled code reads or writes directly. Everything else about an object is
//! private to the runtime.

use crate::{ClassId, Context, Ret, Word};

/// First 8 bytes of every object.
///
/// ```text
/// 0      4        8
/// | refs | class  |
/// ```
///
/// `refs` counts in steps of [`Header::ONE`]; its two low bits are flags. A negative count marks an
/// immortal object, which is never counted, freed or flagged. A count below `ONE` after a decrement
/// means that the last reference is gone.
#[repr(C)]
pub struct Header {
    pub refs: i32,
    pub class: ClassId,
}

impl Header {
    /// One reference.
    pub const ONE: i32 = 4;
    /// Flag: the object has an entry in the side table (attributes outside the layout, weak references).
    pub const HAS_SIDE: i32 = 1;
    /// Flag: the object is in the buffer of cycle candidates.
    pub const BUFFERED: i32 = 2;
    /// Count of an immortal object.
    pub const IMMORTAL: i32 = i32::MIN;
}

pub const HEADER_REFS: i32 = 0;
pub const HEADER_CLASS: i32 = 4;
const _: () = assert!(size_of::<Header>() == 8);

/// A float outside the flonum range. 16 bytes.
#[repr(C)]
pub struct FloatObj {
    pub header: Header,
    pub value: f64,
}
pub const FLOAT_VALUE: i32 = 8;
const _: () = assert!(size_of::<FloatObj>() == 16);

/// An instance of a class with a fixed layout: header, then one word a slot. The class says how many
/// slots there are; a slot that is not set holds [`Word::UNBOUND`]. Attributes outside the layout live
/// in the side table. An instance with two fields takes 24 bytes.
#[repr(C)]
pub struct InstanceObj {
    pub header: Header,
    pub slots: [Word; 0],
}
pub const INSTANCE_SLOTS: i32 = 8;

/// Text: UTF-8 (lone surrogates as WTF-8), followed in memory by `byte_len` bytes.
///
/// ```text
/// 0        8      16          24          32
/// | header | hash | byte_len  | char_len  | bytes …
/// ```
/// ASCII exactly when `byte_len == char_len`.
#[repr(C)]
pub struct StrObj {
    pub header: Header,
    /// Hash as Python shows it; [`StrObj::NO_HASH`] until first asked for.
    pub hash: i64,
    pub byte_len: u64,
    pub char_len: u64,
    pub bytes: [u8; 0],
}
impl StrObj {
    /// Never a valid hash: Python replaces -1 by -2.
    pub const NO_HASH: i64 = -1;
}
pub const STR_BYTES: i32 = 32;
const _: () = assert!(size_of::<StrObj>() == 32);

/// Immutable bytes, followed in memory by `len` bytes.
#[repr(C)]
pub struct BytesObj {
    pub header: Header,
    pub hash: i64,
    pub len: u64,
    pub bytes: [u8; 0],
}
pub const BYTES_BYTES: i32 = 24;

/// A tuple, followed in memory by `len` owned words.
#[repr(C)]
pub struct TupleObj {
    pub header: Header,
    pub len: u64,
    pub items: [Word; 0],
}
pub const TUPLE_LEN: i32 = 8;
pub const TUPLE_ITEMS: i32 = 16;

/// A list: owned words in a separate buffer of `capacity` words.
#[repr(C)]
pub struct ListObj {
    pub header: Header,
    pub len: u64,
    pub capacity: u64,
    pub items: *mut Word,
}
pub const LIST_LEN: i32 = 8;
pub const LIST_CAPACITY: i32 = 16;
pub const LIST_ITEMS: i32 = 24;
const _: () = assert!(size_of::<ListObj>() == 32);

/// A symbol or keyword of ClaudeLang; one object a name and kind, except among the data of macros. 16 bytes.
#[repr(C)]
pub struct SymbolObj {
    pub header: Header,
    /// A `str`, without the colon of a keyword.
    pub name: Word,
}
impl SymbolObj {
    /// Origin of the symbols that `gensym` makes while macros run.
    pub const GENERATED: u32 = u32::MAX;
}
pub const SYMBOL_NAME: i32 = 8;
const _: () = assert!(size_of::<SymbolObj>() == 16);

/// The flat form of a list of ClaudeLang: the words `start..end` of a node, which is laid out as a tuple. The empty
/// list is one object of this form. 32 bytes.
///
/// ```text
/// 0        8      16      24    32
/// | header | node | start | end |
/// ```
#[repr(C)]
pub struct ListSliceObj {
    pub header: Header,
    /// Object of class `NODE`, or a tuple; the words outside of all slices of it are anything.
    pub node: Word,
    /// Small integer.
    pub start: Word,
    /// Small integer.
    pub end: Word,
}
pub const SLICE_NODE: i32 = 8;
pub const SLICE_START: i32 = 16;
pub const SLICE_END: i32 = 24;
const _: () = assert!(size_of::<ListSliceObj>() == 32);
const _: () = assert!(core::mem::offset_of!(ListSliceObj, end) == SLICE_END as usize);

/// One item in front of a list of ClaudeLang. 40 bytes.
///
/// ```text
/// 0        8       16     24     32       40
/// | header | value | next | jump | length |
/// ```
#[repr(C)]
pub struct ConsObj {
    pub header: Header,
    pub value: Word,
    /// The rest: another cell or a flat list.
    pub next: Word,
    /// A list further down (Myers 1983): its address with the lowest bit set, so that it is no reference. `next`
    /// keeps it alive.
    pub jump: Word,
    /// Items from here on, this one included, as a small integer.
    pub length: Word,
}
pub const CONS_VALUE: i32 = 8;
pub const CONS_NEXT: i32 = 16;
pub const CONS_JUMP: i32 = 24;
pub const CONS_LENGTH: i32 = 32;
const _: () = assert!(size_of::<ConsObj>() == 40);
const _: () = assert!(core::mem::offset_of!(ConsObj, length) == CONS_LENGTH as usize);

/// A variable shared between a function and its closures. [`Word::UNBOUND`] when unset.
#[repr(C)]
pub struct CellObj {
    pub header: Header,
    pub value: Word,
}
pub const CELL_VALUE: i32 = 8;

/// A Python function.
#[repr(C)]
pub struct FunctionObj {
    pub header: Header,
    pub code: *const CodeDesc,
    /// Tuple of cells in the order of the code's free variables, or `UNBOUND`.
    pub closure: Word,
    /// Tuple of defaults of trailing positional parameters, or `UNBOUND`.
    pub defaults: Word,
    /// Dict of keyword-only defaults, or `UNBOUND`.
    pub kwdefaults: Word,
    /// `__annotate__` function, or `UNBOUND`.
    pub annotate: Word,
}
pub const FUNCTION_CODE: i32 = 8;
pub const FUNCTION_CLOSURE: i32 = 16;

/// A generator, coroutine or asynchronous generator, followed in memory by the words of its frame.
#[repr(C)]
pub struct GeneratorObj {
    pub header: Header,
    pub code: *const CodeDesc,
    pub resume: ResumeFn,
    /// Where to go on: 0 before the first step, [`GeneratorObj::FINISHED`] at the end, else chosen by the
    /// `coroutines` pass.
    pub state: i32,
    /// Non-zero while the frame runs.
    pub running: u32,
    /// Words in the frame.
    pub frame_len: u64,
    /// Iterator that the generator delegates to (`yield from`, `await`), or `UNBOUND`.
    pub delegate: Word,
    /// Overrides of `__name__` and `__qualname__`, or `UNBOUND`.
    pub name: Word,
    pub qualname: Word,
    /// Exception being handled when the generator was suspended (its part of the handled stack), or `UNBOUND`.
    pub handled: Word,
    pub frame: [Word; 0],
}
impl GeneratorObj {
    pub const FINISHED: i32 = -1;
}
pub const GENERATOR_STATE: i32 = 24;
pub const GENERATOR_DELEGATE: i32 = 40;
pub const GENERATOR_FRAME: i32 = 72;
const _: () = assert!(size_of::<GeneratorObj>() == GENERATOR_FRAME as usize);
const _: () = assert!(core::mem::offset_of!(GeneratorObj, state) == GENERATOR_STATE as usize);
const _: () = assert!(core::mem::offset_of!(GeneratorObj, delegate) == GENERATOR_DELEGATE as usize);

/// Steps a generator: `sent` (borrowed) is the value of the suspended `yield`, or, when `mode` is
/// [`RESUME_THROW`], the exception to raise there. The second half of the result is one of the
/// `STEP_*` constants.
pub type ResumeFn = unsafe extern "C" fn(ctx: *mut Context, generator: *mut GeneratorObj, sent: Word, mode: u64) -> Ret;
pub const RESUME_SEND: u64 = 0;
pub const RESUME_THROW: u64 = 1;
/// The generator yielded the value.
pub const STEP_YIELDED: u64 = 0;
/// The generator raised; the exception waits in the context.
pub const STEP_RAISED: u64 = 1;
/// The generator returned the value.
pub const STEP_RETURNED: u64 = 2;

/// Generic entry of everything callable: positional arguments then keyword values, all borrowed, in
/// `args`; `kwnames` is a tuple of the keyword names or `UNBOUND`; `nargs` counts positional ones only.
/// The result's second half is 0, 1 (raised) or, from a procedure of ClaudeLang only, [`TAIL_CALL`].
pub type EntryFn =
    unsafe extern "C" fn(ctx: *mut Context, callee: Word, args: *const Word, nargs: u64, kwnames: Word) -> Ret;

/// Second half of the result of a function that leaves a call for its caller to make: callee and operands wait in the
/// isolate.
pub const TAIL_CALL: u64 = 2;

/// Source range of one operation, lines from 1, columns in UTF-8 bytes from 0. The anchor is the part
/// that a traceback marks with `^` where the rest is marked with `~` (operator, subscript, call
/// parentheses); `anchor_line == 0` means that there is none.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Position {
    pub line: u32,
    pub col: u32,
    pub end_line: u32,
    pub end_col: u32,
    pub anchor_line: u32,
    pub anchor_col: u32,
    pub anchor_end_line: u32,
    pub anchor_end_col: u32,
}
const _: () = assert!(size_of::<Position>() == 32);

/// Static description of one function body, laid out by the compiler in the program's data.
#[repr(C)]
pub struct CodeDesc {
    /// Generic entry; binds arguments with [`crate::RtFn::BindArgs`] when their form is not the plain one.
    pub entry: EntryFn,
    pub name: Word,
    pub qualname: Word,
    pub filename: Word,
    /// Docstring or `None`.
    pub doc: Word,
    /// Of a procedure of ClaudeLang in a program that looks at its own definitions: what is known of it, a text in JSON;
    /// else `None`.
    pub definition: Word,
    /// Names of parameters (positional, keyword-only, `*`, `**` in this order), then other locals.
    pub var_names: *const Word,
    pub free_names: *const Word,
    pub positions: *const Position,
    pub position_count: u32,
    pub var_count: u32,
    pub free_count: u32,
    /// Positional parameters, positional-only ones included.
    pub arg_count: u32,
    pub posonly_count: u32,
    pub kwonly_count: u32,
    pub flags: u32,
    pub first_line: u32,
    /// Index of the module in [`ProgramDesc::modules`].
    pub module: u32,
    /// Of a procedure of ClaudeLang: how many of its last positional parameters may be absent.
    pub optional: u32,
}
impl CodeDesc {
    /// Same values as CPython's `co_flags`.
    pub const VARARGS: u32 = 0x04;
    pub const VARKEYWORDS: u32 = 0x08;
    pub const GENERATOR: u32 = 0x20;
    pub const COROUTINE: u32 = 0x80;
    pub const ASYNC_GENERATOR: u32 = 0x200;
    /// A procedure of ClaudeLang, which binds operands by its own rules.
    pub const CLAUDE: u32 = 0x1000_0000;
    /// Number of words a bound call passes: all parameters including `*` and `**`.
    pub fn param_count(&self) -> u32 {
        self.arg_count
            + self.kwonly_count
            + u32::from(self.flags & Self::VARARGS != 0)
            + u32::from(self.flags & Self::VARKEYWORDS != 0)
    }
}
pub const CODE_ENTRY: i32 = 0;

/// Static description of one program module.
#[repr(C)]
pub struct ModuleDesc {
    /// Runs the module body; `desc` is this descriptor.
    pub init: unsafe extern "C" fn(ctx: *mut Context, module: Word, desc: *const ModuleDesc) -> Ret,
    /// Dotted name; the entry module's `__name__` is `"__main__"`.
    pub name: Word,
    pub filename: Word,
    /// Docstring or `None`.
    pub doc: Word,
    /// Names of the module's global variables: variable `i` is global slot `first_global + i`.
    pub global_names: *const Word,
    pub first_global: u32,
    pub global_count: u32,
    pub is_package: u32,
    pub reserved: u32,
}

/// Layout of the instances of one class statement, decided by the compiler.
#[repr(C)]
pub struct ClassSiteDesc {
    /// Names of the fields that instances keep in slots, own ones only; inherited ones come first in
    /// the object.
    pub slot_names: *const Word,
    pub slot_count: u32,
    pub reserved: u32,
}

/// What a program with ClaudeLang in it tells the runtime at its start.
#[repr(C)]
pub struct ClaudeDesc {
    /// Static symbols and keywords.
    pub symbols: *const Word,
    pub symbol_count: u64,
    pub ctors: *const CtorDesc,
    pub ctor_count: u64,
    pub ops: *const *mut OpDesc,
    pub op_count: u64,
}

/// An operation of an effect of ClaudeLang. The texts are interned at the start, so that equal ones are one object.
#[repr(C)]
pub struct OpDesc {
    /// Label of the effect in lower case, a `str`.
    pub effect: Word,
    /// A `str`.
    pub name: Word,
    /// What happens without a handler, or null: array of operands and their number.
    pub default: Option<unsafe extern "C" fn(ctx: *mut Context, args: *const Word, count: u64) -> Ret>,
    /// Non-zero when its result type is `Never`.
    pub is_never: u64,
    /// What answered it last, if that was a function clause: good while [`Context::handler_turn`] is `turn` and
    /// [`Context::handlers`] is `top`.
    pub turn: u64,
    pub top: *mut u8,
    /// The handler's frame, and the one outside of it, which is in force while the clause runs.
    pub frame: *mut u8,
    pub outer: *mut u8,
    /// A function, kept alive by the handler.
    pub procedure: Word,
}
pub const OP_TURN: i32 = 32;
pub const OP_TOP: i32 = 40;
pub const OP_FRAME: i32 = 48;
pub const OP_OUTER: i32 = 56;
pub const OP_PROCEDURE: i32 = 64;
const _: () = assert!(core::mem::offset_of!(OpDesc, procedure) == OP_PROCEDURE as usize);
const _: () = assert!(size_of::<OpDesc>() == 72);

/// A constructor of a data type.
#[repr(C)]
pub struct CtorDesc {
    /// A `str`.
    pub name: Word,
    pub class: ClassId,
    pub arity: u32,
}

/// Root of the static data of a program.
#[repr(C)]
pub struct ProgramDesc {
    pub modules: *const ModuleDesc,
    pub module_count: u32,
    /// Module that runs as `__main__`.
    pub entry_module: u32,
    pub global_count: u32,
    pub class_site_count: u32,
    pub class_sites: *const ClassSiteDesc,
    /// All static strings, to be interned before the first module runs.
    pub strings: *const Word,
    pub string_count: u64,
    /// Constants that the runtime makes at start-up; the word of constant `i` goes to global slot
    /// `global_count + i`, owned by the isolate.
    pub lazy_consts: *const LazyConst,
    pub lazy_count: u64,
    /// Starts what the modules of GrokLang need, of which `grok` is the root; absent where there are none.
    pub attach: Option<unsafe extern "C" fn(*mut Context, *const u8)>,
    pub grok: *const u8,
}

/// A constant whose object layout is private to the runtime.
#[repr(C)]
pub struct LazyConst {
    /// One of the `LAZY_*` kinds.
    pub kind: u32,
    /// Bytes (or, for tuples, words) at `data`.
    pub len: u32,
    pub data: *const u8,
}
impl LazyConst {
    /// Integer from decimal digits, `-` in front when negative.
    pub const INT: u32 = 0;
    /// Two doubles.
    pub const COMPLEX: u32 = 1;
    /// Tuple of `len` words; a word `1 << 35 | slot << 3 | 4` stands for the constant in that global slot,
    /// made before.
    pub const TUPLE: u32 = 2;
    /// The builtin of this name; the slot stays unbound when there is none.
    pub const BUILTIN: u32 = 3;
}

/// Inline cache of one attribute access or method call, zero at start, filled by the runtime.
///
/// Valid while the receiver's class id equals `class`; when a class changes in a way that matters, the
/// runtime walks the list of filled caches and empties them, so that the fast path is one compare.
#[repr(C)]
pub struct AttrCache {
    /// Class id of the receiver, 0 (`object`, which has no slots) when empty.
    pub class: u32,
    /// Byte offset of the slot in the instance, 0 when the access is not a plain slot.
    pub offset: u32,
    /// For methods and class attributes: the borrowed attribute found on the class, else `UNBOUND` or 0.
    pub value: Word,
    /// Runtime's own use: next filled cache.
    pub next: *mut AttrCache,
    pub kind: u64,
}
pub const CACHE_CLASS: i32 = 0;
pub const CACHE_OFFSET: i32 = 4;
pub const CACHE_VALUE: i32 = 8;
pub const CACHE_SIZE: usize = 32;
const _: () = assert!(size_of::<AttrCache>() == CACHE_SIZE);

/// A module written in Rust. The runtime exports one static per row of [`crate::modules::NATIVE_MODULES`].
#[repr(C)]
pub struct NativeModuleDesc {
    pub name: *const u8,
    pub name_len: u64,
    /// Fills the module object's namespace; runs once.
    pub init: unsafe extern "C" fn(ctx: *mut Context, module: Word) -> Ret,
}
// SAFETY: the name points to static, immutable bytes, and the function is code.
unsafe impl Sync for NativeModuleDesc {}
