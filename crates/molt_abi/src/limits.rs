//! Capabilities and limits of ClaudeLang (section 5.5 of the reference): one table of names for the command line and the runtime.

/// What may stand behind the name of a capability, to grant less than all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    None,
    /// A file or a folder; what is below a folder is granted with it.
    Path,
    /// A host, or `*.` and a domain.
    Host,
}

/// All capabilities.
pub const CAPABILITIES: &[(&str, Argument)] = &[
    ("io.stdin", Argument::None),
    ("io.stdout", Argument::None),
    ("io.read", Argument::Path),
    ("io.write", Argument::Path),
    ("io.delete", Argument::Path),
    ("env", Argument::None),
    ("net.connect", Argument::Host),
    ("net.listen", Argument::Host),
    ("net.dns", Argument::Host),
    ("time", Argument::None),
    ("random", Argument::None),
    ("state", Argument::None),
    ("thread", Argument::None),
    ("dom", Argument::None),
    ("module.import", Argument::None),
    ("process", Argument::None),
    ("ffi", Argument::None),
];

/// What is counted while it is alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    Cells,
    Promises,
    Channels,
    OpenFiles,
    /// Nothing connects yet.
    Connections,
}

impl Counted {
    /// How many kinds there are.
    pub const COUNT: usize = Counted::Connections as usize + 1;
}

/// What a limit bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bounded {
    /// Bytes that objects take.
    Memory,
    /// Milliseconds of the processor.
    Time,
    /// Calls, and turns of loops.
    Instructions,
    /// Calls under way. Operands lie in the frames of calls, so a bound of the one is a bound of the other.
    Calls,
    /// Those of a kind that are alive.
    Alive(Counted),
}

/// All limits.
pub const LIMITS: &[(&str, Bounded)] = &[
    ("max-memory", Bounded::Memory),
    ("max-cpu-ms", Bounded::Time),
    ("max-instructions", Bounded::Instructions),
    ("max-stack", Bounded::Calls),
    ("max-call-depth", Bounded::Calls),
    ("max-cells", Bounded::Alive(Counted::Cells)),
    ("max-promises", Bounded::Alive(Counted::Promises)),
    ("max-channels", Bounded::Alive(Counted::Channels)),
    ("max-open-files", Bounded::Alive(Counted::OpenFiles)),
    ("max-connections", Bounded::Alive(Counted::Connections)),
];

/// Promises that a program may have unless it is told otherwise, and tasks in any case: each takes up to four mappings of memory,
/// of which the system gives a process 65,530.
pub const MOST_PROMISES: i64 = 10_000;
