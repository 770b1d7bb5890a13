//! Strict reading and writing of deterministic CBOR (RFC 8949 §4.2.1) over minicbor's tokens.
//!
//! minicbor, like its peers, accepts indefinite lengths, longer-than-needed integers, duplicate keys and trailing bytes.
//! Signed data must have one spelling only, so [`Reader`] refuses all of these, and bounds the depth.

use minicbor::{
    Decoder, Encoder,
    data::{Tag, Type},
};

use crate::error::Malformed;

/// Deepest nesting of arrays, maps and tags.
const MAX_DEPTH: u8 = 8;

/// Longest array or map.
const MAX_ITEMS: u64 = 4096;

type Result<T> = core::result::Result<T, Malformed>;

/// A reader that accepts deterministic encoding only.
pub(crate) struct Reader<'b>(Decoder<'b>);

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(Decoder::new(bytes))
    }

    /// Reads one item with `read` and requires that nothing follows it.
    pub(crate) fn whole<T>(bytes: &'b [u8], read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        if reader.0.position() == bytes.len() { Ok(value) } else { Err(Malformed) }
    }

    /// An integer in its shortest form.
    pub(crate) fn int(&mut self) -> Result<i64> {
        let start = self.0.position();
        let value = self.0.i64().map_err(|_| Malformed)?;
        let magnitude = if value < 0 { !value } else { value };
        self.head_is_shortest(start, u64::try_from(magnitude).map_err(|_| Malformed)?)?;
        Ok(value)
    }

    /// An unsigned integer of at most 32 bits: seconds, indexes.
    pub(crate) fn uint32(&mut self) -> Result<u32> {
        u32::try_from(self.int()?).map_err(|_| Malformed)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8]> {
        let start = self.0.position();
        let bytes = self.0.bytes().map_err(|_| Malformed)?;
        self.length_is_shortest(start, bytes.len())?;
        Ok(bytes)
    }

    pub(crate) fn byte_array<const N: usize>(&mut self) -> Result<&'b [u8; N]> {
        self.bytes()?.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<&'b str> {
        let start = self.0.position();
        let text = self.0.str().map_err(|_| Malformed)?;
        self.length_is_shortest(start, text.len())?;
        Ok(text)
    }

    pub(crate) fn bool(&mut self) -> Result<bool> {
        self.0.bool().map_err(|_| Malformed)
    }

    pub(crate) fn tag(&mut self) -> Result<u64> {
        let start = self.0.position();
        let tag = self.0.tag().map_err(|_| Malformed)?.as_u64();
        self.head_is_shortest(start, tag)?;
        Ok(tag)
    }

    /// The length of a definite array.
    pub(crate) fn array(&mut self) -> Result<u64> {
        let start = self.0.position();
        let length = self.0.array().map_err(|_| Malformed)?.ok_or(Malformed)?;
        self.count_is_allowed(start, length)
    }

    /// Reads a map and gives each key to `entry`, which must read the value. Keys must rise in the bytewise order of their
    /// encodings, which also excludes duplicates.
    pub(crate) fn map(&mut self, mut entry: impl FnMut(&mut Self, Key<'b>) -> Result<()>) -> Result<()> {
        let start = self.0.position();
        let length = self.0.map().map_err(|_| Malformed)?.ok_or(Malformed)?;
        let length = self.count_is_allowed(start, length)?;
        let mut last: &[u8] = &[];
        for _ in 0..length {
            let from = self.0.position();
            let key = self.key()?;
            let raw = self.span(from)?;
            if !last.is_empty() && raw <= last {
                return Err(Malformed);
            }
            last = raw;
            entry(self, key)?;
        }
        Ok(())
    }

    /// The bytes of the next item, checked to be strict CBOR of any shape.
    pub(crate) fn any(&mut self) -> Result<&'b [u8]> {
        let from = self.0.position();
        self.skip(MAX_DEPTH)?;
        self.span(from)
    }

    /// What the next item is, without reading it.
    pub(crate) fn peek(&self) -> Result<Type> {
        self.0.datatype().map_err(|_| Malformed)
    }

    pub(crate) fn position(&self) -> usize {
        self.0.position()
    }

    /// The input from `from` to here.
    pub(crate) fn span(&self, from: usize) -> Result<&'b [u8]> {
        self.0.input().get(from..self.0.position()).ok_or(Malformed)
    }

    fn key(&mut self) -> Result<Key<'b>> {
        match self.peek()? {
            Type::Simple => self.simple().map(Key::Simple),
            Type::String => self.text().map(Key::Text),
            _ => self.int().map(Key::Int),
        }
    }

    fn simple(&mut self) -> Result<u8> {
        let value = self.0.simple().map_err(|_| Malformed)?;
        // Values below 32 would have a second, two-byte spelling.
        if value >= 32 { Ok(value) } else { Err(Malformed) }
    }

    fn skip(&mut self, depth: u8) -> Result<()> {
        let deeper = depth.checked_sub(1).ok_or(Malformed)?;
        match self.peek()? {
            Type::Bytes => self.bytes().map(drop),
            Type::String => self.text().map(drop),
            Type::Bool => self.bool().map(drop),
            Type::Null => self.0.null().map_err(|_| Malformed),
            Type::Simple => self.simple().map(drop),
            Type::Tag => {
                self.tag()?;
                self.skip(deeper)
            }
            Type::Array => {
                let length = self.array()?;
                (0..length).try_for_each(|_| self.skip(deeper))
            }
            Type::Map => self.map(|reader, _| reader.skip(deeper)),
            // Integers; floats, indefinite lengths and the rest fail in there.
            _ => self.int().map(drop),
        }
    }

    fn count_is_allowed(&self, start: usize, count: u64) -> Result<u64> {
        self.head_is_shortest(start, count)?;
        if count <= MAX_ITEMS { Ok(count) } else { Err(Malformed) }
    }

    fn length_is_shortest(&self, start: usize, length: usize) -> Result<()> {
        let consumed = self.0.position().checked_sub(start).and_then(|n| n.checked_sub(length)).ok_or(Malformed)?;
        let length = u64::try_from(length).map_err(|_| Malformed)?;
        if consumed == head_length(length) { Ok(()) } else { Err(Malformed) }
    }

    fn head_is_shortest(&self, start: usize, argument: u64) -> Result<()> {
        let consumed = self.0.position().checked_sub(start).ok_or(Malformed)?;
        if consumed == head_length(argument) { Ok(()) } else { Err(Malformed) }
    }
}

