//! A small chip with real cryptography and bad manners, for the reader's tests only.

use std::{collections::BTreeMap, sync::Arc};

use eid_crypto::{Random, SystemRandom};

use crate::{
    Access, CCCD_CARD_ACCESS, Cipher, Command, Domain, Hash, PaceInfo, Private, Response, SecurityInfos, aa,
    bac::BacChip,
    ca,
    curve::{Curve, unhex},
    pace::PaceChip,
    rsa,
    sm::Channel,
    tlv,
};

/// What happens when more is asked for than a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    Success,
    Warning,
    ExactLength,
    Refuse,
    Close,
}

/// What happens to READ BINARY with a larger limit than the chip takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooLong {
    Refuse,
    Close(u16),
    /// `6Cxx` without checksum.
    CloseExact(u8),
}

#[derive(Debug, Clone)]
pub(super) struct Quirks {
    /// The application is selected from the start, and the chip knows no master file.
    pub(super) no_master_file: bool,
    /// EF.CardAccess is found only after the master file was selected by this form.
    pub(super) card_access: bool,
    pub(super) needs_master_file: Option<bool>,
    pub(super) pace: bool,
    pub(super) bac: bool,
    pub(super) beyond: Beyond,
    pub(super) most: usize,
    pub(super) too_long: TooLong,
    pub(super) short_names: bool,
    pub(super) select_closes: bool,
    pub(super) missing_closes: bool,
    pub(super) limits: Option<u16>,
    /// Short lengths only, long answers by GET RESPONSE.
    pub(super) short_only: bool,
    pub(super) clone: bool,
    pub(super) refuse_authentication_template: bool,
    pub(super) wrong_signature: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            no_master_file: false,
            card_access: true,
            needs_master_file: None,
            pace: true,
            bac: true,
            beyond: Beyond::Success,
            most: 70_000,
            too_long: TooLong::Refuse,
            short_names: true,
            select_closes: false,
            missing_closes: false,
            limits: None,
            short_only: false,
            clone: false,
            refuse_authentication_template: false,
            wrong_signature: false,
        }
    }
}

pub(super) struct TestChip {
    pub(super) quirks: Quirks,
    pub(super) files: BTreeMap<u16, Vec<u8>>,
    pub(super) card_access: Vec<u8>,
    pub(super) card_security: Option<Vec<u8>>,
    pub(super) pace_info: PaceInfo,
    pub(super) static_key: Private,
    access: Access,
    rng: Arc<SystemRandom>,
    state: State,
    pub(super) commands: Vec<Command>,
}

#[derive(Default)]
struct State {
    application: bool,
    master_file: bool,
    current: Option<Vec<u8>>,
    channel: Option<Channel>,
    pace: Option<PaceChip>,
    bac: Option<BacChip>,
    cipher: Option<Cipher>,
    /// Speaks from the next command on.
    next: Option<Channel>,
    waiting: Vec<u8>,
}

const N: &str = include_str!("../../../tests/data/rsa-2048-n.hex");
const D: &str = include_str!("../../../tests/data/rsa-2048-d.hex");

fn file(tag: u32, length: usize) -> Vec<u8> {
    tlv::encode(tag, &[&(0..length).map(|at| u8::try_from(at % 251).unwrap()).collect::<Vec<_>>()])
}

