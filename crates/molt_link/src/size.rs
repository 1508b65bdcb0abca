//! Where the bytes of an executable go.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol};

use crate::retention;

/// Bytes, largest first.
#[derive(Debug, Default)]
pub struct SizeReport {
    pub total: u64,
    pub sections: Vec<(String, u64)>,
    /// Modules of the program, parts of the runtime and the rest, with why they are there. Only executables that were
    /// built with symbols have it and the functions.
    pub groups: Vec<(String, Reason)>,
    pub functions: Vec<(String, u64)>,
}

/// Size and cause of one part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    pub bytes: u64,
    /// `every program`, or the way of references that leads to it.
    pub why: String,
}

/// Reads an executable.
pub fn report(bytes: &[u8]) -> Result<SizeReport, String> {
    let file = object::File::parse(bytes).map_err(|e| e.to_string())?;
    let mut report = SizeReport { total: bytes.len() as u64, ..SizeReport::default() };
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    for section in file.sections().filter(|s| s.size() > 0) {
        let name = section.name().unwrap_or("?");
        if name == retention::SECTION {
            let text = section.data().map_err(|e| e.to_string())?;
            report.groups = String::from_utf8_lossy(text).lines().filter_map(group).collect();
        } else {
            report.sections.push((name.to_string(), section.file_range().map_or(0, |r| r.1)));
        }
    }
    for symbol in file.symbols().filter(|s| s.is_definition() && s.size() > 0) {
        *functions.entry(short_name(symbol.name().unwrap_or("?"))).or_default() += symbol.size();
    }
    report.functions = functions.into_iter().collect();
    report.sections.sort_by_key(|s| std::cmp::Reverse(s.1));
    report.functions.sort_by_key(|s| std::cmp::Reverse(s.1));
    report.groups.sort_by_key(|g| std::cmp::Reverse(g.1.bytes));
    Ok(report)
}

fn group(line: &str) -> Option<(String, Reason)> {
    let mut parts = line.splitn(3, '\t');
    let (bytes, name, why) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    Some((name.to_string(), Reason { bytes, why: why.to_string() }))
}

/// `fn12.app:main` as number and name; `None` for what is not a function of the program.
fn program_function(symbol: &str) -> Option<&str> {
    let (number, name) = symbol.strip_prefix("fn")?.split_once('.')?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

/// Constants, descriptors, source positions and caches of the program's own object.
pub(crate) const DATA: &str = "data of the program";

/// The part of an executable that a symbol of the program's own object belongs to.
pub(crate) fn program_group(symbol: &str) -> String {
    let module = program_function(symbol).and_then(|name| name.split(':').next());
    module.map_or_else(|| DATA.into(), |m| format!("code of {m}"))
}

/// The part of an executable that a symbol of the runtime archive belongs to.
pub(crate) fn group_of(symbol: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(symbol));
    let path = segments(own_path(&demangled));
    match path.as_slice() {
        ["molt_runtime", "modules", module, _, ..] if is_name(module) => format!("module {module}"),
        ["molt_runtime", part, ..] => format!("runtime: {part}"),
        ["molt_archive", ..] => "runtime: start".into(),
        ["core" | "alloc" | "compiler_builtins", ..] => "Rust standard library".into(),
        [krate, _, ..] if is_name(krate) => format!("crate {krate}"),
        _ => "other".into(),
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The path that says where an item is: of `<T as Trait>::method` that of `T`, or of `Trait` if `T` has none.
fn own_path(demangled: &str) -> &str {
    let Some(inner) = demangled.strip_prefix('<') else { return demangled };
    let own = inner.trim_start_matches(['&', '[', '(', '<']).trim_start_matches("mut ");
    let head = own.split("::").next().unwrap_or(own);
    match inner.split_once(" as ") {
        Some((_, of_trait)) if !is_name(head) => of_trait,
        _ => own.split(" as ").next().unwrap_or(own),
    }
}

/// Parts of a path; what is in angle brackets is not looked into.
fn segments(path: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (i, c) in path.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ':' if depth == 0 && path[i..].starts_with("::") => {
                parts.push(&path[start..i]);
                start = i + 2;
            }
            _ => {}
        }
    }
    parts.push(&path[start..]);
    parts
}

/// A name to be read: without hashes and the path before the last two parts.
pub(crate) fn short_name(symbol: &str) -> String {
    if let Some(name) = program_function(symbol) {
        return name.to_string();
    }
    let demangled = format!("{:#}", rustc_demangle::demangle(symbol));
    let mut parts = segments(&demangled);
    // Methods go by the module that they are written in.
    parts.retain(|p| !p.starts_with("<impl "));
    parts[parts.len().saturating_sub(2)..].join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_belong_to_modules_and_parts() {
        assert_eq!(program_group("fn3.json.decoder:JSONDecoder.decode"), "code of json.decoder");
        assert_eq!(program_group("str.12"), DATA);
        assert_eq!(group_of("molt_runtime::modules::json::decode::scan"), "module json");
        assert_eq!(group_of("molt_runtime::ops::<impl molt_runtime::isolate::Isolate>::binary"), "runtime: ops");
        assert_eq!(group_of("<molt_runtime::Owned as core::ops::Drop>::drop"), "runtime: Owned");
        assert_eq!(group_of("<&T as core::fmt::Debug>::fmt"), "Rust standard library");
        assert_eq!(group_of("dashu_int::parse::from_str"), "crate dashu_int");
    }

    #[test]
    fn names_are_short() {
        assert_eq!(short_name("fn3.json.decoder:JSONDecoder.decode"), "json.decoder:JSONDecoder.decode");
        assert_eq!(short_name("molt_runtime::ops::<impl molt_runtime::isolate::Isolate>::binary"), "ops::binary");
        assert_eq!(short_name("core::ops::function::FnOnce::call_once"), "FnOnce::call_once");
    }
}
