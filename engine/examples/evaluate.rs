//! Loads a namespace from a Flipt server, evaluates its flags for one entity, and shows changes as they arrive.
//!
//! `cargo run -p flipt-engine --example evaluate -- [url] [namespace] [entity]`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;

use flipt_engine::Result;
use flipt_engine::client::{Client, Connection};
use flipt_engine::config::{Config, ServerUrl};
use flipt_engine::evaluate::{BatchItem, Request};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().map_or_else(|| Ok(ServerUrl::default()), |text| text.parse())?;
    let namespace = arguments.next().unwrap_or_else(|| "default".to_owned());
    let entity = arguments.next().unwrap_or_else(|| "user-1".to_owned());

    let client = Client::start(Config { url, namespace, ..Config::default() }, None, None)?;
    client.ready().await?;
    show(&client, &entity)?;

    println!("waiting for changes; ctrl-c ends");
    let mut status = client.watch();
    let digest = status.borrow_and_update().digest.clone();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = status.wait_for(|now| now.digest != digest || now.connection == Connection::Closed) => show(&client, &entity)?,
    }
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
