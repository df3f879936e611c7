import { describe, expect, it } from 'vitest';
import { run, runJson, shopRecording } from '../support/cli.ts';
import { serve } from '../support/harness.ts';

const PREMIUM = ['-c', 'plan=premium', '-c', 'signed_up=2025-03-01'];

async function shop() {
  const server = await serve({ namespace: 'shop', snapshot: shopRecording() });
  return { FLIPT_URL: server.url, FLIPT_NAMESPACE: 'shop' };
}

describe('evaluate', () => {
  it('prints value, variant, reason, rule and segments', async () => {
    const env = await shop();
    const { code, stdout, stderr } = await run(
      ['evaluate', 'search-ranking', '-e', 'user-42', ...PREMIUM],
      env,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'flag      search-ranking',
      'value     {"b":0.75,"k1":1.2,"vector":true}',
      'variant   hybrid',
      'reason    SPLIT',
      'rule      search-ranking#rule-2',
      'segments  premium',
      '',
    ]);
  });

  it('explains every rule, constraint and share, in 80 columns', async () => {
    const env = await shop();
    const args = ['evaluate', 'search-ranking', '--entity', 'user-42', '--explain', ...PREMIUM];
    const { stdout } = await run([...args, '-c', 'country=FR'], env);
    const [, explanation = ''] = stdout.split(/(?<=segments {2}premium\n)\n/);
    expect(explanation).toBe(`search-ranking is an enabled variant flag, asked for "user-42".

✗ search-ranking#rule-1: no match
  ✗ segment staff (one constraint is enough)
    ✗ email ends with "@shop.example", not given
    ✗ staff is true, not given

✓ search-ranking#rule-2: matches and decides (one segment is enough)
  ✓ segment premium (all constraints needed)
    ✓ plan is "premium", given "premium"
    ✓ signed_up < 2026-01-01, given "2025-03-01"
  ✗ segment germany
    ✗ country is one of ["DE","AT","CH"], given "FR"
  ✓ bucket 354 of 1000
    · 0-332    bm25    33.33 %
    ✓ 333-665  hybrid  33.33 %
    · 666-999  neural  33.34 %

search-ranking#rule-2 decides: hybrid.
`);
  });

  it('explains every flag of the shop in 80 columns, with long values, too', async () => {
    const env = await shop();
    const long = 'a value that goes on and on '.repeat(20);
    for (const flag of [
      'new-checkout',
      'dark-mode',
      'price-rounding',
      'rate-limit',
      'legacy-export',
    ]) {
      const args = ['evaluate', flag, '-e', 'ada', '-c', `plan=${long}`, '-c', 'basket=100'];
      const { code, stdout } = await run([...args, '--explain'], env);
      expect(code).toBe(0);
      expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(
        80,
      );
    }
  });

  it('writes the details, and with --explain the explanation, as JSON', async () => {
    const env = await shop();
    const details = await runJson(['evaluate', 'rate-limit', '-e', 'ada', ...PREMIUM], env);
    expect(details).toMatchObject({
      flagKey: 'rate-limit',
      value: '1000',
      variant: '1000',
      reason: 'TARGETING_MATCH',
      segmentKeys: ['premium'],
      ruleId: 'rate-limit#rule-1',
    });
    expect(details).not.toHaveProperty('explanation');
    const explained = await runJson(['evaluate', 'new-checkout', '-e', 'ada', '--explain'], env);
    expect(explained).toMatchObject({
      value: true,
      ruleId: 'new-checkout#rollout-3',
      explanation: {
        decidedBy: 'new-checkout#rollout-3',
        rules: [{}, {}, { threshold: { bucket: 19, percentage: 25, matched: true } }],
      },
    });
  });

  it('reads the options and values that it is given', async () => {
    const server = await serve({ namespace: 'shop', snapshot: shopRecording(), token: 'hidden' });
    const options = ['--url', server.url, '-n', 'shop', '--environment', 'default'];
    const { code, stdout } = await run(
      ['evaluate', 'new-checkout', ...options, '--token', 'hidden', '-c', 'email=a=b@shop.example'],
      { FLIPT_URL: 'http://127.0.0.1:1', FLIPT_CLIENT_TOKEN: 'other', FLIPT_JWT_TOKEN: 'another' },
    );
    expect({ code, value: /value +(\w+)/.exec(stdout)?.[1] }).toEqual({ code: 1, value: 'none' });
    const named = await run(
      ['evaluate', 'new-checkout', ...options, '-e', 'zed', '-c', 'email=a=b@shop.example'],
      { FLIPT_CLIENT_TOKEN: 'hidden' },
    );
    expect(named.stdout).toContain('segments  staff');
  });

  it('exits with 1 for a flag that does not exist, and for one that needs an entity', async () => {
    const env = await shop();
    expect(await run(['evaluate', 'nobody'], env)).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'flipt-native: there is no flag nobody in the namespace shop; flipt-native list shows all of them\n',
    });
    const { code, stderr } = await run(['evaluate', 'price-rounding'], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^flipt-native: price-rounding depends on .*; name the entity with --entity\n$/,
    );
  });
});
