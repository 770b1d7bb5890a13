use serde::{Deserialize, Serialize};

use crate::tlv::{self, Tlv};

/// What was learnt about a kind of chip with a kind of phone. The caller stores it and gives it to the next reading; it holds
/// nothing about the holder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipProfile {
    /// The chip's own limit for a response APDU, from EF.ATR/INFO.
    pub max_response: Option<u32>,
    /// The most file bytes to ask for at once, once more was refused.
    pub chunk: Option<u16>,
    /// Never ask for more than is left of a file: the chip answers that with an error.
    pub exact: bool,
    /// The chip takes no short file identifiers.
    pub select_files: bool,
    /// The application must not be selected again after PACE.
    pub keep_application: bool,
    /// EF.CardAccess was not handed out: go to the built-in one at once.
    pub built_in_card_access: bool,
    /// The chip takes no extended lengths.
    pub short_only: bool,
    /// EF.ATR/INFO was looked for.
    pub looked_for_limits: bool,
}

/// File bytes asked for at once: what the Vietnamese card is known to take; more would make a lost link dearer.
const LARGEST: usize = 2048;
/// What is asked for after larger amounts were refused.
const LADDER: [u16; 3] = [1024, SHORT, 111];
/// From here on answers fit short lengths: 231 bytes with 3DES, 223 with AES.
const SHORT: u16 = 231;

impl ChipProfile {
    /// The most bytes to ask for, whatever the channel can carry.
    pub(crate) fn most(&self) -> usize {
        self.chunk.map_or(LARGEST, usize::from)
    }

    /// Whether chunks are so small that no extended length is needed for them.
    pub(crate) fn is_short(&self) -> bool {
        self.most() <= usize::from(SHORT)
    }

    /// Less than `asked`. False when there is nothing less to try.
    pub(crate) fn lower(&mut self, asked: usize) -> bool {
        let next = LADDER.into_iter().find(|chunk| usize::from(*chunk) < asked);
        self.chunk = next.or(self.chunk);
        next.is_some()
    }

    /// Takes the chip's limits from EF.ATR/INFO, if they are there: DO'7F66' with the limits for command and response.
    pub(crate) fn read_limits(&mut self, atr: &[u8]) {
        for object in tlv::objects(atr).map_while(Result::ok) {
            let numbers = object.children().map_while(Result::ok).filter(|object| object.tag == tlv::INTEGER);
            let numbers = numbers.filter_map(|number: Tlv<'_>| tlv::small(number.value).ok()).collect::<Vec<_>>();
            if let (0x7F66, [_command, response]) = (object.tag, numbers.as_slice()) {
                self.max_response = Some((*response).max(256));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladder_goes_down_and_ends() {
        let mut profile = ChipProfile::default();
        let mut steps = Vec::new();
        while profile.lower(profile.most()) {
            steps.push(profile.most());
        }
        assert_eq!(steps, [1024, 231, 111]);
        assert!(!profile.lower(111));
    }

    #[test]
    fn limits_are_found_among_other_objects() {
        let mut profile = ChipProfile::default();
        profile.read_limits(&crate::curve::unhex("43018082097f7f6608020205000202080a"));
        assert_eq!(profile.max_response, None, "the second object claims what belongs to the third");
        profile.read_limits(&crate::curve::unhex("4301807f6608020205000202080082"));
        assert_eq!(profile.max_response, Some(0x800));
        profile.read_limits(&[0xFF; 40]);
        assert_eq!(profile.max_response, Some(0x800));
    }
}
