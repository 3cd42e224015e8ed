import { provingProbes } from '../../../../../core/links/calculator.ts';
import type { Locale } from '../../i18n/locale.ts';
import type { Account, Objective, Verdict } from './api.ts';

export type Judged = 'pass' | 'breach' | 'insufficient' | 'none';

export function judged(verdict: Verdict): Judged {
  return verdict ?? 'none';
}

/** Worst first. */
export const ORDER: readonly Judged[] = ['breach', 'insufficient', 'none', 'pass'];

export function shareText(share: number | null, locale: Locale): string {
  if (share === null) return '–';
  const percent = share * 100;
  const digits = percent === 0 || percent >= 10 ? 1 : percent >= 1 ? 2 : percent >= 0.01 ? 3 : 4;
  return `${locale.number(percent, digits)}\u00a0%`;
}

/** A limit as somebody has set it, without digits that he did not write. */
export function limitText(share: number, locale: Locale): string {
  const percent = Number((share * 100).toPrecision(6));
  return `${locale.number(percent, String(percent).split('.')[1]?.length ?? 0)}\u00a0%`;
}

/** As somebody has set it. */
export function msLimit(ms: number, locale: Locale): string {
  return `${locale.number(ms, String(ms).split('.')[1]?.length ?? 0)}\u00a0ms`;
}

export function msText(ms: number | null, locale: Locale): string {
  if (ms === null) return '–';
  return `${locale.number(ms, ms < 10 ? 2 : ms < 100 ? 1 : 0)}\u00a0ms`;
}

export interface Missing {
  /** Probes without any further loss until the loss is proven; 0 where their number is not what is missing. */
  readonly probes: number;
  readonly ms: number | undefined;
}

/** How much evidence is missing to prove the loss of a link, and how long that takes at the pace of the time that was looked at. */
export function missingOf(account: Account, objective: Objective, lengthMs: number): Missing {
  const bad = account.lost + account.late;
  const samples = account.received + bad;
  const probes = Math.max(0, provingFor(objective.loss, objective.confidence, bad) - samples);
  return { probes, ms: samples > 0 && probes > 0 ? (lengthMs * probes) / samples : undefined };
}

const proving = new Map<string, number>();
/** Beyond this many losses nobody waits for a proof; the search would only take long. */
const MOST_BAD = 2_000;

function provingFor(loss: number, confidence: number, bad: number): number {
  if (bad > MOST_BAD) return 0;
  const key = `${loss} ${confidence} ${bad}`;
  let known = proving.get(key);
  if (known === undefined) {
    known = provingProbes(loss, confidence, bad);
    proving.set(key, known);
  }
  return known;
}
