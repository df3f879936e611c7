import { parseArgs } from 'node:util';
import { countsText } from './steps/counts.mjs';
import { install } from './steps/install.mjs';
import { StepError, verb } from './steps/process.mjs';
import { elapsed, withProgress } from './steps/progress.mjs';
import { buildTypeScript } from './steps/typescript.mjs';
import { requireTarget } from './targets/build.mjs';
import { builtBinary } from './targets/built-binary.mjs';
import { runtimeOf } from './targets/runtimes.mjs';

// npm run test:target -- <suffix>: the recorded answers and the life of a client on the built binary, in a Node of its kind.
await verb(async (args) => {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const target = requireTarget(positionals[0]);
  const runtime = await runtimeOf(target);
  const binary = builtBinary(target);
  await install();
  await buildTypeScript();
  const env = { FLIPT_NATIVE_BINARY: runtime.path(binary), NODE_OPTIONS: '' };
  console.log(`${target.suffix}: ${await describe(runtime, target)}`);
  const total = { passed: 0, failed: 0 };
  for (const [name, part] of await loadParts()) {
    const started = performance.now();
    const { passed, failed, output } = await withProgress(name, () => part(runtime, env));
    console.log(output);
    const took = elapsed(performance.now() - started);
    console.log(`${target.suffix}, ${name}: ${countsText({ passed, failed })} in ${took}`);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`test:target: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
});

/** They load what was installed and built just now. */
async function loadParts() {
  const { liveOnce } = await import('../test/targets/life.mjs');
  const { conformOnce } = await import('../test/targets/conformance.mjs');
  return [
    ['life cycle', liveOnce],
    ['conformance', conformOnce],
  ];
}

/** Asks the runtime itself what it is: another one would prove nothing. */
async function describe({ by, runNode }, { os, cpu, libc }) {
  const script = `const { header } = process.report.getReport();
    const libc = process.platform !== 'linux' ? '' : header.glibcVersionRuntime ? 'glibc' : 'musl';
    console.log([process.version, process.platform, process.arch, libc].join(' ').trim());`;
  const { code, stdout, stderr } = await runNode(['-e', script], { timeoutMs: 120_000 });
  const found = stdout.trim();
  const wanted = [os, cpu, libc].filter(Boolean).join(' ');
  if (code !== 0 || !found.endsWith(wanted)) {
    throw new StepError(`the runtime for ${wanted} is ${found}${stderr}`);
  }
  return `Node ${found} by ${by}`;
}
