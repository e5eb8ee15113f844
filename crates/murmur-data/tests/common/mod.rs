//! Files for the tests of readers.

use std::path::{Path, PathBuf};

use murmur_data::{DataError, Warning};

/// Runs `read` on a file with this content; an error loses the path before its message.
pub(crate) fn on_file<T>(
    content: &[u8],
    read: impl FnOnce(&Path) -> Result<T, DataError>,
) -> Result<T, String> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), content).expect("the temporary file takes the content");
    read(file.path()).map_err(|error| {
        let message = error.to_string();
        let prefix = format!("{}: ", file.path().display());
        message.strip_prefix(&prefix).expect("an error names its file").to_owned()
    })
}

/// The content as gzip.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A text file in every form in which its content is the same.
pub(crate) fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let crlf = text.replace('\n', "\r\n");
    vec![
        ("plain", text.into()),
        ("CRLF", crlf.clone().into()),
        ("BOM", format!("\u{feff}{text}").into()),
        ("BOM and CRLF", format!("\u{feff}{crlf}").into()),
        ("no last newline", text.trim_end_matches('\n').into()),
        ("gzip", gzip(text.as_bytes())),
        ("gzip of BOM and CRLF", gzip(format!("\u{feff}{crlf}").as_bytes())),
    ]
}

/// A file of the reference data, where there is one.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn reference(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oasis/data")).join(name);
    if !path.exists() {
        eprintln!("passed over: {} is absent", path.display());
        return None;
    }
    Some(path)
}

/// Warnings as one line: `10 self-follows dropped; …`.
pub(crate) fn in_words(warnings: &[Warning]) -> String {
    warnings
        .iter()
        .map(|warning| format!("{} {}", warning.count, warning.what))
        .collect::<Vec<_>>()
        .join("; ")
}
