// The odd texts that constraints and contexts are made of.

const words = (text) => text.trim().split(/\s+/);

const WORDS = [
  ...words(`
    de us fr gold premium a ab abc abcabc x@shop.example true null 0 日本 ünï __proto__ constructor
    toString "quoted" it's <b>&amp; %41 {{x}} [1] {"a":1} SS K
  `),
  '\u{1f600}',
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}',
  'back\\slash',
  'e\u0301',
  '\u00e9',
  '\u0130',
  '\u00df',
  '\u017f',
];
// Unicode White_Space, and what only looks like it or is counted as such elsewhere.
const SPACES = [
  ...' \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2007\u200a\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u180e\u2060\u001c\u001f\u0000',
];

const NUMBERS = [
  ...words(`
    0 -0 +0 1 1.0 01 +1 1e0 0x1p0 0x1P0 0X1p0 0x.8p1 0x1p 0x1 0x10 -1 1. .5 5e-1 . - + e1 1e 1e+
    1e1 1E+1 10 1_0 0x_Ap0 0xAp0 1_000 1000 1e3 0b1 0o7 0b1p0 Inf +Inf -inf infinity -Infinity INF
    NaN nan +nan -NaN 1e308 1e309 1e400 -1e400 1e-400 5e-324 4.9e-324 2.5e-324 2e-324
    2.2250738585072014e-308 1.7976931348623157e308 1.7976931348623159e308 9007199254740992
    9007199254740993 9007199254740993.0 9223372036854775807 9223372036854775808
    18446744073709551616 0.1 0.10000000000000001 0.1000000000000000055511151231257827
    0.30000000000000004 0.3 33.333333333333336 1,5 1.5 1.5.0 --1 1f 1d 0x1.8p1 3 0x1p-1074
    0x1p1024 0x1.fffffffffffff8p1023 0x1.fffffffffffff7p1023 99.5 18 17.999999999999999
    1e0000000000000000001 00000000000000000000000000000000000001 1e-0 100000000000000000000 1e20
    1e23 8.41e21 2.2250738585072011e-308 6.631236846766476e-316 123456789012345678901234567890
    1.2345678901234567890123e29
  `),
  '',
  ' 1',
  '1 ',
  '1\n',
  '\u00a01',
  '\uff11',
  '\u0663',
];

const BOOLEANS = [
  ...words(`
    1 t T TRUE true True 0 f F FALSE false False tRUE yes no on 2 00 01 1.0 TrUe null
  `),
  '',
  ' ',
  ' true',
  'true ',
  'true\n',
  '\u00a0',
  '\ufeff',
  '\ufefftrue',
  '\uff54\uff52\uff55\uff45',
  '\u0000',
];

const DATES = [
  ...words(`
    2024-02-29 2023-02-29 2024-02-30 2024-01-01 2024-1-1 2024-01-01T00:00:00Z
    2024-01-01T00:00:00.0Z 2024-01-01T00:00:00,000Z 2024-01-01T00:00:00.000000001Z
    2024-01-01T00:00:00.0000000019Z 2024-01-01T00:00:00.00000000199999Z 2024-01-01T00:00:00.Z
    2024-01-01t00:00:00Z 2024-01-01T00:00:00z 2024-01-01T00:00:00 2024-01-01T00:00Z
    2024-01-01T0:00:00Z 2024-01-01T1:00:00Z 2024-01-01T01:0:00Z 2024-01-01T24:00:00Z
    2024-01-01T23:60:00Z 2024-01-01T23:59:60Z 2024-01-01T23:59:59.999999999Z
    2024-01-01T23:59:59+23:59 2024-01-01T23:59:59+24:00 2024-01-01T23:59:59+24:01
    2024-01-01T23:59:59+25:00 2024-01-01T12:00:00+12:60 2024-01-01T12:00:00+12:61
    2024-01-01T12:00:00-00:00 2024-01-01T12:00:00+0000 2024-01-01T12:00:00+00
    2024-01-01T13:00:00+01:00 2024-01-01T07:00:00-05:00 2024-01-01T12:00:00Z 0000-01-01 0001-01-01
    0000-01-01T00:00:00Z 9999-12-31 9999-12-31T23:59:59-23:59 10000-01-01 -001-01-01 +2024-01-01
    2024-00-01 2024-13-01 2024-01-00 2024-01-32 1900-02-29 2000-02-29 2000-02-29T00:00:00+00:01
    2024-01-01T 2024-01-01Z 1970-01-01T00:00:00Z 1969-12-31T23:59:59.999999999Z today 1704067200
    2024-01-01T00:00:00.5+05:30 2024-01-01T00:00:00,5+05:30 2024-04-31 2024-04-30T23:59:59Z
    2024-01-01T00:00:00Zfoo 2024-01-01T00:00:00UTC 20240101 24-01-01 2024-01-01T00:00:00+1:00
    2024-01-01T00:00:00+01:0
  `),
  '2024-01-01 00:00:00Z',
  ' 2024-01-01',
  '2024-01-01 ',
  '',
  ' ',
  '\u0085',
  '\uff12024-01-01',
  '2024-01-01T00:00:00Z ',
  '2024-01-01T00:00:00 Z',
  '2024-01-01T00:00:00\u221201:00',
];

