// Generated from data/error-codes.toml by `cargo xtask codes --write`. Do not edit.

use crate::{Code, CodeInfo, Kind, Privacy};

impl Code {
    /// This phone has no activated e-ID yet. Activate it first.
    pub const NOT_ACTIVATED: Self = Self(1001);
    /// This phone is already activated. Unlock it with your passcode.
    pub const ALREADY_ACTIVATED: Self = Self(1002);
    /// The app was put together wrongly. Install the official version again.
    pub const CONFIG_INVALID: Self = Self(1003);
    /// The app was closed. Open it again.
    pub const APP_CLOSED: Self = Self(1004);
    /// The activation that was under way on this phone cannot be opened again. Start it anew; your account is not affected.
    pub const ACTIVATION_LOST: Self = Self(1010);
    /// Another activation was begun on this phone since. Go on with the latest one.
    pub const ACTIVATION_REPLACED: Self = Self(1011);
    /// You locked this account yourself. The data on this phone stay sealed and intact. Unlock the account with card and face.
    pub const ACCOUNT_SELF_LOCKED_HERE: Self = Self(1020);
    /// The account is locked. The data on this phone stay sealed and intact. If you locked it yourself, unlock it with card and face; otherwise ask the police office.
    pub const ACCOUNT_LOCKED_HERE: Self = Self(1021);
    /// The identity card has expired. The data on this phone stay sealed and intact. Renew the card at the police office, then open the app again with a network.
    pub const ACCOUNT_CARD_EXPIRED_HERE: Self = Self(1022);
    /// This account is closed; the data on this phone stay sealed. If that is wrong, go to the police office.
    pub const ACCOUNT_CLOSED_HERE: Self = Self(1023);
    /// The account has moved to another phone; the data on this one stay sealed. Activate here again, or delete them. If it was not you who moved it, lock the account at once.
    pub const ACCOUNT_MOVED: Self = Self(1024);
    /// The platform sent a share that does not fit this phone, so the passcode was not replaced. Nothing is lost; try again later, or tell the police office.
    pub const RECOVERY_SHARE_WRONG: Self = Self(1025);
    /// This phone has nothing with which a forgotten passcode could be replaced. Start over and activate again; your account is not affected.
    pub const RECOVERY_MISSING: Self = Self(1026);
    /// This is done, too old, or another act took its place. If you still want it, begin again.
    pub const ACT_OVER: Self = Self(1030);
    /// The safety phrase has 3 to 40 letters and spaces, without digits, symbols or links. Choose another.
    pub const SAFETY_PHRASE_FORMAT: Self = Self(1031);
    /// The app met an internal fault. Your data is intact; try again.
    pub const INTERNAL: Self = Self(1099);
    /// The passcode is wrong. Try again.
    pub const PASSCODE_WRONG: Self = Self(2001);
    /// Too many wrong tries. Wait for the time shown, then try again.
    pub const PASSCODE_WAIT: Self = Self(2002);
    /// The passcode must be exactly six digits.
    pub const PASSCODE_FORMAT: Self = Self(2003);
    /// The passcode is too easy to guess: no runs, no single repeated digit, no birth date, no part of your ID number.
    pub const PASSCODE_WEAK: Self = Self(2004);
    /// The passcode was entered wrongly ten times and opens nothing any more. Unlock with your face or finger if you turned that on; otherwise recover your account or start over on this phone.
    pub const PASSCODE_DESTROYED: Self = Self(2005);
    /// The record of passcode tries is lost, so the app waits as after many wrong ones. Unlock with your face or finger, or wait for the time shown and enter the passcode with care: there is one try.
    pub const TRIES_LOST: Self = Self(2006);
    /// The faces or fingers enrolled in the phone have changed, so they unlock the app no more. Unlock with the passcode and turn it on again.
    pub const BIOMETRICS_CHANGED: Self = Self(2007);
    /// Unlocking with face or finger is not turned on. Unlock with the passcode, then turn it on.
    pub const BIOMETRICS_OFF: Self = Self(2008);
    /// The one-time code is wrong. Look at the message again and retype it.
    pub const CODE_WRONG: Self = Self(2010);
    /// The one-time code has expired. Ask for a new one.
    pub const CODE_EXPIRED: Self = Self(2011);
    /// This code was entered wrongly too often. Ask for a new one.
    pub const CODE_TRIES_SPENT: Self = Self(2012);
    /// The phone's key hardware is not ready. Unlock the screen and try again.
    pub const KEY_UNAVAILABLE: Self = Self(2020);
    /// The key in this phone can no longer be used. Activate this phone again.
    pub const KEY_INVALIDATED: Self = Self(2021);
    /// The phone's key hardware gave a wrong answer. Restart the phone and try again.
    pub const KEY_ANSWER_INVALID: Self = Self(2022);
    /// You cancelled. Nothing was sent.
    pub const USER_CANCELLED: Self = Self(2023);
    /// The phone does not tell the time. Restart the phone and try again.
    pub const CLOCK_UNAVAILABLE: Self = Self(2024);
    /// The level-2 grant that arrived is not valid and was not used. Try again later.
    pub const GRANT_INVALID: Self = Self(2030);
    /// The level-2 grant has expired. Go online to renew it.
    pub const GRANT_EXPIRED: Self = Self(2031);
    /// You have not been granted level 2 yet. Go to the commune police with your ID card.
    pub const LEVEL_TWO_MISSING: Self = Self(2032);
    /// The passcode was not changed, because the platform knows of another change. The old passcode still works. Try again.
    pub const PASSCODE_EPOCH_REFUSED: Self = Self(2033);
    /// The code on the slip is wrong. Look at its 12 characters again and retype them.
    pub const VOUCHER_WRONG: Self = Self(2041);
    /// The code on the slip has expired or was used already. Get a new one from the office that gave it.
    pub const VOUCHER_EXPIRED: Self = Self(2042);
    /// The face does not match the picture on the card. Take off glasses, find good light and try again.
    pub const FACE_NOT_MATCHED: Self = Self(2043);
    /// The picture cannot be used. Take it again; this one does not count.
    pub const FACE_UNUSABLE: Self = Self(2044);
    /// The face did not match too often. Start again, or go to the police office for help.
    pub const FACE_TRIES_SPENT: Self = Self(2045);
    /// ID number or lock code is wrong. Look again at the 18 characters kept from the activation.
    pub const LOCK_CODE_WRONG: Self = Self(2046);
    /// The platform does not know this phone’s biometric key. Show your face instead, then turn biometrics on again.
    pub const BIOMETRIC_KEY_WRONG: Self = Self(2047);
    /// The request came too late and was not carried out. Try again.
    pub const INSTRUCTION_STALE: Self = Self(2051);
    /// This request was sent before and is not carried out again. Try again.
    pub const INSTRUCTION_REPLAYED: Self = Self(2052);
    /// The platform does not accept this passcode. Enter it again; if you have just changed it, use the new one.
    pub const PASSCODE_KEY_WRONG: Self = Self(2053);
    /// The platform got a wrong passcode several times. Wait, then enter it again.
    pub const PASSCODE_KEY_WAIT: Self = Self(2054);
    /// The platform has blocked the passcode after too many wrong tries. Recover the account with card and face.
    pub const PASSCODE_KEY_BLOCKED: Self = Self(2055);
    /// This needs a further proof that it is you. Follow the step on the screen.
    pub const AUTH_LEVEL_TOO_LOW: Self = Self(2056);
    /// The session has ended. Sign in again with your passcode.
    pub const SESSION_ENDED: Self = Self(2057);
    /// This phone was activated with an older version and cannot sign in. Activate it again.
    pub const PASSCODE_KEY_MISSING: Self = Self(2058);
    /// The account has just moved to this phone. To protect you, this works only after 24 hours. If it was not you who moved it, lock the account at once.
    pub const COOLING_OFF: Self = Self(2059);
    /// The settings received are older than those in use and were set aside. Use another network and try again.
    pub const CONFIGURATION_OLDER: Self = Self(2060);
    /// The platform's settings have expired. Check date and time on the phone, go online and try again.
    pub const CONFIGURATION_EXPIRED: Self = Self(2061);
    /// The settings received cannot be used and were set aside. Check date and time on the phone, use another network and try again.
    pub const CONFIGURATION_INVALID: Self = Self(2062);
    /// The phone's storage is full. Free some space and try again; what was stored is still there.
    pub const STORE_FULL: Self = Self(3001);
    /// The phone's storage cannot be written. Check it and try again; what was stored is still there.
    pub const STORE_READ_ONLY: Self = Self(3002);
    /// Part of the data stored on this phone is damaged. Go online to fetch again what can be fetched.
    pub const STORE_DAMAGED: Self = Self(3003);
    /// The data file does not belong to this app. It was left as it is; activate again.
    pub const STORE_FOREIGN: Self = Self(3004);
    /// The data was stored by a newer version. Update the app; the data is intact.
    pub const STORE_NEWER: Self = Self(3005);
    /// The storage is busy. Try again.
    pub const STORE_BUSY: Self = Self(3006);
    /// The phone's storage cannot be read. Restart the phone and try again.
    pub const STORE_FAILED: Self = Self(3007);
    /// The key file does not belong to this installation. Activate this phone again.
    pub const ENVELOPE_FOREIGN: Self = Self(3008);
    /// There is no such item on this phone.
    pub const RECORD_MISSING: Self = Self(3009);
    /// The key file on this phone is damaged. Recover your account or activate this phone again.
    pub const ENVELOPE_DAMAGED: Self = Self(3010);
    /// The data file is missing from this phone. Activate this phone again.
    pub const STORE_MISSING: Self = Self(3011);
    /// There is a data file on this phone already; it was left as it is. Unlock the app, or clear its data and activate again.
    pub const STORE_EXISTS: Self = Self(3012);
    /// The data file and the key file on this phone do not fit each other. Recover your account or activate again.
    pub const STORE_KEY_MISMATCH: Self = Self(3013);
    /// This item is too large to be stored on the phone. Make it smaller, for example with a smaller picture.
    pub const RECORD_TOO_LARGE: Self = Self(3014);
    /// The history kept on this phone was altered or lacks entries. Compare it with the one at the service portal and tell the help desk.
    pub const HISTORY_BROKEN: Self = Self(3015);
    /// Some stored items are gone from this phone. Go online to fetch them again; drafts and items to be sent that are left were kept.
    pub const RECORDS_MISSING: Self = Self(3016);
    /// Some items on this phone were replaced by older or foreign ones. Go online to fetch them again; look through your drafts before you send them.
    pub const RECORDS_EXCHANGED: Self = Self(3017);
    /// One item on this phone is damaged; the others can be used. Go online to fetch it again, or write it again if it was a draft.
    pub const RECORD_DAMAGED: Self = Self(3018);
    /// The check list of this phone's data is lost. Go online to fetch the data again; your drafts were kept, look through them before you send them.
    pub const MANIFEST_LOST: Self = Self(3019);
    /// The data on this phone is an older copy that was put back. Go online to fetch it again; check what you sent lately.
    pub const STORE_ROLLED_BACK: Self = Self(3020);
    /// The keys of this phone's data are used up. Free some space and open the app again, so that it changes them; the data is intact.
    pub const SEAL_LIMIT: Self = Self(3021);
    /// The attachment is damaged or lacks a part. Attach the file again.
    pub const ATTACHMENT_DAMAGED: Self = Self(3022);
    /// A separate part of this phone's data (party or health) does not open. Go online to fetch it again.
    pub const COMPARTMENT_LOST: Self = Self(3023);
    /// Sealed data was changed or damaged.
    pub const SEALED_DATA_DAMAGED: Self = Self(4001);
    /// The data was stored by a newer version. Update the app.
    pub const SEALED_FORMAT_UNKNOWN: Self = Self(4002);
    /// A key has the wrong form.
    pub const KEY_MALFORMED: Self = Self(4003);
    /// A digital signature is wrong.
    pub const SIGNATURE_INVALID: Self = Self(4004);
    /// The phone could not make random numbers. Try again.
    pub const RANDOM_UNAVAILABLE: Self = Self(4005);
    /// The app is locked. Unlock it.
    pub const KEY_SLOT_EMPTY: Self = Self(4006);
    /// The phone lacks memory to check the passcode. Close other apps and try again.
    pub const KDF_UNAVAILABLE: Self = Self(4007);
    /// Valid. Compare the picture with the person in front of you.
    pub const Q00_VALID: Self = Self(5000);
    /// This is not an identity proof. Ask the holder to open “present identity” in the app.
    pub const Q01_NOT_OURS: Self = Self(5001);
    /// The code was not read completely. Scan again; with a hand scanner, switch the Vietnamese keyboard off.
    pub const Q02_TRANSPORT: Self = Self(5002);
    /// The code is too large to be an identity proof. Do not accept it.
    pub const Q03_TOO_LARGE: Self = Self(5003);
    /// The content of the code is malformed. Do not accept it; ask for a new code.
    pub const Q04_MALFORMED: Self = Self(5004);
    /// The code is out of date. Ask for a fresh one on the holder's own phone; a screenshot will not do.
    pub const Q05_STALE: Self = Self(5005);
    /// The clocks of the phone and of this computer disagree. Check both, then scan again.
    pub const Q06_CLOCK: Self = Self(5006);
    /// This code was made for another counter. Ask for one made for this counter.
    pub const Q07_AUDIENCE: Self = Self(5007);
    /// The code does not answer this counter's request. Let the holder scan the counter's code first.
    pub const Q08_CHALLENGE: Self = Self(5008);
    /// The issuer's key is not in the trust list. Update the list, then scan again.
    pub const Q09_UNKNOWN_ISSUER: Self = Self(5009);
    /// FORGED: the issuer's signature is wrong. Do not accept it.
    pub const Q10_ISSUER_SIG: Self = Self(5010);
    /// The issued data is expired or not yet valid. Ask the holder to go online and refresh it.
    pub const Q11_TOKEN_TIME: Self = Self(5011);
    /// COPIED OR ALTERED: the phone's signature is wrong. Do not accept it.
    pub const Q12_HOLDER_SIG: Self = Self(5012);
    /// The disclosed data does not match what was signed. Do not accept it.
    pub const Q13_DISCLOSURE: Self = Self(5013);
    /// This credential was revoked. Do not accept it.
    pub const Q14_REVOKED: Self = Self(5014);
    /// This credential is suspended. Do not accept it; the holder should contact the issuer.
    pub const Q15_SUSPENDED: Self = Self(5015);
    /// The signatures are right, but it is unknown whether the credential was revoked. Update the status list or check another way.
    pub const W16_STATUS_UNKNOWN: Self = Self(5016);
    /// The code does not carry what this counter needs. Ask for another kind of proof.
    pub const Q17_PROFILE: Self = Self(5017);
    /// This code was already used at this counter. Ask for a new one.
    pub const Q18_REPLAY: Self = Self(5018);
    /// A paper with the issuer's signature: it does not prove that who holds it is its owner. Compare with the ID card, or ask for a code from the phone.
    pub const W19_HOLDER_NOT_PROVEN: Self = Self(5019);
    /// The file or picture could not be read. Check the file name, or take a clearer picture of the code.
    pub const COUNTER_INPUT_UNREADABLE: Self = Self(5030);
    /// The trust list cannot be used: missing, damaged or wrongly signed. Fetch it again.
    pub const COUNTER_TRUST_UNUSABLE: Self = Self(5031);
    /// The status list cannot be used: missing, damaged or wrongly signed. Fetch it again.
    pub const COUNTER_STATUS_UNUSABLE: Self = Self(5032);
    /// The record of used codes cannot be written. Free the disk or check its permissions, then scan again.
    pub const COUNTER_REPLAY_UNUSABLE: Self = Self(5033);
    /// The picture shows several identity proofs. Take a picture of one at a time.
    pub const COUNTER_SEVERAL_PROOFS: Self = Self(5034);
    /// The portrait file cannot be written, so the code was not checked. Choose another file, then scan again.
    pub const COUNTER_PORTRAIT_UNWRITABLE: Self = Self(5035);
    /// The trust list is older than one this counter has used. Fetch the newest one, then scan again.
    pub const COUNTER_TRUST_OLDER: Self = Self(5036);
    /// The counter's program received a request in the wrong form. Scan again; if that does not help, tell your technician.
    pub const COUNTER_REQUEST_INVALID: Self = Self(5037);
    /// Another web page tried to call the counter's program and was refused. Open the page at the address that the program prints.
    pub const COUNTER_CALLER_REFUSED: Self = Self(5038);
    /// The address to serve at cannot be opened. Choose another port on this very machine (127.0.0.1).
    pub const COUNTER_NOT_SERVING: Self = Self(5039);
    /// The counter's key or registration cannot be used. Register the counter again.
    pub const COUNTER_IDENTITY_UNUSABLE: Self = Self(5040);
    /// The counter's registration does not allow this question. Choose another purpose.
    pub const COUNTER_ASK_NOT_ALLOWED: Self = Self(5041);
    /// This request is over or was answered. Make a new one.
    pub const COUNTER_REQUEST_UNKNOWN: Self = Self(5042);
    /// The stored one-time credentials are used up. Go online to get more, or choose to reuse one (two counters could then tell it is the same person).
    pub const CREDENTIALS_USED_UP: Self = Self(5101);
    /// The credentials on this phone have expired. Go online to refresh them.
    pub const CREDENTIAL_EXPIRED: Self = Self(5102);
    /// A credential that arrived is not valid and was not stored. Try again later.
    pub const CREDENTIAL_INVALID: Self = Self(5103);
    /// This phone has no such kind of proof. Choose another.
    pub const PURPOSE_UNKNOWN: Self = Self(5104);
    /// Too much data for one QR code. Leave out the photo or some fields.
    pub const QR_TOO_LARGE: Self = Self(5105);
    /// A piece of data does not fit the form of an identity proof.
    pub const CLAIM_INVALID: Self = Self(5106);
    /// The trust list that arrived is not valid. The old one stays in use.
    pub const TRUST_LIST_INVALID: Self = Self(5107);
    /// The status list that arrived is not valid. The old one stays in use.
    pub const STATUS_LIST_INVALID: Self = Self(5108);
    /// The counter's identifier has the wrong form. Scan the counter's code again.
    pub const AUDIENCE_INVALID: Self = Self(5109);
    /// This is no counter's code, or it cannot be read. Scan the code on the counter's screen or poster again.
    pub const COUNTER_CODE_UNREADABLE: Self = Self(5110);
    /// Nobody vouches for who asks: this counter is not registered. Show nothing; ask the staff or go to another counter.
    pub const COUNTER_NOT_REGISTERED: Self = Self(5111);
    /// This counter's registration has ended or is not valid yet. Tell the staff, and show nothing for this code.
    pub const COUNTER_REGISTRATION_ENDED: Self = Self(5112);
    /// This counter's registration was withdrawn or suspended. Show nothing.
    pub const COUNTER_WITHDRAWN: Self = Self(5113);
    /// The request was altered, or the registered counter did not make it. Show nothing and tell the staff.
    pub const REQUEST_FORGED: Self = Self(5114);
    /// The request is too old, or the clocks differ. Ask the staff for a new code, and look at the phone's time.
    pub const REQUEST_STALE: Self = Self(5115);
    /// The counter asks for something that it may not ask for. Show nothing; you may report it.
    pub const REQUEST_NOT_ALLOWED: Self = Self(5116);
    /// Only what the counter asked for can be shown. Choose again.
    pub const ANSWER_BEYOND_REQUEST: Self = Self(5117);
    /// The answer did not reach the counter. Let the counter scan the code on the screen instead.
    pub const ANSWER_NOT_DELIVERED: Self = Self(5118);
    /// The card refused the 6-digit number. Check the last six digits of the personal number on this very card and try again; how many tries are left is not known.
    pub const CHIP_WRONG_CAN: Self = Self(6001);
    /// The card refused the data of its machine-readable lines. Scan the lines on the back of this very card again.
    pub const CHIP_WRONG_MRZ: Self = Self(6002);
    /// The 6-digit number or the machine-readable data has the wrong form. Scan the QR code again or type it again.
    pub const CHIP_ACCESS_DATA_INVALID: Self = Self(6003);
    /// The chip does not open. Take the case off the phone, place the card again and retry; if it still fails, scan the machine-readable lines or go to the police office.
    pub const CHIP_ACCESS_REFUSED: Self = Self(6004);
    /// The card was lost. Place it again and hold still; what was read is kept.
    pub const CHIP_LINK_LOST: Self = Self(6005);
    /// The chip's answer cannot be understood. Lift the card, place it again and hold still; if it happens again, the card may be damaged.
    pub const CHIP_MALFORMED: Self = Self(6006);
    /// The secured channel to the card broke. Keep other cards away from the phone and read again from the start.
    pub const CHIP_CHANNEL_BROKEN: Self = Self(6007);
    /// The chip does not prove that it is genuine. This card cannot be used; take it to the police office to be checked.
    pub const CHIP_AUTHENTICATION_FAILED: Self = Self(6008);
    /// The chip's signature is wrong. This card cannot be used; take it to the police office to be checked.
    pub const CHIP_ACTIVE_AUTHENTICATION_FAILED: Self = Self(6009);
    /// This is not the card whose reading had begun. Place the first card again, or start from the beginning.
    pub const CHIP_CHANGED: Self = Self(6010);
    /// This kind of chip cannot be read yet. Update the app; if it still fails, go to the police office.
    pub const CHIP_UNSUPPORTED: Self = Self(6011);
    /// This phone's reader is not able to read this kind of chip. Use another phone.
    pub const CHIP_READER_TOO_SHORT: Self = Self(6012);
    /// The chip does not hand out a file that it must have. Place the card again and retry; if it happens again, the card may be damaged.
    pub const CHIP_FILE_REFUSED: Self = Self(6013);
    /// A file on the chip is longer than it may be, so reading stopped. Take the card to the police office to be checked.
    pub const CHIP_FILE_TOO_LARGE: Self = Self(6014);
    /// The files on the chip contradict each other, so the card cannot be used here. Take the card to the police office to be checked.
    pub const CHIP_FILES_DISAGREE: Self = Self(6015);
    /// This phone has no card reader (NFC), or it is off. Turn NFC on; if there is none, ask for a voucher at the police office.
    pub const CHIP_READER_MISSING: Self = Self(6016);
    /// No card was found. Take the phone out of its case, hold the card against its back, keep still and try again.
    pub const CHIP_NOT_FOUND: Self = Self(6017);
    /// The machine-readable lines have the wrong form. Scan the side with the lines of letters and < again in good light.
    pub const MRZ_MALFORMED: Self = Self(6050);
    /// A check digit of the machine-readable lines does not fit: a character was misread. Scan again or correct the lines.
    pub const MRZ_CHECK_DIGIT: Self = Self(6051);
    /// This is not the QR code of an identity card. Scan the QR code printed on the card.
    pub const CARD_QR_FORMAT: Self = Self(6052);
    /// A file on the chip has the wrong form and was not accepted. Read the card again; if it happens again, take the card to the police office.
    pub const CHIP_FILE_MALFORMED: Self = Self(6053);
    /// The picture on the chip is of a kind that cannot be read yet. Update the app and read the card again.
    pub const CHIP_IMAGE_UNSUPPORTED: Self = Self(6054);
    /// The picture on the chip is larger than it may be and was not opened. Take the card to the police office to be checked.
    pub const CHIP_IMAGE_TOO_LARGE: Self = Self(6055);
    /// The picture on the chip is damaged. Read the card again; if it happens again, take the card to the police office.
    pub const CHIP_IMAGE_DAMAGED: Self = Self(6056);
    /// Nobody known signed the data on the chip. Update the app and read again; if it says so again, the card may be forged: tell the police office.
    pub const CHIP_CSCA_UNKNOWN: Self = Self(6057);
    /// The certificate that signed this card's data is not valid now. Check the phone's date and time; if they are right, renew the card at the police office.
    pub const CHIP_SIGNER_EXPIRED: Self = Self(6058);
    /// The issuing authority's root certificate is not valid now. Check the phone's date and time and update the app.
    pub const CHIP_CSCA_EXPIRED: Self = Self(6059);
    /// The certificate that signed this card's data was revoked. This card cannot be used; go to the police office.
    pub const CHIP_SIGNER_REVOKED: Self = Self(6060);
    /// The chip's data are signed with a certificate that is not made for it. This card cannot be used; take it to the police office to be checked.
    pub const CHIP_CERTIFICATE_MISUSED: Self = Self(6061);
    /// The signature over the chip's data is wrong. This card cannot be used; take it to the police office to be checked.
    pub const CHIP_SIGNATURE_WRONG: Self = Self(6062);
    /// Data on the chip were changed after issue. This card cannot be used; take it to the police office to be checked.
    pub const CHIP_FILE_CHANGED: Self = Self(6063);
    /// The chip has a file that nobody signed, so it is not believed. Take the card to the police office to be checked.
    pub const CHIP_FILE_NOT_SIGNED: Self = Self(6064);
    /// The card is signed in a way that is too weak to be believed today. Renew the card at the police office.
    pub const CHIP_ALGORITHM_WEAK: Self = Self(6065);
    /// The card is signed in a way that this app does not know. Update the app and read the card again.
    pub const CHIP_ALGORITHM_UNKNOWN: Self = Self(6066);
    /// The list of trusted certificates is not valid or is outdated and was not used; the present one is kept. Update the app.
    pub const CHIP_TRUST_LIST_REFUSED: Self = Self(6067);
    /// There is no connection. What you did is kept; try again when you are online.
    pub const NETWORK_UNREACHABLE: Self = Self(7001);
    /// The network was too slow to finish. What you did is kept; try again.
    pub const NETWORK_TIMEOUT: Self = Self(7002);
    /// The platform gave an answer that makes no sense. Nothing was changed; try again later.
    pub const PLATFORM_NONSENSE: Self = Self(7003);
    /// The platform is overloaded or under maintenance. What you did is kept; the app will try again.
    pub const PLATFORM_BUSY: Self = Self(7004);
    /// The other side could not be verified as the platform. Nothing was sent; use another network and check the phone's clock.
    pub const PLATFORM_UNTRUSTED: Self = Self(7005);
    /// The platform refused for a reason that this version does not know. Update the app and try again.
    pub const PLATFORM_REFUSED: Self = Self(7006);
    /// ID number, phone number or the data on the card do not match the population register. Check both numbers; if they are right, have the register updated at the commune police.
    pub const REGISTER_MISMATCH: Self = Self(7010);
    /// This activation has expired. Start again; nothing is lost.
    pub const ACTIVATION_UNKNOWN: Self = Self(7011);
    /// The platform does not accept this phone. The account may have been activated on another one. Activate again.
    pub const SESSION_REFUSED: Self = Self(7012);
    /// The platform did not accept the request. Check the phone's clock, update the app and try again.
    pub const REQUEST_INVALID: Self = Self(7013);
    /// The exchange ran out of time. The app will try again.
    pub const NONCE_STALE: Self = Self(7014);
    /// Too many requests. Wait a little, then try again.
    pub const TOO_MANY_REQUESTS: Self = Self(7015);
    /// The connection broke off midway, so it is unknown whether the platform got the request. What you did is kept; try again.
    pub const NETWORK_INTERRUPTED: Self = Self(7016);
    /// There is no account of this person yet. Activate first.
    pub const ACCOUNT_UNKNOWN: Self = Self(7017);
    /// This step is not due yet. Finish the step before it, then go on.
    pub const STEP_OUT_OF_ORDER: Self = Self(7018);
    /// The account is locked. If you locked it yourself, unlock it with card and face; otherwise ask the police office.
    pub const ACCOUNT_LOCKED: Self = Self(7020);
    /// This account is closed. If that is wrong, go to the police office.
    pub const ACCOUNT_CLOSED: Self = Self(7021);
    /// This card is another person's. Use the card with the ID number that was entered.
    pub const CARD_NOT_HOLDERS: Self = Self(7022);
    /// The card has expired. Renew it at the police office.
    pub const CARD_EXPIRED: Self = Self(7023);
    /// This card was withdrawn or replaced by another. Use the new one, or go to the police office.
    pub const CARD_WITHDRAWN: Self = Self(7024);
    /// The account has moved to another phone. If that was not you, lock the account at once.
    pub const DEVICE_SUPERSEDED: Self = Self(7025);
    /// This version of the app is too old to connect. Update it from the app store; what is stored can still be shown offline.
    pub const UPDATE_REQUIRED: Self = Self(7030);
    /// This version of the app is blocked because of a fault. Install another from the app store; what is stored can still be shown offline.
    pub const APP_BLOCKED: Self = Self(7031);
    /// The platform is under maintenance. What you did is kept; try again when the maintenance has ended. What is stored can still be shown.
    pub const MAINTENANCE: Self = Self(7032);
    /// The platform has to send all your records again. Let the app load them; drafts and changes on their way are kept.
    pub const CURSOR_UNKNOWN: Self = Self(7040);
    /// The platform already has this change with other content. Look at what it has; to correct it, send a new change.
    pub const SUBMISSION_DIFFERS: Self = Self(7041);
    /// Your confirmation of this change no longer counts. Look at it and confirm it with your passcode once more.
    pub const CONFIRM_AGAIN: Self = Self(7042);
    /// The authority changed this record after you began. Compare both versions, choose what is right and confirm again.
    pub const RECORD_CHANGED: Self = Self(7043);
    /// Not all evidence has arrived. The app sends it again; stay connected.
    pub const EVIDENCE_MISSING: Self = Self(7044);
    /// The platform does not take this file. Use a JPEG picture or a PDF of at most 8 MB each.
    pub const EVIDENCE_REFUSED: Self = Self(7045);
    /// Something in this change is not right. Correct the marked fields and confirm again.
    pub const FORM_INVALID: Self = Self(7046);
    /// Another part of the file has arrived than the app remembers. It goes on from where the platform is.
    pub const UPLOAD_OFFSET: Self = Self(7047);
    /// The ID number must be exactly 12 digits. Look at your ID card again.
    pub const PID_FORMAT: Self = Self(8001);
    /// The first three digits of the ID number are not in the list of places of birth registration. Check them; if they are right, go on.
    pub const PID_REGISTRATION_UNKNOWN: Self = Self(8002);
    /// The year of birth does not fit the ID number. Correct it, or ask the commune police to have it corrected.
    pub const PID_BIRTH_YEAR_MISMATCH: Self = Self(8003);
    /// The sex does not fit the ID number. Correct it, or ask the commune police to have it corrected.
    pub const PID_SEX_MISMATCH: Self = Self(8004);
    /// Enter the full name.
    pub const NAME_EMPTY: Self = Self(8010);
    /// The name is longer than 100 characters. Enter a shorter one.
    pub const NAME_TOO_LONG: Self = Self(8011);
    /// A name has Latin letters, spaces, hyphens and apostrophes only. Remove digits and other signs.
    pub const NAME_CHARACTER: Self = Self(8012);
    /// Enter the date as day/month/year, such as 05/09/1990; if the day is not known, enter month/year or the year only.
    pub const DATE_FORMAT: Self = Self(8020);
    /// There is no such day in the calendar. Check it.
    pub const DATE_INVALID: Self = Self(8021);
    /// The year must be from 1800 to 2299. Check it.
    pub const DATE_OUT_OF_RANGE: Self = Self(8022);
    /// The phone number must be 10 digits starting with 0, or +84 and 9 digits.
    pub const PHONE_FORMAT: Self = Self(8030);
    /// The prefix of this phone number is not in the list. Check it; if it is right, go on.
    pub const PHONE_PREFIX_UNKNOWN: Self = Self(8031);
    /// The province code must be 2 digits. Choose the province again.
    pub const PROVINCE_CODE_FORMAT: Self = Self(8040);
    /// The commune code must be 5 digits. Choose the commune again.
    pub const COMMUNE_CODE_FORMAT: Self = Self(8041);
    /// A line of the address is longer than 200 characters or has a hidden character. Type it again.
    pub const ADDRESS_TEXT: Self = Self(8042);
    /// Since 1 July 2025 addresses have no district. Leave the district out.
    pub const ADDRESS_DISTRICT_ABOLISHED: Self = Self(8043);
    /// The last day at this address is before the first. Check both days.
    pub const ADDRESS_PERIOD: Self = Self(8044);
    /// This province code is not in the list. Check it; if it is right, go on.
    pub const ADDRESS_PROVINCE_UNKNOWN: Self = Self(8045);
    /// This commune code is not in the list. Check it; if it is right, go on.
    pub const ADDRESS_COMMUNE_UNKNOWN: Self = Self(8046);
    /// By the list this commune lies in another province. Check it; if it is right, go on.
    pub const ADDRESS_COMMUNE_MISMATCH: Self = Self(8047);
    /// By the list the former and the present province of the address do not fit. Check them; if they are right, go on.
    pub const ADDRESS_FORMER_MISMATCH: Self = Self(8048);
    /// The sex must be male or female as in the papers. Choose again.
    pub const SEX_INVALID: Self = Self(8050);
    /// There is no such account level. Update the app.
    pub const ACCOUNT_LEVEL_INVALID: Self = Self(8051);
    /// There is no such authentication level. Update the app.
    pub const AUTH_LEVEL_INVALID: Self = Self(8052);
    /// The list that arrived is not valid. The old one stays in use.
    pub const TABLE_INVALID: Self = Self(8060);
    /// Fill in this field.
    pub const FIELD_REQUIRED: Self = Self(8100);
    /// This version of the app does not know the field; its content is kept. Update the app if there is a newer version.
    pub const FIELD_UNKNOWN: Self = Self(8101);
    /// The text is too long. Write a shorter one.
    pub const FIELD_TOO_LONG: Self = Self(8102);
    /// The text has a character that is not used here, or a hidden one. Type it again instead of pasting it.
    pub const FIELD_CHARACTER: Self = Self(8103);
    /// The text does not have the right form. Copy it again exactly as on the paper.
    pub const FIELD_FORMAT: Self = Self(8104);
    /// The text differs from the usual form. Check it; if it is right, go on.
    pub const FIELD_UNUSUAL: Self = Self(8105);
    /// Enter a number, such as 2.34 or 500000.
    pub const NUMBER_FORMAT: Self = Self(8106);
    /// The number is outside of what is possible. Check it.
    pub const NUMBER_RANGE: Self = Self(8107);
    /// Choose one of the given answers.
    pub const FIELD_CHOICE: Self = Self(8108);
    /// This code is not in the list. Check it; if it is right, go on.
    pub const CODE_UNKNOWN: Self = Self(8109);
    /// This code is not in use at present. Check it; if the paper says so, go on.
    pub const CODE_NOT_IN_FORCE: Self = Self(8110);
    /// This day has not come yet. Check it.
    pub const DATE_IN_FUTURE: Self = Self(8111);
    /// The later date is before the earlier one. Check both dates.
    pub const DATES_ORDER: Self = Self(8112);
    /// This does not agree with your data in the population database. Look at both values, then correct it or ask the authority to correct it.
    pub const HOLDER_MISMATCH: Self = Self(8113);
    /// The list has this entry already. Remove one of them.
    pub const ITEM_DUPLICATE: Self = Self(8114);
    /// You have this record already. Open that one to change it.
    pub const RECORD_DUPLICATE: Self = Self(8115);
    /// The list is too long. Send it in parts.
    pub const ITEMS_TOO_MANY: Self = Self(8116);
    /// Only the authority states this. Leave it empty; if what it states is wrong, ask for a correction.
    pub const FIELD_OFFICIAL: Self = Self(8117);
    /// By the date of birth the age at that time is unusual. Check the dates; if they are right, go on.
    pub const AGE_UNUSUAL: Self = Self(8118);
    /// You have as many records of this kind as are possible. Change one of them, or remove one.
    pub const RECORDS_TOO_MANY: Self = Self(8119);
    /// The term does not fit the licence class. Check the expiry; if the licence says so, go on.
    pub const LICENCE_TERM_UNUSUAL: Self = Self(8120);
    /// This class has expired. Renew the licence before you drive.
    pub const LICENCE_CLASS_EXPIRED: Self = Self(8121);
    /// The time for which the licence was held or suspended is over. Fetch its state anew before you drive.
    pub const LICENCE_STATE_OVER: Self = Self(8122);
    /// The licence has no points left: you may not drive on it. After at least six months you can take the test that restores them.
    pub const LICENCE_POINTS_SPENT: Self = Self(8123);
    /// A benefit account must be an active account in Vietnamese dong. Choose another account.
    pub const BENEFIT_ACCOUNT_UNSUITABLE: Self = Self(8130);
    /// You have a benefit account already. Change that one instead of adding a second.
    pub const BENEFIT_ACCOUNT_SECOND: Self = Self(8131);
    /// This is no VietQR code. Scan the transfer code again.
    pub const VIETQR_INVALID: Self = Self(8132);
    /// The VietQR code is damaged or was changed. Ask for a new one and do not pay by this one.
    pub const VIETQR_CHECKSUM: Self = Self(8133);
    /// By these relations somebody is their own ancestor. Correct the relations of parent and child.
    pub const FAMILY_CYCLE: Self = Self(8140);
    /// A parent or grandparent must be older than the child. Check the dates of birth and the relation.
    pub const FAMILY_PARENT_YOUNGER: Self = Self(8141);
    /// This person has another spouse at present. Enter the end of that marriage first.
    pub const FAMILY_SECOND_SPOUSE: Self = Self(8142);
    /// At marriage a man must be 20 and a woman 18. Check the dates of birth and of marriage.
    pub const FAMILY_MARRIAGE_AGE: Self = Self(8143);
    /// Nobody is their own relative. Enter the relative's ID number.
    pub const FAMILY_SELF: Self = Self(8144);
    /// The sex does not fit the relation. Check both.
    pub const FAMILY_RELATION_SEX: Self = Self(8145);
    /// Another person is stated as this birth parent already. Check it; choose the adoptive relation if it is that.
    pub const FAMILY_PARENT_TWICE: Self = Self(8146);
    /// Enter the relative's ID number or full name.
    pub const FAMILY_RELATIVE_UNKNOWN: Self = Self(8147);
    /// The ID card has expired. Have it renewed at the commune police.
    pub const IDENTITY_CARD_EXPIRED: Self = Self(8150);
    /// The term does not fit the form of residence: a stay is under 30 days, a temporary residence from 30 days to 2 years. Change the dates or the form.
    pub const RESIDENCE_TERM: Self = Self(8151);
    /// The temporary residence ends soon. Renew it at least 15 days before its end.
    pub const RESIDENCE_RENEW: Self = Self(8152);
    /// You have another permanent residence. Move that one instead of adding a second.
    pub const RESIDENCE_SECOND: Self = Self(8153);
    /// The last ten digits of the card differ from the insurance number. Copy both from the card again.
    pub const INSURANCE_NUMBER_MISMATCH: Self = Self(8154);
    /// The level in the card's code differs from the level stated. Check it.
    pub const INSURANCE_LEVEL_MISMATCH: Self = Self(8155);
    /// The health-insurance card has expired. Renew it before you see a doctor.
    pub const INSURANCE_EXPIRED: Self = Self(8156);
    /// Since 1 July 2025 the ID number is the tax code. Have the old code reconciled with it at the tax office.
    pub const TAX_CODE_REPLACED: Self = Self(8157);
    /// By the reason given this person is no dependant. Check age, income and reason.
    pub const DEPENDANT_NOT_ELIGIBLE: Self = Self(8158);
    /// This number is not confirmed yet. Confirm it before outgoing calls stop.
    pub const TELECOM_CONFIRM_DUE: Self = Self(8159);
    /// You said that this number is not yours. Ask the operator to look into it and end it.
    pub const TELECOM_NOT_MINE: Self = Self(8160);
    /// Probation usually takes twelve months. Check both dates; if they are right, go on.
    pub const PARTY_PROBATION: Self = Self(8161);
    /// The inspection has expired. Have the vehicle inspected before you drive.
    pub const VEHICLE_INSPECTION_OVER: Self = Self(8162);
    /// The compulsory insurance has expired. Insure the vehicle before you drive.
    pub const VEHICLE_INSURANCE_OVER: Self = Self(8163);
    /// This day is before the date of birth. Check it.
    pub const DATE_BEFORE_BIRTH: Self = Self(8164);
    /// This version of the app does not know this kind of record. Update the app.
    pub const RECORD_KIND_UNKNOWN: Self = Self(8180);
    /// This record cannot be read. Fetch it again; if that fails, update the app.
    pub const RECORD_UNREADABLE: Self = Self(8181);
    /// There is too much in this record. Shorten it or send it in parts.
    pub const FORM_TOO_LARGE: Self = Self(8182);
    /// The update is not at this step. Look at its state and take the step shown there.
    pub const UPDATE_OUT_OF_ORDER: Self = Self(8183);
    /// The record changed since you began. Look at both values and choose again.
    pub const UPDATE_CONFLICT: Self = Self(8184);
    /// The time to supplement is over. Send a new update; your draft is kept.
    pub const UPDATE_OVERDUE: Self = Self(8185);
    /// Some fields are wrong or missing. Correct those that are marked, then send again.
    pub const UPDATE_INVALID: Self = Self(8186);
    /// The receipt does not list all that you sent. The app sends it again; if that fails, contact the receiving office.
    pub const UPDATE_RECEIPT_MISMATCH: Self = Self(8187);
    /// This is not shared. Decline the request, or ask the service what else it can use.
    pub const RECORD_NOT_SHARED: Self = Self(8188);
    /// This phone has no such record. Load your records again.
    pub const RECORD_UNKNOWN: Self = Self(8189);
    /// This phone has no such change. Open the list of your changes again.
    pub const UPDATE_UNKNOWN: Self = Self(8190);
    /// The authority has nothing like what you entered. Compare it with the original and send it again, or ask whoever issued it.
    pub const REASON_NOT_FOUND: Self = Self(8200);
    /// The name is not the registered one. Enter it as registered; if the register is wrong, ask the police of your residence.
    pub const REASON_NAME_MISMATCH: Self = Self(8201);
    /// The evidence cannot be read. Take the picture again, sharp, well lit and with all four corners, and send it.
    pub const REASON_EVIDENCE_UNREADABLE: Self = Self(8202);
    /// The evidence does not show what you entered. Send the right document, or ask whoever issued it.
    pub const REASON_EVIDENCE_WRONG: Self = Self(8203);
    /// This needs evidence. Photograph the original and send it before the date given.
    pub const REASON_EVIDENCE_NEEDED: Self = Self(8204);
    /// The record says so already. There is nothing to do; load your records again.
    pub const REASON_ALREADY_SO: Self = Self(8205);
    /// You are not entitled to this. Ask the authority about its conditions, or appeal before the date given.
    pub const REASON_NOT_ENTITLED: Self = Self(8206);
    /// The authority took a part of it. The other fields stay open; send them on their own, with evidence.
    pub const REASON_PARTLY_TAKEN: Self = Self(8207);
    /// This must be done in person. Take the originals to the authority, or to the one-stop office of your residence.
    pub const REASON_NEEDS_OFFICE: Self = Self(8208);
    /// What was asked for did not arrive in time. Send a new change with all of it.
    pub const REASON_SUPPLEMENT_OVERDUE: Self = Self(8209);
    /// This is no picture or document that can be used. Photograph the paper, or choose a JPEG, PNG or PDF file.
    pub const EVIDENCE_KIND: Self = Self(8220);
    /// The file is too large. Take the picture again with the phone's camera, or split the PDF into parts below 5 MB.
    pub const EVIDENCE_TOO_LARGE: Self = Self(8221);
    /// The file is damaged or incomplete. Take the picture again, or choose another copy of the file.
    pub const EVIDENCE_DAMAGED: Self = Self(8222);
    /// The PDF asks for a password. Save it without one, or photograph its pages.
    pub const EVIDENCE_LOCKED: Self = Self(8223);
    /// The PDF contains scripts or other files. Print it to a plain PDF, or photograph its pages.
    pub const EVIDENCE_ACTIVE: Self = Self(8224);
    /// This term cannot be chosen. Choose one within the limits.
    pub const TERM_INVALID: Self = Self(9001);
    /// What was agreed to is not what was shown, so nothing was recorded. Look again and agree once more.
    pub const CONSENT_NOT_AS_SHOWN: Self = Self(9002);
    /// This asks for sensitive personal data. Confirm that you were told so, or decline.
    pub const CONSENT_SENSITIVE_UNCONFIRMED: Self = Self(9003);
    /// The text of this consent has been replaced by a newer one. Read the new one before you agree.
    pub const CONSENT_TEXT_CHANGED: Self = Self(9004);
    /// This consent is not there. Load the list again.
    pub const CONSENT_UNKNOWN: Self = Self(9005);
    /// The app does not know this purpose. Update the app; do not agree in any other way.
    pub const CONSENT_PURPOSE_UNKNOWN: Self = Self(9006);
    /// Who would receive the data is not stated properly. Ask the other side to send it again.
    pub const RECIPIENT_INVALID: Self = Self(9007);
    /// This request is not there. Load the list again.
    pub const DATA_REQUEST_UNKNOWN: Self = Self(9010);
    /// This request was sent and cannot be changed. Write a new one.
    pub const DATA_REQUEST_SENT: Self = Self(9011);
    /// Write down what you ask for, in at most 1,000 characters and without hidden ones.
    pub const DATA_REQUEST_TEXT: Self = Self(9012);
    /// The request was refused. Read the reason; you may complain as the law provides.
    pub const DATA_REQUEST_REFUSED: Self = Self(9013);
    /// The list on this phone is full. Withdraw consents or throw away drafts that you no longer need, and go online.
    pub const LIST_FULL: Self = Self(9014);
}

