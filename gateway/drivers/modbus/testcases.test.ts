import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { SluiceError } from '../../../core/errors.ts';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { Sample } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import { rtuFraming, tcpFraming } from './framing.ts';
import { ModbusDriver } from './modbus-driver.ts';
import { ScriptedLine } from './testing/scripted-line.ts';

/** One exchange: see the README of `testcases`. */
interface TestCase {
  readonly about: string;
  readonly way: 'rtu' | 'tcp';
  readonly unit: number;
  readonly profile?: string;
  readonly metrics?: readonly object[];
  readonly steps: readonly Step[];
}

type Step = Partial<
  Record<'poll' | 'open' | 'close' | 'sent' | 'device' | 'end' | 'reading', string> &
    Record<'silence' | 'wait', number>
>;

const FOLDER = join(import.meta.dirname, 'testcases');
const CASES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
/** Longer than an answer may take, shorter than a unit rests. */
const PATIENCE_MS = 700;
const LEASE_MS = 600_000;

/** A bus with one device on a line in memory, and what has come of it that no step has told of yet. */
class Scene {
  readonly clock = new FakeClock();
  readonly line = new ScriptedLine(this.clock);
  readonly driver: ModbusDriver;
  readonly ends: string[] = [];
  readonly readings: string[] = [];
  #told = 0;

  constructor({ way, unit, profile, metrics }: TestCase) {
    const configFolder = temporaryFolder();
    if (metrics) {
      const title = { en: 'Test case', zh: '测试用例' };
      const own = { protocol: 'modbus', title, groups: { readings: { everyMs: 1_000 } }, metrics };
      writeFileSync(join(configFolder, 'case.yaml'), stringify(own));
    }
    const devices = [{ id: 'device', unit, profile: profile ?? 'case.yaml' }];
    const { open } = this.line;
    const own =
      way === 'rtu'
        ? { baud: 9_600, framing: rtuFraming() }
        : {
            baud: 0,
            silenceMs: 0,
            framing: tcpFraming(),
            network: { errors: NETWORK_ERRORS, random: () => 0 },
          };
    this.driver = new ModbusDriver(
      { id: 'bus', timeoutMs: 300, devices },
      { port: 'line', open, ...own },
      driverContext({ clock: this.clock, configFolder }),
    );
    onTestFinished(() => this.driver.stop());
  }

  async play(step: Step): Promise<void> {
    if (step.poll !== undefined) this.#poll(step.poll);
    else if (step.open !== undefined) this.#write(step.open, true);
    else if (step.close !== undefined) this.#write(step.close, false);
    else if (step.device !== undefined) this.line.send({ afterMs: 1, bytes: bytesOf(step.device) });
    else if (step.wait !== undefined) await this.clock.advance(step.wait);
    else if (step.sent !== undefined) {
      await this.#until(() => this.untold.length > 0);
      expect(hexOf(this.line.sent[this.#told++]?.frame)).toBe(hexOf(bytesOf(step.sent)));
    } else if (step.end !== undefined) {
      await this.#until(() => this.ends.length > 0);
      expect(this.ends.shift()).toBe(step.end);
    } else if (step.reading !== undefined) expect(this.readings.shift()).toBe(step.reading);
    else if (step.silence !== undefined) {
      await this.clock.advance(step.silence);
      expect(this.untold).toEqual([]);
    }
    await settle();
  }

  get untold(): string[] {
    return this.line.sent.slice(this.#told).map(({ frame }) => hexOf(frame));
  }

  #poll(group: string): void {
    void this.driver.poll('device', group, new AbortController().signal).then((outcome) => {
      this.readings.push(...(outcome?.samples ?? []).map(wordsOf));
      this.ends.push(outcome ? (outcome.error?.code ?? 'reached') : 'resting');
    });
  }

  #write(point: string, value: boolean): void {
    const metric = this.driver.devices[0]!.metrics.find((one) => one.point === point)!;
    const notAfterMs = this.clock.monotonicMs() + 10_000;
    const leaseMs = value ? LEASE_MS : 0;
    this.driver.write({ id: 'write', device: 'device', metric, value, leaseMs, notAfterMs }).then(
      (result) => this.ends.push(result.kind === 'done' ? `holds ${result.value}` : result.kind),
      (error) => this.ends.push(error instanceof SluiceError ? error.code : String(error)),
    );
  }

  /** Passes time until something has come of it, or it is clear that nothing does. */
  async #until(isThere: () => boolean): Promise<void> {
    await settle();
    for (let ms = 0; ms < PATIENCE_MS && !isThere(); ms++) await this.clock.advance(1);
  }
}

function wordsOf({ metric: { quantity, point }, value, quality }: Sample): string {
  const name = [quantity.measurement, quantity.field, point].filter(Boolean).join('/');
  return `${name} ${value} ${quality}`;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

describe('captured exchanges', () => {
  test.each(CASES)('%s', async (name) => {
    const one = parse(readFileSync(join(FOLDER, name), 'utf8')) as TestCase;
    const scene = new Scene(one);
    for (const [index, step] of one.steps.entries()) {
      await scene.play(step).catch((error: Error) => {
        error.message = `step ${index + 1}, ${JSON.stringify(step)}: ${error.message}`;
        throw error;
      });
    }
    // Nothing came that nobody told of.
    expect([scene.untold, scene.ends, scene.readings]).toEqual([[], [], []]);
  });
});
