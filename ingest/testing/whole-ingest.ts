import { onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { checkConfig } from '../../core/config.ts';
import { Supervisor } from '../../core/lifecycle.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../config.ts';
import { createIngest } from '../service.ts';
import { KeptLog } from './kept-log.ts';
import { MemoryStore } from './memory-store.ts';

/** All of ingest as it runs, against a broker, on a store that does what it is told. */
export class WholeIngest {
  readonly store: MemoryStore;
  readonly kept = new KeptLog();
  readonly #supervisor: Supervisor;
  url = '';

  static async start(
    brokerUrl: string,
    settings: { readonly pipeline?: object; readonly http?: object; readonly senml?: object } = {},
    store = new MemoryStore(),
  ): Promise<WholeIngest> {
    const one = new WholeIngest(brokerUrl, settings, store);
    onTestFinished(() => one.stop());
    await one.#supervisor.start();
    return one;
  }

  private constructor(brokerUrl: string, settings: object, store: MemoryStore) {
    this.store = store;
    const config = checkConfig(IngestConfig, {
      broker: { url: brokerUrl },
      ...settings,
      http: { port: 0, signIn: 'off', ...('http' in settings ? (settings.http as object) : {}) },
    });
    const context = serviceContext({
      dataFolder: temporaryFolder(),
      log: this.kept.log,
      states: () => this.#supervisor.states(),
      announce: (line) => {
        this.url = line.replace('Sluice: ', '');
      },
    });
    this.#supervisor = new Supervisor(createIngest(config, context, store), systemClock, this.kept.log);
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  /** `measurement/field point` with its value, of one device. */
  async last(device: string): Promise<Record<string, number | string>> {
    const found = await this.store.last({ where: { device: [device] } });
    return Object.fromEntries(
      found.map(({ series, value }) => [
        `${series.measurement}/${series.field} ${series.point}`.trim(),
        value,
      ]),
    );
  }

  /** One number of `/metrics`, summed over sites. */
  async counted(what: string, gateway: string): Promise<number> {
    const text = await (await fetch(`${this.url}metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`sluice_readings_${what}`));
    return lines
      .filter((line) => line.includes(`gateway="${gateway}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}
