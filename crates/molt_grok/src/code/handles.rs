//! Programs with collected values (section 5): which memory a collection has to follow.
//!
//! A type tells whether its values may hold a handle, in themselves or in memory that they own. Memory for values of such types
//! comes from pages that the collector knows (`molt_runtime::grok::gc`). A type tells, too, whether such a handle may be replaced
//! without an exclusive borrow, which the collector is told of. A program that never makes a handle never hears of
//! this; that one does is known only when the function that makes it is written, so then all functions are written again.

use molt_base::EntityId;

use super::{Kept, Mono};
use crate::mir::MirOwner;
use crate::ty::{Ty, TyKind};

/// What is asked of the handles in values of a type.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// Whether there may be any.
    Holds,
    /// Whether some may change while the value is borrowed, but not exclusively.
    Changes,
}

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
        self.answer(Question::Holds, ty, &mut Vec::new())
    }

    /// What the collector has to know of handles in a value of the type: 0 if it holds none, 1 if those that it holds can only
    /// change while it is borrowed exclusively, 2 if they may change at any time.
    pub fn handle_kind(&mut self, ty: Ty) -> i64 {
        i64::from(self.holds_handles(ty)) + i64::from(self.answer(Question::Changes, ty, &mut Vec::new()))
    }

    /// `under_way`: types that are being looked at, which add nothing to themselves.
    fn answer(&mut self, question: Question, ty: Ty, under_way: &mut Vec<Ty>) -> bool {
        if let Some(&known) = self.kept.handles.get(&(question, ty)) {
            return known;
        }
        if under_way.contains(&ty) {
            return false;
        }
        under_way.push(ty);
        let parts = match question {
            Question::Holds => self.parts(ty),
            Question::Changes => self.changing_parts(ty),
        };
        let holds = match parts {
            None => true,
            Some(parts) => parts.into_iter().any(|part| self.answer(question, part, under_way)),
        };
        under_way.pop();
        // What was found while another type was taken to hold nothing may be wrong.
        if holds || under_way.is_empty() {
            self.kept.handles.insert((question, ty), holds);
        }
        holds
    }

    /// Types of what a value owns that may have handles that change behind a shared reference; `None` if it has such itself.
    ///
    /// A value behind another handle is looked at as that of the handle. Whoever has a raw pointer may write through it, at any
    /// time; the pointers of the library's owners are those that are written through by who has the owner exclusively.
    fn changing_parts(&mut self, ty: Ty) -> Option<Vec<Ty>> {
        const OWNERS: [&str; 6] = ["Box", "NonNull", "Rc", "RcWeak", "Arc", "ArcWeak"];
        let c = self.c;
        if !self.holds_handles(ty) {
            return Some(Vec::new());
        }
        match c.types.kind(ty) {
            TyKind::Ptr(..) | TyKind::Dyn(..) => None,
            TyKind::Adt(adt, args) => {
                let is_lang = |name: &&str| c.hir.lang_adt(name) == Some(adt);
                if is_lang(&"Gc") {
                    Some(Vec::new())
                } else if is_lang(&"UnsafeCell") {
                    None
                } else if OWNERS.iter().any(is_lang) {
                    Some(c.types.ty_elems(args).collect())
                } else {
                    self.parts(ty)
                }
            }
            _ => self.parts(ty),
        }
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
