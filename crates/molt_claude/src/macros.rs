//! What runs macros, seen from the front end: programs go out, data go to and fro.
//!
//! The front end knows no engine. Whoever calls [`compile`](crate::compile) hands in a [`MacroRunner`], which takes programs
//! and calls their macros.

use molt_ir::Program;

/// What a datum was made from, a number of the front end's. The runner gives it to the object that it makes of the datum,
/// and tells it of the object that comes back; an object that a macro made has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin(pub u32);

impl Origin {
    /// An object that a macro made.
    pub const NONE: Origin = Origin(0);

    /// Whether the parts of a datum need not be looked at when it comes back: it is one that was given as it is.
    pub fn is_given(self) -> bool {
        self.0 & 3 == 1
    }
}

/// Data of a macro.
#[derive(Clone, PartialEq, Debug)]
pub enum Datum {
    Nil,
    Bool(bool),
    Int(i64),
    /// Decimal digits, with `-` in front if negative.
    BigInt(String),
    Float(f64),
    Str(String),
    Keyword(String),
    Symbol(String, Origin),
    List(Vec<Datum>, Origin),
    /// Keys and values in turn.
    Map(Vec<Datum>, Origin),
    Set(Vec<Datum>, Origin),
    /// On the way back: the datum that was given with this origin.
    Given(Origin),
}

/// Why a macro gave no data.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// An error was raised.
    Raised { kind: String, message: String, place: Option<Place> },
    /// The kind of the value in the result that is no data.
    NoData(String),
    /// The result is nested too deeply.
    TooDeep,
}

/// A range of a file: lines count from 1, columns in characters from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub file: String,
    pub start: (u32, u32),
    pub end: (u32, u32),
}

/// The variable of a program's entry module that is the list of its macros.
pub const VARIABLE: &str = "macros";

/// Runs macros, on the thread that made it.
pub trait MacroRunner {
    /// Takes a program and runs the bodies of its modules; the number that it has from now on.
    fn load(&mut self, program: Program) -> Result<u32, Failure>;
    /// Forgets a program.
    fn unload(&mut self, program: u32);
    /// Calls a macro of a program by its place in the list of [`VARIABLE`].
    fn call(&mut self, program: u32, index: usize, operands: &[Datum]) -> Result<Datum, Failure>;
}

/// Makes what runs the macros of one compilation.
pub type MakeRunner<'a> = &'a (dyn Fn() -> Box<dyn MacroRunner> + Sync);
