//! Object layouts that are private to the runtime. Those that compiled code reads are in
//! [`molt_abi::layout`].

use dashu_int::IBig;
use molt_abi::{Header, Word};

use crate::native::{GetSetDef, NativeData, NativeDef};
use crate::signature::NativeSig;

pub use molt_abi::layout::{
    BytesObj, CellObj, FloatObj, FunctionObj, GeneratorObj, InstanceObj, ListObj, StrObj, TupleObj,
};

/// An integer that does not fit a word, or an instance of a subclass of `int`. 32 bytes.
#[repr(C)]
pub struct IntObj {
    pub header: Header,
    pub value: IBig,
}

/// A complex number.
#[repr(C)]
pub struct ComplexObj {
    pub header: Header,
    pub re: f64,
    pub im: f64,
}

/// An instance of a native class with boxed state; slots of subclasses follow.
#[repr(C)]
pub struct NativeObj {
    pub header: Header,
    pub data: *mut dyn NativeData,
}

/// A builtin function, bound builtin method, method descriptor or slot wrapper.
#[repr(C)]
pub struct BuiltinObj {
    pub header: Header,
    pub def: *const NativeDef,
    /// Parsed signature, shared by all objects made from `def` and never freed.
    pub sig: *const NativeSig,
    /// Bound receiver, or `UNBOUND`.
    pub receiver: Word,
    /// Class that defines the method, or the module of a function (borrowed from an immortal class or
    /// the module's name), or `UNBOUND`.
    pub owner: Word,
}

/// A computed or slot attribute: `getset_descriptor` or `member_descriptor`.
#[repr(C)]
pub struct GetSetObj {
    pub header: Header,
    pub def: *const GetSetDef,
    pub name: Word,
    /// Class that defines it (not counted: the class owns the descriptor).
    pub owner: Word,
    /// For a member descriptor, byte offset of the slot.
    pub offset: u64,
}

/// A weak reference.
#[repr(C)]
pub struct WeakrefObj {
    pub header: Header,
    /// The referent, not counted; `UNBOUND` once it is gone.
    pub target: Word,
    pub callback: Word,
    pub hash: i64,
}

/// `traceback` object: one frame that an exception passed through.
#[repr(C)]
pub struct TracebackObj {
    pub header: Header,
    /// Next entry, nearer to the raise, or `None`.
    pub next: Word,
    pub code: *const molt_abi::layout::CodeDesc,
    /// Index in the code's position table.
    pub position: u64,
}

/// `code` object: a view of the static description.
#[repr(C)]
pub struct CodeObj {
    pub header: Header,
    pub code: *const molt_abi::layout::CodeDesc,
}

/// A module.
#[repr(C)]
pub struct ModuleObj {
    pub header: Header,
    /// Namespace. For a program module a mirror over its global slots.
    pub dict: Word,
    /// Description of a program module, null for others.
    pub desc: *const molt_abi::layout::ModuleDesc,
    /// For a program module, dict from variable name to slot number; else `UNBOUND`.
    pub slot_index: Word,
    /// 0 not run, 1 running, 2 done.
    pub state: u64,
}
