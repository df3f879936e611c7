import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StepError } from '../steps/process.mjs';

/** What only the text of that licence says. */
const phrases = {
  'Apache-2.0': /Apache License\s+Version 2\.0/,
  'BSD-2-Clause': /Redistribution and use in source and binary forms/,
  'BSD-3-Clause': /Redistribution and use in source and binary forms/,
  'CDLA-Permissive-2.0': /Community Data License Agreement/i,
  ISC: /Permission to use, copy, modify, and(\/or)? distribute this software/,
  MIT: /Permission is hereby granted, free of charge/,
  'Unicode-3.0': /UNICODE LICENSE V3/,
  Zlib: /provided ['‘]as-is['’]/,
};

/** The texts that go with a crate which is used under `licences`. */
export function licenceTexts({ name, authors, manifest_path }, licences) {
  const files = licenceFiles(dirname(manifest_path));
  // Several at once: which is whose is said by the files themselves.
  if (licences.length > 1) return files;
  const [licence] = licences;
  const text = files.find((one) => phrases[licence].test(one));
  if (text) return [text];
  if (licence === 'MIT') return [mit(authors.map(withoutAddress).join(', ') || 'the authors')];
  throw new StepError(`${name} brings no text of its licence ${licence}`);
}

/** The MIT licence with its holder's name, for what brings no text of its own. */
export const mit = (holder) => `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** The SPDX name of the licence of a crate whose manifest names at most its file; empty when it is not known. */
export function licenceOfFile({ manifest_path, license_file }) {
  if (!license_file) return '';
  const text = readFileSync(join(dirname(manifest_path), license_file), 'utf8');
  return Object.keys(phrases).find((licence) => phrases[licence].test(text)) ?? '';
}

const licenceFiles = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => plain(readFileSync(file, 'utf8')));

const licenceFile = /^(licen[cs]e|copying|unlicense)(?!.*\.(rs|toml|json)$)/i;

const plain = (text) =>
  text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '');

const withoutAddress = (author) => author.replace(/\s*<.*>$/, '');
