import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announce } from '../../scripts/release/announce.mjs';
import { withPrograms } from './programs.mjs';

const bundle = { version: '1.2.3', files: ['SHA256SUMS', 'a.tgz'] };
const options = { notes: 'What changed.', commit: 'c0ffee' };

/** Stands in for gh: knows the releases of these tags, and shows the notes that it is given. */
const gh = (...tags) => `
const args = process.argv.slice(2);
const at = args.indexOf('--notes-file');
const notes = at < 0 ? undefined : require('node:fs').readFileSync(args[at + 1], 'utf8');
if (at >= 0) args.splice(at, 2);
log({ args, notes });
if (args[1] === 'view') process.exit(${JSON.stringify(tags)}.includes(args[2]) ? 0 : 1);
`;

describe('the release on GitHub', () => {
  it('is made at the commit, with the notes and the files', async () => {
    await withPrograms({ gh: gh() }, async ({ logged }) => {
      await announce(bundle, options);
      const [, create] = logged();
      const files = ['SHA256SUMS', 'a.tgz'];
      const args = ['release', 'create', 'v1.2.3', ...files, '--title', 'v1.2.3'];
      assert.deepEqual(create, { args: [...args, '--target', 'c0ffee'], notes: 'What changed.\n' });
    });
  });

  it('of a prerelease is marked as one', async () => {
    await withPrograms({ gh: gh() }, async ({ logged }) => {
      await announce({ ...bundle, version: '1.2.3-rc.1' }, options);
      assert.ok(logged()[1].args.includes('--prerelease'));
    });
  });

  it('that is there already gets the files again', async () => {
    await withPrograms({ gh: gh('v1.2.3') }, async ({ logged }) => {
      await announce(bundle, options);
      const args = ['release', 'upload', 'v1.2.3', 'SHA256SUMS', 'a.tgz', '--clobber'];
      assert.deepEqual(logged()[1].args, args);
    });
  });

  it('that cannot be made is an error with the cause', async () => {
    await withPrograms({ gh: "console.error('no permission'); process.exit(1)" }, async () => {
      await assert.rejects(
        announce(bundle, options),
        /gh release failed for v1\.2\.3:\nno permission/,
      );
    });
  });
});
