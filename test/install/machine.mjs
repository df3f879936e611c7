import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execute } from '../package/projects.mjs';

// There npm is a batch file, which only a shell starts.
const isWindows = process.platform === 'win32';

/** A home in `folder` whose package managers use the registry; resolves to the environment for it. */
export function prepareHome(folder, registry) {
  const home = join(folder, 'home');
  write(
    join(home, '.npmrc'),
    [
      `registry=${registry}`,
      ...['audit=false', 'fund=false', 'update-notifier=false', 'loglevel=error'],
      '',
    ].join('\n'),
  );
  write(
    join(home, '.yarnrc.yml'),
    [
      `npmRegistryServer: ${JSON.stringify(registry)}`,
      'unsafeHttpWhitelist: ["127.0.0.1"]',
      'enableTelemetry: false',
      'enableImmutableInstalls: false',
      // What is published here is a minute old.
      'npmMinimalAgeGate: 0',
      '',
    ].join('\n'),
  );
  const inherited = Object.keys(process.env).filter((name) =>
    /^(npm_|pnpm_|yarn_|xdg_|node_options$|init_cwd$)/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited.map((name) => [name, undefined])),
    HOME: home,
    USERPROFILE: home,
    LOCALAPPDATA: join(home, 'AppData'),
    npm_config_globalconfig: join(home, 'no-global-npmrc'),
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}

/** What a row runs programs with, in its folder. */
export function programsOf(folder, environment) {
  const run = (command, args, { cwd = folder, env, ...options } = {}) =>
    execute(command, args, { cwd, env: { ...environment, ...env }, ...options });
  const must = async (command, args, options) => {
    const { code, stdout, stderr } = await run(command, args, options);
    if (code === 0) return stdout;
    throw new Error(`${[command, ...args].join(' ')} ended with ${code}\n${stdout}${stderr}`);
  };
  return {
    execute: run,
    must,
    npm: (args, options) => must('npm', args, { ...options, shell: isWindows }),
    write: (path, content) => write(join(folder, path), content),
  };
}

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}
