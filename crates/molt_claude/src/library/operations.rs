//! The operations that have default handlers (section 5.2 of the reference).

use molt_abi::RtFn;
use molt_claude_syntax::forms::labels;

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

/// The capability that the default handler of an operation needs, by label and operation.
pub fn capability(label: &str, op: &str) -> Option<&'static str> {
    Some(match (label, op) {
        ("IO", "print" | "write" | "print-err" | "log") => "io.stdout",
        ("IO", "read-line") => "io.stdin",
        ("IO", "read-file" | "file-exists?" | "list-dir") => "io.read",
        ("IO", "write-file" | "append-file" | "make-dir") => "io.write",
        ("IO", "delete-file") => "io.delete",
        ("IO", "env" | "args" | "cwd") => "env",
        ("Time", _) => "time",
        ("Random", _) => "random",
        ("State", _) => "state",
        ("Concurrent", "go") => "thread",
        _ => return None,
    })
}

/// All effects with their operations.
pub const EFFECTS: &[EffectRow] = &[
    EffectRow {
        name: labels::IO,
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
        name: labels::ERROR,
        ops: &[
            never("raise", 1, Some(3), &["raise"], RtFn::ClRaise),
            op("get-errors", 0, Some(0), &[], RtFn::ClGetErrors),
            op("clear-errors", 0, Some(0), &[], RtFn::ClClearErrors),
        ],
    },
    EffectRow {
        name: labels::TIME,
        ops: &[
            op("now", 0, Some(0), &[], RtFn::ClNow),
            op("now-ms", 0, Some(0), &[], RtFn::ClNowMs),
            op("monotonic", 0, Some(0), &[], RtFn::ClMonotonic),
            op("elapsed", 0, Some(0), &[], RtFn::ClElapsed),
            op("sleep", 1, Some(1), &[], RtFn::ClSleep),
        ],
    },
    EffectRow {
        name: labels::STATE,
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
        name: labels::RANDOM,
        ops: &[
            op("float", 0, Some(0), &[], RtFn::ClRandomFloat),
            op("int", 2, Some(2), &[], RtFn::ClRandomInt),
            op("bool", 0, Some(0), &[], RtFn::ClRandomBool),
            op("choice", 1, Some(1), &[], RtFn::ClRandomChoice),
            op("shuffle", 1, Some(1), &[], RtFn::ClRandomShuffle),
            op("seed", 1, Some(1), &[], RtFn::ClRandomSeed),
        ],
    },
    EffectRow {
        name: labels::ASYNC,
        ops: &[
            op("promise", 1, Some(1), &["promise"], RtFn::ClAsyncPromise),
            op("resolve", 2, Some(2), &[], RtFn::ClAsyncResolve),
            op("reject", 2, Some(2), &[], RtFn::ClAsyncReject),
            op("await", 1, Some(2), &["await"], RtFn::ClAwait),
            op("then", 2, Some(3), &[], RtFn::ClAsyncThen),
            op("all", 1, Some(1), &[], RtFn::ClAsyncAll),
            op("race", 1, Some(1), &[], RtFn::ClAsyncRace),
            op("any", 1, Some(1), &[], RtFn::ClAsyncAny),
            op("delay", 1, Some(2), &[], RtFn::ClAsyncDelay),
            op("get-state", 1, Some(1), &[], RtFn::ClAsyncState),
            op("cancel", 1, Some(1), &["cancel!"], RtFn::ClCancel),
            op("yield", 0, Some(0), &[], RtFn::ClYield),
        ],
    },
    EffectRow {
        name: labels::CONCURRENT,
        ops: &[
            op("channel", 0, Some(1), &["chan"], RtFn::ClChannel),
            op("send", 2, Some(3), &[], RtFn::ClChannelSend),
            op("receive", 1, Some(2), &[], RtFn::ClChannelReceive),
            op("close", 1, Some(1), &["close!"], RtFn::ClClose),
            op("go", 1, Some(1), &[], RtFn::ClGo),
            op("join", 1, Some(2), &[], RtFn::ClJoin),
            op("select", 1, Some(3), &[], RtFn::ClChannelSelect),
            op("mutex", 0, Some(0), &[], RtFn::ClMutex),
            op("semaphore", 1, Some(1), &[], RtFn::ClSemaphore),
            op("barrier", 1, Some(1), &[], RtFn::ClBarrier),
            op("lock", 1, Some(2), &[], RtFn::ClLock),
            op("acquire", 1, Some(2), &[], RtFn::ClAcquire),
            op("unlock", 1, Some(1), &[], RtFn::ClUnlock),
            op("release", 1, Some(2), &[], RtFn::ClRelease),
            op("wait", 1, Some(2), &[], RtFn::ClArrive),
            op("worker-pool", 1, Some(1), &[], RtFn::ClPool),
            op("submit", 2, Some(2), &[], RtFn::ClSubmit),
        ],
    },
];
