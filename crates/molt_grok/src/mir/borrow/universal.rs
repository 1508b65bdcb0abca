//! Lifetimes from outside of a body: those of the signature, or of what a closure captures and takes.

use molt_base::Span;
use molt_diagnostics::{Diagnostic, registry};
use smallvec::SmallVec;

use super::access::Access;
use super::regions::{RegionVar, Regions, STATIC, Why};
use super::report::LIFETIME;
use super::summary::Summary;
use crate::hir::BodyOwner;
use crate::mir::{Mir, MirOwner};
use crate::ty::{Flags, Region, Ty, TyKind};

/// Types of the result and the parameters with universal regions.
pub struct Signature {
    pub slots: Vec<Ty>,
    /// Closures: regions in the order in which summaries number them.
    pub numbered: Vec<RegionVar>,
    pub captured: u32,
    /// Declared and implied relations: `(longer, shorter)`.
    pub known: Vec<(RegionVar, RegionVar)>,
}

pub fn signature(regions: &mut Regions<'_>, mir: &Mir) -> Signature {
    match mir.owner {
        MirOwner::Closure(_) => closure_signature(regions, mir),
        MirOwner::Body(BodyOwner::Fn(func)) => {
            let sig = regions.q.fn_sig(func);
            let mut named: Vec<(Region, RegionVar)> = Vec::new();
            let mut slots = Vec::with_capacity(mir.param_count as usize + 1);
            slots.push(Ty::ERROR);
            for (n, slot) in mir.params().enumerate() {
                let plain = mir.slots[slot].ty;
                let written = sig.params.get(n).copied().filter(|&t| same(regions, t, plain)).unwrap_or(plain);
                slots.push(with_universals(regions, written, &mut named, false));
            }
            let plain = mir.slots[Mir::RESULT].ty;
            let is_async = regions.q.hir().fns[func].is_async;
            let written = Some(sig.ret).filter(|&t| !is_async && same(regions, t, plain));
            // What a future holds is not written. What an `impl Trait` or an inferred result holds is known only from
            // the body; that it outlives the body is all that is asked of it.
            slots[0] = with_universals(regions, written.unwrap_or(plain), &mut named, written.is_none());
            if regions.q.types().flags(plain).has(Flags::OPAQUE) {
                slots[0] = hidden_result(regions, plain, mir.span);
            }
            let mut known = Vec::new();
            let var = |r: Region, named: &[(Region, RegionVar)]| match r {
                Region::Static => Some(STATIC),
                _ => named.iter().find(|n| n.0 == r).map(|n| n.1),
            };
            for (longer, shorter) in regions.q.c.outlives_bounds(func) {
                if let (Some(l), Some(s)) = (var(longer, &named), var(shorter, &named)) {
                    known.push((l, s));
                }
            }
            for &ty in &slots {
                implied(regions, ty, &mut known);
            }
            Signature { slots, numbered: Vec::new(), captured: 0, known }
        }
        MirOwner::Body(_) => {
            let ret = mir.slots[Mir::RESULT].ty;
            let ret = regions.renumber(ret, |_| Region::Static);
            let mut slots = vec![ret];
            for slot in mir.params() {
                let ty = mir.slots[slot].ty;
                slots.push(with_universals(regions, ty, &mut Vec::new(), false));
            }
            Signature { slots, numbered: Vec::new(), captured: 0, known: Vec::new() }
        }
    }
}

/// A result with `impl Trait` is what the body makes it; it may hold nothing that ends in the body.
fn hidden_result(regions: &mut Regions<'_>, plain: Ty, span: Span) -> Ty {
    let hidden = regions.universal(Region::Erased, true);
    let revealed = regions.reveal(plain);
    let ty = regions.fresh_ty(revealed);
    let mut held = Vec::new();
    regions.regions_in(ty, &mut held);
    held.into_iter().for_each(|r| regions.add(r, hidden, span, Why::Given));
    ty
}

/// Whether a written type is the slot's, lifetimes aside.
fn same(regions: &Regions<'_>, written: Ty, plain: Ty) -> bool {
    regions.q.types().erase(written) == plain
}

