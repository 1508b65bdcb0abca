//! Tables of trait objects, and the way from an object's table to that of a supertrait's object.
//!
//! A table has 24 bytes of drop function, size and alignment, then one word for each method of the object's traits. The
//! methods of a supertrait stand before those of the trait itself, so the table of the first supertrait, and of the first of
//! `dyn A + B`, is a prefix: there an upcast costs nothing. The table of any other supertrait is one load away, in a word
//! behind the methods. Such words exist only for upcasts that the program makes, so they are added when it is written.

use std::rc::Rc;

use molt_base::hash::FastMap;
use molt_ir::{DataId, DataItem, FuncId, Reloc, RelocTarget};

use super::{Entry, Instance, Mono};
use crate::check::context::{Env, Owner};
use crate::check::typed::FnTrait;
use crate::hir::{FnId, GenericParamKind, Mutability, SelfKind, TraitId};
use crate::ty::{Arg, Args, DynId, Ty, TyKind};

/// Words of a table before the methods.
const HEADER_WORDS: u64 = 3;

/// Every table of the program.
#[derive(Default)]
pub(super) struct Tables {
    known: FastMap<(Ty, DynId), DataId>,
    /// In the order of their making, each with the number of upcasts that have their word in it.
    list: Vec<(Ty, DynId, usize)>,
    /// What objects of a kind become, in the order of the words.
    upcasts: FastMap<DynId, Vec<DynId>>,
    /// Supertraits in the order of tables, in terms of the trait's parameters; the trait itself is the last.
    orders: FastMap<TraitId, Rc<[(TraitId, Args)]>>,
}

/// How the table of a supertrait's object is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Upcast {
    /// It is the same address.
    Prefix,
    /// It stands in the table, at this word.
    Word(u64),
}

