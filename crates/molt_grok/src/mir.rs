//! Bodies as control-flow graphs over places: what the borrow checker reads and code is made of.
//!
//! One [`Mir`] for each function, constant and closure, generic as its source. `build` makes it from the typed tree,
//! `borrow` checks it, `drops` replaces conditional drops by what dataflow knows. Locals are numbered: 0 is the result, then
//! the parameters, then the rest.
//!
//! Panics: a statement that may panic (checked arithmetic, index checks) goes to its *block's* `unwind` target when it does.
//! The builder keeps this exact: within one block no value that may need dropping is moved or initialised before a statement
//! that may panic; it begins a new block instead.

pub mod bits;
pub mod borrow;
pub mod build;
pub mod drops;
pub mod endless;
pub(crate) mod eval;
pub mod frame;
pub mod locks;
pub mod moves;
pub mod print;
pub mod queries;
pub mod start_up;
pub mod tail;
pub mod visit;

use molt_base::{Arena, Span, entity_id};
use smallvec::SmallVec;

use crate::check::typed::CastKind;
use crate::hir::{AdtId, BinaryOp, BodyOwner, ConstId, LocalId, Mutability, Wide};
use crate::ty::{Args, ClosureId, Const, Region, Ty};

entity_id!(
    /// A variable, parameter or temporary value.
    pub struct Slot("_")
);
entity_id!(
    pub struct Bb("bb")
);

/// What a graph is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MirOwner {
    Body(BodyOwner),
    Closure(ClosureId),
}

#[derive(Clone, Debug)]
pub struct Mir {
    pub owner: MirOwner,
    pub slots: Arena<Slot, SlotDecl>,
    /// Slots `1..=param_count` are the parameters. A closure's first one is its environment: by value for `FnOnce`, else by
    /// reference.
    pub param_count: u32,
    pub blocks: Arena<Bb, Block>,
    pub span: Span,
}

impl Mir {
    pub const RESULT: Slot = Slot(0);
    pub const ENTRY: Bb = Bb(0);

    /// Parameter slots in order.
    pub fn params(&self) -> impl Iterator<Item = Slot> + use<> {
        (1..=self.param_count).map(Slot)
    }
}

impl Block {
    /// The terminator of a block that was finished.
    pub fn terminator(&self) -> &Terminator {
        self.end.as_ref().expect("a finished graph has only finished blocks")
    }

    /// Whether a statement before the terminator may panic. Arithmetic on floats is counted too.
    pub fn has_panicking_statement(&self) -> bool {
        self.stmts.iter().any(|s| match &s.kind {
            StmtKind::CheckIndex { .. } | StmtKind::Assign(_, Rvalue::Neg(_)) => true,
            StmtKind::Assign(_, Rvalue::Binary(op, ..)) => !op.is_comparison(),
            _ => false,
        })
    }
}

impl Terminator {
    /// Calls `f` with each normal successor; the way of panics is [`Block::unwind`].
    pub fn successors(&self, mut f: impl FnMut(Bb)) {
        match self {
            Terminator::Goto(b) => f(*b),
            Terminator::Switch { targets, otherwise, .. } => {
                targets.iter().for_each(|&(_, b)| f(b));
                f(*otherwise);
            }
            Terminator::Return | Terminator::Resume | Terminator::Unreachable | Terminator::Panic(_) => {}
            Terminator::Drop { target, .. } | Terminator::Await { target, .. } => f(*target),
            Terminator::Call { target, .. } => {
                if let Some(b) = target {
                    f(*b);
                }
            }
        }
    }

