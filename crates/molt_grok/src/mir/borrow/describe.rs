//! Names of places in messages.

use super::access::Access;
use crate::check::typed::CaptureStep;
use crate::hir::LocalId;
use crate::mir::{Elem, MirOwner, Place, Slot};
use crate::ty::{Ty, TyKind};

impl Access<'_, '_> {
    /// The place as the source names it; `None` for temporary values.
    pub fn name(&mut self, place: &Place) -> Option<String> {
        let (mut text, from) = match self.captured(place) {
            Some((local, used, path)) => {
                let mut text = self.local_name(local);
                for step in path {
                    if let CaptureStep::Field(n, _) = step {
                        text = format!("{text}.{n}");
                    }
                }
                (text, used)
            }
            None => (self.local_name(self.graph.mir.slots[place.slot].local?), 0),
        };
        let mut variant = 0;
        let mut derefs = 0;
        for i in from..place.path.len() {
            match place.path[i] {
                Elem::Deref => derefs += 1,
                Elem::Variant(v) => variant = v,
                Elem::Field(n, _) => {
                    let base = place.up_to(i);
                    let ty = self.graph.place_ty(&base);
                    text = format!("{text}.{}", self.field_name(ty, variant, n));
                    // A field access looks through references by itself.
                    derefs = 0;
                    variant = 0;
                }
                Elem::Index(_) | Elem::ConstIndex { .. } | Elem::Subslice { .. } => {
                    text = format!("{text}[..]");
                    derefs = 0;
                }
            }
        }
        Some(format!("{}{text}", "*".repeat(derefs)))
    }

    /// The name in backticks, or words for a temporary value.
    pub fn quoted(&mut self, place: &Place) -> String {
        self.name(place).map_or("this value".to_string(), |n| format!("`{n}`"))
    }

    fn local_name(&self, local: LocalId) -> String {
        self.q.hir().text(self.body.locals[local].name).to_string()
    }

    fn field_name(&self, ty: Ty, variant: u32, field: u32) -> String {
        match self.q.types().kind(ty) {
            TyKind::Adt(adt, _) => {
                let variant = self.q.hir().adts[adt].variants.get(variant as usize);
                let field = variant.and_then(|v| v.fields.get(field as usize));
                field.map_or("?".to_string(), |f| self.q.hir().text(f.name).to_string())
            }
            _ => field.to_string(),
        }
    }

    /// In a closure: the captured variable of a place, how many steps of the place name the capture, and the captured path.
    pub fn captured(&self, place: &Place) -> Option<(LocalId, usize, Vec<CaptureStep>)> {
        let (n, used) = self.capture_index(place)?;
        let MirOwner::Closure(id) = self.graph.mir.owner else { return None };
        let capture = self.q.closure(id).captures.get(n as usize)?;
        let by_value = crate::mir::build::captured_by_value(self.q.types(), capture);
        // The reference that the closure holds is no step of the source.
        let hidden = usize::from(!by_value && place.path.get(used) == Some(&Elem::Deref));
        Some((capture.local, used + hidden, capture.path.clone()))
    }

    /// Index of the capture that a place is in, and how many steps lead to it.
    pub fn capture_index(&self, place: &Place) -> Option<(u32, usize)> {
        if !matches!(self.graph.mir.owner, MirOwner::Closure(_)) || place.slot != Slot(1) {
            return None;
        }
        match place.path[..] {
            [Elem::Field(n, _), ..] => Some((n, 1)),
            [Elem::Deref, Elem::Field(n, _), ..] if self.env_is_reference() => Some((n, 2)),
            _ => None,
        }
    }

    pub fn env_is_reference(&self) -> bool {
        matches!(self.q.types().kind(self.graph.mir.slots[Slot(1)].ty), TyKind::Ref(..))
    }
}
