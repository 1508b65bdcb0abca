//! Paths in expressions and patterns.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::{LocalName, Lower};
use crate::hir::front::{ParamKind, SelfType};
use crate::hir::scope::{Def, Ns, Segment, SegmentKind, nearest};
use crate::hir::types::{PathPart, segments};
use crate::hir::{GenericArgs, PathRes, TraitMember, TraitRef, TypeExpr, TypeId};
use crate::syntax::{NodeId, Syntax};

impl Lower<'_> {
    /// A path where a value is expected.
    pub(super) fn value_path(&mut self, s: Syntax<'_>, node: NodeId) -> PathRes {
        let (qualified, parts) = self.front.path_parts(s, node, self.module);
        if let Some(q) = qualified {
            return self.qualified_path(s, q, &parts);
        }
        if let [part] = &parts[..]
            && let Some(found) = self.single_name(&part.segment)
        {
            return found;
        }
        self.item_path(s, &parts, Ns::Values)
    }

    /// A path where the name of a struct is expected: before `{ .. }`.
    pub(super) fn struct_path(&mut self, s: Syntax<'_>, node: NodeId) -> PathRes {
        let (qualified, parts) = self.front.path_parts(s, node, self.module);
        if let Some(q) = qualified {
            return self.qualified_path(s, q, &parts);
        }
        if let [part] = &parts[..]
            && part.segment.kind == SegmentKind::SelfType
        {
            return self.self_constructor(part.segment.span);
        }
        self.item_path(s, &parts, Ns::Types)
    }

    /// Locals, `self`, `Self` and constant parameters.
    fn single_name(&mut self, segment: &Segment) -> Option<PathRes> {
        match segment.kind {
            SegmentKind::SelfValue => Some(match self.body.self_local {
                Some(local) => PathRes::Local(local),
                None => {
                    let d = Diagnostic::at(&grok::UNKNOWN_NAME, segment.span, "there is no `self` here")
                        .help("add a parameter `self`, `&self` or `&mut self` to the function");
                    self.front.diagnostics.push(d);
                    PathRes::Error
                }
            }),
            SegmentKind::SelfType => Some(self.self_constructor(segment.span)),
            SegmentKind::Name => {
                let name = LocalName { name: segment.name, context: segment.context };
                if let Some(local) = self.find_local(name) {
                    self.used[local.0 as usize] = true;
                    return Some(PathRes::Local(local));
                }
                let index = self.scope.param(segment.name, ParamKind::Const)?;
                Some(PathRes::ConstParam(index, segment.name))
            }
            SegmentKind::Super | SegmentKind::Crate(_) | SegmentKind::Global => None,
        }
    }

    fn self_constructor(&mut self, span: Span) -> PathRes {
        match self.scope.self_type {
            SelfType::Impl(_) | SelfType::Adt(_) => PathRes::SelfCtor,
            SelfType::Trait(_) | SelfType::None => {
                self.report(&grok::UNKNOWN_NAME, span, "`Self` is no value here");
                PathRes::Error
            }
        }
    }

    /// `<T as Trait>::name` and `<T>::name`.
    fn qualified_path(&mut self, s: Syntax<'_>, qualified: NodeId, parts: &[PathPart]) -> PathRes {
        let Some((last, before)) = parts.split_last() else { return PathRes::Error };
        let span = s.span(qualified);
        let slot = self.front.new_type(TypeExpr::Error, span);
        let (base, of) = self.with_types(|front, cx| front.qualified_self(s, qualified, cx));
        if let Some(None) = of {
            return PathRes::Error;
        }
        let of = of.flatten();
        let name = last.segment.name;
        let name_span = last.segment.span;
        let args = self.args(s, last);
        if before.is_empty() {
            return match of {
                Some(of) => {
                    let args = args.into_args();
                    PathRes::TraitMember(Box::new(TraitMember { of, self_ty: Some(base), name, name_span, args }))
                }
                None => PathRes::Assoc { base, name, name_span, args },
            };
        }
        // `<T as Trait>::Type::name`
        let first = &before[0];
        let ty = TypeExpr::Assoc {
            base,
            of: of.map(Box::new),
            name: first.segment.name,
            name_span: first.segment.span,
            args: self.args(s, first),
        };
        let base = self.chain(s, ty, &before[..1], &before[1..], slot);
        PathRes::Assoc { base, name, name_span, args }
    }

    fn args(&mut self, s: Syntax<'_>, part: &PathPart) -> GenericArgs {
        self.with_types(|front, cx| front.args_of(s, part, cx))
    }

    /// The associated types of `ty` that `rest` names, as a type of its own.
    fn chain(&mut self, s: Syntax<'_>, ty: TypeExpr, before: &[PathPart], rest: &[PathPart], slot: TypeId) -> TypeId {
        let ty = self.with_types(|front, cx| front.assoc_chain(s, ty, before, rest, slot, cx));
        self.front.hir.types[slot] = ty;
        slot
    }

    fn item_path(&mut self, s: Syntax<'_>, parts: &[PathPart], ns: Ns) -> PathRes {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return PathRes::Error };
        // A type that is no item: `T::name`, `Self::name`.
        let param = first.segment.kind == SegmentKind::Name
            && parts.len() > 1
            && self.scope.param(first.segment.name, ParamKind::Type).is_some();
        if param || (first.segment.kind == SegmentKind::SelfType && parts.len() > 1) {
            return self.type_member(s, parts);
        }
        let segments = segments(parts);
        if parts.len() == 1 && !self.check_single(&segments[0], ns) {
            return PathRes::Error;
        }
        let code = if ns == Ns::Types { &grok::UNKNOWN_TYPE } else { &grok::UNKNOWN_NAME };
        let Some((def, used)) = self.front.resolve(self.module, &segments, ns, code) else { return PathRes::Error };
        if used == parts.len() {
            return self.whole_path(s, parts, def);
        }
        if let Def::Trait(trait_) = def
            && used + 1 == parts.len()
        {
            let args = self.args(s, &parts[used - 1]);
            let of = TraitRef { trait_, args, span: parts[used - 1].segment.span };
            let args = self.args(s, last).into_args();
            let (name, name_span) = (last.segment.name, last.segment.span);
            return PathRes::TraitMember(Box::new(TraitMember { of, self_ty: None, name, name_span, args }));
        }
        if matches!(def, Def::Variant(..)) {
            let message = "a variant has nothing inside";
            self.report(&grok::UNRESOLVED_PATH, parts[used].segment.span, message);
            return PathRes::Error;
        }
        self.type_member(s, parts)
    }

    /// Reports a single name that means nothing; true if it means something.
    fn check_single(&mut self, segment: &Segment, ns: Ns) -> bool {
        if segment.kind != SegmentKind::Name || self.front.lookup_name(self.module, segment.name, ns).is_some() {
            return true;
        }
        if self.front.is_faulty(self.module, segment.name) {
            return false;
        }
        let name = self.front.hir.names.text(segment.name).to_owned();
        let is_type = ns == Ns::Values
            && (self.scope.param(segment.name, ParamKind::Type).is_some()
                || self.front.lookup_name(self.module, segment.name, Ns::Types).is_some());
        let (code, message) = match ns {
            Ns::Types => (&grok::UNKNOWN_TYPE, format!("no struct, variant or actor is named `{name}`")),
            _ if is_type => (&grok::UNKNOWN_NAME, format!("`{name}` is a type or module, not a value")),
            _ => (&grok::UNKNOWN_NAME, format!("nothing is named `{name}` here")),
        };
        let mut d = Diagnostic::at(code, segment.span, message);
        let similar = self.similar_local(&name).or_else(|| self.front.similar_name(self.module, segment.name, ns));
        if let Some(similar) = similar.filter(|_| !is_type) {
            d = d.help(format!("did you mean `{similar}`?"));
        }
        self.front.diagnostics.push(d);
        false
    }

    fn similar_local(&self, wanted: &str) -> Option<String> {
        nearest(wanted, self.visible.iter().map(|(n, _)| self.front.hir.names.text(n.name)))
    }

    /// A path that an item ends.
    fn whole_path(&mut self, s: Syntax<'_>, parts: &[PathPart], def: Def) -> PathRes {
        let last = &parts[parts.len() - 1];
        match def {
            Def::Fn(f) => PathRes::Fn(f, self.args(s, last)),
            Def::Const(c) => PathRes::Const(c),
            Def::Adt(a) => PathRes::Struct(a, self.args(s, last)),
            Def::Alias(a) => PathRes::Alias(a, self.args(s, last)),
            Def::Variant(a, v) => {
                // The arguments are the enum's, wherever they stand.
                let owner = parts.len().checked_sub(2).map(|i| &parts[i]).filter(|p| p.args.is_some());
                let args = self.args(s, owner.unwrap_or(last));
                PathRes::Variant(a, v, args)
            }
            Def::Mod(_) | Def::Trait(_) | Def::Prim(_) | Def::Macro(_) => {
                let kind = self.front.describe_def(def);
                let name = self.front.hir.names.text(last.segment.name);
                let message = format!("the {kind} `{name}` is no value");
                self.report(&grok::UNKNOWN_NAME, last.segment.span, message);
                PathRes::Error
            }
        }
    }

    /// `Type::name`: what it is, the checker finds out.
    fn type_member(&mut self, s: Syntax<'_>, parts: &[PathPart]) -> PathRes {
        let Some((last, before)) = parts.split_last() else { return PathRes::Error };
        let span = before.last().map_or(last.segment.span, |p| p.segment.span);
        let slot = self.front.new_type(TypeExpr::Error, span);
        let base = self.with_types(|front, cx| front.type_base(s, before, cx));
        let Some((ty, used)) = base else { return PathRes::Error };
        let base = self.chain(s, ty, &before[..used], &before[used..], slot);
        let args = self.args(s, last);
        PathRes::Assoc { base, name: last.segment.name, name_span: last.segment.span, args }
    }
}
