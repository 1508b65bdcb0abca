//! The module `_json`: the scanner and the encoder of `json`.

use alloc::format;
use alloc::vec::Vec;

pub mod decode;
pub mod encode;

use molt_abi::Word;

use crate::api::str_bytes;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_json, "_json", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    rt.module_class(module, &decode::SCANNER);
    rt.module_class(module, &encode::ENCODER);
    for (name, spec) in [("make_scanner", &decode::SCANNER), ("make_encoder", &encode::ENCODER)] {
        let id = rt.class_for(spec);
        let class = Owned::share(rt.class_word(id));
        rt.module_set(module, name, class);
    }
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[
    def("encode_basestring", "($module, string, /)", |rt, a| quoted(rt, a[0], false)),
    def("encode_basestring_ascii", "($module, string, /)", |rt, a| quoted(rt, a[0], true)),
    def("scanstring", "($module, string, end, strict=True, /)", decode::scan_string_function),
];

fn quoted(rt: &mut Isolate, w: Word, ascii: bool) -> PyResult {
    if !rt.is_str(w) {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("first argument must be a string, not {name}")));
    }
    let mut out = Vec::with_capacity(str_bytes(w).len() + 2);
    encode::write_string(&mut out, str_bytes(w), ascii);
    Ok(rt.new_str_wtf8(&out))
}
