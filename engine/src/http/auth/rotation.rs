//! Which credential a request is sent with, as a pure state machine: time is an argument, credentials are obtained by
//! whoever drives it.
//!
//! Each credential of the list is a slot. A slot holds one token, or none until it was asked for the first time. A
//! request visits the slots in order, beginning with the one that worked last, until one of its tokens is let in:
//!
//! | the slot's token | and the slot | then |
//! |---|---|---|
//! | none yet | can be asked | ask: initial |
//! | refused in this request | can be asked, and was not asked about this token before | ask: unauthorized |
//! | refused in this request | otherwise | next slot |
//! | refused in an earlier request | can be asked | ask: unauthorized |
//! | expires soon, or has | can be asked | ask: expiring |
//! | any | is a file that was not looked at for a second | look at it |
//! | any other | | send |
//!
//! A request asks a slot once at most before it sends its token, and once because of a 401; a slot that was asked in
//! vain is left with the token that it has. After the last slot comes the fallback: the token that worked before it
//! was replaced, for the grace period. When that is refused too, the request fails, and the next one begins with the
//! first slot that can be asked. No request sends the same token twice.

use std::time::Duration;

use reqwest::header::HeaderValue;

use super::lifetime::Lifetime;
use crate::error::{Error, Result};

/// The shortest time between two looks at a file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Now {
    /// Since any fixed moment; may stand still while the machine sleeps.
    pub(super) monotonic: Duration,
    /// Since 1970; may jump.
    pub(super) wall: Duration,
}

/// Whether a slot can come to another token than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It has one for ever.
    Never,
    /// It can be asked.
    Asked,
    /// It can be asked, and tells at little cost whether it has something new.
    Watched,
}

/// Why a slot is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Initial,
    Unauthorized,
    Expiring,
    /// To see whether it has something new.
    Look,
}

/// What asking a slot came to.
#[derive(Debug)]
pub(super) enum Obtained {
    /// A token, new or not, and when it expires: since 1970, or never.
    Token { header: HeaderValue, expires: Option<Duration> },
    /// The one that it has is still the right one.
    Same,
    /// The server gives none for what the slot has to offer.
    Refused,
}

/// What is to be done for a request.
#[derive(Debug)]
pub(super) enum Step {
    /// Send it with this token.
    Send(Token),
    /// Ask a slot, report what that came to, and take the next step.
    Obtain(Order),
    /// Nothing is left to try.
    GiveUp,
}

/// One of several things to send.
#[derive(Debug, Clone)]
pub(super) struct Token {
    generation: u64,
    pub(super) header: HeaderValue,
    lifetime: Option<Lifetime>,
    proven: bool,
}

/// A slot that is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) slot: usize,
    pub(super) purpose: Purpose,
    epoch: u64,
    turn: u64,
}

/// What one request has been through.
#[derive(Debug, Clone, Default)]
pub(super) struct Round {
    epoch: u64,
    refused: Vec<HeaderValue>,
    /// The slots that were asked, and those that were asked because of a 401.
    asked: Vec<usize>,
    renewed: Vec<usize>,
    /// The slot that was asked in vain last, and why.
    failure: Option<(usize, Error)>,
}

impl Round {
    fn may_ask(&self, slot: usize, purpose: Purpose) -> bool {
        let asked_before = purpose != Purpose::Unauthorized && self.asked.contains(&slot);
        !asked_before && !self.renewed.contains(&slot)
    }

    fn note(&mut self, order: &Order, failure: Option<&Error>) {
        let slots = if order.purpose == Purpose::Unauthorized { &mut self.renewed } else { &mut self.asked };
        slots.push(order.slot);
        if let Some(error) = failure {
            self.failure = Some((order.slot, error.clone()));
        } else if self.failure.as_ref().is_some_and(|(slot, _)| *slot == order.slot) {
            self.failure = None;
        }
    }

    /// Why a slot that was asked gave nothing; the last one if there were several.
    pub(super) fn into_error(self) -> Option<Error> {
        self.failure.map(|(_, error)| error)
    }
}

