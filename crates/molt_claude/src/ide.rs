//! What editors show of a program, as plain data (section 13.7 of the reference).
//!
//! [`analyse`] runs the front end on a file and what it imports, up to the checker; an [`Analysis`] says which names of the
//! texts mean the same [`Item`], and what is known of it. [`Page`] is one text as it is written. Questions of editors are
//! answered from the two: [`complete`], [`tokens`], and the methods here. Places are spans of the analysis' own sources.
//!
//! Names that macros write and forms that stand for others have no text of their own: they are left out.

pub mod complete;
mod page;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use molt_base::{EntityId, FileId, SourceMap, Span, Symbol};
use molt_diagnostics::Diagnostic;

use crate::check::shown::{self, Shown};
use crate::core::{Core, GlobalId, LocalId};
use crate::expand::{Expander, Files};
use crate::library::{self, BUILTINS};
use crate::macros::MakeRunner;
use crate::notes::{MacroNote, Meaning};
use crate::program::{Loader, Request};
use crate::session::apart;
use crate::stx::Syntax;
pub use page::{Page, Region, Section, is_name};

/// What a name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub name: String,
    pub kind: ItemKind,
    /// The effect of an operation, the type of a constructor.
    pub owner: Option<String>,
    /// Its name where it is defined; none of the library's and of those that are not written.
    pub place: Option<Span>,
    /// Its type as messages show it, with the row of its calls; of the library's each way to call it.
    pub types: Vec<String>,
    /// The row alone, of procedures that modules define.
    pub row: Option<String>,
    pub doc: Option<String>,
    /// Its contract as it is written.
    pub contract: Option<String>,
    /// The names of the parameters, of procedures that are written.
    pub parameters: Vec<String>,
}

/// The kind of an item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ItemKind {
    Parameter,
    /// Of a body.
    Variable,
    /// Of a module.
    Global,
    Function,
    /// Of the library.
    Native,
    Constructor,
    Operation,
    Effect,
    Type,
    Macro,
    Module,
    Form,
}

/// A name at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Use {
    pub span: Span,
    /// The place of the item in [`Analysis::items`].
    pub item: u32,
    pub is_definition: bool,
}

/// A change that mends something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    pub title: String,
    pub span: Span,
    pub text: String,
}

/// What is known of a program.
#[derive(Debug)]
pub struct Analysis {
    pub sources: SourceMap,
    /// The file that was asked for.
    pub entry: FileId,
    pub diagnostics: Vec<Diagnostic>,
    pub items: Vec<Item>,
    /// In the order of places, one for each name of the texts.
    pub uses: Vec<Use>,
    /// What the module of the entry knows beside the library, by name.
    pub known: Vec<(String, u32)>,
    /// The names that it knows modules by, and what they export.
    pub modules: Vec<(String, Vec<(String, u32)>)>,
    /// Changes for misspelt names.
    pub fixes: Vec<Fix>,
    /// Expressions of the entry in the order of places, with the places of their types.
    exprs: Vec<(Span, u32)>,
    texts: Vec<String>,
}

/// Analyses the request's entry; none if there is no such file.
pub fn analyse(request: &Request, loader: &dyn Loader, runner: MakeRunner) -> Option<Analysis> {
    let entry = request.entry.as_deref()?;
    let bytes = loader.read(entry)?;
    Some(apart(|| analyse_here(request, entry, bytes, loader, runner)))
}

