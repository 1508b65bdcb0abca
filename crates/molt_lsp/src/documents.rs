//! The texts that are open, and what is known of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use lsp_types::{
    DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, InitializeParams, Range, TextDocumentContentChangeEvent, Uri,
};
use molt_driver::Span;
use molt_driver::ide::{Analysis, FileId, Page, Workspace};

use crate::answers::findings;
use crate::places::{Encoding, Lines, path_of};

/// All texts.
pub struct Documents {
    pub workspace: Workspace,
    pub encoding: Encoding,
    open: HashMap<Uri, Document>,
    /// What is still to be looked at, the one that changed last at the end.
    behind: Vec<Uri>,
}

/// A text that is open.
struct Document {
    path: PathBuf,
    text: String,
    version: Option<i32>,
    known: Option<Rc<Known>>,
}

/// A text as it is now, with what is known of it.
pub struct Known {
    pub path: PathBuf,
    pub page: Page,
    pub lines: Lines,
    pub analysis: Analysis,
}

impl Known {
    pub fn text(&self) -> &str {
        self.page.data.text()
    }

    /// The range of a span of this text.
    pub fn range(&self, span: Span) -> Range {
        self.lines.range(self.text(), span.start, span.end)
    }
}

impl Documents {
    pub fn new(params: &InitializeParams, encoding: Encoding) -> Documents {
        let folders = params.workspace_folders.iter().flatten();
        let roots = folders.filter_map(|f| path_of(&f.uri)).collect();
        Documents { workspace: Workspace::new(roots), encoding, open: HashMap::new(), behind: Vec::new() }
    }

    pub fn open(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = path_of(&document.uri) else { return };
        self.workspace.set(&path, document.text.clone());
        let opened = Document { path, text: document.text, version: Some(document.version), known: None };
        self.open.insert(document.uri.clone(), opened);
        self.changed(&document.uri);
    }

    pub fn change(&mut self, params: DidChangeTextDocumentParams) {
        let encoding = self.encoding;
        let Some(document) = self.open.get_mut(&params.text_document.uri) else { return };
        for edit in params.content_changes {
            apply(&mut document.text, edit, encoding);
        }
        document.version = Some(params.text_document.version);
        self.workspace.set(&document.path, document.text.clone());
        self.changed(&params.text_document.uri);
    }

    pub fn close(&mut self, params: DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        let Some(document) = self.open.remove(&uri) else { return };
        self.workspace.close(&document.path);
        self.behind.retain(|u| *u != uri);
        self.disk_changed();
        // Its findings go away with it.
        self.behind.push(uri);
    }

    /// Files may be others than before.
    pub fn disk_changed(&mut self) {
        for (uri, document) in &mut self.open {
            document.known = None;
            if !self.behind.contains(uri) {
                self.behind.insert(0, uri.clone());
            }
        }
    }

    pub fn folders_changed(&mut self, params: DidChangeWorkspaceFoldersParams) {
        let gone: Vec<PathBuf> = params.event.removed.iter().filter_map(|f| path_of(&f.uri)).collect();
        self.workspace.roots.retain(|root| !gone.contains(root));
        self.workspace.roots.extend(params.event.added.iter().filter_map(|f| path_of(&f.uri)));
    }

    /// A text is another one now, and what imports it must be looked at again.
    fn changed(&mut self, uri: &Uri) {
        let path = self.open[uri].path.clone();
        let mut behind = Vec::new();
        for (other, document) in &mut self.open {
            let reads = document.known.as_ref().is_some_and(|k| k.analysis.sources.find(&shown(&path)).is_some());
            if reads && other != uri {
                document.known = None;
                behind.push(other.clone());
            }
        }
        self.behind.retain(|u| u != uri && !behind.contains(u));
        self.behind.extend(behind);
        self.behind.push(uri.clone());
        self.open.get_mut(uri).expect("it is open").known = None;
    }

    /// Whether something is to be looked at.
    pub fn is_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// What is wrong with the text that changed last and was not looked at since.
    pub fn next_findings(&mut self) -> Option<(Uri, Option<i32>, Vec<lsp_types::Diagnostic>)> {
        let uri = self.behind.pop()?;
        let Some(known) = self.known(&uri) else { return Some((uri, None, Vec::new())) };
        let version = self.open[&uri].version;
        Some((uri.clone(), version, findings(&known, &uri)))
    }

    /// What is known of a text that is open, as it is now.
    pub fn known(&mut self, uri: &Uri) -> Option<Rc<Known>> {
        let document = self.open.get_mut(uri)?;
        if let Some(known) = &document.known {
            return Some(known.clone());
        }
        let known = Rc::new(look(&self.workspace, &document.path, &document.text, self.encoding)?);
        document.known = Some(known.clone());
        Some(known)
    }

    /// The text of a file with its lines.
    pub fn lines(&self, path: &Path) -> Option<(String, Lines)> {
        let text = self.workspace.text(path)?;
        let lines = Lines::new(&text, self.encoding);
        Some((text, lines))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn look(workspace: &Workspace, path: &Path, text: &str, encoding: Encoding) -> Option<Known> {
    let analysis = workspace.analyse(path)?;
    let page = Page::new(analysis.entry, text);
    Some(Known { path: path.to_path_buf(), page, lines: Lines::new(text, encoding), analysis })
}

/// Makes an edit of the editor.
fn apply(text: &mut String, edit: TextDocumentContentChangeEvent, encoding: Encoding) {
    let Some(range) = edit.range else {
        *text = edit.text;
        return;
    };
    let lines = Lines::new(text, encoding);
    let (start, end) = (lines.offset(text, range.start), lines.offset(text, range.end));
    text.replace_range(start as usize..end.max(start) as usize, &edit.text);
}

/// A page of a file that is not open.
pub fn page(text: &str) -> Page {
    Page::new(FileId(0), text)
}
