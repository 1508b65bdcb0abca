//! The one intermediate representation: typed SSA with block parameters, in arenas, with a canonical
//! text form. Front ends end here; engines start here.
//!
//! Start with [`ops`] (the op table), then [`Program`] and [`Function`]; build functions with
//! [`FunctionBuilder`], check them with [`verify::verify_function`], see them with [`print`].
//!
//! Invariants:
//! - An instruction that names an unwind edge is directly followed by the `jump` that ends its block,
//!   so blocks are straight lines and every edge leaves from a block's end.
//! - Printing and parsing are inverse.
//! - Facts about an op (operands, results, effects, ownership) are in the op table and nowhere else.
#![forbid(unsafe_code)]

pub mod builder;
pub mod cfg;
pub mod func;
pub mod join;
pub mod ops;
pub mod parse;
pub mod print;
pub mod program;
pub mod surface;
pub mod types;
pub mod verify;

pub use builder::{FunctionBuilder, Variable};
pub use func::{Block, BlockId, Edge, FuncId, Function, FunctionKind, InlineHint, Inst, InstId, ValueDef, ValueId};
pub use ops::{BinaryOp, CompareOp, FloatCond, ImmKind, IntCond, Op, OpInfo, UnaryOp};
pub use program::{
    ClassSite, ClassSiteId, CodeInfo, Const, ConstId, DataId, DataItem, Direct, Export, Global, GlobalId, LocId,
    Module, ModuleId, Number, Program, Reloc, RelocTarget,
};
pub use types::Type;
