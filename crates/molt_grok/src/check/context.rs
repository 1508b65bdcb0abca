//! The checker's view of the whole program: signatures, generics, bounds, indices of implementations, and the results for
//! every body. Facts are computed when first asked for and kept.

use molt_base::hash::{FastMap, FastSet, WordHasher};
use std::cell::{OnceCell, RefCell};
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use elsa::{FrozenMap, FrozenVec};
use molt_base::{Span, Symbol};
use molt_diagnostics::{Code, Diagnostic};

use super::index::Index;
use super::kept::{ById, ByOwner};
use super::lang::Lang;
use super::typed::{ClosureData, TypedBody};
use crate::hir::{
    AdtId, AliasId, Body, BodyId, BodyOwner, Bound, ConstId, FnId, GenericParamKind, Generics, Hir, ImplId, Lifetime,
    Parent, TraitId, TypeId,
};
use crate::mir::eval::{Failure, Value};
use crate::ty::{Arg, Args, ClosureId, ConstKind, FnSig, OpaqueId, Region, Ty, TyKind, Types};

/// Whose generic parameters are in scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    Fn(FnId),
    Adt(AdtId),
    Trait(TraitId),
    Impl(ImplId),
    Alias(AliasId),
    Const(ConstId),
}

/// One generic parameter of an owner's whole list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParamInfo {
    pub name: Symbol,
    pub kind: ParamKind,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    Lifetime,
    /// Whether it was written as a type of a parameter.
    Type {
        anonymous: bool,
    },
    Const,
}

/// A bound that holds, or must hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Predicate {
    /// The arguments begin with the Self type.
    Trait(TraitId, Args),
    /// The associated type of the trait equals the type.
    Projection(AliasId, Args, Ty),
}

/// What may be assumed inside an item: its bounds with everything that follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Env(pub u32);

