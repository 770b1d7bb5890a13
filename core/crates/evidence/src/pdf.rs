//! Documents (ISO 32000-2): kept as they are, if they are bounded and quiet.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::{EvidenceError, MAX_DOCUMENT};

/// Names of what acts by itself or carries other files: scripts, programs, attachments, players, forms with scripts.
const ACTIVE: [&[u8]; 8] =
    [b"JavaScript", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"Rendition", b"RichMedia", b"SubmitForm", b"XFA"];

/// The longest name that is looked at: the longest above, with every character escaped.
const LONGEST_NAME: usize = 3 * 13;

/// Object streams of a document, at most; one of a thousand pages has some hundred.
const MAX_OBJECT_STREAMS: usize = 4_096;

/// How far behind its name the data of an object stream may begin.
const LONGEST_DICTIONARY: usize = 4_096;

/// The most that comes out of all object streams together.
const MAX_INFLATED: u64 = 16 * 1024 * 1024;

/// Checks a document that begins like one.
pub(crate) fn check(bytes: &[u8]) -> Result<(), EvidenceError> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(EvidenceError::TooLarge);
    }
    // Nothing stands behind its end: no other file that begins there.
    let Some(end) = find_last(bytes, b"%%EOF") else { return Err(EvidenceError::Damaged) };
    let behind = bytes.get(end + 5..).unwrap_or_default();
    if !behind.iter().all(|byte| is_space(*byte)) {
        return Err(EvidenceError::Damaged);
    }
    check_names(bytes)?;
    let mut left = MAX_INFLATED;
    for (count, start) in name_starts(bytes).filter(|start| is_object_stream(bytes, *start)).enumerate() {
        if count >= MAX_OBJECT_STREAMS {
            return Err(EvidenceError::TooLarge);
        }
        let inflated = inflate(stream_data(bytes, start).ok_or(EvidenceError::Damaged)?, &mut left)?;
        check_names(&inflated)?;
    }
    Ok(())
}

/// Looks for names, everywhere: also where a viewer would see data only, since viewers differ.
fn check_names(bytes: &[u8]) -> Result<(), EvidenceError> {
    for name in names(bytes) {
        if name == b"Encrypt" {
            return Err(EvidenceError::Locked);
        }
        if ACTIVE.contains(&name.as_slice()) {
            return Err(EvidenceError::Active);
        }
    }
    Ok(())
}

/// All names that are not too long for one that is looked for, with `#xx` read.
fn names(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    name_starts(bytes).filter_map(|start| name_at(bytes, start))
}

fn name_starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1)
}

fn name_at(bytes: &[u8], start: usize) -> Option<Vec<u8>> {
    let rest = bytes.get(start..)?;
    let length = rest.iter().take(LONGEST_NAME + 1).take_while(|byte| is_regular(**byte)).count();
    (length <= LONGEST_NAME).then(|| unescape(rest.get(..length).unwrap_or_default()))
}

fn unescape(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, others)) = rest.split_first() {
        let digits = others.get(..2).and_then(|digits| core::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *first == b'#').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { others.get(2..).unwrap_or_default() } else { others };
    }
    out
}

/// Whether a stream holds objects: there a document hides names from whoever does not inflate them.
fn is_object_stream(bytes: &[u8], start: usize) -> bool {
    name_at(bytes, start).is_some_and(|name| name == b"ObjStm")
}

/// The data of the stream in whose dictionary this stands.
fn stream_data(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let rest = bytes.get(start..)?;
    let keyword = rest.get(..rest.len().min(LONGEST_DICTIONARY)).and_then(|near| find(near, b"stream"))?;
    let data = rest.get(keyword + 6..)?;
    data.strip_prefix(b"\r\n").or_else(|| data.strip_prefix(b"\n")).or(Some(data))
}

fn inflate(data: &[u8], left: &mut u64) -> Result<Vec<u8>, EvidenceError> {
    let mut out = Vec::new();
    ZlibDecoder::new(data).take(*left + 1).read_to_end(&mut out).map_err(|_| EvidenceError::Damaged)?;
    *left = left.checked_sub(u64::try_from(out.len()).unwrap_or(u64::MAX)).ok_or(EvidenceError::TooLarge)?;
    Ok(out)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn find_last(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|part| part == wanted)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn document(objects: &[u8]) -> Vec<u8> {
        [&b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"[..], objects, b"\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\r\n"]
            .concat()
    }

    fn object_stream(content: &[u8], dictionary: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        [format!("5 0 obj << {dictionary} >>\nstream\r\n").as_bytes(), &data, b"\nendstream endobj"].concat()
    }

    #[test]
    fn quiet_document_is_taken_and_one_that_acts_or_is_locked_is_not() {
        let stream = "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode";
        for (objects, expected) in [
            (b"1 0 obj << /Type /Catalog /OpenAction [3 0 R /Fit] >> endobj".to_vec(), Ok(())),
            (b"/JavaScripts /Launchpad /Encrypted (JavaScript) JavaScript".to_vec(), Ok(())),
            (object_stream(b"1 0 << /Type /Page >>", stream), Ok(())),
            (b"<</S/JavaScript/JS(app.alert\\(1\\))>>".to_vec(), Err(EvidenceError::Active)),
            (b"<</S/J#61va#53cript>>".to_vec(), Err(EvidenceError::Active)),
            (b"<</S /Launch /F (x.exe)>>".to_vec(), Err(EvidenceError::Active)),
            (b"<</Names <</EmbeddedFiles 4 0 R>> >>".to_vec(), Err(EvidenceError::Active)),
            (b"<</Type/EmbeddedFile>>".to_vec(), Err(EvidenceError::Active)),
            (b"<</AcroForm <</XFA 4 0 R>> >>".to_vec(), Err(EvidenceError::Active)),
            (b"trailer <</Encrypt 7 0 R>>".to_vec(), Err(EvidenceError::Locked)),
            (object_stream(b"1 0 << /S /JavaScript >>", stream), Err(EvidenceError::Active)),
            (object_stream(b"1 0 << /S /Launch >>", &stream.replace("ObjStm", "Obj#53tm")), Err(EvidenceError::Active)),
            (object_stream(&vec![b' '; 17 << 20], stream), Err(EvidenceError::TooLarge)),
            (b"<</Type /ObjStm>> stream\nno zlib endstream".to_vec(), Err(EvidenceError::Damaged)),
            (b"<</Type /ObjStm>>".to_vec(), Err(EvidenceError::Damaged)),
            (object_stream(b"", stream).repeat(4_097), Err(EvidenceError::TooLarge)),
        ] {
            assert_eq!(
                check(&document(&objects)),
                expected,
                "{}",
                String::from_utf8_lossy(&objects[..objects.len().min(80)])
            );
        }
    }

    #[test]
    fn document_with_another_file_behind_it_or_without_an_end_is_damaged() {
        let good = document(b"1 0 obj endobj");
        assert_eq!(check(&good), Ok(()));
        for bad in [
            good[..good.len() - 8].to_vec(),
            [&good[..], b"PK\x03\x04 an archive"].concat(),
            [&good[..], b"<script>"].concat(),
        ] {
            assert_eq!(check(&bad), Err(EvidenceError::Damaged));
        }
        let long = document(&vec![b' '; MAX_DOCUMENT]);
        assert_eq!(check(&long), Err(EvidenceError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_document_checked_never_panics(objects in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(check(&objects), Err(EvidenceError::Damaged));
            let _ = check(&document(&objects));
            prop_assert!(check(&document(&[b"/ObjStm stream\n", objects.as_slice()].concat())).is_err());
        }
    }
}
