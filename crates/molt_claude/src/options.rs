//! What can be chosen about a program (sections 5.5, 9 and 13.5 of the reference).

use molt_abi::limits::{Argument, CAPABILITIES, LIMITS};

/// The choices. They belong to the program: another choice makes another executable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Level of optimisation, from 0 to 3.
    pub optimise: u8,
    pub contracts: Contracts,
    pub capabilities: Capabilities,
    /// The tests of the program run at its end, and its status is 1 if one fails.
    pub runs_tests: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { optimise: 2, contracts: Contracts::Full, capabilities: Capabilities::default(), runs_tests: false }
    }
}

/// Which contracts are checked at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contracts {
    Off,
    /// What callers must see to.
    Pre,
    Full,
}

/// What the program may do and have, as changes of what it may without them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Capabilities {
    /// It starts with none.
    pub sandbox: bool,
    pub allow: Vec<Capability>,
    pub deny: Vec<Capability>,
    pub limits: Vec<Limit>,
}

impl Capabilities {
    /// The rules for the runtime, one a line: `sandbox`, `+capability`, `-capability`, `=limit:number`; none where all is
    /// granted.
    pub fn rules(&self) -> Option<String> {
        let mut rules: Vec<String> = self.sandbox.then(|| "sandbox".to_owned()).into_iter().collect();
        rules.extend(self.allow.iter().map(|c| format!("+{}", c.text())));
        rules.extend(self.deny.iter().map(|c| format!("-{}", c.text())));
        rules.extend(self.limits.iter().map(|l| format!("={}:{}", l.name, l.most)));
        (!rules.is_empty()).then(|| rules.join("\n"))
    }
}

/// One of the capabilities, for some paths or hosts only if there is an argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    pub name: &'static str,
    pub argument: Option<String>,
}

impl Capability {
    /// Reads `name` or `name:argument`; what is wrong with it.
    pub fn parse(text: &str) -> Result<Capability, String> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest.to_owned())));
        let Some(&(name, takes)) = CAPABILITIES.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = CAPABILITIES.iter().map(|(name, _)| *name).collect();
            return Err(format!("`{name}` is no capability; there are {}", names.join(", ")));
        };
        match argument {
            Some(_) if takes == Argument::None => Err(format!("`{name}` takes no argument")),
            Some(argument) if argument.is_empty() => Err(format!("the argument of `{name}` is empty")),
            argument => Ok(Capability { name, argument }),
        }
    }

    /// As [`Capability::parse`] reads it.
    pub fn text(&self) -> String {
        let argument = self.argument.as_ref().map_or_else(String::new, |a| format!(":{a}"));
        format!("{}{argument}", self.name)
    }
}

/// A limit of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    pub name: &'static str,
    pub most: i64,
}

impl Limit {
    /// Reads `name=number`, with or without the `max-` of the name; what is wrong with it.
    pub fn parse(text: &str) -> Result<Limit, String> {
        let Some((name, number)) = text.split_once('=') else {
            return Err("a limit is written NAME=NUMBER".to_owned());
        };
        let is_it = |known: &str| known == name || known.strip_prefix("max-") == Some(name);
        let Some(&(name, _)) = LIMITS.iter().find(|(known, _)| is_it(known)) else {
            let names: Vec<&str> = LIMITS.iter().map(|(name, _)| *name).collect();
            return Err(format!("`{name}` is no limit; there are {}", names.join(", ")));
        };
        match number.parse() {
            Ok(most) if most >= 0 => Ok(Limit { name, most }),
            _ => Err(format!("`{number}` is no number from 0 to {}", i64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_as_they_are_written() {
        for text in ["io.stdout", "io.read:/tmp", "net.connect:*.example.org", "net.listen:localhost:8080"] {
            assert_eq!(Capability::parse(text).map(|c| c.text()).as_deref(), Ok(text));
        }
        for text in ["", "io", "io.stdout:x", "io.read:", "IO.READ"] {
            assert!(Capability::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_read_with_their_names_in_full_or_short() {
        assert_eq!(Limit::parse("channels=5"), Ok(Limit { name: "max-channels", most: 5 }));
        assert_eq!(Limit::parse("max-memory=0"), Ok(Limit { name: "max-memory", most: 0 }));
        for text in ["", "channels", "channels=", "channels=-1", "channels=many", "buffers=1", "cells=1e3"] {
            assert!(Limit::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rules_are_lines() {
        let allow = vec![Capability::parse("net.dns:a.org").unwrap()];
        let limits = vec![Limit::parse("cells=7").unwrap()];
        let changed = Capabilities { allow, limits, ..Capabilities::default() };
        assert_eq!(changed.rules().as_deref(), Some("+net.dns:a.org\n=max-cells:7"));
        assert_eq!(Capabilities::default().rules(), None);
    }
}
