//! ClaudeLang programs of the other tests with pieces lost, doubled and added. The same programs give the same damage.

use super::{Case, Expected};
use crate::lang;

/// How many damaged programs there are.
const COUNT: usize = 300;

/// What is added, beside pieces of the program.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "'",
    "`",
    ",",
    ",@",
    "@",
    "#;",
    "#|",
    "|#",
    ";",
    "\"",
    "\\",
    "\n",
    ":",
    ".",
    "&",
    "...",
    "_",
    "0x",
    "1e",
    "nil",
    "define",
    "lambda",
    "let",
    "match",
    "handler",
    "resume",
    "recur",
    "quasiquote",
    "\u{0}",
    "\u{a0}",
    "λ",
];

pub fn cases() -> Result<Vec<Case>, String> {
    let programs = lang::texts(".cl")?;
    if programs.is_empty() {
        return Err("there are no ClaudeLang programs to damage".into());
    }
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let case = |n| Case {
        name: format!("damaged/{n}.cl"),
        files: vec![("main.cl".into(), damage(&programs, &mut random).into_bytes())],
        expected: Expected::Any,
        agrees: false,
    };
    Ok((0..COUNT).map(case).collect())
}

fn damage(programs: &[String], random: &mut Random) -> String {
    let mut text: Vec<char> = programs[random.below(programs.len())].chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(30)).min(text.len());
        match random.below(4) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, piece);
            }
            2 => text.truncate(at),
            _ => {
                text.splice(at..at, PIECES[random.below(PIECES.len())].chars());
            }
        }
    }
    text.into_iter().collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }
}
