//! Registry of the Python modules that the runtime implements natively. Every module named here has one
//! exported [`crate::layout::NativeModuleDesc`] with the symbol given beside it.

macro_rules! native_modules {
    ($($name:literal = $symbol:ident),* $(,)?) => {
        /// `(dotted Python name, exported symbol)`, in no particular order.
        pub const NATIVE_MODULES: &[(&str, &str)] = &[$(($name, stringify!($symbol))),*];

        /// Calls macro `$m` with every symbol, so that the address table cannot miss a module.
        #[macro_export]
        macro_rules! for_each_native_module {
            ($m:ident) => { $m! { $(($name, $symbol))* } };
        }
    };
}

native_modules! {
    "builtins" = molt_module_builtins,
    "sys" = molt_module_sys,
    "math" = molt_module_math,
    "time" = molt_module_time,
    "posix" = molt_module_posix,
    "_io" = molt_module_io,
    "itertools" = molt_module_itertools,
    "_functools" = molt_module_functools,
    "_collections" = molt_module_collections,
    "_operator" = molt_module_operator,
    "_random" = molt_module_random,
    "_json" = molt_module_json,
    "_heapq" = molt_module_heapq,
    "_bisect" = molt_module_bisect,
    "_string" = molt_module_string,
    "_weakref" = molt_module_weakref,
    "_types" = molt_module_types,
    "_abc" = molt_module_abc,
    "_typing" = molt_module_typing,
    "errno" = molt_module_errno,
    "gc" = molt_module_gc,
    "atexit" = molt_module_atexit,
    "grok" = molt_module_grok,
}

/// The exported symbol of a native module.
pub fn native_symbol(name: &str) -> Option<&'static str> {
    NATIVE_MODULES.iter().find(|(n, _)| *n == name).map(|(_, s)| *s)
}
