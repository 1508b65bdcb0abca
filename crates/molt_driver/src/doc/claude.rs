//! Pages of ClaudeLang modules.

use molt_claude::doc::{self, Documented};

use super::{Item, Kind, Page};

/// The page of a module; of a package that has only one it is the first.
pub fn page(path: Vec<String>, module: Documented) -> Page {
    let mut items: Vec<Item> = module.items.into_iter().map(item).collect();
    items.sort_by_key(|i| i.kind);
    Page { path, docs: module.docs, modules: Vec::new(), items }
}

fn item(item: doc::Item) -> Item {
    let kind = match item.kind {
        doc::Kind::Type => Kind::Type,
        doc::Kind::Effect => Kind::Effect,
        doc::Kind::Procedure => Kind::Procedure,
        doc::Kind::Variable => Kind::Variable,
        doc::Kind::Macro => Kind::Macro,
        doc::Kind::Constructor => Kind::Constructor,
        doc::Kind::Operation => Kind::Operation,
        doc::Kind::Clause => Kind::Clause,
    };
    Item {
        kind,
        name: item.name,
        signature: item.signature,
        inferred: item.inferred,
        docs: item.docs,
        members: item.members.into_iter().map(self::item).collect(),
        implements: Vec::new(),
    }
}
