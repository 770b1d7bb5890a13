//! Secure messaging (ICAO Doc 9303-11, 9.8), for the terminal and for the chip.
//!
//! A channel counts every command and every answer. Data objects must stand in the one order that the standard gives, the MAC is
//! compared in constant time before anything is decrypted, and only the status word under the MAC is believed.

use core::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{
    ChipError, Cipher,
    apdu::{Command, Response},
    kdf::SessionKeys,
    tlv::{self, Objects, Tlv},
};

const ENCRYPTED: u32 = 0x87;
const ENCRYPTED_TLV: u32 = 0x85;
const EXPECTED_LENGTH: u32 = 0x97;
const STATUS: u32 = 0x99;
const CHECKSUM: u32 = 0x8E;

/// One end of a secured channel.
pub struct Channel {
    keys: SessionKeys,
    /// The send sequence counter, as long as a block.
    counter: Vec<u8>,
    /// Whether the other side may leave the status word out of what the MAC covers.
    bare_status: bool,
}

impl Channel {
    /// A channel whose counter starts at zero: after PACE and Chip Authentication.
    pub fn new(keys: SessionKeys) -> Self {
        let counter = vec![0; keys.cipher.block_bytes()];
        Self { keys, counter, bare_status: false }
    }

    /// A channel whose counter is given: after BAC.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is not as long as a block.
    pub fn with_counter(keys: SessionKeys, counter: &[u8]) -> Result<Self, ChipError> {
        if counter.len() != keys.cipher.block_bytes() {
            return Err(ChipError::Malformed);
        }
        Ok(Self { keys, counter: counter.to_vec(), bare_status: false })
    }

    /// Terminal: believes a status word that no MAC covers, where the chip never sends another. ICAO wants it covered; some
    /// programs that play chips leave it out after success. What was under a MAC cannot lose it on its way unnoticed.
    pub(crate) fn accept_bare_status(&mut self) {
        self.bare_status = true;
    }

    /// The cipher in use.
    pub fn cipher(&self) -> Cipher {
        self.keys.cipher
    }

    /// The most data bytes whose secured answer still fits into `limit` bytes (status word not counted).
    pub fn capacity(&self, limit: usize) -> usize {
        // Data object of the cryptogram (tag, length, indicator), of the status word and of the checksum.
        let head = match limit {
            0..=0x7F => 3,
            0x80..=0x103 => 4,
            _ => 5,
        };
        let block = self.keys.cipher.block_bytes();
        (limit.saturating_sub(head + 4 + 10) / block * block).saturating_sub(1)
    }

    /// Terminal: a command as it goes over the wire.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] when it is too long.
    pub fn wrap_command(&mut self, command: &Command) -> Result<Vec<u8>, ChipError> {
        self.count();
        let header = [command.cla | 0x0C, command.ins, command.p1, command.p2];
        let mut body = Zeroizing::new(Vec::with_capacity(command.data.len() + 48));
        if !command.data.is_empty() {
            body.extend(self.seal(command.ins, &command.data)?);
        }
        if let Some(le) = command.le {
            let [_, _, high, low] = le.to_be_bytes();
            let bytes: &[u8] = if command.is_extended() { &[high, low] } else { &[low] };
            body.extend(tlv::encode(EXPECTED_LENGTH, &[bytes]));
        }
        let padded_header = self.keys.cipher.pad(&header);
        let mac = self.checksum(&padded_header, &body)?;
        body.extend(tlv::encode(CHECKSUM, &[&mac]));
        let extended = command.is_extended() || body.len() > 0xFF;
        let [cla, ins, p1, p2] = header;
        let le = Some(if extended { 0x1_0000 } else { 0x100 });
        Command { cla, ins, p1, p2, data: body.to_vec(), le, extended }.encode()
    }

