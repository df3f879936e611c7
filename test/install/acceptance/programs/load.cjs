const { readFileSync } = require('node:fs');
const { FliptClient } = require('flipt-native');

const { version } = JSON.parse(readFileSync(require.resolve('flipt-native/package.json'), 'utf8'));
const report = (result) => console.log(JSON.stringify(result));
FliptClient.init({ url: process.argv[2], namespace: 'shop' }).then(
  async (client) => {
    await client.close();
    report({ version });
  },
  ({ code, message }) => report({ code, message }),
);
