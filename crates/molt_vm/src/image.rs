//! Static data in memory, with addresses filled in. Addresses of functions become trampolines of the shape that the
//! holding descriptor asks for.

use molt_base::EntityId;
use molt_ir::{DataId, FuncId, Program, RelocTarget};

use crate::{Imports, body_trampoline, entry_trampoline, resume_trampoline};

/// Which descriptor a function address stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Generic entry of a code descriptor.
    Entry,
    /// Body of a module descriptor.
    Body,
}

/// The data of a program. Items never move once made.
pub struct Image {
    items: Vec<Box<[u64]>>,
    root: Option<DataId>,
    functions: Vec<(FuncId, usize, Field)>,
}

impl Image {
    pub fn new(program: &Program, imports: &dyn Imports) -> Image {
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
        let mut image = Image { items, root: program.root, functions: Vec::new() };
        image.relocate(program, imports);
        image
    }

    fn relocate(&mut self, program: &Program, imports: &dyn Imports) {
        let bodies: Vec<FuncId> = program.modules.iter().filter_map(|(_, m)| m.body).collect();
        for (id, item) in program.data.iter() {
            for r in &item.relocs {
                let word = r.offset as usize / 8;
                debug_assert_eq!(r.offset % 8, 0, "addresses are aligned");
                let place = self.data_address(id) as usize + r.offset as usize;
                let value = match r.target {
                    RelocTarget::Data(d) => self.data_address(d) as u64 + r.addend as u64,
                    RelocTarget::Func(f) if bodies.contains(&f) => {
                        self.functions.push((f, place, Field::Body));
                        body_trampoline as *const () as u64
                    }
                    RelocTarget::Func(f) => {
                        self.functions.push((f, place, Field::Entry));
                        entry_trampoline as *const () as u64
                    }
                    RelocTarget::Rt(f) => imports.runtime(f) as u64,
                    RelocTarget::NativeModule(n) => imports.native_module(n) as u64,
                };
                self.items[id.index()][word] = value;
            }
        }
    }

    /// Functions whose address stands in a descriptor, with the descriptor's address: the function field is its first.
    pub fn function_fields(&self) -> Vec<(FuncId, usize)> {
        self.functions.iter().map(|&(f, place, _)| (f, place)).collect()
    }

    pub fn kind_of(&self, place: usize) -> Field {
        self.functions.iter().find(|f| f.1 == place).map_or(Field::Entry, |f| f.2)
    }

    pub fn data_address(&self, d: DataId) -> *const u8 {
        self.items[d.index()].as_ptr().cast()
    }

    /// Address that interpreted code sees for a function: only resume functions are taken by address.
    pub fn function_address(&self) -> u64 {
        resume_trampoline as *const () as u64
    }

    pub fn root(&self) -> *const u8 {
        self.root.map_or(std::ptr::null(), |d| self.data_address(d))
    }
}