    /// Calls `f` with each normal successor, to be replaced.
    pub fn successors_mut(&mut self, mut f: impl FnMut(&mut Bb)) {
        match self {
            Terminator::Goto(b) => f(b),
            Terminator::Switch { targets, otherwise, .. } => {
                targets.iter_mut().for_each(|(_, b)| f(b));
                f(otherwise);
            }
            Terminator::Return | Terminator::Resume | Terminator::Unreachable | Terminator::Panic(_) => {}
            Terminator::Drop { target, .. } | Terminator::Await { target, .. } => f(target),
            Terminator::Call { target, .. } => {
                if let Some(b) = target {
                    f(b);
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct SlotDecl {
    pub ty: Ty,
    pub span: Span,
    /// The source's variable; `None` for temporary values.
    pub local: Option<LocalId>,
    pub mutable: bool,
    /// Holds the value of a constant expression of which a reference was taken. It lives in static memory and never dies;
    /// to initialise it again writes the same value.
    pub promoted: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    /// `None` only while it is being built.
    pub end: Option<Terminator>,
    pub end_span: Option<Span>,
    /// Where a panicking statement or call of this block goes; `None` leaves the function, there being nothing to drop.
    pub unwind: Option<Bb>,
    /// Part of unwinding: ends in [`Terminator::Resume`], and a panic here aborts.
    pub cleanup: bool,
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    Assign(Place, Rvalue),
    /// The slot exists from here on, uninitialised.
    Live(Slot),
    /// The slot ends; borrows of it must not be used later.
    Dead(Slot),
    /// Panics unless `index < len(place)`; the place is an array or slice.
    CheckIndex {
        place: Place,
        index: Operand,
    },
    /// A read that makes no code: for the borrow checker (scrutinee of a `match`, `let _ = place`).
    FakeRead(Place),
    Nop,
}

/// A slot and a path into it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    pub slot: Slot,
    pub path: Path,
}

/// The steps of a place: most have none or one, which need no memory of their own.
pub type Path = SmallVec<[Elem; 1]>;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Elem {
    /// Of a reference, raw pointer or box.
    Deref,
    /// Field of a struct, tuple, closure or of the variant before, with its type.
    Field(u32, Ty),
    Variant(u32),
    /// Element at a `usize`; checked before by [`StmtKind::CheckIndex`].
    Index(Slot),
    /// Element of a slice pattern, counted from an end (the last element has offset 1 from the end); the length was tested.
    ConstIndex {
        offset: u32,
        from_end: bool,
    },
    /// `from..len - to` of a slice pattern.
    Subslice {
        from: u32,
        to: u32,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    Copy(Place),
    Move(Place),
    Const(Constant),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    Unit,
    Bool(bool),
    Char(char),
    /// Value and type, integer.
    Int(Wide, Ty),
    /// Bits of a double (of the double that an `f32` converts to), and the type.
    Float(u64, Ty),
    Str(molt_base::Symbol),
    /// `&'static [u8; N]`, bytes as Latin-1 text.
    Bytes(molt_base::Symbol),
    CStr(molt_base::Symbol),
    /// A value of size 0: function item, constructor, unit struct.
    Zst(Ty),
    /// Constant item with its arguments; a `static` is reached through [`Rvalue::StaticRef`].
    Item(ConstId, Args, Ty),
    /// Constant parameter or array length as a value of the type.
    Param(Const, Ty),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BorrowKind {
    Shared,
    Mut,
    /// `&mut` of a method call's receiver or an operator's left side: shared until first used (two-phase).
    TwoPhase,
    /// For guards and scrutinees of `match`: forbids assignments only.
    Fake,
}

#[derive(Clone, Debug)]
pub enum Rvalue {
    Use(Operand),
    Repeat(Operand, Const),
    Ref(Region, BorrowKind, Place),
    RawRef(Mutability, Place),
    /// Address of a `static` or module variable.
    StaticRef(ConstId),
    /// Length of an array or slice place.
    Len(Place),
    Cast(Cast, Operand, Ty),
    /// Panics on overflow, division by zero and too large shifts, as section 6.2 says. Operands are of primitive type;
    /// comparisons also of `str`, raw pointers and, in byte-string patterns, `&[u8]`.
    Binary(BinaryOp, Operand, Operand),
    /// Negation panics on overflow.
    Neg(Operand),
    Not(Operand),
    /// Index of the variant, as `isize` counts them (not the declared discriminant).
    Variant(Place),
    Aggregate(Aggregate, Vec<Operand>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cast {
    Kind(CastKind),
    ReifyFn,
    ClosureToFn,
    /// Behind a pointer: array to slice, type to trait object, object to super-trait object.
    Unsize,
    /// `&T` to a raw pointer, `*mut` to `*const`.
    ToPointer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aggregate {
    Tuple,
    Array(Ty),
    /// Variant and arguments; operands in the order of declaration.
    Adt(AdtId, u32, Args),
    /// Operands are the captures.
    Closure(ClosureId, Args),
}

#[derive(Clone, Debug)]
pub enum Terminator {
    Goto(Bb),
    /// On an integer, `bool` or `char` (by value) or a variant index.
    Switch {
        value: Operand,
        targets: Vec<(i128, Bb)>,
        otherwise: Bb,
    },
    Return,
    /// End of unwinding: leaves the function, panicking.
    Resume,
    Unreachable,
    /// Drops the value if it is initialised here; becomes exact in `drops`. Afterwards the place is uninitialised, also where
    /// the drop panics.
    Drop {
        place: Place,
        target: Bb,
        /// The first half of an assignment: the target begins with the assignment of the new value.
        replace: bool,
    },
    /// `target` is `None` when the call never returns.
    Call {
        func: Callee,
        args: Vec<Operand>,
        dest: Place,
        target: Option<Bb>,
    },
    /// Panics with a fixed text.
    Panic(PanicKind),
    /// Waits for a future, which is moved out of a whole slot and polled there: the future of an `async` body is left meanwhile,
    /// a task parks. Goes on with the value in `dest`. The way of panics is also that of a future that ends while it waits.
    Await {
        future: Operand,
        dest: Place,
        target: Bb,
    },
}

#[derive(Clone, Debug)]
pub enum Callee {
    /// Function item with its arguments: possibly a trait's member, resolved when types are known.
    Fn(crate::hir::FnId, Args),
    /// A `fn` pointer.
    Pointer(Operand),
    /// The code of a closure type through one of the `Fn` traits: the first argument is the environment or a reference to it,
    /// the rest the parameters (not a tuple). `self_ty` may be a parameter bound by the trait.
    FnTrait { self_ty: Ty, by: crate::check::typed::FnTrait },
    /// Runtime operation named by the builder: formatting, actors, ….
    Builtin(Builtin, Args),
}

/// Operations that have no function item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Builtin {
    /// Allocates a box of the type and moves the operand in.
    BoxNew,
    /// Frees a box (the operand) whose content was moved out or dropped.
    BoxFree,
    /// Evaluates parameter default `n` of a function; the arguments are shared references to the arguments before it.
    ParamDefault(crate::hir::FnId, u32),
    FieldDefault(AdtId, u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PanicKind {
    /// A `match` of a value that has no variant, after errors.
    Unreachable,
    /// No arm of a `select` is left.
    SelectEmpty,
}

impl Place {
    /// The whole slot.
    pub fn local(slot: Slot) -> Place {
        Place { slot, path: Path::new() }
    }
    pub fn is_local(&self) -> bool {
        self.path.is_empty()
    }
    #[must_use]
    pub fn with(&self, elem: Elem) -> Place {
        let mut path = self.path.clone();
        path.push(elem);
        Place { slot: self.slot, path }
    }
    /// What the first steps lead to.
    #[must_use]
    pub fn up_to(&self, steps: usize) -> Place {
        Place { slot: self.slot, path: Path::from_slice(&self.path[..steps]) }
    }
}