impl Mono<'_> {
    /// Table of a type's functions for an object: drop, size, alignment, then the methods of its traits.
    pub fn table(&mut self, ty: Ty, d: DynId) -> DataId {
        if let Some(&t) = self.tables.known.get(&(ty, d)) {
            return t;
        }
        let layout = self.layouts.of(ty);
        let mut bytes = vec![0; 8];
        bytes.extend_from_slice(&layout.size.to_le_bytes());
        bytes.extend_from_slice(&layout.align.to_le_bytes());
        let mut relocs = Vec::new();
        if self.c.needs_drop(ty, Env::EMPTY) {
            let f = self.function(Instance::Drop(ty));
            relocs.push(Reloc { offset: 0, target: RelocTarget::Func(f), addend: 0 });
        }
        for (t, args) in self.object_traits(ty, d) {
            for f in self.table_fns(t) {
                let offset = bytes.len() as u32;
                bytes.extend_from_slice(&[0; 8]);
                if let Some(target) = self.table_entry(ty, t, args, f) {
                    relocs.push(Reloc { offset, target: RelocTarget::Func(target), addend: 0 });
                }
            }
        }
        let name = format!("table{}", self.tables.list.len());
        let id = self.program.data.push(DataItem { name, bytes, align: 8, relocs });
        self.tables.known.insert((ty, d), id);
        self.tables.list.push((ty, d, 0));
        id
    }

    fn table_entry(&mut self, ty: Ty, t: TraitId, args: Args, f: FnId) -> Option<FuncId> {
        if let Some(by) = self.fn_trait(t) {
            return Some(self.function(Instance::Shim(ty, Entry::By(by))));
        }
        // A shared reference to a `str` is two words, and an object has one.
        let by_ref =
            self.c.hir.fns[f].self_param.is_some_and(|s| matches!(s.kind, SelfKind::Ref(_, Mutability::Shared)));
        if by_ref && matches!(self.c.types.kind(ty), TyKind::Str(_)) {
            let method = self.c.types.mk(TyKind::FnDef(f, args));
            return Some(self.function(Instance::Shim(method, Entry::Text)));
        }
        let resolved = self.c.resolve_fn(f, args)?;
        Some(self.addressable(resolved))
    }

    /// Traits of an object with supertraits, each with its arguments for the type, in the order of the table.
    fn object_traits(&mut self, ty: Ty, d: DynId) -> Vec<(TraitId, Args)> {
        let c = self.c;
        let mut out: Vec<(TraitId, Args)> = Vec::new();
        for &(t, rest) in &c.types.dyn_kind(d).traits {
            let mut list = vec![Arg::Ty(ty)];
            list.extend_from_slice(c.types.list(rest));
            let full = c.types.args(&list);
            for &(s, args) in self.table_order(t).iter() {
                let args = c.revealed_args(c.types.erase_args(c.types.subst_args(args, full)));
                if !out.contains(&(s, args)) {
                    out.push((s, args));
                }
            }
        }
        out
    }

    /// Supertraits before the traits that have them, the first one's first.
    fn table_order(&mut self, t: TraitId) -> Rc<[(TraitId, Args)]> {
        if let Some(known) = self.tables.orders.get(&t) {
            return known.clone();
        }
        let c = self.c;
        let mut out: Vec<(TraitId, Args)> = Vec::new();
        for &(s, args) in c.supertraits(t).iter().filter(|&&(s, _)| s != t) {
            for &(u, inner) in self.table_order(s).iter() {
                let entry = (u, c.types.subst_args(inner, args));
                if !out.contains(&entry) {
                    out.push(entry);
                }
            }
        }
        out.push((t, c.identity_args(Owner::Trait(t))));
        let order: Rc<[(TraitId, Args)]> = out.into();
        self.tables.orders.insert(t, order.clone());
        order
    }

    /// Functions of a trait that stand in tables: `call` for the closure traits.
    pub fn table_fns(&self, t: TraitId) -> Vec<FnId> {
        let c = self.c;
        let generic =
            |f: FnId| c.hir.fns[f].generics.params.iter().any(|p| !matches!(p.kind, GenericParamKind::Lifetime));
        c.hir.traits[t]
            .fns
            .iter()
            .copied()
            .filter(|&f| c.hir.fns[f].self_param.is_some() && !c.needs_sized_self(f) && !generic(f))
            .collect()
    }

    /// Index of a function in an object's table, in words. The arguments are those of its trait, then its own.
    pub fn table_index(&mut self, ty: Ty, d: DynId, wanted: FnId, args: Args) -> Option<u64> {
        let c = self.c;
        let of = c.trait_of_fn(wanted)?;
        let count = c.params_of(Owner::Trait(of)).len();
        let traits = self.object_traits(ty, d);
        // A trait may be there several times, with different arguments.
        let args = c.types.args(&c.types.list(c.revealed_args(c.types.erase_args(args)))[..count]);
        let fits: Vec<usize> = (0..traits.len()).filter(|&n| traits[n].0 == of).collect();
        let chosen = match fits[..] {
            [only] => only,
            _ => fits.into_iter().find(|&n| traits[n].1 == args)?,
        };
        let before: usize = traits[..chosen].iter().map(|&(t, _)| self.table_fns(t).len()).sum();
        let own = self.table_fns(of).iter().position(|&f| f == wanted)?;
        Some(HEADER_WORDS + (before + own) as u64)
    }

    /// Index of the function that calls an object of a closure trait.
    pub fn call_index(&mut self, ty: Ty, d: DynId, by: FnTrait) -> Option<u64> {
        let traits = self.object_traits(ty, d);
        let chosen = traits.iter().position(|&(t, _)| self.fn_trait(t) == Some(by))?;
        let before: usize = traits[..chosen].iter().map(|&(t, _)| self.table_fns(t).len()).sum();
        Some(HEADER_WORDS + before as u64)
    }

    /// How an object of one kind becomes one of another, whose traits it has.
    pub fn upcast(&mut self, ty: Ty, from: DynId, to: DynId) -> Upcast {
        let (have, want) = (self.object_traits(ty, from), self.object_traits(ty, to));
        // Traits without methods take no place.
        let methods = |list: Vec<(TraitId, Args)>| -> Vec<(TraitId, Args)> {
            list.into_iter().filter(|&(t, _)| !self.table_fns(t).is_empty()).collect()
        };
        let (have, want) = (methods(have), methods(want));
        if have.starts_with(&want) {
            return Upcast::Prefix;
        }
        let words: usize = have.iter().map(|&(t, _)| self.table_fns(t).len()).sum();
        let list = self.tables.upcasts.entry(from).or_default();
        let n = list.iter().position(|&d| d == to).unwrap_or_else(|| {
            list.push(to);
            list.len() - 1
        });
        Upcast::Word(HEADER_WORDS + (words + n) as u64)
    }

    /// Adds the words of upcasts that tables lack. True if there were some: their tables may need functions.
    pub(super) fn link_upcasts(&mut self) -> bool {
        let mut any = false;
        let mut n = 0;
        while let Some(&(ty, d, done)) = self.tables.list.get(n) {
            let missing = self.tables.upcasts.get(&d).map_or(Vec::new(), |all| all[done..].to_vec());
            for &to in &missing {
                let target = RelocTarget::Data(self.table(ty, to));
                let id = self.tables.known[&(ty, d)];
                let item = &mut self.program.data[id];
                item.relocs.push(Reloc { offset: item.bytes.len() as u32, target, addend: 0 });
                item.bytes.extend_from_slice(&[0; 8]);
                any = true;
            }
            self.tables.list[n].2 += missing.len();
            n += 1;
        }
        any
    }
}
