//! Diffie-Hellman in the three groups of RFC 5114 that ICAO Doc 9303-11 standardises; modular powers in constant time.

use crypto_bigint::{
    BoxedUint,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use eid_crypto::{Random, SecretBytes};
use zeroize::Zeroizing;

use crate::{ChipError, curve::unhex};

/// A standardised group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// 1024-bit modulus with a 160-bit subgroup.
    Modp1024,
    /// 2048-bit modulus with a 224-bit subgroup.
    Modp2048With224,
    /// 2048-bit modulus with a 256-bit subgroup.
    Modp2048With256,
}

struct Parameters {
    name: &'static str,
    p: &'static str,
    g: &'static str,
    q: &'static str,
}

impl Group {
    /// All of them, by parameter id from 0.
    pub const ALL: [Self; 3] = [Self::Modp1024, Self::Modp2048With224, Self::Modp2048With256];

    fn parameters(self) -> &'static Parameters {
        let [short, middle, long] = &GROUPS;
        match self {
            Self::Modp1024 => short,
            Self::Modp2048With224 => middle,
            Self::Modp2048With256 => long,
        }
    }

    /// The usual name.
    pub fn name(self) -> &'static str {
        self.parameters().name
    }

    /// The standardised parameter id, 0 to 2.
    pub fn id(self) -> u8 {
        match self {
            Self::Modp1024 => 0,
            Self::Modp2048With224 => 1,
            Self::Modp2048With256 => 2,
        }
    }

    /// The group of a standardised parameter id.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.id() == id)
    }

    /// The group with this modulus and generator; parameters of strangers are compared, never computed on.
    pub(crate) fn from_numbers(p: &[u8], g: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|group| unhex(group.parameters().p) == p && unhex(group.parameters().g) == g)
    }

    /// Length of an element in bytes.
    pub fn bytes(self) -> usize {
        self.parameters().p.len() / 2
    }

    /// The generator.
    pub fn generator(self) -> Element {
        Element { group: self, value: unhex(self.parameters().g) }
    }

    /// The generator that the integrated mapping takes: the string R_p(s, t) modulo p, to the power of the cofactor.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] with negligible probability.
    pub fn map_integrated(self, string: &[u8]) -> Result<Element, ChipError> {
        let (p, q) = (number(&unhex(self.parameters().p)), number(&unhex(self.parameters().q)));
        let one = BoxedUint::one_with_precision(p.bits_precision());
        let q = q.into_nz().into_option().ok_or(ChipError::Malformed)?;
        let cofactor = p.wrapping_sub(&one).div_rem_vartime(&q).0;
        let modulus = p.into_nz().into_option().ok_or(ChipError::Malformed)?;
        let bits = u32::try_from(string.len() * 8).map_err(|_| ChipError::Malformed)?;
        let string = BoxedUint::from_be_slice(string, bits).map_err(|_| ChipError::Malformed)?;
        let base = Zeroizing::new(string.rem(&modulus));
        let mapped = self.form(&sized(&base, self.bytes()))?.pow(&cofactor);
        self.element(&mapped)
    }

    fn modulus(self) -> Result<BoxedMontyParams, ChipError> {
        let odd = number(&unhex(self.parameters().p)).into_odd().into_option().ok_or(ChipError::Malformed)?;
        Ok(BoxedMontyParams::new_vartime(odd))
    }

    fn form(self, value: &[u8]) -> Result<BoxedMontyForm, ChipError> {
        Ok(BoxedMontyForm::new(number(value), &self.modulus()?))
    }

    /// Any element but 1.
    fn element(self, form: &BoxedMontyForm) -> Result<Element, ChipError> {
        let value = sized(&form.retrieve(), self.bytes());
        if is_one(&value) { Err(ChipError::Malformed) } else { Ok(Element { group: self, value: value.to_vec() }) }
    }
}

fn is_one(value: &[u8]) -> bool {
    value.split_last().is_some_and(|(last, above)| *last == 1 && above.iter().all(|byte| *byte == 0))
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

fn sized(number: &BoxedUint, bytes: usize) -> Zeroizing<Vec<u8>> {
    let wide = Zeroizing::new(number.to_be_bytes().to_vec());
    Zeroizing::new(wide.iter().skip(wide.len().saturating_sub(bytes)).copied().collect())
}

/// An element of a group's subgroup other than 1: a public key, or a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    group: Group,
    value: Vec<u8>,
}