/// The type with a universal region for each lifetime: one for each name, a new one where there is none.
fn with_universals(regions: &mut Regions<'_>, ty: Ty, named: &mut Vec<(Region, RegionVar)>, unchecked: bool) -> Ty {
    if !regions.q.types().flags(ty).has(Flags::ERASED | Flags::REGION) {
        return ty;
    }
    let mut made: SmallVec<[Region; 4]> = SmallVec::new();
    let mut next = regions.count;
    let new = regions.renumber(ty, |r| {
        let name = match r {
            Region::Static | Region::Var(_) => return r,
            Region::Erased => None,
            Region::Param(..) | Region::Bound(_) => Some(r),
        };
        if let Some(known) = name.and_then(|n| named.iter().find(|k| k.0 == n)) {
            return Region::Var(known.1);
        }
        made.push(r);
        next += 1;
        named.extend(name.map(|n| (n, next - 1)));
        Region::Var(next - 1)
    });
    for region in made {
        regions.universal(region, unchecked && region == Region::Erased);
    }
    debug_assert_eq!(next, regions.count);
    new
}

/// What a reference type promises: what it points to lives at least as long.
fn implied(regions: &Regions<'_>, ty: Ty, known: &mut Vec<(RegionVar, RegionVar)>) {
    let types = regions.q.types();
    if !types.flags(ty).has(Flags::REGION) {
        return;
    }
    match types.kind(ty) {
        TyKind::Ref(r, _, inner) => {
            if let Some(outer) = super::regions::var_of(r) {
                let mut held = Vec::new();
                regions.regions_in(inner, &mut held);
                known.extend(held.into_iter().map(|h| (h, outer)));
            }
            implied(regions, inner, known);
        }
        TyKind::Array(t, _) | TyKind::Slice(t) => implied(regions, t, known),
        TyKind::Tuple(a) | TyKind::Adt(_, a) => {
            for t in types.list(a).iter().filter_map(|a| a.ty()) {
                implied(regions, t, known);
            }
        }
        _ => {}
    }
}

/// Each region of a closure's environment, parameters and result is a universal one, numbered as summaries do.
fn closure_signature(regions: &mut Regions<'_>, mir: &Mir) -> Signature {
    let mut slots = vec![Ty::ERROR];
    let mut numbered = Vec::new();
    let mut captured = 0;
    let types = regions.q.types();
    for slot in mir.params() {
        let ty = with_universals(regions, mir.slots[slot].ty, &mut Vec::new(), false);
        slots.push(ty);
        let mut held = Vec::new();
        regions.regions_in(ty, &mut held);
        if numbered.is_empty() {
            let (env, own) = match types.kind(ty) {
                TyKind::Ref(_, _, inner) => (held[0], inner),
                _ => (regions.universal(Region::Erased, false), ty),
            };
            numbered.push(env);
            if let TyKind::Closure(id, _) | TyKind::Future(id, _) = types.kind(own) {
                captured = regions.shape(id).region_count;
            }
            held.clear();
            regions.regions_in(own, &mut held);
            let first = held.len().saturating_sub(captured as usize);
            numbered.extend_from_slice(&held[first..]);
        } else {
            numbered.extend(held);
        }
    }
    slots[0] = with_universals(regions, mir.slots[Mir::RESULT].ty, &mut Vec::new(), false);
    let mut held = Vec::new();
    regions.regions_in(slots[0], &mut held);
    numbered.extend(held);
    let mut known = Vec::new();
    slots.iter().for_each(|&t| implied(regions, t, &mut known));
    Signature { slots, numbered, captured, known }
}

impl Access<'_, '_> {
    /// Relations between universal regions that the body needs. A closure passes them on, a function must have declared
    /// them.
    pub fn universals(&mut self, signature: &Signature) -> Summary {
        let mut summary = Summary::default();
        let Some(values) = &self.values else { return summary };
        let regions = &self.graph.regions;
        let is_closure = matches!(self.graph.mir.owner, MirOwner::Closure(_));
        let mut missing = Vec::new();
        for longer in regions.universals.iter().skip(1).filter(|u| !u.unchecked) {
            for n in values.ends(longer.var, &regions.universals) {
                let shorter = regions.universals[n];
                if shorter.var != longer.var && !shorter.unchecked && !known(&signature.known, longer.var, shorter.var)
                {
                    missing.push((longer.var, shorter.var));
                }
            }
        }
        if is_closure {
            let number = |var: RegionVar| signature.numbered.iter().position(|&v| v == var).map(|n| n as u32);
            for (longer, shorter) in missing {
                if let Some(l) = number(longer) {
                    let s = if shorter == STATIC { None } else { number(shorter) };
                    if shorter == STATIC || s.is_some() {
                        summary.needs.push((l, s));
                    }
                }
            }
            return summary;
        }
        for (longer, shorter) in missing {
            if self.once(LIFETIME, longer) {
                self.report_lifetime(longer, shorter);
            }
        }
        summary
    }

