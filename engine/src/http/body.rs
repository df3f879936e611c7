use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::failure;
use crate::error::{Error, ErrorKind, ResponseReason, Result};

/// Reads a body by chunks and gives up at the first byte too many, whatever its compressed size was.
pub(super) async fn read(mut response: Response, max: usize, place: &str) -> Result<Bytes> {
    let announced = response.content_length().unwrap_or(0);
    if announced > max as u64 {
        return Err(too_large(place));
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| failure::of_body(error, place))? {
        if chunk.len() > max - body.len() {
            return Err(too_large(place));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Takes the rest of a refusal off the connection, so that the next request finds it free.
pub(super) async fn discard(mut response: Response) {
    const LARGEST: usize = 64 * 1024;
    const LONGEST: Duration = Duration::from_secs(1);
    let reading = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > LARGEST {
                return;
            }
        }
    };
    // What does not come costs the connection and nothing else.
    let _ = tokio::time::timeout(LONGEST, reading).await;
}

fn too_large(place: &str) -> Error {
    Error::new(ErrorKind::Response(ResponseReason::TooLarge)).with_context(place)
}
