//! Items of the library that have a meaning of their own and are asked for again and again, found by name once.

use super::typed::FnTrait;
use crate::hir::{AdtId, FnId, Hir, TraitId};

/// What `#[lang = ".."]` marks. A library without an item is one for tests of something else.
#[derive(Clone, Copy, Default, Debug)]
pub struct Lang {
    pub actor: Option<TraitId>,
    pub clone: Option<TraitId>,
    pub copy: Option<TraitId>,
    pub deref: Option<TraitId>,
    pub deref_mut: Option<TraitId>,
    pub fn_: Option<TraitId>,
    pub fn_mut: Option<TraitId>,
    pub fn_once: Option<TraitId>,
    pub future: Option<TraitId>,
    pub index: Option<TraitId>,
    pub index_mut: Option<TraitId>,
    pub send: Option<TraitId>,
    pub sized: Option<TraitId>,
    pub sync: Option<TraitId>,
    pub boxed: Option<AdtId>,
    pub gc: Option<AdtId>,
    pub room: Option<AdtId>,
    pub unsafe_cell: Option<AdtId>,
    pub gc_read: Option<FnId>,
    pub gc_write: Option<FnId>,
    pub actor_ref_send: Option<FnId>,
    pub select_take: Option<FnId>,
    /// Functions that send a raw message which is not their receiver's.
    pub sends: [Option<FnId>; 3],
}

impl Lang {
    pub fn new(hir: &Hir) -> Lang {
        Lang {
            actor: hir.lang_trait("actor"),
            clone: hir.lang_trait("clone"),
            copy: hir.lang_trait("copy"),
            deref: hir.lang_trait("deref"),
            deref_mut: hir.lang_trait("deref_mut"),
            fn_: hir.lang_trait("fn"),
            fn_mut: hir.lang_trait("fn_mut"),
            fn_once: hir.lang_trait("fn_once"),
            future: hir.lang_trait("future"),
            index: hir.lang_trait("index"),
            index_mut: hir.lang_trait("index_mut"),
            send: hir.lang_trait("send"),
            sized: hir.lang_trait("sized"),
            sync: hir.lang_trait("sync"),
            boxed: hir.lang_adt("Box"),
            gc: hir.lang_adt("Gc"),
            room: hir.lang_adt("Room"),
            unsafe_cell: hir.lang_adt("UnsafeCell"),
            gc_read: hir.lang_fn("gc_read"),
            gc_write: hir.lang_fn("gc_write"),
            actor_ref_send: hir.lang_fn("actor_ref_send"),
            select_take: hir.lang_fn("select_take"),
            sends: ["actor_send_after", "actor_send_every", "send_raw_to"].map(|n| hir.lang_fn(n)),
        }
    }

    /// The traits of what can be called, the weakest first.
    pub fn fn_traits(&self) -> [(Option<TraitId>, FnTrait); 3] {
        [(self.fn_, FnTrait::Fn), (self.fn_mut, FnTrait::FnMut), (self.fn_once, FnTrait::FnOnce)]
    }

    /// Whether a trait is `Send` or `Sync`, which a type has when its parts have them.
    pub fn is_auto(&self, t: TraitId) -> bool {
        self.send == Some(t) || self.sync == Some(t)
    }

    /// Which of [`Lang::fn_traits`] a trait is.
    pub fn fn_kind(&self, t: TraitId) -> Option<FnTrait> {
        self.fn_traits().into_iter().find_map(|(of, kind)| (of == Some(t)).then_some(kind))
    }
}
