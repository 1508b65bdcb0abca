//! `repl`: reads texts, runs them and prints their values. Prompts are for terminals, so that a session can also come from
//! a pipe.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;
use molt_driver::DriverError;
use molt_driver::claude::{self, Options};
use molt_driver::repl::{self, Evaluated, Mode, Refusal, Repl};

use super::claude::refused;
use super::prompt::{Line, Prompt};
use crate::args::Common;
use crate::args::claude::{Contracts, ReplArgs};
use crate::report::{self, say};

/// The commands, with what stands behind them and what they do.
const COMMANDS: &[(&str, &str, &str)] = &[
    (":help", "", "this list"),
    (":quit", "", "end the session, as the end of the input does"),
    (":load", "FILE", "run a file as an entry"),
    (":save", "FILE", "write what was entered to a file"),
    (":reset", "", "forget everything that was entered"),
    (":vars", "", "the variables with their values"),
    (":type", "EXPR", "the type of an expression, which is not run"),
    (":effects", "EXPR", "the effects that an expression may have"),
    (":ast", "EXPR", "the data of a text"),
    (":bytecode", "EXPR", "the code that the interpreter would run"),
    (":time", "EXPR", "run, and say how long it took"),
    (":mode", "bytecode|jit", "how the code of later entries runs"),
    (":opt", "0..3", "how much the code of later entries is optimised"),
    (":contracts", "off|pre|full", "the contracts of later entries that are checked"),
];

/// Runs a session on the standard streams; its status.
pub fn repl(common: &Common, args: &ReplArgs) -> u8 {
    let options = Options { optimise: args.optimise, contracts: args.contracts.level(), ..Options::default() };
    let status = repl::on_large_stack(|stack_size| {
        let mut session = Session { common, repl: Repl::new(options, stack_size) };
        let status = session.run();
        session.end(status)
    });
    status.unwrap_or_else(|| {
        eprintln!("error: there is no memory for the stack of a session");
        4
    })
}

struct Session<'a> {
    common: &'a Common,
    repl: Repl,
}

/// The session goes on, or ends with a status.
type Turn = Result<(), u8>;

