import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../../core/clock.ts';
import type { IcmpProbe } from '../../../../core/links/link-plan.ts';
import { eventually } from '../../../../core/testing/eventually.ts';
import { FakeClock } from '../../../../core/testing/fake-clock.ts';
import { describeWith } from '../../../../core/testing/needs.ts';
import { toldEvidence } from '../testing/told-evidence.ts';
import { IcmpProber } from './icmp-prober.ts';

const RECORD_MS = 1_000;

// They wait side by side: most of their time is that of records that may still be answered.
const ends: (() => unknown)[] = [];
afterAll(() => Promise.all(ends.splice(0).map((end) => end())));

function probe(address: string, more: Partial<IcmpProbe> = {}): IcmpProbe {
  return { kind: 'icmp', address, everyMs: 100, timeoutMs: 500, dscp: 0, sizeBytes: 56, ...more };
}

function bench(program?: string, clock: Clock = systemClock) {
  const told = toldEvidence(clock);
  const prober = new IcmpProber(told.context, program);
  ends.push(() => prober.stop());
  return { prober, ...told };
}

describeWith('fping')('with the real fping', () => {
  test.concurrent('many links, IPv4, IPv6 and by name, each with its own account; two to one address share its answers', async () => {
    const { prober, total } = bench();
    const links = [
      { link: 'four', spec: probe('127.0.0.1') },
      { link: 'again', spec: probe('127.0.0.1') },
      { link: 'other', spec: probe('127.0.0.2', { sizeBytes: 1_000, dscp: 46 }) },
      { link: 'six', spec: probe('::1') },
      { link: 'name', spec: probe('localhost') },
    ];
    prober.replace(links, RECORD_MS);
    await prober.start();
    for (const { link } of links) {
      const { account, roundTrip, kernelStamped } = await eventually(() => {
        const sum = total(link);
        return sum.account.received >= 10 && sum;
      });
      expect(account.lost).toBe(0);
      expect(roundTrip.quantile(0.5)).toBeLessThan(50);
      expect(kernelStamped).toBe(account.received);
    }
    expect(prober.trouble()).toBeUndefined();
  });

  test.concurrent('a link that stays as it was goes on; one that is new is probed, one that is gone ends with a record', async () => {
    const { prober, total, evidence } = bench();
    prober.replace([{ link: 'a', spec: probe('127.0.0.1') }], RECORD_MS);
    await prober.start();
    await eventually(() => total('a').account.received >= 5);
    prober.replace(
      [
        { link: 'a', spec: probe('127.0.0.1') },
        { link: 'b', spec: probe('127.0.0.3') },
      ],
      RECORD_MS,
    );
    await eventually(() => total('b').account.received >= 5);
    prober.replace([{ link: 'b', spec: probe('127.0.0.3') }], RECORD_MS);
    const ofA = evidence.filter(({ link }) => link === 'a');
    const times = ofA.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    const { account } = total('a');
    expect(account.lost).toBe(0);
    expect(account.received + account.invalid + account.notSent).toBe(account.scheduled);
  });

  test.concurrent('a target that cannot be reached has no received probe, and its neighbours are as ever', async () => {
    const { prober, total } = bench();
    const links = [
      { link: 'near', spec: probe('127.0.0.1') },
      // Reserved (RFC 1112): nobody has this address.
      { link: 'nowhere', spec: probe('240.0.0.1') },
      { link: 'unnamed', spec: probe('no-such-host.invalid') },
    ];
    prober.replace(links, RECORD_MS);
    await prober.start();
    await eventually(
      () => total('nowhere').account.scheduled >= 10 && total('unnamed').account.scheduled >= 10,
    );
    expect(total('nowhere').account.received).toBe(0);
    const { scheduled, notSent } = total('unnamed').account;
    expect(notSent).toBe(scheduled);
    expect(total('near').account).toMatchObject({ lost: 0, late: 0 });
  });
});

test.concurrent('without fping its probes are not sent, and one clear message says what to install', async () => {
  const { prober, total } = bench('no-such-fping');
  prober.replace([{ link: 'a', spec: probe('127.0.0.1') }], RECORD_MS);
  await prober.start();
  const error = await eventually(() => prober.trouble());
  expect(error.code).toBe('FPING_MISSING');
  expect(error.text('en')).toMatch(/apt install fping/);
  const { account } = await eventually(() => {
    const sum = total('a');
    return sum.account.scheduled >= 5 && sum;
  });
  expect(account.notSent).toBe(account.scheduled);
});

test.concurrent('fping that hangs is killed and started anew, and what it left out was not sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-fping-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  const [program, starts] = [join(folder, 'fping'), join(folder, 'starts')];
  // It does not listen to a polite signal either.
  writeFileSync(program, `#!/bin/sh\ntrap '' TERM\necho $$ >> ${starts}\nexec sleep 1000\n`, { mode: 0o755 });
  const clock = new FakeClock();
  const { prober, total } = bench(program, clock);
  prober.replace([{ link: 'a', spec: probe('127.0.0.1') }], RECORD_MS);
  await prober.start();
  const pids = () => (existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n').map(Number) : []);
  await eventually(() => pids().length === 1);
  for (let passedS = 0; passedS < 70; passedS++) await clock.advance(1_000);
  const [first] = await eventually(() => pids().length === 2 && pids());
  await eventually(() => !existsSync(`/proc/${first}`));
  await prober.stop();
  const { scheduled, notSent, invalid } = total('a').account;
  expect(scheduled).toBeGreaterThan(600);
  expect(notSent + invalid).toBe(scheduled);
});

test.concurrent('fping that ends is named with its words', async () => {
  const { prober } = bench('false');
  prober.replace([{ link: 'a', spec: probe('127.0.0.1') }], RECORD_MS);
  await prober.start();
  const error = await eventually(() => prober.trouble());
  expect(error.code).toBe('FPING_ENDED');
  expect(error.text('en')).toMatch(/exit 1/);
});
