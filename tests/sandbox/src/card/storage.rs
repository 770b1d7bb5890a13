//! The card's files: selecting and reading.

use eid_chip::{Command, Response, tlv};

use super::{
    BeyondEnd, Card, MostBytes,
    chip::{Outcome, status},
};

/// The eMRTD application.
const APPLICATION: &[u8] = &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const MASTER_FILE: [u8; 2] = [0x3F, 0x00];
const CARD_ACCESS: u16 = 0x011C;
/// EF.ATR/INFO.
const LIMITS: u16 = 0x2F01;
/// Fingerprints: listed, and for the police only.
const FINGERPRINTS: u16 = 0x0103;

/// What a READ BINARY means.
struct Target {
    file: u16,
    content: Vec<u8>,
    offset: usize,
}

impl Card {
    pub(super) fn select_application(&mut self, name: &[u8]) -> Outcome {
        if name != APPLICATION {
            return status::NOT_FOUND.into();
        }
        self.session.application = true;
        self.session.current = None;
        status::OK.into()
    }

    /// The master file by nothing or by its identifier; a file of the current directory by its identifier.
    pub(super) fn select_file(&mut self, command: &Command) -> Outcome {
        if command.p1 == 0 && (command.data.is_empty() || command.data == MASTER_FILE) {
            if self.made.quirks.mf_6d00 {
                return status::UNKNOWN.into();
            }
            self.session.application = false;
            self.session.current = None;
            return status::OK.into();
        }
        let Ok(id) = <[u8; 2]>::try_from(command.data.as_slice()).map(u16::from_be_bytes) else {
            return status::WRONG_PARAMETERS.into();
        };
        self.session.current = self.find(id).map(|_| id);
        if self.session.current.is_some() { status::OK.into() } else { status::NOT_FOUND.into() }
    }

    /// A file of the current directory.
    fn find(&self, id: u16) -> Option<Vec<u8>> {
        let made = &self.made;
        match id {
            CARD_ACCESS if made.quirks.no_card_access => None,
            CARD_ACCESS if !self.session.application || made.quirks.mf_6d00 => Some(made.content.card_access.clone()),
            LIMITS if !self.session.application => made.quirks.extended.map(|most| {
                let most = tlv::encode(tlv::INTEGER, &[&most.to_be_bytes()]);
                [&[0x43, 1, 0x80], tlv::encode(0x7F66, &[&most, &most]).as_slice()].concat()
            }),
            _ if self.session.application => made.content.files.get(&id).cloned(),
            _ => None,
        }
    }

    pub(super) fn read_binary(&mut self, command: &Command, secured: bool) -> Outcome {
        let target = match self.target(command) {
            Ok(target) => target,
            Err(status) => return status.into(),
        };
        let open = matches!(target.file, CARD_ACCESS | LIMITS);
        if !open && (!secured || target.file == FINGERPRINTS) {
            return status::NOT_ALLOWED.into();
        }
        self.session.current = Some(target.file);
        let Some(le) = command.le.and_then(|le| usize::try_from(le).ok()) else {
            return status::WRONG_LENGTH.into();
        };
        let odd = command.ins == 0xB1;
        let wanted = if odd { fits_into_object(le) } else { le };
        if let Some(most) = self.made.quirks.most.filter(|most| wanted > usize::from(most.bytes)) {
            return too_many(most);
        }
        let Some(rest) = target.content.get(target.offset..).filter(|rest| !rest.is_empty()) else {
            return status::WRONG_OFFSET.into();
        };
        let beyond = wanted > rest.len();
        let data = rest.get(..wanted.min(rest.len())).unwrap_or_default();
        let data = if odd { tlv::encode(0x53, &[data]) } else { data.to_vec() };
        match self.made.quirks.beyond_end {
            _ if !beyond => Outcome::Answer(Response::ok(data)),
            BeyondEnd::Success => Outcome::Answer(Response::ok(data)),
            BeyondEnd::Warning => Outcome::Answer(Response { data, status: status::END_OF_FILE }),
            BeyondEnd::ExactLength if odd => exact_length(tlv::encode(0x53, &[rest]).len()),
            BeyondEnd::ExactLength => exact_length(rest.len()),
            BeyondEnd::WrongLength => status::WRONG_LENGTH.into(),
            BeyondEnd::WrongOffset => status::WRONG_OFFSET.into(),
        }
    }

    fn target(&self, command: &Command) -> Result<Target, u16> {
        let (file, offset) = if command.ins == 0xB1 {
            let bytes = tlv::Tlv::expect(0x54, &command.data).map_err(|_| status::WRONG_DATA)?;
            let offset = bytes.iter().take(4).fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            // A short identifier, or zero for the current file.
            let named = (command.p2 != 0).then_some(0x0100 | u16::from(command.p2 & 0x1F));
            (named.or(self.session.current), offset)
        } else if command.p1 & 0x80 == 0 {
            (self.session.current, usize::from(u16::from_be_bytes([command.p1, command.p2])))
        } else {
            let named = 0x0100 | u16::from(command.p1 & 0x1F);
            let known = !self.made.quirks.no_short_names || named == CARD_ACCESS;
            (known.then_some(named), usize::from(command.p2))
        };
        let file = file.ok_or(status::NOT_FOUND)?;
        let content = self.find(file).ok_or(status::NOT_FOUND)?;
        Ok(Target { file, content, offset })
    }
}

/// The most bytes whose data object is no longer than this.
fn fits_into_object(le: usize) -> usize {
    (2..=5)
        .map(|head| le.saturating_sub(head))
        .find(|bytes| tlv::encode(0x53, &[&vec![0; *bytes]]).len() <= le)
        .unwrap_or(0)
}

fn too_many(most: MostBytes) -> Outcome {
    let status = match u8::try_from(most.bytes) {
        Ok(exact) if most.exact => status::EXACT_LENGTH | u16::from(exact),
        _ => status::WRONG_LENGTH,
    };
    if most.closes { Outcome::Close(status) } else { status.into() }
}

fn exact_length(left: usize) -> Outcome {
    u8::try_from(left).map_or(status::WRONG_LENGTH, |left| status::EXACT_LENGTH | u16::from(left)).into()
}
