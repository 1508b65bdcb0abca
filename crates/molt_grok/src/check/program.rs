//! Checks a whole program: items first, then bodies in call groups, each after those whose inferred types it needs.

use molt_base::Symbol;
use molt_base::hash::FastMap;

use super::context::Checked;
use super::signature::Completeness;
use crate::hir::{BodyOwner, Expr, FnId, Hir, Parent, Pat, PatBound, PathRes};

/// Checks the items and all bodies that were made. Bodies of the library come later, when they are needed.
pub fn check_program(hir: Hir) -> Checked {
    let checked = Checked::new(hir);
    checked.check_items();
    // Constants in types are checked where they are met; what is left of them is in types that nobody asked for.
    let (in_types, owners): (Vec<_>, Vec<_>) =
        checked.program_bodies().into_iter().partition(|o| matches!(o, BodyOwner::ConstArg(_)));
    for mut group in checked.groups(&owners) {
        if group.len() > 1 {
            checked.check_closed_constants(&mut group);
        }
        // A `const fn` may have been evaluated before.
        if group.iter().any(|&o| checked.typed(o).is_none()) {
            checked.check_group(&group);
        }
    }
    for owner in in_types {
        if checked.typed(owner).is_none() {
            checked.check_group(&[owner]);
        }
    }
    checked
}

impl Checked {
    /// Whether an item belongs to the language's library, whose signatures are complete by convention.
    pub fn is_std_fn(&self, f: FnId) -> bool {
        let module = self.hir.fns[f].head.module;
        self.hir.packages[self.hir.modules[module].package].is_std
    }

    /// All bodies outside of the library.
    pub(crate) fn program_bodies(&self) -> Vec<BodyOwner> {
        let hir = &self.hir;
        hir.bodies
            .iter()
            .filter_map(|(id, body)| body.as_ref().map(|b| (id, b)))
            .filter(|(_, b)| !hir.packages[hir.modules[b.module].package].is_std)
            .map(|(_, b)| b.owner)
            .collect()
    }

    /// Checks the bodies of the library that were not needed so far: what its own tests ask for.
    pub fn check_library(&self) {
        let owners: Vec<BodyOwner> = self.hir.bodies.iter().filter_map(|(_, b)| b.as_ref()).map(|b| b.owner).collect();
        for owner in owners {
            if self.typed(owner).is_none() {
                self.check_group(&[owner]);
            }
        }
    }

    /// Constants of a group are in it because of names that they share with others, unless they need functions without a
    /// written type. They are checked one after the other, and leave the group.
    fn check_closed_constants(&self, group: &mut Vec<BodyOwner>) {
        group.retain(|&o| match o {
            BodyOwner::Const(_) if self.body_of(o).is_some_and(|b| self.is_closed(b)) => {
                if self.typed(o).is_none() {
                    self.check_group(&[o]);
                }
                false
            }
            _ => true,
        });
    }

    /// Infers one group and everything that follows from it.
    pub fn check_group(&self, owners: &[BodyOwner]) {
        self.inferring.borrow_mut().extend(owners);
        let result = self.infer_generalised(owners);
        self.store(result);
        self.inferring.borrow_mut().retain(|o| !owners.contains(o));
        for &owner in owners {
            if let (Some(body), Some(typed)) = (self.body_of(owner), self.typed(owner))
                && !typed.failed
            {
                super::exhaustive::check_patterns(self, self.env_of(owner), body, typed);
                super::literals::check_literals(self, body, typed);
                super::shared::check_shared(self, body, typed);
                super::statements::check_statements(self, body, typed);
            }
        }
    }

    /// Strongly connected components of "needs the inferred type of", in the order in which they can be inferred.
    fn groups(&self, owners: &[BodyOwner]) -> Vec<Vec<BodyOwner>> {
        let number: FastMap<BodyOwner, usize> = owners.iter().copied().zip(0..).collect();
        let by_name = self.incomplete_by_name(owners);
        let edges: Vec<Vec<usize>> = owners.iter().map(|&o| self.needs(o, &number, &by_name)).collect();
        components(&edges).into_iter().map(|g| g.into_iter().map(|n| owners[n]).collect()).collect()
    }

