//! What editors show, for ClaudeLang: texts that are being edited over the files of the disk, and analyses of them.
//!
//! Start with [`Workspace`]. Everything is plain data; what speaks to an editor lies above.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use molt_claude::{Foreign, Loader};

use crate::claude::{self, DiskLoader, Job};
use crate::files::files_of;
use crate::offered::Offered;

pub use molt_base::{FileId, LineIndex};
pub use molt_claude::ide::{Analysis, Fix, Item, ItemKind, Page, Region, Section, Use, complete, is_name, tokens};
pub use molt_claude_syntax::forms::Form;

/// Most files that are looked at for other uses of a name.
const MOST_FILES: usize = 2_000;

/// Folders with the texts that are open.
pub struct Workspace {
    pub roots: Vec<PathBuf>,
    /// By plain absolute path.
    texts: HashMap<PathBuf, String>,
}

/// A place in a file of the workspace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub path: PathBuf,
    pub start: u32,
    pub end: u32,
}

impl Workspace {
    pub fn new(roots: Vec<PathBuf>) -> Workspace {
        Workspace { roots, texts: HashMap::new() }
    }

    /// Takes the text of a file that is edited, which hides that of the disk.
    pub fn set(&mut self, path: &Path, text: String) {
        self.texts.insert(path.to_path_buf(), text);
    }

    /// From now on the file of the disk is meant.
    pub fn close(&mut self, path: &Path) {
        self.texts.remove(path);
    }

    /// The text of a file; none if it cannot be read.
    pub fn text(&self, path: &Path) -> Option<String> {
        match self.texts.get(path) {
            Some(text) => Some(text.clone()),
            None => std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// What is known of a file and what it imports; none if it cannot be read.
    pub fn analyse(&self, path: &Path) -> Option<Analysis> {
        let job = Job::file(path);
        let root = job.root();
        let offered = Offered::new(&root);
        let loader = Texts { open: &self.texts, disk: DiskLoader::new(&offered, &root) };
        molt_claude::ide::analyse(&job.request(&[]), &loader, &crate::expansion::hasty_runner)
    }

    /// The `.cl` files below the workspace's folders and those that are open.
    pub fn files(&self) -> Vec<PathBuf> {
        let below = self.roots.iter().filter_map(|root| files_of(root, claude::is_claude).ok()).flatten();
        let all: BTreeSet<PathBuf> = self.texts.keys().cloned().chain(below.take(MOST_FILES)).collect();
        all.into_iter().collect()
    }

    /// All places in the workspace of what a name of an analysis means, in order. Those of a body's variable lie in one file.
    pub fn places(&self, analysis: &Analysis, used: Use) -> Vec<Place> {
        let mut found: BTreeSet<Place> = BTreeSet::new();
        collect(analysis, used.item, &mut found);
        let item = analysis.item(used);
        let Some(definition) = item.place.map(|p| place(analysis, p)) else {
            return found.into_iter().collect();
        };
        if matches!(item.kind, ItemKind::Parameter | ItemKind::Variable) {
            return found.into_iter().collect();
        }
        let entry = Path::new(analysis.sources.file(analysis.entry).name.as_ref()).to_path_buf();
        for path in self.files().into_iter().filter(|p| *p != entry) {
            let is_named = self.text(&path).is_some_and(|text| text.contains(&item.name));
            let Some(other) = is_named.then(|| self.analyse(&path)).flatten() else { continue };
            let same = other.items.iter().position(|i| i.place.is_some_and(|p| place(&other, p) == definition));
            same.into_iter().for_each(|item| collect(&other, item as u32, &mut found));
        }
        found.into_iter().collect()
    }
}

fn collect(analysis: &Analysis, item: u32, found: &mut BTreeSet<Place>) {
    found.extend(analysis.places(item).map(|u| place(analysis, u.span)));
}

/// A span of an analysis as a place.
pub fn place(analysis: &Analysis, span: molt_base::Span) -> Place {
    let path = PathBuf::from(analysis.sources.file(span.file).name.as_ref());
    Place { path, start: span.start, end: span.end }
}

/// Texts that are open over the disk.
struct Texts<'a> {
    open: &'a HashMap<PathBuf, String>,
    disk: DiskLoader<'a>,
}

impl Loader for Texts<'_> {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        match self.open.get(path) {
            Some(text) => Some(text.clone().into_bytes()),
            None => self.disk.read(path),
        }
    }

    fn foreign(&self, path: &Path, bytes: &[u8]) -> Result<Foreign, String> {
        self.disk.foreign(path, bytes)
    }
}