    fn report_lifetime(&mut self, longer: RegionVar, shorter: RegionVar) {
        let (span, why) = self.blame(longer, shorter);
        let name = |var: RegionVar| {
            self.graph.regions.universals.iter().find(|u| u.var == var).and_then(|u| match u.region {
                Region::Static => Some("'static".to_string()),
                Region::Param(_, name) => Some(format!("'{}", self.q.hir().text(name).trim_start_matches('\''))),
                _ => None,
            })
        };
        let param = self.param_with(longer);
        let diagnostic = match (why, name(longer), name(shorter)) {
            (Why::Return, Some(l), Some(s)) => lifetime(
                span,
                format!("this returns data that lives for `{l}`, but the result must live for `{s}`"),
                format!("needs `{l}: {s}`"),
            )
            .help(format!("declare `{l}: {s}`, or use one lifetime for both")),
            (Why::Return, None, _) => {
                let what = param.as_deref().unwrap_or("a parameter");
                lifetime(
                    span,
                    format!("this returns data borrowed through {what}, which the result's lifetime does not name"),
                    "may not live as long as the result".to_string(),
                )
                .help("give the parameter and the result one lifetime: `fn f<'a>(x: &'a T) -> &'a U`")
            }
            (_, _, Some(s)) if s == "'static" => escapes(
                span,
                format!(
                    "data borrowed through {} must live for `'static` here",
                    param.as_deref().unwrap_or("a parameter")
                ),
                "it leaves the function here".to_string(),
            )
            .help("pass owned data, or ask for `&'static` in the signature"),
            (_, None, Some(s)) => {
                let what = param.as_deref().unwrap_or("the parameter");
                lifetime(
                    span,
                    format!("data borrowed through {what} must live for `{s}` here, which its type does not say"),
                    format!("needs `{s}`"),
                )
                .help(format!("write the lifetime in the type of {what}: `&{s} T`"))
            }
            _ => lifetime(
                span,
                format!(
                    "data borrowed through {} may not live as long as what it is stored in",
                    param.as_deref().unwrap_or("a parameter")
                ),
                "stored here".to_string(),
            )
            .help("give the two parameters one lifetime"),
        };
        self.error(diagnostic);
    }

    /// Name of the parameter whose type has a region.
    fn param_with(&self, region: RegionVar) -> Option<String> {
        self.graph.mir.params().find_map(|slot| {
            let mut held = Vec::new();
            self.graph.slot_regions(slot, &mut held);
            let local = self.graph.mir.slots[slot].local?;
            held.contains(&region).then(|| format!("`{}`", self.q.hir().text(self.body.locals[local].name)))
        })
    }
}

fn lifetime(span: Span, message: String, label: String) -> Diagnostic {
    Diagnostic::new(&registry::grok::LIFETIME_MISMATCH, message).label(span, label, true)
}

fn escapes(span: Span, message: String, label: String) -> Diagnostic {
    Diagnostic::new(&registry::grok::BORROW_ESCAPES, message).label(span, label, true)
}

/// Whether a relation follows from those that are known; `'static` outlives all.
fn known(relations: &[(RegionVar, RegionVar)], longer: RegionVar, shorter: RegionVar) -> bool {
    let mut seen = vec![longer];
    let mut at = 0;
    while at < seen.len() {
        let now = seen[at];
        if now == shorter || now == STATIC {
            return true;
        }
        for &(l, s) in relations {
            if l == now && !seen.contains(&s) {
                seen.push(s);
            }
        }
        at += 1;
    }
    false
}
