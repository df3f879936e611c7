const { journey } = require('./journey.cjs');

const modules = {
  main: require('flipt-native'),
  node: require('flipt-native/node'),
  types: require('flipt-native/types'),
  testing: require('flipt-native/testing'),
  openfeature: require('flipt-native/openfeature'),
  sdk: require('@openfeature/server-sdk'),
};
journey(modules, process.argv[2]).then((result) => console.log(JSON.stringify(result)));
