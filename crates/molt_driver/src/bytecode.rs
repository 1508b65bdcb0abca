//! Compiled programs as files: machine-level code that any engine takes up again.
//!
//! ```text
//!  0  "CLBC"
//!  4  version of this format, little-endian
//!  8  what the code was made for: BLAKE3 of the runtime's function table and the toolchain's version
//! 40  BLAKE3 of the rest
//! 72  the program in the canonical text form of the IR
//! ```
//!
//! The text has the constants and descriptors as data, the functions, and the positions of lines in both. A file is read
//! whole and checked before anything of it runs: that it is complete, that it was made for this runtime, that every
//! function is well-formed and that all numbers name something. It is code nonetheless, and can do what a program can.

use std::path::Path;

use molt_abi::layout::ProgramDesc;
use molt_abi::modules::NATIVE_MODULES;
use molt_abi::runtime::{RT_ALL, RtFn};
use molt_base::EntityId;
use molt_ir::verify::{Stage, verify_calls, verify_function};
use molt_ir::{ImmKind, Module, Program, RelocTarget, parse, print};

const MAGIC: &[u8; 4] = b"CLBC";

/// How the names of compiled programs end.
pub const EXTENSION: &str = "clbc";

/// Version of the format.
pub const FORMAT: u32 = 1;

const HEADER: usize = 72;

/// Whether a file is a compiled program, by its name.
pub fn is_compiled(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == EXTENSION)
}

/// Why a file is no program that runs here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    #[error("it does not begin as a compiled program does")]
    Foreign,
    #[error("it is of version {0} of the format, and this is version {FORMAT}")]
    Format(u32),
    #[error("it was compiled for another version of Molt; compile it again")]
    Toolchain,
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// A lowered program as a file.
pub fn write(program: &Program) -> Vec<u8> {
    let text = print::program(&needed(program));
    let mut file = Vec::with_capacity(HEADER + text.len());
    file.extend(MAGIC);
    file.extend(FORMAT.to_le_bytes());
    file.extend(toolchain());
    file.extend(blake3::hash(text.as_bytes()).as_bytes());
    file.extend(text.into_bytes());
    file
}

/// What runs of a lowered program: its functions and data, and the names that listings show.
fn needed(program: &Program) -> Program {
    let mut made = Program::new();
    for (_, m) in program.modules.iter() {
        let name = made.names.intern(program.names.text(m.name));
        let filename = made.names.intern(program.names.text(m.filename));
        made.modules.push(Module { name, filename, ..m.clone() });
    }
    for (_, f) in program.funcs.iter() {
        let name = made.names.intern(program.names.text(f.name));
        let qualname = made.names.intern(program.names.text(f.qualname));
        let mut f = f.clone();
        (f.name, f.qualname) = (name, qualname);
        made.funcs.push(f);
    }
    made.data = program.data.clone();
    made.root = program.root;
    made
}

/// The program of a file.
pub fn read(file: &[u8]) -> Result<Program, Fault> {
    let damaged = |why: &str| Fault::Damaged(why.to_owned());
    if !file.starts_with(MAGIC) {
        return Err(Fault::Foreign);
    }
    let (header, text) = file.split_at_checked(HEADER).ok_or_else(|| damaged("it ends in its head"))?;
    let format = u32::from_le_bytes(header[4..8].try_into().expect("these are four bytes"));
    if format != FORMAT {
        return Err(Fault::Format(format));
    }
    if header[8..40] != toolchain() {
        return Err(Fault::Toolchain);
    }
    if header[40..] != *blake3::hash(text).as_bytes() {
        return Err(damaged("its content is not what was written"));
    }
    let text = std::str::from_utf8(text).map_err(|e| Fault::Damaged(e.to_string()))?;
    let program = parse::program(text).map_err(Fault::Damaged)?;
    check(&program).map_err(Fault::Damaged)?;
    Ok(program)
}

/// What code that is made here can run with.
fn toolchain() -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    hash.update(&(size_of::<ProgramDesc>() as u64).to_le_bytes());
    for f in RT_ALL.iter().map(|f| f.sig()) {
        hash.update(format!("{f:?}").as_bytes());
    }
    *hash.finalize().as_bytes()
}

/// That everything is well-formed and that all numbers name something.
fn check(program: &Program) -> Result<(), String> {
    for (id, f) in program.funcs.iter() {
        let named = |e: String| format!("@{}: {e}", id.index());
        verify_function(f, Stage::Machine).map_err(named)?;
        verify_calls(program, f).map_err(named)?;
        for inst in f.layout.iter().flat_map(|&b| &f.blocks[b].insts).map(|&i| &f.insts[i]) {
            let is_known = match inst.op.info().imm {
                ImmKind::Data => (inst.imm as usize) < program.data.len(),
                ImmKind::Func => (inst.imm as usize) < program.funcs.len(),
                ImmKind::Slot => (inst.imm as usize) < f.stack_slots.len(),
                ImmKind::Rt => RtFn::from_index(inst.imm as u16).is_some(),
                _ => true,
            };
            if !is_known {
                return Err(named(format!("{} names nothing", inst.op.info().name)));
            }
        }
    }
    for (id, item) in program.data.iter() {
        for r in &item.relocs {
            let is_inside = r.offset % 8 == 0 && r.offset as usize + 8 <= item.bytes.len();
            let is_known = match r.target {
                RelocTarget::Data(d) => program.data.get(d).is_some(),
                RelocTarget::Func(f) => program.funcs.get(f).is_some(),
                RelocTarget::Rt(_) => true,
                RelocTarget::NativeModule(n) => NATIVE_MODULES.len() > n as usize,
            };
            if !is_inside || !is_known {
                return Err(format!("{id}: an address names nothing"));
            }
        }
    }
    let root = program.root.and_then(|r| program.data.get(r)).ok_or("there is no root")?;
    if root.bytes.len() < size_of::<ProgramDesc>() { Err("its root is too short".into()) } else { Ok(()) }
}
