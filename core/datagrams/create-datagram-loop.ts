import type { MessagePort } from 'node:worker_threads';
import { reasonOf } from '../errors.ts';
import type { DatagramLoop } from './datagram-loop.ts';
import { DgramLoop } from './dgram-loop.ts';

export const LOOP_CHOICES = ['auto', 'kernel', 'dgram'] as const;
export type LoopChoice = (typeof LOOP_CHOICES)[number];

/**
 * The loop of this thread. `auto` takes the kernel's where it is to be had, and says in `reason` why not; `kernel` throws
 * that instead. Messages of `port` go to the handler.
 */
export async function createDatagramLoop(
  choice: LoopChoice = 'auto',
  port?: MessagePort,
): Promise<DatagramLoop> {
  if (choice === 'dgram') return new DgramLoop('it is set to dgram', port);
  try {
    const { KernelLoop } = await import('./kernel-loop.ts');
    return new KernelLoop(port);
  } catch (error) {
    if (choice === 'kernel') throw error;
    return new DgramLoop(reasonOf(error), port);
  }
}
