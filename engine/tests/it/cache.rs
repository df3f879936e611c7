//! The last good flag state on disk: what a start makes of it, and what troubles with it do not do.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flipt_engine::Client;
use flipt_engine::client::{LogLevel, Source};
use serde_json::{Value, json};

use crate::support::{Folder, Lines, Reply, Server, body, config, guarded, is_on, status};

fn start(url: &str, path: &Path, more: Value) -> (Client, Arc<Lines>) {
    let lines = Lines::new();
    let mut options = json!({ "cache": { "path": path } });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let client = Client::start(config(url, options), None, Some(Arc::clone(&lines) as _)).unwrap();
    (client, lines)
}

/// Leaves a file with what a server serves.
async fn saved(server: &Server, path: &Path) {
    let (client, _) = start(&server.url(), path, json!({}));
    client.ready().await.unwrap();
    client.close().await;
    // A close waits a moment for the write and no longer.
    while !path.exists() {
        tokio::task::yield_now().await;
    }
}

fn warnings(lines: &Lines, word: &str) -> Vec<String> {
    lines.of(LogLevel::Warn).into_iter().filter(|line| line.contains(word)).collect()
}

#[tokio::test]
async fn a_start_without_a_server_is_ready_at_once() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        server.always(Reply::never());
        let (client, _) = start(&server.url(), &path, json!({ "initTimeoutMs": 3_600_000 }));
        client.ready().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
        let status = client.status();
        assert_eq!((status.source, status.stale), (Source::Cache, true));
        assert_eq!((status.digest.as_deref(), status.flag_count), (Some("d1"), 1));
        assert_eq!(status.last_success_at, None);
    })
    .await;
}

#[tokio::test]
async fn a_first_fetch_that_fails_ends_no_start_from_the_cache() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        server.always(Reply::status(401));
        let (client, _) = start(&server.url(), &path, json!({}));
        let failed = status(&client, |status| status.last_error.is_some()).await;
        assert_eq!((failed.source, failed.stale), (Source::Cache, true));
        client.ready().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_first_fetch_asks_for_what_is_newer() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        let (client, _) = start(&server.url(), &path, json!({}));
        let confirmed = status(&client, |status| status.last_success_at.is_some()).await;
        assert_eq!(server.requests()[1].header("if-none-match"), Some("d1"));
        assert_eq!((confirmed.source, confirmed.stale), (Source::Cache, false));
        assert!(is_on(&client, "first").unwrap());
        client.close().await;

        server.serve(Some("d2"), body("d2", &[("first", false)]));
        let (client, _) = start(&server.url(), &path, json!({}));
        let replaced = status(&client, |status| status.source == Source::Server).await;
        assert_eq!((replaced.digest.as_deref(), replaced.stale), (Some("d2"), false));
        assert!(!is_on(&client, "first").unwrap());
        client.close().await;
    })
    .await;
}

#[tokio::test]
async fn every_installed_state_is_saved() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("made").join("flags");
        let (client, lines) = start(&server.url(), &path, json!({}));
        client.ready().await.unwrap();
        for digest in ["d2", "d3"] {
            server.serve(Some(digest), body(digest, &[("first", false)]));
            client.refresh().await.unwrap();
            while !fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(digest)) {
                tokio::task::yield_now().await;
            }
        }
        client.close().await;
        assert!(warnings(&lines, "flags").is_empty(), "{:?}", lines.all());
    })
    .await;
}

