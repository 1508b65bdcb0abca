//! What can stand at a place: names that are known there.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use molt_base::Span;

use super::{Analysis, Item, ItemKind, Page};
use crate::library;
use crate::session::known_names;
use crate::syntax::{Datum, Kind};
use molt_claude_syntax::forms::TABLE;

/// A name that may be meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The whole text that goes in place of [`Proposals::span`].
    pub text: String,
    pub kind: ProposalKind,
    pub detail: Option<String>,
    pub doc: Option<String>,
    /// Smaller is nearer: variables of bodies, of the module, of the library, forms.
    pub distance: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProposalKind {
    Item(ItemKind),
    Keyword,
}

/// The names for a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposals {
    /// What is written there so far.
    pub span: Span,
    pub list: Vec<Proposal>,
}

/// A name of the library or of a form.
struct Known {
    name: String,
    kind: ItemKind,
    types: Vec<String>,
}

/// The names that every program knows.
fn library() -> &'static [Known] {
    static ALL: OnceLock<Vec<Known>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut types = library::signatures();
        let forms: BTreeSet<&str> = TABLE.iter().map(|row| row.0).collect();
        let kind = |name: &str| match (forms.contains(name), name.contains(':')) {
            (true, _) => ItemKind::Form,
            (false, true) => ItemKind::Operation,
            (false, false) => ItemKind::Native,
        };
        let named = known_names().into_iter();
        named.map(|name| Known { kind: kind(&name), types: types.remove(&name).unwrap_or_default(), name }).collect()
    })
}

/// The names that may continue what stands before an offset of a page, which was analysed as it is.
pub fn complete(analysis: &Analysis, page: &Page, offset: u32) -> Proposals {
    let chain = page.around(offset);
    let inside = chain.last().copied();
    let mut span = Span { file: page.data.file(), start: offset, end: offset };
    let mut list = Vec::new();
    match inside.map(|d| page.data.kind(d)) {
        Some(Kind::Str | Kind::Int | Kind::Float) => return Proposals { span, list },
        Some(Kind::Symbol | Kind::Keyword) => span = page.data.span(inside.expect("there is one")),
        _ => {}
    }
    let written = &page.data.text()[span.start as usize..offset as usize];
    if written.starts_with(':') {
        list = keywords(page, span);
    } else {
        names(analysis, page, offset, &mut list);
    }
    let fits = |p: &Proposal| starts_alike(&p.text, written);
    list.retain(fits);
    list.sort_by(|a, b| (a.distance, &a.text).cmp(&(b.distance, &b.text)));
    let mut seen = BTreeSet::new();
    list.retain(|p| seen.insert(p.text.clone()));
    Proposals { span, list }
}

fn starts_alike(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The keywords of the page, the one at the place itself left out.
fn keywords(page: &Page, at: Span) -> Vec<Proposal> {
    let all = (0..page.data.count() as u32).map(Datum);
    let keywords = all.filter(|&d| page.data.kind(d) == Kind::Keyword && page.data.span(d) != at);
    let texts: BTreeSet<&str> = keywords.map(|d| page.data.written(d)).collect();
    let made = texts.into_iter().map(|text| Proposal {
        text: text.to_owned(),
        kind: ProposalKind::Keyword,
        detail: None,
        doc: None,
        distance: 0,
    });
    made.collect()
}

fn names(analysis: &Analysis, page: &Page, offset: u32, list: &mut Vec<Proposal>) {
    let known = analysis.known.iter().map(|(name, item)| (name.clone(), item));
    let exported = analysis.modules.iter().flat_map(|(module, names)| {
        names.iter().flat_map(move |(n, i)| [':', '.'].map(|c| (format!("{module}{c}{n}"), i)))
    });
    list.extend(known.chain(exported).map(|(name, &i)| proposal(name, &analysis.items[i as usize], 1)));
    list.extend(operations(analysis));
    list.extend(locals(analysis, page, offset));
    list.extend(library().iter().map(|k| Proposal {
        text: k.name.clone(),
        kind: ProposalKind::Item(k.kind),
        detail: (!k.types.is_empty()).then(|| k.types.join("\n")),
        doc: None,
        distance: if k.kind == ItemKind::Form { 3 } else { 2 },
    }));
}

/// The operations that programs declare, by their full names.
fn operations(analysis: &Analysis) -> impl Iterator<Item = Proposal> + '_ {
    analysis.items.iter().filter(|i| i.place.is_some()).filter_map(|item| {
        let label = item.owner.as_ref().filter(|_| item.kind == ItemKind::Operation)?;
        Some(proposal(format!("{}:{}", label.to_lowercase(), item.name), item, 1))
    })
}

fn proposal(text: String, item: &Item, distance: u8) -> Proposal {
    let detail = (!item.types.is_empty()).then(|| item.types.join("\n"));
    Proposal { text, kind: ProposalKind::Item(item.kind), detail, doc: item.doc.clone(), distance }
}

/// The variables of bodies that can be seen from an offset.
fn locals(analysis: &Analysis, page: &Page, offset: u32) -> Vec<Proposal> {
    let kinds = [ItemKind::Parameter, ItemKind::Variable, ItemKind::Function];
    let bound = analysis.items.iter().filter(|i| kinds.contains(&i.kind));
    let visible = bound.filter(|item| {
        let place = item.place.filter(|p| p.file == analysis.entry && offset != p.end);
        let scope = place.and_then(|p| page.scope(p.start));
        scope.is_some_and(|s| s.start < offset && offset <= s.end)
    });
    visible.map(|item| proposal(item.name.clone(), item, 0)).collect()
}
