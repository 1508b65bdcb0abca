//! A whole program: constants, modules, globals, class statements, functions and static data.

use std::collections::HashMap;

use molt_abi::{RtFn, layout::Position};
use molt_base::{Arena, Interner, Symbol, entity_id};

use crate::func::{FuncId, Function};

entity_id!(
    /// A constant of the pool.
    pub struct ConstId("k")
);
entity_id!(
    /// A module of the program, in import order.
    pub struct ModuleId("m")
);
entity_id!(
    /// A module variable; its slot in the isolate's global table.
    pub struct GlobalId("g")
);
entity_id!(
    /// A class statement.
    pub struct ClassSiteId("class")
);
entity_id!(
    /// A source position.
    pub struct LocId("@")
);
entity_id!(
    /// A static data item (after lowering).
    pub struct DataId("d")
);

impl LocId {
    /// No position.
    pub const NONE: LocId = LocId(0);
}

impl ConstId {
    /// Stands for "no constant" where an immediate is optional.
    pub const NONE: ConstId = ConstId(u32::MAX);
}

/// A constant value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    NotImplemented,
    Int(i64),
    /// Decimal digits, with `-` in front if negative, of an integer outside 63 bits.
    BigInt(Box<str>),
    /// Bits of a double.
    Float(u64),
    /// Bits of real and imaginary part.
    Complex(u64, u64),
    /// WTF-8 bytes.
    Str(Box<[u8]>),
    Bytes(Box<[u8]>),
    Tuple(Box<[ConstId]>),
    /// ClaudeLang's symbol and keyword of a name.
    Symbol(Box<str>),
    Keyword(Box<str>),
}

/// A module of the program.
#[derive(Clone, Debug)]
pub struct Module {
    /// Dotted name, `__main__` for the entry.
    pub name: Symbol,
    /// Path that tracebacks show.
    pub filename: Symbol,
    pub doc: ConstId,
    pub is_package: bool,
    /// The module body. None until a front end has made it, and of a module that another front end makes: it is
    /// found by its name when programs are joined.
    pub body: Option<FuncId>,
}

/// A module variable.
#[derive(Clone, Debug)]
pub struct Global {
    pub module: ModuleId,
    pub name: Symbol,
}

/// A class statement: names that instances are known to carry as fields.
#[derive(Clone, Debug)]
pub struct ClassSite {
    pub name: Symbol,
    pub module: ModuleId,
    pub slots: Vec<Symbol>,
    /// Functions that the body binds by `def`, for direct calls: (name, function).
    pub methods: Vec<(Symbol, FuncId)>,
    pub body: Option<FuncId>,
    /// A constructor of ClaudeLang: the runtime makes its class at the start.
    pub is_constructor: bool,
}

/// What the runtime must know of a Python function beside its machine code.
#[derive(Clone, Debug, Default)]
pub struct CodeInfo {
    pub arg_count: u32,
    pub posonly_count: u32,
    pub kwonly_count: u32,
    pub has_varargs: bool,
    pub has_varkeywords: bool,
    /// Calling it makes a generator; set by the `coroutines` pass.
    pub is_generator: bool,
    /// Parameters in binding order (positional, keyword-only, `*`, `**`).
    pub var_names: Vec<Symbol>,
    pub free_names: Vec<Symbol>,
    pub doc: Option<ConstId>,
    /// A text that the program can ask for: [`molt_abi::layout::CodeDesc::definition`].
    pub definition: Option<ConstId>,
    pub first_line: u32,
    /// A procedure of ClaudeLang: calls are bound by its rules, and `has_varargs` means a list.
    pub claude: bool,
    /// Positional parameters at the end that may be absent: unbound, in ClaudeLang.
    pub optional: u32,
    /// It stands for a function of GrokLang: tracebacks do not show it.
    pub stands_in: bool,
}

/// An operation of an effect of ClaudeLang.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Label of the effect, in lower case.
    pub effect: Symbol,
    pub name: Symbol,
    /// What happens without a handler.
    pub default: Option<RtFn>,
    pub is_never: bool,
}

/// What a function of GrokLang takes or gives where that is a number or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Number {
    Unit,
    Bool,
    F64,
    /// At most 64 bits.
    Int {
        bits: u8,
        signed: bool,
    },
}

