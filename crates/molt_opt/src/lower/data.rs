//! Static data of a program: constant objects, code and module descriptors, inline caches and the root that the
//! runtime starts from. Layouts are those of `molt_abi::layout`.

use std::collections::HashMap;

use molt_abi::layout::Position;
use molt_abi::{ClassId, Header, RtFn, Word};
use molt_base::{EntityId, Symbol};
use molt_ir::{Const, ConstId, DataId, DataItem, FuncId, GlobalId, Program, Reloc, RelocTarget};

/// How a constant is written into code or data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstRef {
    /// The word itself.
    Word(u64),
    /// Address of a static object.
    Object(DataId),
    /// Made at start-up; its word is in this global slot.
    Lazy(u32),
}

/// A constant that the runtime makes at start-up because its layout is private to it.
struct LazyConst {
    kind: u32,
    bytes: Vec<u8>,
}

const LAZY_INT: u32 = molt_abi::layout::LazyConst::INT;
const LAZY_COMPLEX: u32 = molt_abi::layout::LazyConst::COMPLEX;
const LAZY_TUPLE: u32 = molt_abi::layout::LazyConst::TUPLE;
const LAZY_BUILTIN: u32 = molt_abi::layout::LazyConst::BUILTIN;

/// Emits static data and remembers what was emitted.
#[derive(Default)]
pub struct Statics {
    consts: HashMap<ConstId, ConstRef>,
    codes: HashMap<FuncId, DataId>,
    strings: Vec<DataId>,
    modules: HashMap<u32, DataId>,
    lazies: Vec<LazyConst>,
    positions: HashMap<FuncId, Vec<Position>>,
    global_slots: Vec<u32>,
    builtins: HashMap<Symbol, u32>,
    /// ClaudeLang's symbols and keywords.
    symbols: Vec<DataId>,
    operations: HashMap<usize, DataId>,
    claude: Option<DataId>,
}

/// Bytes under construction.
#[derive(Default)]
pub struct Bytes {
    bytes: Vec<u8>,
    relocs: Vec<Reloc>,
}

impl Bytes {
    fn u32(&mut self, v: u32) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    fn u64(&mut self, v: u64) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    fn address(&mut self, target: RelocTarget) {
        self.relocs.push(Reloc { offset: self.bytes.len() as u32, target, addend: 0 });
        self.u64(0);
    }
    fn opt_data(&mut self, data: Option<DataId>) {
        match data {
            Some(d) => self.address(RelocTarget::Data(d)),
            None => self.u64(0),
        }
    }
    fn header(&mut self, class: ClassId) {
        self.u32(Header::IMMORTAL as u32);
        self.u32(class.0);
    }
    fn word(&mut self, r: ConstRef) {
        match r {
            ConstRef::Word(w) => self.u64(w),
            ConstRef::Object(d) => self.address(RelocTarget::Data(d)),
            // Only the start-up tuple maker reads these; see `lazy_marker`.
            ConstRef::Lazy(slot) => self.u64(lazy_marker(slot)),
        }
    }
    fn finish(self, program: &mut Program, name: String) -> DataId {
        program.data.push(DataItem { name, bytes: self.bytes, align: 16, relocs: self.relocs })
    }
}

/// Word that stands for the start-up constant in `slot` inside the items of a start-up tuple: a reserved constant
/// that no program value has.
fn lazy_marker(slot: u32) -> u64 {
    (1 << 35) | (u64::from(slot) << 3) | 4
}

impl Statics {
    /// Numbers the globals so that those of a module stand in a row.
    pub fn new(p: &Program) -> Statics {
        let mut order: Vec<GlobalId> = p.globals.ids().collect();
        order.sort_by_key(|&g| (p.globals[g].module, g));
        let mut global_slots = vec![0; order.len()];
        for (slot, g) in order.into_iter().enumerate() {
            global_slots[g.index()] = slot as u32;
        }
        Statics { global_slots, ..Statics::default() }
    }

    /// Slot of a module variable in the isolate's table.
    pub fn global_slot(&self, g: GlobalId) -> u32 {
        self.global_slots[g.index()]
    }