impl Session<'_> {
    fn run(&mut self) -> u8 {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        if is_terminal && !self.common.quiet {
            say!("ClaudeLang {}; `:help` lists the commands", env!("CARGO_PKG_VERSION"));
        }
        let commands = COMMANDS.iter().map(|c| c.0).collect();
        let mut prompt =
            match is_terminal.then(|| Prompt::new(commands, repl::known_names(), "repl-history")).transpose() {
                Ok(prompt) => prompt,
                Err(error) => {
                    eprintln!("error: cannot use the terminal: {error}");
                    return 4;
                }
            };
        loop {
            let text = match &mut prompt {
                Some(prompt) => edited_entry(prompt, &self.repl),
                None => read_entry(),
            };
            let Some(text) = text else { return 0 };
            if let Err(status) = self.turn(&text) {
                return status;
            }
        }
    }

    fn turn(&mut self, text: &str) -> Turn {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.starts_with(':') {
            let (command, operand) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
            return self.command(command, operand.trim());
        }
        self.evaluate(text, None)
    }

    fn evaluate(&mut self, text: &str, path: Option<&Path>) -> Turn {
        match self.repl.evaluate(text, path) {
            Ok(Evaluated::Value(Some(value))) => say!("{value}"),
            Ok(Evaluated::Value(None) | Evaluated::Failed) => {}
            Ok(Evaluated::Exit(status)) => return Err(status as u8),
            Err(refusal) => self.refused(refusal),
        }
        Ok(())
    }

    fn refused(&self, refusal: Refusal) {
        match refusal {
            Refusal::Faults(faults) => refused(faults, self.common),
            Refusal::Driver(e) => report::error(&e, self.common),
        };
    }

    fn command(&mut self, command: &str, operand: &str) -> Turn {
        let Some((_, takes, _)) = COMMANDS.iter().find(|c| c.0 == command) else {
            eprintln!("error: there is no command `{command}`\nhelp: `:help` lists the commands");
            return Ok(());
        };
        if operand.is_empty() != takes.is_empty() {
            eprintln!("error: `{command}` takes {}", if takes.is_empty() { "nothing" } else { takes });
            return Ok(());
        }
        match command {
            ":quit" => return Err(0),
            ":help" => COMMANDS.iter().for_each(|(name, takes, what)| say!("{:24} {what}", format!("{name} {takes}"))),
            ":load" => return self.load(Path::new(operand)),
            ":save" => self.save(Path::new(operand)),
            ":reset" => return self.reset(),
            ":vars" => self.repl.variables().into_iter().for_each(|(name, value)| match value {
                Some(value) => say!("{name} = {value}"),
                None => say!("{name} has no value"),
            }),
            ":type" => self.described(operand, |d| d.ty),
            ":effects" => self.described(operand, |d| d.row),
            ":ast" => match claude::data("repl", operand) {
                Ok(text) => {
                    let _ = std::io::stdout().write_all(text.as_bytes());
                }
                Err(faults) => drop(refused(faults, self.common)),
            },
            ":bytecode" => match self.repl.texts.bytecode(operand) {
                Ok(text) => {
                    let _ = std::io::stdout().write_all(text.as_bytes());
                }
                Err(refusal) => self.refused(refusal),
            },
            ":time" => {
                let start = Instant::now();
                let turn = self.evaluate(operand, None);
                eprintln!("{:.3} ms, compilation included", start.elapsed().as_secs_f64() * 1e3);
                return turn;
            }
            ":mode" => self.mode(operand),
            ":opt" => match operand.parse() {
                Ok(level @ 0..=3) => self.repl.texts.options.optimise = level,
                _ => eprintln!("error: `:opt` takes a number from 0 to 3"),
            },
            ":contracts" => match Contracts::from_str(operand, false) {
                Ok(contracts) => self.repl.texts.options.contracts = contracts.level(),
                Err(_) => eprintln!("error: `:contracts` takes off, pre or full"),
            },
            _ => unreachable!("the table has no other command"),
        }
        Ok(())
    }

    fn mode(&mut self, mode: &str) {
        match mode {
            "jit" => self.repl.texts.mode = Mode::Jit,
            "bytecode" => self.repl.texts.mode = Mode::Bytecode,
            "tree" => eprintln!(
                "error: there is no mode `tree`: all engines run the same code, none the text\nhelp: `:mode bytecode` interprets"
            ),
            _ => eprintln!("error: there is no mode `{mode}`\nhelp: there are bytecode and jit"),
        }
    }

    fn load(&mut self, path: &Path) -> Turn {
        match std::fs::read_to_string(path) {
            Ok(text) => self.evaluate(&text, Some(path)),
            Err(error) => {
                report::error(&DriverError::Read { path: path.to_path_buf(), error }, self.common);
                Ok(())
            }
        }
    }

    fn save(&self, path: &Path) {
        let mut text = String::new();
        for entry in self.repl.texts.entered() {
            text.push_str(entry.trim_end());
            text.push('\n');
        }
        if let Err(error) = std::fs::write(path, text) {
            report::error(&DriverError::Write { path: path.to_path_buf(), error }, self.common);
        }
    }

    fn described(&mut self, text: &str, part: impl FnOnce(repl::Description) -> String) {
        match self.repl.texts.describe(text) {
            Ok(description) => say!("{}", part(description)),
            Err(refusal) => self.refused(refusal),
        }
    }

    fn reset(&mut self) -> Turn {
        self.repl.reset().map_err(|leaks| {
            eprintln!("{leaks}");
            repl::LEAK_STATUS as u8
        })
    }

    fn end(&mut self, status: u8) -> u8 {
        self.reset().err().unwrap_or(status)
    }
}

/// Reads lines of a terminal until no datum is open any more; none at the end of the input. An interrupt takes back what
/// was entered.
fn edited_entry(prompt: &mut Prompt, repl: &Repl) -> Option<String> {
    let mut text = String::new();
    loop {
        match prompt.line(if text.is_empty() { "> " } else { ".. " }, repl.texts.names()) {
            Line::Text(line) => text.push_str(&line),
            Line::Interrupted => {
                text.clear();
                continue;
            }
            Line::End => return (!text.trim().is_empty()).then_some(text),
        }
        text.push('\n');
        if is_whole(&text) {
            prompt.remember(&text);
            return Some(text);
        }
    }
}

/// Reads lines until no datum is open any more; none at the end of the input.
fn read_entry() -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = Vec::new();
        let taken = std::io::stdin().lock().read_until(b'\n', &mut line).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&line));
        if taken == 0 {
            return (!text.trim().is_empty()).then_some(text);
        }
        if is_whole(&text) {
            return Some(text);
        }
    }
}

/// Whether no datum of an entry is open; that of a command stands behind its name.
fn is_whole(text: &str) -> bool {
    let entered = text.trim_start();
    let data =
        if entered.starts_with(':') { entered.split_once(char::is_whitespace).map_or("", |c| c.1) } else { entered };
    !repl::wants_more(data)
}
