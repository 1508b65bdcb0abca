//! Types as the checker and everything after it see them: interned, compared by id.
//!
//! Start with [`Types`]. Lists of arguments, constants and the bodies of `dyn` types are interned beside the types, so that a
//! [`TyKind`] is small and `Copy`. All tables are append-only: a slice handed out stays valid while new types are made.
//!
//! Regions appear in signatures and written types; inside inferred bodies every region is [`Region::Erased`] and the borrow
//! checker gives each a variable of its own.

pub mod fold;
pub mod print;

use std::cell::RefCell;
use std::hash::Hasher;

use elsa::FrozenVec;
use hashbrown::HashTable;
use molt_base::hash::{FastMap, WordHasher};
use molt_base::{Symbol, entity_id};
use smallvec::SmallVec;

use crate::hir::{AdtId, AliasId, BodyId, FloatKind, FnId, IntKind, Mutability, TraitId};

entity_id!(
    /// A type; equal types have equal ids.
    pub struct Ty("t")
);
entity_id!(
    /// A list of generic arguments; equal lists have equal ids.
    pub struct Args("args")
);
entity_id!(
    /// A constant in a type.
    pub struct Const("c")
);
entity_id!(
    /// The traits of a `dyn` type.
    pub struct DynId("dyn")
);
entity_id!(
    /// A closure expression or `async` block.
    pub struct ClosureId("closure")
);
entity_id!(
    /// An `impl Trait` in a result: the n-th of the program.
    pub struct OpaqueId("opaque")
);

