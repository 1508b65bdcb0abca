//! The program with macros expanded and names resolved: items in arenas, one [`Body`] for each function or constant.
//!
//! Types are still *written* types ([`TypeExpr`]): turning them into [`crate::ty::Ty`] is the checker's work, because only it
//! knows inference variables. Every name that needs no types is resolved; a name that does (`Vec::new`, `T::Item`, `x.len()`)
//! keeps its text and the part that was resolved.
//!
//! Bodies of library functions are made on demand ([`Hir::body`] is `None` until then), so a program pays only for what it
//! reaches.

pub(crate) mod actors;
mod attributes;
pub mod body;
mod collect;
mod derive;
mod expand;
mod format_args;
pub mod front;
pub(crate) mod image;
mod imports;
pub mod item;
pub mod lints;
mod lower;
mod naming;
pub mod print;
mod privacy;
mod scope;
mod signatures;
pub mod tests;
pub mod type_expr;
mod types;

use molt_base::hash::{FastMap, FastSet};
use molt_base::{Arena, Interner, SourceMap, Span, Symbol, entity_id};

pub use body::*;
pub use front::{Collection, DeadlockAction, Front, Loader, Options, PackageSource, SchedulerSettings, Texts};
pub use item::*;
pub use scope::nearest;
pub use type_expr::*;

entity_id!(
    /// A package: the program, a dependency, or the library.
    pub struct PackageId("package")
);
entity_id!(
    /// A module; the root module of a package is its first.
    pub struct ModId("mod")
);
entity_id!(
    /// A function: free, associated, a trait's, an actor's handler.
    pub struct FnId("fn")
);
entity_id!(
    /// A struct, an enum or an actor.
    pub struct AdtId("adt")
);
entity_id!(
    pub struct TraitId("trait")
);
entity_id!(
    pub struct ImplId("impl")
);
entity_id!(
    /// A `const`, a `static`, or a `let` of a module.
    pub struct ConstId("const")
);
entity_id!(
    /// A type alias, or the associated type of a trait or an implementation.
    pub struct AliasId("alias")
);
entity_id!(
    /// A written type.
    pub struct TypeId("type")
);
entity_id!(
    /// A body; see [`BodyOwner`].
    pub struct BodyId("body")
);

/// The whole program.
#[derive(Default)]
pub struct Hir {
    pub names: Interner,
    pub files: SourceMap,
    pub packages: Arena<PackageId, Package>,
    pub modules: Arena<ModId, Module>,
    pub fns: Arena<FnId, FnItem>,
    pub adts: Arena<AdtId, Adt>,
    pub traits: Arena<TraitId, Trait>,
    pub impls: Arena<ImplId, Impl>,
    pub consts: Arena<ConstId, ConstItem>,
    pub aliases: Arena<AliasId, Alias>,
    pub types: Arena<TypeId, TypeExpr>,
    pub type_spans: Vec<Span>,
    pub bodies: Arena<BodyId, Option<Body>>,
    pub body_owners: Vec<BodyOwner>,
    /// Items of the library that the language itself refers to, by the name in `#[lang = "name"]`.
    pub lang: FastMap<Box<str>, LangItem>,
    /// `main` of the program, or the function made of the statements of its root file.
    pub main: Option<FnId>,
    /// Module-level `let`s and non-constant `static`s in the order of section 6.4.
    pub start_up: Vec<ConstId>,
    /// Public imports of user packages, in the order of their names.
    pub exports: Vec<Export>,
    /// The packages are used by programs of other languages.
    pub is_across: bool,
    /// Modules with tests that are not part of the program: they may be what an item is for.
    pub modules_with_tests: FastSet<ModId>,
    /// Levels of warnings in parts of files.
    pub lint_scopes: Vec<lints::LintScope>,
    /// Orders of locks that modules demand.
    pub lock_orders: Vec<LockOrder>,
    /// Arithmetic wraps around where it would panic.
    pub overflow_wraps: bool,
    /// Functions tell the runtime where they were when a panic leaves them.
    pub backtrace: bool,
    pub scheduler: SchedulerSettings,
    /// The tests of the program, in the order of their places; [`Hir::main`] runs them by their numbers.
    pub tests: Vec<tests::TestItem>,
}

/// A package and what its manifest says that the checker must know.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Package {
    pub name: Symbol,
    pub root: ModId,
    pub is_library: bool,
    /// The language's own library: may use intrinsics and `#[lang]`, and its bodies are made on demand.
    pub is_std: bool,
}

/// A module: what its names mean is settled, so only what later stages ask for is kept.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Module {
    pub name: Symbol,
    pub package: PackageId,
    pub parent: Option<ModId>,
    /// For the items of a block, which are no module of their own in paths: where the block stands, whose private items are
    /// theirs too.
    pub around: Option<ModId>,
    pub vis: Visibility,
    /// Text of doc comments: before its declaration, then those at its head.
    pub docs: Option<Symbol>,
    /// Traits whose methods `x.m()` finds in this module: declared here, imported, or of the prelude.
    pub traits_in_scope: Vec<TraitId>,
    pub span: Span,
}

/// `#[lock_order]` of a module: the lock named first is never taken while the other one is held.
#[derive(Clone, Copy, Debug)]
pub struct LockOrder {
    pub module: ModId,
    pub first: Symbol,
    pub then: Symbol,
    pub span: Span,
}

/// What a `pub use` gives a module besides its own items.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Export {
    pub module: ModId,
    pub name: Symbol,
    pub item: Exported,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exported {
    Mod(ModId),
    Fn(FnId),
    Adt(AdtId),
    Trait(TraitId),
    Const(ConstId),
    Alias(AliasId),
}

/// Something that `#[lang = ".."]` marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum LangItem {
    Fn(FnId),
    Adt(AdtId),
    Trait(TraitId),
    Alias(AliasId),
    /// Inherent implementation for a family of built-in types: `int`, `float`, `char`, `bool`, `str`, `slice`, ….
    Impl(ImplId),
}

/// Whose body it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum BodyOwner {
    Fn(FnId),
    Const(ConstId),
    /// The default value of a parameter; evaluated in the callee's scope, earlier parameters are visible.
    ParamDefault(FnId, u32),
    /// The default value of an actor's state field.
    FieldDefault(AdtId, u32),
    /// An explicit discriminant.
    Discriminant(AdtId, u32),
    /// The length of an array type or a constant argument: the body itself.
    ConstArg(BodyId),
}

impl Hir {
    pub fn text(&self, name: Symbol) -> &str {
        self.names.text(name)
    }
    pub fn type_span(&self, ty: TypeId) -> Span {
        self.type_spans[ty.0 as usize]
    }
    /// The body, if it was made.
    pub fn body(&self, id: BodyId) -> Option<&Body> {
        self.bodies[id].as_ref()
    }
    pub fn lang_trait(&self, name: &str) -> Option<TraitId> {
        match self.lang(name) {
            Some(LangItem::Trait(t)) => Some(t),
            _ => None,
        }
    }
    pub fn lang_adt(&self, name: &str) -> Option<AdtId> {
        match self.lang(name) {
            Some(LangItem::Adt(a)) => Some(a),
            _ => None,
        }
    }
    pub fn lang_fn(&self, name: &str) -> Option<FnId> {
        match self.lang(name) {
            Some(LangItem::Fn(f)) => Some(f),
            _ => None,
        }
    }
    pub fn lang(&self, name: &str) -> Option<LangItem> {
        self.lang.get(name).copied()
    }
}
