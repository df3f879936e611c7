/** The licences that may be linked, those preferred of several first: their texts are short and name the authors. */
const allowed = [
  'MIT',
  'ISC',
  'Zlib',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'Unicode-3.0',
  'CDLA-Permissive-2.0',
  'NCSA',
];

/** What only these crates may have: the root certificates are data, and the fuzzer is in no package. */
const exceptions = {
  'CDLA-Permissive-2.0': ['webpki-root-certs', 'webpki-roots'],
  NCSA: ['libfuzzer-sys'],
};

/** The licences under which a crate is used, of those its SPDX `expression` offers; undefined when none may be. */
export function chooseLicences(expression, crate) {
  // Before SPDX expressions, a slash stood for a choice.
  const words = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  const chosen = alternatives();
  return words.length === 0 ? chosen : undefined;

  function alternatives() {
    const all = [conjunction()];
    while (take('OR')) all.push(conjunction());
    const possible = all.filter((licences) => licences !== undefined);
    return possible.sort((a, b) => rank(a) - rank(b))[0];
  }

  function conjunction() {
    const all = [term()];
    while (take('AND')) all.push(term());
    return all.includes(undefined) ? undefined : [...new Set(all.flat())];
  }

  function term() {
    if (take('(')) {
      const inner = alternatives();
      return take(')') ? inner : undefined;
    }
    const name = words.shift();
    const licence = take('WITH') ? `${name} WITH ${words.shift()}` : name;
    return isAllowed(licence, crate) ? [licence] : undefined;
  }

  function take(word) {
    if (words[0] !== word) return false;
    words.shift();
    return true;
  }
}

const isAllowed = (licence, crate) =>
  allowed.includes(licence) && (exceptions[licence]?.includes(crate) ?? true);

const rank = (licences) => Math.max(...licences.map((licence) => allowed.indexOf(licence)));
