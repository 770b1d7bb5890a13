//! Acts that ask for more than a session (xác thực tăng cường): each is ordered, then shown for step by step, and carried out once
//! all has been shown. There is no other way to do them.
//!
//! What the citizen ordered is in the store before anything is asked, so that an app that is killed has lost nothing that was typed.
//! What was shown stays in memory only: it is forgotten when the app locks, when it has grown too old for the act, and once the act
//! went out.

mod carry;
mod order;

use std::sync::Arc;

use eid_crypto::{Passcode, PasscodeKey, random};
use eid_model::{AuthRule, Evidence, Factor, FactorKind, GuardedAct, UnixTime};
use eid_vault::Collection;

pub use order::ActOrder;
pub(crate) use order::{BIOMETRIC_KEY, BiometricRecord};
use order::{ORDERED, Ordered};

use crate::{
    EidApp, Error, LockCode, Unlocked, record::Account, session::Session, task::to_end, usecase::face::FacePicture,
};

/// What has yet to be shown before an act is carried out: for a screen to ask, in [`Self::choices`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUp {
    /// Names the order, for its answers.
    pub id: String,
    /// The act.
    pub act: GuardedAct,
    /// What it asks for, by the signed configuration.
    pub rule: AuthRule,
    /// Kinds of factors that have yet to be shown.
    pub missing: Vec<FactorKind>,
    /// What the citizen may show now, the least trouble first.
    pub choices: Vec<Choice>,
    /// Until when what was shown counts; if nothing was, until when the order stands.
    pub expires_at: UnixTime,
}

/// One way to show that it is the holder who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// [`Unlocked::answer_with_passcode`].
    Passcode,
    /// [`Unlocked::answer_with_biometrics`].
    Biometrics,
    /// [`Unlocked::answer_with_face`].
    Face,
}

/// How far an ordered act is.
#[derive(Debug, Clone)]
pub enum ActProgress {
    /// More has to be shown.
    Missing(StepUp),
    /// It is done.
    Done(ActOutcome),
}

/// What came of an act.
#[derive(Debug, Clone)]
pub enum ActOutcome {
    /// It is done.
    Done,
    /// The new lock code, for the screen: the phone does not keep it.
    LockCode(Arc<LockCode>),
    /// It was confirmed, and is sent when there is a network.
    Queued,
    /// Face or finger count from this time on.
    BiometricsCount {
        /// By the platform's clock.
        from: UnixTime,
    },
}

/// What was shown in this session, for the order that is under way; and what came of the last one.
#[derive(Debug, Default)]
pub(crate) struct Acting {
    proven: Option<Proven>,
    face_at: Option<UnixTime>,
    /// The platform did not count the finger though this phone thought that it would.
    finger_refused: bool,
    done: Option<(String, ActOutcome)>,
}

/// A passcode that was right, for one order.
#[derive(Debug)]
struct Proven {
    order: String,
    account: Account,
    key: PasscodeKey,
    at: UnixTime,
}

impl Unlocked {
    /// Orders an act. It takes the place of one that was ordered before and is not done. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Model`] for a phrase out of form, [`Error::Platform`] for a code that is not six digits, [`Error::StepNotDue`] for a
    /// code that was not asked for ([`Self::send_phone_code`]); [`Error::Record`] for a change that has errors, conflicts with the
    /// record as it is now, or was asked for until an earlier time; [`Error::Vault`], [`Error::Locked`].
    pub async fn order_act(&self, order: ActOrder) -> Result<StepUp, Error> {
        let session = self.session()?;
        if let ActOrder::SubmitUpdate { update } = &order {
            session.ready_update(update).await?;
        }
        let (mut acting, now) = (session.acting.lock().await, session.inner.now()?);
        let id: [u8; 16] = random(&*session.inner.ports.random)?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let ordered = session.vault(move |vault| Ok(order.parse(vault)?.ordered(id, now))).await?;
        let stored = ordered.clone();
        session.vault(move |vault| Ok(vault.put(Collection::Account, ORDERED, &stored)?)).await?;
        (acting.proven, acting.done) = (None, None);
        session.prompt(&acting, &ordered).await
    }