    /// Where a constant lives; emits it on first use.
    pub fn constant(&mut self, p: &mut Program, id: ConstId) -> ConstRef {
        if let Some(&r) = self.consts.get(&id) {
            return r;
        }
        let r = self.emit_constant(p, id);
        self.consts.insert(id, r);
        r
    }

    fn emit_constant(&mut self, p: &mut Program, id: ConstId) -> ConstRef {
        match p.consts[id].clone() {
            Const::None => ConstRef::Word(Word::NONE.0),
            Const::True => ConstRef::Word(Word::TRUE.0),
            Const::False => ConstRef::Word(Word::FALSE.0),
            Const::Ellipsis => ConstRef::Word(Word::ELLIPSIS.0),
            Const::NotImplemented => ConstRef::Word(Word::NOT_IMPLEMENTED.0),
            Const::Int(v) => match Word::try_small(v) {
                Some(w) => ConstRef::Word(w.0),
                None => self.lazy(p, LAZY_INT, v.to_string().into_bytes()),
            },
            Const::BigInt(digits) => self.lazy(p, LAZY_INT, digits.as_bytes().to_vec()),
            Const::Complex(re, im) => {
                let bytes = [re.to_le_bytes(), im.to_le_bytes()].concat();
                self.lazy(p, LAZY_COMPLEX, bytes)
            }
            Const::Float(bits) => match Word::try_flonum(f64::from_bits(bits)) {
                Some(w) => ConstRef::Word(w.0),
                None => {
                    let mut b = Bytes::default();
                    b.header(ClassId::FLOAT);
                    b.u64(bits);
                    ConstRef::Object(b.finish(p, format!("float.{}", id.0)))
                }
            },
            Const::Str(text) => {
                let d = self.emit_str(p, &text, id.0);
                self.strings.push(d);
                ConstRef::Object(d)
            }
            Const::Bytes(bytes) => {
                let mut b = Bytes::default();
                b.header(ClassId::BYTES);
                b.u64(u64::MAX);
                b.u64(bytes.len() as u64);
                b.bytes.extend_from_slice(&bytes);
                b.bytes.push(0);
                ConstRef::Object(b.finish(p, format!("bytes.{}", id.0)))
            }
            Const::Tuple(items) => self.emit_tuple(p, &items, id.0),
            Const::Symbol(name) => self.emit_symbol(p, ClassId::SYMBOL, &name, id.0),
            Const::Keyword(name) => self.emit_symbol(p, ClassId::KEYWORD, &name, id.0),
        }
    }

    /// A symbol or keyword of ClaudeLang; the runtime is told of it at the start.
    fn emit_symbol(&mut self, p: &mut Program, class: ClassId, name: &str, n: u32) -> ConstRef {
        let name = p.const_str(name);
        let name = self.constant(p, name);
        let mut b = Bytes::default();
        b.header(class);
        b.word(name);
        let d = b.finish(p, format!("symbol.{n}"));
        self.symbols.push(d);
        ConstRef::Object(d)
    }

    /// The descriptor of what ClaudeLang's runtime must know, filled by [`Statics::finish`].
    pub fn claude(&mut self, p: &mut Program) -> DataId {
        *self.claude.get_or_insert_with(|| Bytes::default().finish(p, "claude".into()))
    }

    /// The descriptor of an operation.
    pub fn operation(&mut self, p: &mut Program, index: usize) -> DataId {
        if let Some(&d) = self.operations.get(&index) {
            return d;
        }
        let op = p.operations[index].clone();
        let (effect, name) = (self.symbol(p, op.effect), self.symbol(p, op.name));
        let mut b = Bytes::default();
        b.address(RelocTarget::Data(effect));
        b.address(RelocTarget::Data(name));
        match op.default {
            Some(f) => b.address(RelocTarget::Rt(f)),
            None => b.u64(0),
        }
        b.u64(u64::from(op.is_never));
        // Nothing answered it yet.
        b.bytes.resize(molt_abi::layout::OP_PROCEDURE as usize + 8, 0);
        let d = b.finish(p, format!("operation.{index}"));
        self.operations.insert(index, d);
        d
    }

