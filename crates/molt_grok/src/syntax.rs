//! Source text to tokens and a lossless tree.
