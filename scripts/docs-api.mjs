import { install } from './steps/install.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run docs:api: the reference of everything that is exported, from its comments, into docs/api.
await verb(async () => {
  await install();
  const args = ['node_modules/typedoc/bin/typedoc', '--options', 'docs/typedoc.json'];
  const { code } = await runNode(args);
  return code;
});
