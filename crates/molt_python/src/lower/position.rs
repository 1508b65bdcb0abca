//! Source positions of instructions, with the anchors that CPython 3.13's `traceback` marks.

use molt_abi::layout::Position;
use molt_ir::LocId;
use ruff_python_ast::{Expr, ExprAttribute};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Lowerer;

impl Lowerer<'_> {
    /// Position of a range without anchor.
    pub(super) fn range_loc(&mut self, range: TextRange) -> LocId {
        self.make_loc(range, None)
    }

    /// Position of an expression: binary operators, subscripts and calls have anchors.
    pub(super) fn expr_loc(&mut self, e: &Expr) -> LocId {
        let anchor = match e {
            Expr::BinOp(b) => {
                let start = self.skip_to(b.left.end(), b.right.start(), |c| !b")\\".contains(&c));
                start.map(|s| TextRange::at(s, TextSize::of(b.op.as_str())))
            }
            Expr::Subscript(s) => {
                self.skip_to(s.value.end(), s.end(), |c| c == b'[').map(|start| TextRange::new(start, s.end()))
            }
            Expr::Call(c) => Some(TextRange::new(c.arguments.range.start(), c.end())),
            _ => None,
        };
        let range = match e {
            Expr::Attribute(a) => self.attribute_range(a, a.end()),
            Expr::Call(c) => match &*c.func {
                Expr::Attribute(a) => self.attribute_range(a, c.end()),
                _ => e.range(),
            },
            _ => e.range(),
        };
        self.make_loc(range, anchor)
    }

    /// An attribute that stands on a later line than its object is marked from its name on.
    fn attribute_range(&self, a: &ExprAttribute, end: TextSize) -> TextRange {
        let one_line = !self.text[a.range()].contains('\n');
        TextRange::new(if one_line { a.start() } else { a.attr.start() }, end)
    }

    /// First offset from `from` whose byte is wanted; blanks and comments are skipped.
    fn skip_to(&self, from: TextSize, to: TextSize, wanted: impl Fn(u8) -> bool) -> Option<TextSize> {
        let bytes = self.text.as_bytes();
        let mut at = from.to_usize();
        while at < to.to_usize() {
            match bytes[at] {
                b'#' => {
                    while at < to.to_usize() && bytes[at] != b'\n' {
                        at += 1;
                    }
                }
                b' ' | b'\t' | b'\n' | b'\x0c' => at += 1,
                b if wanted(b) => return TextSize::try_from(at).ok(),
                _ => at += 1,
            }
        }
        None
    }

    fn make_loc(&mut self, range: TextRange, anchor: Option<TextRange>) -> LocId {
        let lines = self.sources.file(self.file).lines();
        let (line, col) = lines.line_col(range.start().to_u32());
        let (end_line, end_col) = lines.line_col(range.end().to_u32());
        let mut position = Position { line, col, end_line, end_col, ..Position::default() };
        if let Some(anchor) = anchor {
            (position.anchor_line, position.anchor_col) = lines.line_col(anchor.start().to_u32());
            (position.anchor_end_line, position.anchor_end_col) = lines.line_col(anchor.end().to_u32());
        }
        self.program.position(position)
    }

    /// Line from 1 of an offset.
    pub(super) fn line_of(&self, offset: TextSize) -> u32 {
        self.sources.file(self.file).lines().line_col(offset.to_u32()).0
    }
}
