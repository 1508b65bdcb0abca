//! Static data in memory, with addresses filled in. The address of a function is that of its stub.

use molt_base::EntityId;
use molt_ir::{DataId, FuncId, Op, Program, RelocTarget};

use crate::stubs::{self, Stubs};
use crate::{Full, Imports};

/// The data of a program. Items never move once made.
pub struct Image {
    items: Vec<Box<[u64]>>,
    root: Option<DataId>,
    /// Functions whose address is taken, in the order of their stubs.
    taken: Vec<FuncId>,
    /// Place of each function among them, if it is one.
    stub_of: Vec<Option<u32>>,
    stubs: Stubs,
}

impl Image {
    pub fn new(program: &Program, imports: &dyn Imports) -> Result<Image, Full> {
        let items: Vec<Box<[u64]>> = program
            .data
            .iter()
            .map(|(_, d)| {
                let mut words = vec![0u64; d.bytes.len().div_ceil(8).max(1)];
                for (i, chunk) in d.bytes.chunks(8).enumerate() {
                    let mut bytes = [0u8; 8];
                    bytes[..chunk.len()].copy_from_slice(chunk);
                    words[i] = u64::from_le_bytes(bytes);
                }
                words.into_boxed_slice()
            })
            .collect();
        let (taken, stub_of) = number_stubs(program);
        let stubs = Stubs::take(taken.len()).ok_or(Full)?;
        let mut image = Image { items, root: program.root, taken, stub_of, stubs };
        image.relocate(program, imports);
        Ok(image)
    }

    fn relocate(&mut self, program: &Program, imports: &dyn Imports) {
        for (id, item) in program.data.iter() {
            for r in &item.relocs {
                debug_assert_eq!(r.offset % 8, 0, "addresses are aligned");
                let value = match r.target {
                    RelocTarget::Data(d) => self.data_address(d) as u64 + r.addend as u64,
                    RelocTarget::Func(f) => self.function_address(f),
                    RelocTarget::Rt(f) => imports.runtime(f) as u64,
                    RelocTarget::NativeModule(n) => imports.native_module(n) as u64,
                };
                self.items[id.index()][r.offset as usize / 8] = value;
            }
        }
    }

    pub fn data_address(&self, d: DataId) -> *const u8 {
        self.items[d.index()].as_ptr().cast()
    }

    /// Functions whose address is taken, in the order of their stubs.
    pub fn taken(&self) -> &[FuncId] {
        &self.taken
    }

    pub fn stubs(&self) -> &Stubs {
        &self.stubs
    }

    /// Address of a function of which `func.addr` or an address in the data speaks.
    pub fn function_address(&self, f: FuncId) -> u64 {
        let stub = self.stub_of[f.index()].expect("all addresses of functions were numbered");
        stubs::address(self.stubs.first + stub as usize) as u64
    }

    pub fn root(&self) -> *const u8 {
        self.root.map_or(std::ptr::null(), |d| self.data_address(d))
    }
}

/// Functions whose address is taken, and the place of each function among them.
fn number_stubs(program: &Program) -> (Vec<FuncId>, Vec<Option<u32>>) {
    let (mut taken, mut stub_of) = (Vec::new(), vec![None; program.funcs.len()]);
    let in_code = program.funcs.iter().flat_map(|(_, f)| {
        let insts = f.layout.iter().flat_map(|&b| &f.blocks[b].insts).map(|&i| f.insts[i]);
        insts.filter(|i| i.op == Op::FuncAddr).map(|i| FuncId(i.imm as u32))
    });
    let in_data = program.data.iter().flat_map(|(_, d)| &d.relocs).filter_map(|r| match r.target {
        RelocTarget::Func(f) => Some(f),
        RelocTarget::Data(_) | RelocTarget::Rt(_) | RelocTarget::NativeModule(_) => None,
    });
    for f in in_code.chain(in_data) {
        let stub: &mut Option<u32> = &mut stub_of[f.index()];
        if stub.is_none() {
            *stub = Some(taken.len() as u32);
            taken.push(f);
        }
    }
    (taken, stub_of)
}
