//! Every label and number of the wire format, in one place: the SD-CWT and status-list drafts may still move theirs.

// COSE header parameters (RFC 9052, RFC 9528, RFC 9596; SD-CWT draft for 17).
pub(crate) const ALG: i64 = 1;
pub(crate) const KID: i64 = 4;
pub(crate) const KCWT: i64 = 13;
pub(crate) const TYP: i64 = 16;
pub(crate) const SD_CLAIMS: i64 = 17;

// Algorithms (RFC 9053; RFC 9864 for ESP256).
pub(crate) const ES256: i64 = -7;
pub(crate) const ESP256: i64 = -9;

// Media types as CoAP content formats, requested in the SD-CWT draft.
pub(crate) const TYP_SD_CWT: i64 = 293;
pub(crate) const TYP_KB_CWT: i64 = 294;

// Media types as text.
pub(crate) const TYP_STATUS_LIST: &str = "application/statuslist+cwt";
pub(crate) const TYP_TRUST_LIST: &str = "application/vnd.eid-trust-list+cbor";

// CWT claims (RFC 8392, RFC 8747, RFC 9200; SD-CWT draft for vct; IANA for 169; status-list draft for the rest).
pub(crate) const ISS: i64 = 1;
pub(crate) const SUB: i64 = 2;
pub(crate) const AUD: i64 = 3;
pub(crate) const EXP: i64 = 4;
pub(crate) const IAT: i64 = 6;
pub(crate) const CNF: i64 = 8;
pub(crate) const VCT: i64 = 11;
pub(crate) const CNONCE: i64 = 39;
pub(crate) const IDENTITY_DATA: i64 = 169;
pub(crate) const STATUS_LIST: i64 = 65533;
pub(crate) const TTL: i64 = 65534;
pub(crate) const STATUS: i64 = 65535;

// Claims of registrations and requests of counters: private use (RFC 8392), ours.
pub(crate) const COUNTER_NAME: i64 = -65601;
pub(crate) const ALLOWED: i64 = -65602;
pub(crate) const ASKED: i64 = -65603;
pub(crate) const REASON: i64 = -65604;
pub(crate) const ANSWER_TO: i64 = -65605;
pub(crate) const WANTED_SPELLING: i64 = -65606;
pub(crate) const ANSWER_HOST: i64 = -65607;

/// `cnf` member that holds a COSE_Key (RFC 8747).
pub(crate) const CNF_COSE_KEY: i64 = 1;

// COSE_Key parameters (RFC 9052, RFC 9053).
pub(crate) const KTY: i64 = 1;
pub(crate) const KTY_EC2: i64 = 2;
pub(crate) const CRV: i64 = -1;
pub(crate) const CRV_P256: i64 = 1;
pub(crate) const X: i64 = -2;
pub(crate) const Y: i64 = -3;

// Tags and the simple value of the SD-CWT draft; COSE_Sign1 of RFC 9052.
pub(crate) const TAG_SIGN1: u64 = 18;
pub(crate) const TAG_REDACTED_ELEMENT: u64 = 60;
pub(crate) const SIMPLE_REDACTED_KEYS: u8 = 59;

// Members of a face item (claim 169, biometrics).
pub(crate) const FACE_DATA: i64 = 0;
pub(crate) const FACE_FORMAT: i64 = 1;
pub(crate) const FACE_FORMAT_IMAGE: i64 = 0;
pub(crate) const FACE_SUBFORMAT: i64 = 2;
pub(crate) const FACE_SUBFORMAT_WEBP: i64 = 4;
