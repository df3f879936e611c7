import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** Asks a Flipt server: POST /evaluate/v1/{kind}. Resolves `{ status, response }` without ids and times. */
export function ask(url, kind, body) {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/evaluate/v1/${kind}`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          try {
            resolve({
              status: answer.statusCode,
              response: withoutTimes(JSON.parse(Buffer.concat(chunks).toString())),
            });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

function withoutTimes(value) {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(
    ([key]) => !['requestId', 'requestDurationMillis', 'timestamp'].includes(key),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutTimes(item)]));
}
