use std::sync::{Arc, Mutex};

use flipt_engine::Result;
use flipt_engine::config::{CredentialFuture, CredentialReason, CredentialRequest, CredentialSource, Token};
use flipt_engine::redact::Secret;
use tokio::sync::watch;

type Script = dyn Fn(usize) -> CredentialFuture<'static> + Send + Sync;

/// A caller's credential function, which is told the number of the call, from 1. Remembers why it was called.
pub(crate) struct Asked {
    script: Box<Script>,
    reasons: Mutex<Vec<CredentialReason>>,
    calls: watch::Sender<usize>,
    dropped: Arc<watch::Sender<usize>>,
}

impl Asked {
    pub(crate) fn new(script: impl Fn(usize) -> CredentialFuture<'static> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            reasons: Mutex::default(),
            calls: watch::Sender::new(0),
            dropped: Arc::new(watch::Sender::new(0)),
        })
    }

    /// Answers at once: with each in turn, then with the last for ever.
    pub(crate) fn answering<const N: usize>(answers: [Result<&'static str>; N]) -> Arc<Self> {
        Self::new(move |call| {
            let answer = answers[call.min(N) - 1].clone().map(Secret::new);
            Box::pin(async { answer })
        })
    }

    /// Never answers.
    pub(crate) fn silent() -> Arc<Self> {
        Self::new(|_| Box::pin(std::future::pending()))
    }

    pub(crate) fn token(self: &Arc<Self>) -> Token {
        Token::Source(Arc::clone(self) as Arc<dyn CredentialSource>)
    }

    pub(crate) fn reasons(&self) -> Vec<CredentialReason> {
        self.reasons.lock().unwrap().clone()
    }

    /// Waits until it was called so often.
    pub(crate) async fn called(&self, count: usize) {
        self.calls.subscribe().wait_for(|calls| *calls >= count).await.unwrap();
    }

    /// Waits until so many calls are over, answered or given up.
    pub(crate) async fn over(&self, count: usize) {
        self.dropped.subscribe().wait_for(|dropped| *dropped >= count).await.unwrap();
    }
}

impl CredentialSource for Asked {
    fn obtain(&self, request: CredentialRequest) -> CredentialFuture<'_> {
        let call = {
            let mut reasons = self.reasons.lock().unwrap();
            reasons.push(request.reason);
            reasons.len()
        };
        let over = Over(Arc::clone(&self.dropped));
        let answer = (self.script)(call);
        self.calls.send_replace(call);
        Box::pin(async move {
            let _over = over;
            answer.await
        })
    }
}

struct Over(Arc<watch::Sender<usize>>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

pub(crate) fn fixed(text: &str) -> Token {
    Token::Fixed(Secret::new(text))
}
