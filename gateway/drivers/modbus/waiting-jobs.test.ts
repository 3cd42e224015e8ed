import { expect, test } from 'vitest';
import { SluiceError } from '../../../core/errors.ts';
import type { ModbusRequest } from '../../../core/modbus/pdu.ts';
import { createExchange } from './master.ts';
import { RestingUnits } from './resting-units.ts';
import { type Job, type Priority, WaitingJobs } from './waiting-jobs.ts';

const OPEN: ModbusRequest = { function: 'writeSingleCoil', address: 0, on: true };
const CLOSE: ModbusRequest = { function: 'writeSingleCoil', address: 0, on: false };
const READ: ModbusRequest = { function: 'readCoils', address: 0, count: 1 };

function setUp() {
  const resting = new RestingUnits(100, false);
  const timeout = () => new SluiceError('MODBUS_TIMEOUT', { unit: 1, bus: 'field', timeoutMs: 100 });
  const jobs = new WaitingJobs(resting, timeout);
  const failed: string[] = [];
  const job = (request: ModbusRequest, priority: Priority, notAfterMs = 10_000, unit = 1): Job => ({
    exchange: createExchange(unit, request),
    ...{ priority, notAfterMs, attempts: 0 },
    resolve: () => {},
    reject: ({ code }) => failed.push(code),
  });
  const take = (nowMs = 0) => {
    const turn = jobs.take(nowMs);
    return 'job' in turn ? turn.job : turn.againAtMs;
  };
  return { resting, jobs, job, take, failed };
}

test.each(['command', 'poll'] as const)(
  'a %s that is asked again goes before those that came after it',
  (priority) => {
    const { jobs, job, take } = setUp();
    const [open, close] = [job(OPEN, priority), job(CLOSE, priority)];
    jobs.add(open);
    jobs.add(close);
    expect(take()).toBe(open);
    jobs.putBack(open);
    expect([take(), take(), take()]).toEqual([open, close, undefined]);
  },
);

test('commands go before polls, and what is too late goes nowhere', () => {
  const { jobs, job, take, failed } = setUp();
  const [poll, late, close] = [job(READ, 'poll'), job(OPEN, 'command', 50), job(CLOSE, 'command')];
  for (const one of [poll, late, close]) jobs.add(one);
  expect([take(51), take(51), jobs.count]).toEqual([close, poll, 0]);
  expect(failed).toEqual(['WRITE_TOO_LATE']);
});

test('a read-back waits until nothing is owed, writes pass it, and polls of a unit that rests fail', () => {
  const { resting, jobs, job, take, failed } = setUp();
  resting.silent(1, 0, true);
  const [poll, readBack, close, other] = [
    job(READ, 'poll'),
    job(READ, 'command'),
    job(CLOSE, 'command'),
    job(READ, 'poll', 10_000, 2),
  ];
  for (const one of [poll, readBack, close, other]) jobs.add(one);
  expect([take(1), take(1), take(1)]).toEqual([close, other, 1_000]);
  expect(failed).toEqual(['MODBUS_TIMEOUT']);
  expect(take(1_000)).toBe(readBack);
});
