import { FliptClient, isShown, patient } from './client.mjs';

// A client that nobody closes must not keep the process: `node left-open.mjs <url>`.
const [url] = process.argv.slice(2);
const client = await FliptClient.init({
  ...patient,
  url,
  namespace: 'shop',
  fetchMode: 'streaming',
});
client.on('change', () => {});
console.log(`left open, banner ${isShown(client)}`);
