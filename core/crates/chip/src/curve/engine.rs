//! Arithmetic on one short Weierstrass curve of prime order, in constant time unless a name says otherwise.
//!
//! One complete addition formula serves for adding, doubling and the neutral element, so no input takes another path.

use crypto_bigint::{
    Choice, CtAssign as _, CtEq as _, Odd, U256, U384, U576, Uint,
    modular::{FixedMontyForm, FixedMontyParams},
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Parameters, unhex};

/// Numbers modulo an odd prime.
pub(super) struct Field<const L: usize> {
    params: FixedMontyParams<L>,
    bytes: usize,
}

type Number<const L: usize> = FixedMontyForm<L>;

impl<const L: usize> Field<L> {
    fn new(modulus: &[u8]) -> Option<Self> {
        let odd = Odd::new(Self::wide(modulus)?).into_option()?;
        Some(Self { params: FixedMontyParams::new_vartime(odd), bytes: modulus.len() })
    }

    fn wide(bytes: &[u8]) -> Option<Uint<L>> {
        let size = L * size_of::<crypto_bigint::Limb>();
        let mut padded = Zeroizing::new(vec![0; size]);
        padded.get_mut(size.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
        Some(Uint::from_be_slice(&padded))
    }

    /// A number below the modulus, or none.
    fn number(&self, bytes: &[u8]) -> Option<Number<L>> {
        let number = Self::wide(bytes)?;
        (number < *self.params.modulus().as_ref()).then(|| Number::new(&number, &self.params))
    }

    /// A string of bytes of any length, modulo the prime.
    fn reduce(&self, bytes: &[u8]) -> Number<L> {
        let base = self.small(256);
        bytes.iter().fold(Number::zero(&self.params), |sum, byte| sum * base + self.small(u16::from(*byte)))
    }

    fn small(&self, number: u16) -> Number<L> {
        Number::new(&Uint::from_u16(number), &self.params)
    }

    /// The number's big-endian bytes at the modulus' length.
    fn bytes(&self, number: &Number<L>) -> Zeroizing<Vec<u8>> {
        let wide = number.retrieve().to_be_bytes();
        let wide: &[u8] = wide.as_ref();
        Zeroizing::new(wide.iter().skip(wide.len().saturating_sub(self.bytes)).copied().collect())
    }
}

/// Homogeneous projective coordinates.
#[derive(Clone, Copy)]
struct Projective<const L: usize> {
    x: Number<L>,
    y: Number<L>,
    z: Number<L>,
}

impl<const L: usize> Projective<L> {
    fn wipe(&mut self) {
        self.x.as_montgomery_mut().zeroize();
        self.y.as_montgomery_mut().zeroize();
        self.z.as_montgomery_mut().zeroize();
    }

    fn assign(&mut self, other: &Self, choice: Choice) {
        self.x.as_montgomery_mut().ct_assign(other.x.as_montgomery(), choice);
        self.y.as_montgomery_mut().ct_assign(other.y.as_montgomery(), choice);
        self.z.as_montgomery_mut().ct_assign(other.z.as_montgomery(), choice);
    }
}

/// Affine coordinates, each of the field's length.
pub(super) type Affine = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// One curve, ready to compute.
pub(super) struct Engine<const L: usize> {
    field: Field<L>,
    scalars: Field<L>,
    a: Number<L>,
    b: Number<L>,
    b3: Number<L>,
}

impl<const L: usize> Engine<L> {
    pub(super) fn new(curve: &Parameters) -> Option<Self> {
        let field = Field::new(&unhex(curve.p))?;
        let scalars = Field::new(&unhex(curve.n))?;
        let (a, b) = (field.number(&unhex(curve.a))?, field.number(&unhex(curve.b))?);
        Some(Self { b3: b + b + b, a, b, field, scalars })
    }

    /// Whether both coordinates are below p and fit the equation.
    pub(super) fn contains(&self, x: &[u8], y: &[u8]) -> bool {
        let (Some(x), Some(y)) = (self.field.number(x), self.field.number(y)) else { return false };
        y.square() == self.right_side(&x)
    }

