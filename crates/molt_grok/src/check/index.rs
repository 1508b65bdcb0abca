//! Implementations and members by what they are looked up with. Made from written types alone, before anything is converted.

use molt_base::hash::{FastMap, FastSet};

use molt_base::Symbol;

use super::context::Checked;
use crate::hir::{AdtId, AliasId, ConstId, FloatKind, FnId, Hir, ImplId, TraitId, TypeExpr, TypeId};
use crate::ty::{INTS, InferVar, Ty, TyKind, Types};

const FLOATS: [FloatKind; 2] = [FloatKind::F32, FloatKind::F64];

/// The outermost constructor of a type: what implementations are filed under.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeKey {
    Adt(AdtId),
    Bool,
    Char,
    Int(crate::hir::IntKind),
    Float(crate::hir::FloatKind),
    /// All integer types, or a literal's.
    AnyInt,
    AnyFloat,
    Str,
    Tuple(usize),
    Array,
    Slice,
    Ref,
    Ptr,
    Fn,
    Never,
    Dyn(TraitId),
    /// Parameters and everything else that may be any type.
    Any,
}

#[derive(Default)]
pub struct Index {
    /// Associated functions of inherent implementations.
    pub inherent_fns: FastMap<(TypeKey, Symbol), Vec<(ImplId, FnId)>>,
    pub inherent_consts: FastMap<(TypeKey, Symbol), Vec<(ImplId, ConstId)>>,
    pub inherent_types: FastMap<(AdtId, Symbol), AliasId>,
    /// Implementations of each trait by the key of their Self type.
    pub impls: FastMap<TraitId, FastMap<TypeKey, Vec<ImplId>>>,
    /// Traits that declare a function of a name.
    pub trait_fns: FastMap<Symbol, Vec<(TraitId, FnId)>>,
    pub trait_types: FastMap<Symbol, Vec<(TraitId, AliasId)>>,
    pub trait_consts: FastMap<Symbol, Vec<(TraitId, ConstId)>>,
    /// Types with a `Drop` implementation.
    pub drops: FastMap<AdtId, ImplId>,
    /// Pointer-like types of the library, whose argument may be unsized.
    pub pointers: FastSet<AdtId>,
}

impl Index {
    pub fn new(hir: &Hir) -> Index {
        let mut index = Index::default();
        let families = family_impls(hir);
        let drop = hir.lang_trait("drop");
        for (id, item) in hir.impls.iter() {
            let key = families.get(&id).copied().unwrap_or_else(|| key_of_expr(hir, item.self_ty, 0));
            match &item.of {
                Some(r) => {
                    index.impls.entry(r.trait_).or_default().entry(key).or_default().push(id);
                    if drop == Some(r.trait_)
                        && let TypeKey::Adt(adt) = key
                    {
                        index.drops.insert(adt, id);
                    }
                }
                None => {
                    for &f in &item.fns {
                        index.inherent_fns.entry((key, hir.fns[f].head.name)).or_default().push((id, f));
                    }
                    for &c in &item.consts {
                        index.inherent_consts.entry((key, hir.consts[c].head.name)).or_default().push((id, c));
                    }
                    if let TypeKey::Adt(adt) = key {
                        for &a in &item.types {
                            index.inherent_types.insert((adt, hir.aliases[a].head.name), a);
                        }
                    }
                }
            }
        }
        for (id, item) in hir.traits.iter() {
            for &f in &item.fns {
                index.trait_fns.entry(hir.fns[f].head.name).or_default().push((id, f));
            }
            for &a in &item.types {
                index.trait_types.entry(hir.aliases[a].head.name).or_default().push((id, a));
            }
            for &c in &item.consts {
                index.trait_consts.entry(hir.consts[c].head.name).or_default().push((id, c));
            }
        }
        index.pointers = ["Box", "Rc", "Arc", "Weak", "RcWeak", "ArcWeak", "Gc", "PhantomData"]
            .iter()
            .filter_map(|n| hir.lang_adt(n))
            .collect();
        index
    }
}

/// `#[lang = "int"] impl<T: ..> T`: methods of a family of built-in types.
fn family_impls(hir: &Hir) -> FastMap<ImplId, TypeKey> {
    let families = [("int", TypeKey::AnyInt), ("float", TypeKey::AnyFloat)];
    families
        .iter()
        .filter_map(|&(name, key)| match hir.lang(name) {
            Some(crate::hir::LangItem::Impl(i)) => Some((i, key)),
            _ => None,
        })
        .collect()
}

