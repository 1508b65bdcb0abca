//! What the bodies of closures were found to need of the regions around them.

use molt_base::hash::FastMap;

use crate::ty::ClosureId;

/// Relations between the regions of a closure that its callers must provide. Regions are numbered: 0 is that of the reference
/// to the environment, then those of the captures, of the parameters and of the result, in the order of their types.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many regions the captures have.
    pub captured: u32,
    /// `(longer, shorter)`; the shorter one `None` for `'static`.
    pub needs: Vec<(u32, Option<u32>)>,
}

/// Summaries of the closures that were checked before the body around them.
#[derive(Debug, Default)]
pub struct Summaries {
    of: FastMap<ClosureId, Summary>,
}

impl Summaries {
    pub fn get(&self, id: ClosureId) -> Option<&Summary> {
        self.of.get(&id)
    }
    pub fn insert(&mut self, id: ClosureId, summary: Summary) {
        self.of.insert(id, summary);
    }
}
