import { keyOf } from './crates.mjs';
import { chooseLicences } from './expression.mjs';
import { licenceTexts, mit } from './texts.mjs';

const heading = `The native part of flipt-native contains the following works of others. Not all of them are in the binary of every
platform. The platform's own libraries are not listed. The standard library of Rust is there, with the crates in it, and
on Linux LLVM's libunwind and compiler-rt (Apache-2.0 WITH LLVM-exception, which asks for no notice in a binary).
`;

const standardLibrary = {
  key: 'the standard library of Rust',
  licences: ['MIT'],
  texts: [mit('The Rust Project Contributors')],
};

/** The notice that goes with the binaries: each crate with the licence under which it is used, then each text once. */
export function noticeOf(crates) {
  const works = [standardLibrary, ...crates.map(workOf)];
  const list = works.map(({ key, licences }) => `  ${key}: ${licences.join(' AND ')}`);
  return `${heading}\n${list.join('\n')}\n${textsOf(works)}`;
}

function workOf(crate) {
  const licences = chooseLicences(crate.license, crate.name);
  return { key: keyOf(crate), licences, texts: licenceTexts(crate, licences) };
}

function textsOf(works) {
  const groups = new Map();
  for (const { key, texts } of works) {
    for (const text of texts) {
      const words = text.replace(/\s+/g, ' ');
      const group = groups.get(words) ?? { text, keys: new Set() };
      groups.set(words, { ...group, keys: group.keys.add(key) });
    }
  }
  const line = '-'.repeat(80);
  return [...groups.values()]
    .map(({ text, keys }) => `\n${line}\n${[...keys].join('\n')}\n${line}\n\n${text}\n`)
    .join('');
}