impl TestChip {
    /// An identity card whose face has this many bytes.
    pub(super) fn new(access: Access, face: usize, quirks: Quirks) -> Self {
        let rng = Arc::new(SystemRandom::new());
        let domain = Domain::Ec(Curve::Bp256);
        let static_key = domain.make_private(&*rng).unwrap();
        let point = domain.generator().derive(&static_key).unwrap().encode();
        let algorithm =
            [tlv::encode(tlv::OID, &[&unhex("2a8648ce3d0201")]), Curve::Bp256.explicit_parameters()].concat();
        let key = [tlv::encode(tlv::SEQUENCE, &[&algorithm]), tlv::encode(tlv::BIT_STRING, &[&[0], &point])].concat();
        let info =
            [tlv::encode(tlv::OID, &[&unhex("04007f000702020102")]), tlv::encode(tlv::SEQUENCE, &[&key])].concat();
        let infos = [&CCCD_CARD_ACCESS[2..], &tlv::encode(tlv::SEQUENCE, &[&info])].concat();
        let dg14 = tlv::encode(0x6E, &[&tlv::encode(tlv::SET, &[&infos])]);

        let number = |hex: &str| tlv::encode(tlv::INTEGER, &[&[0], &unhex(hex)]);
        let rsa = tlv::encode(tlv::SEQUENCE, &[&number(N), &tlv::encode(tlv::INTEGER, &[&[1, 0, 1]])]);
        let algorithm = tlv::encode(tlv::SEQUENCE, &[&unhex("06092a864886f70d0101010500")]);
        let dg15 = tlv::encode(
            0x6F,
            &[&tlv::encode(tlv::SEQUENCE, &[&algorithm, &tlv::encode(tlv::BIT_STRING, &[&[0], &rsa])])],
        );
        let files = BTreeMap::from([
            (0x011E, file(0x60, 20)),
            (0x011D, file(0x77, 1950)),
            (0x0101, file(0x61, 93)),
            (0x0102, file(0x75, face)),
            (0x010D, file(0x6D, 500)),
            (0x010E, dg14),
            (0x010F, dg15),
        ]);
        let pace_info = SecurityInfos::parse(CCCD_CARD_ACCESS).unwrap().pace.remove(0);
        let mut chip = Self {
            quirks,
            files,
            card_access: CCCD_CARD_ACCESS.to_vec(),
            card_security: None,
            pace_info,
            static_key,
            access,
            rng,
            state: State::default(),
            commands: Vec::new(),
        };
        chip.reset();
        chip
    }

    pub(super) fn reset(&mut self) {
        let application = self.quirks.no_master_file;
        self.state = State { application, ..State::default() };
    }

    pub(super) fn transceive(&mut self, wire: &[u8]) -> Vec<u8> {
        let outer = Command::parse(wire).unwrap();
        if outer.ins == 0xC0 {
            return self.hand_out();
        }
        if outer.cla & 0x0C == 0 {
            self.state.channel = None;
            self.commands.push(outer.clone());
            return self.process(&outer, false).encode();
        }
        if let Some(next) = self.state.next.take() {
            self.state.channel = Some(next);
        }
        let Some(Ok(command)) = self.state.channel.as_mut().map(|channel| channel.unwrap_command(wire)) else {
            self.state.channel = None;
            return vec![0x69, 0x88];
        };
        self.commands.push(command.clone());
        if let Some(status) = self.closing(&command, &outer) {
            self.state.channel = None;
            return status.to_be_bytes().to_vec();
        }
        let response = self.process(&command, true);
        let channel = self.state.channel.as_mut().unwrap();
        let wrapped = channel.wrap_response(command.ins, &response).unwrap();
        if wrapped.len() > 258 && !outer.is_extended() {
            self.state.waiting = wrapped;
            return self.hand_out();
        }
        wrapped
    }

    /// What closes the channel: the status word.
    fn closing(&self, command: &Command, outer: &Command) -> Option<u16> {
        let le = command.le.unwrap_or(0) as usize;
        let read = command.ins & 0xFE == 0xB0;
        if self.quirks.short_only && outer.is_extended() {
            return Some(0x6700);
        }
        if read && le > self.quirks.most {
            match self.quirks.too_long {
                TooLong::Close(status) => return Some(status),
                TooLong::CloseExact(exact) => return Some(0x6C00 | u16::from(exact)),
                TooLong::Refuse => {}
            }
        }
        let left = self.target(command).map(|(content, offset)| content.len().saturating_sub(offset));
        if read && self.quirks.beyond == Beyond::Close && left.is_some_and(|left| left < le) {
            return Some(0x6988);
        }
        if command.ins == 0xA4 && command.p1 == 4 && self.quirks.select_closes {
            return Some(0x6D00);
        }
        (read && left.is_none() && self.quirks.missing_closes).then_some(0x6A82)
    }

