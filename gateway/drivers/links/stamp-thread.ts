import { randomInt } from 'node:crypto';
import { uptime } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createDatagramLoop } from '../../../core/datagrams/create-datagram-loop.ts';
import type { StampNews, StampThreadData } from './stamp-messages.ts';
import { StampSender } from './stamp-sender.ts';

// The thread that probes: it waits in the kernel, so nothing else may run in it.
const port = parentPort!;
const tell = (news: StampNews) => port.postMessage(news);
const { loop: choice } = workerData as StampThreadData;
const loop = await createDatagramLoop(choice, port);
tell({ kind: 'loop', loop: loop.kind, reason: loop.reason });
const sender = new StampSender({
  loop,
  tell,
  random: Math.random,
  firstSequence: () => randomInt(2 ** 32),
  uptimeMs: () => uptime() * 1_000,
});
await loop.run(sender);
port.close();