/// A function of GrokLang that code on words calls by its name (`across.call`).
#[derive(Clone, Debug)]
pub struct Export {
    /// `(words..) -> word, i64`: the operands stay the caller's, the result is its own unless the number says that an
    /// exception waits.
    pub adapter: FuncId,
    /// The function itself, where it takes and gives nothing but numbers.
    pub direct: Option<Direct>,
}

/// A function that takes and gives numbers: one machine value each, and last whether it panicked.
#[derive(Clone, Debug)]
pub struct Direct {
    pub func: FuncId,
    pub params: Vec<Number>,
    pub result: Number,
}

/// Where a relocation points.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RelocTarget {
    Data(DataId),
    Func(FuncId),
    Rt(RtFn),
    /// Index into [`molt_abi::modules::NATIVE_MODULES`].
    NativeModule(u32),
}

/// An address to be written at `offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    pub offset: u32,
    pub target: RelocTarget,
    pub addend: i64,
}

/// Static data: initial bytes and addresses in them.
#[derive(Clone, Debug)]
pub struct DataItem {
    pub name: String,
    pub bytes: Vec<u8>,
    pub align: u32,
    pub relocs: Vec<Reloc>,
}

/// Everything between front ends and engines.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub names: Interner,
    pub consts: Arena<ConstId, Const>,
    const_ids: HashMap<Const, ConstId>,
    /// Position 0 is "none".
    pub positions: Vec<Position>,
    position_ids: HashMap<Position, LocId>,
    pub modules: Arena<ModuleId, Module>,
    pub globals: Arena<GlobalId, Global>,
    global_ids: HashMap<(ModuleId, Symbol), GlobalId>,
    pub classes: Arena<ClassSiteId, ClassSite>,
    /// Operations that `cl.perform` names by their place here.
    pub operations: Vec<Operation>,
    pub funcs: Arena<FuncId, Function>,
    pub data: Arena<DataId, DataItem>,
    pub entry_module: Option<ModuleId>,
    /// Functions of GrokLang by the names that `across.call` has for them.
    pub exports: HashMap<Symbol, Export>,
    /// Root of the part in GrokLang, where it is joined with others.
    pub grok: Option<DataId>,
    /// Root of the static data, set by lowering.
    pub root: Option<DataId>,
    /// A program whose front end wrote machine-level code itself: `funcs[0]` is its start, and it needs no object model.
    pub native: bool,
    /// Lower to calls of the runtime rather than to inline paths: what is interpreted should be few operations.
    pub compact: bool,
    /// Other programs run in the same isolate before and after, and read and assign variables of its modules. A module
    /// without a body is one that an earlier program has.
    pub is_continued: bool,
}

impl Program {
    pub fn new() -> Program {
        Program { positions: vec![Position::default()], ..Program::default() }
    }

    /// The id of a constant; equal constants share one.
    pub fn constant(&mut self, value: Const) -> ConstId {
        if let Some(&id) = self.const_ids.get(&value) {
            return id;
        }
        let id = self.consts.push(value.clone());
        self.const_ids.insert(value, id);
        id
    }

    pub fn const_str(&mut self, text: &str) -> ConstId {
        self.constant(Const::Str(text.as_bytes().into()))
    }

    /// The constant with the text of a symbol.
    pub fn const_symbol(&mut self, symbol: Symbol) -> ConstId {
        let text: Box<[u8]> = self.names.text(symbol).as_bytes().into();
        self.constant(Const::Str(text))
    }

    pub fn position(&mut self, position: Position) -> LocId {
        if position.line == 0 {
            return LocId::NONE;
        }
        if let Some(&id) = self.position_ids.get(&position) {
            return id;
        }
        let id = LocId(self.positions.len() as u32);
        self.positions.push(position);
        self.position_ids.insert(position, id);
        id
    }

    /// The slot of a module variable, made on first use.
    pub fn global(&mut self, module: ModuleId, name: Symbol) -> GlobalId {
        let globals = &mut self.globals;
        *self.global_ids.entry((module, name)).or_insert_with(|| globals.push(Global { module, name }))
    }
}