    fn write_claude(&mut self, p: &mut Program, at: DataId) {
        let mut symbols = Bytes::default();
        for &s in &self.symbols {
            symbols.address(RelocTarget::Data(s));
        }
        let count = self.symbols.len() as u64;
        let symbols = symbols.finish(p, "symbols".into());
        let mut ctors = Bytes::default();
        let sites: Vec<_> =
            p.classes.iter().filter(|(_, c)| c.is_constructor).map(|(id, c)| (id, c.name, c.slots.len())).collect();
        for &(id, name, arity) in &sites {
            let name = self.symbol(p, name);
            ctors.address(RelocTarget::Data(name));
            ctors.u32(ClassId::FIRST_SITE + id.0);
            ctors.u32(arity as u32);
        }
        let ctors = ctors.finish(p, "constructors".into());
        for i in 0..p.operations.len() {
            self.operation(p, i);
        }
        let mut listed: Vec<(usize, DataId)> = self.operations.iter().map(|(&i, &d)| (i, d)).collect();
        listed.sort();
        let op_count = listed.len() as u64;
        let mut ops = Bytes::default();
        listed.iter().for_each(|&(_, d)| ops.address(RelocTarget::Data(d)));
        let ops = ops.finish(p, "operations".into());
        let mut b = Bytes::default();
        b.address(RelocTarget::Data(symbols));
        b.u64(count);
        b.address(RelocTarget::Data(ctors));
        b.u64(sites.len() as u64);
        b.address(RelocTarget::Data(ops));
        b.u64(op_count);
        p.data[at].bytes = b.bytes;
        p.data[at].relocs = b.relocs;
    }

    fn lazy(&mut self, p: &mut Program, kind: u32, bytes: Vec<u8>) -> ConstRef {
        self.lazies.push(LazyConst { kind, bytes });
        ConstRef::Lazy(p.globals.len() as u32 + self.lazies.len() as u32 - 1)
    }

    /// Global slot that holds a builtin from the start on.
    pub fn builtin(&mut self, p: &mut Program, name: Symbol) -> u32 {
        if let Some(&slot) = self.builtins.get(&name) {
            return slot;
        }
        let text = p.names.text(name).as_bytes().to_vec();
        let ConstRef::Lazy(slot) = self.lazy(p, LAZY_BUILTIN, text) else { unreachable!("made at start-up") };
        self.builtins.insert(name, slot);
        slot
    }

    fn emit_str(&mut self, p: &mut Program, text: &[u8], n: u32) -> DataId {
        let chars = text.iter().filter(|&&b| b & 0xc0 != 0x80).count();
        let mut b = Bytes::default();
        b.header(ClassId::STR);
        b.u64(u64::MAX);
        b.u64(text.len() as u64);
        b.u64(chars as u64);
        b.bytes.extend_from_slice(text);
        b.bytes.push(0);
        b.finish(p, format!("str.{n}"))
    }

    fn emit_tuple(&mut self, p: &mut Program, items: &[ConstId], n: u32) -> ConstRef {
        let refs: Vec<ConstRef> = items.iter().map(|&i| self.constant(p, i)).collect();
        let lazy = refs.iter().any(|r| matches!(r, ConstRef::Lazy(_)));
        let mut b = Bytes::default();
        if !lazy {
            b.header(ClassId::TUPLE);
            b.u64(items.len() as u64);
        }
        for &r in &refs {
            b.word(r);
        }
        if lazy {
            let items_data = b.finish(p, format!("tuple.{n}"));
            let pointer = items_data.0.to_le_bytes().to_vec();
            let mut bytes = pointer;
            bytes.extend_from_slice(&(items.len() as u32).to_le_bytes());
            return self.lazy(p, LAZY_TUPLE, bytes);
        }
        ConstRef::Object(b.finish(p, format!("tuple.{n}")))
    }

    /// Static string of a symbol.
    pub fn symbol(&mut self, p: &mut Program, s: Symbol) -> DataId {
        let id = p.const_symbol(s);
        match self.constant(p, id) {
            ConstRef::Object(d) => d,
            other => unreachable!("strings are objects, not {other:?}"),
        }
    }

    /// A word holding the address of a native module's descriptor.
    pub fn native_module(&mut self, p: &mut Program, index: u32) -> DataId {
        *self.modules.entry(index).or_insert_with(|| {
            let mut b = Bytes::default();
            b.address(RelocTarget::NativeModule(index));
            b.finish(p, format!("module.{index}"))
        })
    }