    /// The act that was ordered and is not done, also by an app that was killed since; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn pending_act(&self) -> Result<Option<StepUp>, Error> {
        let session = self.session()?;
        let acting = session.acting.lock().await;
        match session.ordered().await? {
            Some(ordered) => session.prompt(&acting, &ordered).await.map(Some),
            None => Ok(None),
        }
    }

    /// Gives an order up. Not an error if it is over already.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Locked`].
    pub async fn cancel_act(&self, id: &str) -> Result<(), Error> {
        let session = self.session()?;
        let mut acting = session.acting.lock().await;
        if session.ordered().await?.is_some_and(|ordered| ordered.id == id) {
            acting.proven = None;
            session.forget_order().await?;
        }
        Ok(())
    }

    /// Shows the passcode for an order: six ASCII digits, wiped here. It counts as a try, like any other. If nothing more is
    /// missing, the act is carried out. Runs to its end.
    ///
    /// The same answer again, after the act was done, gives what came of it, and does nothing.
    ///
    /// # Errors
    /// What [`EidApp::unlock`] gives for the passcode; [`Error::ActOver`] when the order is done, given up or replaced;
    /// [`Error::Platform`] with the platform's own refusal: the order then stands if the same may succeed later, and is over if not.
    /// [`Error::Key`], [`Error::Vault`], [`Error::Locked`].
    pub async fn answer_with_passcode(&self, id: &str, passcode: Vec<u8>) -> Result<ActProgress, Error> {
        self.answer(id, Answer::Passcode(Passcode::parse(passcode)?)).await
    }

    /// Shows face or finger to the phone, for which the phone asks; it signs this act and no other. Nothing is sent if the citizen
    /// cancels: another choice remains. An answer that comes too late gives what has to be shown anew.
    ///
    /// # Errors
    /// [`Error::BiometricsOff`] when face or finger do not count for this account; [`Error::BiometricsChanged`] when the enrolled set
    /// has changed: they count no more, and the face can be shown instead. As [`Self::answer_with_passcode`].
    pub async fn answer_with_biometrics(&self, id: &str) -> Result<ActProgress, Error> {
        self.answer(id, Answer::Biometrics).await
    }

    /// Shows the holder's face to the platform: a picture or short clip as in an activation, consumed and wiped. An answer that comes
    /// too late gives what has to be shown anew.
    ///
    /// # Errors
    /// [`Error::FaceUnusable`]; [`Error::Platform`]: not the holder's face with the tries left, or no connection. As
    /// [`Self::answer_with_passcode`].
    pub async fn answer_with_face(&self, id: &str, picture: Vec<u8>) -> Result<ActProgress, Error> {
        self.answer(id, Answer::Face(FacePicture::parse(picture)?)).await
    }

    /// Answers wait for each other, so that of two at once the second finds what the first has done.
    async fn answer(&self, id: &str, answer: Answer) -> Result<ActProgress, Error> {
        let (session, id) = (self.session()?, id.to_owned());
        to_end(async move {
            let mut acting = session.acting.lock().await;
            match session.ordered().await?.filter(|ordered| ordered.id == id) {
                Some(ordered) => session.answer(&mut acting, &ordered, answer).await,
                None => match &acting.done {
                    Some((done, outcome)) if *done == id => Ok(ActProgress::Done(outcome.clone())),
                    _ => Err(Error::ActOver),
                },
            }
        })
        .await
    }
}

/// What the citizen shows.
enum Answer {
    Passcode(Passcode),
    Biometrics,
    Face(FacePicture),
}

impl Session {
    async fn answer(
        self: &Arc<Self>,
        acting: &mut Acting,
        ordered: &Ordered,
        answer: Answer,
    ) -> Result<ActProgress, Error> {
        let passcode = match answer {
            Answer::Passcode(passcode) => passcode,
            later => {
                let step = self.prompt(acting, ordered).await?;
                return match later {
                    // Too late, or too early: the passcode comes first.
                    _ if step.missing.contains(&FactorKind::Known) => {
                        acting.proven = None;
                        Ok(ActProgress::Missing(step))
                    }
                    Answer::Face(face) => {
                        if step.choices.contains(&Choice::Face) {
                            self.show_face(acting, &face).await?;
                        }
                        self.advance(acting, ordered).await
                    }
                    _ if step.choices.contains(&Choice::Biometrics) => {
                        let finger = self.biometric_record().await?.ok_or(Error::BiometricsOff)?;
                        self.carry_out(acting, ordered, Some(finger)).await
                    }
                    _ => Err(Error::BiometricsOff),
                };
            }
        };
        let at = self.inner.now()?;
        let entrance = Arc::clone(&self.inner.entrance).lock_owned().await;
        let (account, key) = self.prove(passcode).await?;
        drop(entrance);
        acting.proven = Some(Proven { order: ordered.id.clone(), account, key, at });
        self.advance(acting, ordered).await
    }

