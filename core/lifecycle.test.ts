import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import { type Service, Supervisor } from './lifecycle.ts';
import { createLog } from './log.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

const retryable = () => new SluiceError('PORT_TAKEN', { what: 'x', address: 'y', setting: 'z' });
const final = () => new SluiceError('CONFIG_INVALID', { problems: 'x' });

/** A set of services that write what happens to them into one diary. */
function household(names: string[]) {
  const diary: string[] = [];
  const clock = new FakeClock();
  const behaviour = new Map<string, Partial<Service>>();
  const services = names.map((name): Service => {
    return {
      name,
      start: async (signal) => {
        diary.push(`${name} starts at ${clock.monotonicMs()}`);
        await behaviour.get(name)?.start?.(signal);
      },
      stop: async () => {
        await behaviour.get(name)?.stop?.();
        diary.push(`${name} stopped`);
      },
      trouble: () => behaviour.get(name)?.trouble?.(),
    };
  });
  const supervisor = new Supervisor(services, clock, createLog('silent'));
  const stateOf = (name: string) => supervisor.states().get(name)!.state;
  return { diary, clock, behaviour, supervisor, stateOf };
}

function failing(error: () => SluiceError, times = Number.POSITIVE_INFINITY): Service['start'] {
  let left = times;
  return async () => {
    if (left-- > 0) throw error();
  };
}

describe('the supervisor', () => {
  it('starts in order, each after the one before is up, and stops in reverse', async () => {
    const { supervisor, diary, behaviour, stateOf } = household(['broker', 'ingest', 'gateway']);
    const opened = Promise.withResolvers<void>();
    behaviour.set('broker', { start: () => opened.promise });
    const started = supervisor.start();
    await settle();
    expect(diary).toEqual(['broker starts at 0']);
    expect([stateOf('broker'), stateOf('ingest')]).toEqual(['starting', 'stopped']);
    opened.resolve();
    await started;
    expect(['broker', 'ingest', 'gateway'].map(stateOf)).toEqual(['up', 'up', 'up']);
    diary.length = 0;
    await supervisor.stop();
    expect(diary).toEqual(['gateway stopped', 'ingest stopped', 'broker stopped']);
    expect(stateOf('gateway')).toBe('stopped');
  });

  it('goes on without a service that may come later, and tries it again, waiting longer each time', async () => {
    const { supervisor, diary, behaviour, stateOf, clock } = household(['store', 'http']);
    behaviour.set('store', { start: failing(retryable, 6) });
    await supervisor.start();
    expect([stateOf('store'), stateOf('http')]).toEqual(['down', 'up']);
    expect(supervisor.states().get('store')).toMatchObject({ error: { code: 'PORT_TAKEN' } });
    await clock.advance(60_000);
    const tries = diary.filter((line) => line.startsWith('store starts'));
    expect(tries.map((line) => Number(line.split(' at ')[1]))).toEqual([
      0, 1_000, 3_000, 7_000, 15_000, 30_000, 45_000,
    ]);
    expect(stateOf('store')).toBe('up');
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops everything and says why when a service can never start', async () => {
    const { supervisor, diary, behaviour } = household(['a', 'b', 'c']);
    behaviour.set('b', { start: failing(final) });
    await expect(supervisor.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(diary).toEqual(['a starts at 0', 'b starts at 0', 'c stopped', 'b stopped', 'a stopped']);
  });

  it('leaves the others running when a later try shows that a service can never start', async () => {
    const { supervisor, behaviour, stateOf, clock } = household(['a', 'b']);
    let tries = 0;
    behaviour.set('a', {
      start: async () => {
        throw tries++ === 0 ? retryable() : final();
      },
    });
    await supervisor.start();
    await clock.advance(120_000);
    expect([tries, stateOf('a'), stateOf('b')]).toEqual([2, 'down', 'up']);
  });

  it('treats a start that throws at once like one that fails', async () => {
    const clock = new FakeClock();
    let tries = 0;
    const start = () => {
      if (tries++ === 0) throw retryable();
      return Promise.resolve();
    };
    const service: Service = { name: 'a', start, stop: () => Promise.resolve() };
    const supervisor = new Supervisor([service], clock, createLog('silent'));
    await supervisor.start();
    expect(supervisor.states().get('a')!.state).toBe('down');
    await clock.advance(1_000);
    expect(supervisor.states().get('a')!.state).toBe('up');
  });

  it('shows a service that has started and is in trouble as down, until the trouble is over', async () => {
    const { supervisor, behaviour, stateOf } = household(['a']);
    let trouble: SluiceError | undefined;
    behaviour.set('a', { trouble: () => trouble });
    await supervisor.start();
    expect(stateOf('a')).toBe('up');
    trouble = retryable();
    expect(supervisor.states().get('a')).toEqual({ state: 'down', error: trouble });
    trouble = undefined;
    expect(stateOf('a')).toBe('up');
  });
});

describe('a stop', () => {
  it('is one stop, however often it is asked for', async () => {
    const { supervisor, diary } = household(['a']);
    await supervisor.start();
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    await supervisor.stop();
    expect(diary.filter((line) => line === 'a stopped')).toHaveLength(1);
  });

  it('during a start tells the service, waits for it, and starts no further one', async () => {
    const { supervisor, diary, behaviour } = household(['a', 'b']);
    behaviour.set('a', {
      start: async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await settle();
        diary.push('a has given up');
      },
    });
    const started = supervisor.start();
    await settle();
    await supervisor.stop();
    await started;
    expect(diary).toEqual(['a starts at 0', 'a has given up', 'b stopped', 'a stopped']);
  });

  it('plans no further try of a service that is down', async () => {
    const { supervisor, diary, behaviour, clock } = household(['a']);
    behaviour.set('a', { start: failing(retryable) });
    await supervisor.start();
    await supervisor.stop();
    await clock.advance(60_000);
    expect(diary).toEqual(['a starts at 0', 'a stopped']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('during a try that fails plans no further one', async () => {
    const { supervisor, diary, behaviour, clock } = household(['a']);
    behaviour.set('a', {
      start: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(retryable()))),
    });
    const started = supervisor.start();
    await settle();
    await supervisor.stop();
    await started;
    await clock.advance(60_000);
    expect(diary).toEqual(['a starts at 0', 'a stopped']);
  });

  it('of one service that fails keeps none of the others from stopping', async () => {
    const { supervisor, diary, behaviour } = household(['a', 'b']);
    behaviour.set('b', { stop: () => Promise.reject(new Error('stuck')) });
    await supervisor.start();
    await supervisor.stop();
    expect(diary).toEqual(['a starts at 0', 'b starts at 0', 'a stopped']);
  });
});
