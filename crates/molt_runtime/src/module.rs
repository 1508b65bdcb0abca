//! Modules: program modules over the isolate's global slots, native modules, and imports by name.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::{ModuleDesc, NativeModuleDesc, ProgramDesc};
use molt_abi::{ClassId, Word};

use crate::api::{str_bytes, str_text};
use crate::function::from_ret;
use crate::isolate::AddressMap;
use crate::layouts::ModuleObj;
use crate::names::Name;
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult, Raised, exc};

/// Variables that [`Isolate::keep_globals_in_place`] makes room for.
const MOST_KEPT: usize = 1 << 16;

/// Module objects of the isolate.
#[derive(Default)]
pub(crate) struct Modules {
    /// By index in the program.
    pub program: Vec<Owned>,
    /// Native modules by the address of their descriptor.
    pub native: AddressMap<usize, Owned>,
    /// `sys.modules`.
    pub table: Option<Owned>,
    pub builtins: Option<Owned>,
}

fn module_obj(w: Word) -> Place<ModuleObj> {
    // SAFETY: callers checked the layout.
    unsafe { Place::new(w.as_ptr().cast()) }
}

impl Isolate {
    pub(crate) fn start_modules(&mut self, program: Option<&'static ProgramDesc>) {
        let table = self.new_dict();
        self.modules.table = Some(table);
        let Some(p) = program else { return };
        self.globals = vec![Word::UNBOUND; (p.global_count as u64 + p.lazy_count) as usize];
        self.ctx.globals = self.globals.as_mut_ptr();
        crate::startup::make_lazy_constants(self, p);
        for i in 0..p.module_count as usize {
            // SAFETY: the compiler emits `module_count` descriptors.
            let desc = unsafe { &*p.modules.add(i) };
            let module = self.new_module(desc);
            let name = if i == p.entry_module as usize { self.name(Name::MAIN) } else { desc.name };
            self.init_module_names(module.word(), desc, name);
            self.modules.program.push(module);
        }
    }

    /// Makes room for the variables of programs to come, so that they can be added while code runs that knows where the
    /// variables are.
    pub(crate) fn keep_globals_in_place(&mut self) {
        self.globals.reserve_exact(MOST_KEPT);
        self.ctx.globals = self.globals.as_mut_ptr();
    }

    /// Whether the variables of a program that goes on fit where they are.
    pub(crate) fn has_room(&self, p: &ProgramDesc) -> bool {
        (p.global_count as u64 + p.lazy_count) as usize <= self.globals.capacity()
    }

    /// Adds the variables, constants and modules that a program has beyond those of the one before it.
    pub(crate) fn continue_modules(&mut self, p: &'static ProgramDesc) {
        self.globals.resize((p.global_count as u64 + p.lazy_count) as usize, Word::UNBOUND);
        self.ctx.globals = self.globals.as_mut_ptr();
        crate::startup::make_lazy_constants(self, p);
        for i in self.modules.program.len()..p.module_count as usize {
            // SAFETY: the compiler emits `module_count` descriptors.
            let desc = unsafe { &*p.modules.add(i) };
            let module = self.new_module(desc);
            self.init_module_names(module.word(), desc, desc.name);
            self.modules.program.push(module);
        }
    }

    /// The file that a module of a program comes from.
    pub(crate) fn module_file(&self, module: Word) -> Option<&str> {
        let desc = module_obj(module).desc;
        // SAFETY: descriptors are static data of their programs.
        (!desc.is_null()).then(|| unsafe { core::str::from_utf8(str_bytes((*desc).filename)).unwrap_or_default() })
    }

