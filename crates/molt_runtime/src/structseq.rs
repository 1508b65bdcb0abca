//! Struct sequences: tuples whose items have names, as `sys.version_info` and `os.stat_result`.
//!
//! A class is a subclass of `tuple` with one member descriptor a visible field; fields that are not items
//! of the tuple are attributes of the instance.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::TupleObj;
use molt_abi::{ClassId, Word};

use crate::api::{str_text, tuple_items};
use crate::native::{BaseRef, ClassSpec, Layout, NativeDef, def};
use crate::{Isolate, Owned, PyResult};

/// A struct sequence class: its specification and the names of its items.
pub struct StructSeq {
    pub spec: ClassSpec,
    pub fields: &'static [&'static str],
    /// Names beyond the items.
    pub hidden: &'static [&'static str],
}

impl StructSeq {
    /// Description of the class `module.name`.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        fields: &'static [&'static str],
        hidden: &'static [&'static str],
    ) -> StructSeq {
        let spec =
            ClassSpec::new(module, name).base(BaseRef::Id(ClassId::TUPLE)).layout(Layout::Tuple).methods(METHODS);
        StructSeq { spec, fields, hidden }
    }
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, sequence, dict={}, /)", new),
    def("__repr__", "($self, /)", repr),
    def("__reduce__", "($self, /)", |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let items = rt.new_tuple_of(tuple_items(a[0]));
        let hidden = rt.side_dict(a[0]).map_or_else(|| Owned::NONE, Owned::share);
        let hidden = if hidden.word().is_none() { rt.new_dict() } else { rt.dict_copy(hidden.word())? };
        let args = rt.new_tuple(vec![items, hidden]);
        Ok(rt.new_tuple(vec![class, args]))
    }),
];

/// Names of the visible fields of a class.
fn field_names(rt: &mut Isolate, class: ClassId) -> PyResult<Vec<String>> {
    let class = rt.class_word(class);
    let names = rt.getattr(class, "__match_args__")?;
    Ok(tuple_items(names.word()).iter().map(|&w| str_text(w).into_owned()).collect())
}

fn new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let count = field_names(rt, class)?.len();
    let mut items = rt.collect(a[1])?;
    let hidden = rt.getattr(a[0], "n_fields")?.word().as_small() as usize;
    let name = rt.type_name_of(class);
    if items.len() < count || items.len() > hidden {
        let bound =
            if count == hidden { format!("a {count}-sequence") } else { format!("an at least {count}-sequence") };
        return Err(rt.type_error(format!("{name}() takes {bound} ({}-sequence given)", items.len())));
    }
    items.truncate(count);
    let made = rt.alloc_tuple(class, count, items.into_iter().map(Owned::into_word));
    if !a[2].is_unbound() {
        for (k, v) in rt.dict_items(a[2]) {
            rt.put_own(made.word(), k.word(), v.word());
        }
    }
    Ok(made)
}

fn repr(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_of(a[0]);
    let names = field_names(rt, class)?;
    let mut text = format!("{}(", rt.qualified_class_name(class)?);
    for (i, (name, &item)) in names.iter().zip(tuple_items(a[0])).enumerate() {
        let item = rt.repr_text(item)?;
        text += &format!("{}{name}={item}", if i > 0 { ", " } else { "" });
    }
    Ok(rt.new_str(&(text + ")")))
}

impl Isolate {
    /// `module.Class`.
    fn qualified_class_name(&mut self, class: ClassId) -> PyResult<String> {
        let word = self.class_word(class);
        let module = self.getattr(word, "__module__")?;
        Ok(format!("{}.{}", self.str_text(module.word())?, self.type_name_of(class)))
    }

    fn type_name_of(&self, class: ClassId) -> String {
        str_text(self.class(class).name).into_owned()
    }

    /// The class of a struct sequence; made on first use.
    pub fn struct_seq_class(&mut self, seq: &'static StructSeq) -> ClassId {
        let known = self.spec_ids.contains_key(&(core::ptr::from_ref(&seq.spec) as usize));
        let id = self.class_for(&seq.spec);
        if known {
            return id;
        }
        let class = self.class(id);
        let dict = self.class_dict(class);
        for (i, field) in seq.fields.iter().enumerate() {
            let name = self.intern(field);
            let member = self.new_member(name, id, size_of::<TupleObj>() + 8 * i);
            self.dict_set_name(dict, name, member.word());
        }
        let names: Vec<Word> = seq.fields.iter().map(|f| self.intern(f)).collect();
        let names = self.new_tuple_of(&names);
        let (visible, all) = (seq.fields.len() as i64, (seq.fields.len() + seq.hidden.len()) as i64);
        for (name, value) in [
            ("__match_args__", names),
            ("n_sequence_fields", Owned::small(visible)),
            ("n_fields", Owned::small(all)),
            ("n_unnamed_fields", Owned::small(0)),
        ] {
            let name = self.intern(name);
            self.dict_set_name(dict, name, value.word());
        }
        self.class_changed(class);
        id
    }

    /// A struct sequence from its items and hidden fields.
    pub fn new_struct_seq(&mut self, seq: &'static StructSeq, items: Vec<Owned>, hidden: Vec<Owned>) -> Owned {
        debug_assert!(items.len() == seq.fields.len() && hidden.len() == seq.hidden.len());
        let class = self.struct_seq_class(seq);
        let made = self.alloc_tuple(class, items.len(), items.into_iter().map(Owned::into_word));
        for (name, value) in seq.hidden.iter().zip(hidden) {
            let name = self.intern(name);
            self.put_own(made.word(), name, value.word());
        }
        made
    }

    /// Adds the class of a struct sequence to a native module.
    pub fn module_struct_seq(&mut self, module: Word, seq: &'static StructSeq) {
        let id = self.struct_seq_class(seq);
        let class = Owned::share(self.class_word(id));
        self.module_set(module, seq.spec.name, class);
    }
}
