//! The linker inside the compiler (`libwild`), for Linux systems with the GNU C library. It needs no start files and no
//! development package: the runtime archive has its own entry point, and the C library's shared objects are there
//! wherever programs run.
//!
//! All inputs but the C library are in memory. The tables for unwinding in the runtime archive are marked as excluded
//! there, because nothing unwinds the stack of a program.

use std::fs::File;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libwild::{FileSystem, FileType, InputFileData, Linker, OutputFileData, OutputOptions};
use object::LittleEndian;
use object::elf::{FileHeader64, SHF_EXCLUDE, SectionHeader64};
use object::read::archive::ArchiveFile;
use object::read::elf::FileHeader;

use crate::{LinkError, LinkJob};

/// What the linker is called in messages.
pub const NAME: &str = "built-in linker";

/// The parts of the C library that a program is linked with, and the loader that it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CLibrary {
    pub loader: &'static str,
    pub objects: [PathBuf; 2],
}

#[cfg(target_arch = "x86_64")]
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
#[cfg(target_arch = "x86_64")]
const FOLDERS: &[&str] = &["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];
#[cfg(target_arch = "aarch64")]
const LOADER: &str = "/lib/ld-linux-aarch64.so.1";
#[cfg(target_arch = "aarch64")]
const FOLDERS: &[&str] = &["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];

/// The C library of this system, if it is GNU's at one of its usual places.
pub fn c_library() -> Option<CLibrary> {
    let objects = |folder: &&str| ["libm.so.6", "libc.so.6"].map(|name| Path::new(folder).join(name));
    let complete = |files: &[PathBuf; 2]| files.iter().all(|f| f.is_file());
    let objects = FOLDERS.iter().map(objects).find(complete)?;
    Path::new(LOADER).exists().then_some(CLibrary { loader: LOADER, objects })
}

const PROGRAM: &str = "program.o";
const RUNTIME: &str = "runtime.a";
const NOTE: &str = "note.o";
const OUTPUT: &str = "program";

/// Links in this process, with a further object that nothing refers to; the bytes of the executable.
pub fn link(job: &LinkJob<'_>, note: Option<&[u8]>, library: &CLibrary) -> Result<Vec<u8>, LinkError> {
    let failed = |e: &dyn std::fmt::Display| LinkError::Failed { linker: NAME.into(), output: e.to_string() };
    let read = |path: &Path| std::fs::read(path).map_err(|error| LinkError::Read { path: path.to_path_buf(), error });
    let mut runtime = read(job.runtime)?;
    exclude_unwind_tables(&mut runtime).map_err(|e| failed(&e))?;
    let objects = library.objects.each_ref().map(|p| p.display().to_string());
    let mut arguments = vec!["ld", "-o", OUTPUT, "-dynamic-linker", library.loader, PROGRAM, RUNTIME];
    arguments.extend(objects.iter().map(String::as_str));
    // At a fixed address, as the executables of Go are: without the relocations that a position-independent one applies
    // at each start, it is smaller, starts sooner and keeps its tables in pages shared by processes.
    arguments.extend(["-no-pie", "--gc-sections", "--as-needed", "-z", "norelro", "--no-eh-frame-hdr"]);
    if job.strip {
        arguments.push("-s");
    }
    let mut inputs = vec![(PathBuf::from(PROGRAM), job.object.to_vec()), (PathBuf::from(RUNTIME), runtime)];
    if let Some(note) = note {
        arguments.push(NOTE);
        inputs.push((PathBuf::from(NOTE), note.to_vec()));
    }
    for path in &library.objects {
        inputs.push((path.clone(), read(path)?));
    }
    let output = Output::default();
    let inputs = inputs.into_iter().map(|(path, bytes)| (path, Input(Arc::new(bytes)))).collect();
    let files = Files { inputs, output: output.clone() };
    let link = || {
        let mut args = libwild::Args::new(|| arguments.iter())?;
        args.parse(|| arguments.iter())?;
        Linker::with_file_system(files).run(&args).map(drop)
    };
    link().map_err(|e| failed(&e.to_string()))?;
    let bytes = std::mem::take(&mut *output.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(bytes)
}

/// Marks the sections that only an unwinder or a debugger of the runtime's authors reads, in every member of an archive.
fn exclude_unwind_tables(archive: &mut [u8]) -> object::Result<()> {
    let mut flags: Vec<usize> = Vec::new();
    let file = ArchiveFile::parse(&*archive)?;
    for member in file.members() {
        let (start, size) = member?.file_range();
        let data = &archive[start as usize..(start + size) as usize];
        // Members of other kinds have nothing to exclude.
        let Ok(header) = FileHeader64::<LittleEndian>::parse(data) else { continue };
        let sections = header.sections(LittleEndian, data)?;
        for (i, section) in sections.iter().enumerate() {
            let name = sections.section_name(LittleEndian, section)?;
            if name == b".eh_frame" || name == b".comment" || name.starts_with(b".gcc_except_table") {
                let table = start as usize + header.e_shoff(LittleEndian) as usize;
                flags.push(table + i * size_of_val(section) + offset_of!(SectionHeader64<LittleEndian>, sh_flags));
            }
        }
    }
    for at in flags {
        let bytes: &mut [u8; 8] = (&mut archive[at..at + 8]).try_into().expect("eight bytes");
        *bytes = (u64::from_le_bytes(*bytes) | u64::from(SHF_EXCLUDE)).to_le_bytes();
    }
    Ok(())
}

#[derive(Clone, Debug)]
struct Input(Arc<Vec<u8>>);

impl InputFileData for Input {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The executable once it is complete.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

struct Image {
    bytes: Vec<u8>,
    output: Output,
}

impl OutputFileData for Image {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn finish(self) -> libwild::error::Result {
        *self.output.0.lock().unwrap_or_else(PoisonError::into_inner) = self.bytes;
        Ok(())
    }
}

/// What the linker sees: its inputs, and a place for one output.
struct Files {
    inputs: Vec<(PathBuf, Input)>,
    output: Output,
}

impl Files {
    fn find(&self, path: &Path) -> libwild::error::Result<&Input> {
        let found = self.inputs.iter().find(|(p, _)| p == path);
        found.map(|(_, input)| input).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound).into())
    }
}

impl FileSystem for Files {
    type Input = Input;
    type Output = Image;

    fn open_input(&self, path: &Path, _: bool) -> libwild::error::Result<(Input, Option<Arc<File>>)> {
        Ok((self.find(path)?.clone(), None))
    }

    fn file_type(&self, path: &Path) -> libwild::error::Result<FileType> {
        self.find(path).map(|_| FileType::File)
    }

    fn canonicalize(&self, path: &Path) -> libwild::error::Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    // The output exists only here, so there is nothing of an earlier one to move or to take away.
    fn remove_file(&self, _: &Path) -> libwild::error::Result<()> {
        Ok(())
    }

    fn rename_file(&self, _: &Path, _: &Path) -> libwild::error::Result<()> {
        Ok(())
    }

    fn create_output(&self, _: Arc<Path>, options: OutputOptions) -> libwild::error::Result<Image> {
        Ok(Image { bytes: vec![0; options.size as usize], output: self.output.clone() })
    }

    fn write_auxiliary(&self, _: &Path, _: &[u8]) -> libwild::error::Result {
        Ok(())
    }
}
