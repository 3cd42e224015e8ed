import { randomInt } from 'node:crypto';
import { constants, setPriority, uptime } from 'node:os';
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
try {
  // Of this thread only, on Linux: it needs little, and that at once.
  setPriority(0, constants.priority.PRIORITY_HIGH);
} catch {
  // Without the privilege (CAP_SYS_NICE) it takes its turn like all others, and says how late it was.
}
await loop.run(sender);
port.close();
