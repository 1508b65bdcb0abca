//! What is known of the machine, for the report.

/// Processor, number of processors, memory and system, as far as they can be told.
pub fn facts() -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        facts.extend(value.map(|v| (name.to_string(), v)));
    };
    let count = std::thread::available_parallelism().map(|n| format!("{n}")).ok();
    add("processor", first_field("/proc/cpuinfo", "model name").or_else(|| Some(std::env::consts::ARCH.to_string())));
    add("processors", count);
    add("memory", first_field("/proc/meminfo", "MemTotal"));
    add("system", Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
    facts
}

/// Value of the first `name: value` line of a file of the kernel.
fn first_field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix(':').map(|v| v.trim().to_string()))
}