    /// x³ + ax + b.
    fn right_side(&self, x: &Number<L>) -> Number<L> {
        (x.square() + self.a) * *x + self.b
    }

    /// k·P; the time depends on the count of k's bytes only. None when the product is the neutral element.
    pub(super) fn multiply(&self, k: &[u8], x: &[u8], y: &[u8]) -> Option<Affine> {
        self.affine(self.ladder([(k, self.point(x, y)?)]))
    }

    /// P + Q, or none when that is the neutral element.
    pub(super) fn sum(&self, p: (&[u8], &[u8]), q: (&[u8], &[u8])) -> Option<Affine> {
        self.affine(self.add(&self.point(p.0, p.1)?, &self.point(q.0, q.1)?))
    }

    /// ECDSA's equation (FIPS 186-5, 6.4.2) for the leftmost bits of a digest as a number. Public inputs.
    pub(super) fn verifies(&self, g: (&[u8], &[u8]), q: (&[u8], &[u8]), digest: &[u8], r: &[u8], s: &[u8]) -> bool {
        self.equation(g, q, digest, r, s).unwrap_or(false)
    }

    fn equation(&self, g: (&[u8], &[u8]), q: (&[u8], &[u8]), digest: &[u8], r: &[u8], s: &[u8]) -> Option<bool> {
        let (r, s) = (self.scalars.number(r)?, self.scalars.number(s)?);
        if r.retrieve() == Uint::ZERO {
            return Some(false);
        }
        let w = s.invert_vartime().into_option()?;
        let u1 = self.scalars.bytes(&(self.digest_number(digest) * w));
        let u2 = self.scalars.bytes(&(r * w));
        let (x, _) = self.affine(self.ladder([(&u1, self.point(g.0, g.1)?), (&u2, self.point(q.0, q.1)?)]))?;
        Some(self.scalars.reduce(&x) == r)
    }

    /// The leftmost bits of a digest as a number below n, as ECDSA takes them.
    fn digest_number(&self, digest: &[u8]) -> Number<L> {
        let kept = digest.get(..self.scalars.bytes).unwrap_or(digest);
        let spare = self.scalars.bytes * 8 - self.bits_of_order();
        let number = Self::shifted(kept, if kept.len() == self.scalars.bytes { spare } else { 0 });
        self.scalars.reduce(&number)
    }

    fn bits_of_order(&self) -> usize {
        usize::try_from(self.scalars.params.modulus().as_ref().bits_vartime()).unwrap_or(0)
    }

    /// Big-endian bytes shifted right by fewer than eight bits.
    fn shifted(bytes: &[u8], by: usize) -> Vec<u8> {
        let mut above = 0_u16;
        bytes
            .iter()
            .map(|byte| {
                let pair = above << 8 | u16::from(*byte);
                above = u16::from(*byte);
                (pair >> by).to_be_bytes()[1]
            })
            .collect()
    }

    /// k·m⁻¹ modulo the order, as the chip's side of PACE-CAM needs it.
    pub(super) fn quotient(&self, k: &[u8], m: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let inverse = self.scalars.number(m)?.invert().into_option()?;
        Some(self.scalars.bytes(&(self.scalars.number(k)? * inverse)))
    }

    /// Whether the bytes are a number from 1 to n - 1.
    pub(super) fn is_scalar(&self, bytes: &[u8]) -> bool {
        self.scalars.number(bytes).is_some_and(|number| number.retrieve() != Uint::ZERO)
    }

