//! Written types, bounds and generic parameters.

use molt_base::{Span, Symbol};

use super::{AdtId, AliasId, BodyId, ImplId, TraitId, TypeId, Wide};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum IntKind {
    I8,
    I16,
    I32,
    I64,
    I128,
    Isize,
    U8,
    U16,
    U32,
    U64,
    U128,
    Usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum FloatKind {
    F32,
    F64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Mutability {
    Shared,
    Mut,
}

/// A type as written, its names resolved.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum TypeExpr {
    /// Reported already.
    Error,
    /// `_`, or a type left out where that is allowed.
    Infer,
    Never,
    Bool,
    Char,
    Int(IntKind),
    Float(FloatKind),
    /// `str`, `&str` and `&'a str`, which are one type.
    Str(Lifetime),
    Tuple(Vec<TypeId>),
    Array(TypeId, ConstArg),
    Slice(TypeId),
    Ref(Lifetime, Mutability, TypeId),
    Ptr(Mutability, TypeId),
    Adt(AdtId, GenericArgs),
    /// An alias of a module; those of traits are [`TypeExpr::Assoc`].
    Alias(AliasId, GenericArgs),
    /// Generic parameter: index in the whole list of its owner, the parent's parameters first.
    Param(u32, Symbol),
    /// `Self` in an implementation (in a trait it is parameter 0, in a struct, enum or actor that type).
    SelfOf(ImplId),
    /// `T::Name` (`of` absent: found among the bounds of T) or `<T as Trait>::Name`.
    Assoc {
        base: TypeId,
        of: Option<Box<TraitRef>>,
        name: Symbol,
        name_span: Span,
        args: GenericArgs,
    },
    /// `fn(A) -> R` outside of parameters (there it is an anonymous parameter).
    FnPtr {
        params: Vec<TypeId>,
        ret: Option<TypeId>,
        is_unsafe: bool,
    },
    /// `|A| -> R` outside of parameters: a boxed closure.
    BoxedFn {
        params: Vec<TypeId>,
        ret: Option<TypeId>,
    },
    /// `dyn A + B + 'a`; behind a pointer the unsized type itself, by value a box of it: the context decides.
    Dyn(Vec<Bound>),
    /// `impl A + B` in a result: opaque (in a parameter it is an anonymous generic parameter).
    Impl(Vec<Bound>),
}

/// A written lifetime.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Lifetime {
    /// Left out or `'_`.
    Elided,
    Static,
    /// Generic parameter by index in the whole list of the owner.
    Param(u32, Symbol),
    /// Bound by `for<'a>` of the enclosing bound or function type: its position there.
    Bound(u32, Symbol),
    Error,
}

/// Arguments as written, for most names none; counts are checked by the checker.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct GenericArgs(Option<Box<WrittenArgs>>);

static NO_ARGS: WrittenArgs = WrittenArgs { args: Vec::new(), assoc: Vec::new(), parenthesised: false, span: None };

impl GenericArgs {
    /// The arguments without the rest.
    pub fn into_args(self) -> Vec<GenericArg> {
        self.0.map_or_else(Vec::new, |written| written.args)
    }
}

impl From<WrittenArgs> for GenericArgs {
    fn from(written: WrittenArgs) -> GenericArgs {
        GenericArgs(Some(Box::new(written)))
    }
}

impl std::ops::Deref for GenericArgs {
    type Target = WrittenArgs;

    fn deref(&self) -> &WrittenArgs {
        self.0.as_deref().unwrap_or(&NO_ARGS)
    }
}

/// What stands between `<` and `>`.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct WrittenArgs {
    pub args: Vec<GenericArg>,
    /// `Item = T`, `Item: Bound`.
    pub assoc: Vec<AssocArg>,
    /// Written as `Fn(A, B) -> R`: `args` holds the tuple of parameters, `assoc` the `Output`.
    pub parenthesised: bool,
    pub span: Option<Span>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum GenericArg {
    Lifetime(Lifetime, Span),
    Type(TypeId),
    Const(ConstArg, Span),
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct AssocArg {
    pub name: Symbol,
    pub span: Span,
    pub ty: Option<TypeId>,
    pub bounds: Vec<Bound>,
}

/// A constant argument or the length of an array.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub enum ConstArg {
    /// A literal: bits, sign-extended.
    Value(Wide),
    Param(u32, Symbol),
    /// To be evaluated.
    Body(BodyId),
    Infer,
    Error,
}

/// `Trait<Args>` of a bound or an implementation, without the Self type.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct TraitRef {
    pub trait_: TraitId,
    pub args: GenericArgs,
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Bound {
    Trait(TraitRef),
    /// `?Sized`.
    Maybe(TraitRef),
    Lifetime(Lifetime, Span),
    Error,
}

/// Parameters of one item. Indices continue those of the parent (trait, implementation or actor); a trait's own parameter 0
/// is `Self`.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Generics {
    /// How many parameters the parent has.
    pub parent_count: u32,
    pub params: Vec<GenericParam>,
    /// Bounds at the parameters and of the `where` clause.
    pub predicates: Vec<WherePredicate>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct GenericParam {
    pub name: Symbol,
    pub span: Span,
    pub kind: GenericParamKind,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum GenericParamKind {
    Lifetime,
    Type {
        default: Option<TypeId>,
        /// Stands for `impl Trait` or `fn(..)` in a parameter: no explicit argument is given.
        anonymous: bool,
    },
    Const {
        ty: TypeId,
        default: Option<ConstArg>,
    },
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct WherePredicate {
    pub subject: WhereSubject,
    pub bounds: Vec<Bound>,
    pub span: Span,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum WhereSubject {
    Type(TypeId),
    Lifetime(Lifetime),
}
