//! The module `gc`: control of the cycle collector. There is one generation.

use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::tuple_items;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_gc, "gc", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for name in ["garbage", "callbacks"] {
        let list = rt.new_list(Vec::new());
        rt.module_set(module, name, list);
    }
    for (name, value) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", 32),
        ("DEBUG_LEAK", 38),
    ] {
        rt.module_set(module, name, Owned::small(value));
    }
    Ok(())
}

/// The flags of `set_debug`. They are kept for `get_debug`; the collector prints nothing.
#[derive(Default)]
struct DebugFlags(i32);

const NONE: &str = "($module, /)";

static FUNCTIONS: &[NativeDef] = &[
    def("enable", NONE, |rt, _| {
        rt.gc.enabled = true;
        Ok(Owned::NONE)
    }),
    def("disable", NONE, |rt, _| {
        rt.gc.enabled = false;
        Ok(Owned::NONE)
    }),
    def("isenabled", NONE, |rt, _| Ok(Owned::from_bool(rt.gc.enabled))),
    def("collect", "($module, /, generation=2)", |rt, a| {
        if !a[0].is_unbound() && !(0..=2).contains(&rt.to_i64(a[0], "int")?) {
            return Err(rt.value_error("invalid generation"));
        }
        let n = rt.collect_cycles();
        Ok(rt.new_int(n as i64))
    }),
    def("get_threshold", NONE, |rt, _| {
        let items = rt.gc.threshold.map(|n| Owned::small(n as i64));
        Ok(rt.new_tuple(items.into()))
    }),
    def("set_threshold", "($module, threshold0, threshold1=10, threshold2=0, /)", |rt, a| {
        for (i, &w) in a.iter().enumerate() {
            if !w.is_unbound() {
                rt.gc.threshold[i] = rt.to_i64(w, "int")?.max(0) as usize;
            }
        }
        Ok(Owned::NONE)
    }),
    def("get_count", NONE, |rt, _| Ok(rt.new_tuple(vec![Owned::small(0), Owned::small(0), Owned::small(0)]))),
    def("get_stats", NONE, |rt, _| {
        let row = rt.new_dict();
        for (name, n) in [("collections", rt.gc.collections), ("collected", rt.gc.collected), ("uncollectable", 0)] {
            let n = rt.new_int(n as i64);
            rt.dict_set_str(row.word(), name, n.word());
        }
        Ok(rt.new_list(vec![row]))
    }),
    def("get_objects", "($module, /, generation=None)", |rt, _| {
        let list = rt.all_objects();
        Ok(rt.new_list(list))
    }),
    def("get_referents", "($module, /, *objs)", |rt, a| {
        let mut found = Vec::new();
        for &w in tuple_items(a[0]) {
            if w.is_object() {
                rt.traverse(w, &mut |child| {
                    if !child.is_unbound() {
                        found.push(Owned::share(child));
                    }
                });
            }
        }
        Ok(rt.new_list(found))
    }),
    def("get_referrers", "($module, /, *objs)", |rt, a| {
        let wanted = tuple_items(a[0]);
        let mut found = Vec::new();
        for w in rt.all_objects() {
            let mut refers = false;
            rt.traverse(w.word(), &mut |child| refers |= wanted.contains(&child));
            if refers && w.word() != a[0] {
                found.push(w);
            }
        }
        Ok(rt.new_list(found))
    }),
    def("is_tracked", "($module, obj, /)", |rt, a| {
        let mut any = false;
        if a[0].is_object() {
            let class = rt.class(rt.class_of(a[0]));
            any = class.layout == crate::native::Layout::Plain && class.id != ClassId::OBJECT;
            any |= rt.is_list(a[0]) || rt.is_dict(a[0]) || rt.is_set(a[0]);
            rt.traverse(a[0], &mut |_| any = true);
        }
        Ok(Owned::from_bool(any))
    }),
    def("is_finalized", "($module, obj, /)", |rt, a| Ok(Owned::from_bool(rt.is_finalized(a[0])))),
    def("freeze", NONE, |_, _| Ok(Owned::NONE)),
    def("unfreeze", NONE, |_, _| Ok(Owned::NONE)),
    def("get_freeze_count", NONE, |_, _| Ok(Owned::small(0))),
    def("get_debug", NONE, |rt, _| {
        let flags = rt.state::<DebugFlags>().0;
        Ok(Owned::small(i64::from(flags)))
    }),
    def("set_debug", "($module, flags, /)", |rt, a| {
        let flags = rt.to_i64(a[0], "int")?;
        let Ok(flags) = i32::try_from(flags) else {
            return Err(rt.overflow_error("Python int too large to convert to C int"));
        };
        rt.state::<DebugFlags>().0 = flags;
        Ok(Owned::NONE)
    }),
];
