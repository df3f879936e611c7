import assert from 'node:assert/strict';

export const rows = [
  {
    name: 'fresh',
    async run({ npm, must, write, packages }) {
      write('package.json', { private: true, dependencies: { 'flipt-native': packages.version } });
      await npm(['install']);
      const loads = "console.log(require('flipt-native').FliptClient.name)";
      assert.equal(await must(process.execPath, ['-e', loads]), 'FliptClient\n');
    },
  },
];