fn key_of_expr(hir: &Hir, id: TypeId, depth: u32) -> TypeKey {
    match &hir.types[id] {
        TypeExpr::Adt(adt, _) => TypeKey::Adt(*adt),
        TypeExpr::Bool => TypeKey::Bool,
        TypeExpr::Char => TypeKey::Char,
        TypeExpr::Int(k) => TypeKey::Int(*k),
        TypeExpr::Float(k) => TypeKey::Float(*k),
        TypeExpr::Str(_) => TypeKey::Str,
        TypeExpr::Tuple(parts) => TypeKey::Tuple(parts.len()),
        TypeExpr::Array(..) => TypeKey::Array,
        TypeExpr::Slice(_) => TypeKey::Slice,
        TypeExpr::Ref(..) => TypeKey::Ref,
        TypeExpr::Ptr(..) => TypeKey::Ptr,
        TypeExpr::FnPtr { .. } => TypeKey::Fn,
        TypeExpr::Never => TypeKey::Never,
        TypeExpr::Dyn(bounds) => bounds
            .iter()
            .find_map(|b| match b {
                crate::hir::Bound::Trait(r) => Some(TypeKey::Dyn(r.trait_)),
                _ => None,
            })
            .unwrap_or(TypeKey::Any),
        TypeExpr::BoxedFn { .. } => hir.lang_adt("Box").map_or(TypeKey::Any, TypeKey::Adt),
        TypeExpr::Alias(a, _) if depth < 32 => {
            hir.aliases[*a].ty.map_or(TypeKey::Any, |t| key_of_expr(hir, t, depth + 1))
        }
        _ => TypeKey::Any,
    }
}

impl TypeKey {
    /// Key of a type; `None` for an unknown one.
    pub fn of(types: &Types, ty: Ty) -> Option<TypeKey> {
        Some(match types.kind(ty) {
            TyKind::Adt(id, _) => TypeKey::Adt(id),
            TyKind::Bool => TypeKey::Bool,
            TyKind::Char => TypeKey::Char,
            TyKind::Int(k) => TypeKey::Int(k),
            TyKind::Float(k) => TypeKey::Float(k),
            TyKind::Str(_) => TypeKey::Str,
            TyKind::Tuple(a) => TypeKey::Tuple(types.list(a).len()),
            TyKind::Array(..) => TypeKey::Array,
            TyKind::Slice(_) => TypeKey::Slice,
            TyKind::Ref(..) => TypeKey::Ref,
            TyKind::Ptr(..) => TypeKey::Ptr,
            TyKind::FnPtr(_) | TyKind::FnDef(..) | TyKind::Ctor(..) | TyKind::Closure(..) => TypeKey::Fn,
            TyKind::Never => TypeKey::Never,
            TyKind::Dyn(d, _) => TypeKey::Dyn(types.dyn_kind(d).traits[0].0),
            TyKind::Infer(InferVar::Int(_)) => TypeKey::AnyInt,
            TyKind::Infer(InferVar::Float(_)) => TypeKey::AnyFloat,
            TyKind::Infer(InferVar::Ty(_)) => return None,
            TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) | TyKind::Future(..) | TyKind::Error => {
                TypeKey::Any
            }
        })
    }

    /// Keys that implementations for a type of this key may be filed under.
    pub fn candidates(self) -> impl Iterator<Item = TypeKey> {
        let family = match self {
            TypeKey::Int(_) => Some(TypeKey::AnyInt),
            TypeKey::Float(_) => Some(TypeKey::AnyFloat),
            _ => None,
        };
        let any = if self == TypeKey::Any { None } else { Some(TypeKey::Any) };
        [Some(self), family, any].into_iter().flatten()
    }

    /// Keys of the types that a literal of this key may still have.
    fn kinds_of_literal(self) -> impl Iterator<Item = TypeKey> {
        let (ints, floats): (&[_], &[_]) = match self {
            TypeKey::AnyInt => (&INTS, &FLOATS),
            TypeKey::AnyFloat => (&[], &FLOATS),
            _ => (&[], &[]),
        };
        let ints = ints.iter().map(|&kind| TypeKey::Int(kind));
        ints.chain(floats.iter().map(|&kind| TypeKey::Float(kind)))
    }
}

impl Checked {
    /// Implementations of a trait that may be for the type, by key. With a literal's type all integer (or number)
    /// implementations come.
    pub fn impl_candidates(&self, t: TraitId, self_ty: Ty, out: &mut Vec<ImplId>) {
        self.candidate_lists(t, self_ty).for_each(|list| out.extend_from_slice(list));
    }

    /// Whether some implementation of the trait may be for the type.
    pub fn impl_exists(&self, t: TraitId, self_ty: Ty) -> bool {
        self.candidate_lists(t, self_ty).next().is_some()
    }

    fn candidate_lists(&self, t: TraitId, self_ty: Ty) -> impl Iterator<Item = &Vec<ImplId>> {
        let table = self.index.impls.get(&t).zip(TypeKey::of(&self.types, self_ty));
        table
            .into_iter()
            .flat_map(|(table, key)| key.candidates().chain(key.kinds_of_literal()).filter_map(|k| table.get(&k)))
    }
}