impl Env {
    /// Nothing: types without parameters.
    pub const EMPTY: Env = Env(0);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variance {
    /// Does not occur.
    Bivariant,
    Covariant,
    Contravariant,
    Invariant,
}

/// `impl Trait` of a result: the item, and after its body was checked the type itself.
pub struct OpaqueData {
    pub owner: FnId,
    pub bounds: TypeId,
    pub hidden: OnceCell<Ty>,
}

/// Facts that were computed, by what they are about.
type Kept<K, V> = RefCell<FastMap<K, V>>;

/// What is known of a closure: its signature once its body's types are final, then its captures.
#[derive(Default)]
pub struct ClosureCell {
    pub(super) draft: OnceCell<ClosureData>,
    pub(super) done: OnceCell<ClosureData>,
}

/// The program with everything the checker knows about it.
pub struct Checked {
    pub hir: Hir,
    pub types: Types,
    pub index: Index,
    pub lang: Lang,
    pub(super) sigs: ById<FnId, Rc<FnSig>>,
    /// Those without regions, which inference works with.
    pub(super) erased_sigs: ById<FnId, Rc<FnSig>>,
    pub(super) params: ByOwner<Rc<[ParamInfo]>>,
    pub(super) predicates: ByOwner<Rc<[Predicate]>>,
    /// What a trait's bound says besides itself.
    pub(super) implied: ById<TraitId, Rc<[Predicate]>>,
    pub(super) erased_predicates: ById<ImplId, Rc<[Predicate]>>,
    pub(super) envs: FrozenVec<Box<[Predicate]>>,
    pub(super) env_ids: ByOwner<Env>,
    /// Parameters and bounds that inference added to functions.
    pub(super) inferred: RefCell<FastMap<FnId, InferredGenerics>>,
    pub(super) fields: Kept<(AdtId, u32), Rc<[Ty]>>,
    pub(super) alias_types: RefCell<FastMap<AliasId, Option<Ty>>>,
    pub(super) impl_headers: ById<ImplId, Rc<ImplHeader>>,
    pub(super) const_types: RefCell<FastMap<ConstId, Ty>>,
    pub(super) const_values: RefCell<FastMap<BodyId, Option<i128>>>,
    /// Values of constant items for their arguments.
    pub(super) item_values: RefCell<FastMap<(ConstId, Args), Result<Value, Failure>>>,
    /// Types of the parameters that constant arguments stand for; a length is none.
    pub(super) const_arg_types: RefCell<FastMap<BodyId, Ty>>,
    /// Bodies of constants that are being evaluated, innermost last.
    pub(super) evaluating: RefCell<Vec<BodyId>>,
    /// Bodies that are being inferred.
    pub(super) inferring: RefCell<Vec<BodyOwner>>,
    /// Constants that were reported to need themselves.
    pub(super) cyclic: RefCell<FastSet<ConstId>>,
    /// Bodies of the library that constants in types need and that were not made.
    pub(crate) wanted_bodies: RefCell<Vec<BodyId>>,
    pub(super) supers: Kept<TraitId, Rc<[(TraitId, Args)]>>,
    /// Why no object can be made of a trait.
    pub(super) unsafe_objects: RefCell<FastMap<TraitId, Option<String>>>,
    pub(super) variances: RefCell<FastMap<AdtId, Rc<[Variance]>>>,
    pub(super) closures: FrozenVec<Box<ClosureCell>>,
    pub(super) opaques: FrozenVec<Box<OpaqueData>>,
    pub(super) opaque_ids: RefCell<FastMap<TypeId, OpaqueId>>,
    pub(super) typed: FrozenMap<BodyOwner, Box<TypedBody>, BuildHasherDefault<WordHasher>>,
    /// Bodies with a `let` for each type of a polymorphic one, and what they stand for.
    pub(super) copied_bodies: FrozenVec<Box<Body>>,
    pub(super) replaced: RefCell<FastMap<BodyId, usize>>,
    /// Which types implement which traits, for those whose answer depends on nothing else.
    pub(super) selections: RefCell<FastMap<(Env, TraitId, Args), bool>>,
    /// What associated types are, likewise.
    pub(super) projections: RefCell<FastMap<(Env, AliasId, Args), Ty>>,
    /// Which implementations, with which arguments, associated types are taken from, likewise.
    pub(super) chosen: RefCell<Chosen>,
    pub(super) diagnostics: RefCell<Vec<Diagnostic>>,
    /// The types that are variables of inference, by number, as far as some body had so many.
    pub(super) variables: RefCell<Vec<Ty>>,
    /// Functions whose signature has an error: their bodies are not looked at for borrows.
    pub(super) broken: RefCell<molt_base::hash::FastSet<Owner>>,
    /// Defaults of type parameters; none for those that are being computed.
    pub(super) default_types: RefCell<FastMap<TypeId, Option<Ty>>>,
    /// Items whose facts are being computed, to find cycles.
    pub(super) under_way: RefCell<Vec<Owner>>,
}

type Chosen = FastMap<(Env, TraitId, Args), (ImplId, Args)>;

#[derive(Clone, Debug, Default)]
pub struct InferredGenerics {
    pub params: Vec<ParamInfo>,
    pub predicates: Vec<Predicate>,
}

/// An implementation's types, in terms of its own parameters.
#[derive(Debug)]
pub struct ImplHeader {
    pub self_ty: Ty,
    /// Trait and its arguments, Self first.
    pub of: Option<(TraitId, Args)>,
    /// The trait's arguments without regions.
    pub erased: Option<Args>,
}

impl Checked {
    pub fn new(hir: Hir) -> Checked {
        let lang = Lang::new(&hir);
        let index = Index::new(&hir);
        let checked = Checked {
            hir,
            types: Types::new(),
            index,
            lang,
            sigs: ById::default(),
            erased_sigs: ById::default(),
            params: ByOwner::default(),
            predicates: ByOwner::default(),
            implied: ById::default(),
            erased_predicates: ById::default(),
            envs: FrozenVec::new(),
            env_ids: ByOwner::default(),
            inferred: RefCell::default(),
            fields: RefCell::default(),
            alias_types: RefCell::default(),
            default_types: RefCell::default(),
            impl_headers: ById::default(),
            const_types: RefCell::default(),
            const_values: RefCell::default(),
            item_values: RefCell::default(),
            const_arg_types: RefCell::default(),
            evaluating: RefCell::default(),
            inferring: RefCell::default(),
            cyclic: RefCell::default(),
            wanted_bodies: RefCell::default(),
            supers: RefCell::default(),
            unsafe_objects: RefCell::default(),
            variances: RefCell::default(),
            closures: FrozenVec::new(),
            opaques: FrozenVec::new(),
            opaque_ids: RefCell::default(),
            typed: FrozenMap::default(),
            copied_bodies: FrozenVec::new(),
            replaced: RefCell::default(),
            selections: RefCell::default(),
            projections: RefCell::default(),
            chosen: RefCell::default(),
            diagnostics: RefCell::default(),
            variables: RefCell::default(),
            broken: RefCell::default(),
            under_way: RefCell::default(),
        };
        checked.envs.push(Box::default());
        checked
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub fn error(&self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::at(code, span, message));
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.borrow().iter().any(Diagnostic::is_error)
    }