#[derive(Debug)]
struct Slot {
    renewal: Renewal,
    token: Option<Token>,
    /// Whether the token was refused since it worked last.
    refused: bool,
    /// The token about which the slot was asked in vain.
    barren: Option<u64>,
    /// How often it was asked, and what the last time failed with.
    turn: u64,
    failure: Option<Error>,
    looked: Duration,
}

#[derive(Debug)]
struct Fallback {
    token: Token,
    until: Duration,
}

#[derive(Debug)]
pub(super) struct Rotation {
    slots: Vec<Slot>,
    first: usize,
    fallback: Option<Fallback>,
    most_sends: usize,
    grace: Duration,
    epoch: u64,
    generations: u64,
}

impl Rotation {
    pub(super) fn new(grace: Duration) -> Self {
        Self { slots: Vec::new(), first: 0, fallback: None, most_sends: 1, grace, epoch: 0, generations: 0 }
    }

    /// Puts a list of slots in force, with the tokens of those that never change; the one that worked last becomes the
    /// fallback. `credentials` is what their number is for the user.
    pub(super) fn replace(
        &mut self,
        slots: impl IntoIterator<Item = (Renewal, Option<HeaderValue>)>,
        credentials: usize,
        now: Now,
    ) {
        let last = self.slots.get(self.first).and_then(|slot| slot.token.clone());
        self.retire(last, now);
        self.epoch += 1;
        self.first = 0;
        self.most_sends = 2 * credentials + 1;
        self.slots = Vec::new();
        for (renewal, header) in slots {
            let token = header.map(|header| self.token(header, None, now));
            self.slots.push(Slot {
                renewal,
                token,
                refused: false,
                barren: None,
                turn: 0,
                failure: None,
                looked: now.monotonic,
            });
        }
        if self.slots.is_empty() {
            self.fallback = None;
        }
    }

    /// Whether requests are to be sent without a credential.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn next(&mut self, round: &mut Round, now: Now) -> Step {
        if round.epoch != self.epoch {
            let refused = std::mem::take(&mut round.refused);
            *round = Round { epoch: self.epoch, refused, ..Round::default() };
        }
        if round.refused.len() < self.most_sends {
            let count = self.slots.len();
            let mut order = (0..count).map(|offset| (self.first + offset) % count);
            if let Some(step) = order.find_map(|slot| self.visit(slot, round, now)) {
                return step;
            }
            let fallback = self.fallback.as_ref().filter(|fallback| now.monotonic < fallback.until);
            if let Some(Fallback { token, .. }) = fallback.filter(|it| !round.refused.contains(&it.token.header)) {
                return Step::Send(token.clone());
            }
        }
        self.first = self.slots.iter().position(|slot| slot.renewal != Renewal::Never).unwrap_or(0);
        Step::GiveUp
    }

    fn visit(&self, index: usize, round: &Round, now: Now) -> Option<Step> {
        let slot = &self.slots[index];
        let purpose = slot.purpose(round, now).filter(|purpose| round.may_ask(index, *purpose));
        match (purpose, &slot.token) {
            (Some(purpose), _) => {
                Some(Step::Obtain(Order { slot: index, purpose, epoch: self.epoch, turn: slot.turn }))
            }
            (None, Some(token)) if !round.refused.contains(&token.header) => Some(Step::Send(token.clone())),
            _ => None,
        }
    }

    /// Whether someone else has carried out an order meanwhile; what it came to then counts for this request too.
    pub(super) fn is_settled(&self, order: &Order, round: &mut Round) -> bool {
        if order.epoch != self.epoch {
            return true;
        }
        let slot = &self.slots[order.slot];
        let settled = slot.turn != order.turn;
        if settled {
            round.note(order, slot.failure.as_ref());
        }
        settled
    }

    /// An order was carried out.
    pub(super) fn obtained(&mut self, order: &Order, result: Result<Obtained>, round: &mut Round, now: Now) {
        round.note(order, result.as_ref().err());
        if order.epoch != self.epoch {
            return;
        }
        let slot = &mut self.slots[order.slot];
        slot.turn += 1;
        slot.looked = now.monotonic;
        slot.failure = None;
        match result {
            Ok(Obtained::Token { header, expires }) if !slot.has(&header) => {
                let replaced = slot.token.take();
                slot.refused = false;
                slot.barren = None;
                self.retire(replaced, now);
                self.slots[order.slot].token = Some(self.token(header, expires, now));
                return;
            }
            Ok(_) => {}
            Err(error) => slot.failure = Some(error),
        }
        match (order.purpose, &mut slot.token) {
            (Purpose::Unauthorized, Some(token)) => slot.barren = Some(token.generation),
            (Purpose::Expiring, Some(Token { lifetime: Some(lifetime), .. })) => lifetime.postpone(now),
            _ => {}
        }
    }

    /// A request with this token was let in.
    pub(super) fn worked(&mut self, token: &Token) {
        let holds = |slot: &Slot| slot.token.as_ref().is_some_and(|held| held.generation == token.generation);
        if let Some(index) = self.slots.iter().position(holds) {
            let slot = &mut self.slots[index];
            slot.refused = false;
            slot.barren = None;
            if let Some(token) = &mut slot.token {
                token.proven = true;
            }
            self.first = index;
        }
    }

    /// A request with this token got a 401.
    pub(super) fn refused(&mut self, token: &Token, round: &mut Round) {
        round.refused.push(token.header.clone());
        for slot in &mut self.slots {
            if slot.token.as_ref().is_some_and(|held| held.generation == token.generation) {
                slot.refused = true;
            }
        }
        if self.fallback.as_ref().is_some_and(|fallback| fallback.token.generation == token.generation) {
            self.fallback = None;
        }
    }

    /// Keeps a token that worked as fallback for what comes in its place.
    fn retire(&mut self, token: Option<Token>, now: Now) {
        if let Some(token) = token.filter(|token| token.proven) {
            self.fallback = Some(Fallback { token, until: now.monotonic + self.grace });
        }
    }

    fn token(&mut self, header: HeaderValue, expires: Option<Duration>, now: Now) -> Token {
        self.generations += 1;
        let lifetime = expires.and_then(|expires| Lifetime::new(expires, now));
        Token { generation: self.generations, header, lifetime, proven: false }
    }
}

