//! Records of people on their way between the authorities and the phones: who has what, who signed it, what was told in which order.

pub(crate) mod book;
pub(crate) mod change;
pub(crate) mod dossier;
pub(crate) mod feed;
pub(crate) mod keys;
pub(crate) mod play;