fn analyse_here(request: &Request, entry: &Path, bytes: Vec<u8>, loader: &dyn Loader, runner: MakeRunner) -> Analysis {
    let (mut core, mut syntax, mut sources) = (Core::default(), Syntax::default(), SourceMap::default());
    let mut diagnostics = Vec::new();
    core.notes.is_wanted = true;
    let files = Files { loader, places: &request.places };
    let mut expander = Expander::new(&mut core, &mut syntax, &mut diagnostics, &mut sources, files, runner);
    // Conditions have the types and the names that they are written with; the code of checks is nobody's.
    expander.contracts = request.options.contracts;
    expander.library();
    expander.file(entry, bytes);
    let is_read = expander.is_read();
    core.package_row = crate::manifest::effects(&request.places, loader, &mut sources, &mut diagnostics);
    let mut shown = Shown::default();
    if is_read {
        let (findings, found) = shown::inspect(&mut core, &mut syntax, &sources);
        // Warnings are for programs that are otherwise in order.
        let is_whole = !diagnostics.iter().any(Diagnostic::is_error);
        diagnostics.extend(findings.into_iter().filter(|d| is_whole || d.is_error()));
        shown = found;
    }
    diagnostics.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    let entry = sources.find(&entry.display().to_string()).expect("it was read");
    Builder::new(core, sources, shown).analysis(entry, diagnostics)
}

/// Makes items of meanings.
struct Builder {
    core: Core,
    sources: SourceMap,
    shown: Shown,
    items: Vec<Item>,
    known: HashMap<Meaning, u32>,
    /// Items by the place of their names: a macro that is used twice defines what it writes twice.
    placed: HashMap<Span, u32>,
    parameters: HashSet<LocalId>,
    macros: Vec<MacroNote>,
    signatures: HashMap<String, Vec<String>>,
}

impl Builder {
    fn new(core: Core, sources: SourceMap, shown: Shown) -> Builder {
        let lambdas = core.lambdas.iter();
        let parameters = lambdas.flat_map(|(_, l)| l.params.iter().map(|p| p.local).chain(l.rest)).collect();
        let (items, known, placed, macros) = (Vec::new(), HashMap::new(), HashMap::new(), Vec::new());
        let signatures = library::signatures();
        Builder { core, sources, shown, items, known, placed, parameters, macros, signatures }
    }

    fn analysis(mut self, entry: FileId, diagnostics: Vec<Diagnostic>) -> Analysis {
        let mut notes = std::mem::take(&mut self.core.notes);
        self.macros = std::mem::take(&mut notes.macros);
        let known = std::mem::take(&mut notes.known);
        let known = self.named(known);
        let mut modules: Vec<(String, Vec<(String, u32)>)> = Vec::new();
        for (alias, names) in std::mem::take(&mut notes.modules) {
            modules.push((self.core.names.text(alias).to_owned(), self.named(names)));
        }
        modules.sort();
        let exported = modules.iter().flat_map(|m| &m.1);
        let spelt: HashSet<(&str, u32)> = known.iter().chain(exported).map(|(n, i)| (n.as_str(), *i)).collect();
        let mut uses: HashMap<Span, Use> = HashMap::new();
        let noted = notes.uses.iter().chain(&self.shown.uses).copied().collect::<Vec<_>>();
        for (span, meaning) in noted.into_iter().filter(|(span, _)| span.file.index() > 0) {
            let item = self.item(meaning);
            if self.is_written(span, item, &spelt) {
                uses.entry(span).or_insert(Use { span, item, is_definition: false });
            }
        }
        for meaning in self.defined() {
            let item = self.item(meaning);
            if let Some(span) = self.items[item as usize].place {
                uses.insert(span, Use { span, item, is_definition: true });
            }
        }
        let mut uses: Vec<Use> = uses.into_values().collect();
        uses.sort_by_key(|u| (u.span.file, u.span.start, u.span.end));
        let fixes = notes.misspelt.into_iter().map(|(span, text)| Fix { title: format!("write `{text}`"), span, text });
        let fixes = fixes.collect();
        let Shown { mut exprs, texts, .. } = self.shown;
        exprs.retain(|(span, _)| span.file == entry);
        exprs.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let Builder { sources, items, .. } = self;
        Analysis { sources, entry, diagnostics, items, uses, known, modules, fixes, exprs, texts }
    }

    fn named(&mut self, names: Vec<(Symbol, Meaning)>) -> Vec<(String, u32)> {
        let named = names.into_iter().map(|(n, m)| (self.core.names.text(n).to_owned(), self.item(m)));
        let mut named: Vec<(String, u32)> = named.collect();
        named.sort();
        named.dedup();
        named
    }

