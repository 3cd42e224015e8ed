import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../../core/errors.ts';
import type { LinkPlan, PlannedLink, ProbeSpec } from '../../../core/links/link-plan.ts';
import { PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import type {
  DeviceSpec,
  Driver,
  DriverContext,
  DriverKind,
  MetricSpec,
  PlanTaker,
  Sample,
} from '../../driver.ts';
import { LinksConfig } from './config.ts';
import { PacedReports } from './paced-reports.ts';
import { prefixProblems } from './plan-bounds.ts';
import type { LinkField, ProbeEvidence } from './probe-evidence.ts';
import type { Prober, ProberKind } from './prober.ts';
import { PROBERS } from './probers.ts';
import { RecordEnds } from './record-ends.ts';

/** Measures links: each is a device, and each record of its probes an outcome of it. */
export const linksDriver: DriverKind<typeof LinksConfig> = {
  schema: LinksConfig,
  create(config, context) {
    const problems = [
      ...linkProblems(config.links),
      ...recordProblems(config),
      ...prefixProblems(config.plan),
    ];
    if (problems.length > 0)
      throw new SluiceError('CONFIG_INVALID', {
        problems: problems.map((one) => `  drivers: ${config.id}: ${one}`).join('\n'),
      });
    return new LinksDriver(config, context);
  },
};

/** What a link is and its metrics, by kind of probe and field. */
interface LinkDevice {
  readonly spec: DeviceSpec;
  readonly class: string;
  readonly kinds: ReadonlyMap<ProbeKind, ReadonlyMap<LinkField | 'evidence', MetricSpec>>;
}

const LEAVES_WITHIN_MS = 60_000;

type ProberMap = { readonly [K in ProbeKind]: ProberKind };

export class LinksDriver implements Driver {
  readonly takesPlans: PlanTaker;
  readonly #context: DriverContext;
  readonly #kinds: ProberMap;
  readonly #probers: ReadonlyMap<ProbeKind, Prober>;
  readonly #ends: RecordEnds;
  #devices = new Map<string, LinkDevice>();
  /** Those that a plan took away lately: their last records may be still to come. */
  readonly #leaving = new Map<string, { readonly device: LinkDevice; readonly sinceMs: number }>();
  readonly #reports: PacedReports<ProbeEvidence>;
  #isStopped = false;

  constructor(config: LinksConfig, context: DriverContext, kinds: ProberMap = PROBERS as ProberMap) {
    this.#context = context;
    this.#kinds = kinds;
    const { clock, log, ownFolder } = context;
    this.#ends = new RecordEnds(ownFolder, config.id, log);
    this.#reports = new PacedReports(clock, (evidence) => this.#deliver(evidence));
    const parts = { clock, log, report: (evidence: ProbeEvidence) => this.#reports.add(evidence) };
    this.#probers = new Map(PROBE_KINDS.map((kind) => [kind, kinds[kind].create(parts, config.loop)]));
    this.takesPlans = { bounds: config.plan, take: (plan) => this.#take(plan) };
    this.#take(config);
  }

  get devices(): readonly DeviceSpec[] {
    return [...this.#devices.values()].map(({ spec }) => spec);
  }

  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#probers.values()].map((prober) => prober.start(signal)));
  }

  trouble(): SluiceError | undefined {
    for (const prober of this.#probers.values()) {
      const trouble = prober.trouble();
      if (trouble) return trouble;
    }
    return undefined;
  }

  /**
   * Goes by these links from now on; one that is as it was is not interrupted. Its `devices` are the new ones when it
   * returns; the last records of links that are gone come soon after, with the metrics that they had.
   */
  #take({ links, recordS }: Pick<LinkPlan, 'links' | 'recordS'>): void {
    const before = this.#devices;
    this.#devices = new Map();
    for (const planned of links) {
      const known = before.get(planned.link);
      const device = deviceOf(planned, this.#kinds);
      const isSame = known?.class === device.class && isDeepStrictEqual(known.spec, device.spec);
      this.#devices.set(planned.link, isSame ? known : device);
      if (isSame) before.delete(planned.link);
    }
    const nowMs = this.#context.clock.monotonicMs();
    for (const [link, { sinceMs }] of this.#leaving)
      if (nowMs - sinceMs > LEAVES_WITHIN_MS) this.#leaving.delete(link);
    for (const [link, device] of before) this.#leaving.set(link, { device, sinceMs: nowMs });
    for (const [kind, prober] of this.#probers) prober.replace(linksOf(links, kind), 1_000 * recordS);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await Promise.all([...this.#probers.values()].map((prober) => prober.stop()));
    await this.#reports.drain();
  }

  /** Loss is a measurement like any other: whatever the probes found, the device that measures is there. */
  #deliver(closed: ProbeEvidence): void {
    const { link, kind, values } = closed;
    const metrics =
      this.#devices.get(link)?.kinds.get(kind) ?? this.#leaving.get(link)?.device.kinds.get(kind);
    if (!metrics) return;
    const { fromMs, evidence } = this.#ends.place(closed);
    const all = Object.entries({ ...values, evidence }) as [LinkField | 'evidence', number | string][];
    const samples = all.flatMap(([field, value]): Sample[] => {
      const metric = metrics.get(field);
      return metric ? [{ metric, value: within(metric, value), quality: 'good' }] : [];
    });
    this.#context.deliver({ device: link, timeMs: fromMs, isReached: true, samples });
  }
}

function deviceOf({ link, class: linkClass, probes }: PlannedLink, kinds: ProberMap): LinkDevice {
  const metricsOf = (kind: ProbeKind) =>
    new Map(
      [...kinds[kind].fields, 'evidence' as const].map((field) => {
        const dataType = field === 'evidence' ? DATA_TYPES.String : DATA_TYPES.Double;
        const quantity = findQuantity('link', field)!;
        return [field, { quantity, point: kind, zone: '', link, class: linkClass, dataType }] as const;
      }),
    );
  const byKind = new Map(probes.map(({ kind }) => [kind, metricsOf(kind)]));
  const metrics = [...byKind.values()].flatMap((one): MetricSpec[] => [...one.values()]);
  return { spec: { id: link, metrics, groups: [] }, class: linkClass, kinds: byKind };
}

function linksOf(links: readonly PlannedLink[], kind: ProbeKind): { link: string; spec: ProbeSpec }[] {
  return links.flatMap(({ link, probes }) => {
    const spec = probes.find((one) => one.kind === kind);
    return spec ? [{ link, spec }] : [];
  });
}

/** A round trip of more than a quantity can hold is still the longest there is. */
function within({ quantity }: MetricSpec, value: number | string): number | string {
  return typeof value === 'string' ? value : Math.min(quantity.max, Math.max(quantity.min, value));
}

function linkProblems(links: readonly PlannedLink[]): string[] {
  const ids = links.map(({ link }) => link);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `link "${id}" stands twice`);
  const kinds = links.flatMap(({ link, probes }) =>
    new Set(probes.map(({ kind }) => kind)).size < probes.length
      ? [`link "${link}" has two probes of one kind`]
      : [],
  );
  // The thread that asks for it would end, and the probes of all other links with it.
  const urls = links.flatMap(({ link, probes }) =>
    probes.some((probe) => probe.kind === 'http' && !URL.canParse(probe.url))
      ? [`the url of link "${link}" is none`]
      : [],
  );
  return [...twice, ...kinds, ...urls];
}

function recordProblems({ recordS }: LinksConfig): string[] {
  return 3_600 % recordS === 0 ? [] : [`recordS ${recordS} does not divide an hour`];
}
