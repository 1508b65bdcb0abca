//! Why each part of an executable is in it: the references between sections of the program and of the runtime archive,
//! followed as a linker that drops what nothing refers to follows them.
//!
//! Two walks, each breadth first, so that every reason is a shortest one: from the entry point without the program,
//! which finds what every program has, and then from the program's own code and data. [`note`] puts the result into a
//! section that is not loaded, where [`crate::size`] finds it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;

use object::elf::SHF_GNU_RETAIN;
use object::read::archive::ArchiveFile;
use object::{
    BinaryFormat, Endianness, File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SectionIndex,
    SectionKind,
};

use crate::size::{DATA, Reason, group_of, program_group, short_name};

/// Name of the section that carries the reasons.
pub const SECTION: &str = ".molt.retention";

/// An object with the reasons for everything that a program is linked with.
pub fn note(program: &[u8], archive: &[u8]) -> Result<Vec<u8>, String> {
    let files = objects(program, archive).map_err(|e| e.to_string())?;
    let mut text = String::new();
    for (group, r) in Graph::new(&files).reasons() {
        writeln!(text, "{}\t{group}\t{}", r.bytes, r.why).expect("writing to a string");
    }
    let mut out = object::write::Object::new(BinaryFormat::Elf, files[PROGRAM].architecture(), Endianness::Little);
    let section = out.add_section(Vec::new(), SECTION.into(), SectionKind::Other);
    out.append_section_data(section, text.as_bytes(), 1);
    // Nothing refers to it, and linkers keep it all the same.
    let flags = SectionFlags::Elf { sh_flags: u64::from(SHF_GNU_RETAIN) };
    out.section_mut(section).flags = flags;
    out.write().map_err(|e| e.to_string())
}

/// The object of the program and those of the archive.
fn objects<'d>(program: &'d [u8], archive: &'d [u8]) -> object::Result<Vec<File<'d>>> {
    let mut files = vec![File::parse(program)?];
    for member in ArchiveFile::parse(archive)?.members() {
        // Members that are no objects (metadata of the compiler) take part in nothing.
        if let Ok(file) = File::parse(member?.data(archive)?) {
            files.push(file);
        }
    }
    Ok(files)
}

/// A section of a file.
type Node = (usize, SectionIndex);

/// The program's own object.
const PROGRAM: usize = 0;

struct Graph<'f, 'd> {
    files: &'f [File<'d>],
    /// Where global names are defined, the program's first.
    definitions: HashMap<&'d str, Node>,
    /// The name that a section goes by.
    names: HashMap<Node, &'d str>,
    /// Sections that are reached, in that order, with the one that reached each.
    order: Vec<(Node, Option<usize>)>,
    seen: HashMap<Node, usize>,
}

impl<'f, 'd> Graph<'f, 'd> {
    fn new(files: &'f [File<'d>]) -> Graph<'f, 'd> {
        let (mut definitions, mut names) = (HashMap::new(), HashMap::new());
        for (i, file) in files.iter().enumerate() {
            for symbol in file.symbols() {
                let (Ok(name), Some(section)) = (symbol.name(), symbol.section_index()) else { continue };
                if symbol.is_global() {
                    definitions.entry(name).or_insert((i, section));
                }
                if symbol.size() > 0 {
                    names.entry((i, section)).or_insert(name);
                }
            }
        }
        Graph { files, definitions, names, order: Vec::new(), seen: HashMap::new() }
    }

    /// Follows references from a name; not into the program where it is not wanted.
    fn walk(&mut self, from: &str, into_program: bool) {
        let Some(&start) = self.definitions.get(from) else { return };
        let mut queue = VecDeque::from([(start, None)]);
        while let Some((node, parent)) = queue.pop_front() {
            if self.seen.contains_key(&node) || (node.0 == PROGRAM && !into_program) {
                continue;
            }
            let at = self.order.len();
            self.seen.insert(node, at);
            self.order.push((node, parent));
            queue.extend(self.references(node).into_iter().map(|n| (n, Some(at))));
        }
    }

    fn references(&self, (file, section): Node) -> Vec<Node> {
        let object = &self.files[file];
        let Ok(section) = object.section_by_index(section) else { return Vec::new() };
        let target = |r: object::Relocation| match r.target() {
            RelocationTarget::Section(s) => Some((file, s)),
            RelocationTarget::Symbol(s) => {
                let symbol = object.symbol_by_index(s).ok()?;
                let here = symbol.section_index().map(|s| (file, s));
                here.or_else(|| self.definitions.get(symbol.name().ok()?).copied())
            }
            _ => None,
        };
        section.relocations().filter_map(|(_, r)| target(r)).collect()
    }

    /// Bytes and reason by group.
    fn reasons(mut self) -> BTreeMap<String, Reason> {
        self.walk("_start", false);
        self.walk("molt_main", false);
        let always = self.order.len();
        self.walk("main", true);
        let mut groups: Vec<String> = Vec::with_capacity(self.order.len());
        let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
        for (i, &(node, parent)) in self.order.iter().enumerate() {
            let group = match (self.names.get(&node), parent) {
                (Some(name), _) if node.0 == PROGRAM => program_group(name),
                (Some(name), _) => group_of(name),
                // Constants without a name belong to what refers to them.
                (None, Some(p)) => groups[p].clone(),
                (None, None) => group_of(""),
            };
            groups.push(group.clone());
            let size = self.files[node.0].section_by_index(node.1).map_or(0, |s| s.size());
            let reason = reasons.entry(group).or_insert_with(|| Reason {
                bytes: 0,
                why: if i < always { "every program".into() } else { self.chain(i, &groups) },
            });
            reason.bytes += size;
        }
        reasons
    }

    /// The way to a section, one step for each group on it.
    fn chain(&self, to: usize, groups: &[String]) -> String {
        let (mut steps, mut at) = (Vec::new(), self.order[to].1);
        let mut last = &groups[to];
        while let Some(i) = at {
            if &groups[i] != last
                && let Some(name) = self.names.get(&self.order[i].0)
            {
                // The program's data is one section, whatever is in it.
                let is_data = groups[i] == DATA;
                steps.push(if is_data { DATA.to_string() } else { short_name(name) });
                last = &groups[i];
            }
            at = self.order[i].1;
        }
        steps.reverse();
        if steps.is_empty() { "the program".into() } else { steps.join(" → ") }
    }
}