/// The row that stands in for a number outside the table.
#[rustfmt::skip]
pub(crate) const FIRST: CodeInfo = CodeInfo { number: 1001, name: "NOT_ACTIVATED", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Điện thoại này chưa kích hoạt định danh điện tử. Hãy kích hoạt trước.", en: "This phone has no activated e-ID yet. Activate it first." };

/// All rows, by number.
#[rustfmt::skip]
pub(crate) const TABLE: &[CodeInfo] = &[
    CodeInfo { number: 1001, name: "NOT_ACTIVATED", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Điện thoại này chưa kích hoạt định danh điện tử. Hãy kích hoạt trước.", en: "This phone has no activated e-ID yet. Activate it first." },
    CodeInfo { number: 1002, name: "ALREADY_ACTIVATED", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Điện thoại này đã kích hoạt. Hãy mở khóa bằng mật mã 6 số.", en: "This phone is already activated. Unlock it with your passcode." },
    CodeInfo { number: 1003, name: "CONFIG_INVALID", kind: Kind::Internal, privacy: Privacy::Bug, vi: "Ứng dụng được cài đặt sai. Hãy cài lại bản chính thức.", en: "The app was put together wrongly. Install the official version again." },
    CodeInfo { number: 1004, name: "APP_CLOSED", kind: Kind::Locked, privacy: Privacy::Expected, vi: "Ứng dụng đã đóng. Hãy mở lại ứng dụng.", en: "The app was closed. Open it again." },
    CodeInfo { number: 1010, name: "ACTIVATION_LOST", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Phần kích hoạt đang làm dở trên điện thoại này không mở lại được. Hãy bắt đầu lại từ đầu; tài khoản của bạn không bị ảnh hưởng.", en: "The activation that was under way on this phone cannot be opened again. Start it anew; your account is not affected." },
    CodeInfo { number: 1011, name: "ACTIVATION_REPLACED", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Đã bắt đầu một lần kích hoạt khác trên điện thoại này. Hãy làm tiếp lần kích hoạt mới nhất.", en: "Another activation was begun on this phone since. Go on with the latest one." },
    CodeInfo { number: 1020, name: "ACCOUNT_SELF_LOCKED_HERE", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Bạn đã tự khóa tài khoản này. Dữ liệu trên điện thoại được giữ kín và còn nguyên. Hãy mở khóa tài khoản bằng thẻ và khuôn mặt.", en: "You locked this account yourself. The data on this phone stay sealed and intact. Unlock the account with card and face." },
    CodeInfo { number: 1021, name: "ACCOUNT_LOCKED_HERE", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản đang bị khóa. Dữ liệu trên điện thoại được giữ kín và còn nguyên. Nếu bạn tự khóa, hãy mở khóa bằng thẻ và khuôn mặt; nếu không, hãy hỏi cơ quan công an.", en: "The account is locked. The data on this phone stay sealed and intact. If you locked it yourself, unlock it with card and face; otherwise ask the police office." },
    CodeInfo { number: 1022, name: "ACCOUNT_CARD_EXPIRED_HERE", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Thẻ căn cước đã hết hạn. Dữ liệu trên điện thoại được giữ kín và còn nguyên. Hãy đổi thẻ tại cơ quan công an, sau đó mở lại ứng dụng khi có mạng.", en: "The identity card has expired. The data on this phone stay sealed and intact. Renew the card at the police office, then open the app again with a network." },
    CodeInfo { number: 1023, name: "ACCOUNT_CLOSED_HERE", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản này đã đóng; dữ liệu trên điện thoại được giữ kín. Nếu không đúng, hãy đến cơ quan công an.", en: "This account is closed; the data on this phone stay sealed. If that is wrong, go to the police office." },
    CodeInfo { number: 1024, name: "ACCOUNT_MOVED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản đã chuyển sang điện thoại khác; dữ liệu trên điện thoại này được giữ kín. Hãy kích hoạt lại ở đây hoặc xóa dữ liệu. Nếu không phải bạn chuyển, hãy khóa tài khoản ngay.", en: "The account has moved to another phone; the data on this one stay sealed. Activate here again, or delete them. If it was not you who moved it, lock the account at once." },
    CodeInfo { number: 1025, name: "RECOVERY_SHARE_WRONG", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Hệ thống đã gửi phần khóa không khớp với điện thoại này, nên chưa đặt lại được mật mã. Không có gì bị mất; hãy thử lại sau hoặc báo cơ quan công an.", en: "The platform sent a share that does not fit this phone, so the passcode was not replaced. Nothing is lost; try again later, or tell the police office." },
    CodeInfo { number: 1026, name: "RECOVERY_MISSING", kind: Kind::NotFound, privacy: Privacy::Reportable, vi: "Điện thoại này không có phần dự phòng để đặt lại mật mã. Hãy xóa dữ liệu rồi kích hoạt lại; tài khoản của bạn không bị ảnh hưởng.", en: "This phone has nothing with which a forgotten passcode could be replaced. Start over and activate again; your account is not affected." },
    CodeInfo { number: 1030, name: "ACT_OVER", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Việc này đã xong, đã hết hạn hoặc đã được thay bằng việc khác. Nếu vẫn cần, hãy bắt đầu lại.", en: "This is done, too old, or another act took its place. If you still want it, begin again." },
    CodeInfo { number: 1031, name: "SAFETY_PHRASE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Câu nhận biết gồm 3 đến 40 chữ cái và dấu cách, không có số, ký hiệu hay đường dẫn. Hãy chọn câu khác.", en: "The safety phrase has 3 to 40 letters and spaces, without digits, symbols or links. Choose another." },
    CodeInfo { number: 1099, name: "INTERNAL", kind: Kind::Internal, privacy: Privacy::Bug, vi: "Ứng dụng gặp lỗi bên trong. Dữ liệu của bạn còn nguyên; hãy thử lại.", en: "The app met an internal fault. Your data is intact; try again." },
    CodeInfo { number: 2001, name: "PASSCODE_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Mật mã không đúng. Hãy thử lại.", en: "The passcode is wrong. Try again." },
    CodeInfo { number: 2002, name: "PASSCODE_WAIT", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Bạn đã nhập sai nhiều lần. Hãy chờ hết thời gian ghi trên màn hình rồi thử lại.", en: "Too many wrong tries. Wait for the time shown, then try again." },
    CodeInfo { number: 2003, name: "PASSCODE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mật mã phải gồm đúng 6 chữ số.", en: "The passcode must be exactly six digits." },
    CodeInfo { number: 2004, name: "PASSCODE_WEAK", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mật mã quá dễ đoán: không dùng dãy số liên tiếp, một chữ số lặp lại, ngày sinh hay số định danh.", en: "The passcode is too easy to guess: no runs, no single repeated digit, no birth date, no part of your ID number." },
    CodeInfo { number: 2005, name: "PASSCODE_DESTROYED", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Mật mã đã bị nhập sai 10 lần nên không còn mở được gì. Hãy mở khóa bằng khuôn mặt hoặc vân tay nếu đã bật; nếu không, hãy khôi phục tài khoản hoặc bắt đầu lại trên điện thoại này.", en: "The passcode was entered wrongly ten times and opens nothing any more. Unlock with your face or finger if you turned that on; otherwise recover your account or start over on this phone." },
    CodeInfo { number: 2006, name: "TRIES_LOST", kind: Kind::AuthFailed, privacy: Privacy::Reportable, vi: "Dữ liệu về số lần nhập mật mã bị mất nên ứng dụng chờ như sau nhiều lần nhập sai. Hãy mở khóa bằng khuôn mặt hoặc vân tay, hoặc chờ hết thời gian ghi trên màn hình rồi nhập đúng mật mã: chỉ còn một lần.", en: "The record of passcode tries is lost, so the app waits as after many wrong ones. Unlock with your face or finger, or wait for the time shown and enter the passcode with care: there is one try." },
    CodeInfo { number: 2007, name: "BIOMETRICS_CHANGED", kind: Kind::Device, privacy: Privacy::Expected, vi: "Khuôn mặt hoặc vân tay cài trong điện thoại đã thay đổi nên không dùng để mở khóa được nữa. Hãy mở khóa bằng mật mã rồi bật lại.", en: "The faces or fingers enrolled in the phone have changed, so they unlock the app no more. Unlock with the passcode and turn it on again." },
    CodeInfo { number: 2008, name: "BIOMETRICS_OFF", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Chưa bật mở khóa bằng khuôn mặt hoặc vân tay. Hãy mở khóa bằng mật mã rồi bật.", en: "Unlocking with face or finger is not turned on. Unlock with the passcode, then turn it on." },
    CodeInfo { number: 2010, name: "CODE_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Mã dùng một lần không đúng. Hãy xem lại tin nhắn và nhập lại.", en: "The one-time code is wrong. Look at the message again and retype it." },
    CodeInfo { number: 2011, name: "CODE_EXPIRED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Mã dùng một lần đã hết hạn. Hãy yêu cầu mã mới.", en: "The one-time code has expired. Ask for a new one." },
    CodeInfo { number: 2012, name: "CODE_TRIES_SPENT", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Mã này đã bị nhập sai quá nhiều lần. Hãy yêu cầu mã mới.", en: "This code was entered wrongly too often. Ask for a new one." },
    CodeInfo { number: 2020, name: "KEY_UNAVAILABLE", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Bộ phận giữ khóa của điện thoại chưa sẵn sàng. Hãy mở khóa màn hình và thử lại.", en: "The phone's key hardware is not ready. Unlock the screen and try again." },
    CodeInfo { number: 2021, name: "KEY_INVALIDATED", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Khóa trong điện thoại không còn dùng được. Hãy kích hoạt lại trên điện thoại này.", en: "The key in this phone can no longer be used. Activate this phone again." },
    CodeInfo { number: 2022, name: "KEY_ANSWER_INVALID", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Bộ phận giữ khóa của điện thoại trả lời sai. Hãy khởi động lại điện thoại và thử lại.", en: "The phone's key hardware gave a wrong answer. Restart the phone and try again." },
    CodeInfo { number: 2023, name: "USER_CANCELLED", kind: Kind::UserCancelled, privacy: Privacy::Expected, vi: "Bạn đã hủy. Chưa có gì được gửi đi.", en: "You cancelled. Nothing was sent." },
    CodeInfo { number: 2024, name: "CLOCK_UNAVAILABLE", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Điện thoại không cho biết giờ. Hãy khởi động lại điện thoại và thử lại.", en: "The phone does not tell the time. Restart the phone and try again." },
    CodeInfo { number: 2030, name: "GRANT_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Giấy cấp mức độ 2 nhận được không hợp lệ nên không được dùng. Hãy thử lại sau.", en: "The level-2 grant that arrived is not valid and was not used. Try again later." },
    CodeInfo { number: 2031, name: "GRANT_EXPIRED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Giấy cấp mức độ 2 đã hết hạn. Hãy kết nối mạng để gia hạn.", en: "The level-2 grant has expired. Go online to renew it." },
    CodeInfo { number: 2032, name: "LEVEL_TWO_MISSING", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Bạn chưa được cấp định danh mức độ 2. Hãy đến công an xã, phường với thẻ căn cước.", en: "You have not been granted level 2 yet. Go to the commune police with your ID card." },
    CodeInfo { number: 2033, name: "PASSCODE_EPOCH_REFUSED", kind: Kind::Conflict, privacy: Privacy::Reportable, vi: "Không đổi được mật mã vì hệ thống ghi nhận một lần đổi khác. Mật mã cũ vẫn dùng được. Hãy thử lại.", en: "The passcode was not changed, because the platform knows of another change. The old passcode still works. Try again." },
    CodeInfo { number: 2041, name: "VOUCHER_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Mã giấy hẹn không đúng. Hãy xem lại 12 ký tự trên giấy và nhập lại.", en: "The code on the slip is wrong. Look at its 12 characters again and retype them." },
    CodeInfo { number: 2042, name: "VOUCHER_EXPIRED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Mã giấy hẹn đã hết hạn hoặc đã được dùng. Hãy đến nơi đã cấp để lấy mã mới.", en: "The code on the slip has expired or was used already. Get a new one from the office that gave it." },
    CodeInfo { number: 2043, name: "FACE_NOT_MATCHED", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Khuôn mặt không khớp với ảnh trên thẻ. Hãy bỏ kính, đứng nơi đủ sáng và chụp lại.", en: "The face does not match the picture on the card. Take off glasses, find good light and try again." },
    CodeInfo { number: 2044, name: "FACE_UNUSABLE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ảnh chụp không dùng được. Hãy chụp lại; lần này không bị tính.", en: "The picture cannot be used. Take it again; this one does not count." },
    CodeInfo { number: 2045, name: "FACE_TRIES_SPENT", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Khuôn mặt không khớp quá nhiều lần. Hãy bắt đầu lại, hoặc đến cơ quan công an để được giúp.", en: "The face did not match too often. Start again, or go to the police office for help." },
    CodeInfo { number: 2046, name: "LOCK_CODE_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Số định danh hoặc mã khóa không đúng. Hãy xem lại 18 ký tự đã lưu khi kích hoạt.", en: "ID number or lock code is wrong. Look again at the 18 characters kept from the activation." },
    CodeInfo { number: 2047, name: "BIOMETRIC_KEY_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Hệ thống không nhận khóa sinh trắc học của điện thoại này. Hãy xác thực bằng khuôn mặt, rồi bật lại sinh trắc học.", en: "The platform does not know this phone’s biometric key. Show your face instead, then turn biometrics on again." },
    CodeInfo { number: 2051, name: "INSTRUCTION_STALE", kind: Kind::Network, privacy: Privacy::Expected, vi: "Yêu cầu đến quá muộn nên chưa được thực hiện. Hãy thử lại.", en: "The request came too late and was not carried out. Try again." },
    CodeInfo { number: 2052, name: "INSTRUCTION_REPLAYED", kind: Kind::Conflict, privacy: Privacy::Reportable, vi: "Yêu cầu này đã được gửi trước đó nên không được thực hiện lần nữa. Hãy thử lại.", en: "This request was sent before and is not carried out again. Try again." },
    CodeInfo { number: 2053, name: "PASSCODE_KEY_WRONG", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Hệ thống không nhận mật mã này. Hãy nhập lại; nếu bạn vừa đổi mật mã, hãy dùng mật mã mới.", en: "The platform does not accept this passcode. Enter it again; if you have just changed it, use the new one." },
    CodeInfo { number: 2054, name: "PASSCODE_KEY_WAIT", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Hệ thống đã nhận mật mã sai nhiều lần. Hãy chờ rồi nhập lại.", en: "The platform got a wrong passcode several times. Wait, then enter it again." },
    CodeInfo { number: 2055, name: "PASSCODE_KEY_BLOCKED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Mật mã đã bị hệ thống chặn vì sai quá nhiều lần. Hãy khôi phục tài khoản bằng thẻ và khuôn mặt.", en: "The platform has blocked the passcode after too many wrong tries. Recover the account with card and face." },
    CodeInfo { number: 2056, name: "AUTH_LEVEL_TOO_LOW", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Việc này cần xác thực thêm. Hãy làm theo bước xác thực trên màn hình.", en: "This needs a further proof that it is you. Follow the step on the screen." },
    CodeInfo { number: 2057, name: "SESSION_ENDED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Phiên đăng nhập đã kết thúc. Hãy đăng nhập lại bằng mật mã.", en: "The session has ended. Sign in again with your passcode." },
    CodeInfo { number: 2058, name: "PASSCODE_KEY_MISSING", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Điện thoại này được kích hoạt bằng phiên bản cũ, chưa đăng nhập được. Hãy kích hoạt lại.", en: "This phone was activated with an older version and cannot sign in. Activate it again." },
    CodeInfo { number: 2059, name: "COOLING_OFF", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Tài khoản vừa chuyển sang điện thoại này. Để bảo vệ bạn, việc này chỉ làm được sau 24 giờ. Nếu bạn không tự chuyển, hãy khóa tài khoản ngay.", en: "The account has just moved to this phone. To protect you, this works only after 24 hours. If it was not you who moved it, lock the account at once." },
    CodeInfo { number: 2060, name: "CONFIGURATION_OLDER", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Cấu hình nhận được cũ hơn cấu hình đang dùng nên bị bỏ qua. Hãy đổi mạng khác rồi thử lại.", en: "The settings received are older than those in use and were set aside. Use another network and try again." },
    CodeInfo { number: 2061, name: "CONFIGURATION_EXPIRED", kind: Kind::Expired, privacy: Privacy::Reportable, vi: "Cấu hình của hệ thống đã hết hạn. Hãy kiểm tra ngày giờ trên điện thoại, kết nối mạng rồi thử lại.", en: "The platform's settings have expired. Check date and time on the phone, go online and try again." },
    CodeInfo { number: 2062, name: "CONFIGURATION_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Cấu hình nhận được không dùng được nên bị bỏ qua. Hãy kiểm tra ngày giờ trên điện thoại, đổi mạng khác rồi thử lại.", en: "The settings received cannot be used and were set aside. Check date and time on the phone, use another network and try again." },
    CodeInfo { number: 3001, name: "STORE_FULL", kind: Kind::Storage, privacy: Privacy::Expected, vi: "Bộ nhớ điện thoại đã đầy. Hãy xóa bớt tệp rồi thử lại; dữ liệu đã lưu vẫn còn.", en: "The phone's storage is full. Free some space and try again; what was stored is still there." },
    CodeInfo { number: 3002, name: "STORE_READ_ONLY", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Không ghi được vào bộ nhớ điện thoại. Hãy kiểm tra bộ nhớ rồi thử lại; dữ liệu đã lưu vẫn còn.", en: "The phone's storage cannot be written. Check it and try again; what was stored is still there." },
    CodeInfo { number: 3003, name: "STORE_DAMAGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Một phần dữ liệu lưu trên điện thoại bị hỏng. Kết nối mạng để tải lại phần tải được.", en: "Part of the data stored on this phone is damaged. Go online to fetch again what can be fetched." },
    CodeInfo { number: 3004, name: "STORE_FOREIGN", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Tệp dữ liệu không phải của ứng dụng này. Tệp được giữ nguyên; hãy kích hoạt lại.", en: "The data file does not belong to this app. It was left as it is; activate again." },
    CodeInfo { number: 3005, name: "STORE_NEWER", kind: Kind::Storage, privacy: Privacy::Expected, vi: "Dữ liệu được lưu bởi phiên bản mới hơn. Hãy cập nhật ứng dụng; dữ liệu còn nguyên.", en: "The data was stored by a newer version. Update the app; the data is intact." },
    CodeInfo { number: 3006, name: "STORE_BUSY", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Bộ nhớ đang bận. Hãy thử lại.", en: "The storage is busy. Try again." },
    CodeInfo { number: 3007, name: "STORE_FAILED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Không đọc được bộ nhớ điện thoại. Hãy khởi động lại điện thoại rồi thử lại.", en: "The phone's storage cannot be read. Restart the phone and try again." },
    CodeInfo { number: 3008, name: "ENVELOPE_FOREIGN", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Tệp khóa không thuộc lần cài đặt này. Hãy kích hoạt lại trên điện thoại này.", en: "The key file does not belong to this installation. Activate this phone again." },
    CodeInfo { number: 3009, name: "RECORD_MISSING", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Không có mục này trên điện thoại.", en: "There is no such item on this phone." },
    CodeInfo { number: 3010, name: "ENVELOPE_DAMAGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Tệp khóa trên điện thoại bị hỏng. Hãy khôi phục tài khoản hoặc kích hoạt lại trên điện thoại này.", en: "The key file on this phone is damaged. Recover your account or activate this phone again." },
    CodeInfo { number: 3011, name: "STORE_MISSING", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Không thấy tệp dữ liệu trên điện thoại. Hãy kích hoạt lại trên điện thoại này.", en: "The data file is missing from this phone. Activate this phone again." },
    CodeInfo { number: 3012, name: "STORE_EXISTS", kind: Kind::Conflict, privacy: Privacy::Reportable, vi: "Điện thoại đã có tệp dữ liệu; tệp được giữ nguyên. Hãy mở khóa, hoặc xóa dữ liệu ứng dụng rồi kích hoạt lại.", en: "There is a data file on this phone already; it was left as it is. Unlock the app, or clear its data and activate again." },
    CodeInfo { number: 3013, name: "STORE_KEY_MISMATCH", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Tệp dữ liệu và tệp khóa trên điện thoại không khớp nhau. Hãy khôi phục tài khoản hoặc kích hoạt lại.", en: "The data file and the key file on this phone do not fit each other. Recover your account or activate again." },
    CodeInfo { number: 3014, name: "RECORD_TOO_LARGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mục này quá lớn để lưu trên điện thoại. Hãy giảm bớt, ví dụ dùng ảnh nhỏ hơn.", en: "This item is too large to be stored on the phone. Make it smaller, for example with a smaller picture." },
    CodeInfo { number: 3015, name: "HISTORY_BROKEN", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Lịch sử lưu trên điện thoại đã bị sửa hoặc thiếu mục. Hãy đối chiếu với lịch sử trên cổng dịch vụ và báo cơ quan hỗ trợ.", en: "The history kept on this phone was altered or lacks entries. Compare it with the one at the service portal and tell the help desk." },
    CodeInfo { number: 3016, name: "RECORDS_MISSING", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Trên điện thoại thiếu một số mục đã lưu. Kết nối mạng để tải lại; bản nháp và mục chờ gửi còn lại được giữ nguyên.", en: "Some stored items are gone from this phone. Go online to fetch them again; drafts and items to be sent that are left were kept." },
    CodeInfo { number: 3017, name: "RECORDS_EXCHANGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Một số mục trên điện thoại bị thay bằng mục cũ hoặc mục lạ. Kết nối mạng để tải lại; hãy xem lại bản nháp trước khi gửi.", en: "Some items on this phone were replaced by older or foreign ones. Go online to fetch them again; look through your drafts before you send them." },
    CodeInfo { number: 3018, name: "RECORD_DAMAGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Một mục trên điện thoại bị hỏng; các mục khác vẫn dùng được. Kết nối mạng để tải lại, hoặc nhập lại nếu là bản nháp.", en: "One item on this phone is damaged; the others can be used. Go online to fetch it again, or write it again if it was a draft." },
    CodeInfo { number: 3019, name: "MANIFEST_LOST", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Bảng kiểm dữ liệu trên điện thoại bị mất. Kết nối mạng để tải lại dữ liệu; bản nháp được giữ, hãy xem lại trước khi gửi.", en: "The check list of this phone's data is lost. Go online to fetch the data again; your drafts were kept, look through them before you send them." },
    CodeInfo { number: 3020, name: "STORE_ROLLED_BACK", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Dữ liệu trên điện thoại là bản cũ đã được chép lại. Kết nối mạng để tải lại; hãy kiểm tra các hồ sơ đã gửi gần đây.", en: "The data on this phone is an older copy that was put back. Go online to fetch it again; check what you sent lately." },
    CodeInfo { number: 3021, name: "SEAL_LIMIT", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Khóa dữ liệu trên điện thoại đã dùng hết hạn mức. Hãy giải phóng bộ nhớ rồi mở lại ứng dụng để đổi khóa; dữ liệu còn nguyên.", en: "The keys of this phone's data are used up. Free some space and open the app again, so that it changes them; the data is intact." },
    CodeInfo { number: 3022, name: "ATTACHMENT_DAMAGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Tệp đính kèm bị hỏng hoặc thiếu phần. Hãy đính kèm lại tệp này.", en: "The attachment is damaged or lacks a part. Attach the file again." },
    CodeInfo { number: 3023, name: "COMPARTMENT_LOST", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Không mở được ngăn dữ liệu riêng (đảng viên hoặc sức khỏe) trên điện thoại. Kết nối mạng để tải lại.", en: "A separate part of this phone's data (party or health) does not open. Go online to fetch it again." },
    CodeInfo { number: 4001, name: "SEALED_DATA_DAMAGED", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Dữ liệu được mã hóa đã bị thay đổi hoặc hỏng.", en: "Sealed data was changed or damaged." },
    CodeInfo { number: 4002, name: "SEALED_FORMAT_UNKNOWN", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Dữ liệu được lưu bởi phiên bản mới hơn. Hãy cập nhật ứng dụng.", en: "The data was stored by a newer version. Update the app." },
    CodeInfo { number: 4003, name: "KEY_MALFORMED", kind: Kind::Internal, privacy: Privacy::Reportable, vi: "Một khóa có định dạng sai.", en: "A key has the wrong form." },
    CodeInfo { number: 4004, name: "SIGNATURE_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chữ ký số không đúng.", en: "A digital signature is wrong." },
    CodeInfo { number: 4005, name: "RANDOM_UNAVAILABLE", kind: Kind::Internal, privacy: Privacy::Reportable, vi: "Điện thoại chưa tạo được số ngẫu nhiên. Hãy thử lại.", en: "The phone could not make random numbers. Try again." },
    CodeInfo { number: 4006, name: "KEY_SLOT_EMPTY", kind: Kind::Locked, privacy: Privacy::Expected, vi: "Ứng dụng đang khóa. Hãy mở khóa.", en: "The app is locked. Unlock it." },
    CodeInfo { number: 4007, name: "KDF_UNAVAILABLE", kind: Kind::Internal, privacy: Privacy::Reportable, vi: "Điện thoại không đủ bộ nhớ để kiểm tra mật mã. Hãy đóng bớt ứng dụng và thử lại.", en: "The phone lacks memory to check the passcode. Close other apps and try again." },
    CodeInfo { number: 5000, name: "Q00_VALID", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Hợp lệ. Hãy so ảnh với người đứng trước mặt.", en: "Valid. Compare the picture with the person in front of you." },
    CodeInfo { number: 5001, name: "Q01_NOT_OURS", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Đây không phải mã chứng minh danh tính. Hãy yêu cầu mở mục xuất trình danh tính trong ứng dụng.", en: "This is not an identity proof. Ask the holder to open “present identity” in the app." },
    CodeInfo { number: 5002, name: "Q02_TRANSPORT", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã quét chưa đủ hoặc bị sai ký tự. Hãy quét lại; nếu dùng máy quét, tắt bộ gõ tiếng Việt.", en: "The code was not read completely. Scan again; with a hand scanner, switch the Vietnamese keyboard off." },
    CodeInfo { number: 5003, name: "Q03_TOO_LARGE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã quá lớn, không phải mã chứng minh danh tính. Không chấp nhận.", en: "The code is too large to be an identity proof. Do not accept it." },
    CodeInfo { number: 5004, name: "Q04_MALFORMED", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Nội dung mã sai cấu trúc. Không chấp nhận; yêu cầu tạo mã mới.", en: "The content of the code is malformed. Do not accept it; ask for a new code." },
    CodeInfo { number: 5005, name: "Q05_STALE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã đã quá hạn. Yêu cầu người dân tạo mã mới trên điện thoại của họ; ảnh chụp màn hình không dùng được.", en: "The code is out of date. Ask for a fresh one on the holder's own phone; a screenshot will not do." },
    CodeInfo { number: 5006, name: "Q06_CLOCK", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Giờ của điện thoại và của máy này lệch nhau. Hãy kiểm tra đồng hồ hai bên rồi quét lại.", en: "The clocks of the phone and of this computer disagree. Check both, then scan again." },
    CodeInfo { number: 5007, name: "Q07_AUDIENCE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã này được tạo cho quầy khác. Yêu cầu tạo mã cho quầy này.", en: "This code was made for another counter. Ask for one made for this counter." },
    CodeInfo { number: 5008, name: "Q08_CHALLENGE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã không trả lời đúng yêu cầu của quầy. Yêu cầu người dân quét mã của quầy trước.", en: "The code does not answer this counter's request. Let the holder scan the counter's code first." },
    CodeInfo { number: 5009, name: "Q09_UNKNOWN_ISSUER", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Không có khóa của cơ quan cấp trong danh sách tin cậy. Hãy cập nhật danh sách rồi quét lại.", en: "The issuer's key is not in the trust list. Update the list, then scan again." },
    CodeInfo { number: 5010, name: "Q10_ISSUER_SIG", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "GIẢ MẠO: chữ ký của cơ quan cấp không đúng. Không chấp nhận.", en: "FORGED: the issuer's signature is wrong. Do not accept it." },
    CodeInfo { number: 5011, name: "Q11_TOKEN_TIME", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Thông tin do cơ quan cấp đã hết hạn hoặc chưa có hiệu lực. Yêu cầu người dân kết nối mạng để cập nhật.", en: "The issued data is expired or not yet valid. Ask the holder to go online and refresh it." },
    CodeInfo { number: 5012, name: "Q12_HOLDER_SIG", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "SAO CHÉP HOẶC SỬA ĐỔI: chữ ký của điện thoại không đúng. Không chấp nhận.", en: "COPIED OR ALTERED: the phone's signature is wrong. Do not accept it." },
    CodeInfo { number: 5013, name: "Q13_DISCLOSURE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Thông tin được mở ra không khớp với thông tin đã ký. Không chấp nhận.", en: "The disclosed data does not match what was signed. Do not accept it." },
    CodeInfo { number: 5014, name: "Q14_REVOKED", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Giấy này đã bị thu hồi. Không chấp nhận.", en: "This credential was revoked. Do not accept it." },
    CodeInfo { number: 5015, name: "Q15_SUSPENDED", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Giấy này đang bị tạm khóa. Không chấp nhận; người dân cần liên hệ cơ quan cấp.", en: "This credential is suspended. Do not accept it; the holder should contact the issuer." },
    CodeInfo { number: 5016, name: "W16_STATUS_UNKNOWN", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Chữ ký đúng, nhưng chưa biết giấy có bị thu hồi không. Hãy cập nhật danh sách trạng thái hoặc kiểm tra cách khác.", en: "The signatures are right, but it is unknown whether the credential was revoked. Update the status list or check another way." },
    CodeInfo { number: 5017, name: "Q17_PROFILE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã không chứa thông tin quầy cần. Yêu cầu xuất trình loại khác.", en: "The code does not carry what this counter needs. Ask for another kind of proof." },
    CodeInfo { number: 5018, name: "Q18_REPLAY", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Mã này đã được dùng tại quầy này. Yêu cầu tạo mã mới.", en: "This code was already used at this counter. Ask for a new one." },
    CodeInfo { number: 5019, name: "W19_HOLDER_NOT_PROVEN", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Bản giấy có chữ ký của cơ quan cấp, nhưng không chứng minh người cầm là chủ. So với thẻ căn cước hoặc yêu cầu mã từ điện thoại.", en: "A paper with the issuer's signature: it does not prove that who holds it is its owner. Compare with the ID card, or ask for a code from the phone." },
    CodeInfo { number: 5030, name: "COUNTER_INPUT_UNREADABLE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Không đọc được tệp hoặc ảnh. Hãy kiểm tra tên tệp, hoặc chụp lại mã rõ hơn.", en: "The file or picture could not be read. Check the file name, or take a clearer picture of the code." },
    CodeInfo { number: 5031, name: "COUNTER_TRUST_UNUSABLE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Danh sách tin cậy không dùng được: thiếu, hỏng hoặc sai chữ ký. Hãy lấy lại danh sách.", en: "The trust list cannot be used: missing, damaged or wrongly signed. Fetch it again." },
    CodeInfo { number: 5032, name: "COUNTER_STATUS_UNUSABLE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Danh sách trạng thái không dùng được: thiếu, hỏng hoặc sai chữ ký. Hãy lấy lại danh sách.", en: "The status list cannot be used: missing, damaged or wrongly signed. Fetch it again." },
    CodeInfo { number: 5033, name: "COUNTER_REPLAY_UNUSABLE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Không ghi được sổ mã đã dùng. Hãy giải phóng ổ đĩa hoặc kiểm tra quyền ghi, rồi quét lại.", en: "The record of used codes cannot be written. Free the disk or check its permissions, then scan again." },
    CodeInfo { number: 5034, name: "COUNTER_SEVERAL_PROOFS", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Ảnh có nhiều mã chứng minh danh tính. Hãy chụp lại từng mã một.", en: "The picture shows several identity proofs. Take a picture of one at a time." },
    CodeInfo { number: 5035, name: "COUNTER_PORTRAIT_UNWRITABLE", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Không ghi được tệp ảnh chân dung nên chưa kiểm tra mã. Hãy chọn tệp khác rồi quét lại.", en: "The portrait file cannot be written, so the code was not checked. Choose another file, then scan again." },
    CodeInfo { number: 5036, name: "COUNTER_TRUST_OLDER", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Danh sách tin cậy cũ hơn danh sách quầy này đã dùng. Hãy lấy danh sách mới nhất rồi quét lại.", en: "The trust list is older than one this counter has used. Fetch the newest one, then scan again." },
    CodeInfo { number: 5037, name: "COUNTER_REQUEST_INVALID", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Chương trình tại quầy nhận được yêu cầu không đúng quy cách. Hãy quét lại; nếu vẫn lỗi, báo cho bộ phận kỹ thuật.", en: "The counter's program received a request in the wrong form. Scan again; if that does not help, tell your technician." },
    CodeInfo { number: 5038, name: "COUNTER_CALLER_REFUSED", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Một trang mạng khác đã cố gọi chương trình tại quầy và bị từ chối. Hãy mở trang kiểm tra bằng địa chỉ mà chương trình ghi ra.", en: "Another web page tried to call the counter's program and was refused. Open the page at the address that the program prints." },
    CodeInfo { number: 5039, name: "COUNTER_NOT_SERVING", kind: Kind::Verdict, privacy: Privacy::Expected, vi: "Không mở được địa chỉ để phục vụ. Hãy chọn cổng khác trên chính máy này (127.0.0.1).", en: "The address to serve at cannot be opened. Choose another port on this very machine (127.0.0.1)." },
    CodeInfo { number: 5040, name: "COUNTER_IDENTITY_UNUSABLE", kind: Kind::Storage, privacy: Privacy::Reportable, vi: "Không dùng được khóa hoặc đăng ký của quầy. Hãy đăng ký lại quầy.", en: "The counter's key or registration cannot be used. Register the counter again." },
    CodeInfo { number: 5041, name: "COUNTER_ASK_NOT_ALLOWED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Đăng ký của quầy không cho phép hỏi điều này. Hãy chọn mục đích khác.", en: "The counter's registration does not allow this question. Choose another purpose." },
    CodeInfo { number: 5042, name: "COUNTER_REQUEST_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Yêu cầu này đã quá hạn hoặc đã được trả lời. Hãy tạo yêu cầu mới.", en: "This request is over or was answered. Make a new one." },
    CodeInfo { number: 5101, name: "CREDENTIALS_USED_UP", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Đã dùng hết mã xuất trình lưu sẵn. Hãy kết nối mạng để nhận thêm, hoặc chọn dùng lại mã cũ (hai quầy có thể biết là cùng một người).", en: "The stored one-time credentials are used up. Go online to get more, or choose to reuse one (two counters could then tell it is the same person)." },
    CodeInfo { number: 5102, name: "CREDENTIAL_EXPIRED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Các giấy lưu trên điện thoại đã hết hạn. Hãy kết nối mạng để làm mới.", en: "The credentials on this phone have expired. Go online to refresh them." },
    CodeInfo { number: 5103, name: "CREDENTIAL_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Giấy nhận được không hợp lệ nên không được lưu. Hãy thử lại sau.", en: "A credential that arrived is not valid and was not stored. Try again later." },
    CodeInfo { number: 5104, name: "PURPOSE_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Không có loại xuất trình này trên điện thoại. Hãy chọn loại khác.", en: "This phone has no such kind of proof. Choose another." },
    CodeInfo { number: 5105, name: "QR_TOO_LARGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thông tin quá nhiều cho một mã QR. Hãy bỏ ảnh hoặc bớt mục.", en: "Too much data for one QR code. Leave out the photo or some fields." },
    CodeInfo { number: 5106, name: "CLAIM_INVALID", kind: Kind::Invalid, privacy: Privacy::Personal, vi: "Một mục thông tin không đúng quy cách của mã chứng minh.", en: "A piece of data does not fit the form of an identity proof." },
    CodeInfo { number: 5107, name: "TRUST_LIST_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Danh sách tin cậy nhận được không hợp lệ. Danh sách cũ vẫn được dùng.", en: "The trust list that arrived is not valid. The old one stays in use." },
    CodeInfo { number: 5108, name: "STATUS_LIST_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Danh sách trạng thái nhận được không hợp lệ. Danh sách cũ vẫn được dùng.", en: "The status list that arrived is not valid. The old one stays in use." },
    CodeInfo { number: 5109, name: "AUDIENCE_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã của quầy không đúng quy cách. Hãy quét lại mã của quầy.", en: "The counter's identifier has the wrong form. Scan the counter's code again." },
    CodeInfo { number: 5110, name: "COUNTER_CODE_UNREADABLE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Đây không phải mã yêu cầu của một quầy, hoặc mã không đọc được. Hãy quét lại mã trên màn hình hay áp phích của quầy.", en: "This is no counter's code, or it cannot be read. Scan the code on the counter's screen or poster again." },
    CodeInfo { number: 5111, name: "COUNTER_NOT_REGISTERED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Không xác nhận được ai đang hỏi: quầy này không có trong đăng ký. Đừng xuất trình; hãy hỏi nhân viên hoặc đến quầy khác.", en: "Nobody vouches for who asks: this counter is not registered. Show nothing; ask the staff or go to another counter." },
    CodeInfo { number: 5112, name: "COUNTER_REGISTRATION_ENDED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Đăng ký của quầy này chưa có hiệu lực hoặc đã hết hạn. Hãy báo nhân viên, và đừng xuất trình qua mã này.", en: "This counter's registration has ended or is not valid yet. Tell the staff, and show nothing for this code." },
    CodeInfo { number: 5113, name: "COUNTER_WITHDRAWN", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Đăng ký của quầy này đã bị thu hồi hoặc tạm dừng. Đừng xuất trình.", en: "This counter's registration was withdrawn or suspended. Show nothing." },
    CodeInfo { number: 5114, name: "REQUEST_FORGED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Mã yêu cầu bị sửa hoặc không do quầy đã đăng ký tạo ra. Đừng xuất trình; hãy báo nhân viên.", en: "The request was altered, or the registered counter did not make it. Show nothing and tell the staff." },
    CodeInfo { number: 5115, name: "REQUEST_STALE", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Mã yêu cầu đã quá hạn, hoặc giờ của hai máy lệch nhau. Hãy nhờ nhân viên tạo mã mới và xem giờ điện thoại.", en: "The request is too old, or the clocks differ. Ask the staff for a new code, and look at the phone's time." },
    CodeInfo { number: 5116, name: "REQUEST_NOT_ALLOWED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Quầy hỏi điều mà quầy không được phép hỏi. Đừng xuất trình; bạn có thể báo cơ quan quản lý.", en: "The counter asks for something that it may not ask for. Show nothing; you may report it." },
    CodeInfo { number: 5117, name: "ANSWER_BEYOND_REQUEST", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Chỉ có thể xuất trình những mục mà quầy đã hỏi. Hãy chọn lại.", en: "Only what the counter asked for can be shown. Choose again." },
    CodeInfo { number: 5118, name: "ANSWER_NOT_DELIVERED", kind: Kind::Network, privacy: Privacy::Expected, vi: "Chưa gửi được cho quầy. Hãy cho quầy quét mã QR trên màn hình.", en: "The answer did not reach the counter. Let the counter scan the code on the screen instead." },
    CodeInfo { number: 6001, name: "CHIP_WRONG_CAN", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Thẻ không nhận mã 6 số. Hãy kiểm tra 6 số cuối của số định danh trên đúng thẻ này rồi thử lại; không rõ còn được thử mấy lần.", en: "The card refused the 6-digit number. Check the last six digits of the personal number on this very card and try again; how many tries are left is not known." },
    CodeInfo { number: 6002, name: "CHIP_WRONG_MRZ", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Thẻ không nhận dữ liệu của dòng mã máy đọc. Hãy chụp lại ba dòng chữ ở mặt sau của đúng thẻ này.", en: "The card refused the data of its machine-readable lines. Scan the lines on the back of this very card again." },
    CodeInfo { number: 6003, name: "CHIP_ACCESS_DATA_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã 6 số hoặc dữ liệu dòng mã máy đọc chưa đúng dạng. Hãy quét lại mã QR hoặc nhập lại.", en: "The 6-digit number or the machine-readable data has the wrong form. Scan the QR code again or type it again." },
    CodeInfo { number: 6004, name: "CHIP_ACCESS_REFUSED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chip không cho mở. Hãy tháo ốp điện thoại, đặt lại thẻ và thử lại; nếu vẫn không được, hãy quét dòng mã máy đọc hoặc đến cơ quan công an.", en: "The chip does not open. Take the case off the phone, place the card again and retry; if it still fails, scan the machine-readable lines or go to the police office." },
    CodeInfo { number: 6005, name: "CHIP_LINK_LOST", kind: Kind::Device, privacy: Privacy::Expected, vi: "Mất kết nối với thẻ. Hãy đặt lại thẻ và giữ yên; phần đã đọc được giữ lại.", en: "The card was lost. Place it again and hold still; what was read is kept." },
    CodeInfo { number: 6006, name: "CHIP_MALFORMED", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Chip trả lời không đọc được. Hãy nhấc thẻ ra, đặt lại và giữ yên; nếu lặp lại, thẻ có thể hỏng.", en: "The chip's answer cannot be understood. Lift the card, place it again and hold still; if it happens again, the card may be damaged." },
    CodeInfo { number: 6007, name: "CHIP_CHANNEL_BROKEN", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Kênh bảo mật với thẻ bị hỏng. Hãy bỏ các thẻ khác ra xa điện thoại rồi đọc lại từ đầu.", en: "The secured channel to the card broke. Keep other cards away from the phone and read again from the start." },
    CodeInfo { number: 6008, name: "CHIP_AUTHENTICATION_FAILED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chip không chứng minh được là chip thật. Thẻ này không dùng được; hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The chip does not prove that it is genuine. This card cannot be used; take it to the police office to be checked." },
    CodeInfo { number: 6009, name: "CHIP_ACTIVE_AUTHENTICATION_FAILED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chữ ký của chip không đúng. Thẻ này không dùng được; hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The chip's signature is wrong. This card cannot be used; take it to the police office to be checked." },
    CodeInfo { number: 6010, name: "CHIP_CHANGED", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Đây không phải thẻ đang đọc dở. Hãy đặt lại đúng thẻ ban đầu, hoặc đọc lại từ đầu.", en: "This is not the card whose reading had begun. Place the first card again, or start from the beginning." },
    CodeInfo { number: 6011, name: "CHIP_UNSUPPORTED", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Loại chip này chưa đọc được. Hãy cập nhật ứng dụng; nếu vẫn không được, hãy đến cơ quan công an.", en: "This kind of chip cannot be read yet. Update the app; if it still fails, go to the police office." },
    CodeInfo { number: 6012, name: "CHIP_READER_TOO_SHORT", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Đầu đọc của điện thoại này không đủ khả năng đọc loại chip này. Hãy dùng điện thoại khác.", en: "This phone's reader is not able to read this kind of chip. Use another phone." },
    CodeInfo { number: 6013, name: "CHIP_FILE_REFUSED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chip không cho đọc một mục bắt buộc. Hãy đặt lại thẻ và đọc lại; nếu lặp lại, thẻ có thể hỏng.", en: "The chip does not hand out a file that it must have. Place the card again and retry; if it happens again, the card may be damaged." },
    CodeInfo { number: 6014, name: "CHIP_FILE_TOO_LARGE", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Một mục trên chip dài quá mức cho phép, nên không đọc tiếp. Hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "A file on the chip is longer than it may be, so reading stopped. Take the card to the police office to be checked." },
    CodeInfo { number: 6015, name: "CHIP_FILES_DISAGREE", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Các mục trên chip mâu thuẫn với nhau, nên thẻ chưa dùng được ở đây. Hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The files on the chip contradict each other, so the card cannot be used here. Take the card to the police office to be checked." },
    CodeInfo { number: 6016, name: "CHIP_READER_MISSING", kind: Kind::Device, privacy: Privacy::Expected, vi: "Điện thoại này không có đầu đọc thẻ (NFC) hoặc đang tắt. Hãy bật NFC; nếu không có, hãy xin mã xác nhận tại cơ quan công an.", en: "This phone has no card reader (NFC), or it is off. Turn NFC on; if there is none, ask for a voucher at the police office." },
    CodeInfo { number: 6017, name: "CHIP_NOT_FOUND", kind: Kind::Device, privacy: Privacy::Expected, vi: "Chưa thấy thẻ. Hãy bỏ ốp lưng, áp thẻ vào mặt sau điện thoại, giữ yên rồi thử lại.", en: "No card was found. Take the phone out of its case, hold the card against its back, keep still and try again." },
    CodeInfo { number: 6050, name: "MRZ_MALFORMED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Dòng mã máy đọc không đúng dạng. Hãy chụp lại mặt có các dòng chữ và dấu < ở nơi đủ sáng.", en: "The machine-readable lines have the wrong form. Scan the side with the lines of letters and < again in good light." },
    CodeInfo { number: 6051, name: "MRZ_CHECK_DIGIT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Số kiểm tra của dòng mã máy đọc không khớp: có ký tự bị đọc sai. Hãy chụp lại hoặc sửa lại các dòng.", en: "A check digit of the machine-readable lines does not fit: a character was misread. Scan again or correct the lines." },
    CodeInfo { number: 6052, name: "CARD_QR_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Đây không phải mã QR trên thẻ căn cước. Hãy quét mã QR in trên thẻ.", en: "This is not the QR code of an identity card. Scan the QR code printed on the card." },
    CodeInfo { number: 6053, name: "CHIP_FILE_MALFORMED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Một mục trên chip không đúng quy cách nên không được chấp nhận. Hãy đọc lại thẻ; nếu lặp lại, hãy mang thẻ đến cơ quan công an.", en: "A file on the chip has the wrong form and was not accepted. Read the card again; if it happens again, take the card to the police office." },
    CodeInfo { number: 6054, name: "CHIP_IMAGE_UNSUPPORTED", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Ảnh trên chip thuộc loại chưa đọc được. Hãy cập nhật ứng dụng rồi đọc lại thẻ.", en: "The picture on the chip is of a kind that cannot be read yet. Update the app and read the card again." },
    CodeInfo { number: 6055, name: "CHIP_IMAGE_TOO_LARGE", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Ảnh trên chip lớn quá mức cho phép nên không được mở. Hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The picture on the chip is larger than it may be and was not opened. Take the card to the police office to be checked." },
    CodeInfo { number: 6056, name: "CHIP_IMAGE_DAMAGED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Ảnh trên chip bị hỏng. Hãy đọc lại thẻ; nếu lặp lại, hãy mang thẻ đến cơ quan công an.", en: "The picture on the chip is damaged. Read the card again; if it happens again, take the card to the police office." },
    CodeInfo { number: 6057, name: "CHIP_CSCA_UNKNOWN", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Không xác định được cơ quan đã ký dữ liệu trên chip. Hãy cập nhật ứng dụng rồi đọc lại; nếu vẫn báo lỗi, thẻ có thể là giả, hãy báo cơ quan công an.", en: "Nobody known signed the data on the chip. Update the app and read again; if it says so again, the card may be forged: tell the police office." },
    CodeInfo { number: 6058, name: "CHIP_SIGNER_EXPIRED", kind: Kind::Expired, privacy: Privacy::Reportable, vi: "Chứng thư ký dữ liệu của thẻ không còn hiệu lực. Hãy kiểm tra ngày giờ của điện thoại; nếu đúng, hãy đổi thẻ tại cơ quan công an.", en: "The certificate that signed this card's data is not valid now. Check the phone's date and time; if they are right, renew the card at the police office." },
    CodeInfo { number: 6059, name: "CHIP_CSCA_EXPIRED", kind: Kind::Expired, privacy: Privacy::Reportable, vi: "Chứng thư gốc của cơ quan cấp thẻ không còn hiệu lực. Hãy kiểm tra ngày giờ của điện thoại và cập nhật ứng dụng.", en: "The issuing authority's root certificate is not valid now. Check the phone's date and time and update the app." },
    CodeInfo { number: 6060, name: "CHIP_SIGNER_REVOKED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chứng thư ký dữ liệu của thẻ đã bị thu hồi. Thẻ này không dùng được; hãy đến cơ quan công an.", en: "The certificate that signed this card's data was revoked. This card cannot be used; go to the police office." },
    CodeInfo { number: 6061, name: "CHIP_CERTIFICATE_MISUSED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Dữ liệu trên chip được ký bằng chứng thư không dành cho việc này. Thẻ này không dùng được; hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The chip's data are signed with a certificate that is not made for it. This card cannot be used; take it to the police office to be checked." },
    CodeInfo { number: 6062, name: "CHIP_SIGNATURE_WRONG", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chữ ký trên dữ liệu của chip không đúng. Thẻ này không dùng được; hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The signature over the chip's data is wrong. This card cannot be used; take it to the police office to be checked." },
    CodeInfo { number: 6063, name: "CHIP_FILE_CHANGED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Dữ liệu trên chip đã bị thay đổi sau khi cấp. Thẻ này không dùng được; hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "Data on the chip were changed after issue. This card cannot be used; take it to the police office to be checked." },
    CodeInfo { number: 6064, name: "CHIP_FILE_NOT_SIGNED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Chip có một mục không được ký nên mục đó không được tin. Hãy mang thẻ đến cơ quan công an để kiểm tra.", en: "The chip has a file that nobody signed, so it is not believed. Take the card to the police office to be checked." },
    CodeInfo { number: 6065, name: "CHIP_ALGORITHM_WEAK", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Thẻ dùng cách ký đã quá yếu, nay không còn được tin. Hãy đổi thẻ tại cơ quan công an.", en: "The card is signed in a way that is too weak to be believed today. Renew the card at the police office." },
    CodeInfo { number: 6066, name: "CHIP_ALGORITHM_UNKNOWN", kind: Kind::Device, privacy: Privacy::Reportable, vi: "Thẻ được ký theo cách mà ứng dụng chưa biết. Hãy cập nhật ứng dụng rồi đọc lại thẻ.", en: "The card is signed in a way that this app does not know. Update the app and read the card again." },
    CodeInfo { number: 6067, name: "CHIP_TRUST_LIST_REFUSED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Danh sách chứng thư tin cậy không hợp lệ hoặc đã cũ nên không được dùng; danh sách đang có được giữ nguyên. Hãy cập nhật ứng dụng.", en: "The list of trusted certificates is not valid or is outdated and was not used; the present one is kept. Update the app." },
    CodeInfo { number: 7001, name: "NETWORK_UNREACHABLE", kind: Kind::Network, privacy: Privacy::Expected, vi: "Không kết nối được. Việc bạn làm đã được lưu; hãy thử lại khi có mạng.", en: "There is no connection. What you did is kept; try again when you are online." },
    CodeInfo { number: 7002, name: "NETWORK_TIMEOUT", kind: Kind::Network, privacy: Privacy::Expected, vi: "Mạng quá chậm nên chưa xong. Việc bạn làm đã được lưu; hãy thử lại.", en: "The network was too slow to finish. What you did is kept; try again." },
    CodeInfo { number: 7003, name: "PLATFORM_NONSENSE", kind: Kind::Network, privacy: Privacy::Reportable, vi: "Hệ thống trả lời không đúng quy cách. Chưa có gì thay đổi; hãy thử lại sau.", en: "The platform gave an answer that makes no sense. Nothing was changed; try again later." },
    CodeInfo { number: 7004, name: "PLATFORM_BUSY", kind: Kind::Network, privacy: Privacy::Expected, vi: "Hệ thống đang quá tải hoặc bảo trì. Việc bạn làm đã được lưu; ứng dụng sẽ thử lại.", en: "The platform is overloaded or under maintenance. What you did is kept; the app will try again." },
    CodeInfo { number: 7005, name: "PLATFORM_UNTRUSTED", kind: Kind::Network, privacy: Privacy::Reportable, vi: "Không xác minh được hệ thống ở đầu bên kia. Không gửi gì; hãy đổi mạng khác và kiểm tra giờ của điện thoại.", en: "The other side could not be verified as the platform. Nothing was sent; use another network and check the phone's clock." },
    CodeInfo { number: 7006, name: "PLATFORM_REFUSED", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Hệ thống từ chối mà không nêu lý do ứng dụng biết. Hãy cập nhật ứng dụng rồi thử lại.", en: "The platform refused for a reason that this version does not know. Update the app and try again." },
    CodeInfo { number: 7010, name: "REGISTER_MISMATCH", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Số định danh, số điện thoại hoặc dữ liệu trên thẻ không khớp với dữ liệu dân cư. Hãy kiểm tra hai số; nếu đúng, đến công an xã, phường để cập nhật.", en: "ID number, phone number or the data on the card do not match the population register. Check both numbers; if they are right, have the register updated at the commune police." },
    CodeInfo { number: 7011, name: "ACTIVATION_UNKNOWN", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Lần kích hoạt này đã hết hạn. Hãy bắt đầu lại; bạn không mất gì.", en: "This activation has expired. Start again; nothing is lost." },
    CodeInfo { number: 7012, name: "SESSION_REFUSED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Hệ thống không nhận điện thoại này. Có thể tài khoản đã được kích hoạt trên máy khác. Hãy kích hoạt lại.", en: "The platform does not accept this phone. The account may have been activated on another one. Activate again." },
    CodeInfo { number: 7013, name: "REQUEST_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Hệ thống không hiểu yêu cầu. Hãy kiểm tra giờ của điện thoại, cập nhật ứng dụng rồi thử lại.", en: "The platform did not accept the request. Check the phone's clock, update the app and try again." },
    CodeInfo { number: 7014, name: "NONCE_STALE", kind: Kind::Network, privacy: Privacy::Expected, vi: "Phiên vừa hết hạn. Ứng dụng sẽ thử lại.", en: "The exchange ran out of time. The app will try again." },
    CodeInfo { number: 7015, name: "TOO_MANY_REQUESTS", kind: Kind::Network, privacy: Privacy::Expected, vi: "Bạn đã yêu cầu quá nhiều lần. Hãy chờ rồi thử lại.", en: "Too many requests. Wait a little, then try again." },
    CodeInfo { number: 7016, name: "NETWORK_INTERRUPTED", kind: Kind::Network, privacy: Privacy::Expected, vi: "Kết nối bị ngắt giữa chừng, chưa biết hệ thống đã nhận hay chưa. Việc bạn làm đã được lưu; hãy thử lại.", en: "The connection broke off midway, so it is unknown whether the platform got the request. What you did is kept; try again." },
    CodeInfo { number: 7017, name: "ACCOUNT_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Chưa có tài khoản nào của người này. Hãy kích hoạt trước.", en: "There is no account of this person yet. Activate first." },
    CodeInfo { number: 7018, name: "STEP_OUT_OF_ORDER", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Chưa đến bước này. Hãy làm xong bước trước rồi tiếp tục.", en: "This step is not due yet. Finish the step before it, then go on." },
    CodeInfo { number: 7020, name: "ACCOUNT_LOCKED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản đang bị khóa. Nếu bạn tự khóa, hãy mở khóa bằng thẻ và khuôn mặt; nếu không, hãy hỏi cơ quan công an.", en: "The account is locked. If you locked it yourself, unlock it with card and face; otherwise ask the police office." },
    CodeInfo { number: 7021, name: "ACCOUNT_CLOSED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản này đã đóng. Nếu không đúng, hãy đến cơ quan công an.", en: "This account is closed. If that is wrong, go to the police office." },
    CodeInfo { number: 7022, name: "CARD_NOT_HOLDERS", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Đây là thẻ của người khác. Hãy dùng thẻ có đúng số định danh đã nhập.", en: "This card is another person's. Use the card with the ID number that was entered." },
    CodeInfo { number: 7023, name: "CARD_EXPIRED", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Thẻ đã hết hạn. Hãy đổi thẻ tại cơ quan công an.", en: "The card has expired. Renew it at the police office." },
    CodeInfo { number: 7024, name: "CARD_WITHDRAWN", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Thẻ này đã bị thu hồi hoặc đã được thay bằng thẻ khác. Hãy dùng thẻ mới, hoặc đến cơ quan công an.", en: "This card was withdrawn or replaced by another. Use the new one, or go to the police office." },
    CodeInfo { number: 7025, name: "DEVICE_SUPERSEDED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Tài khoản đã chuyển sang điện thoại khác. Nếu không phải bạn làm, hãy khóa tài khoản ngay.", en: "The account has moved to another phone. If that was not you, lock the account at once." },
    CodeInfo { number: 7030, name: "UPDATE_REQUIRED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Phiên bản ứng dụng này quá cũ nên không kết nối được nữa. Hãy cập nhật từ cửa hàng ứng dụng; giấy tờ đã lưu vẫn xuất trình được khi không có mạng.", en: "This version of the app is too old to connect. Update it from the app store; what is stored can still be shown offline." },
    CodeInfo { number: 7031, name: "APP_BLOCKED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Phiên bản ứng dụng này bị chặn vì có lỗi. Hãy cài phiên bản khác từ cửa hàng ứng dụng; giấy tờ đã lưu vẫn xuất trình được khi không có mạng.", en: "This version of the app is blocked because of a fault. Install another from the app store; what is stored can still be shown offline." },
    CodeInfo { number: 7032, name: "MAINTENANCE", kind: Kind::Network, privacy: Privacy::Expected, vi: "Hệ thống đang bảo trì. Việc bạn làm đã được lưu; hãy thử lại sau giờ kết thúc bảo trì. Giấy tờ đã lưu vẫn xuất trình được.", en: "The platform is under maintenance. What you did is kept; try again when the maintenance has ended. What is stored can still be shown." },
    CodeInfo { number: 7040, name: "CURSOR_UNKNOWN", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Hệ thống cần gửi lại toàn bộ dữ liệu của bạn. Hãy chờ ứng dụng tải lại; bản nháp và hồ sơ đang gửi vẫn còn.", en: "The platform has to send all your records again. Let the app load them; drafts and changes on their way are kept." },
    CodeInfo { number: 7041, name: "SUBMISSION_DIFFERS", kind: Kind::Conflict, privacy: Privacy::Reportable, vi: "Hệ thống đã nhận hồ sơ này với nội dung khác. Hãy xem hồ sơ đã nhận; nếu cần sửa, hãy gửi hồ sơ mới.", en: "The platform already has this change with other content. Look at what it has; to correct it, send a new change." },
    CodeInfo { number: 7042, name: "CONFIRM_AGAIN", kind: Kind::AuthFailed, privacy: Privacy::Expected, vi: "Xác nhận của hồ sơ này không còn hiệu lực. Hãy xem lại và xác nhận bằng mật mã một lần nữa.", en: "Your confirmation of this change no longer counts. Look at it and confirm it with your passcode once more." },
    CodeInfo { number: 7043, name: "RECORD_CHANGED", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Cơ quan quản lý đã thay đổi dữ liệu này sau khi bạn bắt đầu. Hãy so sánh hai bản, chọn điều đúng rồi xác nhận lại.", en: "The authority changed this record after you began. Compare both versions, choose what is right and confirm again." },
    CodeInfo { number: 7044, name: "EVIDENCE_MISSING", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Giấy tờ kèm theo chưa đến đủ. Ứng dụng sẽ gửi lại; hãy giữ kết nối mạng.", en: "Not all evidence has arrived. The app sends it again; stay connected." },
    CodeInfo { number: 7045, name: "EVIDENCE_REFUSED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hệ thống không nhận giấy tờ này. Hãy dùng ảnh JPEG hoặc tệp PDF, mỗi tệp tối đa 8 MB.", en: "The platform does not take this file. Use a JPEG picture or a PDF of at most 8 MB each." },
    CodeInfo { number: 7046, name: "FORM_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hồ sơ có mục chưa đúng. Hãy sửa các mục được đánh dấu rồi xác nhận lại.", en: "Something in this change is not right. Correct the marked fields and confirm again." },
    CodeInfo { number: 7047, name: "UPLOAD_OFFSET", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Tệp đã gửi được một phần khác với ứng dụng nhớ. Ứng dụng sẽ gửi tiếp từ chỗ hệ thống đã nhận.", en: "Another part of the file has arrived than the app remembers. It goes on from where the platform is." },
    CodeInfo { number: 8001, name: "PID_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Số định danh cá nhân phải gồm đúng 12 chữ số. Hãy xem lại trên thẻ căn cước.", en: "The ID number must be exactly 12 digits. Look at your ID card again." },
    CodeInfo { number: 8002, name: "PID_REGISTRATION_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ba số đầu của số định danh không có trong danh mục nơi đăng ký khai sinh. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "The first three digits of the ID number are not in the list of places of birth registration. Check them; if they are right, go on." },
    CodeInfo { number: 8003, name: "PID_BIRTH_YEAR_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Năm sinh không khớp với số định danh. Hãy sửa lại, hoặc yêu cầu công an xã, phường điều chỉnh.", en: "The year of birth does not fit the ID number. Correct it, or ask the commune police to have it corrected." },
    CodeInfo { number: 8004, name: "PID_SEX_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Giới tính không khớp với số định danh. Hãy sửa lại, hoặc yêu cầu công an xã, phường điều chỉnh.", en: "The sex does not fit the ID number. Correct it, or ask the commune police to have it corrected." },
    CodeInfo { number: 8010, name: "NAME_EMPTY", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy nhập họ, chữ đệm và tên.", en: "Enter the full name." },
    CodeInfo { number: 8011, name: "NAME_TOO_LONG", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Họ tên dài quá 100 ký tự. Hãy nhập ngắn hơn.", en: "The name is longer than 100 characters. Enter a shorter one." },
    CodeInfo { number: 8012, name: "NAME_CHARACTER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Họ tên chỉ gồm chữ cái La-tinh, dấu cách, dấu gạch nối và dấu nháy. Hãy bỏ chữ số và ký hiệu khác.", en: "A name has Latin letters, spaces, hyphens and apostrophes only. Remove digits and other signs." },
    CodeInfo { number: 8020, name: "DATE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy nhập ngày theo dạng ngày/tháng/năm, ví dụ 05/09/1990; nếu không biết ngày thì chỉ nhập tháng/năm hoặc năm.", en: "Enter the date as day/month/year, such as 05/09/1990; if the day is not known, enter month/year or the year only." },
    CodeInfo { number: 8021, name: "DATE_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ngày này không có trong lịch. Hãy kiểm tra lại.", en: "There is no such day in the calendar. Check it." },
    CodeInfo { number: 8022, name: "DATE_OUT_OF_RANGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Năm phải từ 1800 đến 2299. Hãy kiểm tra lại.", en: "The year must be from 1800 to 2299. Check it." },
    CodeInfo { number: 8030, name: "PHONE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Số điện thoại phải gồm 10 chữ số bắt đầu bằng 0, hoặc +84 và 9 chữ số.", en: "The phone number must be 10 digits starting with 0, or +84 and 9 digits." },
    CodeInfo { number: 8031, name: "PHONE_PREFIX_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Đầu số điện thoại này chưa có trong danh mục. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "The prefix of this phone number is not in the list. Check it; if it is right, go on." },
    CodeInfo { number: 8040, name: "PROVINCE_CODE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã tỉnh phải gồm 2 chữ số. Hãy chọn lại tỉnh, thành phố.", en: "The province code must be 2 digits. Choose the province again." },
    CodeInfo { number: 8041, name: "COMMUNE_CODE_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã xã phải gồm 5 chữ số. Hãy chọn lại xã, phường.", en: "The commune code must be 5 digits. Choose the commune again." },
    CodeInfo { number: 8042, name: "ADDRESS_TEXT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Một dòng địa chỉ dài quá 200 ký tự hoặc có ký tự ẩn. Hãy gõ lại.", en: "A line of the address is longer than 200 characters or has a hidden character. Type it again." },
    CodeInfo { number: 8043, name: "ADDRESS_DISTRICT_ABOLISHED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Từ ngày 01/07/2025 địa chỉ không còn quận, huyện. Hãy bỏ phần quận, huyện.", en: "Since 1 July 2025 addresses have no district. Leave the district out." },
    CodeInfo { number: 8044, name: "ADDRESS_PERIOD", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ngày kết thúc ở địa chỉ này sớm hơn ngày bắt đầu. Hãy kiểm tra lại hai ngày.", en: "The last day at this address is before the first. Check both days." },
    CodeInfo { number: 8045, name: "ADDRESS_PROVINCE_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã tỉnh này chưa có trong danh mục. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "This province code is not in the list. Check it; if it is right, go on." },
    CodeInfo { number: 8046, name: "ADDRESS_COMMUNE_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã xã này chưa có trong danh mục. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "This commune code is not in the list. Check it; if it is right, go on." },
    CodeInfo { number: 8047, name: "ADDRESS_COMMUNE_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Theo danh mục, xã này thuộc tỉnh khác. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "By the list this commune lies in another province. Check it; if it is right, go on." },
    CodeInfo { number: 8048, name: "ADDRESS_FORMER_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tỉnh cũ và tỉnh hiện nay của địa chỉ không khớp theo danh mục. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "By the list the former and the present province of the address do not fit. Check them; if they are right, go on." },
    CodeInfo { number: 8050, name: "SEX_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Giới tính phải là nam hoặc nữ như trong giấy tờ. Hãy chọn lại.", en: "The sex must be male or female as in the papers. Choose again." },
    CodeInfo { number: 8051, name: "ACCOUNT_LEVEL_INVALID", kind: Kind::Invalid, privacy: Privacy::Reportable, vi: "Mức độ tài khoản không hợp lệ. Hãy cập nhật ứng dụng.", en: "There is no such account level. Update the app." },
    CodeInfo { number: 8052, name: "AUTH_LEVEL_INVALID", kind: Kind::Invalid, privacy: Privacy::Reportable, vi: "Mức độ xác thực không hợp lệ. Hãy cập nhật ứng dụng.", en: "There is no such authentication level. Update the app." },
    CodeInfo { number: 8060, name: "TABLE_INVALID", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Danh mục nhận được không hợp lệ. Danh mục cũ vẫn được dùng.", en: "The list that arrived is not valid. The old one stays in use." },
    CodeInfo { number: 8100, name: "FIELD_REQUIRED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy điền mục này.", en: "Fill in this field." },
    CodeInfo { number: 8101, name: "FIELD_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ứng dụng chưa biết mục này; nội dung vẫn được giữ. Hãy cập nhật ứng dụng nếu có bản mới.", en: "This version of the app does not know the field; its content is kept. Update the app if there is a newer version." },
    CodeInfo { number: 8102, name: "FIELD_TOO_LONG", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nội dung dài quá mức cho phép. Hãy viết ngắn hơn.", en: "The text is too long. Write a shorter one." },
    CodeInfo { number: 8103, name: "FIELD_CHARACTER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nội dung có ký tự không được dùng ở đây hoặc ký tự ẩn. Hãy gõ lại, đừng dán.", en: "The text has a character that is not used here, or a hidden one. Type it again instead of pasting it." },
    CodeInfo { number: 8104, name: "FIELD_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nội dung không đúng mẫu. Hãy chép lại đúng như trên giấy tờ.", en: "The text does not have the right form. Copy it again exactly as on the paper." },
    CodeInfo { number: 8105, name: "FIELD_UNUSUAL", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nội dung khác mẫu thường gặp. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "The text differs from the usual form. Check it; if it is right, go on." },
    CodeInfo { number: 8106, name: "NUMBER_FORMAT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy nhập một số, ví dụ 2,34 hoặc 500.000.", en: "Enter a number, such as 2.34 or 500000." },
    CodeInfo { number: 8107, name: "NUMBER_RANGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Số này nằm ngoài khoảng cho phép. Hãy kiểm tra lại.", en: "The number is outside of what is possible. Check it." },
    CodeInfo { number: 8108, name: "FIELD_CHOICE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy chọn một trong các mục có sẵn.", en: "Choose one of the given answers." },
    CodeInfo { number: 8109, name: "CODE_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã này chưa có trong danh mục. Hãy kiểm tra lại; nếu đúng thì cứ tiếp tục.", en: "This code is not in the list. Check it; if it is right, go on." },
    CodeInfo { number: 8110, name: "CODE_NOT_IN_FORCE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã này hiện không còn hoặc chưa được dùng. Hãy kiểm tra lại; nếu giấy tờ ghi như vậy thì cứ tiếp tục.", en: "This code is not in use at present. Check it; if the paper says so, go on." },
    CodeInfo { number: 8111, name: "DATE_IN_FUTURE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ngày này chưa đến. Hãy kiểm tra lại.", en: "This day has not come yet. Check it." },
    CodeInfo { number: 8112, name: "DATES_ORDER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ngày sau sớm hơn ngày trước. Hãy kiểm tra lại hai ngày.", en: "The later date is before the earlier one. Check both dates." },
    CodeInfo { number: 8113, name: "HOLDER_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nội dung không khớp với dữ liệu của bạn trong cơ sở dữ liệu dân cư. Hãy xem hai giá trị rồi sửa, hoặc yêu cầu cơ quan quản lý điều chỉnh.", en: "This does not agree with your data in the population database. Look at both values, then correct it or ask the authority to correct it." },
    CodeInfo { number: 8114, name: "ITEM_DUPLICATE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mục này đã có trong danh sách. Hãy bỏ một mục.", en: "The list has this entry already. Remove one of them." },
    CodeInfo { number: 8115, name: "RECORD_DUPLICATE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bạn đã có dữ liệu này. Hãy mở dữ liệu đã có để sửa.", en: "You have this record already. Open that one to change it." },
    CodeInfo { number: 8116, name: "ITEMS_TOO_MANY", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Danh sách có quá nhiều mục. Hãy chia thành nhiều lần.", en: "The list is too long. Send it in parts." },
    CodeInfo { number: 8117, name: "FIELD_OFFICIAL", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mục này chỉ cơ quan quản lý mới được ghi. Hãy để trống; nếu sai, hãy yêu cầu cơ quan điều chỉnh.", en: "Only the authority states this. Leave it empty; if what it states is wrong, ask for a correction." },
    CodeInfo { number: 8118, name: "AGE_UNUSUAL", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Theo ngày sinh thì tuổi lúc đó khác thường. Hãy kiểm tra lại các ngày; nếu đúng thì cứ tiếp tục.", en: "By the date of birth the age at that time is unusual. Check the dates; if they are right, go on." },
    CodeInfo { number: 8119, name: "RECORDS_TOO_MANY", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bạn đã có đủ số dữ liệu loại này. Hãy sửa dữ liệu đã có hoặc bỏ bớt.", en: "You have as many records of this kind as are possible. Change one of them, or remove one." },
    CodeInfo { number: 8120, name: "LICENCE_TERM_UNUSUAL", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thời hạn không đúng với hạng giấy phép. Hãy kiểm tra lại ngày hết hạn; nếu giấy phép ghi như vậy thì cứ tiếp tục.", en: "The term does not fit the licence class. Check the expiry; if the licence says so, go on." },
    CodeInfo { number: 8121, name: "LICENCE_CLASS_EXPIRED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hạng này đã hết hạn. Hãy làm thủ tục đổi giấy phép trước khi lái xe.", en: "This class has expired. Renew the licence before you drive." },
    CodeInfo { number: 8122, name: "LICENCE_STATE_OVER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thời hạn tạm giữ hoặc tước quyền đã qua. Hãy lấy lại trạng thái mới trước khi lái xe.", en: "The time for which the licence was held or suspended is over. Fetch its state anew before you drive." },
    CodeInfo { number: 8123, name: "LICENCE_POINTS_SPENT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Giấy phép đã hết điểm: bạn không được lái xe theo giấy phép này. Sau ít nhất 6 tháng bạn có thể dự kiểm tra để phục hồi điểm.", en: "The licence has no points left: you may not drive on it. After at least six months you can take the test that restores them." },
    CodeInfo { number: 8130, name: "BENEFIT_ACCOUNT_UNSUITABLE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tài khoản an sinh xã hội phải là tài khoản đồng Việt Nam đang hoạt động. Hãy chọn tài khoản khác.", en: "A benefit account must be an active account in Vietnamese dong. Choose another account." },
    CodeInfo { number: 8131, name: "BENEFIT_ACCOUNT_SECOND", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bạn đã có tài khoản an sinh xã hội. Hãy đổi tài khoản đó thay vì thêm tài khoản thứ hai.", en: "You have a benefit account already. Change that one instead of adding a second." },
    CodeInfo { number: 8132, name: "VIETQR_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã này không phải mã VietQR. Hãy quét lại mã chuyển khoản.", en: "This is no VietQR code. Scan the transfer code again." },
    CodeInfo { number: 8133, name: "VIETQR_CHECKSUM", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mã VietQR bị sai hoặc bị sửa. Hãy xin mã mới và đừng chuyển tiền theo mã này.", en: "The VietQR code is damaged or was changed. Ask for a new one and do not pay by this one." },
    CodeInfo { number: 8140, name: "FAMILY_CYCLE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Theo các quan hệ đã khai, một người là tổ tiên của chính mình. Hãy sửa quan hệ cha mẹ và con.", en: "By these relations somebody is their own ancestor. Correct the relations of parent and child." },
    CodeInfo { number: 8141, name: "FAMILY_PARENT_YOUNGER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Cha, mẹ hoặc ông bà phải sinh trước con, cháu. Hãy kiểm tra ngày sinh và quan hệ.", en: "A parent or grandparent must be older than the child. Check the dates of birth and the relation." },
    CodeInfo { number: 8142, name: "FAMILY_SECOND_SPOUSE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Người này đang có vợ hoặc chồng khác. Hãy ghi ngày kết thúc hôn nhân trước.", en: "This person has another spouse at present. Enter the end of that marriage first." },
    CodeInfo { number: 8143, name: "FAMILY_MARRIAGE_AGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Nam phải đủ 20 tuổi, nữ đủ 18 tuổi khi kết hôn. Hãy kiểm tra ngày sinh và ngày kết hôn.", en: "At marriage a man must be 20 and a woman 18. Check the dates of birth and of marriage." },
    CodeInfo { number: 8144, name: "FAMILY_SELF", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Không thể khai quan hệ với chính mình. Hãy nhập số định danh của người thân.", en: "Nobody is their own relative. Enter the relative's ID number." },
    CodeInfo { number: 8145, name: "FAMILY_RELATION_SEX", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Giới tính không hợp với quan hệ đã chọn. Hãy kiểm tra lại cả hai.", en: "The sex does not fit the relation. Check both." },
    CodeInfo { number: 8146, name: "FAMILY_PARENT_TWICE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Người này đã có cha hoặc mẹ đẻ khác được ghi. Hãy kiểm tra lại; nếu là cha mẹ nuôi, hãy chọn quan hệ đó.", en: "Another person is stated as this birth parent already. Check it; choose the adoptive relation if it is that." },
    CodeInfo { number: 8147, name: "FAMILY_RELATIVE_UNKNOWN", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy nhập số định danh hoặc họ tên của người thân.", en: "Enter the relative's ID number or full name." },
    CodeInfo { number: 8150, name: "IDENTITY_CARD_EXPIRED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thẻ căn cước đã hết hạn. Hãy làm thủ tục cấp đổi tại công an xã, phường.", en: "The ID card has expired. Have it renewed at the commune police." },
    CodeInfo { number: 8151, name: "RESIDENCE_TERM", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thời hạn không hợp với hình thức cư trú: lưu trú dưới 30 ngày, tạm trú từ 30 ngày đến 2 năm. Hãy sửa ngày hoặc chọn hình thức khác.", en: "The term does not fit the form of residence: a stay is under 30 days, a temporary residence from 30 days to 2 years. Change the dates or the form." },
    CodeInfo { number: 8152, name: "RESIDENCE_RENEW", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tạm trú sắp hết hạn. Hãy gia hạn ít nhất 15 ngày trước ngày hết hạn.", en: "The temporary residence ends soon. Renew it at least 15 days before its end." },
    CodeInfo { number: 8153, name: "RESIDENCE_SECOND", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bạn đang có nơi thường trú khác. Hãy chuyển nơi thường trú thay vì đăng ký thêm.", en: "You have another permanent residence. Move that one instead of adding a second." },
    CodeInfo { number: 8154, name: "INSURANCE_NUMBER_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mười số cuối của mã thẻ khác mã số bảo hiểm xã hội. Hãy chép lại cả hai từ thẻ.", en: "The last ten digits of the card differ from the insurance number. Copy both from the card again." },
    CodeInfo { number: 8155, name: "INSURANCE_LEVEL_MISMATCH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Mức hưởng trong mã thẻ khác mức hưởng đã ghi. Hãy kiểm tra lại.", en: "The level in the card's code differs from the level stated. Check it." },
    CodeInfo { number: 8156, name: "INSURANCE_EXPIRED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thẻ bảo hiểm y tế đã hết hạn. Hãy gia hạn trước khi đi khám.", en: "The health-insurance card has expired. Renew it before you see a doctor." },
    CodeInfo { number: 8157, name: "TAX_CODE_REPLACED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Từ ngày 01/07/2025 số định danh là mã số thuế. Hãy đối chiếu mã cũ với cơ quan thuế.", en: "Since 1 July 2025 the ID number is the tax code. Have the old code reconciled with it at the tax office." },
    CodeInfo { number: 8158, name: "DEPENDANT_NOT_ELIGIBLE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Người này không đủ điều kiện là người phụ thuộc theo lý do đã chọn. Hãy kiểm tra tuổi, thu nhập và lý do.", en: "By the reason given this person is no dependant. Check age, income and reason." },
    CodeInfo { number: 8159, name: "TELECOM_CONFIRM_DUE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Số này chưa được xác nhận. Hãy xác nhận trước khi bị khóa chiều gọi đi.", en: "This number is not confirmed yet. Confirm it before outgoing calls stop." },
    CodeInfo { number: 8160, name: "TELECOM_NOT_MINE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bạn đã báo số này không phải của bạn. Hãy yêu cầu nhà mạng kiểm tra và cắt số.", en: "You said that this number is not yours. Ask the operator to look into it and end it." },
    CodeInfo { number: 8161, name: "PARTY_PROBATION", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thời gian dự bị thường là 12 tháng. Hãy kiểm tra hai ngày; nếu đúng thì cứ tiếp tục.", en: "Probation usually takes twelve months. Check both dates; if they are right, go on." },
    CodeInfo { number: 8162, name: "VEHICLE_INSPECTION_OVER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Đăng kiểm đã hết hạn. Hãy đăng kiểm trước khi lái xe.", en: "The inspection has expired. Have the vehicle inspected before you drive." },
    CodeInfo { number: 8163, name: "VEHICLE_INSURANCE_OVER", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Bảo hiểm bắt buộc của xe đã hết hạn. Hãy mua bảo hiểm trước khi lái xe.", en: "The compulsory insurance has expired. Insure the vehicle before you drive." },
    CodeInfo { number: 8164, name: "DATE_BEFORE_BIRTH", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Ngày này trước ngày sinh. Hãy kiểm tra lại.", en: "This day is before the date of birth. Check it." },
    CodeInfo { number: 8180, name: "RECORD_KIND_UNKNOWN", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Ứng dụng chưa hỗ trợ loại dữ liệu này. Hãy cập nhật ứng dụng.", en: "This version of the app does not know this kind of record. Update the app." },
    CodeInfo { number: 8181, name: "RECORD_UNREADABLE", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Không đọc được dữ liệu này. Hãy tải lại; nếu vẫn lỗi, hãy cập nhật ứng dụng.", en: "This record cannot be read. Fetch it again; if that fails, update the app." },
    CodeInfo { number: 8182, name: "FORM_TOO_LARGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Dữ liệu quá lớn. Hãy rút ngắn hoặc chia thành nhiều phần.", en: "There is too much in this record. Shorten it or send it in parts." },
    CodeInfo { number: 8183, name: "UPDATE_OUT_OF_ORDER", kind: Kind::Conflict, privacy: Privacy::Reportable, vi: "Hồ sơ không ở bước này. Hãy xem trạng thái hiện tại và làm bước được gợi ý.", en: "The update is not at this step. Look at its state and take the step shown there." },
    CodeInfo { number: 8184, name: "UPDATE_CONFLICT", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Dữ liệu gốc đã thay đổi từ khi bạn bắt đầu. Hãy xem hai giá trị và chọn lại.", en: "The record changed since you began. Look at both values and choose again." },
    CodeInfo { number: 8185, name: "UPDATE_OVERDUE", kind: Kind::Expired, privacy: Privacy::Expected, vi: "Đã quá hạn bổ sung hồ sơ. Hãy gửi hồ sơ mới; bản nháp của bạn vẫn được giữ.", en: "The time to supplement is over. Send a new update; your draft is kept." },
    CodeInfo { number: 8186, name: "UPDATE_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Còn mục sai hoặc thiếu. Hãy sửa các mục được đánh dấu rồi gửi lại.", en: "Some fields are wrong or missing. Correct those that are marked, then send again." },
    CodeInfo { number: 8187, name: "UPDATE_RECEIPT_MISMATCH", kind: Kind::Rejected, privacy: Privacy::Reportable, vi: "Biên nhận không liệt kê đủ tệp bạn đã gửi. Ứng dụng sẽ gửi lại; nếu vẫn lỗi, hãy liên hệ cơ quan tiếp nhận.", en: "The receipt does not list all that you sent. The app sends it again; if that fails, contact the receiving office." },
    CodeInfo { number: 8188, name: "RECORD_NOT_SHARED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Dữ liệu này không được chia sẻ. Hãy từ chối yêu cầu, hoặc hỏi dịch vụ cần mục nào khác.", en: "This is not shared. Decline the request, or ask the service what else it can use." },
    CodeInfo { number: 8189, name: "RECORD_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Máy này không có dữ liệu đó. Hãy tải lại dữ liệu của bạn.", en: "This phone has no such record. Load your records again." },
    CodeInfo { number: 8190, name: "UPDATE_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Không có hồ sơ cập nhật này trên máy. Hãy mở lại danh sách hồ sơ.", en: "This phone has no such change. Open the list of your changes again." },
    CodeInfo { number: 8200, name: "REASON_NOT_FOUND", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Cơ quan quản lý không tìm thấy dữ liệu như bạn khai. Hãy so với giấy tờ gốc rồi gửi lại, hoặc hỏi nơi đã cấp giấy tờ.", en: "The authority has nothing like what you entered. Compare it with the original and send it again, or ask whoever issued it." },
    CodeInfo { number: 8201, name: "REASON_NAME_MISMATCH", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Họ tên không khớp với cơ sở dữ liệu dân cư. Hãy khai đúng họ tên đã đăng ký; nếu đăng ký sai, hãy hỏi công an nơi cư trú.", en: "The name is not the registered one. Enter it as registered; if the register is wrong, ask the police of your residence." },
    CodeInfo { number: 8202, name: "REASON_EVIDENCE_UNREADABLE", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Giấy tờ kèm theo không đọc được. Hãy chụp lại rõ, đủ sáng, đủ bốn góc rồi gửi lại.", en: "The evidence cannot be read. Take the picture again, sharp, well lit and with all four corners, and send it." },
    CodeInfo { number: 8203, name: "REASON_EVIDENCE_WRONG", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Giấy tờ kèm theo không chứng minh điều bạn khai. Hãy gửi giấy tờ đúng, hoặc hỏi nơi đã cấp.", en: "The evidence does not show what you entered. Send the right document, or ask whoever issued it." },
    CodeInfo { number: 8204, name: "REASON_EVIDENCE_NEEDED", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Cần giấy tờ chứng minh mục này. Hãy chụp bản gốc và gửi bổ sung trước hạn.", en: "This needs evidence. Photograph the original and send it before the date given." },
    CodeInfo { number: 8205, name: "REASON_ALREADY_SO", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Dữ liệu này đã được ghi như vậy. Bạn không cần làm gì thêm; hãy tải lại dữ liệu.", en: "The record says so already. There is nothing to do; load your records again." },
    CodeInfo { number: 8206, name: "REASON_NOT_ENTITLED", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Bạn không đủ điều kiện cho mục này. Hãy hỏi cơ quan quản lý về điều kiện, hoặc khiếu nại trước hạn.", en: "You are not entitled to this. Ask the authority about its conditions, or appeal before the date given." },
    CodeInfo { number: 8207, name: "REASON_PARTLY_TAKEN", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Cơ quan quản lý chỉ nhận một phần. Các mục còn lại vẫn chờ; hãy gửi riêng các mục đó kèm giấy tờ.", en: "The authority took a part of it. The other fields stay open; send them on their own, with evidence." },
    CodeInfo { number: 8208, name: "REASON_NEEDS_OFFICE", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Việc này phải làm trực tiếp. Hãy mang giấy tờ gốc đến cơ quan quản lý hoặc bộ phận một cửa nơi cư trú.", en: "This must be done in person. Take the originals to the authority, or to the one-stop office of your residence." },
    CodeInfo { number: 8209, name: "REASON_SUPPLEMENT_OVERDUE", kind: Kind::Rejected, privacy: Privacy::Personal, vi: "Giấy tờ bổ sung không đến đúng hạn. Hãy gửi hồ sơ mới kèm đủ giấy tờ.", en: "What was asked for did not arrive in time. Send a new change with all of it." },
    CodeInfo { number: 8220, name: "EVIDENCE_KIND", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tệp này không phải ảnh hoặc tài liệu dùng được. Hãy chụp ảnh giấy tờ, hoặc chọn tệp JPEG, PNG hay PDF.", en: "This is no picture or document that can be used. Photograph the paper, or choose a JPEG, PNG or PDF file." },
    CodeInfo { number: 8221, name: "EVIDENCE_TOO_LARGE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tệp quá lớn. Hãy chụp lại bằng máy ảnh của điện thoại, hoặc chia tài liệu PDF thành phần dưới 5 MB.", en: "The file is too large. Take the picture again with the phone's camera, or split the PDF into parts below 5 MB." },
    CodeInfo { number: 8222, name: "EVIDENCE_DAMAGED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tệp bị hỏng hoặc chưa tải hết. Hãy chụp lại, hoặc chọn bản khác của tệp.", en: "The file is damaged or incomplete. Take the picture again, or choose another copy of the file." },
    CodeInfo { number: 8223, name: "EVIDENCE_LOCKED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tài liệu PDF có mật khẩu. Hãy lưu lại không có mật khẩu, hoặc chụp ảnh từng trang.", en: "The PDF asks for a password. Save it without one, or photograph its pages." },
    CodeInfo { number: 8224, name: "EVIDENCE_ACTIVE", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Tài liệu PDF chứa mã chạy hoặc tệp khác bên trong. Hãy in lại thành PDF thường, hoặc chụp ảnh từng trang.", en: "The PDF contains scripts or other files. Print it to a plain PDF, or photograph its pages." },
    CodeInfo { number: 9001, name: "TERM_INVALID", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Thời hạn này không chọn được. Hãy chọn thời hạn trong khoảng cho phép.", en: "This term cannot be chosen. Choose one within the limits." },
    CodeInfo { number: 9002, name: "CONSENT_NOT_AS_SHOWN", kind: Kind::Invalid, privacy: Privacy::Reportable, vi: "Nội dung đồng ý khác với nội dung đã hiển thị, nên chưa ghi nhận. Hãy xem lại và đồng ý lần nữa.", en: "What was agreed to is not what was shown, so nothing was recorded. Look again and agree once more." },
    CodeInfo { number: 9003, name: "CONSENT_SENSITIVE_UNCONFIRMED", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Yêu cầu này có dữ liệu cá nhân nhạy cảm. Hãy xác nhận rằng bạn đã được báo điều đó, hoặc từ chối.", en: "This asks for sensitive personal data. Confirm that you were told so, or decline." },
    CodeInfo { number: 9004, name: "CONSENT_TEXT_CHANGED", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Nội dung xin đồng ý đã được thay bằng bản mới. Hãy đọc bản mới trước khi đồng ý.", en: "The text of this consent has been replaced by a newer one. Read the new one before you agree." },
    CodeInfo { number: 9005, name: "CONSENT_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Không tìm thấy sự đồng ý này. Hãy tải lại danh sách.", en: "This consent is not there. Load the list again." },
    CodeInfo { number: 9006, name: "CONSENT_PURPOSE_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Ứng dụng không biết mục đích này. Hãy cập nhật ứng dụng; đừng đồng ý qua đường khác.", en: "The app does not know this purpose. Update the app; do not agree in any other way." },
    CodeInfo { number: 9007, name: "RECIPIENT_INVALID", kind: Kind::Invalid, privacy: Privacy::Reportable, vi: "Thông tin bên nhận dữ liệu không hợp lệ. Hãy yêu cầu bên nhận gửi lại.", en: "Who would receive the data is not stated properly. Ask the other side to send it again." },
    CodeInfo { number: 9010, name: "DATA_REQUEST_UNKNOWN", kind: Kind::NotFound, privacy: Privacy::Expected, vi: "Không tìm thấy yêu cầu này. Hãy tải lại danh sách.", en: "This request is not there. Load the list again." },
    CodeInfo { number: 9011, name: "DATA_REQUEST_SENT", kind: Kind::Conflict, privacy: Privacy::Expected, vi: "Yêu cầu này đã gửi nên không sửa được. Hãy lập yêu cầu mới.", en: "This request was sent and cannot be changed. Write a new one." },
    CodeInfo { number: 9012, name: "DATA_REQUEST_TEXT", kind: Kind::Invalid, privacy: Privacy::Expected, vi: "Hãy viết nội dung yêu cầu, không quá 1.000 ký tự và không có ký tự ẩn.", en: "Write down what you ask for, in at most 1,000 characters and without hidden ones." },
    CodeInfo { number: 9013, name: "DATA_REQUEST_REFUSED", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Yêu cầu bị từ chối. Hãy đọc lý do; bạn có thể khiếu nại theo quy định.", en: "The request was refused. Read the reason; you may complain as the law provides." },
    CodeInfo { number: 9014, name: "LIST_FULL", kind: Kind::Rejected, privacy: Privacy::Expected, vi: "Danh sách trên điện thoại đã đầy. Hãy rút lại sự đồng ý không cần nữa hoặc bỏ bản nháp cũ, rồi kết nối mạng.", en: "The list on this phone is full. Withdraw consents or throw away drafts that you no longer need, and go online." },
];
