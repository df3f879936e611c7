import { answers, open } from './shop.mjs';

// Never closed: what is open may not keep the process.
const client = await open({ fetchMode: 'streaming' });
client.on('change', () => {});
answers(client);
console.log('ok');
