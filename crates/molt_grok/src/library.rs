//! Sources of the language's own library, part of the compiler.

use molt_base::{FileId, SourceMap};

/// Path of a library file as loaders and messages know it.
pub const PREFIX: &str = "<grok>/";

/// Every file with its text, by path below the library's folder.
const FILES: &[(&str, &str)] = &[
    ("across.grok", include_str!("../library/across.grok")),
    ("actor.grok", include_str!("../library/actor.grok")),
    ("any.grok", include_str!("../library/any.grok")),
    ("arc.grok", include_str!("../library/arc.grok")),
    ("boxed.grok", include_str!("../library/boxed.grok")),
    ("cell.grok", include_str!("../library/cell.grok")),
    ("channel.grok", include_str!("../library/channel.grok")),
    ("char.grok", include_str!("../library/char.grok")),
    ("clone.grok", include_str!("../library/clone.grok")),
    ("cmp.grok", include_str!("../library/cmp.grok")),
    ("collections.grok", include_str!("../library/collections.grok")),
    ("collections/btree.grok", include_str!("../library/collections/btree.grok")),
    ("collections/btree_set.grok", include_str!("../library/collections/btree_set.grok")),
    ("collections/deque.grok", include_str!("../library/collections/deque.grok")),
    ("collections/heap.grok", include_str!("../library/collections/heap.grok")),
    ("collections/map.grok", include_str!("../library/collections/map.grok")),
    ("collections/set.grok", include_str!("../library/collections/set.grok")),
    ("convert.grok", include_str!("../library/convert.grok")),
    ("default.grok", include_str!("../library/default.grok")),
    ("env.grok", include_str!("../library/env.grok")),
    ("error.grok", include_str!("../library/error.grok")),
    ("fmt.grok", include_str!("../library/fmt.grok")),
    ("fs.grok", include_str!("../library/fs.grok")),
    ("future.grok", include_str!("../library/future.grok")),
    ("gc.grok", include_str!("../library/gc.grok")),
    ("hash.grok", include_str!("../library/hash.grok")),
    ("intrinsics.grok", include_str!("../library/intrinsics.grok")),
    ("io.grok", include_str!("../library/io.grok")),
    ("iter.grok", include_str!("../library/iter.grok")),
    ("lib.grok", include_str!("../library/lib.grok")),
    ("math.grok", include_str!("../library/math.grok")),
    ("mem.grok", include_str!("../library/mem.grok")),
    ("num.grok", include_str!("../library/num.grok")),
    ("ops.grok", include_str!("../library/ops.grok")),
    ("option.grok", include_str!("../library/option.grok")),
    ("ownership.grok", include_str!("../library/ownership.grok")),
    ("panic.grok", include_str!("../library/panic.grok")),
    ("path.grok", include_str!("../library/path.grok")),
    ("prelude.grok", include_str!("../library/prelude.grok")),
    ("process.grok", include_str!("../library/process.grok")),
    ("ptr.grok", include_str!("../library/ptr.grok")),
    ("python.grok", include_str!("../library/python.grok")),
    ("random.grok", include_str!("../library/random.grok")),
    ("range.grok", include_str!("../library/range.grok")),
    ("rc.grok", include_str!("../library/rc.grok")),
    ("result.grok", include_str!("../library/result.grok")),
    ("select.grok", include_str!("../library/select.grok")),
    ("shared.grok", include_str!("../library/shared.grok")),
    ("slice.grok", include_str!("../library/slice.grok")),
    ("str.grok", include_str!("../library/str.grok")),
    ("string.grok", include_str!("../library/string.grok")),
    ("supervise.grok", include_str!("../library/supervise.grok")),
    ("sync.grok", include_str!("../library/sync.grok")),
    ("sys.grok", include_str!("../library/sys.grok")),
    ("task.grok", include_str!("../library/task.grok")),
    ("test.grok", include_str!("../library/test.grok")),
    ("thread.grok", include_str!("../library/thread.grok")),
    ("time.grok", include_str!("../library/time.grok")),
    ("tuple.grok", include_str!("../library/tuple.grok")),
    ("vec.grok", include_str!("../library/vec.grok")),
    ("waits.grok", include_str!("../library/waits.grok")),
];

/// The library's files as a map begins with them.
pub fn files() -> SourceMap {
    let mut out = SourceMap::default();
    for (name, text) in FILES {
        out.add(format!("{PREFIX}{name}"), *text);
    }
    out
}

/// Number of a library file in every map, by its full path.
pub fn number(path: &str) -> Option<FileId> {
    let name = path.strip_prefix(PREFIX)?;
    FILES.iter().position(|(n, _)| *n == name).map(|n| FileId(n as u32))
}

/// Text of a library file by its full path.
pub fn read(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix(PREFIX)?;
    FILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// Paths of all files of the library below a folder.
pub fn list(folder: &str) -> Vec<String> {
    let Some(below) = format!("{}/", folder.trim_end_matches('/')).strip_prefix(PREFIX).map(str::to_string) else {
        return Vec::new();
    };
    FILES.iter().filter(|(n, _)| n.starts_with(&below)).map(|(n, _)| format!("{PREFIX}{n}")).collect()
}
