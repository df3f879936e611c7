import { parentPort, workerData } from 'node:worker_threads';
import { FliptClient, isShown } from './client.mjs';

const { stays, ...options } = workerData;
const client = await FliptClient.init(options);
parentPort.postMessage(isShown(client));
if (stays) setInterval(() => isShown(client), 1);
else await client.close();
