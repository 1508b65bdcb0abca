//! How Rust code presents functions, classes and modules to Python: signature rows, class
//! specifications and the macro that exports a module descriptor.
//!
//! A row of a method table carries a text signature in CPython's style, such as
//! `"($self, sep=None, maxsplit=-1, /)"`. The runtime binds arguments by it, with CPython's errors, and
//! passes one word a parameter: `*args` as a tuple, `**kwargs` as a dict, [`Word::UNBOUND`] for an
//! optional parameter that was not given. Defaults in the text are for `inspect` only.
//!
//! In a class, `$self` first means a method, `$type` first a class method (a static one for `__new__`,
//! which gets the class as `args[0]`), neither a static method.

use core::any::Any;

use molt_abi::{ClassId, Word};

use crate::isolate::Isolate;
use crate::owned::{Owned, PyResult};

/// Implementation of a native function; see the module text for `args`.
pub type NativeFn = fn(rt: &mut Isolate, args: &[Word]) -> PyResult;

/// One row of a method table.
pub struct NativeDef {
    pub name: &'static str,
    pub signature: &'static str,
    pub func: NativeFn,
    pub doc: &'static str,
}

/// A row without a docstring.
pub const fn def(name: &'static str, signature: &'static str, func: NativeFn) -> NativeDef {
    NativeDef { name, signature, func, doc: "" }
}

impl NativeDef {
    /// The row with a docstring.
    pub const fn doc(mut self, doc: &'static str) -> NativeDef {
        self.doc = doc;
        self
    }
}

/// Reads an attribute; the argument is the instance.
pub type GetFn = fn(rt: &mut Isolate, this: Word) -> PyResult;
/// Writes an attribute, or deletes it when `value` is [`Word::UNBOUND`].
pub type SetFn = fn(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()>;

/// A computed attribute.
pub struct GetSetDef {
    pub name: &'static str,
    pub get: GetFn,
    pub set: Option<SetFn>,
}

/// A read-only computed attribute.
pub const fn getter(name: &'static str, get: GetFn) -> GetSetDef {
    GetSetDef { name, get, set: None }
}

/// A computed attribute that can be assigned and deleted.
pub const fn getset(name: &'static str, get: GetFn, set: SetFn) -> GetSetDef {
    GetSetDef { name, get, set: Some(set) }
}

/// State of a native object. An instance is a header, then a `Box<dyn NativeData>`, then slots.
pub trait NativeData: Any {
    /// Reports every word that the state owns.
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        let _ = visit;
    }
    /// Gives up owned words, to break a cycle. The object stays usable enough to be dropped.
    fn clear(&mut self) {}
}