impl Element {
    /// Reads a public key and checks that it lies between 1 and p - 1 and has the subgroup's order.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn parse(group: Group, bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.len() > group.bytes() {
            return Err(ChipError::Malformed);
        }
        let value = [vec![0; group.bytes() - bytes.len()], bytes.to_vec()].concat();
        let in_range = value.iter().any(|byte| *byte != 0) && !is_one(&value) && value < unhex(group.parameters().p);
        let order = number(&unhex(group.parameters().q));
        if !in_range || !is_one(&sized(&group.form(&value)?.pow(&order).retrieve(), group.bytes())) {
            return Err(ChipError::Malformed);
        }
        Ok(Self { group, value })
    }

    /// The group it belongs to.
    pub fn group(&self) -> Group {
        self.group
    }

    /// The number in as few bytes as it needs, as data objects have unsigned integers (BSI TR-03110-3, D.2.1): one key in 256 is
    /// shorter than the modulus, and its length is part of what PACE's tokens are made of.
    pub fn encode(&self) -> Vec<u8> {
        self.value.iter().copied().skip_while(|byte| *byte == 0).collect()
    }

    /// The element to the power of a secret number.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the groups differ or the power is 1.
    pub fn power(&self, exponent: &Exponent) -> Result<Self, ChipError> {
        if exponent.group != self.group {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: the power needs the number's digits.
        self.power_bytes(exponent.bytes.expose())
    }

    /// The element to the power of a number given by its bytes: PACE's nonce.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the power is 1.
    pub fn power_bytes(&self, exponent: &[u8]) -> Result<Self, ChipError> {
        let exponent = Zeroizing::new(number(exponent));
        self.group.element(&self.group.form(&self.value)?.pow(&exponent))
    }

    /// The product of two elements.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the groups differ or the product is 1.
    pub fn product(&self, other: &Self) -> Result<Self, ChipError> {
        if other.group != self.group {
            return Err(ChipError::Malformed);
        }
        self.group.element(&(self.group.form(&self.value)? * self.group.form(&other.value)?))
    }

    /// Key agreement: the element to the power of a secret number.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the groups differ.
    pub fn agree(&self, exponent: &Exponent) -> Result<SecretBytes, ChipError> {
        Ok(SecretBytes::new(self.power(exponent)?.value))
    }
}

/// A secret exponent from 1 to the subgroup's order minus 1.
#[derive(Debug)]
pub struct Exponent {
    group: Group,
    bytes: SecretBytes,
}

impl Exponent {
    /// A random one.
    ///
    /// # Errors
    /// [`ChipError::Crypto`] when randomness fails.
    pub fn make(group: Group, rng: &dyn Random) -> Result<Self, ChipError> {
        let order = unhex(group.parameters().q);
        let mut bytes = Zeroizing::new(vec![0; order.len()]);
        // Each try fails with at most one half.
        for _ in 0..128 {
            rng.fill(&mut bytes)?;
            if *bytes < order && bytes.iter().any(|byte| *byte != 0) {
                return Ok(Self { group, bytes: SecretBytes::new(bytes.to_vec()) });
            }
        }
        Err(ChipError::Crypto(eid_crypto::CryptoError::RandomUnavailable))
    }

    /// Takes a chip's static exponent, of at most the modulus' length.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is longer.
    pub fn parse(group: Group, bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.is_empty() || bytes.len() > group.bytes() {
            return Err(ChipError::Malformed);
        }
        Ok(Self { group, bytes: SecretBytes::new(bytes.to_vec()) })
    }

    /// Its public element.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] for a multiple of the order.
    pub fn public(&self) -> Result<Element, ChipError> {
        self.group.generator().power(self)
    }
}

