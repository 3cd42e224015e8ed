import { parentPort, workerData } from 'node:worker_threads';
import { createDatagramLoop } from '../../core/datagrams/create-datagram-loop.ts';
import type { LinkConfig } from './link-config.ts';
import { LinkForwarder } from './link-forwarder.ts';

const { configs, seed } = workerData as { configs: readonly LinkConfig[]; seed: number };
const loop = await createDatagramLoop('auto', parentPort!);
const forwarder = new LinkForwarder(loop, configs, seed, (answer) => parentPort!.postMessage(answer));
if (await forwarder.open()) await loop.run(forwarder);
forwarder.close();
parentPort!.close();