/// Next item of a native iterator, without the detour of `StopIteration`.
pub type NextFn = fn(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>>;
/// Call of a native callable object: positional arguments, then keyword values, whose names are in
/// the tuple `kwnames` (or `UNBOUND`).
pub type CallFn = fn(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult;

/// Reference to a base class.
#[derive(Clone, Copy)]
pub enum BaseRef {
    Id(ClassId),
    Spec(&'static ClassSpec),
}

/// How instances are laid out and released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Layout {
    /// Header, then words only; also all program classes without a builtin base.
    Plain,
    Float,
    Int,
    Complex,
    Str,
    Bytes,
    Tuple,
    /// As a tuple, but none: the words of a value of ClaudeLang, or a part of one.
    Words,
    List,
    Dict,
    Set,
    /// Header and boxed [`NativeData`].
    Native,
    Class,
    Function,
    /// Builtin function or method descriptor.
    Builtin,
    Generator,
    Traceback,
    Code,
    Weakref,
    Module,
    /// Never on the heap (`None`, small constants).
    Immediate,
}

/// Specification of a class implemented in Rust. Must be a `static`: its address is its identity.
pub struct ClassSpec {
    pub name: &'static str,
    pub module: &'static str,
    /// Fixed id, for classes that compiled code or the runtime's dispatch knows.
    pub id: Option<ClassId>,
    pub base: BaseRef,
    pub layout: Layout,
    /// For [`Layout::Plain`]: hidden words that native code uses, before any slot.
    pub hidden_words: u32,
    pub methods: &'static [NativeDef],
    pub getset: &'static [GetSetDef],
    pub next: Option<NextFn>,
    pub call: Option<CallFn>,
    pub flags: u32,
    pub doc: &'static str,
    /// `__text_signature__` of the class, or empty.
    pub text_signature: &'static str,
}

impl ClassSpec {
    /// The class may be a base of Python classes.
    pub const BASETYPE: u32 = 1;
    /// `__hash__` is `None`.
    pub const UNHASHABLE: u32 = 2;
    /// Instances have a `__dict__`.
    pub const HAS_DICT: u32 = 4;
    /// Instances can be weakly referenced.
    pub const WEAKREFABLE: u32 = 8;
    /// `C[x]` gives a `types.GenericAlias`.
    pub const GENERIC: u32 = 16;
    /// Matches `[...]` patterns.
    pub const SEQUENCE: u32 = 32;
    /// Matches `{...}` patterns.
    pub const MAPPING: u32 = 64;
    /// Cannot be called to make instances.
    pub const NO_NEW: u32 = 128;
    /// Positional class pattern with one sub-pattern matches the whole subject.
    pub const MATCH_SELF: u32 = 256;
    /// Attributes of the class can be set, as for classes made in Python.
    pub const MUTABLE: u32 = 512;

    /// Specification of a class with boxed native state, derived from `object`.
    pub const fn new(module: &'static str, name: &'static str) -> ClassSpec {
        ClassSpec {
            name,
            module,
            id: None,
            base: BaseRef::Id(ClassId::OBJECT),
            layout: Layout::Native,
            hidden_words: 0,
            methods: &[],
            getset: &[],
            next: None,
            call: None,
            flags: 0,
            doc: "",
            text_signature: "",
        }
    }

    /// Specification of a class of the `builtins` module with a fixed id and a layout.
    pub const fn builtin(id: ClassId, layout: Layout) -> ClassSpec {
        let mut spec = ClassSpec::new("builtins", molt_abi::class_ids::BUILTIN_NAMES[id.0 as usize]);
        spec.id = Some(id);
        spec.layout = layout;
        spec
    }

    pub const fn id(mut self, id: ClassId) -> ClassSpec {
        self.id = Some(id);
        self
    }
    pub const fn module(mut self, module: &'static str) -> ClassSpec {
        self.module = module;
        self
    }
    pub const fn base(mut self, base: BaseRef) -> ClassSpec {
        self.base = base;
        self
    }
    pub const fn layout(mut self, layout: Layout) -> ClassSpec {
        self.layout = layout;
        self
    }
    pub const fn hidden_words(mut self, n: u32) -> ClassSpec {
        self.hidden_words = n;
        self
    }
    pub const fn methods(mut self, methods: &'static [NativeDef]) -> ClassSpec {
        self.methods = methods;
        self
    }
    pub const fn getset(mut self, getset: &'static [GetSetDef]) -> ClassSpec {
        self.getset = getset;
        self
    }
    pub const fn next(mut self, next: NextFn) -> ClassSpec {
        self.next = Some(next);
        self
    }
    pub const fn call(mut self, call: CallFn) -> ClassSpec {
        self.call = Some(call);
        self
    }
    /// Adds flags ([`ClassSpec::BASETYPE`] and so on).
    pub const fn flags(mut self, flags: u32) -> ClassSpec {
        self.flags |= flags;
        self
    }
    pub const fn doc(mut self, doc: &'static str) -> ClassSpec {
        self.doc = doc;
        self
    }
}

/// Exports a native module: `native_module!(molt_module_math, "math", init)` where
/// `init(rt: &mut Isolate, module: Word) -> PyResult<()>` fills the module's namespace.
#[macro_export]
macro_rules! native_module {
    ($symbol:ident, $name:literal, $init:path) => {
        #[unsafe(no_mangle)]
        pub static $symbol: molt_abi::layout::NativeModuleDesc = {
            unsafe extern "C" fn start(ctx: *mut molt_abi::Context, module: molt_abi::Word) -> molt_abi::Ret {
                // SAFETY: the runtime passes the context of its live isolate.
                let rt = unsafe { $crate::isolate::Isolate::from_ctx(ctx) };
                match $init(rt, module) {
                    Ok(()) => molt_abi::Ret::ok(molt_abi::Word::NONE),
                    Err($crate::owned::Raised) => molt_abi::Ret::ERR,
                }
            }
            molt_abi::layout::NativeModuleDesc { name: $name.as_ptr(), name_len: $name.len() as u64, init: start }
        };
    };
}
