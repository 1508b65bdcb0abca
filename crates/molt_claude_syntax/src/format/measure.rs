//! How much room each datum needs, found once for all of them from the last to the first.

use alloc::vec;
use alloc::vec::Vec;

use super::trivia::{Comment, Item, Source};
use crate::{Datum, Kind};

/// The measures of a datum.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    /// Columns on one line.
    pub flat: u32,
    /// Columns that the broken layout needs about, brackets that close included.
    pub narrow: u32,
    /// Columns of what must stand together at its beginning.
    pub head: u32,
    /// It can't stand on one line, or its author did not want it to.
    pub is_broken: bool,
    /// A comment at its end waits for the end of the line, so that nothing but brackets may follow.
    pub waits: bool,
}

impl Size {
    /// Columns that the comments before and behind the datum of an item need on its line.
    pub fn comments(self, item: &Item) -> (u32, u32) {
        let width = |comments: &[Comment]| comments.iter().filter(|c| !c.ends_line).map(|c| columns(c.text) + 1).sum();
        (width(&item.before), if self.waits { 0 } else { width(&item.after) })
    }
}

/// Measures every datum.
pub(super) fn sizes(source: Source) -> Vec<Size> {
    let mut sizes = vec![Size::default(); source.data.count()];
    for at in (0..sizes.len()).rev() {
        let d = Datum(at as u32);
        sizes[at] = match source.behind_prefix(d) {
            Some(inner) => prefixed(prefix_width(source, d, inner) as u32, sizes[inner.0 as usize]),
            None if source.data.kind(d).closer().is_some() => bracketed(source, d, &sizes),
            None => leaf(source.data.written(d)),
        };
    }
    sizes
}

/// Columns of a prefix: `,` and `@` are kept apart, because together they are another prefix.
pub(super) fn prefix_width(source: Source, d: Datum, inner: Datum) -> usize {
    let apart = source.data.kind(d) == Kind::Unquote && source.data.kind(inner) == Kind::Deref;
    source.opener(d).len() + usize::from(apart)
}

fn leaf(text: &str) -> Size {
    let width = columns(text);
    let head = columns(text.split('\n').next().unwrap_or(text));
    Size { flat: width, narrow: width, head, is_broken: text.contains('\n'), waits: false }
}

fn prefixed(width: u32, inner: Size) -> Size {
    Size { flat: inner.flat + width, narrow: inner.narrow + width, head: inner.head + width, ..inner }
}

fn bracketed(source: Source, d: Datum, sizes: &[Size]) -> Size {
    let all = source.parts(d);
    let opener = source.opener(d).len() as u32;
    let of_pairs = source.data.kind(d) == Kind::Map && all.is_of_pairs(source);
    let mut size = Size { flat: opener + 1, head: opener, ..Size::default() };
    for (i, item) in all.items.iter().enumerate() {
        let part = sizes[item.datum.0 as usize];
        let is_value = of_pairs && !i.is_multiple_of(2);
        let own_line = (i > 0 && item.breaks > 0 && !is_value) || item.wants_line();
        let after: &[Comment] = if part.waits { &[] } else { &item.after };
        let has_lines = item.before.iter().chain(after).any(|c| c.text.contains('\n'));
        let (before, after) = part.comments(item);
        size.flat = size.flat.saturating_add(u32::from(i > 0) + before + part.flat + after);
        size.narrow = size.narrow.max(part.narrow);
        size.head += if i == 0 { part.head } else { 0 };
        // What waited before has to be written before this.
        size.is_broken |= size.waits || own_line || has_lines || part.is_broken;
        size.waits = part.waits || item.after.iter().any(|c| c.ends_line);
    }
    size.narrow += 3;
    size.is_broken |= !all.closing.is_empty();
    size
}

/// Columns of a text; of one with several lines, those of the longest.
fn columns(text: &str) -> u32 {
    text.split('\n').map(|line| line.chars().count() as u32).max().unwrap_or(0)
}