    /// Chip: the command inside a secured one.
    ///
    /// # Errors
    /// [`ChipError::ChannelBroken`] for a wrong or missing MAC; [`ChipError::Malformed`] for anything else wrong.
    pub fn unwrap_command(&mut self, bytes: &[u8]) -> Result<Command, ChipError> {
        let outer = Command::parse(bytes)?;
        if outer.cla & 0x0C != 0x0C {
            return Err(ChipError::ChannelBroken);
        }
        self.count();
        let mut objects = Secured::parse(&outer.data)?;
        objects.verify(self, &self.keys.cipher.pad(&outer.header()))?;
        let data = objects.data.take().map_or(Ok(Vec::new()), |sealed| self.open(outer.ins, sealed))?;
        if objects.status.is_some() {
            return Err(ChipError::Malformed);
        }
        let le = match objects.expected {
            None => None,
            Some([0]) => Some(0x100),
            Some([0, 0]) => Some(0x1_0000),
            Some(bytes @ ([_] | [_, _])) => Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))),
            Some(_) => return Err(ChipError::Malformed),
        };
        Ok(Command { cla: outer.cla & !0x0C, data, le, extended: outer.extended, ..outer })
    }

    /// Chip: an answer as it goes over the wire, to a command with this instruction byte.
    ///
    /// # Errors
    /// None for keys of the right length.
    pub fn wrap_response(&mut self, ins: u8, response: &Response) -> Result<Vec<u8>, ChipError> {
        self.count();
        let mut body = Vec::with_capacity(response.data.len() + 48);
        if !response.data.is_empty() {
            body.extend(self.seal(ins, &response.data)?);
        }
        body.extend(tlv::encode(STATUS, &[&response.status.to_be_bytes()]));
        let mac = self.checksum(&[], &body)?;
        body.extend(tlv::encode(CHECKSUM, &[&mac]));
        Ok(Response { data: body, status: response.status }.encode())
    }

    /// Terminal: the answer inside a secured one, to a command with this instruction byte.
    ///
    /// # Errors
    /// [`ChipError::ChannelBroken`] for a wrong or missing MAC; [`ChipError::Malformed`] for anything else wrong.
    pub fn unwrap_response(&mut self, ins: u8, response: &Response) -> Result<Response, ChipError> {
        self.count();
        let mut objects = Secured::parse(&response.data)?;
        objects.verify(self, &[])?;
        let status = match objects.status {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            None if self.bare_status => response.status,
            _ => return Err(ChipError::Malformed),
        };
        if objects.expected.is_some() {
            return Err(ChipError::Malformed);
        }
        let data = objects.data.take().map_or(Ok(Vec::new()), |sealed| self.open(ins, sealed))?;
        Ok(Response { data, status })
    }

    /// One more message.
    fn count(&mut self) {
        for byte in self.counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// 3DES starts from zeros, AES from the encrypted counter.
    fn iv(&self) -> Result<Vec<u8>, ChipError> {
        let zeros = vec![0; self.keys.cipher.block_bytes()];
        match self.keys.cipher {
            Cipher::Des3 => Ok(zeros),
            // EXPOSE: the cipher needs its key.
            cipher => cipher.encrypt(self.keys.encryption.expose(), &zeros, &self.counter),
        }
    }

    /// The data object of a cryptogram: with padding indicator, or without for instructions that carry TLV data.
    fn seal(&self, ins: u8, data: &[u8]) -> Result<Vec<u8>, ChipError> {
        let cipher = self.keys.cipher;
        // EXPOSE: the cipher needs its key.
        let sealed = cipher.encrypt(self.keys.encryption.expose(), &self.iv()?, &cipher.pad(data))?;
        Ok(if ins & 1 == 1 { tlv::encode(ENCRYPTED_TLV, &[&sealed]) } else { tlv::encode(ENCRYPTED, &[&[1], &sealed]) })
    }

    fn open(&self, ins: u8, object: Tlv<'_>) -> Result<Vec<u8>, ChipError> {
        let sealed = match object.tag {
            ENCRYPTED => object.value.strip_prefix(&[1]),
            ENCRYPTED_TLV if ins & 1 == 1 => Some(object.value),
            _ => None,
        };
        let sealed = sealed.filter(|sealed| !sealed.is_empty()).ok_or(ChipError::Malformed)?;
        let cipher = self.keys.cipher;
        // EXPOSE: the cipher needs its key.
        let padded = cipher.decrypt(self.keys.encryption.expose(), &self.iv()?, sealed)?;
        cipher.unpad(&padded).map(<[u8]>::to_vec)
    }

    /// MAC over counter, padded header and data objects.
    fn checksum(&self, padded_header: &[u8], objects: &[u8]) -> Result<[u8; 8], ChipError> {
        let cipher = self.keys.cipher;
        let input = Zeroizing::new([self.counter.as_slice(), padded_header, objects].concat());
        // A command without data objects is not padded twice.
        let padded = objects.is_empty() && !padded_header.is_empty();
        let input = if padded { input } else { cipher.pad(&input) };
        // EXPOSE: the MAC needs its key.
        cipher.mac(self.keys.mac.expose(), &input)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({:?})", self.keys.cipher)
    }
}

/// The data objects of a secured message, in their order.
struct Secured<'a> {
    data: Option<Tlv<'a>>,
    expected: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    /// All objects before the checksum.
    covered: &'a [u8],
    checksum: &'a [u8],
}

impl<'a> Secured<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, ChipError> {
        let mut objects = tlv::objects(body);
        let mut next = objects.next().transpose()?;
        let mut covered = 0;
        let mut take = |tags: &[u32], objects: &mut Objects<'a>| {
            let found = next.filter(|object| tags.contains(&object.tag));
            if let Some(object) = found {
                covered += object.whole.len();
                next = objects.next().transpose()?;
            }
            Ok::<_, ChipError>(found)
        };
        let data = take(&[ENCRYPTED, ENCRYPTED_TLV], &mut objects)?;
        let expected = take(&[EXPECTED_LENGTH], &mut objects)?.map(|object| object.value);
        let status = take(&[STATUS], &mut objects)?.map(|object| object.value);
        let checksum = next.filter(|object| object.tag == CHECKSUM).ok_or(ChipError::ChannelBroken)?.value;
        objects.finish()?;
        Ok(Self { data, expected, status, covered: body.get(..covered).unwrap_or_default(), checksum })
    }

    fn verify(&self, channel: &Channel, padded_header: &[u8]) -> Result<(), ChipError> {
        let right = channel.checksum(padded_header, self.covered)?;
        if bool::from(right.as_slice().ct_eq(self.checksum)) { Ok(()) } else { Err(ChipError::ChannelBroken) }
    }
}

#[cfg(test)]
mod tests;