    /// All that the texts define.
    fn defined(&self) -> Vec<Meaning> {
        let core = &self.core;
        let mut all: Vec<Meaning> = core.locals.ids().map(Meaning::Local).collect();
        all.extend(core.globals.ids().map(Meaning::Global));
        all.extend(core.ctors.ids().map(Meaning::Ctor));
        all.extend(core.data_types.ids().map(Meaning::Data));
        all.extend(core.ops.ids().map(Meaning::Op));
        all.extend(core.effects.ids().map(Meaning::Effect));
        all.extend((0..core.aliases.len() as u32).map(Meaning::Alias));
        all.extend((0..self.macros.len() as u32).map(Meaning::Macro));
        all
    }

    /// Whether a place has the name of an item as its text, perhaps behind that of a module or effect.
    fn is_written(&self, span: Span, id: u32, spelt: &HashSet<(&str, u32)>) -> bool {
        let (item, text) = (&self.items[id as usize], self.written(span));
        let own = own_part(text);
        match item.kind {
            ItemKind::Module => text.starts_with('"'),
            ItemKind::Effect => own.eq_ignore_ascii_case(&item.name),
            // Operations of the library have other names beside their own.
            ItemKind::Operation if item.place.is_none() => !text.is_empty() && !text.contains(['(', ' ', '\n']),
            _ => own == item.name || text == item.name || spelt.contains(&(own, id)),
        }
    }

