import { runLoopThread } from '../../core/datagrams/run-loop-thread.ts';
import type { LinkConfig } from './link-config.ts';
import { type LinkAnswer, LinkForwarder, type LinkOrder } from './link-forwarder.ts';

/** What the thread is started with. */
export interface LinkThreadData {
  readonly configs: readonly LinkConfig[];
  readonly seed: number;
}

await runLoopThread<LinkThreadData, LinkOrder, LinkAnswer>(async ({ loop, data, post }) => {
  const forwarder = new LinkForwarder(loop, data.configs, data.seed, post);
  await forwarder.open();
  return forwarder;
});
