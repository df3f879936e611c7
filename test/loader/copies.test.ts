// Several copies of the package in one process, as bundles, nested dependencies and test runners make them.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostTarget } from '../../npm/targets.mjs';
import { answerOf, runNode } from '../support/child.ts';
import { built } from '../support/sdk.ts';

/** Programs have `copies`, folders that hold the package; `loads`, how often the system was asked for each file; `ask`. */
async function run(source: string, worker = ''): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-copies-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const scope = join(folder, 'node_modules', '@flipt-native');
  mkdirSync(scope, { recursive: true });
  const { suffix } = hostTarget();
  symlinkSync(join(built(), '../../npm', suffix), join(scope, suffix), 'junction');
  const copies = ['one', 'two', 'three'].map((name) => join(folder, name));
  for (const copy of copies) {
    mkdirSync(copy);
    cpSync(join(built(), '..'), join(copy, 'dist'), { recursive: true });
    cpSync(join(built(), '../../package.json'), join(copy, 'package.json'));
  }
  const prelude = `
    const copies = ${JSON.stringify(copies)}.map((copy) => copy + '/dist/index.js');
    const loads = {};
    const dlopen = process.dlopen;
    process.dlopen = function (module, path, ...rest) {
      loads[path] = (loads[path] ?? 0) + 1;
      return dlopen.call(process, module, path, ...rest);
    };
    const counts = () => Object.values(loads);
    const ask = async ({ FliptClient }) => {
      const client = await FliptClient.init({ offline: true, bootstrap: { banner: true, size: 3 } });
      const answers = [client.getBooleanValue('banner', false), client.getNumberValue('size', 0)];
      await client.close();
      return answers.join();
    };
    const done = (value) => process.stdout.write(JSON.stringify(value));\n`;
  const main = join(folder, 'main.cjs');
  writeFileSync(main, `${prelude}\n(async () => {${source}\n})();`);
  writeFileSync(join(folder, 'worker.cjs'), `${prelude}\n(async () => {${worker}\n})();`);
  return answerOf(await runNode([main], { env: { FLIPT_NATIVE_BINARY: '' } }));
}

/** A registry of modules in a \`vm\` context of its own, like those of test runners. */
const registry = `
    const vm = require('node:vm');
    const { readFileSync } = require('node:fs');
    const { dirname, resolve } = require('node:path');
    const newRegistry = (globals) => {
      const context = vm.createContext({ console, Buffer, URL, performance, queueMicrotask, setTimeout, clearTimeout,
        setImmediate, AbortController, AbortSignal, TextEncoder, TextDecoder, ...globals });
      const modules = new Map();
      const load = (path) => {
        if (modules.has(path)) return modules.get(path).exports;
        const module = { exports: {} };
        modules.set(path, module);
        const wrapper = '(function (exports, require, module, __filename, __dirname) {' + readFileSync(path) + '\\n})';
        const own = (name) => name.startsWith('.') ? load(resolve(dirname(path), name)) : require(name);
        vm.runInContext(wrapper, context, { filename: path })(module.exports, own, module, path, dirname(path));
        return module.exports;
      };
      return load;
    };\n`;

const answer = 'true,3';

describe('copies of the package', () => {
  it('load a file once and work side by side', async () => {
    const asked = await run(`
      const all = copies.map((copy) => require(copy));
      const distinct = new Set(all.map(({ FliptClient }) => FliptClient)).size;
      const answers = await Promise.all(all.map(ask));
      done({ distinct, answers, counts: counts() });`);
    expect(asked).toEqual({ distinct: 3, answers: [answer, answer, answer], counts: [1] });
  });

  it('load it once when the cache of modules is emptied between them', async () => {
    const asked = await run(`
      const answers = [];
      for (const copy of [...copies, ...copies]) {
        answers.push(await ask(require(copy)));
        for (const path of Object.keys(require.cache)) delete require.cache[path];
      }
      done({ answers, counts: counts() });`);
    expect(asked).toEqual({ answers: Array(6).fill(answer), counts: [1] });
  });
});

describe('vm contexts', () => {
  it('of several registries work, and load the file once', async () => {
    const asked = await run(`${registry}
      const answers = [];
      for (let round = 0; round < 3; round++) {
        for (const copy of copies) answers.push(await ask(newRegistry({ process })(copy)));
      }
      answers.push(await ask(require(copies[0])));
      done({ answers: [...new Set(answers)], counts: counts() });`);
    expect(asked).toEqual({ answers: [answer], counts: [1] });
  });

  it('with a process object of their own do, too', async () => {
    const asked = await run(`${registry}
      const copyOfProcess = () => Object.create(Object.getPrototypeOf(process), Object.getOwnPropertyDescriptors(process));
      const answers = [];
      for (const copy of [...copies, ...copies]) {
        answers.push(await ask(newRegistry({ process: copyOfProcess() })(copy)));
      }
      done({ answers: [...new Set(answers)], counts: counts() });`);
    expect(asked).toEqual({ answers: [answer], counts: [1] });
  });

  it('are not kept alive by the addon that they loaded first', async () => {
    const asked = await run(`${registry}
      require('node:v8').setFlagsFromString('--expose-gc');
      const gc = vm.runInNewContext('gc');
      const first = await (async () => {
        const globals = { process, marker: {} };
        const load = newRegistry(globals);
        await ask(load(copies[0]));
        return new WeakRef(globals.marker);
      })();
      for (let i = 0; i < 50 && first.deref() !== undefined; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
      }
      done({ isKept: first.deref() !== undefined, again: await ask(newRegistry({ process })(copies[0])) });`);
    expect(asked).toEqual({ isKept: false, again: answer });
  });
});

describe('worker threads', () => {
  it('load it once each, whatever their copies, and work', async () => {
    const asks = 'const answers = await Promise.all(copies.map((copy) => ask(require(copy))));';
    const asked = await run(
      `${asks}
      const { Worker } = require('node:worker_threads');
      const { once } = require('node:events');
      const workers = await Promise.all([1, 2, 3].map(async () => {
        const worker = new Worker(__dirname + '/worker.cjs');
        const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        return message;
      }));
      done([{ answers, counts: counts() }, ...workers]);`,
      `${asks}
      require('node:worker_threads').parentPort.postMessage({ answers, counts: counts() });`,
    );
    const each = { answers: [answer, answer, answer], counts: [1] };
    expect(asked).toEqual([each, each, each, each]);
  });
});