    fn hand_out(&mut self) -> Vec<u8> {
        let rest = self.state.waiting.split_off(self.state.waiting.len().min(250));
        let mut part = core::mem::replace(&mut self.state.waiting, rest);
        if !self.state.waiting.is_empty() {
            part.extend([0x61, u8::try_from(self.state.waiting.len().min(250)).unwrap()]);
        }
        part
    }

    fn find(&self, id: u16) -> Option<Vec<u8>> {
        let below = self.state.master_file || self.quirks.needs_master_file.is_none();
        match id {
            0x011C if self.quirks.card_access && below => Some(self.card_access.clone()),
            0x2F01 if !self.state.application => self.quirks.limits.map(|most| {
                let [high, low] = most.to_be_bytes();
                vec![0x43, 1, 0x80, 0x7F, 0x66, 8, 2, 2, high, low, 2, 2, high, low]
            }),
            0x011D if !self.state.application => self.card_security.clone(),
            _ if self.state.application => self.files.get(&id).cloned(),
            _ => None,
        }
    }

    /// The file and offset that a READ BINARY means.
    fn target(&self, command: &Command) -> Option<(Vec<u8>, usize)> {
        if command.ins == 0xB1 {
            let bytes = tlv::Tlv::expect(0x54, &command.data).unwrap();
            return Some((
                self.state.current.clone()?,
                bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            ));
        }
        if command.p1 & 0x80 == 0 {
            return Some((self.state.current.clone()?, usize::from(command.p1) << 8 | usize::from(command.p2)));
        }
        let short = u16::from(command.p1 & 0x1F);
        let id = 0x0100 | short;
        (self.quirks.short_names || short == 0x1C)
            .then(|| self.find(id))
            .flatten()
            .map(|file| (file, command.p2.into()))
    }

    fn process(&mut self, command: &Command, secured: bool) -> Response {
        match (command.ins, command.p1) {
            (0xA4, 0) => self.select_master_file(command),
            (0xA4, 4) => {
                self.state.application = true;
                Response::status(0x9000)
            }
            (0xA4, 2) => {
                let id = u16::from_be_bytes(command.data.as_slice().try_into().unwrap());
                self.state.current = self.find(id);
                Response::status(if self.state.current.is_some() { 0x9000 } else { 0x6A82 })
            }
            (0xB0 | 0xB1, _) => self.read(command, secured),
            (0x22, 0xC1) => self.select_pace(command),
            (0x22, 0x41) => self.select_authentication(command),
            (0x86, _) => self.general_authenticate(command),
            (0x84, _) if self.quirks.bac => match self.access.bac_keys() {
                Some(keys) => {
                    let (bac, challenge) = BacChip::start(keys, &*self.rng).unwrap();
                    self.state.bac = Some(bac);
                    Response::ok(challenge)
                }
                None => Response::status(0x6D00),
            },
            (0x82, _) => match self.state.bac.take().map(|bac| bac.finish(&command.data, &*self.rng)) {
                Some(Ok((answer, channel))) => {
                    self.state.channel = Some(channel);
                    Response::ok(answer)
                }
                _ => Response::status(0x6300),
            },
            (0x88, _) if secured => {
                let mut message = aa::message(Hash::Sha256, 256, &[0x5A; 256], &command.data).unwrap();
                message[100] ^= u8::from(self.quirks.wrong_signature);
                Response::ok(rsa::private_power(&unhex(N), &unhex(D), &message).unwrap())
            }
            _ => Response::status(0x6D00),
        }
    }