/** Any text: a word, spaces around it, a piece of another text, now and then a very long one. */
export function text(random, related) {
  const kind = random.below(20);
  if (kind < 7) return random.pick(WORDS);
  if (kind < 8) return '';
  if (kind < 9) return random.times(random.between(1, 3), () => random.pick(SPACES)).join('');
  if (kind < 12)
    return (
      random.pick(SPACES) + random.pick(WORDS) + (random.chance(0.5) ? random.pick(SPACES) : '')
    );
  if (kind < 14) return random.pick(WORDS) + random.pick(WORDS);
  if (kind === 14) return random.key(random.between(1, 12));
  if (kind === 15) return random.pick(NUMBERS);
  if (kind === 16 && random.chance(0.05)) return random.pick(WORDS).repeat(random.between(50, 400));
  return variation(random, related ?? random.pick(WORDS));
}

/** A text close to another one: longer, shorter, spaced, in another case. */
export function variation(random, original) {
  switch (random.below(8)) {
    case 0:
      return original + random.pick(WORDS);
    case 1:
      return random.pick(WORDS) + original;
    case 2:
      return random.pick(SPACES) + original;
    case 3:
      return original + random.pick(SPACES);
    case 4:
      return original.toUpperCase();
    case 5:
      return [...original].slice(1).join('');
    default:
      return original;
  }
}

/** A text that is, nearly is, or is not a number as Go reads it. */
export function number(random) {
  if (random.chance(0.25)) return decimal(random);
  return random.chance(0.9) ? random.pick(NUMBERS) : text(random);
}

function decimal(random) {
  const sign = random.pick(['', '', '-', '+']);
  const whole = String(random.below(10 ** random.between(1, 9)));
  const fraction = random.chance(0.5) ? `.${random.below(10 ** random.between(1, 9))}` : '';
  const exponent = random.chance(0.3)
    ? `${random.pick(['e', 'E'])}${random.pick(['', '-', '+'])}${random.below(330)}`
    : '';
  return sign + whole + fraction + exponent;
}

/** A text that is, or is not, a boolean as Go reads it. */
export function boolean(random) {
  return random.chance(0.9) ? random.pick(BOOLEANS) : text(random);
}

/** A text that is, nearly is, or is not a date or a time. */
export function date(random) {
  if (random.chance(0.6)) return random.pick(DATES);
  if (random.chance(0.1)) return text(random);
  const two = (low, high) => String(random.between(low, high)).padStart(2, '0');
  const day = `20${two(20, 30)}-${two(1, 12)}-${two(1, random.chance(0.9) ? 28 : 31)}`;
  if (random.chance(0.3)) return day;
  const fraction = random.chance(0.4)
    ? random.pick(['.', ',']) + random.key(1).replace(/\D/, '7').repeat(random.between(1, 11))
    : '';
  const zone = random.chance(0.5) ? 'Z' : `${random.pick(['+', '-'])}${two(0, 24)}:${two(0, 60)}`;
  return `${day}T${two(0, 23)}:${two(0, 59)}:${two(0, 59)}${fraction}${zone}`;
}

/** An entity id without a special purpose. */
export function entity(random) {
  if (random.chance(0.7)) return `user-${random.below(1_000_000)}`;
  return text(random);
}