/// A variable of inference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum InferVar {
    Ty(u32),
    /// Any number type for now; `i32` if nothing decides.
    Int(u32),
    /// `f64` if nothing decides.
    Float(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Region {
    Erased,
    Static,
    /// Lifetime parameter of the item, by index in its whole list.
    Param(u32, Symbol),
    /// Bound by the nearest `for<'a>`.
    Bound(u32),
    /// Variable of the borrow checker.
    Var(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TyKind {
    /// Reported already; equal to everything.
    Error,
    Never,
    Bool,
    Char,
    Int(IntKind),
    Float(FloatKind),
    Str(Region),
    /// `()` is the empty tuple. The arguments are all types.
    Tuple(Args),
    Array(Ty, Const),
    Slice(Ty),
    Ref(Region, Mutability, Ty),
    Ptr(Mutability, Ty),
    Adt(AdtId, Args),
    /// The type of one function (size 0); the arguments are the parent's and its own.
    FnDef(FnId, Args),
    /// The type of a tuple constructor (size 0): struct or variant, and the arguments of the type.
    Ctor(AdtId, u32, Args),
    /// Parameter types, then the result.
    FnPtr(Args),
    /// The arguments are those of the function around it.
    Closure(ClosureId, Args),
    /// Value of an `async` block, closure or function; the result's type is its own to know.
    Future(ClosureId, Args),
    Dyn(DynId, Region),
    /// Generic parameter by index in the whole list of the owner.
    Param(u32, Symbol),
    /// `<A0 as Trait<A1..>>::Name`: the associated type of the trait; the arguments are those of the trait, then its own.
    Projection(AliasId, Args),
    Opaque(OpaqueId, Args),
    Infer(InferVar),
}

/// An argument of an item or a list element.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arg {
    Ty(Ty),
    Region(Region),
    Const(Const),
}

impl Arg {
    pub fn ty(self) -> Option<Ty> {
        match self {
            Arg::Ty(t) => Some(t),
            _ => None,
        }
    }
    /// The type of an argument that is one by construction.
    pub fn expect_ty(self) -> Ty {
        self.ty().expect("the list holds types only")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConstKind {
    Error,
    /// Integers sign-extended, `bool` and `char` by number.
    Value(i128),
    Param(u32, Symbol),
    Infer(u32),
    /// To be evaluated with these arguments of its owner.
    Unevaluated(BodyId, Args),
}

/// What a `dyn` type promises.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DynKind {
    /// Traits with their arguments, Self left out; markers last, else by number.
    pub traits: Vec<(TraitId, Args)>,
    /// Associated types that are bound, by the trait's declaration, ordered by it.
    pub assoc: Vec<(AliasId, Ty)>,
}

/// What a type contains, so that whole trees need no visit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(pub u8);

impl Flags {
    pub const INFER: u8 = 1;
    pub const PARAM: u8 = 2;
    /// A region other than erased.
    pub const REGION: u8 = 4;
    pub const PROJECTION: u8 = 8;
    pub const ERROR: u8 = 16;
    pub const OPAQUE: u8 = 32;
    /// An erased region, or a closure or `impl Trait`, which may hold some: the borrow checker gives them names.
    pub const ERASED: u8 = 64;
    /// A closure or future, whose traits depend on what is found out of its captures.
    pub const CLOSURE: u8 = 128;
    /// What makes an answer about a type depend on more than the type and the bounds in force.
    pub const UNSETTLED: u8 =
        Flags::INFER | Flags::PROJECTION | Flags::OPAQUE | Flags::ERROR | Flags::REGION | Flags::CLOSURE;

    pub fn has(self, which: u8) -> bool {
        self.0 & which != 0
    }
}

/// A function's type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FnSig {
    pub params: Vec<Ty>,
    pub ret: Ty,
    /// `...` of foreign functions.
    pub is_variadic: bool,
    pub is_unsafe: bool,
}

/// The interner of types. The tables that find an id hold nothing else: what they compare is where the ids lead.
pub struct Types {
    kinds: RefCell<Vec<TyKind>>,
    /// What each contains: most questions are answered here, so these stand close together.
    flags: RefCell<Vec<Flags>>,
    /// [`TyKind::word`] of each, which is what the search for an id compares.
    words: RefCell<Vec<u128>>,
    ids: RefCell<HashTable<Ty>>,
    lists: FrozenVec<Box<[Arg]>>,
    list_flags: RefCell<Vec<Flags>>,
    list_ids: RefCell<HashTable<Args>>,
    /// The list of each type alone, by the type's number: most lists are such. `EMPTY` where there is none yet.
    singles: RefCell<Vec<Args>>,
    consts: RefCell<Vec<ConstKind>>,
    const_ids: RefCell<FastMap<ConstKind, Const>>,
    dyns: FrozenVec<Box<DynKind>>,
    dyn_ids: RefCell<FastMap<DynKind, DynId>>,
}

impl Ty {
    pub const ERROR: Ty = Ty(0);
    pub const NEVER: Ty = Ty(1);
    pub const BOOL: Ty = Ty(2);
    pub const CHAR: Ty = Ty(3);
    pub const UNIT: Ty = Ty(4);
    /// `str` with an erased region.
    pub const STR: Ty = Ty(5);
    pub const F32: Ty = Ty(6);
    pub const F64: Ty = Ty(7);
    pub const I8: Ty = Ty(8);
    pub const I16: Ty = Ty(9);
    pub const I32: Ty = Ty(10);
    pub const I64: Ty = Ty(11);
    pub const I128: Ty = Ty(12);
    pub const ISIZE: Ty = Ty(13);
    pub const U8: Ty = Ty(14);
    pub const U16: Ty = Ty(15);
    pub const U32: Ty = Ty(16);
    pub const U64: Ty = Ty(17);
    pub const U128: Ty = Ty(18);
    pub const USIZE: Ty = Ty(19);

    pub fn int(kind: IntKind) -> Ty {
        Ty(Ty::I8.0 + kind as u32)
    }
    pub fn float(kind: FloatKind) -> Ty {
        Ty(Ty::F32.0 + kind as u32)
    }
}

impl Args {
    pub const EMPTY: Args = Args(0);
}

impl Default for Types {
    fn default() -> Types {
        Types::new()
    }
}

impl Types {
    /// An interner that holds the types with constant ids.
    pub fn new() -> Types {
        let types = Types {
            kinds: RefCell::default(),
            flags: RefCell::default(),
            words: RefCell::default(),
            ids: RefCell::default(),
            lists: FrozenVec::new(),
            list_flags: RefCell::default(),
            list_ids: RefCell::default(),
            singles: RefCell::default(),
            consts: RefCell::default(),
            const_ids: RefCell::default(),
            dyns: FrozenVec::new(),
            dyn_ids: RefCell::default(),
        };
        let empty = types.args(&[]);
        debug_assert_eq!(empty, Args::EMPTY);
        let mut first = vec![
            TyKind::Error,
            TyKind::Never,
            TyKind::Bool,
            TyKind::Char,
            TyKind::Tuple(empty),
            TyKind::Str(Region::Erased),
            TyKind::Float(FloatKind::F32),
            TyKind::Float(FloatKind::F64),
        ];
        first.extend(INTS.iter().map(|&k| TyKind::Int(k)));
        for (n, &kind) in first.iter().enumerate() {
            let id = types.mk(kind);
            debug_assert_eq!(id.0 as usize, n);
        }
        types
    }

    /// The id of a type. A shared reference to a `str` is that `str`.
    pub fn mk(&self, kind: TyKind) -> Ty {
        if let TyKind::Ref(region, Mutability::Shared, t) = kind
            && let TyKind::Str(inner) = self.kind(t)
        {
            // `&'a str` names the lifetime of the text.
            return if inner == Region::Erased { self.mk(TyKind::Str(region)) } else { t };
        }
        let word = kind.word();
        let hash = hash_of_word(word);
        let words = self.words.borrow();
        if let Some(&id) = self.ids.borrow().find(hash, |id| words[id.0 as usize] == word) {
            return id;
        }
        drop(words);
        self.add_kind(kind, word, hash)
    }

    #[inline(never)]
    fn add_kind(&self, kind: TyKind, word: u128, hash: u64) -> Ty {
        let flags = self.flags_of_kind(kind);
        let mut words = self.words.borrow_mut();
        let id = Ty(words.len() as u32);
        words.push(word);
        self.kinds.borrow_mut().push(kind);
        self.flags.borrow_mut().push(flags);
        self.ids.borrow_mut().insert_unique(hash, id, |id| hash_of_word(words[id.0 as usize]));
        id
    }

    #[inline]
    pub fn kind(&self, ty: Ty) -> TyKind {
        self.kinds.borrow()[ty.0 as usize]
    }

    #[inline]
    pub fn flags(&self, ty: Ty) -> Flags {
        self.flags.borrow()[ty.0 as usize]
    }

    /// Whether values of a type hold references, views or types with lifetimes.
    pub fn borrows(&self, ty: Ty) -> bool {
        let any = |list: Args| {
            self.list(list).iter().any(|a| match a {
                Arg::Ty(t) => self.borrows(*t),
                Arg::Region(_) => true,
                Arg::Const(_) => false,
            })
        };
        match self.kind(ty) {
            TyKind::Ref(..) | TyKind::Str(_) => true,
            TyKind::Tuple(list) | TyKind::Adt(_, list) => any(list),
            TyKind::Array(e, _) | TyKind::Slice(e) => self.borrows(e),
            _ => false,
        }
    }

    /// Whether a type of a signature has a lifetime that other types of it may have too: one with a name.
    pub fn has_shared_region(&self, ty: Ty) -> bool {
        if !self.flags(ty).has(Flags::REGION) {
            return false;
        }
        let shared = |r: Region| matches!(r, Region::Static | Region::Param(..) | Region::Var(_));
        let any = |list: Args| {
            self.list(list).iter().any(|a| match *a {
                Arg::Ty(t) => self.has_shared_region(t),
                Arg::Region(r) => shared(r),
                Arg::Const(_) => false,
            })
        };
        match self.kind(ty) {
            TyKind::Str(r) => shared(r),
            TyKind::Ref(r, _, t) => shared(r) || self.has_shared_region(t),
            TyKind::Array(t, _) | TyKind::Slice(t) | TyKind::Ptr(_, t) => self.has_shared_region(t),
            TyKind::Tuple(list) | TyKind::Adt(_, list) => any(list),
            _ => true,
        }
    }

    pub fn args(&self, list: &[Arg]) -> Args {
        match *list {
            [] if !self.lists.is_empty() => return Args::EMPTY,
            [Arg::Ty(ty)] => return self.single(ty),
            _ => {}
        }
        let hash = hash_of_list(list);
        if let Some(&id) = self.list_ids.borrow().find(hash, |&id| self.list(id) == list) {
            return id;
        }
        let id = self.add_list(list);
        self.list_ids.borrow_mut().insert_unique(hash, id, |&id| hash_of_list(self.list(id)));
        id
    }

    fn single(&self, ty: Ty) -> Args {
        let at = ty.0 as usize;
        match self.singles.borrow().get(at) {
            Some(&id) if id != Args::EMPTY => return id,
            _ => {}
        }
        let id = self.add_list(&[Arg::Ty(ty)]);
        let mut singles = self.singles.borrow_mut();
        if singles.len() <= at {
            singles.resize(at + 1, Args::EMPTY);
        }
        singles[at] = id;
        id
    }

    #[inline(never)]
    fn add_list(&self, list: &[Arg]) -> Args {
        let flags = list.iter().fold(0, |f, &a| f | self.flags_of_arg(a).0);
        let id = Args(self.lists.len() as u32);
        self.lists.push(list.into());
        self.list_flags.borrow_mut().push(Flags(flags));
        id
    }

    pub fn list(&self, args: Args) -> &[Arg] {
        &self.lists[args.0 as usize]
    }

    pub fn args_flags(&self, args: Args) -> Flags {
        self.list_flags.borrow()[args.0 as usize]
    }

    pub fn mk_const(&self, kind: ConstKind) -> Const {
        if let Some(&id) = self.const_ids.borrow().get(&kind) {
            return id;
        }
        let mut consts = self.consts.borrow_mut();
        let id = Const(consts.len() as u32);
        consts.push(kind);
        self.const_ids.borrow_mut().insert(kind, id);
        id
    }

    pub fn const_kind(&self, c: Const) -> ConstKind {
        self.consts.borrow()[c.0 as usize]
    }

    pub fn mk_dyn(&self, kind: DynKind) -> DynId {
        if let Some(&id) = self.dyn_ids.borrow().get(&kind) {
            return id;
        }
        let id = DynId(self.dyns.len() as u32);
        self.dyns.push(Box::new(kind.clone()));
        self.dyn_ids.borrow_mut().insert(kind, id);
        id
    }

    pub fn dyn_kind(&self, id: DynId) -> &DynKind {
        &self.dyns[id.0 as usize]
    }

    pub fn tuple(&self, parts: &[Ty]) -> Ty {
        self.mk(TyKind::Tuple(self.ty_list(parts)))
    }

    pub fn ty_list(&self, parts: &[Ty]) -> Args {
        let list: SmallVec<[Arg; 6]> = parts.iter().map(|&t| Arg::Ty(t)).collect();
        self.args(&list)
    }

    /// Elements of a list that holds types only.
    pub fn ty_elems(&self, args: Args) -> impl ExactSizeIterator<Item = Ty> + DoubleEndedIterator + '_ {
        self.list(args).iter().map(|a| a.expect_ty())
    }

    pub fn reference(&self, mutability: Mutability, ty: Ty) -> Ty {
        self.mk(TyKind::Ref(Region::Erased, mutability, ty))
    }

    pub fn fn_ptr(&self, params: &[Ty], ret: Ty) -> Ty {
        let mut list: Vec<Arg> = params.iter().map(|&t| Arg::Ty(t)).collect();
        list.push(Arg::Ty(ret));
        self.mk(TyKind::FnPtr(self.args(&list)))
    }

    fn flags_of_arg(&self, arg: Arg) -> Flags {
        match arg {
            Arg::Ty(t) => self.flags(t),
            Arg::Region(Region::Erased) => Flags(Flags::ERASED),
            Arg::Region(_) => Flags(Flags::REGION),
            Arg::Const(c) => match self.const_kind(c) {
                ConstKind::Error => Flags(Flags::ERROR),
                ConstKind::Value(_) => Flags(0),
                ConstKind::Param(..) => Flags(Flags::PARAM),
                ConstKind::Infer(_) => Flags(Flags::INFER),
                ConstKind::Unevaluated(_, a) => Flags(self.args_flags(a).0 | Flags::PROJECTION),
            },
        }
    }

    fn flags_of_region(region: Region) -> u8 {
        if region == Region::Erased { Flags::ERASED } else { Flags::REGION }
    }

    fn flags_of_kind(&self, kind: TyKind) -> Flags {
        Flags(match kind {
            TyKind::Error => Flags::ERROR,
            TyKind::Never | TyKind::Bool | TyKind::Char | TyKind::Int(_) | TyKind::Float(_) => 0,
            TyKind::Str(r) => Types::flags_of_region(r),
            TyKind::Tuple(a) | TyKind::Adt(_, a) | TyKind::FnDef(_, a) | TyKind::Ctor(_, _, a) | TyKind::FnPtr(a) => {
                self.args_flags(a).0
            }
            TyKind::Closure(_, a) | TyKind::Future(_, a) => self.args_flags(a).0 | Flags::ERASED | Flags::CLOSURE,
            TyKind::Array(t, c) => self.flags(t).0 | self.flags_of_arg(Arg::Const(c)).0,
            TyKind::Slice(t) | TyKind::Ptr(_, t) => self.flags(t).0,
            TyKind::Ref(r, _, t) => Types::flags_of_region(r) | self.flags(t).0,
            TyKind::Dyn(d, r) => {
                let d = self.dyn_kind(d);
                let traits = d.traits.iter().fold(0, |f, &(_, a)| f | self.args_flags(a).0);
                let assoc = d.assoc.iter().fold(0, |f, &(_, t)| f | self.flags(t).0);
                traits | assoc | Types::flags_of_region(r)
            }
            TyKind::Param(..) => Flags::PARAM,
            TyKind::Projection(_, a) => self.args_flags(a).0 | Flags::PROJECTION,
            TyKind::Opaque(_, a) => self.args_flags(a).0 | Flags::OPAQUE | Flags::ERASED,
            TyKind::Infer(_) => Flags::INFER,
        })
    }
}

impl Region {
    /// All of the region: 67 bits.
    fn word(self) -> u128 {
        match self {
            Region::Erased => 0,
            Region::Static => 1,
            Region::Bound(n) => u128::from(n) << 3 | 2,
            Region::Var(n) => u128::from(n) << 3 | 3,
            Region::Param(n, name) => u128::from(name.0) << 35 | u128::from(n) << 3 | 4,
        }
    }
}

impl TyKind {
    /// All of the kind: equal words are equal kinds. The low five bits tell which it is, the rest are its parts.
    fn word(self) -> u128 {
        let parts = |tag: u128, low: u32, middle: u32, high: u32| {
            u128::from(high) << 69 | u128::from(middle) << 37 | u128::from(low) << 5 | tag
        };
        match self {
            TyKind::Error => 0,
            TyKind::Never => 1,
            TyKind::Bool => 2,
            TyKind::Char => 3,
            TyKind::Int(kind) => parts(4, kind as u32, 0, 0),
            TyKind::Float(kind) => parts(5, kind as u32, 0, 0),
            TyKind::Str(r) => r.word() << 5 | 6,
            TyKind::Tuple(a) => parts(7, a.0, 0, 0),
            TyKind::Array(t, c) => parts(8, t.0, c.0, 0),
            TyKind::Slice(t) => parts(9, t.0, 0, 0),
            TyKind::Ref(r, Mutability::Shared, t) => r.word() << 37 | parts(10, t.0, 0, 0),
            TyKind::Ref(r, Mutability::Mut, t) => r.word() << 37 | parts(11, t.0, 0, 0),
            TyKind::Ptr(Mutability::Shared, t) => parts(12, t.0, 0, 0),
            TyKind::Ptr(Mutability::Mut, t) => parts(13, t.0, 0, 0),
            TyKind::Adt(id, a) => parts(14, a.0, id.0, 0),
            TyKind::FnDef(id, a) => parts(15, a.0, id.0, 0),
            TyKind::Ctor(id, variant, a) => parts(16, a.0, id.0, variant),
            TyKind::FnPtr(a) => parts(17, a.0, 0, 0),
            TyKind::Closure(id, a) => parts(18, a.0, id.0, 0),
            TyKind::Future(id, a) => parts(19, a.0, id.0, 0),
            TyKind::Dyn(id, r) => r.word() << 37 | parts(20, id.0, 0, 0),
            TyKind::Param(n, name) => parts(21, n, name.0, 0),
            TyKind::Projection(id, a) => parts(22, a.0, id.0, 0),
            TyKind::Opaque(id, a) => parts(23, a.0, id.0, 0),
            TyKind::Infer(InferVar::Ty(n)) => parts(24, n, 0, 0),
            TyKind::Infer(InferVar::Int(n)) => parts(25, n, 0, 0),
            TyKind::Infer(InferVar::Float(n)) => parts(26, n, 0, 0),
        }
    }
}

fn hash_of_word(word: u128) -> u64 {
    let mut hasher = WordHasher::default();
    hasher.write_u64(word as u64);
    hasher.write_u64((word >> 64) as u64);
    hasher.finish()
}

/// One word for each argument.
fn hash_of_list(list: &[Arg]) -> u64 {
    let mut hasher = WordHasher::default();
    for arg in list {
        hasher.write_u64(match *arg {
            Arg::Ty(t) => u64::from(t.0),
            Arg::Const(c) => u64::from(c.0) | 1 << 32,
            Arg::Region(Region::Erased) => 2 << 32,
            Arg::Region(Region::Static) => 3 << 32,
            Arg::Region(Region::Param(n, _)) => u64::from(n) | 4 << 32,
            Arg::Region(Region::Bound(n)) => u64::from(n) | 5 << 32,
            Arg::Region(Region::Var(n)) => u64::from(n) | 6 << 32,
        });
    }
    hasher.finish()
}

/// Integer types in the order of their ids.
pub const INTS: [IntKind; 12] = [
    IntKind::I8,
    IntKind::I16,
    IntKind::I32,
    IntKind::I64,
    IntKind::I128,
    IntKind::Isize,
    IntKind::U8,
    IntKind::U16,
    IntKind::U32,
    IntKind::U64,
    IntKind::U128,
    IntKind::Usize,
];

impl IntKind {
    pub fn is_signed(self) -> bool {
        (self as u8) <= IntKind::Isize as u8
    }
    /// Width in bits on 64-bit targets.
    pub fn bits(self) -> u32 {
        match self {
            IntKind::I8 | IntKind::U8 => 8,
            IntKind::I16 | IntKind::U16 => 16,
            IntKind::I32 | IntKind::U32 => 32,
            IntKind::I64 | IntKind::U64 | IntKind::Isize | IntKind::Usize => 64,
            IntKind::I128 | IntKind::U128 => 128,
        }
    }
    pub fn text(self) -> &'static str {
        match self {
            IntKind::I8 => "i8",
            IntKind::I16 => "i16",
            IntKind::I32 => "i32",
            IntKind::I64 => "i64",
            IntKind::I128 => "i128",
            IntKind::Isize => "isize",
            IntKind::U8 => "u8",
            IntKind::U16 => "u16",
            IntKind::U32 => "u32",
            IntKind::U64 => "u64",
            IntKind::U128 => "u128",
            IntKind::Usize => "usize",
        }
    }
}
