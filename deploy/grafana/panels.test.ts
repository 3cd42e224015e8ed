import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../core/log.ts';
import { QUANTITIES } from '../../core/quantities.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { loadPanel, type PanelData } from '../../dashboards/console/src/panels/load-panel.ts';
import type { Cell, Dashboard, Panel } from '../../dashboards/console/src/panels/model.ts';
import { Source } from '../../dashboards/console/src/panels/source.ts';
import { spanOf } from '../../dashboards/console/src/panels/time.ts';
import { resolveVariables, valuesOf } from '../../dashboards/console/src/panels/variables.ts';
import type { App } from '../../ingest/http/app.ts';
import { buildApp } from '../../ingest/http/build-app.ts';
import type { HttpSources } from '../../ingest/http/sources.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { EmbeddedStore } from '../../ingest/stores/embedded/embedded-store.ts';
import type { Store } from '../../ingest/stores/store.ts';
import { fillStore } from './filled.ts';
import { openStore } from './opened.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const POINTS = 300;
const folder = join(import.meta.dirname, '../../dashboards/grafana/dashboards/en');
const BOARDS = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard,
);
const PANELS = BOARDS.flatMap((board) =>
  (board.panels ?? [])
    .filter(({ targets = [] }) => targets.length > 0)
    .map((panel) => ({ name: `${board.uid}: ${panel.title}`, board, panel })),
);

/** What the console asks, of the routes that answer it, over the store given. */
async function sourceOver(store: Store): Promise<{ source: Source; app: App }> {
  const sources = Object.assign(new FakeSources(), { store }) as HttpSources;
  const app = await buildApp(sources, { clock: new FakeClock(NOW_MS), log: createLog('silent') });
  const get = async <T>(path: string): Promise<T> => {
    const reply = await app.inject({ url: path });
    if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.body}`);
    return reply.json();
  };
  const quantities = async () => ({ quantities: [...QUANTITIES] });
  return { source: new Source({ get, quantities }, () => NOW_MS), app };
}

async function drawn(board: Dashboard, panel: Panel, source: Source): Promise<PanelData> {
  const variables = valuesOf(await resolveVariables(board, () => undefined, source));
  const span = spanOf(board.time!.from, board.time!.to, NOW_MS)!;
  return loadPanel(panel, { source, span, variables, points: POINTS });
}

/** Text and figures as they would be written: sums may differ in the last of their sixteen digits. */
function shown({ frames, unknown }: PanelData) {
  const figure = (cell: Cell) => (typeof cell === 'number' ? Number(cell.toPrecision(9)) : cell);
  const drawnFrames = frames.map(({ fields }) =>
    fields.map(({ title, kind, values }) => ({ title, kind, values: values.map(figure) })),
  );
  const key = (frame: object) => JSON.stringify(frame);
  return {
    unknown: unknown.map(({ message }) => message),
    frames: drawnFrames.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}

describeWith('influxd')('panels of the console', () => {
  let embedded: Source;
  let influx: Source;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const clock = new FakeClock(NOW_MS);
    const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
    const own = new EmbeddedStore(serviceContext({ clock, dataFolder }));
    await own.start();
    const opened = await openStore(clock);
    closing.push(
      () => own.stop(),
      opened.close,
      async () => rmSync(dataFolder, { recursive: true }),
    );
    await fillStore(own, NOW_MS);
    await fillStore(opened.store, NOW_MS);
    const [one, other] = [await sourceOver(own), await sourceOver(opened.store)];
    closing.unshift(
      () => one.app.close(),
      () => other.app.close(),
    );
    embedded = one.source;
    influx = other.source;
  }, 120_000);
  afterAll(async () => {
    for (const close of closing) await close();
  });

  it.each(PANELS)('$name: shows the same figures over either store', async ({ board, panel }) => {
    const here = shown(await drawn(board, panel, embedded));
    expect(here.unknown).toEqual([]);
    const figures = here.frames.flatMap((frame) => frame.filter(({ kind }) => kind !== 'time'));
    expect(figures.flatMap(({ values }) => values).some((value) => value !== null)).toBe(true);
    expect(shown(await drawn(board, panel, influx))).toEqual(here);
  });
});