    pub(crate) fn new_module(&mut self, desc: *const ModuleDesc) -> Owned {
        let dict = self.new_dict();
        let index = if desc.is_null() { Owned::immediate(Word::UNBOUND) } else { self.new_dict() };
        let p = self.alloc_object(ClassId::MODULE, size_of::<ModuleObj>()).cast::<ModuleObj>();
        // SAFETY: freshly allocated for this layout.
        let module = unsafe {
            (*p).dict = dict.into_word();
            (*p).desc = desc;
            (*p).slot_index = index.into_word();
            (*p).state = 0;
            Owned::from_word(Word::from_ptr(p))
        };
        if !desc.is_null() {
            // SAFETY: descriptors are static; names are `global_count` words.
            unsafe {
                for i in 0..(*desc).global_count as usize {
                    let slot = Word::small(((*desc).first_global as usize + i) as i64);
                    // An earlier program in this isolate may have the interned text.
                    let name = self.intern_word(*(*desc).global_names.add(i));
                    self.dict_set_name(module_obj(module.word()).slot_index, name, slot);
                }
            }
        }
        module
    }

    fn init_module_names(&mut self, module: Word, desc: &ModuleDesc, name: Word) {
        let full = str_text(desc.name).into_owned();
        let package = if desc.is_package != 0 {
            full
        } else {
            full.rsplit_once('.').map_or_else(String::new, |p| p.0.to_owned())
        };
        let package = self.new_str(&package);
        for (key, value) in [
            (Name::NAME, name),
            (Name::DOC, desc.doc),
            (Name::FILE, desc.filename),
            (Name::PACKAGE, package.word()),
            (Name::SPEC, Word::NONE),
            (Name::LOADER, Word::NONE),
        ] {
            self.module_put(module, self.name(key), value);
        }
        if desc.is_package != 0 {
            let file = str_text(desc.filename);
            let folder = file.rsplit_once('/').map_or("", |p| p.0).to_owned();
            let folder = self.new_str(&folder);
            let path = self.new_list(vec![folder]);
            self.module_put(module, self.name(Name::PATH), path.word());
        }
    }

    /// Slot of a program module's variable.
    pub(crate) fn module_slot(&self, module: Word, name: Word) -> Option<usize> {
        let index = module_obj(module).slot_index;
        if index.is_unbound() {
            return None;
        }
        self.dict_get_name(index, name).map(|w| w.as_small() as usize)
    }

    /// A variable of a module.
    pub(crate) fn module_get(&self, module: Word, name: Word) -> Option<Owned> {
        if let Some(slot) = self.module_slot(module, name) {
            let w = self.globals[slot];
            return if w.is_unbound() { None } else { Some(Owned::share(w)) };
        }
        self.dict_get_name(module_obj(module).dict, name).map(Owned::share)
    }

    /// Sets a variable of a module.
    pub(crate) fn module_put(&mut self, module: Word, name: Word, value: Word) {
        match self.module_slot(module, name) {
            Some(slot) => {
                inc(value);
                let old = core::mem::replace(&mut self.globals[slot], value);
                dec(old);
            }
            None => self.dict_set_name(module_obj(module).dict, name, value),
        }
    }

    /// Attribute assignment or (with `UNBOUND`) deletion.
    pub(crate) fn module_store(&mut self, module: Word, name: Word, value: Word) -> PyResult<()> {
        if !value.is_unbound() {
            let name = self.intern_word(name);
            self.module_put(module, name, value);
            return Ok(());
        }
        if self.module_get(module, name).is_none() {
            return Err(self.no_attribute(module, name));
        }
        match self.module_slot(module, name) {
            Some(slot) => dec(core::mem::replace(&mut self.globals[slot], Word::UNBOUND)),
            None => drop(self.dict_remove_name(module_obj(module).dict, name)),
        }
        Ok(())
    }

    /// Names and values of a module, in order.
    pub(crate) fn module_items(&self, module: Word) -> Vec<(Owned, Owned)> {
        let m = module_obj(module);
        let mut items = self.dict_items(m.dict);
        if !m.slot_index.is_unbound() {
            for (name, slot) in self.dict_items(m.slot_index) {
                let w = self.globals[slot.word().as_small() as usize];
                if !w.is_unbound() {
                    items.push((name, Owned::share(w)));
                }
            }
        }
        items
    }

