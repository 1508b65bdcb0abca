//! What inference found out about one body: the types and the meaning of every expression that needs types to mean
//! something. Together with the [`crate::hir::Body`] this is the typed tree that MIR is built from.
//!
//! All types are final: no variable of inference is left (what could not be inferred was reported and is [`Ty::ERROR`]), and
//! all regions are erased. Generic parameters of the owner appear as [`crate::ty::TyKind::Param`].

use smallvec::SmallVec;

use super::sorted::SortedMap;
use crate::hir::{Body, BodyOwner, ExprId, FnId, LocalId, Mutability, PatId};
use crate::ty::{Args, ClosureId, Ty};

/// Results for one body, closures inside included.
#[derive(Debug)]
pub struct TypedBody {
    pub owner: BodyOwner,
    /// Type of each expression before its adjustments, by index.
    pub expr_ty: Vec<Ty>,
    /// Steps applied to the value of an expression, in order.
    pub adjust: SortedMap<ExprId, Adjusts>,
    /// Type of the value that a pattern is matched with, after the references in `pat_derefs` were looked through.
    pub pat_ty: Vec<Ty>,
    /// References that a pattern looks through before it applies (default binding modes): their types, outermost first.
    pub pat_derefs: SortedMap<PatId, Vec<Ty>>,
    /// How a binding pattern binds; by value when absent.
    pub bind_mode: SortedMap<PatId, Mutability>,
    pub local_ty: Vec<Ty>,
    /// Function that an expression calls or names, where its syntax does not say: method calls, overloaded operators and
    /// indexing, paths to associated functions, `Iterator::next` of loops (under [`CalleeRole`]).
    pub callee: SortedMap<(ExprId, CalleeRole), Callee>,
    /// How a call expression calls.
    pub call: SortedMap<ExprId, CallKind>,
    /// Index of the field that a field expression names (variant 0).
    pub field: SortedMap<ExprId, u32>,
    /// Variant and order of fields of a struct expression.
    pub ctor: SortedMap<ExprId, Ctor>,
    /// Variant that a path, tuple-struct or struct pattern tests; absent for constants.
    pub pat_ctor: SortedMap<PatId, Ctor>,
    /// Constant that a path expression or pattern names, with its arguments.
    pub consts: SortedMap<ExprId, (crate::hir::ConstId, Args)>,
    pub pat_consts: SortedMap<PatId, (crate::hir::ConstId, Args)>,
    pub casts: SortedMap<ExprId, CastKind>,
    /// Closure expressions, `async` blocks, bodies of `spawn`.
    pub closures: SortedMap<ExprId, ClosureId>,
    /// What the body returns.
    pub ret: Ty,
    /// Types of parameters, `self` first where there is one.
    pub params: Vec<Ty>,
    /// An error was reported inside: no code is made of it, and later stages stay silent where types are [`Ty::ERROR`].
    pub failed: bool,
}

/// Struct or variant of a literal or pattern.
#[derive(Clone, Debug)]
pub struct Ctor {
    pub adt: crate::hir::AdtId,
    pub variant: u32,
    /// Field index for each written field or position.
    pub fields: Vec<u32>,
}

