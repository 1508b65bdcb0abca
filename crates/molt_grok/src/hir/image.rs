//! The library as it is when it has been read and its names are resolved, in bytes.
//!
//! Reading the library's sources anew for each program takes longer than a small program does in all. An image is made
//! once for a toolchain and holds the state of [`Front`] after the library: its items with their signatures, its module
//! tables, and the bodies of constants. Trees are not in it. Those of files are made from their texts, which the compiler
//! has anyway, and those of expansions from their tokens, most of which are those of a file, both when something below
//! them is asked for.
//!
//! ```text
//! magic, number of the compiler's sources, checksum of the rest      8 bytes each
//! texts of all symbols, Image                                        postcard
//! tokens of expansions                                               postcard, one after the other
//! ```
//!
//! An image of other sources or with another checksum is as good as none: the library is read from its sources, with the
//! same result.

use std::cell::OnceCell;
use std::hash::Hasher;
use std::sync::Arc;

use molt_base::hash::{FastMap, FastSet, WordHasher};
use molt_base::{Arena, FileId, Interner, Span, Symbol};
use serde::{Deserialize, Serialize};

use super::expand::{Macro, MacroId, gap_before, written};
use super::front::{At, BodyForm, BodySource, ContextInfo, Front, ItemScope, Source, SourceId, Stored};
use super::scope::{Import, ModuleData};
use super::{
    Adt, AdtId, Alias, AliasId, Body, BodyId, BodyOwner, ConstId, ConstItem, FnId, FnItem, Impl, ImplId, LangItem,
    ModId, Module, Package, PackageId, Trait, TraitId, TypeExpr, TypeId,
};
use crate::syntax::{Origin, Parse, SyntaxContext, SyntaxKind, Tokens, TokensBuilder, parse_tokens};

const MAGIC: &[u8; 8] = b"GROKLIB\x01";
const HEADER: usize = 24;

/// What [`Front`] knows of the library.
#[derive(Serialize, Deserialize)]
struct Image {
    packages: Arena<PackageId, Package>,
    modules: Arena<ModId, Module>,
    fns: Arena<FnId, FnItem>,
    adts: Arena<AdtId, Adt>,
    traits: Arena<TraitId, Trait>,
    impls: Arena<ImplId, Impl>,
    consts: Arena<ConstId, ConstItem>,
    aliases: Arena<AliasId, Alias>,
    types: Arena<TypeId, TypeExpr>,
    type_spans: Vec<Span>,
    /// Those that were made.
    bodies: Vec<(BodyId, Body)>,
    body_owners: Vec<BodyOwner>,
    lang: FastMap<Box<str>, LangItem>,
    start_up: Vec<ConstId>,
    prelude: Option<ModId>,
    module_data: Vec<ModuleData>,
    /// For each module, which of the lists of macros is visible at its end.
    module_macros: Vec<u32>,
    imports: Vec<Import>,
    macros: Vec<Macro>,
    contexts: Vec<ContextInfo>,
    edges: Vec<(ModId, ModId, Span)>,
    actor_fns: FastSet<FnId>,
    expansions: FastMap<At, SourceId>,
    macro_definitions: FastMap<At, MacroId>,
    /// Scopes of items and lists of macros, which many bodies share.
    item_scopes: Vec<ItemScope>,
    macro_scopes: Vec<Vec<(Symbol, MacroId)>>,
    /// Place, form, and numbers in the two lists above.
    body_sources: Vec<(At, BodyForm, u32, u32)>,
    sources: Vec<Stored>,
}

