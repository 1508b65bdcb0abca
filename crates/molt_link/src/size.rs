//! Where the bytes of an executable go.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol};

/// Bytes by group, largest first.
#[derive(Debug, Default)]
pub struct SizeReport {
    pub total: u64,
    pub sections: Vec<(String, u64)>,
    /// Program functions and data, runtime modules and the rest, by symbol.
    pub groups: Vec<(String, u64)>,
}

/// Reads an executable; an unstripped one also gives the groups.
pub fn report(bytes: &[u8]) -> Result<SizeReport, String> {
    let file = object::File::parse(bytes).map_err(|e| e.to_string())?;
    let mut sections: Vec<(String, u64)> = file
        .sections()
        .filter(|s| s.size() > 0)
        .map(|s| (s.name().unwrap_or("?").to_string(), s.file_range().map_or(0, |r| r.1)))
        .collect();
    sections.sort_by_key(|s| std::cmp::Reverse(s.1));
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for symbol in file.symbols().filter(|s| s.is_definition() && s.size() > 0) {
        let name = symbol.name().unwrap_or("?");
        *groups.entry(group_of(name)).or_default() += symbol.size();
    }
    let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.1));
    Ok(SizeReport { total: bytes.len() as u64, sections, groups })
}

fn group_of(symbol: &str) -> String {
    if symbol.starts_with("fn") && symbol[2..].starts_with(|c: char| c.is_ascii_digit()) {
        return "program code".into();
    }
    let data = ["str.", "code.", "vars.", "cache.", "positions.", "bytes.", "tuple.", "globals.", "slots."];
    if data.iter().any(|p| symbol.starts_with(p)) || symbol == "molt_program" {
        return "program data".into();
    }
    let demangled = rustc_demangle::demangle(symbol).to_string();
    let path: Vec<&str> = demangled.trim_start_matches('<').split("::").collect();
    match path.as_slice() {
        ["molt_runtime", module, ..] => format!("runtime: {module}"),
        ["std" | "core" | "alloc", ..] => "Rust standard library".into(),
        [krate, _, ..] => format!("crate {krate}"),
        _ => "other".into(),
    }
}