/// Which of the functions that an expression needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CalleeRole {
    /// The method, operator, index function or named function itself.
    Main,
    /// `IntoIterator::into_iter` and `Iterator::next` of a `for`.
    IntoIter,
    Next,
    /// `From::from` of `?` on a `Result`, absent when the errors are of one type.
    From,
    /// The n-th value of a formatting expression: the function of `Display`, `Debug`, ….
    Format(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callee {
    /// May be a member of a trait: the implementation is chosen when the type arguments are known.
    pub func: FnId,
    pub args: Args,
}

/// How a call expression reaches its code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// The callee's type is a function item or constructor.
    Direct,
    /// A `fn` pointer value.
    Pointer,
    /// Through `Fn`, `FnMut` or `FnOnce` of the callee's type; the callee is borrowed accordingly.
    Trait(FnTrait),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FnTrait {
    Fn,
    FnMut,
    FnOnce,
}

/// Most expressions that have any take one or two: a borrow, or a reborrow.
pub type Adjusts = SmallVec<[Adjust; 2]>;

/// One step from an expression's value to the value that its place needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Adjust {
    pub kind: AdjustKind,
    /// Type after the step.
    pub to: Ty,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdjustKind {
    NeverToAny,
    /// `*x` of a reference or a box.
    Deref,
    /// `*Deref::deref(&x)` or `*DerefMut::deref_mut(&mut x)`.
    OverloadedDeref(Callee, Mutability),
    /// `&x` or `&mut x` of the place so far (a reborrow after `Deref`).
    Borrow(Mutability),
    /// `&T` or `&mut T` to a raw pointer.
    ToPointer(Mutability),
    /// Array to slice, type to trait object, trait object to trait object, behind a pointer.
    Unsize,
    /// `&String`, `&Vec<u8>`… are derefs; this is `str` where a reference to a `str` stands: the reference is dropped.
    StrDeref,
    /// Function item or constructor to `fn` pointer.
    ReifyFn,
    /// Capture-less closure to `fn` pointer.
    ClosureToFn,
    /// Value to `Box<dyn Trait>`.
    BoxDyn,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CastKind {
    /// The types are equal: nothing happens (also casts that a coercion performs).
    Identity,
    IntToInt,
    IntToFloat,
    FloatToInt,
    FloatToFloat,
    BoolToInt,
    CharToInt,
    U8ToChar,
    EnumToInt,
    PtrToPtr,
    PtrToInt,
    IntToPtr,
    FnToInt,
    FnToPtr,
}

/// A closure, an `async` block or the body of a task.
#[derive(Clone, Debug)]
pub struct ClosureData {
    pub owner: BodyOwner,
    pub expr: ExprId,
    pub form: ClosureForm,
    /// In terms of the owner's generic parameters.
    pub params: Vec<Ty>,
    pub ret: Ty,
    pub kind: FnTrait,
    /// Filled by the analysis of captures, in order of first use.
    pub captures: Vec<Capture>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosureForm {
    Closure,
    /// A future: an `async` block, or the body of an `async` function or closure.
    Async,
    Task,
}

/// A place of the surrounding body that a closure holds.
#[derive(Clone, Debug)]
pub struct Capture {
    pub local: LocalId,
    /// Fields from the local on, with the type of each step; a dereference is a step too.
    pub path: Vec<CaptureStep>,
    pub mode: CaptureMode,
    /// Type of the place.
    pub ty: Ty,
    /// The expression that demands it, for diagnostics.
    pub because: ExprId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CaptureStep {
    Field(u32, Ty),
    Deref(Ty),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CaptureMode {
    Shared,
    /// Exclusive.
    Mut,
    /// Moved or copied into the closure.
    Value,
}

impl TypedBody {
    /// Nothing known yet of a body but its parameters and its result.
    pub fn new(owner: BodyOwner, body: &Body, params: Vec<Ty>, ret: Ty) -> TypedBody {
        TypedBody {
            owner,
            expr_ty: vec![Ty::ERROR; body.exprs.len()],
            adjust: SortedMap::default(),
            pat_ty: vec![Ty::ERROR; body.pats.len()],
            pat_derefs: SortedMap::default(),
            bind_mode: SortedMap::default(),
            local_ty: Vec::with_capacity(body.locals.len()),
            callee: SortedMap::default(),
            call: SortedMap::default(),
            field: SortedMap::default(),
            ctor: SortedMap::default(),
            pat_ctor: SortedMap::default(),
            consts: SortedMap::default(),
            pat_consts: SortedMap::default(),
            casts: SortedMap::default(),
            closures: SortedMap::default(),
            ret,
            params,
            failed: false,
        }
    }

    pub fn expr(&self, e: ExprId) -> Ty {
        self.expr_ty[e.0 as usize]
    }
    pub fn pat(&self, p: PatId) -> Ty {
        self.pat_ty[p.0 as usize]
    }
    pub fn local(&self, l: LocalId) -> Ty {
        self.local_ty[l.0 as usize]
    }
    pub fn adjustments(&self, e: ExprId) -> &[Adjust] {
        self.adjust.get(&e).map_or(&[], |a| a)
    }
    /// Type of the value that the expression's place receives.
    pub fn adjusted(&self, e: ExprId) -> Ty {
        self.adjustments(e).last().map_or(self.expr(e), |a| a.to)
    }
    pub fn main_callee(&self, e: ExprId) -> Option<Callee> {
        self.callee.get(&(e, CalleeRole::Main)).copied()
    }
}