impl Slot {
    /// Why the slot should be asked, if it can be.
    fn purpose(&self, round: &Round, now: Now) -> Option<Purpose> {
        if self.renewal == Renewal::Never {
            return None;
        }
        let Some(token) = &self.token else { return Some(Purpose::Initial) };
        if round.refused.contains(&token.header) {
            (self.barren != Some(token.generation)).then_some(Purpose::Unauthorized)
        } else if self.refused {
            Some(Purpose::Unauthorized)
        } else if token.lifetime.as_ref().is_some_and(|lifetime| lifetime.is_due(now)) {
            Some(Purpose::Expiring)
        } else {
            let looks = self.renewal == Renewal::Watched && now.monotonic >= self.looked + LOOK_EVERY;
            looks.then_some(Purpose::Look)
        }
    }

    fn has(&self, header: &HeaderValue) -> bool {
        self.token.as_ref().is_some_and(|token| token.header == *header)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::Renewal::{Asked, Never, Watched};
    use super::*;
    use crate::error::ErrorKind;

    const GRACE: u64 = 300;

    /// What a slot answers the next time that it is asked; the last answer stands.
    type Answers = VecDeque<Result<Obtained>>;

    /// A rotation with what surrounds it: a clock, slots that answer and a server that lets some tokens in.
    struct World {
        rotation: Rotation,
        answers: Vec<Answers>,
        accepted: Vec<&'static str>,
        seconds: f64,
        log: Vec<String>,
    }

    fn world(slots: &[(Renewal, &'static str)]) -> World {
        let rotation = Rotation::new(Duration::from_secs(GRACE));
        let mut world = World { rotation, answers: Vec::new(), accepted: Vec::new(), seconds: 0.0, log: Vec::new() };
        world.replace(slots);
        world
    }

    /// Without an expiry, or with one as in `a@90`.
    fn answer(text: &str) -> Result<Obtained> {
        match text {
            "same" => Ok(Obtained::Same),
            "none" => Ok(Obtained::Refused),
            "error" => Err(ErrorKind::Credential.into()),
            _ => {
                let (text, expires) = text.split_once('@').map_or((text, None), |(text, at)| (text, at.parse().ok()));
                let header = HeaderValue::from_str(text).unwrap();
                Ok(Obtained::Token { header, expires: expires.map(Duration::from_secs_f64) })
            }
        }
    }

    impl World {
        fn now(&self) -> Now {
            let since = Duration::from_secs_f64(self.seconds);
            Now { monotonic: since, wall: since }
        }

        /// Slots with their tokens, or with the first of their answers.
        fn replace(&mut self, slots: &[(Renewal, &'static str)]) {
            let fixed = |(renewal, text): &(Renewal, &'static str)| {
                (*renewal, (*renewal == Never).then(|| HeaderValue::from_static(text)))
            };
            let now = self.now();
            self.rotation.replace(slots.iter().map(fixed), slots.len(), now);
            self.answers = slots.iter().map(|(_, text)| text.split(' ').map(answer).collect()).collect();
        }

        fn accept(&mut self, tokens: &str) -> &mut Self {
            self.accepted = tokens.split(' ').map(|token| &*token.to_owned().leak()).collect();
            self
        }

        fn at(&mut self, seconds: f64) -> &mut Self {
            self.seconds = seconds;
            self
        }

        fn ask(&mut self, order: &Order, round: &mut Round) {
            self.log.push(format!("{:?} {}", order.purpose, order.slot).to_lowercase());
            let answers = &mut self.answers[order.slot];
            let last = answers.len() == 1;
            let result = if last { copy(&answers[0]) } else { answers.pop_front().unwrap() };
            let now = self.now();
            self.rotation.obtained(order, result, round, now);
        }

        fn send(&mut self, token: &Token, round: &mut Round) -> bool {
            let text = token.header.to_str().unwrap();
            self.log.push(text.to_owned());
            let accepted = self.accepted.contains(&text);
            if accepted {
                self.rotation.worked(token)
            } else {
                self.rotation.refused(token, round)
            }
            accepted
        }

        /// One request from its beginning to its end, as it went.
        fn request(&mut self) -> String {
            self.log.clear();
            let mut round = Round::default();
            loop {
                let now = self.now();
                match self.rotation.next(&mut round, now) {
                    Step::Send(token) => {
                        if self.send(&token, &mut round) {
                            self.log.push("ok".to_owned());
                            break;
                        }
                    }
                    Step::Obtain(order) => self.ask(&order, &mut round),
                    Step::GiveUp => {
                        self.log.push(if round.into_error().is_some() { "error" } else { "401" }.to_owned());
                        break;
                    }
                }
            }
            self.log.join(", ")
        }
    }

    fn copy(answer: &Result<Obtained>) -> Result<Obtained> {
        match answer {
            Ok(Obtained::Token { header, expires }) => {
                Ok(Obtained::Token { header: header.clone(), expires: *expires })
            }
            Ok(Obtained::Same) => Ok(Obtained::Same),
            Ok(Obtained::Refused) => Ok(Obtained::Refused),
            Err(error) => Err(error.clone()),
        }
    }

    #[test]
    fn every_path_of_a_single_request() {
        for (slots, accepted, expected) in [
            (&[(Never, "a")][..], "a", "a, ok"),
            (&[(Never, "a")], "", "a, 401"),
            (&[(Asked, "a")], "a", "initial 0, a, ok"),
            (&[(Asked, "a b")], "b", "initial 0, a, unauthorized 0, b, ok"),
            (&[(Asked, "a b")], "c", "initial 0, a, unauthorized 0, b, 401"),
            (&[(Asked, "a a")], "b", "initial 0, a, unauthorized 0, 401"),
            (&[(Asked, "a error")], "b", "initial 0, a, unauthorized 0, error"),
            (&[(Asked, "error")], "b", "initial 0, error"),
            (&[(Never, "a"), (Never, "b")], "b", "a, b, ok"),
            (&[(Never, "a"), (Never, "a"), (Never, "b")], "b", "a, b, ok"),
            (&[(Never, "a"), (Never, "b")], "", "a, b, 401"),
            (&[(Asked, "error"), (Never, "b")], "b", "initial 0, b, ok"),
            (&[(Asked, "error"), (Never, "b")], "", "initial 0, b, error"),
            (&[(Asked, "a error"), (Never, "b")], "b", "initial 0, a, unauthorized 0, b, ok"),
            (
                &[(Asked, "a b"), (Asked, "c d")],
                "d",
                "initial 0, a, unauthorized 0, b, initial 1, c, unauthorized 1, d, ok",
            ),
            (&[(Watched, "a same"), (Asked, "b")], "b", "initial 0, a, unauthorized 0, initial 1, b, ok"),
            (&[(Watched, "a same"), (Asked, "none")], "b", "initial 0, a, unauthorized 0, initial 1, 401"),
            (&[(Watched, "a same"), (Asked, "error")], "b", "initial 0, a, unauthorized 0, initial 1, error"),
        ] {
            assert_eq!(world(slots).accept(accepted).request(), expected, "{slots:?} {accepted}");
        }
    }

    #[test]
    fn an_answer_is_kept_and_the_slot_that_worked_comes_first() {
        let mut world = world(&[(Never, "a"), (Asked, "b c"), (Never, "d")]);
        assert_eq!(world.accept("b").request(), "a, initial 1, b, ok");
        assert_eq!(world.request(), "b, ok");
        assert_eq!(world.accept("c").request(), "b, unauthorized 1, c, ok");
        assert_eq!(world.accept("d").request(), "c, unauthorized 1, d, ok");
        assert_eq!(world.accept("a").request(), "d, a, ok");
        assert_eq!(world.request(), "a, ok");
    }

    #[test]
    fn after_a_failure_the_next_request_begins_with_what_may_have_changed() {
        let mut world = world(&[(Never, "a"), (Asked, "b c d e")]);
        assert_eq!(world.accept("").request(), "a, initial 1, b, unauthorized 1, c, 401");
        assert_eq!(world.request(), "unauthorized 1, d, a, 401");
        assert_eq!(world.accept("e").request(), "unauthorized 1, e, ok");
        assert_eq!(world.request(), "e, ok");
    }

    #[test]
    fn a_refused_token_is_asked_about_once_a_request_and_sent_again_while_there_is_no_other() {
        let mut world = world(&[(Asked, "a error")]);
        assert_eq!(world.accept("a").request(), "initial 0, a, ok");
        assert_eq!(world.accept("").request(), "a, unauthorized 0, error");
        assert_eq!(world.request(), "unauthorized 0, a, error");
        assert_eq!(world.request(), "unauthorized 0, a, error");
        assert_eq!(world.accept("a").request(), "unauthorized 0, a, ok");
        assert_eq!(world.request(), "a, ok");
        assert_eq!(world.accept("").request(), "a, unauthorized 0, error", "asked anew since it worked");
    }

    #[test]
    fn the_old_token_is_the_fallback_until_its_grace_is_over() {
        let mut world = world(&[(Never, "old")]);
        assert_eq!(world.accept("old").request(), "old, ok");
        world.at(100.0).replace(&[(Never, "new"), (Never, "newer")]);
        assert_eq!(world.request(), "new, newer, old, ok");
        assert_eq!(world.at(399.0).request(), "new, newer, old, ok");
        assert_eq!(world.at(400.0).request(), "new, newer, 401");
        assert_eq!(world.accept("newer").request(), "new, newer, ok");
        assert_eq!(world.request(), "newer, ok");
    }

    #[test]
    fn a_token_that_never_worked_is_no_fallback() {
        let mut world = world(&[(Never, "a")]);
        assert_eq!(world.accept("b").request(), "a, 401");
        world.replace(&[(Never, "c")]);
        assert_eq!(world.request(), "c, 401");
        world.accept("a").replace(&[(Never, "d")]);
        assert_eq!(world.request(), "d, 401");
    }

    #[test]
    fn the_fallback_outlives_a_successor_that_worked_on_another_server() {
        let mut world = world(&[(Never, "old")]);
        assert_eq!(world.accept("old").request(), "old, ok");
        world.replace(&[(Never, "new")]);
        assert_eq!(world.accept("new").request(), "new, ok");
        assert_eq!(world.accept("old").request(), "new, old, ok");
        assert_eq!(world.accept("").request(), "new, old, 401");
        assert_eq!(world.request(), "new, 401", "a fallback that was refused is none any more");
    }

    #[test]
    fn a_renewed_token_that_is_refused_falls_back_on_the_one_before() {
        let mut world = world(&[(Asked, "a@100 b@200 b@200")]);
        assert_eq!(world.accept("a").request(), "initial 0, a, ok");
        assert_eq!(world.at(89.0).request(), "a, ok");
        assert_eq!(world.at(90.0).request(), "expiring 0, b, unauthorized 0, a, ok");
        assert_eq!(world.accept("a b").at(91.0).request(), "unauthorized 0, b, ok");
        assert_eq!(world.request(), "b, ok");
    }

    #[test]
    fn a_token_stays_in_use_while_its_renewal_fails() {
        let mut world = world(&[(Asked, "a@1000 error")]);
        assert_eq!(world.accept("a").request(), "initial 0, a, ok");
        for (at, expected) in [
            (939.0, "a, ok"),
            (940.0, "expiring 0, a, ok"),
            (969.0, "a, ok"),
            (970.0, "expiring 0, a, ok"),
            (984.0, "a, ok"),
            (985.0, "expiring 0, a, ok"),
            (1001.0, "expiring 0, a, ok"),
        ] {
            assert_eq!(world.at(at).request(), expected, "{at}");
        }
    }

    #[test]
    fn an_expired_token_is_renewed_before_it_is_sent() {
        let mut world = world(&[(Asked, "a@100 b@1000")]);
        assert_eq!(world.accept("a b").request(), "initial 0, a, ok");
        assert_eq!(world.at(500.0).request(), "expiring 0, b, ok");
        assert_eq!(world.request(), "b, ok");
    }

    #[test]
    fn a_file_is_looked_at_once_a_second_at_most() {
        let mut world = world(&[(Watched, "a same b same")]);
        assert_eq!(world.accept("a b").request(), "initial 0, a, ok");
        assert_eq!(world.at(0.9).request(), "a, ok");
        assert_eq!(world.at(1.0).request(), "look 0, a, ok");
        assert_eq!(world.at(1.9).request(), "a, ok");
        assert_eq!(world.at(2.0).request(), "look 0, b, ok");
        assert_eq!(world.at(3.0).request(), "look 0, b, ok");
    }

    #[test]
    fn the_way_that_worked_is_remembered() {
        let mut world = world(&[(Watched, "jwt same"), (Asked, "x@1000 y@2000 z")]);
        assert_eq!(world.accept("x y z").request(), "initial 0, jwt, unauthorized 0, initial 1, x, ok");
        assert_eq!(world.at(500.0).request(), "x, ok");
        assert_eq!(world.at(940.0).request(), "expiring 1, y, ok");
        assert_eq!(world.accept("z").request(), "y, unauthorized 1, z, ok");
        assert_eq!(world.accept("jwt").request(), "z, unauthorized 1, unauthorized 0, jwt, ok");
        assert_eq!(world.request(), "jwt, ok");
    }

    #[test]
    fn one_refresh_is_shared_by_all_who_wait_for_it() {
        for (answers, expected) in [("a b", "b"), ("a error", "error")] {
            let mut world = world(&[(Asked, answers)]);
            world.accept("a").request();
            let now = world.now();
            let mut rounds = [Round::default(), Round::default()];
            let tokens = rounds.each_mut().map(|round| match world.rotation.next(round, now) {
                Step::Send(token) => token,
                other => panic!("{other:?}"),
            });
            let mut orders = Vec::new();
            for (round, token) in rounds.iter_mut().zip(&tokens) {
                world.rotation.refused(token, round);
                let Step::Obtain(order) = world.rotation.next(round, now) else { panic!("{answers}") };
                assert!(!world.rotation.is_settled(&order, round));
                orders.push(order);
            }
            let [first, second] = &mut rounds;
            world.ask(&orders[0], first);
            assert!(world.rotation.is_settled(&orders[1], second));
            for mut round in rounds {
                let outcome = match world.rotation.next(&mut round, now) {
                    Step::Send(token) => token.header.to_str().unwrap().to_owned(),
                    Step::GiveUp if round.into_error().is_some() => "error".to_owned(),
                    other => panic!("{other:?}"),
                };
                assert_eq!(outcome, expected);
            }
        }
    }

    #[test]
    fn a_401_that_comes_late_finds_the_refresh_done() {
        for (answers, expected) in [("a b", true), ("a error", false)] {
            let mut world = world(&[(Asked, answers)]);
            world.accept("a").request();
            let now = world.now();
            let mut late = Round::default();
            let Step::Send(token) = world.rotation.next(&mut late, now) else { panic!("{answers}") };
            world.accept("b").request();
            world.rotation.refused(&token, &mut late);
            match world.rotation.next(&mut late, now) {
                Step::Send(token) => assert!(expected && token.header == "b"),
                Step::GiveUp => assert!(!expected),
                Step::Obtain(order) => panic!("{order:?}"),
            }
        }
    }

    #[test]
    fn a_list_that_is_replaced_on_the_way_is_begun_anew() {
        let mut world = world(&[(Asked, "a b")]);
        let now = world.now();
        let mut round = Round::default();
        let Step::Obtain(order) = world.rotation.next(&mut round, now) else { panic!("asks first") };
        world.replace(&[(Never, "c"), (Asked, "d")]);
        world.rotation.obtained(&order, answer("a"), &mut round, now);
        assert!(world.rotation.is_settled(&order, &mut round));
        let Step::Send(token) = world.rotation.next(&mut round, now) else { panic!("sends the new one") };
        assert_eq!(token.header, "c");
        world.replace(&[(Never, "c"), (Never, "e")]);
        world.rotation.refused(&token, &mut round);
        let Step::Send(token) = world.rotation.next(&mut round, now) else { panic!("sends the next one") };
        assert_eq!(token.header, "e", "what was refused under the old list is not sent again");
    }

    #[test]
    fn no_credentials_no_fallback() {
        let mut world = world(&[(Never, "a")]);
        world.accept("a").request();
        world.replace(&[]);
        assert!(world.rotation.is_empty());
        assert_eq!(world.request(), "401");
    }

    const TOKENS: [&str; 4] = ["a@20", "b@40", "c", "d@1000"];

    fn any_slot() -> impl Strategy<Value = (Renewal, Vec<&'static str>)> {
        let texts = proptest::sample::select(vec!["a@20", "b@40", "c", "d@1000", "same", "none", "error"]);
        let renewals = proptest::sample::select(vec![Never, Asked, Watched]);
        (renewals, proptest::collection::vec(texts, 1..6))
    }

    proptest! {
        #[test]
        fn no_request_does_more_than_its_share(
            slots in proptest::collection::vec(any_slot(), 1..4),
            requests in proptest::collection::vec((0.0..30.0, proptest::sample::subsequence(&TOKENS[..], 0..4)), 1..20),
        ) {
            let slots: Vec<(Renewal, &'static str)> = slots
                .into_iter()
                .map(|(renewal, texts)| match renewal {
                    Never => (Never, "fixed"),
                    _ => (renewal, &*texts.join(" ").leak()),
                })
                .collect();
            let mut world = world(&slots);
            for (wait, accepted) in requests {
                world.seconds += wait;
                world.accepted = accepted.iter().map(|text| text.split('@').next().unwrap_or_default()).collect();
                let went = world.request();
                let steps: Vec<&str> = went.split(", ").collect();
                let asks: Vec<&&str> = steps.iter().filter(|step| step.contains(' ')).collect();
                let sends: Vec<&&str> = steps[..steps.len() - 1].iter().filter(|step| !step.contains(' ')).collect();
                prop_assert!(sends.len() <= 2 * slots.len() + 1, "{went}");
                for (index, sent) in sends.iter().enumerate() {
                    prop_assert!(!sends[..index].contains(sent), "{went}");
                }
                for slot in 0..slots.len() {
                    let of_slot = asks.iter().filter(|ask| ask.ends_with(&slot.to_string())).count();
                    prop_assert!(of_slot <= 2, "{went}");
                    let renewed = asks.iter().filter(|ask| ***ask == format!("unauthorized {slot}")).count();
                    prop_assert!(renewed <= 1, "{went}");
                }
            }
        }
    }
}
