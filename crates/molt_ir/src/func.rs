//! Functions: values, instructions, blocks and edges in arenas.

use molt_base::{Arena, Symbol, entity_id};

use crate::ops::{ImmKind, Op};
use crate::program::{CodeInfo, LocId, ModuleId};
use crate::types::Type;

entity_id!(
    /// An SSA value.
    pub struct ValueId("v")
);
entity_id!(
    /// An instruction.
    pub struct InstId("i")
);
entity_id!(
    /// A basic block.
    pub struct BlockId("b")
);
entity_id!(
    /// A function of the program.
    pub struct FuncId("fn")
);

/// A run of entries in a function's value pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ValueList {
    start: u32,
    len: u32,
}

/// Most results of one instruction.
pub const MAX_RESULTS: usize = u16::MAX as usize;

/// One instruction. Results are `result_count` consecutive values from `first_result`; edges are
/// `edge_count` consecutive entries of the edge pool.
#[derive(Clone, Copy, Debug)]
pub struct Inst {
    pub op: Op,
    pub result_count: u16,
    pub edge_count: u16,
    pub loc: LocId,
    pub imm: u64,
    args: ValueList,
    first_result: u32,
    edge_start: u32,
}
const _: () = assert!(size_of::<Inst>() <= 40);

/// A control transfer with the values of the target's parameters.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub block: BlockId,
    args: ValueList,
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    Param(BlockId, u32),
    Result(InstId, u32),
}

#[derive(Clone, Copy, Debug)]
pub struct ValueData {
    pub ty: Type,
    pub def: ValueDef,
}

/// A straight line of instructions; the last one is a terminator.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub params: Vec<ValueId>,
    pub insts: Vec<InstId>,
    /// Laid out away from the hot path.
    pub cold: bool,
}

/// How a function is entered and left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionKind {
    /// Python function body: `(function object, parameters…) -> word`, may raise.
    Plain,
    Generator,
    /// Steps of a generator: `(generator, sent word, mode) -> value, step`; see `molt_abi::layout::ResumeFn`.
    Resume,
    /// Made by lowering or by a pass; signature as declared.
    Internal,
}

/// Whether calls of a function are replaced by its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InlineHint {
    /// As the cost model says.
    #[default]
    Auto,
    /// Wherever it is not recursive.
    Always,
    Never,
}

/// A function at one level of the IR. Block 0 is the entry, its parameters are the function's.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: Symbol,
    pub qualname: Symbol,
    pub module: ModuleId,
    pub kind: FunctionKind,
    /// Result types at machine level; one word and the error flag for Python bodies.
    pub results: Vec<Type>,
    pub values: Arena<ValueId, ValueData>,
    pub insts: Arena<InstId, Inst>,
    pub blocks: Arena<BlockId, Block>,
    /// Blocks in layout order.
    pub layout: Vec<BlockId>,
    pub stack_slots: Vec<u32>,
    pub code: Option<CodeInfo>,
    /// At machine level and to be optimised there; set by the front end.
    pub optimise: bool,
    /// Machine-level body of operations on words, as lowering made it; most of its branches test tags.
    pub words: bool,
    pub inline: InlineHint,
    /// Seldom called; what leads to a call is cold too.
    pub cold: bool,
    pool: Vec<ValueId>,
    edges: Vec<Edge>,
}

impl Function {
    pub fn new(name: Symbol, module: ModuleId, kind: FunctionKind) -> Function {
        Function {
            name,
            qualname: name,
            module,
            kind,
            results: vec![Type::I64, Type::I64],
            values: Arena::new(),
            insts: Arena::new(),
            blocks: Arena::new(),
            layout: Vec::new(),
            stack_slots: Vec::new(),
            code: None,
            optimise: false,
            words: false,
            inline: InlineHint::Auto,
            cold: false,
            pool: Vec::new(),
            edges: Vec::new(),
        }
    }

    pub fn entry(&self) -> BlockId {
        BlockId(0)
    }

