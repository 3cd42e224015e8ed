import type { Words } from '../errors.ts';
import { upperBound } from './statistics/binomial-bounds.ts';

/** With so many probes lost, so many take to prove that loss is below the objective. */
export interface Proof {
  readonly lost: number;
  readonly probes: number;
  /** At the rate that was asked for. */
  readonly seconds: number;
}

export interface Calculation {
  /** The share to be below: 0.0003 is 0.03 %. */
  readonly loss: number;
  readonly confidence: number;
  readonly ratePerS: number;
  /** Without loss first, then with one probe lost, two, … */
  readonly proofs: readonly Proof[];
  /** Probes per second that prove it without loss within an hour, a day, and thirty days. */
  readonly ratesPerS: { readonly hour: number; readonly day: number; readonly month: number };
}

const MOST_LOST = 5;

/**
 * The fewest independent probes, `lost` of them lost, whose exact upper bound (Clopper–Pearson) is below `loss`: what verdicts on loss go by.
 * `loss` and `confidence` between 0 and 1, both exclusive.
 */
export function provingProbes(loss: number, confidence: number, lost: number): number {
  const proves = (probes: number) => upperBound(lost, probes, confidence) < loss;
  let enough = Math.max(2 * lost, 1);
  while (!proves(enough)) enough *= 2;
  let tooFew = Math.floor(enough / 2);
  while (enough - tooFew > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (proves(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** What rate proves an objective in which time. */
export function calculate(loss: number, confidence: number, ratePerS: number): Calculation {
  const proofs = Array.from({ length: MOST_LOST + 1 }, (_, lost): Proof => {
    const probes = provingProbes(loss, confidence, lost);
    return { lost, probes, seconds: probes / ratePerS };
  });
  const { probes } = proofs[0]!;
  const ratesPerS = { hour: probes / 3_600, day: probes / 86_400, month: probes / 2_592_000 };
  return { loss, confidence, ratePerS, proofs, ratesPerS };
}

/** For people: a line for each number of lost probes, and the rates. */
export function calculationText({ loss, confidence, ratePerS, proofs, ratesPerS }: Calculation): Words {
  const share = `${significant(100 * loss)} %`;
  const sure = `${significant(100 * confidence)} %`;
  const { hour, day, month } = ratesPerS;
  const rates = [hour, day, month].map(enough);
  return {
    en: [
      `Loss below ${share}, proven at ${sure}:`,
      ...proofs.map(({ lost, probes, seconds }) => {
        const what = lost === 0 ? 'without loss' : `of which ${lost} lost`;
        return `  ${spaced(probes)} probes ${what}; at ${significant(ratePerS)}/s, ${duration(seconds).en}`;
      }),
      `Without loss it takes ${rates[0]}/s to prove it in an hour, ${rates[1]}/s in a day, ${rates[2]}/s in 30 days.`,
      'This holds for losses that come one by one. Where they come in bursts, a verdict takes more.',
    ].join('\n'),
    zh: [
      `以 ${sure} 的置信度证明丢包率低于 ${share}：`,
      ...proofs.map(({ lost, probes, seconds }) => {
        const what = lost === 0 ? '无丢失' : `其中丢失 ${lost} 个`;
        return `  ${spaced(probes)} 个探测包，${what}；每秒 ${significant(ratePerS)} 个时需 ${duration(seconds).zh}`;
      }),
      `无丢失时，一小时内证明需每秒 ${rates[0]} 个，一天内需每秒 ${rates[1]} 个，30 天内需每秒 ${rates[2]} 个。`,
      '以上适用于彼此独立的丢包；若丢包成串出现，判定所需更多。',
    ].join('\n'),
  };
}

const UNITS = [
  { upToS: 120, s: 1, en: ['second', 'seconds'], zh: '秒', digits: 0 },
  { upToS: 7_200, s: 60, en: ['minute', 'minutes'], zh: '分钟', digits: 0 },
  { upToS: 172_800, s: 3_600, en: ['hour', 'hours'], zh: '小时', digits: 1 },
  { upToS: Number.POSITIVE_INFINITY, s: 86_400, en: ['day', 'days'], zh: '天', digits: 1 },
] as const;

/** Rounded up: with less time it is not proven. */
function duration(seconds: number): Words {
  const unit = UNITS.find(({ upToS }) => seconds <= upToS)!;
  const scale = 10 ** unit.digits;
  const count = Math.ceil((seconds / unit.s) * scale) / scale;
  return { en: `${count} ${unit.en[count === 1 ? 0 : 1]}`, zh: `${count} ${unit.zh}` };
}

function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** To three digits, upwards: a little less would not do. */
function enough(value: number): string {
  const step = 10 ** (Math.floor(Math.log10(value)) - 2);
  return significant(Math.ceil(value / step - 1e-9) * step);
}

/** 9 985 */
function spaced(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}
