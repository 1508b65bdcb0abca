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

/// Further spellings of operations, and what they mean.
pub const SPELLINGS: &[(&str, &str, &str)] =
    &[("io", "print-line", "print"), ("random", "random", "float"), ("random", "randint", "int")];

/// All effects with their operations.
pub const EFFECTS: &[EffectRow] = &[
    EffectRow {
        name: "IO",
        ops: &[
            op("print", 0, None, &["print", "print-line"], RtFn::ClPrint),
            op("write", 0, None, &[], RtFn::ClWrite),
            op("print-err", 0, None, &["print-err"], RtFn::ClPrintErr),
            op("read-line", 0, Some(0), &["read-line"], RtFn::ClReadLine),
            op("open-file", 1, Some(2), &[], RtFn::ClOpenFile),
            op("close-file", 1, Some(1), &[], RtFn::ClCloseFile),
            op("read-file", 1, Some(1), &["file-read"], RtFn::ClReadFile),
            op("write-file", 2, Some(2), &["file-write"], RtFn::ClWriteFile),
            op("append-file", 2, Some(2), &["file-append"], RtFn::ClAppendFile),
            op("file-exists?", 1, Some(1), &["file-exists?"], RtFn::ClFileExists),
            op("delete-file", 1, Some(1), &["file-delete"], RtFn::ClDeleteFile),
            op("list-dir", 1, Some(1), &["dir-list"], RtFn::ClListDir),
            op("make-dir", 1, Some(1), &["dir-create"], RtFn::ClMakeDir),
            op("cwd", 0, Some(0), &["current-directory"], RtFn::ClCwd),
            op("log", 2, Some(3), &[], RtFn::ClLogLine),
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
            op("sleep", 1, Some(1), &[], RtFn::ClSleep),
        ],
    },
    EffectRow {
        name: "State",
        ops: &[
            op("get", 1, Some(1), &[], RtFn::ClStateGet),
            op("set", 2, Some(2), &[], RtFn::ClStateSet),
            op("update", 2, Some(2), &[], RtFn::ClStateUpdate),
            op("delete", 1, Some(1), &[], RtFn::ClStateDelete),
            op("has?", 1, Some(1), &[], RtFn::ClStateHas),
            op("clear", 0, Some(0), &[], RtFn::ClStateClear),
            op("begin-transaction", 0, Some(0), &[], RtFn::ClStateBegin),
            op("commit-transaction", 0, Some(0), &[], RtFn::ClStateCommit),
            op("rollback-transaction", 0, Some(0), &[], RtFn::ClStateRollback),
            op("transaction", 1, Some(1), &[], RtFn::ClStateTransaction),
        ],
    },
    EffectRow {
        name: "Random",
        ops: &[
            op("float", 0, Some(0), &[], RtFn::ClRandomFloat),
            op("int", 2, Some(2), &[], RtFn::ClRandomInt),
            op("bool", 0, Some(0), &[], RtFn::ClRandomBool),
            op("choice", 1, Some(1), &[], RtFn::ClRandomChoice),
            op("shuffle", 1, Some(1), &[], RtFn::ClRandomShuffle),
            op("seed", 1, Some(1), &[], RtFn::ClRandomSeed),
        ],
    },
];
