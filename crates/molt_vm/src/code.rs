//! Register code: what the interpreter runs.

use molt_ir::{IntCond, Type};

/// A register of the running call.
pub type Reg = u32;

/// One instruction. Register operands are indices into the call's registers; `at` are instruction indices.
#[derive(Clone, Copy, Debug)]
pub enum Insn {
    Const {
        to: Reg,
        index: u32,
    },
    Move {
        to: Reg,
        from: Reg,
    },
    Binary {
        op: Alu,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    BinaryImm {
        op: Alu,
        to: Reg,
        a: Reg,
        imm: i32,
    },
    Overflowing {
        op: OfAlu,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Float {
        op: FloatAlu,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Unary {
        op: Unary,
        to: Reg,
        a: Reg,
    },
    /// Product of the first two registers listed from `list` plus the third.
    Fma {
        to: Reg,
        list: u32,
    },
    Compare {
        cond: IntCond,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    CompareImm {
        cond: IntCond,
        to: Reg,
        a: Reg,
        imm: i32,
    },
    FloatCompare {
        cond: molt_ir::FloatCond,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// Condition and both values are listed from `list`.
    Select {
        to: Reg,
        list: u32,
    },
    Load64 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    Load32 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    LoadS32 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    Load16 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    LoadS16 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    Load8 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    LoadS8 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    LoadF32 {
        to: Reg,
        base: Reg,
        offset: i32,
    },
    Store64 {
        base: Reg,
        value: Reg,
        offset: i32,
    },
    Store32 {
        base: Reg,
        value: Reg,
        offset: i32,
    },
    Store16 {
        base: Reg,
        value: Reg,
        offset: i32,
    },
    Store8 {
        base: Reg,
        value: Reg,
        offset: i32,
    },
    StoreF32 {
        base: Reg,
        value: Reg,
        offset: i32,
    },
    /// Operands are three registers listed from `list`.
    Memory {
        op: MemoryOp,
        to: Reg,
        list: u32,
    },
    SlotAddr {
        to: Reg,
        words: u32,
    },
    Context {
        to: Reg,
    },
    StackLow {
        to: Reg,
    },
    RcInc {
        word: Reg,
    },
    RcDec {
        word: Reg,
    },
    /// Arguments are `count` registers listed from `list` in the code's operand table; results go to `to` and the
    /// registers that follow, of which there are at least two.
    Call {
        to: Reg,
        func: u32,
        list: u32,
    },
    /// As `Call`, with the context of the other kind on this stack.
    CallAcross {
        to: Reg,
        func: u32,
        list: u32,
    },
    /// As `Call`, of the address in the first register listed; `count` does not count it.
    CallIndirect {
        to: Reg,
        list: u32,
        count: u32,
    },
    CallRt {
        to: Reg,
        rt: u16,
        results: u8,
        count: u8,
        list: u32,
    },
    Jump {
        at: u32,
    },
    /// Goes on when the comparison holds, else to `at`.
    BranchUnless {
        cond: IntCond,
        a: Reg,
        b: Reg,
        at: u32,
    },
    BranchUnlessImm {
        cond: IntCond,
        a: Reg,
        imm: i16,
        at: u32,
    },
    /// Targets are listed from `list`: one for each value below `count`, then the default.
    Switch {
        value: Reg,
        list: u32,
        count: u32,
    },
    Return {
        list: u32,
        count: u32,
    },
    Trap,
}
const _: () = assert!(size_of::<Insn>() <= 16);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alu {
    Add,
    Sub,
    Mul,
    SDiv,
    SRem,
    UDiv,
    URem,
    SMulHi,
    UMulHi,
    And,
    Or,
    Xor,
    Shl,
    UShr,
    SShr,
    RotL,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfAlu {
    Add,
    Sub,
    Mul,
    UAdd,
    USub,
    UMul,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FloatAlu {
    Add,
    Sub,
    Mul,
    Div,
    CopySign,
    Min,
    Max,
}

/// Operations on one register: doubles, integers and from one to the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unary {
    Neg,
    Abs,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    Nearest,
    Round32,
    FromInt,
    FromUInt,
    ToInt,
    ToUInt,
    Clz,
    Ctz,
    PopCnt,
    BSwap,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryOp {
    Copy,
    Move,
    Set,
    Compare,
}

/// Code of one function.
#[derive(Debug, Default)]
pub struct Code {
    pub insns: Vec<Insn>,
    pub consts: Vec<u64>,
    /// Operand lists of calls, returns and switches.
    pub lists: Vec<u32>,
    pub registers: u32,
    /// Registers of the parameters, in order.
    pub params: Vec<Reg>,
    pub param_types: Vec<Type>,
    pub result_types: Vec<Type>,
}