    /// The point that ICAO Doc 9303-11, B.2 (f_G) gives for the string modulo p. For p ≡ 3 mod 4 only; None for others.
    pub(super) fn encode_to_curve(&self, string: &[u8]) -> Option<Affine> {
        let modulus = self.field.params.modulus().as_ref();
        if !modulus.bit_vartime(1) {
            return None;
        }
        let t = self.field.reduce(string);
        let one = Number::one(&self.field.params);
        let alpha = -t.square();
        let inverse = (alpha + alpha.square()).invert().into_option()?;
        let x2 = -self.b * self.a.invert().into_option()? * (one + inverse);
        let x3 = alpha * x2;
        let (h2, h3) = (self.right_side(&x2), self.right_side(&x3));
        let u = t.square() * t * h2;
        // p - 1 - (p + 1)/4
        let quarter = modulus.wrapping_add(&Uint::ONE).wrapping_shr_vartime(2);
        let root = h2.pow(&modulus.wrapping_sub(&Uint::ONE).wrapping_sub(&quarter));
        let first = Projective { x: x2, y: root * h2, z: one };
        let mut point = Projective { x: x3, y: root * u, z: one };
        point.assign(&first, (root.square() * h2).ct_eq(&one));
        debug_assert!(point.y.square() == h2 || point.y.square() == h3);
        self.affine(point)
    }

    fn point(&self, x: &[u8], y: &[u8]) -> Option<Projective<L>> {
        let z = Number::one(&self.field.params);
        Some(Projective { x: self.field.number(x)?, y: self.field.number(y)?, z })
    }

    fn neutral(&self) -> Projective<L> {
        let (zero, one) = (Number::zero(&self.field.params), Number::one(&self.field.params));
        Projective { x: zero, y: one, z: zero }
    }

    fn affine(&self, mut point: Projective<L>) -> Option<Affine> {
        let inverse = point.z.invert().into_option()?;
        let out = (self.field.bytes(&(point.x * inverse)), self.field.bytes(&(point.y * inverse)));
        point.wipe();
        Some(out)
    }

    /// k₁·P₁ + … with numbers of the same length. Windows of four bits from the left; each step reads the whole tables.
    fn ladder<const N: usize>(&self, terms: [(&[u8], Projective<L>); N]) -> Projective<L> {
        let mut terms =
            terms.map(|(k, point)| (k.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]), self.table(&point)));
        let mut sum = self.neutral();
        loop {
            let mut chosen = [self.neutral(); N];
            for ((digits, table), chosen) in terms.iter_mut().zip(&mut chosen) {
                let Some(digit) = digits.next() else {
                    terms.iter_mut().flat_map(|(_, table)| table).for_each(Projective::wipe);
                    return sum;
                };
                for (index, entry) in (0_u8..).zip(&*table) {
                    chosen.assign(entry, index.ct_eq(&digit));
                }
            }
            for _ in 0..4 {
                sum = self.add(&sum, &sum);
            }
            for chosen in &mut chosen {
                sum = self.add(&sum, chosen);
                chosen.wipe();
            }
        }
    }

    /// 0·P to 15·P.
    fn table(&self, point: &Projective<L>) -> [Projective<L>; 16] {
        let mut table = [self.neutral(); 16];
        let mut multiple = self.neutral();
        for entry in table.iter_mut().skip(1) {
            multiple = self.add(&multiple, point);
            *entry = multiple;
        }
        table
    }

    /// Renes, Costello, Batina: Complete addition formulas for prime order elliptic curves, algorithm 1.
    fn add(&self, p: &Projective<L>, q: &Projective<L>) -> Projective<L> {
        let t0 = p.x * q.x;
        let t1 = p.y * q.y;
        let t2 = p.z * q.z;
        let t3 = (p.x + p.y) * (q.x + q.y) - (t0 + t1);
        let t4 = (p.x + p.z) * (q.x + q.z) - (t0 + t2);
        let t5 = (p.y + p.z) * (q.y + q.z) - (t1 + t2);
        let z3 = self.b3 * t2 + self.a * t4;
        let x3 = t1 - z3;
        let z3 = t1 + z3;
        let y3 = x3 * z3;
        let t2 = self.a * t2;
        let t1 = t0 + t0 + t0 + t2;
        let t4 = self.b3 * t4 + self.a * (t0 - t2);
        Projective { x: t3 * x3 - t5 * t4, y: y3 + t1 * t4, z: t5 * z3 + t3 * t1 }
    }
}

/// Widths that the eleven curves are computed in.
pub(super) const W256: usize = U256::LIMBS;
/// For orders of up to 384 bits.
pub(super) const W384: usize = U384::LIMBS;
/// For orders of up to 521 bits.
pub(super) const W576: usize = U576::LIMBS;
