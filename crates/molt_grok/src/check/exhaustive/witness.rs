//! Values that no arm takes, as patterns.

use super::pattern::{Ctor, SliceLen};
use super::ranges::{from_bits, int_range_of};
use crate::check::context::Checked;
use crate::hir::{AdtKind, VariantForm};
use crate::ty::{Ty, TyKind};

/// A pattern of which no value is matched.
#[derive(Clone, Debug)]
pub(super) enum Witness {
    Wild,
    Made { ty: Ty, ctor: Ctor, fields: Vec<Witness> },
}

impl Witness {
    pub fn new(ty: Ty, ctor: Ctor, fields: Vec<Witness>) -> Witness {
        Witness::Made { ty, ctor, fields }
    }

    /// The pattern as source text.
    pub fn text(&self, c: &Checked) -> String {
        let Witness::Made { ty, ctor, fields } = self else { return "_".to_string() };
        match ctor {
            Ctor::Single | Ctor::Variant(_) => adt_text(c, *ty, *ctor, fields),
            Ctor::Range(lo, hi) => range_text(c, *ty, *lo, *hi),
            Ctor::Slice(len) => slice_text(c, *len, fields),
            Ctor::Str(s) => format!("{:?}", c.hir.text(*s)),
            Ctor::Float(bits) => format!("{:?}", f64::from_bits(*bits)),
            Ctor::Bytes(s) => format!("b{:?}", c.hir.text(*s)),
            Ctor::Wild | Ctor::Opaque | Ctor::Or | Ctor::Missing => "_".to_string(),
        }
    }

    fn is_wild(&self) -> bool {
        matches!(self, Witness::Wild)
    }
}

fn list(c: &Checked, fields: &[Witness]) -> String {
    fields.iter().map(|f| f.text(c)).collect::<Vec<_>>().join(", ")
}

fn adt_text(c: &Checked, ty: Ty, ctor: Ctor, fields: &[Witness]) -> String {
    let adt = match c.types.kind(ty) {
        TyKind::Tuple(_) if fields.len() == 1 => return format!("({},)", fields[0].text(c)),
        TyKind::Tuple(_) => return format!("({})", list(c, fields)),
        TyKind::Ref(_, crate::hir::Mutability::Mut, _) => return format!("&mut {}", list(c, fields)),
        TyKind::Ref(..) => return format!("&{}", list(c, fields)),
        TyKind::Adt(adt, _) => &c.hir.adts[adt],
        _ => return "_".to_string(),
    };
    let variant = &adt.variants[if let Ctor::Variant(v) = ctor { v as usize } else { 0 }];
    let own = c.hir.text(variant.name);
    let enum_name = c.hir.text(adt.head.name);
    let name = match adt.kind {
        // Their variants are in scope everywhere.
        AdtKind::Enum if matches!(enum_name, "Option" | "Result") => own.to_string(),
        AdtKind::Enum => format!("{enum_name}::{own}"),
        AdtKind::Struct | AdtKind::Actor => enum_name.to_string(),
    };
    match variant.form {
        VariantForm::Unit => name,
        VariantForm::Tuple => format!("{name}({})", list(c, fields)),
        VariantForm::Named => {
            let shown: Vec<String> = variant
                .fields
                .iter()
                .zip(fields)
                .filter(|(_, f)| !f.is_wild())
                .map(|(d, f)| format!("{}: {}", c.hir.text(d.name), f.text(c)))
                .collect();
            match (shown.is_empty(), shown.len() == fields.len()) {
                (true, _) => format!("{name} {{ .. }}"),
                (false, true) => format!("{name} {{ {} }}", shown.join(", ")),
                (false, false) => format!("{name} {{ {}, .. }}", shown.join(", ")),
            }
        }
    }
}

fn range_text(c: &Checked, ty: Ty, lo: u128, hi: u128) -> String {
    let kind = c.types.kind(ty);
    let value = |bits: u128| match kind {
        TyKind::Bool => (bits != 0).to_string(),
        TyKind::Char => {
            u32::try_from(bits).ok().and_then(char::from_u32).map_or("_".to_string(), |ch| format!("{ch:?}"))
        }
        TyKind::Int(k) if !k.is_signed() => bits.to_string(),
        _ => from_bits(&c.types, ty, bits).to_string(),
    };
    if lo == hi {
        return value(lo);
    }
    let (min, max) = int_range_of(&c.types, ty);
    match (lo == min, hi == max, kind) {
        (true, true, _) => "_".to_string(),
        (_, true, _) => format!("{}..", value(lo)),
        (true, _, TyKind::Int(_)) => format!("..={}", value(hi)),
        _ => format!("{}..={}", value(lo), value(hi)),
    }
}

fn slice_text(c: &Checked, len: SliceLen, fields: &[Witness]) -> String {
    let mut parts: Vec<String> = fields.iter().map(|f| f.text(c)).collect();
    if let SliceLen::AtLeast(prefix, _) = len {
        parts.insert(prefix as usize, "..".to_string());
    }
    format!("[{}]", parts.join(", "))
}
