//! Places in source files.

use serde::{Deserialize, Serialize};

use crate::entity_id;

entity_id!(
    /// A source file of a [`SourceMap`].
    pub struct FileId("file")
);

/// Half-open byte range in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}
