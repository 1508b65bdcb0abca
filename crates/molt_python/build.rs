//! Writes the table of library modules: own sources under `stdlib/` and chosen files of the reference library from
//! the crate `rustpython-pylib`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Files of the reference library that compile as they are.
const REFERENCE: &[&str] = &[
    "__future__.py",
    "_collections_abc.py",
    "_weakrefset.py",
    "abc.py",
    "bisect.py",
    "collections/__init__.py",
    "colorsys.py",
    "contextlib.py",
    "copy.py",
    "copyreg.py",
    "enum.py",
    "functools.py",
    "genericpath.py",
    "graphlib.py",
    "heapq.py",
    "io.py",
    "keyword.py",
    "numbers.py",
    "operator.py",
    "os.py",
    "posixpath.py",
    "random.py",
    "reprlib.py",
    "stat.py",
    "string/__init__.py",
    "types.py",
    "typing.py",
    "weakref.py",
];

/// A part of a reference file that is replaced: file, first line of the part, first line after it, new text.
type Edit = (&'static str, &'static str, &'static str, &'static str);

/// What the reference library does by running text, or with coroutines at import, is done otherwise.
const EDITS: &[Edit] = &[
    (
        "collections/__init__.py",
        "    namespace = {\n        '_tuple_new': tuple_new,",
        "    @classmethod\n    def _make(cls, iterable):",
        include_str!("edits/namedtuple_new.py"),
    ),
    (
        "typing.py",
        "    from inspect import getattr_static\n",
        "    return getattr_static\n",
        "    from _static_attributes import getattr_static\n",
    ),
    ("_collections_abc.py", "def _get_framelocalsproxy():", "generator = type(", ""),
    ("_collections_abc.py", "Mapping.register(framelocalsproxy)", "\n", ""),
    ("_collections_abc.py", "## coroutine ##", "### ONE-TRICK PONIES ###", "\n"),
    ("_collections_abc.py", "Coroutine.register(coroutine)", "\n", ""),
    ("_collections_abc.py", "AsyncGenerator.register(async_generator)", "\n", ""),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=stdlib");
    println!("cargo:rerun-if-changed=edits");
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    let reference = Path::new(rustpython_pylib::LIB_PATH);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    for file in REFERENCE {
        files.insert((*file).to_owned(), edited(file, &reference.join(file), &out));
    }
    let own = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("stdlib");
    collect(&own, &own, &mut files);
    let mut rows = BTreeMap::new();
    for (file, path) in &files {
        let stem = file.strip_suffix(".py").expect("library files are Python files");
        let (name, is_package) = match stem.strip_suffix("/__init__") {
            Some(package) => (package, true),
            None => (stem, false),
        };
        let row = format!("({:?}, {file:?}, {is_package}, include_str!({:?}))", name.replace('/', "."), path);
        rows.insert(name.replace('/', "."), row);
    }
    let mut text = String::from("static LIBRARY: &[Entry] = &[\n");
    for row in rows.values() {
        writeln!(text, "    {row},").expect("writing to a string succeeds");
    }
    text.push_str("];\n");
    std::fs::write(out.join("library_table.rs"), text).expect("the output directory can be written");
}

/// The file itself, or an edited copy in the output directory.
fn edited(file: &str, path: &Path, out: &Path) -> PathBuf {
    let edits: Vec<&Edit> = EDITS.iter().filter(|e| e.0 == file).collect();
    if edits.is_empty() {
        return path.to_owned();
    }
    let mut text = std::fs::read_to_string(path).expect("the reference file can be read");
    for (_, first, after, new) in edits {
        let start = text.find(first).unwrap_or_else(|| panic!("{file}: no `{first}`"));
        let length = text[start..].find(after).unwrap_or_else(|| panic!("{file}: no `{after}`"));
        text.replace_range(start..start + length, new);
    }
    let copy = out.join(file.replace('/', "_"));
    std::fs::write(&copy, text).expect("the output directory can be written");
    copy
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "py") {
            let name = path.strip_prefix(root).expect("inside the root").to_string_lossy().replace('\\', "/");
            files.insert(name, path);
        }
    }
}
