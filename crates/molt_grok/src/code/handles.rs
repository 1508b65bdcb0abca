//! Programs with collected values (section 5): which memory a collection has to follow.
//!
//! A type tells whether its values may hold a handle, in themselves or in memory that they own. Memory for values of such types
//! comes from pages that the collector knows (`molt_runtime::grok::gc`). A program that never makes a handle never hears of
//! this; that one does is known only when the function that makes it is written, so then all functions are written again.

use molt_base::EntityId;

use super::{Kept, Mono};
use crate::mir::MirOwner;
use crate::ty::{Ty, TyKind};

impl Mono<'_> {
    /// Has all functions written again, with memory that collections can follow.
    pub(super) fn begin_again(&mut self) {
        let Kept { functions, queue, collects, guarded, .. } = &mut self.kept;
        *collects = true;
        guarded.clear();
        let mut all: Vec<_> = functions.iter().map(|(&instance, &id)| (id, instance)).collect();
        all.sort_unstable_by_key(|&(id, _)| id.index());
        *queue = all.into_iter().map(|(_, instance)| instance).collect();
    }

    /// Whether a value of the type may hold a handle.
    pub fn holds_handles(&mut self, ty: Ty) -> bool {
        self.holds_in(ty, &mut Vec::new())
    }

    /// `under_way`: types that are being looked at, which add nothing to themselves.
    fn holds_in(&mut self, ty: Ty, under_way: &mut Vec<Ty>) -> bool {
        if let Some(&known) = self.kept.holding.get(&ty) {
            return known;
        }
        if under_way.contains(&ty) {
            return false;
        }
        under_way.push(ty);
        let parts = self.parts(ty);
        let holds = match parts {
            None => true,
            Some(parts) => parts.into_iter().any(|part| self.holds_in(part, under_way)),
        };
        under_way.pop();
        // What was found while another type was taken to hold nothing may be wrong.
        if holds || under_way.is_empty() {
            self.kept.holding.insert(ty, holds);
        }
        holds
    }

    /// Types of what a value owns; `None` if it may own a handle.
    fn parts(&mut self, ty: Ty) -> Option<Vec<Ty>> {
        let c = self.c;
        Some(match c.types.kind(ty) {
            TyKind::Tuple(list) => c.types.ty_elems(list).collect(),
            TyKind::Array(elem, _) | TyKind::Slice(elem) => vec![elem],
            // Who made it may own what it points to.
            TyKind::Ptr(_, to) => vec![to],
            TyKind::Closure(id, args) => self.layouts.captures(id, args),
            TyKind::Future(id, args) => {
                let graph = self.layouts.graph(MirOwner::Closure(id));
                let mut parts = self.layouts.captures(id, args);
                let saved = graph.frame().saved.iter();
                parts.extend(saved.map(|&s| self.layouts.concrete(graph.mir.slots[s].ty, args)));
                parts
            }
            TyKind::Adt(adt, args) => {
                if c.hir.lang_adt("Gc") == Some(adt) {
                    return None;
                }
                let variants = 0..c.hir.adts[adt].variants.len() as u32;
                let fields = variants.flat_map(|v| c.field_types(adt, v).to_vec());
                fields.map(|f| self.layouts.concrete(f, args)).collect()
            }
            TyKind::Dyn(..) => return None,
            // What a reference leads to has an owner elsewhere.
            TyKind::Ref(..)
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::FnPtr(_)
            | TyKind::FnDef(..)
            | TyKind::Ctor(..)
            | TyKind::Never
            | TyKind::Error
            | TyKind::Param(..)
            | TyKind::Projection(..)
            | TyKind::Opaque(..)
            | TyKind::Infer(_) => Vec::new(),
        })
    }
}
