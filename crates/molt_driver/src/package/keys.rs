//! The keys of `grok.toml` with what each takes, in one table (section 9 of the language reference).

use std::time::Duration;

use toml_edit::Item;

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    Text,
    Bool,
    /// A whole number in a range.
    Int(i64, i64),
    OneOf(&'static [&'static str]),
    Texts,
    /// Text such as `"5s"` or `"200ms"`, or whole seconds.
    Time,
}

use Takes::{Bool, Int, OneOf, Text, Texts, Time};

const COUNT: Takes = Int(0, i64::MAX);
const LEVELS: Takes = OneOf(&["allow", "warn", "deny"]);

const PROFILE: &[(&str, Takes)] = &[
    ("opt", Int(0, 3)),
    ("overflow", OneOf(&["panic", "wrap"])),
    ("panic", OneOf(&["unwind", "abort"])),
    ("debug", Bool),
    ("lto", Bool),
    ("debug_assertions", Bool),
    ("target_cpu", Text),
];

/// Every table with fixed keys.
pub const TABLES: &[(&str, &[(&str, Takes)])] = &[
    (
        "package",
        &[
            ("name", Text),
            ("version", Text),
            ("edition", OneOf(&["2026", "2023"])),
            ("authors", Texts),
            ("license", Text),
            ("description", Text),
            ("repository", Text),
            ("readme", Text),
            ("keywords", Texts),
            ("tools", Texts),
            ("publish", Bool),
        ],
    ),
    ("lib", &[("name", Text), ("path", Text), ("kind", OneOf(&["grok", "cdylib", "python"]))]),
    ("bin", &[("name", Text), ("path", Text)]),
    ("workspace", &[("members", Texts)]),
    ("profile.dev", PROFILE),
    ("profile.release", PROFILE),
    (
        "ai",
        &[
            ("enabled", Bool),
            ("backend", Text),
            ("model", Text),
            ("api_key", Text),
            ("base_url", Text),
            ("timeout", Time),
            ("max_tokens", COUNT),
            ("mode", OneOf(&["compile_time", "runtime"])),
            ("privacy_level", OneOf(&["normal", "high", "local_only"])),
        ],
    ),
    ("ai.compile_time", &[("enabled", Bool), ("timeout", Time), ("level", Text), ("target", Text)]),
    ("ai.runtime", &[("enabled", Bool), ("adaptive", Bool)]),
    ("ai.local", &[("url", Text), ("port", Int(0, 65_535)), ("model", Text)]),
    ("ai.openai", &[("api_key", Text), ("model", Text), ("organization", Text)]),
    ("ai.testing", &[("iterations", COUNT), ("seed", COUNT), ("coverage_target", Int(0, 100))]),
    ("deadlock_detection", &[("enabled", Bool), ("timeout", Time), ("action", OneOf(&["panic", "log", "break"]))]),
    (
        "concurrency",
        &[
            ("deadlock_detection", Bool),
            ("workers", Int(1, 4096)),
            ("ask_timeout", Time),
            ("shutdown_timeout", Time),
            ("stack_size", Int(4096, 1 << 40)),
            ("mailbox", COUNT),
        ],
    ),
    ("runtime", &[("ai_optimization", Bool), ("profiling_threshold", COUNT)]),
    ("memory", &[("gc", OneOf(&["auto", "incremental", "generational", "off"]))]),
    ("ffi", &[("libs", Texts), ("lib_dirs", Texts), ("headers", Texts), ("python", Text)]),
    ("fmt", &[("width", Int(20, 1000)), ("indent", Int(1, 16))]),
    ("test", &[("threads", Int(1, 4096)), ("timeout", Time)]),
];

/// Tables whose keys are names that the author chooses, with what each of them takes where that is one thing.
pub const FREE: &[(&str, Option<Takes>)] = &[
    ("dependencies", None),
    ("dev-dependencies", None),
    ("build-dependencies", None),
    ("workspace.dependencies", None),
    ("features", Some(Texts)),
    ("lints", Some(LEVELS)),
];

/// The keys of a dependency that is written as a table.
pub const DEPENDENCY: &[(&str, Takes)] = &[
    ("version", Text),
    ("path", Text),
    ("git", Text),
    ("rev", Text),
    ("features", Texts),
    ("optional", Bool),
    ("default-features", Bool),
    ("workspace", Bool),
];

impl Takes {
    /// Whether a value is one that the key takes.
    pub fn accepts(self, item: &Item) -> bool {
        match self {
            Text => item.is_str(),
            Bool => item.is_bool(),
            Int(least, most) => item.as_integer().is_some_and(|n| (least..=most).contains(&n)),
            OneOf(words) => item.as_str().is_some_and(|t| words.contains(&t)),
            Texts => item.as_array().is_some_and(|a| a.iter().all(|v| v.is_str())),
            Time => time(item).is_some(),
        }
    }

    /// What is expected, for a message.
    pub fn describe(self) -> String {
        match self {
            Text => "a string".into(),
            Bool => "`true` or `false`".into(),
            Int(least, i64::MAX) => format!("a whole number from {least}"),
            Int(least, most) => format!("a whole number from {least} to {most}"),
            OneOf(words) => words.iter().map(|w| format!("`\"{w}\"`")).collect::<Vec<_>>().join(", "),
            Texts => "an array of strings".into(),
            Time => "a time such as `\"5s\"` or `\"200ms\"`".into(),
        }
    }
}

/// The time that a value stands for.
pub fn time(item: &Item) -> Option<Duration> {
    match item.as_integer() {
        Some(seconds) => u64::try_from(seconds).ok().map(Duration::from_secs),
        None => duration(item.as_str()?),
    }
}

/// `200ms`, `5s`, `1.5s`, `2m`, `1h`; a number alone are seconds.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let scale = match text[digits..].trim() {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(text[..digits].parse::<f64>().ok()? * scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(duration("1.5 s"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(duration("7"), Some(Duration::from_secs(7)));
        assert_eq!((duration("soon"), duration("-1s"), duration("")), (None, None, None));
    }
}
