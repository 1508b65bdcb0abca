//! The operations that have default handlers (section 5.2 of the reference).

use molt_abi::RtFn;

use super::{EffectRow, OpRow};

const fn op(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    functions: &'static [&'static str],
    default: RtFn,
) -> OpRow {
    OpRow { name, arity: (least, most), is_never: false, functions, default }
}

const fn never(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    functions: &'static [&'static str],
    default: RtFn,
) -> OpRow {
    OpRow { name, arity: (least, most), is_never: true, functions, default }
}

/// All effects with their operations.
pub const EFFECTS: &[EffectRow] = &[
    EffectRow {
        name: "IO",
        ops: &[
            op("print", 0, None, &["print", "print-line"], RtFn::ClPrint),
            op("print-line", 0, None, &[], RtFn::ClPrint),
            op("write", 0, None, &[], RtFn::ClWrite),
            op("print-err", 0, None, &["print-err"], RtFn::ClPrintErr),
            op("read-line", 0, Some(0), &["read-line"], RtFn::ClReadLine),
            op("env", 1, Some(1), &[], RtFn::ClEnv),
            op("args", 0, Some(0), &[], RtFn::ClArgs),
            never("exit", 0, Some(1), &[], RtFn::ClExit),
        ],
    },
    EffectRow {
        name: "Error",
        ops: &[
            never("raise", 1, Some(3), &["raise"], RtFn::ClRaise),
            op("get-errors", 0, Some(0), &[], RtFn::ClGetErrors),
            op("clear-errors", 0, Some(0), &[], RtFn::ClClearErrors),
        ],
    },
    EffectRow {
        name: "Time",
        ops: &[
            op("now", 0, Some(0), &[], RtFn::ClNow),
            op("now-ms", 0, Some(0), &[], RtFn::ClNowMs),
            op("monotonic", 0, Some(0), &[], RtFn::ClMonotonic),
            op("elapsed", 0, Some(0), &[], RtFn::ClElapsed),
        ],
    },
];
