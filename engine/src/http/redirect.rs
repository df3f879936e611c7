use std::fmt;

use reqwest::Url;
use reqwest::redirect::{Attempt, Policy};

const LIMIT: usize = 5;

/// A redirect that is not followed.
#[derive(Debug)]
pub(super) struct RedirectRefused;

impl fmt::Display for RedirectRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the redirect was refused")
    }
}

impl std::error::Error for RedirectRefused {}

/// Follows a few redirects inside the origin of the first request, so that credentials never leave it.
pub(super) fn same_origin() -> Policy {
    Policy::custom(|attempt: Attempt<'_>| {
        let stays = attempt.previous().first().is_some_and(|first| permitted(first, attempt.url()));
        if stays && attempt.previous().len() <= LIMIT { attempt.follow() } else { attempt.error(RedirectRefused) }
    })
}

fn permitted(from: &Url, to: &Url) -> bool {
    from.origin() == to.origin() && to.username().is_empty() && to.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_origin_is_permitted() {
        let from = Url::parse("https://flags.example/base").unwrap();
        for (to, expected) in [
            ("https://flags.example/other", true),
            ("https://flags.example:443/other?x=1", true),
            ("https://FLAGS.example/", true),
            ("http://flags.example/base", false),
            ("https://flags.example:8443/base", false),
            ("https://example/base", false),
            ("https://evil.flags.example/base", false),
            ("https://name@flags.example/base", false),
            ("https://:word@flags.example/base", false),
        ] {
            assert_eq!(permitted(&from, &Url::parse(to).unwrap()), expected, "{to}");
        }
    }
}
