//! Gets a trace file's bytes, plain or zstd, and says in one line why it cannot.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

/// A bound on what a small compressed file may unfold to. It also keeps operations countable in a
/// `u32`: every one takes at least two bytes.
const MAX_BYTES: u64 = 1 << 30;

/// What is wrong with a file, and at which line if it has lines.
#[derive(Debug)]
pub(crate) struct Fault {
    line: Option<usize>,
    what: String,
}

impl Fault {
    pub(crate) fn at(line: usize, what: impl Into<String>) -> Self {
        let what = what.into();
        Fault {
            line: Some(line),
            what,
        }
    }

    pub(crate) fn whole(what: impl Into<String>) -> Self {
        let what = what.into();
        Fault { line: None, what }
    }

    /// `file:line: what`, in one line whatever `path` and the cause contain.
    pub(crate) fn in_file(&self, path: &Path) -> String {
        let place = match self.line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        one_line(&format!("{place}: {}", self.what))
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Reads all of `path`, decompressing it if its name ends in `.zst`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: io::Error| Fault::whole(format!("cannot read: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Fault::whole("is a directory, not a trace"));
    }
    if path.extension().is_some_and(|e| e == "zst") {
        return decompress(BufReader::new(file));
    }
    let mut bytes = Vec::new();
    append(&mut file, &mut bytes, "cannot read")?;
    Ok(bytes)
}

/// Decodes every frame of `source`; files made by appending have several.
fn decompress(mut source: impl BufRead) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut frames = 0;
    while frames == 0 || !at_end(&mut source)? {
        match StreamingDecoder::new(&mut source) {
            Ok(mut frame) => {
                append(&mut frame, &mut bytes, "truncated or corrupt zstd")?;
                let stored = frame.decoder.get_checksum_from_data();
                if stored.is_some() && stored != frame.decoder.get_calculated_checksum() {
                    return Err(Fault::whole("corrupt zstd: checksum does not match"));
                }
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => skip(&mut source, u64::from(length))?,
            Err(_) if frames == 0 => return Err(Fault::whole("not zstd, in spite of its name")),
            Err(_) => return Err(Fault::whole("no zstd after the first frame")),
        }
        frames += 1;
    }
    Ok(bytes)
}

fn at_end(source: &mut impl BufRead) -> Result<bool, Fault> {
    let rest = source.fill_buf();
    rest.map(<[u8]>::is_empty)
        .map_err(|error| Fault::whole(format!("cannot read: {error}")))
}

fn skip(source: &mut impl Read, length: u64) -> Result<(), Fault> {
    match io::copy(&mut source.take(length), &mut io::sink()) {
        Ok(skipped) if skipped == length => Ok(()),
        _ => Err(Fault::whole("truncated zstd: skippable frame cut short")),
    }
}

fn append(source: &mut impl Read, bytes: &mut Vec<u8>, failing: &str) -> Result<(), Fault> {
    let room = MAX_BYTES - bytes.len() as u64;
    match source.take(room + 1).read_to_end(bytes) {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => Err(Fault::whole(format!(
            "more than {MAX_BYTES} bytes of trace"
        ))),
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::whole(format!("{failing}: {}", root(&error)))),
    }
}

/// The innermost cause: a decoder's outer messages only say that it stopped.
fn root(error: &dyn Error) -> &dyn Error {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn frame(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    #[test]
    fn frames_are_joined_and_skippable_ones_skipped() {
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let file = [frame("get "), skippable, frame("a 1\n")].concat();
        assert_eq!(decompress(&file[..]).expect("valid"), b"get a 1\n");
    }

    #[test]
    fn every_truncation_is_a_fault() {
        let file = frame(&"set key 17\n".repeat(40));
        for len in 0..file.len() {
            assert!(decompress(&file[..len]).is_err(), "cut to {len} bytes");
        }
    }

    #[test]
    fn garbage_after_a_frame_is_a_fault() {
        let file = [frame("get a 1\n"), b"more".to_vec()].concat();
        assert!(decompress(&file[..]).is_err());
    }

    #[test]
    fn a_fault_is_one_line_whatever_it_names() {
        let line = Fault::at(3, "odd\r\nthing").in_file(Path::new("a\nb.ops"));
        assert_eq!(line, "a\\nb.ops:3: odd\\r\\nthing");
    }
}
