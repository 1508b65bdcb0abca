//! `claudelang debug`: a prompt wherever the program waits. Prompts are for terminals, so that commands can also come from a
//! pipe.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use molt_driver::claude::Options;
use molt_driver::debug::{self, Go, Pause, Place, Reason, Target};
use molt_driver::repl::{Refusal, on_large_stack};

use super::refused;
use crate::args::Common;
use crate::commands::prompt::{Line, Prompt};
use crate::report::{self, say};

/// The commands: name, short name, what stands behind it and what it does.
const COMMANDS: &[(&str, &str, &str, &str)] = &[
    ("continue", "c", "", "go on to the next breakpoint"),
    ("step", "s", "", "go on to the next place, in whatever call"),
    ("next", "n", "", "go on to the next place that is not in a call made from here"),
    ("finish", "f", "", "go on until this call has ended"),
    (
        "break",
        "b",
        "[LINE|FILE:LINE|PROCEDURE] [if EXPR]",
        "wait there, or here; without anything list the breakpoints",
    ),
    ("clear", "", "[LINE]", "take the breakpoints of a line away, or all"),
    ("inspect", "i", "[EXPR]", "the value of an expression, or all variables"),
    ("watch", "w", "[EXPR]", "wait where the value becomes another one; without anything list what is watched"),
    ("unwatch", "", "EXPR", "watch it no more"),
    ("backtrace", "bt", "", "the calls under way, innermost first"),
    ("up", "", "", "look at the call that made this one"),
    ("down", "", "", "look at the call that this one made"),
    ("list", "l", "", "the text around the place"),
    ("help", "h", "", "this list"),
    ("quit", "q", "", "end the program, as the end of the input does"),
];

/// Lines that `list` shows before and after the place.
const AROUND: u32 = 5;

/// Runs a program under the debugger; its status.
pub fn debug(common: &Common, file: &Path, options: Options, args: Vec<String>) -> Result<u8, u8> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let prompt = is_terminal.then(|| Prompt::new(COMMANDS.iter().map(|c| c.0).collect(), Vec::new(), "debug-history"));
    let prompt = prompt.transpose().map_err(|error| {
        eprintln!("error: cannot use the terminal: {error}");
        4
    })?;
    let mut face = Face { prompt, again: None };
    if is_terminal && !common.quiet {
        say!("`help` lists the commands");
    }
    let argv: Vec<String> = std::iter::once(file.display().to_string()).chain(args).collect();
    let ended = on_large_stack(|size| debug::run(file, options, &argv, size, move |pause| face.ask(pause)));
    match ended {
        None => {
            eprintln!("error: there is no memory for the stack of the program");
            Err(4)
        }
        Some(Ok(status)) => {
            if !common.quiet {
                say!("the program has ended with status {status}");
            }
            Ok(status as u8)
        }
        Some(Err(Refusal::Faults(faults))) => Err(refused(faults, common)),
        Some(Err(Refusal::Driver(e))) => Err(report::error(&e, common)),
    }
}

struct Face {
    prompt: Option<Prompt>,
    /// What an empty line does: the last command that let the program go on.
    again: Option<Go>,
}

impl Face {
    fn ask(&mut self, pause: &mut Pause<'_, '_>) -> Go {
        announce(pause);
        loop {
            let names = pause.names();
            let line = match &mut self.prompt {
                Some(prompt) => match prompt.line("(claudelang-debug) ", names.iter().map(String::as_str)) {
                    Line::Text(text) => {
                        prompt.remember(&text);
                        Some(text)
                    }
                    Line::Interrupted => continue,
                    Line::End => None,
                },
                None => read_line(),
            };
            let Some(line) = line else { return Go::Quit };
            let line = line.trim();
            if line.is_empty() {
                match self.again {
                    Some(go) => return go,
                    None => continue,
                }
            }
            let (command, operand) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            if let Some(go) = self.command(pause, command, operand.trim()) {
                self.again = Some(go);
                return go;
            }
        }
    }

