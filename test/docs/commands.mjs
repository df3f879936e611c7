// Shell commands in the guides: those of npm are looked up, those that start a program of the page are run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const fixture = JSON.parse(readFileSync(join(root, 'test/docs/package.json'), 'utf8'));

const known = new Set([
  manifest.name,
  ...Object.keys(manifest.devDependencies),
  ...Object.keys(fixture.dependencies),
]);

/** Whether a block is for the shell of the harness: nothing in it installs, builds or needs the checkout. */
export const isRunnable = (lines) => commandsIn(lines).every((command) => !/^npm\b/.test(command));

/** Throws where a command names a script or a package that there is not. */
export function checkCommands(lines) {
  for (const command of commandsIn(lines)) {
    const [program, verb, ...rest] = command.split(/\s+/);
    if (program !== 'npm') continue;
    const scripts = { test: 'test', run: rest[0] };
    if (verb in scripts) requireScript(scripts[verb]);
    else if (['install', 'uninstall'].includes(verb))
      rest.filter((name) => !name.startsWith('-')).forEach(requirePackage);
    else throw new Error(`npm ${verb} is not among the commands that are checked`);
  }
}

function commandsIn(lines) {
  return lines.map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter((line) => line !== '');
}

function requireScript(name) {
  if (!Object.hasOwn(manifest.scripts, name)) throw new Error(`there is no script ${name}`);
}

function requirePackage(name) {
  if (!known.has(name.replace(/(?<=.)@.*$/, '')))
    throw new Error(`${name} is no package that is tested with`);
}
