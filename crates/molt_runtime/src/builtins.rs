//! The `builtins` module: functions and the names of builtin classes.

mod functions;
pub(crate) mod generic_alias;

use molt_abi::{ClassId, Word};

use crate::{Isolate, Owned, PyResult, exc};

const CLASSES: &[ClassId] = &[
    ClassId::OBJECT,
    ClassId::TYPE,
    ClassId::BOOL,
    ClassId::INT,
    ClassId::FLOAT,
    ClassId::COMPLEX,
    ClassId::STR,
    ClassId::BYTES,
    ClassId::BYTEARRAY,
    ClassId::MEMORYVIEW,
    ClassId::LIST,
    ClassId::TUPLE,
    ClassId::DICT,
    ClassId::SET,
    ClassId::FROZENSET,
    ClassId::RANGE,
    ClassId::SLICE,
    ClassId::PROPERTY,
    ClassId::CLASSMETHOD,
    ClassId::STATICMETHOD,
    ClassId::SUPER,
    ClassId::ENUMERATE,
    ClassId::ZIP,
    ClassId::MAP,
    ClassId::FILTER,
    ClassId::REVERSED,
    ClassId::BASE_EXCEPTION,
    ClassId::EXCEPTION,
];

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, functions::FUNCTIONS);
    let rows = exc::ROWS.iter().map(|r| r.id).filter(|&id| id != exc::INCOMPLETE_INPUT_ERROR);
    for id in CLASSES.iter().copied().chain(rows) {
        let (name, class) = (rt.class(id).name, rt.class_word(id));
        rt.module_put(module, name, class);
    }
    for (name, id) in [("IOError", exc::OS_ERROR), ("EnvironmentError", exc::OS_ERROR)] {
        rt.module_set(module, name, Owned::share(rt.class_word(id)));
    }
    for (name, w) in
        [("NotImplemented", Word::NOT_IMPLEMENTED), ("Ellipsis", Word::ELLIPSIS), ("__debug__", Word::TRUE)]
    {
        rt.module_set(module, name, Owned::immediate(w));
    }
    Ok(())
}
crate::native_module!(molt_module_builtins, "builtins", init);
