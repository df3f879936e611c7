use std::sync::Arc;

use crate::config::{Config, FetchMode};
use crate::error::Result;
use crate::http::{Fetch, HttpFetch, Limiter};
use crate::source::{FileFetch, Files};
use crate::status::Source;
use crate::sync::{Poller, Sources, Streamer};

/// Messages name this instead of a host when the caller fetches.
const CALLERS_FETCH: &str = "the fetcher";

/// The same for feature files.
const FEATURE_FILES: &str = "the feature files";

/// Where flag state comes from: feature files, the caller's own fetch function, or the server.
pub(super) fn of(config: &Config, fetch: Option<Arc<dyn Fetch>>, files: Option<Arc<Files>>) -> Result<Sources> {
    let limiter = Limiter::new();
    if let Some(fetch) = fetch {
        config.refuse_streaming()?;
        let poller = Arc::new(Poller::new(config, fetch, CALLERS_FETCH));
        return Ok(Sources { poller, limiter, http: None, streamer: None, origin: Source::Server });
    }
    if let Some(files) = files {
        let poller = Arc::new(Poller::new(config, Arc::new(FileFetch(files)), FEATURE_FILES));
        return Ok(Sources { poller, limiter, http: None, streamer: None, origin: Source::File });
    }
    let http = Arc::new(HttpFetch::new(config)?);
    let place = http.place().to_owned();
    let streams = config.fetch_mode == FetchMode::Streaming;
    let streamer = streams.then(|| Arc::new(Streamer::new(config, Arc::clone(&http), Arc::clone(&limiter))));
    let poller = Arc::new(Poller::new(config, Arc::clone(&http) as Arc<dyn Fetch>, &place));
    Ok(Sources { poller, limiter, http: Some(http), streamer, origin: Source::Server })
}
