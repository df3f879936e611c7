const { isOn } = require('dependant');

const request = {
  flagKey: 'new-checkout',
  entityId: 'ada',
  context: { email: 'ada@shop.example' },
};
isOn({ url: process.argv[2], namespace: 'shop' }, request).then(console.log);
