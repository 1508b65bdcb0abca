//! The prompt on a terminal: lines are edited, names completed, and what was entered in other sessions is remembered.

use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::{FileHistory, History as _};
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

/// Entries that are remembered.
const MOST_ENTRIES: usize = 1000;
/// What names are separated by.
const DELIMITERS: &str = "()[]{}\",`'@;";

pub struct Prompt {
    editor: Editor<Names, FileHistory>,
    history: Option<PathBuf>,
}

/// What was read.
pub enum Line {
    Text(String),
    Interrupted,
    End,
}

impl Prompt {
    /// The prompt on the standard streams, or why the terminal cannot be used. At the start of a line commands are completed,
    /// anywhere the names that are known; the history is a file of this name.
    pub fn new(commands: Vec<&'static str>, known: Vec<String>, history: &str) -> Result<Prompt, ReadlineError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(MOST_ENTRIES)
            .and_then(|c| c.history_ignore_dups(true))
            .map(|c| c.build())
            .unwrap_or_default();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Names { commands, known, defined: Vec::new() }));
        let history = history_file(history);
        if let Some(file) = &history {
            // There is none before the first session.
            let _ = editor.load_history(file);
        }
        Ok(Prompt { editor, history })
    }

    /// Reads a line.
    pub fn line<'n>(&mut self, prompt: &str, defined: impl Iterator<Item = &'n str>) -> Line {
        if let Some(names) = self.editor.helper_mut() {
            names.defined = defined.map(str::to_owned).collect();
        }
        match self.editor.readline(prompt) {
            Ok(line) => Line::Text(line),
            Err(ReadlineError::Interrupted) => Line::Interrupted,
            Err(ReadlineError::Eof) => Line::End,
            Err(error) => {
                eprintln!("error: cannot read from the terminal: {error}");
                Line::End
            }
        }
    }

    /// Adds an entry to the history. One that cannot be kept is no reason to end the session.
    pub fn remember(&mut self, text: &str) {
        let entry = text.trim();
        if entry.is_empty() || !self.editor.add_history_entry(entry).unwrap_or(false) {
            return;
        }
        if let Some(file) = &self.history {
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = self.editor.history_mut().append(file);
        }
    }
}

/// The file of the history: what `MOLT_HISTORY` names, none if that is empty, else one among the states of the user's programs.
fn history_file(name: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MOLT_HISTORY") {
        return (!named.is_empty()).then(|| named.into());
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let base = state.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/state")))?;
    Some(base.join("molt").join(name))
}

/// The names that are completed.
struct Names {
    commands: Vec<&'static str>,
    known: Vec<String>,
    defined: Vec<String>,
}

impl Names {
    /// Where the name before a place of a line starts, and the names that it may become.
    fn candidates(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let is_end = |c: char| c.is_whitespace() || DELIMITERS.contains(c);
        let start = line[..at].rfind(is_end).map_or(0, |i| i + line[i..].chars().next().map_or(1, char::len_utf8));
        let begun = &line[start..at];
        let fits = |name: &&str| name.starts_with(begun);
        let is_first = line[..start].trim().is_empty() && !begun.is_empty();
        let commands = self.commands.iter().copied().filter(|_| is_first).filter(fits);
        let mut found: Vec<String> = commands.map(str::to_owned).collect();
        // Keywords and names do not begin with the colon that commands of some prompts begin with.
        let names = self.defined.iter().chain(&self.known).map(String::as_str);
        found.extend(names.filter(|_| !begun.is_empty()).filter(fits).map(str::to_owned));
        found.sort();
        found.dedup();
        (start, found)
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, at))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Validator for Names {}

impl Helper for Names {}

#[cfg(test)]
mod tests {
    use molt_driver::repl::known_names;

    use super::*;

    fn completed(line: &str) -> (usize, Vec<String>) {
        let names = Names {
            commands: vec![":help", ":quit"],
            known: known_names(),
            defined: vec!["strength".into(), "größe".into()],
        };
        names.candidates(line, line.len())
    }

    #[test]
    fn names_are_completed_where_they_stand() {
        assert_eq!(completed("(print (string-upc"), (8, vec!["string-upcase".to_owned()]));
        assert_eq!(completed("[streng"), (1, vec!["strength".to_owned()]));
        assert_eq!(completed("'größ"), (1, vec!["größe".to_owned()]));
        assert_eq!(completed("(io:read-l").1, ["io:read-line"]);
        assert_eq!(completed("(with-s").1, ["with-sandbox", "with-seed"]);
        assert_eq!(completed("(%ch").1, [""; 0]);
        assert_eq!(completed("(print ").1, [""; 0]);
    }

    #[test]
    fn commands_are_completed_at_the_start() {
        assert_eq!(completed(":he"), (0, vec![":help".to_owned()]));
        assert_eq!(completed("(get m :he").1, [""; 0]);
    }
}