    /// Associated functions and constants with something to infer, by name: method calls and paths may mean any of them.
    fn incomplete_by_name(&self, owners: &[BodyOwner]) -> ByName {
        let mut out = ByName::default();
        for &o in owners {
            match o {
                BodyOwner::Fn(f)
                    if matches!(self.hir.fns[f].parent, Parent::Impl(_))
                        && self.completeness(f) == Completeness::Partial =>
                {
                    out.entry(self.hir.fns[f].head.name).or_default().push(o);
                }
                BodyOwner::Const(k)
                    if matches!(self.hir.consts[k].parent, Parent::Impl(_)) && self.hir.consts[k].ty.is_none() =>
                {
                    out.entry(self.hir.consts[k].head.name).or_default().push(o);
                }
                _ => {}
            }
        }
        out
    }

    fn needs(&self, owner: BodyOwner, number: &FastMap<BodyOwner, usize>, by_name: &ByName) -> Vec<usize> {
        let Some(body) = self.body_of(owner) else { return Vec::new() };
        let mut out = Vec::new();
        let mut add = |o: BodyOwner| {
            if let Some(&n) = number.get(&o)
                && !out.contains(&n)
            {
                out.push(n);
            }
        };
        let name = |symbol, add: &mut dyn FnMut(BodyOwner)| {
            by_name.get(&symbol).into_iter().flatten().for_each(|&o| add(o));
        };
        for (_, e) in body.exprs.iter() {
            match e {
                Expr::Path(path) => self.path_needs(path, &mut add, name),
                Expr::MethodCall { name: n, .. } => name(*n, &mut add),
                Expr::Send { message: crate::hir::Message::Handler { name: n, .. }, .. }
                | Expr::Ask { message: crate::hir::Message::Handler { name: n, .. }, .. } => name(*n, &mut add),
                Expr::Send { message: crate::hir::Message::Raw(_), .. } => {
                    // Its type may be that of some actor's `receive`.
                    for f in self.hir.adts.iter().filter_map(|(_, a)| a.actor.as_ref()?.receive) {
                        if self.completeness(f) == Completeness::Partial {
                            add(BodyOwner::Fn(f));
                        }
                    }
                }
                _ => {}
            }
        }
        for (_, p) in body.pats.iter() {
            match p {
                Pat::Path(path) => self.path_needs(path, &mut add, name),
                Pat::Range(range) => {
                    for bound in [&range.start, &range.end].into_iter().flatten() {
                        if let PatBound::Path(path, _) = bound {
                            self.path_needs(path, &mut add, name);
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    fn path_needs(
        &self,
        path: &PathRes,
        add: &mut dyn FnMut(BodyOwner),
        name: impl Fn(Symbol, &mut dyn FnMut(BodyOwner)),
    ) {
        match path {
            PathRes::Fn(f, _) if self.completeness(*f) == Completeness::Partial => add(BodyOwner::Fn(*f)),
            PathRes::Const(k) if self.hir.consts[*k].ty.is_none() => add(BodyOwner::Const(*k)),
            PathRes::Assoc { name: n, .. } => name(*n, add),
            PathRes::TraitMember(member) => name(member.name, add),
            _ => {}
        }
    }
}

/// Bodies with something to infer, by the name of what they are of.
type ByName = FastMap<Symbol, Vec<BodyOwner>>;

/// Tarjan's strongly connected components, without recursion; components come after those they point to.
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let count = edges.len();
    let (mut index, mut low, mut on_stack) = (vec![NEW; count], vec![0; count], vec![false; count]);
    let (mut stack, mut out, mut next) = (Vec::new(), Vec::new(), 0);
    for start in 0..count {
        if index[start] != NEW {
            continue;
        }
        let mut work: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some(&(v, edge)) = work.last() {
            if edge == 0 {
                index[v] = next;
                low[v] = next;
                next += 1;
                stack.push(v);
                on_stack[v] = true;
            }
            if let Some(&w) = edges[v].get(edge) {
                if let Some(top) = work.last_mut() {
                    top.1 += 1;
                }
                if index[w] == NEW {
                    work.push((w, 0));
                } else if on_stack[w] {
                    low[v] = low[v].min(index[w]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[v]);
            }
            if low[v] == index[v] {
                let mut group = Vec::new();
                while let Some(w) = stack.pop() {
                    on_stack[w] = false;
                    group.push(w);
                    if w == v {
                        break;
                    }
                }
                group.reverse();
                out.push(group);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_come_after_what_they_need() {
        // 0 → 1 ⇄ 2, 2 → 3
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![]];
        assert_eq!(components(&edges), [vec![3], vec![1, 2], vec![0]]);
    }

    #[test]
    fn a_long_chain_does_not_recurse() {
        let edges: Vec<Vec<usize>> = (0..100_000).map(|n| if n == 0 { vec![] } else { vec![n - 1] }).collect();
        assert_eq!(components(&edges).len(), 100_000);
    }
}
