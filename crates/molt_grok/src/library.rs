//! Sources of the language's own library, part of the compiler.

/// Path of a library file as loaders and messages know it.
pub const PREFIX: &str = "<grok>/";

/// Every file with its text, by path below the library's folder.
const FILES: &[(&str, &str)] = &[
    ("any.grok", include_str!("../library/any.grok")),
    ("boxed.grok", include_str!("../library/boxed.grok")),
    ("cell.grok", include_str!("../library/cell.grok")),
    ("char.grok", include_str!("../library/char.grok")),
    ("clone.grok", include_str!("../library/clone.grok")),
    ("cmp.grok", include_str!("../library/cmp.grok")),
    ("collections.grok", include_str!("../library/collections.grok")),
    ("collections/deque.grok", include_str!("../library/collections/deque.grok")),
    ("collections/map.grok", include_str!("../library/collections/map.grok")),
    ("collections/set.grok", include_str!("../library/collections/set.grok")),
    ("convert.grok", include_str!("../library/convert.grok")),
    ("default.grok", include_str!("../library/default.grok")),
    ("fmt.grok", include_str!("../library/fmt.grok")),
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
    ("prelude.grok", include_str!("../library/prelude.grok")),
    ("process.grok", include_str!("../library/process.grok")),
    ("ptr.grok", include_str!("../library/ptr.grok")),
    ("random.grok", include_str!("../library/random.grok")),
    ("range.grok", include_str!("../library/range.grok")),
    ("result.grok", include_str!("../library/result.grok")),
    ("slice.grok", include_str!("../library/slice.grok")),
    ("str.grok", include_str!("../library/str.grok")),
    ("string.grok", include_str!("../library/string.grok")),
    ("test.grok", include_str!("../library/test.grok")),
    ("tuple.grok", include_str!("../library/tuple.grok")),
    ("vec.grok", include_str!("../library/vec.grok")),
];

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
