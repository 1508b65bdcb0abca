//! The algorithm on patterns made by hand.

use super::pattern::{Ctor, Lowered, Node, PatNode, SliceLen};
use super::ranges::to_bits;
use super::useful::{Matrix, Row, useful};
use crate::check::context::{Checked, Env};
use crate::check::typed::TypedBody;
use crate::hir::{Body, BodyOwner, ConstId, ExprId, Hir, ModId};
use crate::ty::{Ty, TyKind};
use molt_base::{Arena, FileId, Span};

const WILD: Node = Lowered::WILD;

struct World {
    c: Checked,
    body: Body,
    typed: TypedBody,
}

impl World {
    fn new() -> World {
        let owner = BodyOwner::Const(ConstId(0));
        let body = Body {
            owner,
            module: ModId(0),
            params: Vec::new(),
            self_local: None,
            value: ExprId(0),
            exprs: Arena::new(),
            expr_spans: Vec::new(),
            pats: Arena::new(),
            pat_spans: Vec::new(),
            locals: Arena::new(),
            scopes: Arena::new(),
            span: Span { file: FileId(0), start: 0, end: 0 },
        };
        let typed = TypedBody::new(owner, &body, Vec::new(), Ty::UNIT);
        World { c: Checked::new(Hir::default()), body, typed }
    }

    /// Missing values and reached rows of a `match` whose arms `make` builds.
    fn check(&self, ty: Ty, make: impl Fn(&mut Pats<'_>) -> Vec<Node>) -> (String, Vec<bool>) {
        let mut pats = Pats(Lowered::new(&self.c, Env::EMPTY, &self.body, &self.typed));
        let arms = make(&mut pats);
        let rows: Vec<Row> = arms
            .iter()
            .enumerate()
            .map(|(n, &a)| Row { stack: vec![a], guarded: false, useful: false, parent: n })
            .collect();
        let mut matrix = Matrix { rows, types: vec![ty] };
        let missing = useful(&mut pats.0, &mut matrix, true);
        let mut reached = vec![false; arms.len()];
        matrix.rows.iter().for_each(|r| reached[r.parent] |= r.useful);
        let missing: Vec<String> = missing.iter().map(|w| w[0].text(&self.c)).collect();
        (missing.join(" | "), reached)
    }
}

struct Pats<'a>(Lowered<'a>);

impl Pats<'_> {
    fn node(&mut self, ctor: Ctor, fields: &[Node]) -> Node {
        self.0.nodes.push(PatNode { ctor, fields: fields.into(), source: None, useful: false });
        self.0.nodes.len() as Node - 1
    }
    fn int(&mut self, ty: Ty, v: i128) -> Node {
        self.range(ty, v, v)
    }
    fn range(&mut self, ty: Ty, lo: i128, hi: i128) -> Node {
        let (lo, hi) = (to_bits(&self.0.c.types, ty, lo), to_bits(&self.0.c.types, ty, hi));
        self.node(Ctor::Range(lo, hi), &[])
    }
    fn bool(&mut self, v: bool) -> Node {
        self.int(Ty::BOOL, i128::from(v))
    }
    fn exact(&mut self, fields: &[Node]) -> Node {
        self.node(Ctor::Slice(SliceLen::Exact(fields.len() as u32)), fields)
    }
}

#[test]
fn two_truth_values_make_four_pairs() {
    let w = World::new();
    let pair = w.c.types.tuple(&[Ty::BOOL, Ty::BOOL]);
    let (missing, reached) = w.check(pair, |p| {
        let (t, f) = (p.bool(true), p.bool(false));
        vec![p.node(Ctor::Single, &[t, WILD]), p.node(Ctor::Single, &[WILD, f])]
    });
    assert_eq!(missing, "(false, true)");
    assert_eq!(reached, [true, true]);
}

#[test]
fn ranges_are_cut_at_their_bounds() {
    let w = World::new();
    let (missing, reached) = w.check(Ty::U8, |p| {
        vec![p.range(Ty::U8, 0, 9), p.range(Ty::U8, 5, 20), p.range(Ty::U8, 6, 8), p.range(Ty::U8, 30, 255)]
    });
    assert_eq!(missing, "21..=29");
    assert_eq!(reached, [true, true, false, true]);
}

#[test]
fn signed_numbers_keep_their_order() {
    let w = World::new();
    let (missing, _) = w.check(Ty::I8, |p| vec![p.range(Ty::I8, -128, -1), p.range(Ty::I8, 1, 127)]);
    assert_eq!(missing, "0");
    let (missing, _) = w.check(Ty::I8, |p| vec![p.range(Ty::I8, -5, 5)]);
    assert_eq!(missing, "..=-6 | 6..");
}

#[test]
fn slices_of_every_length_are_covered_by_both_ends() {
    let w = World::new();
    let slice = w.c.types.mk(TyKind::Slice(Ty::BOOL));
    let (missing, reached) = w.check(slice, |p| {
        let t = p.bool(true);
        let none = p.exact(&[]);
        let one = p.exact(&[WILD]);
        let ends = p.node(Ctor::Slice(SliceLen::AtLeast(1, 1)), &[t, WILD]);
        vec![none, one, ends]
    });
    assert_eq!(missing, "[false, .., _]");
    assert_eq!(reached, [true, true, true]);
    let (missing, _) = w.check(slice, |p| vec![p.exact(&[])]);
    assert_eq!(missing, "[_, ..]");
}

#[test]
fn alternatives_are_reached_one_by_one() {
    let w = World::new();
    let (missing, reached) = w.check(Ty::I32, |p| {
        let (a, b) = (p.int(Ty::I32, 1), p.int(Ty::I32, 2));
        let again = p.int(Ty::I32, 1);
        vec![p.node(Ctor::Or, &[a, b, again]), again, WILD]
    });
    assert_eq!(missing, "");
    assert_eq!(reached, [true, false, true]);
}

#[test]
fn a_thousand_constants_stay_cheap() {
    let w = World::new();
    let (missing, reached) = w.check(Ty::I32, |p| (0..1000).map(|n| p.int(Ty::I32, n)).collect());
    assert_eq!(missing, "..=-1 | 1000..");
    assert!(reached.iter().all(|&r| r));
}

#[test]
fn text_always_needs_a_last_arm() {
    let w = World::new();
    let (missing, reached) = w.check(Ty::F64, |p| {
        let one = p.node(Ctor::Float(1f64.to_bits()), &[]);
        let again = p.node(Ctor::Float(1f64.to_bits()), &[]);
        vec![one, again]
    });
    assert_eq!(missing, "_");
    assert_eq!(reached, [true, false]);
}