    // ---- import --------------------------------------------------------------------------------

    /// Program module by index; runs its body on first use, parents first.
    pub(crate) fn import_program(&mut self, index: usize) -> PyResult {
        let module = self.modules.program[index].clone();
        if module_obj(module.word()).state != 0 {
            return Ok(module);
        }
        // SAFETY: program modules have descriptors.
        let desc = unsafe { &*module_obj(module.word()).desc };
        let full = str_text(desc.name).into_owned();
        let parent = match full.rsplit_once('.') {
            Some((parent, _)) => self.program_index(parent).map(|i| self.import_program(i)).transpose()?,
            None => None,
        };
        if module_obj(module.word()).state != 0 {
            return Ok(module);
        }
        module_obj(module.word()).state = 1;
        let table = self.modules.table.clone().expect("made at start-up");
        let name = self.module_get(module.word(), self.name(Name::NAME)).unwrap_or(Owned::NONE);
        self.dict_set(table.word(), name.word(), module.word())?;
        // SAFETY: compiled code follows the convention of `ModuleDesc::init`.
        let r = from_ret(unsafe { (desc.init)(&raw mut self.ctx, module.word(), desc) });
        if let Err(e) = r {
            module_obj(module.word()).state = 0;
            let pending = self.take_exception();
            drop(self.dict_remove(table.word(), name.word()));
            self.set_pending(pending);
            return Err(e);
        }
        module_obj(module.word()).state = 2;
        if let (Some(parent), Some((_, child))) = (parent, full.rsplit_once('.')) {
            let child = self.intern(child);
            self.module_put(parent.word(), child, module.word());
        }
        Ok(module)
    }

    fn program_index(&self, name: &str) -> Option<usize> {
        self.modules.program.iter().position(|m| {
            // SAFETY: program modules have descriptors.
            let desc = unsafe { &*module_obj(m.word()).desc };
            str_bytes(desc.name) == name.as_bytes()
        })
    }

    /// Native module by its descriptor; made and filled on first use.
    pub(crate) fn import_native(&mut self, desc: &'static NativeModuleDesc) -> PyResult {
        let key = core::ptr::from_ref(desc) as usize;
        if let Some(m) = self.modules.native.get(&key) {
            return Ok(m.clone());
        }
        let module = self.new_module(core::ptr::null());
        // SAFETY: descriptors name static text.
        let text = unsafe { core::slice::from_raw_parts(desc.name, desc.name_len as usize) };
        let name = self.intern(core::str::from_utf8(text).unwrap_or(""));
        self.module_put(module.word(), self.name(Name::NAME), name);
        self.module_put(module.word(), self.name(Name::DOC), Word::NONE);
        self.modules.native.insert(key, module.clone());
        let table = self.modules.table.clone().expect("made at start-up");
        self.dict_set_name(table.word(), name, module.word());
        // SAFETY: the initialiser expects this isolate's context.
        let r = unsafe { (desc.init)(&raw mut self.ctx, module.word()) };
        if r.error != 0 {
            return Err(Raised);
        }
        Ok(module)
    }

    /// Imports a module by dotted name: program module or native module already known, else
    /// ModuleNotFoundError.
    pub fn import(&mut self, name: &str) -> PyResult {
        let table = self.modules.table.clone().expect("made at start-up");
        if let Some(m) = self.dict_get_str(table.word(), name) {
            return Ok(m);
        }
        if let Some(i) = self.program_index(name) {
            return self.import_program(i);
        }
        let text = self.new_str(&format!("No module named '{name}'"));
        let e = self.new_exception(exc::MODULE_NOT_FOUND_ERROR, &[text.word()]);
        crate::exception::set_extra(e.word(), 0, text.word());
        let name = self.new_str(name);
        crate::exception::set_extra(e.word(), 1, name.word());
        Err(self.raise_value(e))
    }