/// Some tokens of an expansion.
#[derive(Serialize, Deserialize)]
enum Piece<'a> {
    /// A run of a file's tokens, by number, as the template of a macro has them: space and comments between two of them are
    /// one token, which stands where the second one does.
    Copied { file: FileId, first: u32, end: u32, context: SyntaxContext },
    /// A token that stands in no file as it is.
    Made { kind: SyntaxKind, text: &'a str, origin: Origin },
    /// What the compiler itself wrote, all in one place.
    Written { text: &'a str, origin: Origin },
}

/// Distinct values with their numbers, by their bytes.
struct Shared<T> {
    list: Vec<T>,
    numbers: FastMap<Vec<u8>, u32>,
}

impl<T: Serialize + Clone> Shared<T> {
    fn new() -> Shared<T> {
        Shared { list: Vec::new(), numbers: FastMap::default() }
    }

    fn number(&mut self, value: &T) -> u32 {
        let next = self.list.len() as u32;
        let number = *self.numbers.entry(bytes(value)).or_insert(next);
        if number == next {
            self.list.push(value.clone());
        }
        number
    }
}

fn bytes<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("everything in an image has a byte form")
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = WordHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

/// The number of the compiler's sources.
fn stamp() -> u64 {
    env!("GROK_SOURCES").parse().expect("the build script writes a number")
}

impl Front {
    /// The image of a front that has loaded the library and nothing else.
    pub(crate) fn into_image(self) -> Vec<u8> {
        let mut blobs = Vec::new();
        let sources = self.sources.iter().map(|s| self.to_store(s, &mut blobs)).collect();
        let mut hir = self.hir;
        let bodies = hir.bodies.ids().filter_map(|id| Some((id, hir.bodies[id].take()?))).collect();
        let texts: Vec<&str> = hir.names.symbols().map(|s| hir.names.text(s)).collect();
        let (mut item_scopes, mut macro_scopes) = (Shared::new(), Shared::new());
        let module_macros = self.modules.iter().map(|m| macro_scopes.number(&*m.macros)).collect();
        let body_sources = self.body_sources.iter();
        let body_sources = body_sources
            .map(|b| (b.at, b.form, item_scopes.number(&*b.scope), macro_scopes.number(&*b.macros)))
            .collect();
        let image = Image {
            packages: hir.packages,
            modules: hir.modules,
            fns: hir.fns,
            adts: hir.adts,
            traits: hir.traits,
            impls: hir.impls,
            consts: hir.consts,
            aliases: hir.aliases,
            types: hir.types,
            type_spans: hir.type_spans,
            bodies,
            body_owners: hir.body_owners,
            lang: hir.lang,
            start_up: self.start_up,
            prelude: self.prelude,
            module_data: self.modules,
            module_macros,
            imports: self.imports,
            macros: self.macros,
            contexts: self.contexts,
            edges: self.edges,
            actor_fns: self.actor_fns,
            expansions: self.expansions,
            macro_definitions: self.macro_definitions,
            item_scopes: item_scopes.list,
            macro_scopes: macro_scopes.list,
            body_sources,
            sources,
        };
        let body = [bytes(&texts), bytes(&image), blobs].concat();
        [header(&body), body].concat()
    }

    /// Takes the library from an image instead of its sources. False, and nothing has changed, if the image is not this
    /// compiler's.
    pub(super) fn load_image(&mut self, bytes: &'static [u8]) -> bool {
        let Some(body) = content(bytes) else { return false };
        let Ok((texts, rest)) = postcard::take_from_bytes::<Vec<&'static str>>(body) else { return false };
        let Ok((image, blobs)) = postcard::take_from_bytes::<Image>(rest) else { return false };
        let hir = &mut self.hir;
        hir.names = Interner::of_texts(texts.into_iter());
        hir.packages = image.packages;
        hir.modules = image.modules;
        hir.fns = image.fns;
        hir.adts = image.adts;
        hir.traits = image.traits;
        hir.impls = image.impls;
        hir.consts = image.consts;
        hir.aliases = image.aliases;
        hir.types = image.types;
        hir.type_spans = image.type_spans;
        image.body_owners.iter().for_each(|_| _ = hir.bodies.push(None));
        for (id, body) in image.bodies {
            hir.bodies[id] = Some(body);
        }
        hir.body_owners = image.body_owners;
        hir.lang = image.lang;
        let item_scopes: Vec<Arc<ItemScope>> = image.item_scopes.into_iter().map(Arc::new).collect();
        let macro_scopes: Vec<_> = image.macro_scopes.into_iter().map(Arc::new).collect();
        self.modules = image.module_data;
        for (module, number) in self.modules.iter_mut().zip(image.module_macros) {
            module.macros = macro_scopes[number as usize].clone();
        }
        let source = |(at, form, scope, macros): (At, BodyForm, u32, u32)| BodySource {
            at,
            form,
            scope: item_scopes[scope as usize].clone(),
            macros: macro_scopes[macros as usize].clone(),
        };
        self.body_sources = image.body_sources.into_iter().map(source).collect();
        self.start_up = image.start_up;
        self.prelude = image.prelude;
        self.checked_imports = image.imports.len();
        self.imports = image.imports;
        self.macros = image.macros;
        self.contexts = image.contexts;
        self.edges = image.edges;
        self.actor_fns = image.actor_fns;
        self.expansions = image.expansions;
        self.macro_definitions = image.macro_definitions;
        for stored in image.sources {
            self.push_tree(Source { parse: OnceCell::new(), stored });
        }
        self.stored_tokens = blobs;
        true
    }

    /// Makes a tree that an image left out.
    pub(super) fn read_stored(&self, stored: Stored) -> Parse {
        match stored {
            Stored::File(file) => crate::syntax::parse(file, &self.hir.files.file(file).text),
            Stored::Expansion { entry, start } => {
                let blob = &self.stored_tokens[start as usize..];
                let pieces = postcard::take_from_bytes::<Vec<Piece<'_>>>(blob);
                let (pieces, _) = pieces.expect("the checksum of the image was right");
                parse_tokens(self.tokens_of(&pieces), entry)
            }
        }
    }

    fn tree_of_file(&self, file: FileId) -> Option<Arc<Parse>> {
        Some(self.parse(*self.file_sources.get(&file)?))
    }

    /// What an image holds of a source; the tokens of an expansion go to the end of the blobs.
    fn to_store(&self, source: &Source, blobs: &mut Vec<u8>) -> Stored {
        let Stored::Expansion { entry, .. } = source.stored else { return source.stored };
        let parse = source.parse.get().expect("an image is made from sources");
        let start = blobs.len() as u32;
        blobs.extend(bytes(&self.pieces(&parse.tokens)));
        Stored::Expansion { entry, start }
    }

    fn pieces<'t>(&self, tokens: &'t Tokens) -> Vec<Piece<'t>> {
        let origin = tokens.origin(0);
        let in_one_place = (0..tokens.len() as u32).all(|t| tokens.origin(t) == origin);
        if in_one_place && written(tokens.source(), origin).kinds() == tokens.kinds() {
            return vec![Piece::Written { text: tokens.source(), origin }];
        }
        let mut pieces = Vec::new();
        let mut t = 0;
        while t < tokens.len() as u32 {
            let Some((file, first, context)) = self.original(tokens, t) else {
                pieces.push(Piece::Made { kind: tokens.kind(t), text: tokens.text(t), origin: tokens.origin(t) });
                t += 1;
                continue;
            };
            t += 1;
            let mut end = first + 1;
            let parse = self.tree_of_file(file).expect("a token of it was found");
            while let Some((next, used)) = self.goes_on(tokens, t, &parse.tokens, (file, end, context)) {
                end = next;
                t += used;
            }
            pieces.push(Piece::Copied { file, first, end, context });
        }
        pieces
    }

    /// Whether the token `t`, perhaps after a gap, is the next one of a file: then the token behind it there, and how many
    /// tokens of the expansion these are.
    fn goes_on(
        &self,
        tokens: &Tokens,
        t: u32,
        of_file: &Tokens,
        (file, at, context): (FileId, u32, SyntaxContext),
    ) -> Option<(u32, u32)> {
        let next = (at..of_file.len() as u32).find(|&n| !of_file.kind(n).is_trivia())?;
        let is_next = |t: u32| t < tokens.len() as u32 && self.original(tokens, t) == Some((file, next, context));
        if next == at {
            return is_next(t).then_some((next + 1, 1));
        }
        let (kind, text) = gap_before(of_file, next);
        let origin = Origin { span: of_file.span(next), context };
        let is_gap = (tokens.kind(t), tokens.text(t), tokens.origin(t)) == (kind, text, origin);
        (is_gap && is_next(t + 1)).then_some((next + 1, 2))
    }

    /// The file and number of the token that a token of an expansion is a copy of.
    fn original(&self, tokens: &Tokens, token: u32) -> Option<(FileId, u32, SyntaxContext)> {
        let Origin { span, context } = tokens.origin(token);
        let parse = self.tree_of_file(span.file)?;
        let of_file = &parse.tokens;
        let at = of_file.number_at(span.start)?;
        let same = of_file.span(at) == span
            && of_file.kind(at) == tokens.kind(token)
            && of_file.text(at) == tokens.text(token)
            && tokens.kind(token) != SyntaxKind::Eof;
        same.then_some((span.file, at, context))
    }

    /// The tokens that pieces stand for; the last piece is the end.
    fn tokens_of(&self, pieces: &[Piece<'_>]) -> Tokens {
        let mut builder = TokensBuilder::default();
        for piece in pieces {
            match *piece {
                Piece::Copied { file, first, end, context } => {
                    let parse = self.tree_of_file(file).expect("an image copies from files only");
                    let tokens = &parse.tokens;
                    for t in (first..end).filter(|&t| !tokens.kind(t).is_trivia()) {
                        let origin = Origin { span: tokens.span(t), context };
                        if t > first && tokens.kind(t - 1).is_trivia() {
                            let (kind, text) = gap_before(tokens, t);
                            builder.push(kind, text, origin);
                        }
                        builder.push(tokens.kind(t), tokens.text(t), origin);
                    }
                }
                Piece::Written { text, origin } => return written(text, origin),
                Piece::Made { kind: SyntaxKind::Eof, origin, .. } => return builder.finish(origin),
                Piece::Made { kind, text, origin } => builder.push(kind, text, origin),
            }
        }
        unreachable!("every sequence of tokens ends with its end")
    }
}

/// What stands behind the header of an image, if this compiler wrote it and nobody changed it.
pub(crate) fn content(image: &[u8]) -> Option<&[u8]> {
    let (header, body) = image.split_at_checked(HEADER)?;
    (header == self::header(body)).then_some(body)
}

fn header(body: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), &stamp().to_le_bytes(), &checksum(body).to_le_bytes()].concat()
}