/// A map key of the forms that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'b> {
    Int(i64),
    Text(&'b str),
    Simple(u8),
}

/// Bytes of a head with this argument in the shortest form.
fn head_length(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Writes into a vector. The methods cannot fail, as the vector cannot; callers write map keys in order.
pub(crate) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(Encoder::new(Vec::with_capacity(256)))
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.write(|e| e.i64(value).map(drop))
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.write(|e| e.bytes(value).map(drop))
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.write(|e| e.str(value).map(drop))
    }

    pub(crate) fn bool(&mut self, value: bool) -> &mut Self {
        self.write(|e| e.bool(value).map(drop))
    }

    pub(crate) fn tag(&mut self, tag: u64) -> &mut Self {
        self.write(|e| e.tag(Tag::new(tag)).map(drop))
    }

    pub(crate) fn simple(&mut self, value: u8) -> &mut Self {
        self.write(|e| e.simple(value).map(drop))
    }

    pub(crate) fn array(&mut self, length: usize) -> &mut Self {
        self.write(|e| e.array(length as u64).map(drop))
    }

    pub(crate) fn map(&mut self, length: usize) -> &mut Self {
        self.write(|e| e.map(length as u64).map(drop))
    }

    /// Appends an item that is encoded already.
    pub(crate) fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.0.writer_mut().extend_from_slice(item);
        self
    }

    fn write(
        &mut self,
        item: impl FnOnce(
            &mut Encoder<Vec<u8>>,
        ) -> core::result::Result<(), minicbor::encode::Error<core::convert::Infallible>>,
    ) -> &mut Self {
        // Writing to a vector is infallible; the error type says so.
        let _infallible = item(&mut self.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_any(bytes: &[u8]) -> Result<()> {
        Reader::whole(bytes, |r| r.any().map(drop))
    }

    #[test]
    fn each_second_spelling_is_refused() {
        for (name, bytes) in [
            ("long integer", &[0x18, 0x05][..]),
            ("long integer in 9 bytes", &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("long negative integer", &[0x38, 0x05]),
            ("long length of bytes", &[0x58, 0x01, 0xff]),
            ("long length of text", &[0x78, 0x01, b'a']),
            ("long array length", &[0x98, 0x01, 0x01]),
            ("long tag", &[0xd8, 0x12, 0x01]),
            ("indefinite array", &[0x9f, 0x01, 0xff]),
            ("indefinite bytes", &[0x5f, 0x41, 0x01, 0xff]),
            ("indefinite map", &[0xbf, 0xff]),
            ("duplicate key", &[0xa2, 0x01, 0x01, 0x01, 0x02]),
            ("keys out of order", &[0xa2, 0x02, 0x01, 0x01, 0x02]),
            ("trailing byte", &[0x01, 0x00]),
            ("half float", &[0xf9, 0x3c, 0x00]),
            ("undefined", &[0xf7]),
            ("two-byte simple below 32", &[0xf8, 0x14]),
            ("not UTF-8", &[0x61, 0xff]),
            ("cut short", &[0x43, 0x01]),
            ("a thousand million items", &[0x9a, 0x3b, 0x9a, 0xca, 0x00]),
            ("empty", &[]),
        ] {
            assert!(read_any(bytes).is_err(), "{name}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x01]].concat();
        assert!(read_any(&nested(7)).is_ok());
        assert!(read_any(&nested(8)).is_err());
        assert!(read_any(&nested(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read_any(&bytes);
        }

        #[test]
        fn integers_round_trip(value in any::<i64>()) {
            let mut writer = Writer::new();
            writer.int(value);
            prop_assert_eq!(Reader::whole(&writer.finish(), Reader::int), Ok(value));
        }
    }
}