    /// Obeys a command; what the program does next, if it does something.
    fn command(&self, pause: &mut Pause<'_, '_>, command: &str, operand: &str) -> Option<Go> {
        let found = COMMANDS.iter().find(|c| c.0 == command || !c.1.is_empty() && c.1 == command);
        let Some(&(name, _, takes, _)) = found else {
            eprintln!("error: there is no command `{command}`\nhelp: `help` lists the commands");
            return None;
        };
        if takes.is_empty() && !operand.is_empty() {
            eprintln!("error: `{name}` takes nothing");
            return None;
        }
        match name {
            "continue" => return Some(Go::Continue),
            "step" => return Some(Go::Step),
            "next" => return Some(Go::Next),
            "finish" => return Some(Go::Finish),
            "quit" => return Some(Go::Quit),
            "break" if operand.is_empty() => breakpoints(pause),
            "break" => set(pause, operand),
            "clear" => clear(pause, operand),
            "inspect" if operand.is_empty() => variables(pause),
            "inspect" => match pause.evaluate(operand) {
                Ok(value) => say!("{value}"),
                Err(why) => eprintln!("error: {}", why.trim_end()),
            },
            "watch" if operand.is_empty() => pause.watches().for_each(|w| say!("{w}")),
            "watch" => {
                if let Err(why) = pause.watch(operand) {
                    eprintln!("error: {why}");
                }
            }
            "unwatch" => {
                if !pause.unwatch(operand) {
                    eprintln!("error: `{operand}` is not watched");
                }
            }
            "backtrace" => backtrace(pause),
            "up" => look(pause, pause.selected().checked_add(1)),
            "down" => look(pause, pause.selected().checked_sub(1)),
            "list" => list(pause, AROUND),
            "help" => COMMANDS.iter().for_each(|(name, short, takes, what)| {
                let names = if short.is_empty() { (*name).to_owned() } else { format!("{name}, {short}") };
                say!("{:52} {what}", format!("{names} {takes}"));
            }),
            _ => unreachable!("the table has no other command"),
        }
        None
    }
}

fn read_line() -> Option<String> {
    let mut line = Vec::new();
    let taken = std::io::stdin().lock().read_until(b'\n', &mut line).unwrap_or(0);
    (taken > 0).then(|| String::from_utf8_lossy(&line).into_owned())
}

fn shown(place: &Place) -> String {
    let Place { file, line, column, procedure } = place;
    let within = procedure.as_ref().map_or_else(String::new, |p| format!(" in {p}"));
    format!("{file}:{line}:{column}{within}")
}

/// Says why the program waits, and where.
fn announce(pause: &Pause<'_, '_>) {
    match pause.reason() {
        Reason::Start | Reason::Step => {}
        Reason::Breakpoint(number) => say!("breakpoint {number}"),
        Reason::Interrupt => say!("interrupted"),
        Reason::Watch(text, before, now) => say!("{text}: {before} -> {now}"),
    }
    say!("{}", shown(&pause.place()));
    list(pause, 0);
}

fn list(pause: &Pause<'_, '_>, around: u32) {
    let at = pause.place().line;
    let lines = pause.lines(around);
    let width = lines.iter().map(|(n, _)| n.to_string().len()).max().unwrap_or(1);
    for (n, line) in lines {
        let mark = if n == at { '>' } else { ' ' };
        say!("{mark} {n:width$} | {line}");
    }
}

fn backtrace(pause: &Pause<'_, '_>) {
    for (n, place) in pause.calls().iter().enumerate() {
        let mark = if n == pause.selected() { '>' } else { ' ' };
        say!("{mark} {n} {}", shown(place));
    }
}

fn look(pause: &mut Pause<'_, '_>, call: Option<usize>) {
    match call.filter(|&c| pause.select(c)) {
        Some(_) => {
            say!("{}", shown(&pause.place()));
            list(pause, 0);
        }
        None => eprintln!("error: there is no further call"),
    }
}

fn variables(pause: &mut Pause<'_, '_>) {
    for (name, value) in pause.variables() {
        say!("{name} = {value}");
    }
}

fn breakpoints(pause: &Pause<'_, '_>) {
    for b in pause.breakpoints() {
        let condition = b.condition.as_ref().map_or_else(String::new, |c| format!(" if {c}"));
        say!("{} {}{condition}", b.number, shown(&b.place));
    }
}

fn set(pause: &mut Pause<'_, '_>, operand: &str) {
    let (target, condition) = match operand.split_once("if ") {
        Some((target, condition)) if target.is_empty() || target.ends_with(char::is_whitespace) => {
            (target.trim(), Some(condition.trim()))
        }
        _ => (operand, None),
    };
    let line = |text: &str| text.parse().ok();
    let target = match (target.rsplit_once(':'), line(target)) {
        _ if target.is_empty() => Target::Here,
        (_, Some(line)) => Target::Line(None, line),
        (Some((file, number)), None) if line(number).is_some() => {
            Target::Line(Some(file.to_owned()), line(number).expect("it was just read"))
        }
        _ => Target::Procedure(target.to_owned()),
    };
    match pause.set(&target, condition) {
        Ok(b) => say!("breakpoint {} at {}", b.number, shown(&b.place)),
        Err(why) => eprintln!("error: {why}"),
    }
}

fn clear(pause: &mut Pause<'_, '_>, operand: &str) {
    let line = operand.parse().ok();
    if line.is_none() && !operand.is_empty() {
        eprintln!("error: `clear` takes the number of a line");
        return;
    }
    match pause.clear(line) {
        0 => eprintln!("error: there is no such breakpoint"),
        1 => say!("one breakpoint less"),
        n => say!("{n} breakpoints less"),
    }
}