    pub fn params(&self) -> &[ValueId] {
        &self.blocks[self.entry()].params
    }

    pub fn new_block(&mut self) -> BlockId {
        let b = self.blocks.push(Block::default());
        self.layout.push(b);
        b
    }

    pub fn add_param(&mut self, block: BlockId, ty: Type) -> ValueId {
        let index = self.blocks[block].params.len() as u32;
        let v = self.values.push(ValueData { ty, def: ValueDef::Param(block, index) });
        self.blocks[block].params.push(v);
        v
    }

    /// Makes an instruction without placing it in a block.
    pub fn make_inst(
        &mut self,
        op: Op,
        args: &[ValueId],
        imm: u64,
        edges: &[(BlockId, &[ValueId])],
        results: &[Type],
        loc: LocId,
    ) -> InstId {
        let args = self.list(args);
        let edge_start = self.edges.len() as u32;
        for (block, values) in edges {
            let args = self.list(values);
            self.edges.push(Edge { block: *block, args });
        }
        let first_result = self.values.len() as u32;
        let id = self.insts.push(Inst {
            op,
            result_count: u16::try_from(results.len()).expect("front ends keep to the limit of results"),
            edge_count: u16::try_from(edges.len()).expect("front ends keep to the limit of edges"),
            loc,
            imm,
            args,
            first_result,
            edge_start,
        });
        for (i, &ty) in results.iter().enumerate() {
            self.values.push(ValueData { ty, def: ValueDef::Result(id, i as u32) });
        }
        id
    }

    /// Places an instruction at the end of a block.
    pub fn append(&mut self, block: BlockId, inst: InstId) {
        self.blocks[block].insts.push(inst);
    }

    fn list(&mut self, values: &[ValueId]) -> ValueList {
        let start = self.pool.len() as u32;
        self.pool.extend_from_slice(values);
        ValueList { start, len: values.len() as u32 }
    }

    pub fn args(&self, inst: InstId) -> &[ValueId] {
        let l = self.insts[inst].args;
        &self.pool[l.start as usize..(l.start + l.len) as usize]
    }

    pub fn args_mut(&mut self, inst: InstId) -> &mut [ValueId] {
        let l = self.insts[inst].args;
        &mut self.pool[l.start as usize..(l.start + l.len) as usize]
    }

    pub fn results(&self, inst: InstId) -> impl ExactSizeIterator<Item = ValueId> + DoubleEndedIterator + use<> {
        let i = self.insts[inst];
        (i.first_result..i.first_result + u32::from(i.result_count)).map(ValueId)
    }

    /// The only result.
    pub fn result(&self, inst: InstId) -> ValueId {
        debug_assert_eq!(self.insts[inst].result_count, 1);
        ValueId(self.insts[inst].first_result)
    }

    pub fn edges(&self, inst: InstId) -> &[Edge] {
        let i = self.insts[inst];
        &self.edges[i.edge_start as usize..i.edge_start as usize + i.edge_count as usize]
    }

    pub fn edge_args(&self, edge: Edge) -> &[ValueId] {
        &self.pool[edge.args.start as usize..(edge.args.start + edge.args.len) as usize]
    }

    pub fn edge_args_mut(&mut self, inst: InstId, index: usize) -> &mut [ValueId] {
        let e = self.edges[self.insts[inst].edge_start as usize + index].args;
        &mut self.pool[e.start as usize..(e.start + e.len) as usize]
    }

    /// Replaces target and values of one edge.
    pub fn set_edge(&mut self, inst: InstId, index: usize, block: BlockId, values: &[ValueId]) {
        let args = self.list(values);
        let at = self.insts[inst].edge_start as usize + index;
        self.edges[at] = Edge { block, args };
    }

