//! Opens a user's file as text in one form: un-gzipped, without a byte order mark, lines ended by `\n`.
//!
//! The form makes line numbers a matter of counting `\n`, and files that differ in nothing else read the same.
//! Whether the bytes are UTF-8 is for the reader to see, which knows the line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::DataError;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const BUFFER_BYTES: usize = 1 << 18;

/// A file's text in the uniform form.
pub(crate) type TextReader = BufReader<UnixLines<Box<dyn BufRead>>>;

/// Opens `path` for reading. Its compression is recognised by the first two bytes, not by the name.
///
/// # Errors
/// [`DataError::Io`] when the file cannot be opened or its first bytes cannot be read.
pub(crate) fn open(path: &Path) -> Result<TextReader, DataError> {
    let file = File::open(path).map_err(|source| DataError::io(path, source))?;
    uniform(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(|source| DataError::io(path, source))
}

fn uniform(raw: impl BufRead + 'static) -> io::Result<TextReader> {
    let raw = Peeked::new(raw, GZIP_MAGIC.len())?;
    let plain: Box<dyn BufRead> = if raw.first == GZIP_MAGIC {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw.whole)))
    } else {
        Box::new(raw.whole)
    };
    let mut text = Peeked::new(plain, BYTE_ORDER_MARK.len())?;
    if text.first == BYTE_ORDER_MARK {
        text.whole.consume(BYTE_ORDER_MARK.len());
    }
    Ok(BufReader::with_capacity(BUFFER_BYTES, UnixLines::new(Box::new(text.whole))))
}

/// A reader whose first bytes are known.
struct Peeked<R> {
    /// The bytes looked at: fewer than asked for where the file is shorter.
    first: Vec<u8>,
    /// The reader, with those bytes.
    whole: io::Chain<Cursor<Vec<u8>>, R>,
}

impl<R: BufRead> Peeked<R> {
    fn new(mut reader: R, bytes: usize) -> io::Result<Self> {
        let mut first = Vec::with_capacity(bytes);
        reader.by_ref().take(bytes as u64).read_to_end(&mut first)?;
        Ok(Self { whole: Cursor::new(first.clone()).chain(reader), first })
    }
}

/// Turns `\r\n` into `\n`.
pub(crate) struct UnixLines<R> {
    inner: R,
    /// A `\r` was read and waits for what follows it.
    holds_return: bool,
}

impl<R: BufRead> UnixLines<R> {
    fn new(inner: R) -> Self {
        Self { inner, holds_return: false }
    }
}

impl<R: BufRead> Read for UnixLines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            let chunk = self.inner.fill_buf()?;
            let lone_return = self.holds_return && chunk.first() != Some(&b'\n');
            self.holds_return = false;
            if lone_return {
                out[filled] = b'\r';
                filled += 1;
                continue;
            }
            if chunk.is_empty() {
                break;
            }
            let room = chunk.len().min(out.len() - filled);
            let copied = chunk[..room].iter().position(|&byte| byte == b'\r').unwrap_or(room);
            if copied == 0 {
                self.holds_return = true;
                self.inner.consume(1);
                continue;
            }
            out[filled..filled + copied].copy_from_slice(&chunk[..copied]);
            filled += copied;
            self.inner.consume(copied);
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text_of(raw: impl BufRead + 'static) -> Vec<u8> {
        let mut text = Vec::new();
        uniform(raw).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn every_form_of_a_file_reads_the_same() {
        let cases: [(&[u8], &[u8]); 11] = [
            (b"", b""),
            (b"\xef\xbb\xbf", b""),
            (b"a", b"a"),
            (b"a\n", b"a\n"),
            (b"\xef\xbb\xbfa\r\nb\r\n", b"a\nb\n"),
            (b"a\r\n\r\nb", b"a\n\nb"),
            (b"a\rb\n", b"a\rb\n"),
            (b"a\r", b"a\r"),
            (b"a\r\r\nb\n", b"a\r\nb\n"),
            (b"\r", b"\r"),
            (b"\r\n", b"\n"),
        ];
        for (raw, expected) in cases {
            assert_eq!(text_of(raw), expected, "{raw:?}");
            // A buffer of one byte puts every pair across two chunks.
            assert_eq!(text_of(BufReader::with_capacity(1, raw)), expected, "{raw:?} byte by byte");
            assert_eq!(text_of(Cursor::new(gzip(raw))), expected, "{raw:?} gzipped");
        }
    }

    #[test]
    fn gzip_members_in_a_row_are_one_file() {
        let joined = [gzip(b"a\n"), gzip(b"b\n")].concat();
        assert_eq!(text_of(Cursor::new(joined)), b"a\nb\n");
    }

    #[test]
    fn a_gzip_file_cut_short_is_an_error() {
        let mut cut = gzip(&[7; 1000]);
        cut.truncate(cut.len() - 5);
        let result = uniform(Cursor::new(cut)).and_then(|mut text| text.read_to_end(&mut Vec::new()));
        assert!(result.is_err());
    }
}
