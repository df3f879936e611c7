import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { crateMetadata } from '../steps/metadata.mjs';
import { output } from '../steps/process.mjs';
import { toolsFolder } from './toolchain.mjs';

/** What linking for macOS needs on another system: stubs of Apple's frameworks, and the program that strips. */
export async function frameworkSettings({ triple }, env) {
  const folder = join(toolsFolder, 'frameworks');
  for (const { name, symbols } of await frameworksOf(triple, env)) {
    const place = join(folder, `${name}.framework`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${name}.tbd`), stubOf(name, symbols));
  }
  return {
    env: { PATH: [env.PATH, await stripFolder(env)].join(delimiter) },
    flags: ['-C', `link-arg=-F${folder}`],
  };
}

/** The frameworks that the crates link, each with every name that its crate could want of it. */
async function frameworksOf(triple, env) {
  const { packages } = await crateMetadata(triple, env);
  return packages
    .filter(({ name }) => name.endsWith('-sys'))
    .map(({ manifest_path }) => sourceOf(join(dirname(manifest_path), 'src')))
    .flatMap((source) =>
      [...source.matchAll(/link\(name = "(\w+)", kind = "framework"\)/g)].map(([, name]) => ({
        name,
        symbols: externalNames(source),
      })),
    );
}

const sourceOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.rs'))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');

const externalNames = (source) => [
  ...new Set(
    [...source.matchAll(/\bpub (?:fn|static) (\w+)\s*[(:]/g)].map(([, name]) => `_${name}`),
  ),
];

function stubOf(name, symbols) {
  const targets = 'x86_64-macos, arm64-macos';
  return `--- !tapi-tbd
tbd-version: 4
targets: [ ${targets} ]
install-name: '/System/Library/Frameworks/${name}.framework/Versions/A/${name}'
exports:
  - targets: [ ${targets} ]
    symbols: [ ${symbols.join(', ')} ]
...
`;
}

/** The pinned toolchain brings the program, where only rustc itself looks for it. */
async function stripFolder(env) {
  const sysroot = (await output('rustc', ['--print', 'sysroot'], { env })).trim();
  const [, host] = (await output('rustc', ['-vV'], { env })).match(/^host: (.*)$/m);
  return join(sysroot, 'lib', 'rustlib', host, 'bin');
}
