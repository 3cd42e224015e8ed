import type { LinkRecord } from '../../../core/links/link-record.ts';
import type { ProbeKind } from '../../../core/links/measures.ts';
import type { Link, Pop } from '../../../core/links/mesh.ts';
import { LONGEST_RECORD_MS } from '../evidence/read-records.ts';
import type { Json, JsonObject } from './canonical-json.ts';
import { evidenceEndMs, figuresOf } from './figures-of.ts';
import type { MonthBounds } from './month-bounds.ts';
import { type GatheredProbe, mergeGathered, ProbeGatherer } from './probe-gatherer.ts';
import { sealed } from './seal.ts';
import type { SigningKey } from './signing-key.ts';
import { STATEMENT_FORMAT, type StatedExclusion, type StatedLink } from './statement-format.ts';

/** About 5 ms of work. */
const RECORDS_AT_ONCE = 200;

export interface StatementOrder {
  readonly bounds: MonthBounds;
  readonly links: readonly Link[];
  readonly madeAtMs: number;
  /** Who makes it. */
  readonly host: string;
  readonly program: string;
}

export interface StatementSources {
  /**
   * Records of one link and kind that begin from `fromMs` to before `toMs`: of one series of the store after the other, each in order of time.
   * `refused` is called for what cannot be read.
   */
  records(
    link: Link,
    kind: ProbeKind,
    range: { readonly fromMs: number; readonly toMs: number },
    refused: () => void,
  ): AsyncIterable<{ readonly series: string; readonly record: LinkRecord }>;
  /** Exclusions that touch a link in a time, also those that were withdrawn, in order of time. */
  exclusions(
    link: Link,
    range: { readonly fromMs: number; readonly toMs: number },
  ): readonly StatedExclusion[];
  readonly key: SigningKey;
}

/**
 * The file of a statement, piece by piece: what is held at a time is one link, an hour of its records, and the blocks that they became (about
 * 1 MB for a month of minutes).
 */
export function makeStatement(order: StatementOrder, sources: StatementSources): AsyncGenerator<string> {
  const { bounds, madeAtMs, host, program } = order;
  const { publicKey, fingerprint, sign } = sources.key;
  const period = {
    ...{ month: bounds.month, zone: bounds.zone, fromMs: bounds.fromMs, toMs: bounds.toMs },
    edgesMs: [...bounds.edgesMs],
    provisional: madeAtMs < bounds.toMs,
  };
  const head: JsonObject = {
    format: STATEMENT_FORMAT,
    issuer: { host, program, publicKey, fingerprint },
    madeAtMs,
    period,
  };
  async function* links(): AsyncGenerator<Json> {
    for (const link of order.links)
      yield (await statedLink(link, { period, madeAtMs }, sources)) as unknown as Json;
  }
  return sealed(head, { links: links() }, (bytes) => sign(bytes));
}

async function statedLink(
  link: Link,
  about: Pick<Parameters<typeof figuresOf>[1], 'period' | 'madeAtMs'>,
  sources: StatementSources,
): Promise<StatedLink> {
  const range = { fromMs: about.period.fromMs, toMs: evidenceEndMs(about) };
  // A record that starts within the time may end after it, in a window that starts after it.
  const exclusions = [...sources.exclusions(link, { ...range, toMs: range.toMs + LONGEST_RECORD_MS })];
  const inForce = exclusions.filter(({ withdrawn }) => !withdrawn);
  const probes: StatedLink['probes'] = [];
  for (const { kind } of link.probes) {
    const { blocks, gaps, leftOut } = await gathered(link, kind, { range, inForce, about, sources });
    const evidence = { blocks: [...blocks], gaps: [...gaps] };
    const figures = figuresOf(evidence, { ...about, objective: link.objective, exclusions });
    probes.push({ kind, ...evidence, leftOut, figures });
  }
  const { id, class: kind, objective } = link;
  const { latencyMs, latencyQuantile, loss, confidence } = objective;
  return {
    ...{ id, class: kind, exclusions, probes },
    from: endOf(link.from),
    to: endOf(link.to),
    objective: { latencyMs, latencyQuantile, loss, confidence },
  };
}

async function gathered(
  link: Link,
  kind: ProbeKind,
  {
    range,
    inForce,
    about,
    sources,
  }: {
    readonly range: { readonly fromMs: number; readonly toMs: number };
    readonly inForce: readonly StatedExclusion[];
    readonly about: { readonly period: { readonly edgesMs: readonly number[] } };
    readonly sources: StatementSources;
  },
): Promise<GatheredProbe> {
  const bySeries = new Map<string, ProbeGatherer>();
  let unreadable = 0;
  let taken = 0;
  for await (const { series, record } of sources.records(link, kind, range, () => unreadable++)) {
    if (!bySeries.has(series)) bySeries.set(series, new ProbeGatherer(inForce, about.period.edgesMs));
    bySeries.get(series)!.add(record);
    // A batch of a store is thousands of records: what measures and answers goes first.
    if (++taken % RECORDS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const all = mergeGathered(Array.from(bySeries.values(), (gatherer) => gatherer.end()));
  return { ...all, leftOut: all.leftOut + unreadable };
}

function endOf({ id, network, site, gateway, name }: Pop): StatedLink['from'] {
  return { pop: id, network, site, gateway, name: { en: name.en, zh: name.zh } };
}