    /// Gives an instruction that has no edges one edge.
    pub fn add_edge(&mut self, inst: InstId, block: BlockId, values: &[ValueId]) {
        debug_assert_eq!(self.insts[inst].edge_count, 0);
        let args = self.list(values);
        let at = self.edges.len() as u32;
        self.edges.push(Edge { block, args });
        self.insts[inst].edge_start = at;
        self.insts[inst].edge_count = 1;
    }

    /// Makes an instruction another one with the same results and edges.
    pub fn rewrite(&mut self, inst: InstId, op: Op, args: &[ValueId], imm: u64) {
        let args = self.list(args);
        let data = &mut self.insts[inst];
        (data.op, data.args, data.imm) = (op, args, imm);
    }

    /// Makes a branch a jump along one of its edges.
    pub fn keep_edge(&mut self, inst: InstId, index: usize) {
        let data = &mut self.insts[inst];
        debug_assert!(index < usize::from(data.edge_count));
        data.edge_start += index as u32;
        data.edge_count = 1;
        data.op = Op::Jump;
        data.imm = 0;
        data.args.len = 0;
    }

    /// Exchanges the two edges of a branch.
    pub fn swap_edges(&mut self, inst: InstId) {
        let at = self.insts[inst].edge_start as usize;
        self.edges.swap(at, at + 1);
    }

    /// Keeps the values of an edge for which the test holds, by position.
    pub fn retain_edge_args(&mut self, inst: InstId, index: usize, keep: impl Fn(usize) -> bool) {
        let at = self.insts[inst].edge_start as usize + index;
        let ValueList { start, len } = self.edges[at].args;
        let mut kept = 0;
        for i in (0..len as usize).filter(|&i| keep(i)) {
            self.pool[start as usize + kept] = self.pool[start as usize + i];
            kept += 1;
        }
        self.edges[at].args.len = kept as u32;
    }

    /// Takes parameters away from a block, and nothing from the edges that lead there.
    pub fn retain_params(&mut self, block: BlockId, keep: impl Fn(usize) -> bool) {
        let mut params = std::mem::take(&mut self.blocks[block].params);
        let mut position = 0;
        params.retain(|_| {
            position += 1;
            keep(position - 1)
        });
        for (i, &v) in params.iter().enumerate() {
            self.values[v].def = ValueDef::Param(block, i as u32);
        }
        self.blocks[block].params = params;
    }

    /// Takes all edges of an instruction away.
    pub fn clear_edges(&mut self, inst: InstId) {
        self.insts[inst].edge_count = 0;
    }

    /// Appends a value to an edge (a parameter was added to its target).
    pub fn push_edge_arg(&mut self, inst: InstId, index: usize, value: ValueId) {
        let at = self.insts[inst].edge_start as usize + index;
        let mut values = self.edge_args(self.edges[at]).to_vec();
        values.push(value);
        let args = self.list(&values);
        self.edges[at].args = args;
    }

    pub fn ty(&self, v: ValueId) -> Type {
        self.values[v].ty
    }

    pub fn terminator(&self, block: BlockId) -> Option<InstId> {
        let last = *self.blocks[block].insts.last()?;
        self.insts[last].op.info().is_terminator().then_some(last)
    }

    /// Edges leaving a block: `(instruction, edge index, target)`.
    pub fn successors(&self, block: BlockId) -> impl Iterator<Item = (InstId, usize, BlockId)> + Clone + '_ {
        let insts = &self.blocks[block].insts;
        let from = insts.len().saturating_sub(2);
        insts[from..].iter().flat_map(move |&i| self.edges(i).iter().enumerate().map(move |(n, e)| (i, n, e.block)))
    }
}

/// Two 32-bit halves of an immediate.
pub fn imm_pair(low: u32, high: u32) -> u64 {
    u64::from(low) | (u64::from(high) << 32)
}

/// Low and high half of an immediate.
pub fn imm_halves(imm: u64) -> (u32, u32) {
    (imm as u32, (imm >> 32) as u32)
}

impl Inst {
    pub fn imm_kind(&self) -> ImmKind {
        self.op.info().imm
    }
}
