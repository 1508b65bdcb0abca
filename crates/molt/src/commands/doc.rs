//! `molt doc`.
use std::path::Path;

use crate::args::{Common, PackageArgs};

pub fn doc(
    _common: &Common,
    _file: Option<&Path>,
    _output: Option<&Path>,
    _private: bool,
    _package: &PackageArgs,
) -> u8 {
    2
}
