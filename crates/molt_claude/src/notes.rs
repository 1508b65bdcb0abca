//! What names of a program mean, noted while it is expanded, for those who show programs ([`crate::ide`]).

use molt_base::{Span, Symbol};

use crate::core::{CtorId, DataTypeId, EffectId, GlobalId, LocalId, OpId};
use crate::library::BuiltinId;

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Meaning {
    Local(LocalId),
    Global(GlobalId),
    Ctor(CtorId),
    Op(OpId),
    Effect(EffectId),
    Data(DataTypeId),
    /// A type's other name, by its place in [`crate::core::Core::aliases`].
    Alias(u32),
    Builtin(BuiltinId),
    /// By its place in [`Notes::macros`].
    Macro(u32),
    /// A module by the path of its file.
    Module(Symbol),
}

/// A macro as it is defined.
#[derive(Clone, Debug)]
pub struct MacroNote {
    pub name: Symbol,
    pub span: Span,
    /// The name with the parameters, as they are written.
    pub signature: Span,
}

/// The notes of one compilation; none are taken unless they are wanted.
#[derive(Default)]
pub struct Notes {
    pub is_wanted: bool,
    /// Names at their places; some are there more than once.
    pub uses: Vec<(Span, Meaning)>,
    pub macros: Vec<MacroNote>,
    /// Misspelt names with what was probably meant.
    pub misspelt: Vec<(Span, String)>,
    /// What the module of the entry knows beside the library.
    pub known: Vec<(Symbol, Meaning)>,
    /// The names that it knows other modules by, and what those export.
    pub modules: Vec<(Symbol, Vec<(Symbol, Meaning)>)>,
}

impl Notes {
    pub fn used(&mut self, span: Span, meaning: Meaning) {
        if self.is_wanted {
            self.uses.push((span, meaning));
        }
    }
}
