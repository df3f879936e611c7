//! Streams a namespace from a Flipt server, evaluates its flags for one entity, and tells what changes until ctrl-c.
//!
//! `cargo run -p flipt-engine --example evaluate -- [url] [namespace] [entity]`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::sync::Arc;

use flipt_engine::Result;
use flipt_engine::client::{Client, Event, Observer};
use flipt_engine::config::{Config, FetchMode, ServerUrl};
use flipt_engine::evaluate::{BatchItem, Request};

/// Prints what happens.
struct Printer;

impl Observer for Printer {
    fn event(&self, event: Event) {
        match event {
            Event::Changed(changed) => println!("changed: {:?}", changed.change),
            Event::Status { current, .. } => {
                println!(
                    "status: {:?}, polling {}, stale {}",
                    current.connection, current.polling_active, current.stale
                );
            }
            Event::Error(error) => println!("error: {error}"),
            _ => {}
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().map_or_else(|| Ok(ServerUrl::default()), |text| text.parse())?;
    let namespace = arguments.next().unwrap_or_else(|| "default".to_owned());
    let entity = arguments.next().unwrap_or_else(|| "user-1".to_owned());

    let config = Config { url, namespace, fetch_mode: FetchMode::Streaming, ..Config::default() };
    let client = Client::start(config, None, Some(Arc::new(Printer)))?;
    client.ready().await?;
    show(&client, &entity)?;
    // Without a handler for it the process simply ends.
    let _ = tokio::signal::ctrl_c().await;
    client.close().await;
    Ok(())
}

fn show(client: &Client, entity: &str) -> Result<()> {
    let context = HashMap::from([("plan".to_owned(), "pro".to_owned())]);
    let flags = client.flags()?;
    let requests = flags.iter().map(|flag| Request::new(&flag.key, entity, &context));
    for (flag, answer) in flags.iter().zip(client.evaluate_batch(requests)?) {
        match answer {
            BatchItem::Boolean(answer) => println!("{}: {}", flag.key, answer.enabled),
            BatchItem::Variant(answer) => println!("{}: {:?}", flag.key, answer.variant_key),
            BatchItem::Error { error, .. } => println!("{}: {error}", flag.key),
        }
    }
    Ok(())
}
