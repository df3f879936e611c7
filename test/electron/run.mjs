// The application in a real Electron: from a folder, and from an archive as packagers make it.

import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';
import { root, run, runNode, StepError } from '../../scripts/steps/process.mjs';
import { startServer } from '../support/server.mjs';
import { packApplication, stageApplication } from './stage.mjs';

/** As the main process of an application without a window, on a runner without a graphics card or a set-uid helper. */
const flags = process.platform === 'linux' ? ['--no-sandbox', '--disable-gpu'] : ['--disable-gpu'];

const layouts = [
  ['a folder', (folder) => folder, /node_modules.+flipt_native\.node$/],
  [
    'an archive with the addon unpacked',
    (folder) => packApplication(folder, { unpack: '**/*.node' }),
    /app\.asar\.unpacked.+flipt_native\.node$/,
  ],
  // Electron loads a copy that it makes, under a name of its own.
  ['an archive with all in it', (folder) => packApplication(folder), /\.node$/],
];

/** Runs the application in each layout; `tell(name, problem)` hears of every step. */
export async function runInElectron(tell) {
  const electron = await installElectron();
  const server = await startServer({
    namespace: 'shop',
    snapshot: readFileSync(join(root, 'test/conformance/demo/shop.snapshot.json')),
  });
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-electron-')));
  try {
    for (const [name, layOut, addon] of layouts) {
      const application = join(folder, 'application');
      rmSync(application, { recursive: true, force: true });
      stageApplication(application);
      const path = await layOut(application);
      // Nothing of the folder may help the archive.
      if (path !== application) rmSync(application, { recursive: true, force: true });
      const report = await runApplication(electron, [...flags, path], { server });
      for (const { name: step, error } of report.results) tell(`${name}: ${step}`, error);
      const { versions = {}, addons = [] } = report;
      tell(`${name}: is Electron`, versions.electron ? undefined : 'the process is no Electron');
      const isLoaded = addons.some((one) => addon.test(one));
      tell(`${name}: loads ${addon}`, isLoaded ? undefined : `loaded were ${addons.join(', ')}`);
    }
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a program that runs the application, and resolves to what the application reports. */
export async function runApplication(command, args, { server }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-result-'));
  const result = join(folder, 'result.json');
  const env = {
    RESULT: result,
    SERVER_URL: server.url,
    FLIPT_NATIVE_BINARY: '',
    NODE_OPTIONS: '',
  };
  try {
    const { code, stdout, stderr } = await run(command, args, { env, output: 'keep' });
    const output = `${stdout}${stderr}`;
    if (existsSync(result)) return { output, ...JSON.parse(readFileSync(result, 'utf8')) };
    return { output, results: [{ name: 'runs', error: `ended with ${code}\n${output}` }] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The path of Electron's program, which is downloaded when it is not there. */
async function installElectron() {
  await installLocked('test/electron', 'installing the packages of Electron');
  const folder = join(root, 'test/electron/node_modules/electron');
  const { code, stderr } = await runNode([join(folder, 'install.js')], { output: 'keep' });
  if (code !== 0) {
    const [reason] = stderr.split('\n').filter((line) => /error/i.test(line));
    throw new StepError(
      [
        'Electron cannot be downloaded here, so nothing was run in it.',
        `  tried:   test/electron/node_modules/electron/install.js (${(reason ?? stderr).trim()})`,
        '  needed:  a network that reaches its releases, or ELECTRON_MIRROR with a mirror of them',
        '  instead: test/electron/*.test.ts prove what can be proved without it',
      ].join('\n'),
    );
  }
  return join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'));
}