    /// `from module import name`.
    pub(crate) fn import_from(&mut self, module: Word, name: Word) -> PyResult {
        if let Some(v) = self.get_attr_opt(module, name)? {
            return Ok(v);
        }
        let full = self.getattr_opt(module, "__name__")?.unwrap_or(Owned::NONE);
        let text =
            if self.is_str(full.word()) { str_text(full.word()).into_owned() } else { "<unknown module name>".into() };
        let child = format!("{text}.{}", str_text(name));
        let table = self.modules.table.clone().expect("made at start-up");
        if let Some(m) = self.dict_get_str(table.word(), &child) {
            return Ok(m);
        }
        if let Some(i) = self.program_index(&child) {
            return self.import_program(i);
        }
        let file = self.getattr_opt(module, "__file__")?;
        let place = match &file {
            Some(f) if self.is_str(f.word()) => str_text(f.word()).into_owned(),
            _ => "unknown location".into(),
        };
        let running = self.class_of(module) == ClassId::MODULE && module_obj(module).state == 1;
        let msg = if running {
            format!(
                "cannot import name '{}' from partially initialized module '{text}' (most likely due to a circular import) ({place})",
                str_text(name)
            )
        } else {
            format!("cannot import name '{}' from '{text}' ({place})", str_text(name))
        };
        let msg = self.new_str(&msg);
        let e = self.new_exception(exc::IMPORT_ERROR, &[msg.word()]);
        for (i, w) in [(0, msg.word()), (1, full.word()), (3, name)] {
            crate::exception::set_extra(e.word(), i, w);
        }
        Err(self.raise_value(e))
    }

    // ---- native modules ------------------------------------------------------------------------

    /// Adds functions to a native module.
    pub fn module_functions(&mut self, module: Word, defs: &'static [NativeDef]) {
        let owner = self.module_get(module, self.name(Name::NAME)).unwrap_or(Owned::NONE);
        for d in defs {
            // A function's module shows through its owner, which is a string here and a class for methods.
            let f = self.new_builtin_of(ClassId::BUILTIN_FUNCTION, d, Word::UNBOUND, owner.word());
            let name = self.intern(d.name);
            self.module_put(module, name, f.word());
        }
    }

    pub fn module_set(&mut self, module: Word, name: &str, value: Owned) {
        let name = self.intern(name);
        self.module_put(module, name, value.word());
    }

    pub fn module_class(&mut self, module: Word, spec: &'static ClassSpec) {
        let id = self.class_for(spec);
        let name = self.intern(spec.name);
        self.module_put(module, name, self.class_word(id));
    }

    /// `sys.<name>`, e.g. `stdout`.
    pub fn sys_get(&mut self, name: &str) -> Option<Owned> {
        let table = self.modules.table.clone()?;
        let sys = self.dict_get_str(table.word(), "sys")?;
        let name = self.intern(name);
        self.module_get(sys.word(), name)
    }
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = rt.getattr(args[0], "__name__")?;
    let name = rt.repr_text(name.word())?;
    let text = match rt.getattr_opt(args[0], "__file__")? {
        Some(f) => format!("<module {name} from {}>", rt.repr_text(f.word())?),
        None => format!("<module {name} (built-in)>"),
    };
    Ok(rt.new_str(&text))
}

fn new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let module = rt.new_module(core::ptr::null());
    let doc = if args[2].is_unbound() { Word::NONE } else { args[2] };
    rt.module_put(module.word(), rt.name(Name::NAME), args[1]);
    rt.module_put(module.word(), rt.name(Name::DOC), doc);
    Ok(module)
}

static METHODS: &[NativeDef] = &[def("__new__", "($type, name, doc=None)", new), def("__repr__", "($self, /)", repr)];
pub(crate) static SPEC: ClassSpec = ClassSpec::builtin(ClassId::MODULE, Layout::Module)
    .methods(METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::WEAKREFABLE);
