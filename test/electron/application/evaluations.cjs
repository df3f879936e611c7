// What every process and thread of the application asks; `answers()` resolves to the same everywhere.

const { FliptClient } = require('flipt-native');

exports.answers = async () => {
  const client = await FliptClient.init({
    offline: true,
    bootstrap: { banner: true, 'page-size': 50, theme: { accent: '#06c' }, greeting: 'hello' },
  });
  const given = [
    client.getBooleanValue('banner', false),
    client.getNumberValue('page-size', 0),
    client.getObjectValue('theme', {}).accent,
    client.getStringValue('greeting', '', { targetingKey: 'ada', city: 'Αθήνα' }),
    client.listFlags().length,
  ];
  await client.close();
  return given.join();
};
