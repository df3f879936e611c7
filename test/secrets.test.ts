import { subscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { connectionStages } from './secrets/connections.ts';
import { credentialStages } from './secrets/credentials.ts';
import { formsOf, Produced, secret, secrets } from './secrets/produced.ts';
import { Log } from './support/harness.ts';

const stages = { ...credentialStages, ...connectionStages };

describe('a full life that is scanned for credentials', () => {
  const produced = new Produced();
  const logger = new Log();
  for (const name of ['evaluation', 'sync', 'change']) {
    subscribe(`flipt-native:${name}`, (message) => produced.value(`channel ${name}`, message));
  }

  it.each(Object.entries(stages))('%s', (_name, stage) => stage(produced, logger));

  it('shows none', () => {
    for (const { level, message } of logger.entries) {
      produced.texts.push([`log, ${level}`, message]);
    }
    expect(logger.at('warn')).not.toHaveLength(0);
    expect(logger.at('debug')).not.toHaveLength(0);
    expect(produced.texts.length).toBeGreaterThan(2_000);
    expect(produced.texts.map(([where]) => where)).toContain('channel sync');
    const found = produced.texts.flatMap(([where, text]) =>
      Object.entries(secrets)
        .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
        .map(([name]) => `${name} in ${where}: ${text}`),
    );
    expect(found).toEqual([]);
  });
});

it('the scan finds what is there', () => {
  const produced = new Produced();
  produced.value('a place', { nested: { token: secret('client token') } });
  produced.value('a key', { pem: [secret('key of a client')] });
  produced.value('a header', `Basic ${btoa(`ann:${secret('word of a proxy')}`)}`);
  produced.error('an error', new Error('x', { cause: new Error(secret('JSON web token')) }));
  const found = produced.texts.filter(([, text]) =>
    Object.values(secrets).some((secret) => formsOf(secret).some((form) => text.includes(form))),
  );
  expect(new Set(found.map(([place]) => place))).toEqual(
    new Set(['a place', 'a key', 'a header', 'an error']),
  );
});
