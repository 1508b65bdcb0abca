//! From bytes to text: byte-order mark, coding comment (PEP 263), line ends.

use crate::program::SourceFault;

/// Text of a source file with `\n` line ends.
pub fn decode(bytes: &[u8], filename: &str) -> Result<String, SourceFault> {
    let (bytes, has_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let declared = coding_comment(bytes);
    let encoding = declared.as_deref().map_or(Some(Encoding::Utf8), Encoding::named);
    let Some(encoding) = encoding else {
        return Err(SourceFault::new(0, format!("encoding problem: {}", declared.unwrap_or_default())));
    };
    if has_mark && declared.as_deref().is_some_and(|name| !is_spelt_utf8(name)) {
        let name = declared.unwrap_or_default();
        return Err(SourceFault::new(0, format!("encoding problem: {name} with BOM")));
    }
    let text = encoding.decode(bytes, filename, declared.is_some())?;
    if let Some(at) = text.find('\0') {
        return Err(SourceFault::new(at as u32, "source code cannot contain null bytes"));
    }
    Ok(unify_line_ends(text))
}

/// Whether a name is `utf-8` or `utf-8-…`; beside a byte-order mark CPython takes no other spelling.
fn is_spelt_utf8(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "utf-8" || name.starts_with("utf-8-")
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
    Ascii,
    /// One of the encodings of the web, which include those of most old editors.
    Legacy(&'static encoding_rs::Encoding),
}

impl Encoding {
    fn named(name: &str) -> Option<Encoding> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001" => Some(Encoding::Utf8),
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "l1" | "latin" => {
                Some(Encoding::Latin1)
            }
            "ascii" | "us-ascii" | "646" => Some(Encoding::Ascii),
            _ => Encoding::legacy(&name),
        }
    }

    fn legacy(name: &str) -> Option<Encoding> {
        let label = match name.strip_prefix("cp") {
            Some("932") => "shift-jis".to_owned(),
            Some(page) => format!("windows-{page}"),
            None => name.to_owned(),
        };
        let found = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
        // Text needs to look like ASCII up to the declaration, and these names mean other things to CPython.
        let usable = found.is_ascii_compatible() && found != encoding_rs::X_USER_DEFINED && found != encoding_rs::UTF_8;
        usable.then_some(Encoding::Legacy(found))
    }

    fn decode(self, bytes: &[u8], filename: &str, declared: bool) -> Result<String, SourceFault> {
        match self {
            Encoding::Latin1 => Ok(bytes.iter().map(|&b| b as char).collect()),
            Encoding::Legacy(encoding) => {
                let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
                let fault = || SourceFault::new(0, format!("(unicode error) the text is not {}", encoding.name()));
                text.map(std::borrow::Cow::into_owned).ok_or_else(fault)
            }
            Encoding::Ascii => match bytes.iter().position(|&b| b >= 0x80) {
                Some(at) => Err(SourceFault::new(
                    0,
                    format!(
                        "(unicode error) 'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                        bytes[at]
                    ),
                )),
                None => Ok(String::from_utf8_lossy(bytes).into_owned()),
            },
            Encoding::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(e) => Err(not_utf8(bytes, e, filename, declared)),
            },
        }
    }
}

fn not_utf8(bytes: &[u8], error: std::str::Utf8Error, filename: &str, declared: bool) -> SourceFault {
    let at = error.valid_up_to();
    let byte = bytes[at];
    if declared {
        let reason = match error.error_len() {
            None => "unexpected end of data",
            Some(_) if byte & 0xc0 == 0x80 || byte >= 0xf5 || matches!(byte, 0xc0 | 0xc1) => "invalid start byte",
            Some(_) => "invalid continuation byte",
        };
        let message =
            format!("(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: {reason}");
        return SourceFault::new(0, message);
    }
    let line = bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1;
    let message = format!(
        "Non-UTF-8 code starting with '\\x{byte:02x}' in file {filename} on line {line}, but no encoding declared; see \
         https://peps.python.org/pep-0263/ for details"
    );
    SourceFault::new(0, message)
}

/// Encoding that a comment in the first two lines declares; the second line counts only after a comment or an
/// empty line.
fn coding_comment(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&b| b == b'\n').take(2) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = line.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\x0c')).unwrap_or(line.len());
        let line = &line[start..];
        if line.is_empty() {
            continue;
        }
        if line[0] != b'#' {
            return None;
        }
        if let Some(name) = coding_in(line) {
            return Some(name);
        }
    }
    None
}

fn coding_in(comment: &[u8]) -> Option<String> {
    let mut at = 0;
    while let Some(found) = comment[at..].windows(6).position(|w| w == b"coding") {
        let rest = &comment[at + found + 6..];
        at += found + 6;
        if !matches!(rest.first(), Some(b':' | b'=')) {
            continue;
        }
        let rest = &rest[1..];
        let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let name: Vec<u8> = rest[blank..]
            .iter()
            .copied()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            .collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

fn unify_line_ends(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_comments_choose_the_encoding() {
        assert_eq!(decode(b"\xef\xbb\xbfx = 1", "m.py").ok().as_deref(), Some("x = 1"));
        assert_eq!(
            decode(b"# coding: latin-1\ns = '\xe9'", "m.py").ok().as_deref(),
            Some("# coding: latin-1\ns = 'é'")
        );
        assert!(decode(b"#!x\n# vim: set fileencoding=ascii :\n\xe9", "m.py").is_err());
        assert!(decode(b"x = 1\n# coding: klingon\n", "m.py").is_ok());
    }

    #[test]
    fn old_encodings_are_read() {
        assert_eq!(decode(b"# coding: cp1252\n'\x80'", "m.py").ok().as_deref(), Some("# coding: cp1252\n'€'"));
        assert_eq!(decode(b"# coding: iso8859-15\n'\xa4'", "m.py").ok().as_deref(), Some("# coding: iso8859-15\n'€'"));
        assert_eq!(decode(b"# coding: cp949\n'\xaa\xa7'", "m.py").ok().as_deref(), Some("# coding: cp949\n'ぇ'"));
        assert!(decode(b"# coding: utf-16\n", "m.py").is_err());
        assert!(decode(b"\xef\xbb\xbf# coding: utf8\n", "m.py").is_err());
    }

    #[test]
    fn faults_are_worded_as_cpython_words_them() {
        let fault = decode(b"# coding: klingon\n", "m.py").expect_err("unknown encoding");
        assert_eq!(fault.message, "encoding problem: klingon");
        let fault = decode(b"x\ny = '\xff'\n", "m.py").expect_err("not UTF-8");
        assert_eq!(
            fault.message,
            "Non-UTF-8 code starting with '\\xff' in file m.py on line 2, but no encoding declared; see \
             https://peps.python.org/pep-0263/ for details"
        );
    }

    #[test]
    fn line_ends_become_newlines() {
        assert_eq!(decode(b"a\r\nb\rc", "m.py").ok().as_deref(), Some("a\nb\nc"));
    }
}
