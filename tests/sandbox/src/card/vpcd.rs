//! The wire protocol of vpcd: messages with a length of two bytes, big-endian, before them. The side of the reader sends
//! commands, and controls of one byte; the side of the card answers commands and the request for its ATR.

use std::io::{self, Read, Write};

/// What the reader's side sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    PowerOff,
    PowerOn,
    Reset,
    Atr,
    Command(Vec<u8>),
    /// A control of one byte that nobody knows: ignored.
    Unknown,
}

impl Message {
    fn parse(bytes: Vec<u8>) -> Self {
        match *bytes.as_slice() {
            [0] => Self::PowerOff,
            [1] => Self::PowerOn,
            [2] => Self::Reset,
            [4] => Self::Atr,
            [] | [_] => Self::Unknown,
            _ => Self::Command(bytes),
        }
    }

    pub(super) fn receive(stream: &mut impl Read) -> io::Result<Self> {
        receive(stream).map(Self::parse)
    }

    pub(super) fn send(&self, stream: &mut impl Write) -> io::Result<()> {
        match self {
            Self::PowerOff => send(stream, &[0]),
            Self::PowerOn => send(stream, &[1]),
            Self::Reset => send(stream, &[2]),
            Self::Atr => send(stream, &[4]),
            Self::Command(apdu) => send(stream, apdu),
            Self::Unknown => Ok(()),
        }
    }
}

pub(super) fn receive(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn send(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // In one piece, so that it is one segment on its way.
    stream.write_all(&[length.to_be_bytes().as_slice(), bytes].concat())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_what_they_were_sent_as() {
        let messages = [
            (Message::PowerOff, &[0, 1, 0][..]),
            (Message::PowerOn, &[0, 1, 1]),
            (Message::Reset, &[0, 1, 2]),
            (Message::Atr, &[0, 1, 4]),
            (Message::Command(vec![0, 0xA4, 0, 0x0C]), &[0, 4, 0, 0xA4, 0, 0x0C]),
        ];
        for (message, bytes) in messages {
            let mut wire = Vec::new();
            message.send(&mut wire).unwrap();
            assert_eq!(wire, bytes);
            assert_eq!(Message::receive(&mut wire.as_slice()).unwrap(), message);
        }
        assert_eq!(Message::receive(&mut [0, 0].as_slice()).unwrap(), Message::Unknown);
        assert_eq!(Message::receive(&mut [0, 1, 3].as_slice()).unwrap(), Message::Unknown);
        assert!(Message::receive(&mut [0, 4, 0].as_slice()).is_err());
        assert!(send(&mut Vec::new(), &vec![0; 65_536]).is_err());
    }
}
