//! The cycle collector. Its counters and the walk over the heap are described in [`crate::heap`].

/// State of the collector.
pub struct Collector {
    /// Automatic collection is on.
    pub enabled: bool,
    /// Finished collections.
    pub collections: u64,
}

impl Collector {
    /// A collector that has not run.
    pub fn new() -> Collector {
        Collector { enabled: true, collections: 0 }
    }
}

impl Default for Collector {
    fn default() -> Collector {
        Collector::new()
    }
}
