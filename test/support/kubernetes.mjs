// Flipt's exchange of a service account token for a client token.

/**
 * Answers an exchange. `kubernetes` is `{ serviceAccountToken, clientToken, expiresInMs? }`: text, or functions that
 * judge a token and make one. `accept` is told the client token that was handed out.
 */
export async function exchangeToken(exchange, kubernetes, accept) {
  const { serviceAccountToken, clientToken, expiresInMs = 3_600_000 } = kubernetes;
  const sent = await sentToken(exchange.request);
  const isGood =
    typeof serviceAccountToken === 'function'
      ? serviceAccountToken(sent)
      : sent === serviceAccountToken;
  if (!isGood) {
    exchange.json(401, 16, 'request was not authenticated');
    return;
  }
  const token = typeof clientToken === 'function' ? clientToken() : clientToken;
  accept(token);
  const expiresAt = new Date(Date.now() + expiresInMs).toISOString();
  const authentication = { id: 'test', method: 'METHOD_KUBERNETES', expiresAt };
  const body = JSON.stringify({ clientToken: token, authentication });
  exchange.respond(200, { 'content-type': 'application/json' }, body);
}

async function sentToken(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()).service_account_token;
  } catch {
    return undefined;
  }
}
