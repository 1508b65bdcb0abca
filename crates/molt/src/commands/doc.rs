//! `molt doc`: pages from documentation comments.

use std::path::{Path, PathBuf};

use molt_driver::grok::Job;
use molt_driver::package::Target;
use molt_driver::{DriverError, Session};

use super::{finish, packages, session};
use crate::args::{Common, PackageArgs};
use crate::report;
use crate::report::say;

/// Writes pages for a file or for the packages around the current folder.
pub fn doc(common: &Common, file: Option<&Path>, output: Option<&Path>, private: bool, args: &PackageArgs) -> u8 {
    let result = match file {
        Some(file) => of_file(common, file, output, private),
        None => of_packages(common, output, private, args),
    };
    result.err().unwrap_or(0)
}

fn of_file(common: &Common, file: &Path, output: Option<&Path>, private: bool) -> Result<(), u8> {
    if !molt_driver::grok::is_grok(file) {
        eprintln!("error: `doc` takes `.grok` files");
        return Err(2);
    }
    if let Err(error) = std::fs::metadata(file) {
        return Err(report::error(&DriverError::Read { path: file.to_path_buf(), error }, common));
    }
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = output.map_or_else(|| PathBuf::from("doc"), Path::to_path_buf);
    write(common, &Job::file(file, false), &name, "", &folder, private)
}

/// The library of each package, or else its program with all that is in it.
fn of_packages(common: &Common, output: Option<&Path>, private: bool, args: &PackageArgs) -> Result<(), u8> {
    let workspace = packages::load(common, args)?;
    for (n, member) in workspace.selected() {
        let target: Option<(&Target, bool)> = match (member.library(), member.programs().next()) {
            (Some(library), _) => Some((library, private)),
            (None, program) => program.map(|p| (p, true)),
        };
        let Some((target, private)) = target else { continue };
        let job = Job::target(&workspace, n, target, false, false);
        let version = member.manifest.package.as_ref().map(|p| p.version.to_string()).unwrap_or_default();
        let folder = output.map_or_else(|| workspace.path("target/doc"), Path::to_path_buf).join(member.path_name());
        write(common, &job, &member.path_name(), &version, &folder, private)?;
    }
    Ok(())
}

fn write(common: &Common, job: &Job, name: &str, version: &str, folder: &Path, private: bool) -> Result<(), u8> {
    let mut s: Session = session(common, false);
    let files = s.document(job, name, version, private);
    write_files(common, finish(&s, common, files)?, folder)
}

/// Writes pages below a folder, and says where the first of them is.
pub fn write_files(common: &Common, files: Vec<(String, String)>, folder: &Path) -> Result<(), u8> {
    for (file, text) in files {
        let path = folder.join(file);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| report::error(&DriverError::Write { path, error }, common))?;
    }
    if !common.quiet {
        say!("{}", folder.join("index.html").display());
    }
    Ok(())
}