    pub fn take_diagnostics(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics.borrow_mut())
    }

    pub fn ty_text(&self, ty: Ty) -> String {
        crate::ty::print::ty_text(&self.hir, &self.types, &|id| self.opaque(id).bounds, ty)
    }

    pub fn trait_text(&self, trait_: TraitId, args: Args) -> String {
        crate::ty::print::trait_text(&self.hir, &self.types, &|id| self.opaque(id).bounds, trait_, args)
    }

    /// Generics as written on the item itself.
    pub fn generics(&self, owner: Owner) -> &Generics {
        match owner {
            Owner::Fn(f) => &self.hir.fns[f].generics,
            Owner::Adt(a) => &self.hir.adts[a].generics,
            Owner::Trait(t) => &self.hir.traits[t].generics,
            Owner::Impl(i) => &self.hir.impls[i].generics,
            Owner::Alias(a) => &self.hir.aliases[a].generics,
            Owner::Const(c) => &self.hir.consts[c].generics,
        }
    }

    /// The item whose parameters come before the owner's.
    pub fn parent(&self, owner: Owner) -> Option<Owner> {
        let parent = match owner {
            Owner::Fn(f) => self.hir.fns[f].parent,
            Owner::Alias(a) => self.hir.aliases[a].parent,
            Owner::Const(c) => self.hir.consts[c].parent,
            Owner::Adt(_) | Owner::Trait(_) | Owner::Impl(_) => return None,
        };
        match parent {
            Parent::Module | Parent::Extern => None,
            Parent::Trait(t) => Some(Owner::Trait(t)),
            Parent::Impl(i) => Some(Owner::Impl(i)),
        }
    }

    /// Owner of the generic parameters that a body sees.
    pub fn generics_owner(&self, body: BodyOwner) -> Option<Owner> {
        match body {
            BodyOwner::Fn(f) | BodyOwner::ParamDefault(f, _) => Some(Owner::Fn(f)),
            BodyOwner::Const(c) => Some(Owner::Const(c)),
            BodyOwner::FieldDefault(a, _) => Some(Owner::Adt(a)),
            BodyOwner::Discriminant(..) | BodyOwner::ConstArg(_) => None,
        }
    }

