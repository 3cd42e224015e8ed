import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { SystemClockEvidence } from './system-evidence.ts';

function setUp(answers: Record<string, string> = {}, trust: 'auto' | 'always' | 'never' = 'auto') {
  const root = temporaryFolder();
  const clock = new FakeClock();
  const asked: string[] = [];
  const ask = async (program: string) => {
    asked.push(program);
    return answers[program];
  };
  return { root, clock, asked, answers, evidence: new SystemClockEvidence(clock, trust, ask, root) };
}

/** As `chronyc -c -n tracking` of chrony 4.3 prints it, shortened in the middle. */
const tracking = (leap: string) => `CB007107,203.0.113.7,3,1795348800.123,0.000012,0.00001,64.2,${leap}\n`;

test.each([
  [{ chronyc: tracking('Normal') }, 'disciplined'],
  [{ chronyc: tracking('Insert second') }, 'disciplined'],
  [{ chronyc: tracking('Not synchronised') }, 'undisciplined'],
  [{ timedatectl: 'NTP=yes\nNTPSynchronized=yes\n' }, 'disciplined'],
  [{ timedatectl: 'NTP=no\nNTPSynchronized=yes\n' }, 'disciplined'],
  [{ timedatectl: 'NTP=yes\nNTPSynchronized=no\n' }, 'undisciplined'],
  [{ timedatectl: 'NTP=no\nNTPSynchronized=no\n' }, 'unknown'],
  [{}, 'unknown'],
])('what programs say: %j is %s', async (answers, expected) => {
  const { evidence } = setUp(answers as Record<string, string>);
  expect(evidence.now()).toBe('undisciplined');
  await evidence.refresh();
  expect(evidence.now()).toBe(expected);
});

test('programs are asked once a minute and never twice at a time', async () => {
  const { evidence, asked, clock } = setUp({ chronyc: tracking('Normal') });
  for (let second = 0; second < 150; second++) {
    evidence.now();
    await clock.advance(1_000);
  }
  expect(asked).toHaveLength(3);
});

test('systemd-timesyncd tells by files, and nobody else is asked', async () => {
  const { evidence, root, asked } = setUp({ chronyc: tracking('Normal') });
  mkdirSync(join(root, 'run/systemd/timesync'), { recursive: true });
  expect(evidence.now()).toBe('undisciplined');
  writeFileSync(join(root, 'run/systemd/timesync/synchronized'), '');
  expect(evidence.now()).toBe('disciplined');
  expect(asked).toEqual([]);
});

test('a battery-backed clock that agrees is evidence, and one that does not is none', async () => {
  const { evidence, root, clock } = setUp();
  mkdirSync(join(root, 'sys/class/rtc/rtc0'), { recursive: true });
  const write = (ms: number) =>
    writeFileSync(join(root, 'sys/class/rtc/rtc0/since_epoch'), `${Math.round(ms / 1_000)}\n`);
  await evidence.refresh();
  write(clock.nowMs() + 2_000);
  expect(evidence.now()).toBe('rtc');
  write(Date.UTC(2000, 0, 1));
  expect(evidence.now()).toBe('unknown');
});

test('the settings have the last word', () => {
  expect(setUp({}, 'always').evidence.now()).toBe('disciplined');
  expect(setUp({ chronyc: tracking('Normal') }, 'never').evidence.now()).toBe('undisciplined');
});