#[tokio::test]
async fn an_etag_of_a_server_without_digests_survives() {
    guarded(async {
        let v1 = br#"{"namespace":{"key":"default"},"flags":[{"key":"first","type":"BOOLEAN_FLAG_TYPE"}]}"#;
        let (folder, server) = (Folder::new(), Server::start("W/\"odd , one\"", v1.to_vec()).await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        let (client, _) = start(&server.url(), &path, json!({}));
        status(&client, |status| status.last_success_at.is_some()).await;
        assert_eq!(server.requests()[1].header("if-none-match"), Some("W/\"odd , one\""));
    })
    .await;
}

#[tokio::test]
async fn the_cache_goes_before_the_snapshot_of_the_options() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        server.always(Reply::never());
        let seeded = json!({ "snapshot": crate::support::seed(), "errorStrategy": "fallback" });
        let (client, _) = start(&server.url(), &path, seeded.clone());
        client.ready().await.unwrap();
        assert_eq!(client.status().source, Source::Cache);
        assert!(is_on(&client, "first").unwrap());
        let (client, _) = start(&server.url(), &folder.join("absent"), seeded);
        status(&client, |status| status.source == Source::Snapshot).await;
        assert!(is_on(&client, "seeded").unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_of_no_use_is_told_and_stops_nothing() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        let good = fs::read(&path).unwrap();
        let cut = good[..good.len() - 1].to_vec();
        for (bytes, more, why) in [
            (b"junk".to_vec(), json!({}), "it is not a file of this cache"),
            (cut, json!({}), "its length is not what it should be"),
            (good.clone(), json!({ "environment": "other" }), "another environment"),
            (good.clone(), json!({ "maxSnapshotBytes": 40 }), "larger than maxSnapshotBytes"),
        ] {
            fs::write(&path, &bytes).unwrap();
            server.always(Reply::never());
            let (client, lines) = start(&server.url(), &path, more);
            lines.until(|lines| lines.iter().any(|(_, line)| line.contains(why))).await;
            let warned = warnings(&lines, why);
            assert!(warned.len() == 1 && warned[0].contains(&*path.to_string_lossy()), "{warned:?}");
            assert_eq!(client.status().source, Source::None);
            assert_eq!(fs::read(folder.join("flags.rejected")).unwrap(), bytes);
            server.always(Reply::Flipt);
            client.close().await;
        }
        let (client, _) = start(&server.url(), &path, json!({}));
        client.ready().await.unwrap();
        assert_eq!(client.status().source, Source::Server);
        client.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told_once_and_harms_nothing() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        fs::write(folder.join("file"), "").unwrap();
        let path = folder.join("file").join("flags");
        let (client, lines) = start(&server.url(), &path, json!({}));
        client.ready().await.unwrap();
        for digest in ["d2", "d3"] {
            server.serve(Some(digest), body(digest, &[("first", digest == "d3")]));
            assert!(client.refresh().await.unwrap());
            assert_eq!(is_on(&client, "first").unwrap(), digest == "d3");
        }
        lines.until(|lines| lines.iter().any(|(_, line)| line.contains("could not be saved"))).await;
        client.close().await;
        assert_eq!(warnings(&lines, "could not be saved").len(), 1, "{:?}", lines.all());
    })
    .await;
}

#[tokio::test]
async fn clients_that_share_a_path_share_a_whole_file() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        let clients: Vec<_> = (0..4).map(|_| start(&server.url(), &path, json!({}))).collect();
        for (client, _) in &clients {
            client.ready().await.unwrap();
        }
        for digest in ["d2", "d3", "d4"] {
            server.serve(Some(digest), body(digest, &[("first", false)]));
            for (client, _) in &clients {
                client.refresh().await.unwrap();
            }
        }
        for (client, lines) in &clients {
            client.close().await;
            assert!(warnings(lines, "flags").is_empty(), "{:?}", lines.all());
        }
        server.always(Reply::never());
        let (client, _) = start(&server.url(), &path, json!({}));
        client.ready().await.unwrap();
        assert_eq!(client.status().source, Source::Cache);
    })
    .await;
}

#[tokio::test]
async fn no_credential_reaches_the_disk() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        let token = json!({ "authentication": { "clientToken": "hunter2" } });
        let (client, _) = start(&server.url(), &path, token);
        client.ready().await.unwrap();
        while !path.exists() {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.requests()[0].header("authorization"), Some("Bearer hunter2"));
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(text.contains("d1") && !text.contains("hunter2"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn closing_while_the_file_is_read_is_quick() {
    guarded(async {
        let (folder, server) = (Folder::new(), Server::simple().await);
        let path = folder.join("flags");
        saved(&server, &path).await;
        for _start in 0..20 {
            let (client, _) = start(&server.url(), &path, json!({}));
            tokio::time::timeout(Duration::from_secs(5), client.close()).await.unwrap();
            assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
        }
    })
    .await;
}