    /// A fresh inline cache.
    pub fn cache(&mut self, p: &mut Program) -> DataId {
        let mut b = Bytes::default();
        b.u32(u32::MAX);
        b.bytes.resize(molt_abi::layout::CACHE_SIZE, 0);
        b.finish(p, format!("cache.{}", p.data.len()))
    }

    /// The code descriptor of a function, filled by [`Statics::finish`].
    pub fn code(&mut self, p: &mut Program, f: FuncId) -> DataId {
        *self.codes.entry(f).or_insert_with(|| Bytes::default().finish(p, format!("code.{}", f.0)))
    }

    /// Index of a position in the function's own table.
    pub fn position(&mut self, f: FuncId, position: Position) -> u32 {
        let table = self.positions.entry(f).or_default();
        if let Some(i) = table.iter().rposition(|&q| q == position) {
            return i as u32;
        }
        table.push(position);
        table.len() as u32 - 1
    }

    fn words(&mut self, p: &mut Program, name: String, symbols: &[Symbol]) -> Option<DataId> {
        if symbols.is_empty() {
            return None;
        }
        let mut b = Bytes::default();
        for &s in symbols {
            let d = self.symbol(p, s);
            b.address(RelocTarget::Data(d));
        }
        Some(b.finish(p, name))
    }

    /// Writes descriptors and root. `entries` are the generic entries of functions; functions without one (module
    /// bodies, resume functions) are never called through their descriptor.
    pub fn finish(mut self, p: &mut Program, entries: &HashMap<FuncId, FuncId>) {
        let mut codes: Vec<(FuncId, DataId)> = self.codes.iter().map(|(&f, &d)| (f, d)).collect();
        codes.sort();
        for (f, d) in codes {
            self.write_code(p, f, d, entries.get(&f).copied());
        }
        if let Some(at) = self.claude {
            self.write_claude(p, at);
        }
        let modules = self.module_table(p);
        let sites = self.class_table(p);
        self.root(p, modules, sites);
    }

    fn write_code(&mut self, p: &mut Program, f: FuncId, at: DataId, entry: Option<FuncId>) {
        let func = &p.funcs[f];
        let info = func.code.clone().unwrap_or_default();
        let (name, qualname, module) = (func.name, func.qualname, func.module);
        let name = self.symbol(p, name);
        let qualname = self.symbol(p, qualname);
        let filename = p.modules[module].filename;
        let filename = self.symbol(p, filename);
        let doc = info.doc.map_or(ConstRef::Word(Word::NONE.0), |d| self.constant(p, d));
        let definition = info.definition.map_or(ConstRef::Word(Word::NONE.0), |d| self.constant(p, d));
        let vars = self.words(p, format!("vars.{}", f.0), &info.var_names);
        let frees = self.words(p, format!("frees.{}", f.0), &info.free_names);
        let table = self.positions.remove(&f).unwrap_or_default();
        let positions = (!table.is_empty()).then(|| {
            let mut b = Bytes::default();
            for q in &table {
                for v in [
                    q.line,
                    q.col,
                    q.end_line,
                    q.end_col,
                    q.anchor_line,
                    q.anchor_col,
                    q.anchor_end_line,
                    q.anchor_end_col,
                ] {
                    b.u32(v);
                }
            }
            b.finish(p, format!("positions.{}", f.0))
        });
        let mut b = Bytes::default();
        match entry {
            Some(e) => b.address(RelocTarget::Func(e)),
            None => b.u64(0),
        }
        b.address(RelocTarget::Data(name));
        b.address(RelocTarget::Data(qualname));
        b.address(RelocTarget::Data(filename));
        b.word(doc);
        b.word(definition);
        b.opt_data(vars);
        b.opt_data(frees);
        b.opt_data(positions);
        b.u32(table.len() as u32);
        b.u32(info.var_names.len() as u32);
        b.u32(info.free_names.len() as u32);
        b.u32(info.arg_count);
        b.u32(info.posonly_count);
        b.u32(info.kwonly_count);
        use molt_abi::layout::CodeDesc;
        let mut flags = 0;
        if info.has_varargs {
            flags |= CodeDesc::VARARGS;
        }
        if info.has_varkeywords {
            flags |= CodeDesc::VARKEYWORDS;
        }
        if info.claude {
            flags |= CodeDesc::CLAUDE;
        }
        if info.is_generator {
            flags |= CodeDesc::GENERATOR;
        }
        b.u32(flags);
        b.u32(info.first_line);
        b.u32(module.0);
        b.u32(info.optional);
        p.data[at].bytes = b.bytes;
        p.data[at].relocs = b.relocs;
    }