    fn select_master_file(&mut self, command: &Command) -> Response {
        let form = !command.data.is_empty();
        if self.quirks.no_master_file || self.quirks.needs_master_file.is_some_and(|needed| needed != form) {
            return Response::status(0x6D00);
        }
        self.state.master_file = true;
        self.state.application = false;
        Response::status(0x9000)
    }

    fn read(&mut self, command: &Command, secured: bool) -> Response {
        let Some((content, offset)) = self.target(command) else { return Response::status(0x6A82) };
        let open = content == self.card_access || Some(&content) == self.card_security.as_ref() || content[0] == 0x43;
        if !secured && !open {
            return Response::status(0x6982);
        }
        let le = command.le.unwrap() as usize;
        if le > self.quirks.most {
            return Response::status(0x6700);
        }
        self.state.current = Some(content.clone());
        let odd = command.ins == 0xB1;
        // As much as fits, head included.
        let fits = |room: &usize| !odd || tlv::encode(0x53, &[&vec![0; *room]]).len() <= le;
        let room = (le.saturating_sub(4)..=le).rev().find(fits).unwrap();
        let left = content.len().saturating_sub(offset);
        if left == 0 {
            return Response::status(0x6B00);
        }
        let taken = room.min(left);
        let data = content[offset..offset + taken].to_vec();
        let data = if odd { tlv::encode(0x53, &[&data]) } else { data };
        if taken == room {
            return Response::ok(data);
        }
        match self.quirks.beyond {
            Beyond::Success | Beyond::Close => Response::ok(data),
            Beyond::Warning => Response { data, status: 0x6282 },
            Beyond::ExactLength => {
                Response::status(if left < 256 { 0x6C00 | u16::try_from(left).unwrap() } else { 0x6700 })
            }
            Beyond::Refuse => Response::status(0x6B00),
        }
    }

    fn select_pace(&mut self, command: &Command) -> Response {
        let protocol = tlv::objects(&command.data).map(Result::unwrap).find(|object| object.tag == 0x80).unwrap();
        if !self.quirks.pace || protocol.value != self.pace_info.oid() {
            return Response::status(0x6A80);
        }
        let key = self.access.pace_key(self.pace_info.cipher);
        let copy = match &self.static_key {
            Private::Ec(scalar) => Private::Ec(scalar.copy()),
            Private::Dh(_) => panic!("not in these tests"),
        };
        self.state.pace = Some(PaceChip::new(self.pace_info.clone(), key, Some(copy)));
        Response::status(0x9000)
    }

    fn select_authentication(&mut self, command: &Command) -> Response {
        if command.p2 == 0xA6 {
            let key = tlv::objects(&command.data).map(Result::unwrap).find(|object| object.tag == 0x91).unwrap();
            return self.agree(Cipher::Des3, key.value, Vec::new());
        }
        if self.quirks.refuse_authentication_template {
            return Response::status(0x6A80);
        }
        self.state.cipher = Some(Cipher::Aes128);
        Response::status(0x9000)
    }

    fn agree(&mut self, cipher: Cipher, key: &[u8], answer: Vec<u8>) -> Response {
        let domain = Domain::Ec(Curve::Bp256);
        let other = domain.make_private(&*self.rng).unwrap();
        let own = if self.quirks.clone { &other } else { &self.static_key };
        self.state.next = Some(ca::chip_channel(cipher, own, &domain.parse_public(key).unwrap()).unwrap());
        Response::ok(answer)
    }

    fn general_authenticate(&mut self, command: &Command) -> Response {
        if let Some(cipher) = self.state.cipher.take() {
            return self.agree(cipher, &command.data[4..], vec![0x7C, 0]);
        }
        let Some(mut pace) = self.state.pace.take() else { return Response::status(0x6985) };
        match pace.respond(&command.data, &*self.rng as &dyn Random) {
            Ok(answer) => {
                if command.cla == 0 {
                    self.state.channel = pace.into_channel();
                } else {
                    self.state.pace = Some(pace);
                }
                Response::ok(answer)
            }
            Err(_) => Response::status(0x6300),
        }
    }
}