/// The groups of RFC 5114, 2.1 to 2.3, as hexadecimal numbers; the index is the parameter id of ICAO Doc 9303-11, 9.5.1.
const GROUPS: [Parameters; 3] = [
    Parameters {
        name: "RFC 5114 1024/160",
        p: "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c0\
            13ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0\
            a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371",
        g: "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b777e690f5504f213\
            160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28a\
            d662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5",
        q: "f518aa8781a8df278aba4e7d64b7cb9d49462353",
    },
    Parameters {
        name: "RFC 5114 2048/224",
        p: "ad107e1e9123a9d0d660faa79559c51fa20d64e5683b9fd1b54b1597b61d0a75e6fa141df95a56dbaf9a3c407ba1df15\
            eb3d688a309c180e1de6b85a1274a0a66d3f8152ad6ac2129037c9edefda4df8d91e8fef55b7394b7ad5b7d0b6c12207\
            c9f98d11ed34dbf6c6ba0b2c8bbc27be6a00e0a0b9c49708b3bf8a317091883681286130bc8985db1602e714415d9330\
            278273c7de31efdc7310f7121fd5a07415987d9adc0a486dcdf93acc44328387315d75e198c641a480cd86a1b9e587e8\
            be60e69cc928b2b9c52172e413042e9b23f10b0e16e79763c9b53dcf4ba80a29e3fb73c16b8e75b97ef363e2ffa31f71\
            cf9de5384e71b81c0ac4dffe0c10e64f",
        g: "ac4032ef4f2d9ae39df30b5c8ffdac506cdebe7b89998caf74866a08cfe4ffe3a6824a4e10b9a6f0dd921f01a70c4afa\
            ab739d7700c29f52c57db17c620a8652be5e9001a8d66ad7c17669101999024af4d027275ac1348bb8a762d0521bc98a\
            e247150422ea1ed409939d54da7460cdb5f6c6b250717cbef180eb34118e98d119529a45d6f834566e3025e316a330ef\
            bb77a86f0c1ab15b051ae3d428c8f8acb70a8137150b8eeb10e183edd19963ddd9e263e4770589ef6aa21e7f5f2ff381\
            b539cce3409d13cd566afbb48d6c019181e1bcfe94b30269edfe72fe9b6aa4bd7b5a0f1c71cfff4c19c418e1f6ec0179\
            81bc087f2a7065b384b890d3191f2bfa",
        q: "801c0d34c58d93fe997177101f80535a4738cebcbf389a99b36371eb",
    },
    Parameters {
        name: "RFC 5114 2048/256",
        p: "87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00e00df8f1d61957d4faf7df4561b2aa30\
            16c3d91134096faa3bf4296d830e9a7c209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b\
            6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76b63acae1caa6b7902d52526735488a0e\
            f13c6d9a51bfa4ab3ad8347796524d8ef6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026\
            c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103a4b54330c198af126116d2276e11715f\
            693877fad7ef09cadb094ae91e1a1597",
        g: "3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba12510dbc15077be463fff4fed4aac0bb555\
            be3a6c1b0c6b47b1bc3773bf7e8c6f62901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b\
            777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193b5045af2767164e1dfc967c1fb3f2e55\
            a4bd1bffe83b9c80d052b985d182ea0adb2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915\
            b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c32f63078490f00ef8d647d148d4795451\
            5e2327cfef98c582664b4c0f6cc41659",
        q: "8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3",
    },
];

#[cfg(test)]
mod tests {
    use eid_crypto::SystemRandom;

    use super::*;

    #[test]
    fn number_with_leading_zeros_is_short_as_a_key_and_whole_as_a_secret() -> Result<(), ChipError> {
        let group = Group::ALL[0];
        let generator = group.generator();
        let (mut element, mut exponent) = (generator.clone(), 1_u32);
        while element.value[0] != 0 {
            element = element.product(&generator)?;
            exponent += 1;
        }
        assert!(element.encode()[0] != 0 && element.encode().len() < group.bytes());
        assert_eq!(Element::parse(group, &element.encode()).as_ref(), Ok(&element));
        assert_eq!(Element::parse(group, &element.value).as_ref(), Ok(&element), "some chips send them whole");
        let secret = generator.agree(&Exponent::parse(group, &exponent.to_be_bytes())?)?;
        assert_eq!(secret.expose(), element.value);
        Ok(())
    }

    #[test]
    fn both_sides_agree_and_small_subgroups_are_refused() -> Result<(), ChipError> {
        let rng = SystemRandom::new();
        for group in Group::ALL {
            let (a, b) = (Exponent::make(group, &rng)?, Exponent::make(group, &rng)?);
            assert!(a.public()?.agree(&b)? == b.public()?.agree(&a)?, "{}", group.name());
            assert_eq!(Element::parse(group, &a.public()?.encode()), a.public());
            let p = unhex(group.parameters().p);
            let mut below = p.clone();
            *below.last_mut().unwrap() -= 1;
            // 0, 1, p - 1 (order 2), p, a number outside the subgroup, one byte too many.
            for bad in [vec![0], vec![1], below, p.clone(), vec![2], [vec![1], p].concat()] {
                assert_eq!(Element::parse(group, &bad).err(), Some(ChipError::Malformed), "{}", group.name());
            }
            let mapped = group.map_integrated(&[0x5A; 300])?;
            assert_eq!(Element::parse(group, &mapped.encode()), Ok(mapped));
        }
        Ok(())
    }
}
