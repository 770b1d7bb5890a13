//! Command and response APDUs (ISO/IEC 7816-4): short and extended, cases 1 to 4.

use core::fmt;

use crate::ChipError;

/// A command APDU.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data; empty in cases 1 and 2.
    pub data: Vec<u8>,
    /// Bytes that the answer may have at most, 1 to 65536; none in cases 1 and 3.
    pub le: Option<u32>,
    /// Whether to use extended lengths though short ones would do: a secured answer grows.
    pub extended: bool,
}

/// `61xx`: more bytes wait.
pub(crate) const MORE: u8 = 0x61;
/// `6Cxx`: the right length follows.
pub(crate) const EXACT_LENGTH: u8 = 0x6C;
/// `READ BINARY` whose offset stands in a data object.
pub(crate) const READ_BINARY_ODD: u8 = 0xB1;
/// Success.
pub(crate) const OK: u16 = 0x9000;
/// The file ended before the length asked for.
pub(crate) const END_OF_FILE: u16 = 0x6282;
/// No such file or application.
pub(crate) const NOT_FOUND: u16 = 0x6A82;

impl Command {
    /// A command without data and without answer data.
    pub fn new(ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla: 0, ins, p1, p2, data: Vec::new(), le: None, extended: false }
    }

    /// With data.
    #[must_use]
    pub fn data(self, data: &[u8]) -> Self {
        Self { data: data.to_vec(), ..self }
    }

    /// With a limit for the answer, 1 to 65536.
    #[must_use]
    pub fn le(self, le: u32) -> Self {
        Self { le: Some(le.clamp(1, 0x1_0000)), ..self }
    }

    /// The four bytes before any length.
    pub fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// Whether it takes extended lengths on the wire.
    pub fn is_extended(&self) -> bool {
        self.extended || self.data.len() > 0xFF || self.le.is_some_and(|le| le > 0x100)
    }

    /// The bytes on the wire.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] for more than 65535 bytes of data.
    pub fn encode(&self) -> Result<Vec<u8>, ChipError> {
        let length = u16::try_from(self.data.len()).map_err(|_| ChipError::Unsupported)?.to_be_bytes();
        let le = self.le.unwrap_or(0).to_be_bytes();
        let mut out = self.header().to_vec();
        let extended = self.is_extended();
        match (extended, self.data.is_empty()) {
            (true, false) => out.extend([0, length[0], length[1]]),
            (true, true) if self.le.is_some() => out.push(0),
            (false, false) => out.push(length[1]),
            _ => {}
        }
        out.extend_from_slice(&self.data);
        match (extended, self.le) {
            (true, Some(_)) => out.extend([le[2], le[3]]),
            (false, Some(_)) => out.push(le[3]),
            (_, None) => {}
        }
        Ok(out)
    }

    /// Reads a command from the wire: the chip's side.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk::<4>().ok_or(ChipError::Malformed)?;
        let short = |byte: u8| if byte == 0 { 0x100 } else { u32::from(byte) };
        let long = |high: u8, low: u8| match u32::from(u16::from_be_bytes([high, low])) {
            0 => 0x1_0000,
            length => length,
        };
        let (extended, data, le) = match *body {
            [] => (false, &[][..], None),
            [le] => (false, &[][..], Some(short(le))),
            [0, high, low] => (true, &[][..], Some(long(high, low))),
            [0, high, low, ref rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                let (data, le) = rest.split_at_checked(length).filter(|_| length > 0).ok_or(ChipError::Malformed)?;
                match *le {
                    [] => (true, data, None),
                    [high, low] => (true, data, Some(long(high, low))),
                    _ => return Err(ChipError::Malformed),
                }
            }
            [length, ref rest @ ..] => {
                let (data, le) = rest.split_at_checked(length.into()).ok_or(ChipError::Malformed)?;
                match *le {
                    [] => (false, data, None),
                    [le] => (false, data, Some(short(le))),
                    _ => return Err(ChipError::Malformed),
                }
            }
        };
        Ok(Self { cla, ins, p1, p2, data: data.to_vec(), le, extended })
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({:02X?}, {} bytes, le {:?})", self.header(), self.data.len(), self.le)
    }
}

/// A response APDU.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Response data.
    pub data: Vec<u8>,
    /// Status word.
    pub status: u16,
}

impl Response {
    /// The longest answer that an extended length allows, with its status word.
    pub const MAX: usize = 0x1_0002;

    /// An answer of data and success.
    pub fn ok(data: Vec<u8>) -> Self {
        Self { data, status: OK }
    }

    /// An answer of a status word alone.
    pub fn status(status: u16) -> Self {
        Self { data: Vec::new(), status }
    }

    /// Reads an answer from the wire.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] below two bytes or above [`Response::MAX`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.len() > Self::MAX {
            return Err(ChipError::Malformed);
        }
        let (data, status) = bytes.split_last_chunk::<2>().ok_or(ChipError::Malformed)?;
        Ok(Self { data: data.to_vec(), status: u16::from_be_bytes(*status) })
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        [self.data.as_slice(), &self.status.to_be_bytes()].concat()
    }

    /// Whether it says success.
    pub fn is_ok(&self) -> bool {
        self.status == OK
    }

    /// The data of a successful answer.
    pub(crate) fn success(&self) -> Option<&[u8]> {
        self.is_ok().then_some(self.data.as_slice())
    }

    /// First byte of the status word.
    pub fn sw1(&self) -> u8 {
        self.status.to_be_bytes()[0]
    }

    /// Second byte of the status word.
    pub fn sw2(&self) -> u8 {
        self.status.to_be_bytes()[1]
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} bytes, {:04X})", self.data.len(), self.status)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_cases_have_their_bytes() -> Result<(), ChipError> {
        let new = || Command::new(0xB0, 1, 2);
        let cases: [(Command, &str); 8] = [
            (new(), "00b00102"),
            (new().le(256), "00b0010200"),
            (new().data(&[9]), "00b001020109"),
            (new().data(&[9]).le(4), "00b00102010904"),
            (new().le(257), "00b00102000101"),
            (new().le(65536), "00b00102000000"),
            (Command { extended: true, ..new().data(&[9]) }, "00b0010200000109"),
            (new().data(&[9]).le(1024), "00b00102000001090400"),
        ];
        for (command, hex) in cases {
            assert_eq!(command.encode()?, crate::curve::unhex(hex), "{hex}");
            let parsed = Command::parse(&command.encode()?)?;
            assert_eq!((parsed.data, parsed.le), (command.data, command.le));
        }
        Ok(())
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        for hex in
            ["", "00b001", "00b0010202", "00b001020209", "00b00102010900ff", "00b001020000000000", "00b0010200000209"]
        {
            let bytes = crate::curve::unhex(hex);
            if hex != "00b0010202" {
                assert_eq!(Command::parse(&bytes).err(), Some(ChipError::Malformed), "{hex}");
            }
        }
        assert_eq!(Response::parse(&[0x90]).err(), Some(ChipError::Malformed));
        assert_eq!(Response::parse(&vec![0; Response::MAX + 1]).err(), Some(ChipError::Malformed));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(data in proptest::collection::vec(any::<u8>(), 0..600), le in proptest::option::of(1_u32..=65536)) {
            let command = Command { le, ..Command::new(1, 2, 3).data(&data) };
            let parsed = Command::parse(&command.encode().unwrap()).unwrap();
            prop_assert_eq!((parsed.data, parsed.le), (data, le));
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(command) = Command::parse(&bytes) {
                prop_assert!(command.data.len() <= bytes.len());
            }
        }
    }
}
