//! What names and literals are, for colours.

use molt_base::Span;

use super::{Analysis, ItemKind, Page};
use crate::syntax::{Datum, Kind};

/// A piece of text and what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    pub span: Span,
    pub kind: TokenKind,
    pub is_definition: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenKind {
    Item(ItemKind),
    Keyword,
    Number,
    Text,
}

/// The tokens of a page that was analysed as it is, in the order of places.
pub fn tokens(analysis: &Analysis, page: &Page) -> Vec<Token> {
    let file = analysis.entry;
    let first = analysis.uses.partition_point(|u| u.span.file < file);
    let uses: Vec<_> = analysis.uses[first..].iter().take_while(|u| u.span.file == file).collect();
    let used = |span: Span| uses.binary_search_by_key(&span.start, |u| u.span.start).ok().map(|i| uses[i]);
    let mut tokens = Vec::new();
    for d in (0..page.data.count() as u32).map(Datum) {
        let span = Span { file, ..page.data.span(d) };
        let kind = match page.data.kind(d) {
            Kind::Int | Kind::Float => TokenKind::Number,
            Kind::Str => TokenKind::Text,
            Kind::Keyword | Kind::True | Kind::False | Kind::Nil => TokenKind::Keyword,
            Kind::Symbol => {
                if let Some(u) = used(span).filter(|u| u.span == span) {
                    let kind = TokenKind::Item(analysis.item(*u).kind);
                    tokens.push(Token { span, kind, is_definition: u.is_definition });
                }
                continue;
            }
            Kind::Form => {
                let head = page.form(d).and(page.head(d)).map(|h| Span { file, ..page.data.span(h) });
                if let Some(span) = head.filter(|&s| used(s).is_none()) {
                    tokens.push(Token { span, kind: TokenKind::Item(ItemKind::Form), is_definition: false });
                }
                continue;
            }
            _ => continue,
        };
        tokens.push(Token { span, kind, is_definition: false });
    }
    tokens.sort_by_key(|t| t.span.start);
    tokens
}
