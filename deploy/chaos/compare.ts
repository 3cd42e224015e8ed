import { setTimeout as sleep } from 'node:timers/promises';
import type { Completeness } from '../../core/completeness.ts';
import { gatewayId, isImpossible, type LoadPlan, loadReading } from '../../firmware-sim/load/load-reading.ts';
import type { ChaosRig } from './chaos-rig.ts';
import type { Answer } from './counting-slave.ts';
import type { Span } from './strike.ts';

/** Answers that a gateway may lose at each end of a time in which it was deaf: the one on its way, and its time. */
const EDGE_MS = 1_500;
/** Far longer than a message is under way, on a busy machine too. */
const CONFIRMED_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;
const MOST_SHOWN = 5;

/** What was produced beside what the store has: one line for people, and everything that does not agree. */
export interface Comparison {
  readonly told: string;
  readonly faults: readonly string[];
}

/** Of a real gateway: each answer of its slave once, in order, at its time; what it could not hear excepted. */
export async function compareGateway(
  rig: ChaosRig,
  gateway: string,
  deaf: readonly Span[],
): Promise<Comparison> {
  const { answers } = rig.slaves.get(gateway)!;
  const stored = await rig.countedBy(gateway);
  const answered = new Map(answers.map(({ value, timeMs }) => [value, timeMs]));
  const isDeaf = (atMs: number) =>
    deaf.some(({ fromMs, toMs }) => atMs > fromMs - EDGE_MS && atMs < toMs + EDGE_MS);
  const missing = answers.filter(({ value, timeMs }) => !stored.has(value) && !isDeaf(timeMs));
  // The gateway may be closing its port while its slave is taken away.
  if (missing.at(-1) === answers.at(-1)) missing.pop();
  const extra = [...stored].filter(([value, timesMs]) => !answered.has(value) || timesMs.length > 1);
  const changed = [...stored].filter(([value, [timeMs = 0]]) => {
    const awayMs = Math.abs(timeMs - (answered.get(value) ?? timeMs));
    return awayMs > EDGE_MS && !isDeaf(timeMs);
  });
  const inOrder = [...stored].sort(([a], [b]) => a - b).map(([, [timeMs = 0]]) => timeMs);
  const disorder = inOrder.filter((timeMs, at) => at > 0 && timeMs < inOrder[at - 1]!);
  const account = await accountOf(rig, gateway);
  const unheard = answers.filter(({ value }) => !stored.has(value)).length - missing.length;
  return {
    told:
      `${gateway}: ${answers.length} answers of its slave, ${stored.size} stored, ${unheard} while it was down; ` +
      `missing ${missing.length}, extra ${extra.length}, changed ${changed.length + disorder.length}`,
    faults: [
      ...shown(`${gateway}: answered and not in the store`, missing.map(tellAnswer)),
      ...shown(`${gateway}: stored and never answered, or under two times`, extra.map(String)),
      ...shown(`${gateway}: stored under another time than it was made at`, changed.map(String)),
      ...shown(`${gateway}: stored out of the order in which it was made`, disorder.map(String)),
      ...(!isComplete(account)
        ? [`${gateway}: the ledger of ingest does not say complete: ${JSON.stringify(account)}`]
        : []),
    ],
  };
}

/**
 * What ingest says of a gateway. It tells of itself as long as it runs (its bus and its outbox, every 10 s), so there may always be a
 * message under way, and none that stays there.
 */
async function accountOf(rig: ChaosRig, gateway: string): Promise<Completeness> {
  let account = await rig.gatewayCompleteness(gateway);
  for (const endMs = Date.now() + CONFIRMED_WITHIN_MS; !isComplete(account) && Date.now() < endMs; ) {
    await sleep(LOOK_EVERY_MS);
    account = await rig.gatewayCompleteness(gateway);
  }
  return account;
}

function isComplete({ stored, produced, missing }: Completeness): boolean {
  return stored === produced && missing.length === 0;
}

/** Of the simulated fleet: the plan says what each number is. */
export async function compareFleet(rig: ChaosRig, plan: LoadPlan, produced: number): Promise<Comparison> {
  const faults: string[] = [];
  const sums = { stored: 0, refused: 0, missing: 0, extra: 0, changed: 0 };
  for (let gateway = 0; gateway < plan.gateways; gateway++) {
    const name = gatewayId(gateway);
    const expected = new Map<string, number>();
    let refused = 0;
    for (let number = 0; number < produced / plan.gateways; number++) {
      if (isImpossible(plan, number)) {
        refused++;
        continue;
      }
      const { device, point, timeMs, value } = loadReading(plan, gateway, number);
      expected.set(`${device}/${point} at ${timeMs}`, value);
    }
    const stored = new Map<string, number>();
    for (const { tags, timeMs, value } of await rig.stored('load', name, 'soil', 'moisture')) {
      for (const [at, one] of value.entries())
        stored.set(`${tags.device}/${tags.point} at ${timeMs[at]}`, one);
    }
    const missing = [...expected.keys()].filter((key) => !stored.has(key));
    const extra = [...stored.keys()].filter((key) => !expected.has(key));
    const changed = [...stored.keys()].filter(
      (key) => expected.has(key) && expected.get(key) !== stored.get(key),
    );
    sums.stored += stored.size;
    sums.refused += refused;
    sums.missing += missing.length;
    sums.extra += extra.length;
    sums.changed += changed.length;
    faults.push(
      ...shown(`${name}: produced and not in the store`, missing),
      ...shown(`${name}: stored and never produced`, extra),
      ...shown(`${name}: stored with another value`, changed),
    );
    const account = await rig.completeness('load', name);
    const isAll = account.stored === expected.size && account.rejected === refused && account.inFlight === 0;
    if (!isAll) {
      const due = `${expected.size} stored and ${refused} rejected`;
      faults.push(`${name}: the ledger of ingest does not say ${due}: ${JSON.stringify(account)}`);
    }
  }
  const { stored, refused, missing, extra, changed } = sums;
  return {
    told:
      `fleet: ${produced} numbered readings, ${stored} stored, ${refused} impossible ones refused; ` +
      `missing ${missing}, extra ${extra}, changed ${changed}`,
    faults,
  };
}

function tellAnswer({ value, timeMs }: Answer): string {
  return `${value} at ${new Date(timeMs).toISOString()}`;
}

function shown(what: string, list: readonly string[]): string[] {
  if (list.length === 0) return [];
  const more = list.length > MOST_SHOWN ? ` and ${list.length - MOST_SHOWN} more` : '';
  return [`${what}: ${list.slice(0, MOST_SHOWN).join(', ')}${more}`];
}
