import { answers, open } from './shop.mjs';

const client = await open();
answers(client);
await client.close();
console.log('ok');
