//! Panics: contained, told in one line that repeats nothing, survived.

use std::sync::Arc;

use flipt_engine::Client;
use flipt_engine::client::{Event, LogLevel, Observer};
use serde_json::json;

use crate::support::{Lines, Reply, Scripted, Server, answer, body, config, guarded, is_on, status};

#[tokio::test]
async fn a_panicking_fetch_is_told_and_the_task_goes_on() {
    guarded(async {
        let fetch = Scripted::new(|call, _| {
            assert!(call != 2, "s3cret payload");
            Box::pin(async move {
                assert!(call != 3, "s3cret payload");
                Ok(answer(body(&format!("d{call}"), &[("first", call == 1)])))
            })
        });
        let lines = Lines::new();
        let observer = Arc::clone(&lines) as Arc<dyn Observer>;
        let options = config("http://unused", json!({ "updateInterval": 0.05 }));
        let client = Client::start(options, Some(fetch.clone()), Some(observer)).unwrap();
        client.ready().await.unwrap();
        status(&client, |status| status.digest.as_deref() == Some("d4")).await;
        assert!(!is_on(&client, "first").unwrap());
        let told = lines.of(LogLevel::Error);
        assert_eq!(told.len(), 2, "{told:?}");
        for line in told {
            let place = "the background task broke and starts again: internal error: containment.rs:";
            assert!(line.starts_with(place), "{line}");
        }
        assert!(!format!("{:?}", lines.all()).contains("s3cret"));
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_a_panicking_fetch_is_told() {
    guarded(async {
        let fetch = Scripted::new(|call, _| {
            assert!(call > 2, "broken");
            Box::pin(async { Ok(answer(body("d", &[("first", true)]))) })
        });
        let client = Client::start(config("http://unused", json!({})), Some(fetch.clone()), None).unwrap();
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_INTERNAL_PANIC");
        assert_eq!(client.refresh().await.unwrap_err().code(), "FLIPT_INTERNAL_PANIC");
        assert!(client.refresh().await.unwrap());
        assert!(is_on(&client, "first").unwrap());
        assert_eq!(fetch.count(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_panicking_observer_disturbs_nothing() {
    struct Broken;
    impl Observer for Broken {
        fn event(&self, _event: Event) {
            panic!("observer");
        }
    }
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(503), Reply::status(503)]);
        let client = Client::start(config(&server.url(), json!({})), None, Some(Arc::new(Broken))).unwrap();
        client.ready().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
        client.close().await;
    })
    .await;
}