    /// All parameters in scope: the parent's, then the item's own.
    pub fn params_of(&self, owner: Owner) -> Rc<[ParamInfo]> {
        if let Some(p) = self.params.get(owner) {
            return p;
        }
        let mut list: Vec<ParamInfo> = match self.parent(owner) {
            Some(parent) => self.params_of(parent).to_vec(),
            None => Vec::new(),
        };
        // An associated constant's or type's generics repeat nothing of the parent's.
        list.extend(self.generics(owner).params.iter().map(|p| ParamInfo {
            name: p.name,
            span: p.span,
            kind: match &p.kind {
                GenericParamKind::Lifetime => ParamKind::Lifetime,
                GenericParamKind::Type { anonymous, .. } => ParamKind::Type { anonymous: *anonymous },
                GenericParamKind::Const { .. } => ParamKind::Const,
            },
        }));
        if let Owner::Fn(f) = owner
            && let Some(more) = self.inferred.borrow().get(&f)
        {
            list.extend(more.params.iter().copied());
        }
        let list: Rc<[ParamInfo]> = list.into();
        self.params.insert(owner, list.clone());
        list
    }

    /// The owner's parameters as arguments for itself.
    pub fn identity_args(&self, owner: Owner) -> Args {
        let list: Vec<Arg> = self
            .params_of(owner)
            .iter()
            .enumerate()
            .map(|(i, p)| match p.kind {
                ParamKind::Lifetime => Arg::Region(Region::Param(i as u32, p.name)),
                ParamKind::Type { .. } => Arg::Ty(self.types.mk(TyKind::Param(i as u32, p.name))),
                ParamKind::Const => Arg::Const(self.types.mk_const(ConstKind::Param(i as u32, p.name))),
            })
            .collect();
        self.types.args(&list)
    }

    /// Arguments for the parameters of an owner, of which only the first is known.
    pub fn unknown_args(&self, owner: Owner, first: Ty) -> Args {
        let params = self.params_of(owner);
        let unknown = params.iter().skip(1).map(|p| match p.kind {
            ParamKind::Lifetime => Arg::Region(Region::Erased),
            ParamKind::Type { .. } => Arg::Ty(Ty::ERROR),
            ParamKind::Const => Arg::Const(self.types.mk_const(ConstKind::Error)),
        });
        let list: Vec<Arg> = std::iter::once(Arg::Ty(first)).chain(unknown).collect();
        self.types.args(&list)
    }

    /// The type that `Self` means in an ADT's own definition.
    pub fn adt_self(&self, adt: AdtId) -> Ty {
        let args = self.identity_args(Owner::Adt(adt));
        self.types.mk(TyKind::Adt(adt, args))
    }

    /// Types of a variant's fields in terms of the ADT's parameters, regions kept.
    pub fn field_types(&self, adt: AdtId, variant: u32) -> Rc<[Ty]> {
        if let Some(f) = self.fields.borrow().get(&(adt, variant)) {
            return f.clone();
        }
        let list: Vec<Ty> = self.hir.adts[adt].variants[variant as usize]
            .fields
            .iter()
            .map(|f| self.field_decl_type(adt, f.ty))
            .collect();
        let list: Rc<[Ty]> = list.into();
        self.fields.borrow_mut().insert((adt, variant), list.clone());
        list
    }

    /// Type of a field with the ADT's parameters replaced.
    pub fn field_ty(&self, adt: AdtId, variant: u32, field: u32, args: Args) -> Ty {
        let list = self.field_types(adt, variant);
        let ty = list.get(field as usize).copied().unwrap_or(Ty::ERROR);
        self.types.subst(ty, args)
    }

    pub fn closure(&self, id: ClosureId) -> &ClosureData {
        let cell = &self.closures[id.0 as usize];
        cell.done.get().or(cell.draft.get()).expect("the body around the closure was checked")
    }

    /// Whether the captures of a closure are not known yet.
    pub(super) fn is_open(&self, id: ClosureId) -> bool {
        self.closures[id.0 as usize].done.get().is_none()
    }

    pub(super) fn new_closure(&self) -> ClosureId {
        let id = ClosureId(self.closures.len() as u32);
        self.closures.push(Box::default());
        id
    }

    pub fn opaque(&self, id: OpaqueId) -> &OpaqueData {
        &self.opaques[id.0 as usize]
    }

