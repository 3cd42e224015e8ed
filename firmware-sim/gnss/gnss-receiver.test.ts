import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { GnssConfig } from './gnss-config.ts';
import { GnssReceiver } from './gnss-receiver.ts';
import { epochsOf } from './recording.ts';
import { restamped, sentenceOf, timeOfDayS } from './sentence.ts';

const PLACE = { latitudeDeg: 22.5, longitudeDeg: 113.4, elevationM: 10 };
const START_MS = Date.UTC(2026, 5, 1, 4, 5, 6);

async function receiver(settings: Partial<GnssConfig> = {}, recording?: string) {
  const folder = temporaryFolder();
  if (recording !== undefined) writeFileSync(join(folder, 'walk.nmea'), recording);
  const clock = new FakeClock(START_MS);
  const config = checkConfig(GnssConfig, {
    id: 'gnss',
    ...(recording === undefined ? {} : { recording: 'walk.nmea' }),
    ...settings,
  });
  const made = new GnssReceiver(
    config,
    PLACE,
    1,
    serviceContext({ clock, dataFolder: folder, configFolder: folder }),
  );
  onTestFinished(() => made.close());
  await made.open();
  /** Second by second, so that the reader keeps up as it does in real time. */
  const live = async (seconds: number, { lines }: { lines(): string[] }) => {
    for (let second = 0; second < seconds; second++) {
      const before = lines().length;
      await clock.advance(1000);
      await eventually(() => lines().length >= before + 3);
    }
  };
  return { made, clock, live };
}

/** What a program reads that opens the port now. */
async function listen(made: GnssReceiver) {
  let text = '';
  const stream = createReadStream(made.portPath);
  stream.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  // The port vanishing under a reader is part of some tests.
  stream.on('error', () => {});
  onTestFinished(() => void stream.destroy());
  await new Promise((resolve) => stream.once('open', resolve));
  return { lines: () => text.split('\r\n').slice(0, -1), text: () => text };
}

const checks = (line: string) => sentenceOf(line.slice(1, line.lastIndexOf('*'))) === line;

describe('sentences', () => {
  it('have the checksum of the published example, and tell their time', () => {
    const gga = '$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47';
    expect(sentenceOf(gga.slice(1, -3))).toBe(gga);
    expect(timeOfDayS(gga)).toBe(12 * 3600 + 35 * 60 + 19);
    expect(timeOfDayS('$GPGSV,1,1,00*79')).toBeUndefined();
  });

  it('are stamped anew where they tell time or date, and nowhere else', () => {
    const rmc = sentenceOf('GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W');
    const expected = 'GPRMC,040506.00,A,4807.038,N,01131.000,E,022.4,084.4,010626,003.1,W';
    expect(restamped(rmc, START_MS)).toBe(sentenceOf(expected));
    expect(restamped('$GPGSV,1,1,00*79', START_MS)).toBe('$GPGSV,1,1,00*79');
    expect(restamped('$GNGLL,,,,,,V,N*7A', START_MS)).toBe('$GNGLL,,,,,,V,N*7A');
  });
});

describe('a recording', () => {
  it('is cut where its time moves on, and keeps its pace but not its gaps', () => {
    const at = (time: string) => `$GPGGA,${time},,,,,0,,,,,,,,*00`;
    const text = [at('100000'), '$GPGSV,1,1,00*79', at('100000'), at('100002'), at('113000'), 'garbage'].join(
      '\n',
    );
    expect(epochsOf(text).map(({ lines, afterMs }) => [lines.length, afterMs])).toEqual([
      [3, 1000],
      [1, 2000],
      [1, 1000],
    ]);
  });
});

describe('a GNSS receiver', () => {
  it('tells the farm’s place each second, with the time and date of now', async () => {
    const { made, clock, live } = await receiver();
    const { lines } = await listen(made);
    await clock.advance(200);
    await live(3, { lines });
    expect(lines()).toHaveLength(9);
    expect(lines().every(checks)).toBe(true);
    const rmc = lines()[0]!.split(',');
    expect(rmc.slice(0, 3)).toEqual(['$GNRMC', '040507.00', 'A']);
    expect(rmc[9]).toBe('010626');
    expect(rmc[3]).toMatch(/^2230\.00|^2229\.99/);
    expect(rmc[5]).toMatch(/^11324\.00|^11323\.99/);
  });

  it('says nothing old to whoever listens late', async () => {
    const { made, clock } = await receiver();
    await clock.advance(600_000);
    const { lines } = await listen(made);
    await eventually(() => lines().length === 3);
    const minutes = lines().flatMap((line) => line.match(/^\$GNRMC,(\d{4})/)?.[1] ?? []);
    // What was said in the last second may still be there.
    expect(new Set(minutes)).toEqual(new Set(['0415']));
  });

  it('replays a recording at its pace or faster, over and over, stamped anew or as it was', async () => {
    const at = (time: string) => sentenceOf(`GPGGA,${time},2230.0000,N,11324.0000,E,1,08,0.9,10.0,M,0.0,M,,`);
    const text = [at('100000.00'), at('100001.00')].join('\r\n');
    const old = await receiver({ restamp: false, speed: 2 }, text);
    const heardOld = await listen(old.made);
    for (let epoch = 1; epoch <= 3; epoch++) {
      await old.clock.advance(500);
      await eventually(() => heardOld.lines().length === epoch);
    }
    expect(heardOld.lines()).toEqual([at('100000.00'), at('100001.00'), at('100000.00')]);
    const now = await receiver({}, text);
    const heard = await listen(now.made);
    for (let epoch = 1; epoch <= 2; epoch++) {
      await now.clock.advance(1000);
      await eventually(() => heard.lines().length === epoch);
    }
    expect(heard.lines()).toEqual([at('040507.00'), at('040508.00')]);
  });

  it('loses its fix in spells, and by fault; has dates 1024 weeks behind; falls silent', async () => {
    const { made, clock, live } = await receiver({ noFix: { everyS: 5, forS: 2 } });
    const { lines } = await listen(made);
    await clock.advance(300);
    await live(5, { lines });
    const states = () => lines().flatMap((line) => line.match(/^\$GNRMC,[\d.]+,(\w)/)?.[1] ?? []);
    expect(states().join('')).toBe('AAVVA');
    made.faults = [{ kind: 'wrong-date' }];
    await clock.advance(1000);
    await eventually(() => lines().length === 18);
    expect(lines()[15]!.split(',')[9]).toBe('161006');
    made.faults = [{ kind: 'dead' }];
    await clock.advance(5000);
    made.faults = [{ kind: 'no-fix' }];
    await clock.advance(1000);
    await eventually(() => lines().length === 21);
    expect(states().at(-1)).toBe('V');
  });

  it('has wrong checksums and stray bytes in its share, the same for the same seed', async () => {
    const hear = async () => {
      const { made, clock, live } = await receiver({
        faults: [
          { kind: 'checksum', share: 0.3 },
          { kind: 'noise', share: 0.2 },
        ],
      });
      const heard = await listen(made);
      const { text } = heard;
      await clock.advance(300);
      await live(20, heard);
      return text();
    };
    const text = await hear();
    const broken = text.split('\r\n').filter((line) => !checks(line)).length;
    expect(broken).toBeGreaterThan(10);
    expect(broken).toBeLessThan(45);
    expect(await hear()).toBe(text);
  });

  it('takes its port away when it stops, and refuses a recording that is none', async () => {
    const { made } = await receiver();
    expect(existsSync(made.portPath)).toBe(true);
    await made.close();
    expect(existsSync(made.portPath)).toBe(false);
    await expect(receiver({}, 'no sentences')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