    fn module_table(&mut self, p: &mut Program) -> DataId {
        let mut b = Bytes::default();
        for id in p.modules.ids() {
            let m = p.modules[id].clone();
            let mut globals: Vec<(u32, Symbol)> = p
                .globals
                .iter()
                .filter(|(_, g)| g.module == id)
                .map(|(g, d)| (self.global_slots[g.index()], d.name))
                .collect();
            globals.sort();
            let first = globals.first().map_or(0, |g| g.0);
            let symbols: Vec<Symbol> = globals.iter().map(|g| g.1).collect();
            let names = self.words(p, format!("globals.{}", id.0), &symbols);
            let name = self.symbol(p, m.name);
            let filename = self.symbol(p, m.filename);
            let doc = if m.doc == ConstId::NONE { ConstRef::Word(Word::NONE.0) } else { self.constant(p, m.doc) };
            match m.body {
                Some(body) => b.address(RelocTarget::Func(body)),
                None => {
                    assert!(p.is_continued, "every module has a body");
                    b.u64(0);
                }
            }
            b.address(RelocTarget::Data(name));
            b.address(RelocTarget::Data(filename));
            b.word(doc);
            b.opt_data(names);
            b.u32(first);
            b.u32(symbols.len() as u32);
            b.u32(u32::from(m.is_package));
            b.u32(0);
        }
        b.finish(p, "modules".into())
    }

    fn class_table(&mut self, p: &mut Program) -> Option<DataId> {
        if p.classes.is_empty() {
            return None;
        }
        let mut b = Bytes::default();
        for id in p.classes.ids() {
            let slots = p.classes[id].slots.clone();
            let names = self.words(p, format!("slots.{}", id.0), &slots);
            b.opt_data(names);
            b.u32(slots.len() as u32);
            b.u32(0);
        }
        Some(b.finish(p, "class_sites".into()))
    }

    fn root(&mut self, p: &mut Program, modules: DataId, sites: Option<DataId>) {
        let lazies = std::mem::take(&mut self.lazies);
        let lazy_count = lazies.len() as u64;
        let mut table = Bytes::default();
        for (i, l) in lazies.into_iter().enumerate() {
            table.u32(l.kind);
            if l.kind == LAZY_TUPLE {
                let data = DataId(u32::from_le_bytes(l.bytes[..4].try_into().expect("four bytes")));
                table.bytes.extend_from_slice(&l.bytes[4..8]);
                table.address(RelocTarget::Data(data));
            } else {
                table.u32(l.bytes.len() as u32);
                let data = Bytes { bytes: l.bytes, relocs: Vec::new() }.finish(p, format!("lazy.{i}"));
                table.address(RelocTarget::Data(data));
            }
        }
        let lazy_table = (lazy_count > 0).then(|| table.finish(p, "lazies".into()));
        let mut strings = Bytes::default();
        for &s in &self.strings {
            strings.address(RelocTarget::Data(s));
        }
        let string_table = strings.finish(p, "strings".into());
        let mut b = Bytes::default();
        b.address(RelocTarget::Data(modules));
        b.u32(p.modules.len() as u32);
        b.u32(p.entry_module.map_or(0, |m| m.0));
        b.u32(p.globals.len() as u32);
        b.u32(p.classes.len() as u32);
        b.opt_data(sites);
        b.address(RelocTarget::Data(string_table));
        b.u64(self.strings.len() as u64);
        b.opt_data(lazy_table);
        b.u64(lazy_count);
        match p.grok {
            Some(_) => b.address(RelocTarget::Rt(RtFn::GrokAttach)),
            None => b.u64(0),
        }
        b.opt_data(p.grok);
        let root = b.finish(p, "molt_program".into());
        p.root = Some(root);
    }
}