    /// Carries the act out if nothing is missing.
    async fn advance(self: &Arc<Self>, acting: &mut Acting, ordered: &Ordered) -> Result<ActProgress, Error> {
        let step = self.prompt(acting, ordered).await?;
        if step.missing.is_empty() {
            self.carry_out(acting, ordered, None).await
        } else {
            Ok(ActProgress::Missing(step))
        }
    }

    /// What has yet to be shown. The passcode always has to: its key signs the act.
    async fn prompt(self: &Arc<Self>, acting: &Acting, ordered: &Ordered) -> Result<StepUp, Error> {
        let (now, act) = (self.inner.now()?, ordered.order.act());
        let policy = EidApp { inner: Arc::clone(&self.inner) }.auth_policy();
        let rule = policy.rule(act);
        let proven = acting.proven_at(ordered).map(|at| Evidence { factor: Factor::Passcode, at });
        let proven = proven.filter(|shown| shown.is_fresh(now, rule.max_age_s));
        let face = acting.face_at.map(|at| Evidence { factor: Factor::Face, at });
        let face = face.filter(|shown| shown.is_fresh(now, rule.max_age_s));
        let shown = [Factor::DeviceKey, Factor::Passcode].map(|factor| Evidence { factor, at: now });
        let mut lacking = policy.missing_factors(act, &[&shown[..], face.as_slice()].concat(), now);
        if ordered.order.needs_face() && face.is_none() && !lacking.contains(&FactorKind::Biometric) {
            lacking.push(FactorKind::Biometric);
        }
        let finger = self.biometric_record().await?.filter(|finger| now >= finger.usable_from);
        let finger = finger.is_some() && !acting.finger_refused && !ordered.order.needs_face();
        let choices = match (proven.is_some(), lacking.contains(&FactorKind::Biometric)) {
            (false, _) => vec![Choice::Passcode],
            (true, true) if finger => vec![Choice::Biometrics, Choice::Face],
            (true, true) => vec![Choice::Face],
            (true, false) => Vec::new(),
        };
        let missing = proven.is_none().then_some(FactorKind::Known).into_iter().chain(lacking).collect();
        let until = |shown: Evidence| later(shown.at, rule.max_age_s);
        let ends = [proven, face.filter(|_| proven.is_some())].into_iter().flatten().map(until);
        let expires_at = ends.fold(ordered.expires_at, Ord::min);
        Ok(StepUp { id: ordered.id.clone(), act, rule, missing, choices, expires_at })
    }

    /// The order that stands.
    async fn ordered(self: &Arc<Self>) -> Result<Option<Ordered>, Error> {
        let (ordered, now) =
            (self.vault(|vault| Ok(vault.find(Collection::Account, ORDERED)?)).await?, self.inner.now()?);
        match ordered {
            Some(Ordered { expires_at, .. }) if now >= expires_at => {
                self.forget_order().await?;
                Ok(None)
            }
            ordered => Ok(ordered),
        }
    }

    async fn forget_order(self: &Arc<Self>) -> Result<(), Error> {
        self.vault(|vault| Ok(vault.remove(Collection::Account, ORDERED).map(drop)?)).await
    }

    /// When the holder's face was last taken for the right one in this session; nothing while an act is being answered for.
    pub(crate) fn face_at(&self) -> Option<UnixTime> {
        self.acting.try_lock().ok().and_then(|acting| acting.face_at)
    }
}

impl Acting {
    /// When the passcode was shown for an order.
    fn proven_at(&self, ordered: &Ordered) -> Option<UnixTime> {
        self.proven.as_ref().filter(|proven| proven.order == ordered.id).map(|proven| proven.at)
    }
}

/// `time` and so many seconds, stopping at the end of the scale.
fn later(time: UnixTime, seconds: u32) -> UnixTime {
    UnixTime::from_seconds(time.seconds().saturating_add(seconds.into()))
}