    fn written(&self, span: Span) -> &str {
        self.sources.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The item of a meaning.
    fn item(&mut self, meaning: Meaning) -> u32 {
        if let Some(&known) = self.known.get(&meaning) {
            return known;
        }
        let mut item = self.made(meaning);
        item.place = item.place.filter(|&s| s.file.index() > 0 && self.written(s) == item.name);
        let place = item.place;
        let id = match place.and_then(|p| self.placed.get(&p)) {
            Some(&same) => same,
            None => {
                self.items.push(item);
                self.items.len() as u32 - 1
            }
        };
        self.known.insert(meaning, id);
        place.into_iter().for_each(|p| {
            self.placed.insert(p, id);
        });
        id
    }

    fn made(&self, meaning: Meaning) -> Item {
        let core = &self.core;
        let text = |s| core.names.text(s).to_owned();
        let types = self.shown.types.get(&meaning).cloned().into_iter().collect();
        let plain = |name: String, kind, place| Item {
            name,
            kind,
            owner: None,
            place,
            types,
            row: None,
            doc: None,
            contract: None,
            parameters: Vec::new(),
        };
        match meaning {
            Meaning::Local(l) => {
                let local = &core.locals[l];
                let kind = match (self.parameters.contains(&l), local.lambda) {
                    (true, _) => ItemKind::Parameter,
                    (false, Some(_)) => ItemKind::Function,
                    (false, None) => ItemKind::Variable,
                };
                plain(text(local.name), kind, Some(local.span))
            }
            Meaning::Global(g) => self.global(g, plain(text(core.globals[g].name), ItemKind::Global, None)),
            Meaning::Ctor(c) => {
                let fields = core.ctors[c].fields.iter().enumerate();
                let parameters = fields.map(|(i, f)| f.name.map_or_else(|| format!("field{}", i + 1), text)).collect();
                let item = plain(text(core.ctors[c].name), ItemKind::Constructor, Some(core.ctors[c].span));
                let owner = Some(text(core.data_types[core.ctors[c].data].name));
                Item { parameters, owner, ..item }
            }
            Meaning::Op(o) => {
                let op = &core.ops[o];
                let label = text(core.effects[op.effect].name);
                let full = format!("{}:{}", label.to_lowercase(), text(op.name));
                let item = Item { owner: Some(label), ..plain(text(op.name), ItemKind::Operation, op.span) };
                match (op.span, self.signatures.get(&full)) {
                    (None, Some(types)) => Item { name: full, types: types.clone(), ..item },
                    (None, None) => Item { name: full, ..item },
                    (Some(_), _) => item,
                }
            }
            Meaning::Effect(e) => plain(text(core.effects[e].name), ItemKind::Effect, core.effects[e].span),
            Meaning::Data(d) => plain(text(core.data_types[d].name), ItemKind::Type, Some(core.data_types[d].span)),
            Meaning::Alias(a) => {
                let alias = &core.aliases[a as usize];
                plain(text(alias.name), ItemKind::Type, Some(alias.span))
            }
            Meaning::Builtin(b) => {
                let name = BUILTINS[b.0 as usize].name.to_owned();
                let types = self.signatures.get(&name).cloned().unwrap_or_default();
                Item { types, ..plain(name, ItemKind::Native, None) }
            }
            Meaning::Macro(m) => {
                let note = &self.macros[m as usize];
                let signature = self.written(note.signature).to_owned();
                Item { types: vec![signature], ..plain(text(note.name), ItemKind::Macro, Some(note.span)) }
            }
            Meaning::Module(path) => plain(text(path), ItemKind::Module, None),
        }
    }

    fn global(&self, g: GlobalId, item: Item) -> Item {
        let (core, global) = (&self.core, &self.core.globals[g]);
        let text = |s| core.names.text(s).to_owned();
        if global.module == core.order[0] {
            let types = self.signatures.get(&item.name).cloned().unwrap_or_default();
            return Item { types, kind: ItemKind::Native, ..item };
        }
        let lambda = global.lambda.map(|l| &core.lambdas[l]);
        let parameters = lambda.map(|l| {
            let named = l.params.iter().map(|p| text(core.locals[p.local].name));
            named.chain(l.rest.map(|r| format!(". {}", text(core.locals[r].name)))).collect()
        });
        let contract = core.specified.get(&g).map(|&span| self.written(span).to_owned());
        Item {
            kind: if lambda.is_some() { ItemKind::Function } else { ItemKind::Global },
            place: Some(global.span),
            row: self.shown.rows.get(&g).cloned(),
            doc: global.doc.or(lambda.and_then(|l| l.doc)).map(text),
            contract,
            parameters: parameters.unwrap_or_default(),
            ..item
        }
    }
}

impl Analysis {
    /// The name at an offset of a file, or that ends there.
    pub fn at(&self, file: FileId, offset: u32) -> Option<Use> {
        let after = self.uses.partition_point(|u| (u.span.file, u.span.start) <= (file, offset));
        let near = self.uses[..after].iter().rev().take_while(|u| u.span.file == file);
        // Names do not lie inside of one another.
        near.take(2).find(|u| offset <= u.span.end).copied()
    }

    pub fn item(&self, used: Use) -> &Item {
        &self.items[used.item as usize]
    }

    /// All places of an item, its definition too.
    pub fn places(&self, item: u32) -> impl Iterator<Item = Use> + '_ {
        self.uses.iter().copied().filter(move |u| u.item == item)
    }

    /// The type of the smallest expression of the entry that begins at an offset.
    pub fn type_at(&self, offset: u32) -> Option<(Span, &str)> {
        let after = self.exprs.partition_point(|(span, _)| span.start <= offset);
        let &(span, text) = self.exprs[..after].last().filter(|(span, _)| span.start == offset)?;
        Some((span, &self.texts[text as usize]))
    }

    /// The last part of a name as it is written: what follows the module's or effect's.
    pub fn own_part(&self, span: Span) -> Span {
        let text = &self.sources.file(span.file).text[span.start as usize..span.end as usize];
        Span { start: span.end - own_part(text).len() as u32, ..span }
    }
}

/// What follows the name of a module or effect in a name.
fn own_part(text: &str) -> &str {
    let from = text.trim_end_matches([':', '.']).rfind([':', '.']).map_or(0, |i| i + 1);
    &text[from..]
}
