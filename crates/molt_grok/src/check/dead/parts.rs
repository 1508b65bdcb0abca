//! Fields that nothing reads and variants that nothing makes, of types that are used.
//!
//! A field is read by an expression that names it other than to assign it, and by a pattern that binds or looks into it. A
//! variant is made where it is written as a value. What `derive` writes for `Clone` and `Debug` is no use of either.

use molt_base::{EntityId, Span, Symbol};
use molt_diagnostics::registry::grok as code;

use super::super::context::Checked;
use super::super::typed::{Ctor, TypedBody};
use crate::hir::lints::level_at;
use crate::hir::{AdtId, AdtKind, Body, Expr, ExprId, Hir, Pat, PatId, VariantForm, Visibility};
use crate::ty::TyKind;

pub(super) struct Parts {
    /// Number of the first variant of each type; [`NONE`] for those of the library.
    first_variant: Vec<u32>,
    /// By variants: whether it is made, and the number of its first field.
    variants: Vec<(bool, u32)>,
    /// By fields, whether it is read.
    fields: Vec<bool>,
    /// Places of the assignments of one body.
    assigned: Vec<ExprId>,
}

const NONE: u32 = u32::MAX;

impl Parts {
    pub(super) fn new(c: &Checked) -> Parts {
        let hir = &c.hir;
        let mut parts = Parts {
            first_variant: vec![NONE; hir.adts.len()],
            variants: Vec::new(),
            fields: Vec::new(),
            assigned: Vec::new(),
        };
        for (adt, item) in hir.adts.iter().filter(|(_, a)| !c.is_std_item(&a.head)) {
            parts.first_variant[adt.index()] = parts.variants.len() as u32;
            for v in &item.variants {
                parts.variants.push((false, parts.fields.len() as u32));
                parts.fields.resize(parts.fields.len() + v.fields.len(), false);
            }
        }
        parts
    }

    fn variant(&mut self, adt: AdtId, variant: u32) -> Option<&mut (bool, u32)> {
        let first = self.first_variant[adt.index()];
        if first == NONE { None } else { Some(&mut self.variants[(first + variant) as usize]) }
    }

    pub(super) fn made(&mut self, adt: AdtId, variant: u32) {
        if let Some((made, _)) = self.variant(adt, variant) {
            *made = true;
        }
    }

    fn read(&mut self, adt: AdtId, variant: u32, field: u32) {
        if let Some(&mut (_, first)) = self.variant(adt, variant) {
            self.fields[(first + field) as usize] = true;
        }
    }

    /// What a body makes and reads; constructors that are functions are found by their types.
    pub(super) fn body(&mut self, c: &Checked, body: &Body, typed: &TypedBody) {
        for ctor in typed.ctor.values() {
            self.made(ctor.adt, ctor.variant);
        }
        if !typed.field.is_empty() {
            self.fields_named(c, body, typed);
        }
        for (pat, ctor) in typed.pat_ctor.iter() {
            self.pattern(body, pat, ctor);
        }
    }

    fn fields_named(&mut self, c: &Checked, body: &Body, typed: &TypedBody) {
        self.assigned.clear();
        for (_, e) in body.exprs.iter() {
            if let Expr::Assign { place, .. } = e {
                self.assigned.push(*place);
            }
        }
        // The tree is in postorder, but copies of values may follow.
        self.assigned.sort_unstable();
        for (e, &field) in typed.field.iter() {
            let Expr::Field { base, .. } = body.exprs[e] else { continue };
            if self.assigned.binary_search(&e).is_ok() {
                continue;
            }
            if let TyKind::Adt(adt, _) = c.types.kind(typed.adjusted(base)) {
                self.read(adt, 0, field);
            }
        }
    }

    fn pattern(&mut self, body: &Body, pat: PatId, ctor: &Ctor) {
        let wild = |p: PatId| matches!(body.pats[p], Pat::Wild);
        match &body.pats[pat] {
            Pat::TupleStruct { pats, .. } => {
                let named = pats.iter().filter(|&&p| !matches!(body.pats[p], Pat::Rest));
                for (_, &field) in named.zip(&ctor.fields).filter(|(p, _)| !wild(**p)) {
                    self.read(ctor.adt, ctor.variant, field);
                }
            }
            Pat::Struct { fields, .. } => {
                for (_, &field) in fields.iter().zip(&ctor.fields).filter(|(f, _)| !wild(f.pat)) {
                    self.read(ctor.adt, ctor.variant, field);
                }
            }
            _ => {}
        }
    }

    /// What is to be said of the types that are used: where and what.
    pub(super) fn dead(&self, c: &Checked, used: &[bool]) -> Vec<(Span, String)> {
        let hir = &c.hir;
        let mut out = Vec::new();
        for (adt, item) in hir.adts.iter() {
            let of_program = self.first_variant[adt.index()] != NONE;
            // Others read and make what has the layout of another language.
            let foreign = item.repr.c || item.repr.int.is_some();
            if !of_program || !used[adt.index()] || foreign || c.is_kept(&item.head) {
                continue;
            }
            let public = c.is_public_of_library(&item.head);
            if public && item.kind == AdtKind::Enum {
                continue;
            }
            for (v, variant) in item.variants.iter().enumerate() {
                let (made, first) = self.variants[self.first_variant[adt.index()] as usize + v];
                if item.kind == AdtKind::Enum {
                    // What is never made has no values to read.
                    if is_excused(hir, variant.name, variant.span) {
                        continue;
                    }
                    if !made {
                        out.push((variant.span, format!("the variant `{}` is never made", hir.text(variant.name))));
                        continue;
                    }
                }
                let fields = variant.fields.iter().enumerate().zip(&self.fields[first as usize..]);
                out.extend(fields.filter(|(_, read)| !**read).filter_map(|((n, field), _)| {
                    let seen = public && field.vis == Visibility::Public;
                    let empty = variant.form == VariantForm::Tuple && carries_nothing(c, adt, v as u32, n);
                    let said = !seen && !empty && !is_excused(hir, field.name, field.span);
                    said.then(|| (field.span, format!("the field `{}` is never read", hir.text(field.name))))
                }));
            }
        }
        out
    }
}

/// Whether the name of a field or variant, or what its author says, allows it to be of no use.
fn is_excused(hir: &Hir, name: Symbol, span: Span) -> bool {
    hir.text(name).starts_with('_') || level_at(&hir.lint_scopes, &code::DEAD_CODE, span) == Some(None)
}

/// Whether a field is there for its type only: `()`, a reference to it, a type without fields.
fn carries_nothing(c: &Checked, adt: AdtId, variant: u32, field: usize) -> bool {
    let mut ty = c.field_types(adt, variant)[field];
    while let TyKind::Ref(_, _, inner) = c.types.kind(ty) {
        ty = inner;
    }
    match c.types.kind(ty) {
        TyKind::Tuple(parts) => c.types.list(parts).is_empty(),
        TyKind::Adt(adt, _) => {
            let item = &c.hir.adts[adt];
            item.kind == AdtKind::Struct && item.variants[0].fields.is_empty()
        }
        _ => false,
    }
}
