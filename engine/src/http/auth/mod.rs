//! Who a client says it is: the `Authorization` header of every request, and what happens when it is refused.

mod exchange;
mod lifetime;
mod rotation;
mod supply;
mod token_file;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use exchange::{Exchange, HttpExchange};
use reqwest::header::HeaderValue;
use rotation::{Now, Order, Rotation, Round, Step, Token};
use supply::{Supplier, suppliers};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Result};

/// Hands out credentials; one per client, shared by its polls and its stream.
pub(crate) struct Authorizer {
    state: Mutex<State>,
    exchange: Arc<dyn Exchange>,
    limit: Duration,
    origin: Instant,
}

struct State {
    rotation: Rotation,
    list: Arc<List>,
}

/// The credentials in force.
#[derive(Default)]
struct List {
    suppliers: Vec<Supplier>,
    /// One credential is obtained at a time; whoever waits shares what it comes to.
    turn: tokio::sync::Mutex<()>,
    /// Ends what is being obtained when the list is replaced.
    replaced: CancellationToken,
}

/// The credential of one request, and what the request has been through.
#[derive(Clone)]
pub(crate) struct Ticket {
    token: Option<Token>,
    round: Round,
}

impl Ticket {
    /// The value of `Authorization`, if the client has a credential.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.token.as_ref().map(|token| &token.header)
    }
}

impl Authorizer {
    #[expect(clippy::disallowed_methods, reason = "the authorizer is the clock of its rotation")]
    pub(crate) fn new(config: &Config, exchange: Arc<dyn Exchange>) -> Result<Self> {
        let rotation = Rotation::new(config.credential_grace_period);
        let authorizer = Self {
            state: Mutex::new(State { rotation, list: Arc::default() }),
            exchange,
            limit: config.request_timeout,
            origin: Instant::now(),
        };
        authorizer.replace(&config.authentication)?;
        Ok(authorizer)
    }

    /// Puts other credentials in force, beginning with the next ticket. What was being obtained is given up; the one
    /// that worked last stays as fallback for the grace period.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] for a token that cannot be sent; the credentials in force then stay.
    pub(crate) fn replace(&self, authentication: &[Authentication]) -> Result<()> {
        let suppliers = suppliers(authentication, self.limit, &self.exchange)?;
        let now = self.now();
        let mut state = self.state();
        state.rotation.replace(suppliers.iter().map(Supplier::slot), authentication.len(), now);
        let list = Arc::new(List { suppliers, ..List::default() });
        std::mem::replace(&mut state.list, list).replaced.cancel();
        Ok(())
    }

    /// The credential for a request that is about to be sent; obtains one where none is at hand.
    ///
    /// # Errors
    /// [`ErrorKind::Credential`] when none of the credentials can be obtained.
    pub(crate) async fn ticket(&self) -> Result<Ticket> {
        match self.advance(Round::default()).await? {
            Some(ticket) => Ok(ticket),
            None => Err(Error::new(ErrorKind::Credential)),
        }
    }

    /// A request with this ticket got a 401. Another ticket is to be tried; `None` means that there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Credential`] when nothing is left to try and a credential could not be obtained.
    pub(crate) async fn refused(&self, ticket: &Ticket) -> Result<Option<Ticket>> {
        let mut round = ticket.round.clone();
        match &ticket.token {
            Some(token) => self.state().rotation.refused(token, &mut round),
            None if self.state().rotation.is_empty() => return Ok(None),
            None => {}
        }
        self.advance(round).await
    }

    /// A request with this ticket was let in.
    pub(crate) fn worked(&self, ticket: &Ticket) {
        if let Some(token) = &ticket.token {
            self.state().rotation.worked(token);
        }
    }

    async fn advance(&self, mut round: Round) -> Result<Option<Ticket>> {
        loop {
            match self.step(&mut round) {
                None => return Ok(Some(Ticket { token: None, round })),
                Some(Step::Send(token)) => return Ok(Some(Ticket { token: Some(token), round })),
                Some(Step::Obtain(order)) => self.obtain(&order, &mut round).await,
                Some(Step::GiveUp) => return round.into_error().map_or(Ok(None), Err),
            }
        }
    }

    /// `None` where requests go without a credential.
    fn step(&self, round: &mut Round) -> Option<Step> {
        let now = self.now();
        let mut state = self.state();
        if state.rotation.is_empty() { None } else { Some(state.rotation.next(round, now)) }
    }

    async fn obtain(&self, order: &Order, round: &mut Round) {
        let list = Arc::clone(&self.state().list);
        let _turn = list.turn.lock().await;
        if self.state().rotation.is_settled(order, round) {
            return;
        }
        let Some(supplier) = list.suppliers.get(order.slot) else { return };
        if let Some(result) = list.replaced.run_until_cancelled(supplier.obtain(order.purpose)).await {
            let now = self.now();
            self.state().rotation.obtained(order, result, round, now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::disallowed_methods, reason = "the authorizer is the clock of its rotation")]
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { monotonic: Instant::now().saturating_duration_since(self.origin), wall }
    }
}
