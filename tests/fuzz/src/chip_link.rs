//! What a chip answers, from the first byte to a whole conversation.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use eid_chip::{
    Access, Can, Cipher, Command, Response, SecurityInfos,
    protocol::{Channel, SessionKeys},
    reader::{ChipProfile, Config, FileId, Reader, Step},
    tlv::{self, Tlv},
};
use eid_crypto::{CryptoError, Random};

/// Data objects, eight levels deep.
pub fn tlv(data: &[u8]) {
    fn walk(object: Tlv<'_>, depth: usize) {
        assert!(object.value.len() < object.whole.len());
        if depth < 8 {
            object.children().flatten().for_each(|child| walk(child, depth + 1));
        }
    }
    tlv::objects(data).flatten().for_each(|object| walk(object, 0));
    if let Ok(object) = Tlv::only(data) {
        let again = tlv::encode(object.tag, &[object.value]);
        assert_eq!(Tlv::only(&again).map(|object| object.value), Ok(object.value));
    }
}

/// EF.CardAccess and DG14.
pub fn card_access(data: &[u8]) {
    for infos in [SecurityInfos::parse(data), SecurityInfos::parse_dg14(data)].into_iter().flatten() {
        assert_eq!(infos.pace_by_preference().len(), infos.pace.len());
    }
}

/// Secured commands and answers: nothing that a fuzzer makes carries a right checksum.
pub fn secure_messaging(data: &[u8]) {
    for cipher in [Cipher::Des3, Cipher::Aes128, Cipher::Aes256] {
        let channel = || Channel::new(SessionKeys::derive(cipher, b"nobody knows"));
        assert!(channel().unwrap_command(data).is_err());
        if let Ok(response) = Response::parse(data) {
            assert!(channel().unwrap_response(0xB0, &response).is_err());
            assert!(channel().unwrap_response(0xB1, &response).is_err());
        }
    }
    if let Ok(command) = Command::parse(data) {
        assert!(command.encode().is_ok_and(|bytes| bytes.len() <= data.len() + 3));
    }
}

/// A whole conversation: each answer stands behind its length. No chip proves anything by chance.
pub fn chip_answers(data: &[u8]) {
    let Ok(can) = Can::parse("000001") else { return };
    let config = Config {
        access: Access::Can(can),
        challenge: [7; 8],
        files: FileId::IDENTITY.to_vec(),
        max_command: 65_000,
        max_response: 65_000,
        profile: ChipProfile::default(),
    };
    let mut reader = Reader::new(config, Arc::new(Counting(AtomicU8::new(1))));
    let mut rest = data;
    while let Ok(step) = reader.next() {
        match step {
            Step::Send { .. } => {
                let Some((length, more)) = rest.split_first() else { return };
                let (answer, more) = more.split_at_checked(usize::from(*length)).unwrap_or((more, &[]));
                rest = more;
                if answer.is_empty() {
                    reader.link_lost();
                } else {
                    let _refused = reader.feed(answer, 1);
                }
            }
            Step::Wait { .. } => reader.link_back(),
            Step::Progress(progress) => assert!(progress.done <= progress.expected),
            Step::Done(evidence) => assert!(evidence.chip_proof.is_none() && evidence.active_proof.is_none()),
        }
    }
}

/// Bytes that differ from each other and are the same in every run.
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}