    /// The result of checking a body, if it was checked.
    pub fn typed(&self, owner: BodyOwner) -> Option<&TypedBody> {
        self.typed.get(&owner)
    }

    pub fn env(&self, env: Env) -> &[Predicate] {
        &self.envs[env.0 as usize]
    }

    pub fn env_of(&self, body: BodyOwner) -> Env {
        self.generics_owner(body).map_or(Env::EMPTY, |o| self.env_of_owner(o))
    }

    /// Bounds between regions that a function declares: `(longer, shorter)`.
    pub fn outlives_bounds(&self, f: FnId) -> Vec<(Region, Region)> {
        let mut out = Vec::new();
        let mut next = Some(Owner::Fn(f));
        while let Some(owner) = next {
            for p in &self.generics(owner).predicates {
                let crate::hir::WhereSubject::Lifetime(longer) = p.subject else { continue };
                for b in &p.bounds {
                    if let Bound::Lifetime(shorter, _) = b {
                        out.push((self.written_region(longer), self.written_region(*shorter)));
                    }
                }
            }
            next = self.parent(owner);
        }
        out
    }

    /// A lifetime that is not elided.
    pub(super) fn written_region(&self, lifetime: Lifetime) -> Region {
        match lifetime {
            Lifetime::Static => Region::Static,
            Lifetime::Param(i, name) => Region::Param(i, name),
            Lifetime::Bound(..) | Lifetime::Elided | Lifetime::Error => Region::Erased,
        }
    }

    /// The implementation of `Drop` for a type, if it has one.
    pub fn drop_impl(&self, adt: AdtId) -> Option<ImplId> {
        self.index.drops.get(&adt).copied()
    }

    /// Name of a trait's member.
    pub fn find_trait_fn(&self, t: TraitId, name: Symbol) -> Option<FnId> {
        self.hir.traits[t].fns.iter().copied().find(|&f| self.hir.fns[f].head.name == name)
    }

    /// A function of a trait that takes `self`.
    pub fn find_trait_method(&self, t: TraitId, name: Symbol) -> Option<FnId> {
        self.find_trait_fn(t, name).filter(|&f| self.hir.fns[f].self_param.is_some())
    }

    pub fn find_trait_type(&self, t: TraitId, name: Symbol) -> Option<AliasId> {
        self.hir.traits[t].types.iter().copied().find(|&a| self.hir.aliases[a].head.name == name)
    }

    pub fn trait_of_alias(&self, alias: AliasId) -> Option<TraitId> {
        match self.hir.aliases[alias].parent {
            Parent::Trait(t) => Some(t),
            _ => None,
        }
    }

    pub fn trait_of_fn(&self, f: FnId) -> Option<TraitId> {
        match self.hir.fns[f].parent {
            Parent::Trait(t) => Some(t),
            _ => None,
        }
    }

    pub fn impl_of_fn(&self, f: FnId) -> Option<ImplId> {
        match self.hir.fns[f].parent {
            Parent::Impl(i) => Some(i),
            _ => None,
        }
    }

    /// Whether a type is the language's struct of this name.
    pub fn is_lang_adt(&self, ty: Ty, name: &str) -> bool {
        matches!(self.types.kind(ty), TyKind::Adt(id, _) if self.hir.lang_adt(name) == Some(id))
    }

    /// The argument of `Box<T>`.
    pub fn boxed(&self, ty: Ty) -> Option<Ty> {
        match self.types.kind(ty) {
            TyKind::Adt(id, args) if self.lang.boxed == Some(id) => self.types.list(args)[0].ty(),
            _ => None,
        }
    }

    /// What a handle of a collected value leads to.
    pub fn collected(&self, ty: Ty) -> Option<Ty> {
        match self.types.kind(ty) {
            TyKind::Adt(id, args) if self.lang.gc == Some(id) => self.types.list(args)[0].ty(),
            _ => None,
        }
    }
}
