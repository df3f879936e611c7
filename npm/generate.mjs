import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { matrix, published } from './targets.mjs';

// node npm/generate.mjs: writes what targets.json and the version decide; --check only says whether they agree;
// --matrix only prints the matrices of the workflows, which have no list of their own.
const check = process.argv.includes('--check');
const main = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const licence = readFileSync(new URL('../LICENSE', import.meta.url), 'utf8');

let stale = 0;
if (process.argv.includes('--matrix')) console.log(JSON.stringify(matrix()));
else generate();

function generate() {
  for (const target of published) {
    put(target.suffix, 'package.json', `${JSON.stringify(packageOf(target), null, 2)}\n`);
    put(target.suffix, 'README.md', readmeOf(target));
    put(target.suffix, 'LICENSE', licence);
  }
  put('../src', 'version.ts', versionOf());
  put('../engine', 'LICENSE', licence);
  if (check && stale > 0) {
    console.error('Run: node npm/generate.mjs');
    process.exitCode = 1;
  }
}

function packageOf({ suffix, os, cpu, libc }) {
  return {
    name: `@flipt-native/${suffix}`,
    version: main.version,
    description: `The native part of flipt-native for ${suffix}`,
    license: main.license,
    repository: { ...main.repository, directory: `npm/${suffix}` },
    engines: main.engines,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    main: 'flipt_native.node',
    files: ['flipt_native.node', 'THIRD-PARTY-LICENSES'],
    preferUnplugged: true,
  };
}

function readmeOf({ suffix, triple }) {
  return `# @flipt-native/${suffix}\n\nThe native part of flipt-native for \`${triple}\`. Install \`flipt-native\`, which loads it.\n`;
}

function versionOf() {
  return `/** The version of this package. */\nexport const version = '${main.version}';\n`;
}

function put(place, name, text) {
  const folder = new URL(`./${place}/`, import.meta.url);
  const file = new URL(name, folder);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  if (check) {
    stale += 1;
    console.error(`npm/${place}/${name} is not what npm/targets.json and package.json give`);
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
}
