import { randomUUID } from 'node:crypto';
import type { SluiceError, Words } from '../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import type { Log } from '../../core/log.ts';
import type { OutboxStatus } from './outbox.ts';

const DISK_WORKS: Words = {
  en: 'the outbox is on the disk again',
  zh: '发件箱已恢复写入磁盘',
};
const DROPS_OVER: Words = {
  en: 'for ten minutes the outbox has had room for everything',
  zh: '发件箱已有十分钟未丢弃读数',
};
/** Dropping goes by fits and starts: it is over when it has not happened for so long. */
const OVER_AFTER_MS = 600_000;

/** The disk takes nothing any more (`error`), or does again. */
export function diskEvent(error: SluiceError | undefined, timeMs: number): GatewayEvent {
  const reason = error ? eventReason(error) : DISK_WORKS;
  return {
    kind: 'condition',
    id: randomUUID(),
    timeMs,
    condition: 'disk-full',
    isRaised: error !== undefined,
    reason,
  };
}

/** Tells when the outbox begins to drop readings, and when it has stopped. */
export class DropWatch {
  readonly #log: Log;
  #dropped = 0;
  #droppedAtMs = 0;
  #isRaised = false;

  constructor(log: Log) {
    this.#log = log;
  }

  look({ dropped }: OutboxStatus, timeMs: number): GatewayEvent | undefined {
    const isMore = dropped > this.#dropped;
    this.#dropped = dropped;
    if (isMore) this.#droppedAtMs = timeMs;
    if (isMore === this.#isRaised || (!isMore && timeMs - this.#droppedAtMs < OVER_AFTER_MS))
      return undefined;
    this.#isRaised = isMore;
    if (isMore) this.#log.error({ dropped }, 'the outbox is full: the oldest readings make room');
    const reason = isMore
      ? {
          en: `the outbox is full: the oldest readings make room, ${dropped} so far`,
          zh: `发件箱已满：正在丢弃最旧的读数，目前共 ${dropped} 条`,
        }
      : DROPS_OVER;
    return {
      kind: 'condition',
      id: randomUUID(),
      timeMs,
      condition: 'outbox-dropped',
      isRaised: isMore,
      reason,
    };
  }
}
