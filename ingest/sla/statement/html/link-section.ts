import type { Language } from '../../../../core/errors.ts';
import type { Percentiles, ProbeFigures, StatedJudgement } from '../figures.ts';
import type { StatedExclusion, StatedLink } from '../statement-format.ts';
import { latencyChart, lossChart } from './chart.ts';
import { countText, escaped, lengthText, msText, percentText, timesOf } from './format.ts';
import { WORDS } from './words.ts';

/** More stand in the CSV file: a page that nobody reads to its end shows nothing. */
const MOST_ROWS = 14;

export const SIGNS = { pass: '✓', breach: '✗', insufficient: '?' } as const;

type Texts = (typeof WORDS)[Language];
type Times = ReturnType<typeof timesOf>;

/** All of one link, beginning on a page of its own. */
export function linkSection(link: StatedLink, zone: string, language: Language): string {
  const words = WORDS[language];
  const times = timesOf(zone);
  const [judged, ...others] = link.probes;
  const figures = judged!.figures as ProbeFigures;
  return `<section class="link" id="${escaped(anchorOf(link, language))}">
${headOf(link, language)}
${verdictOf(link, figures, words)}
${judgementTable(link, figures, words)}
${factsOf(figures, words)}
<div class="two"><div>${accountTable(figures, words)}</div><div>${percentileTable(figures, judged!.kind, words)}${notesOf(figures, words)}</div></div>
<h3>${words.perDay}</h3>
${latencyChart(figures.days, link.objective.latencyMs, words.chartLatency)}
${lossChart(figures.days, link.objective.loss, words.chartLoss)}
${exclusionTable(link.exclusions, words, times)}
${outageTable(figures, words, times)}
${holeTable(figures, words, times)}
${others.length > 0 ? othersTable(others, words) : ''}
</section>`;
}

export function anchorOf({ id }: StatedLink, language: Language): string {
  return `${language}-${id}`;
}

function headOf({ id, from, to, class: kind }: StatedLink, language: Language): string {
  const end = ({ name, network }: StatedLink['from']) => `${escaped(name[language])} (${escaped(network)})`;
  return `<h2>${end(from)} → ${end(to)}</h2>
<p class="route"><code>${escaped(id)}</code> · ${WORDS[language][kind]}</p>`;
}

function verdictOf(
  { objective }: StatedLink,
  { verdict, nothingExcluded }: ProbeFigures,
  words: Texts,
): string {
  const confidence = `${words.atConfidence} ${percentText(objective.confidence).replace(/\.00 /, ' ')}`;
  const other = nothingExcluded
    ? `<br><small>${words.nothingExcluded}${words.colon}${SIGNS[nothingExcluded.verdict]} ${words[nothingExcluded.verdict]}</small>`
    : '';
  return `<div class="verdict ${verdict}"><b>${SIGNS[verdict]} ${words[verdict]}</b><span>${words[`${verdict}Words`]} (${confidence})${other}</span></div>`;
}

/** What is judged of latency is a share too: of the probes that were not below the objective, of which its quantile allows some. */
function judgementTable({ objective }: StatedLink, figures: ProbeFigures, words: Texts): string {
  const quantile = `p${Number((objective.latencyQuantile * 100).toFixed(3))}`;
  const rows = figures.judgements.map((one) => {
    const isLoss = one.objective === 'loss';
    const name = isLoss ? words.loss : `${words.latency} ${quantile}`;
    const limit = isLoss ? percentText(one.limit) : `${objective.latencyMs} ms`;
    const measured = isLoss ? percentText(one.share) : `${msText(figures.objectiveMs)} ms`;
    const bounds = one.probes === 0 ? words.nothing : `${percentText(one.lower)} – ${percentText(one.upper)}`;
    const bad = isLoss ? countText(one.bad.least) : badText(one.bad);
    return `<tr><td>${name}</td><td class="n">&lt; ${limit}</td><td class="n"><b>${measured}</b></td><td class="n">${bad}</td><td class="n">${countText(one.probes)}</td><td class="n">${bounds}</td><td class="n">&lt; ${percentText(one.limit)}</td><td class="${one.verdict} t"><b>${SIGNS[one.verdict]} ${words[one.verdict]}</b></td></tr>`;
  });
  const heads = [words.limit, words.measured, words.bad, words.samples, words.interval, words.allowed];
  const effects = figures.judgements
    .filter(({ designEffect }) => designEffect > 1.05)
    .map(
      (one) => `${one.objective === 'loss' ? words.loss : words.latency} × ${effectText(one.designEffect)}`,
    );
  const bursts = effects.length > 0 ? ` ${words.bursts}${words.colon}${effects.join(', ')}${words.stop}` : '';
  const note = words.badNote + bursts;
  return `<table><thead><tr><th>${words.objective}</th>${heads.map((head) => `<th class="n">${head}</th>`).join('')}<th>${words.verdict}</th></tr></thead><tbody>${rows.join('')}</tbody></table><p><small>${note}</small></p>`;
}

function effectText(effect: number): string {
  return effect < 100 ? String(Number(effect.toPrecision(2))) : countText(Math.round(effect));
}

function badText({ least, most }: StatedJudgement['bad']): string {
  return least === most ? countText(least) : `${countText(least)} – ${countText(most)}`;
}

function factsOf({ time, availability, downMs }: ProbeFigures, words: Texts): string {
  const wanted = time.lastsMs - time.excludedMs;
  const covered = wanted > 0 ? time.coveredMs / wanted : null;
  return `<p>${words.coverage}${words.colon}<b>${percentText(covered)}</b> ${words.coverageWords}${words.stop}${words.availability}${words.colon}<b>${percentText(availability)}</b> (${lengthText(downMs)} ${words.down})</p>`;
}

function accountTable({ account, invalidBy }: ProbeFigures, words: Texts): string {
  const share = (count: number) =>
    account.scheduled > 0 ? percentText(count / account.scheduled) : words.nothing;
  const ends = (['received', 'lost', 'late', 'notSent', 'invalid', 'excluded'] as const).map(
    (end) =>
      `<tr><td>${words[end]}</td><td class="n">${countText(account[end])}</td><td class="n">${share(account[end])}</td></tr>`,
  );
  const by =
    account.invalid > 0
      ? `<p><small>${words.invalidBy}${words.colon}${words.stall} ${countText(invalidBy.stall)}, ${words.clockStep} ${countText(invalidBy.clockStep)}, ${words.socket} ${countText(invalidBy.socket)}</small></p>`
      : '';
  return `<h3>${words.account}</h3><table><tbody>${ends.join('')}<tr><th>= ${words.scheduled}</th><th class="n">${countText(account.scheduled)}</th><th></th></tr></tbody></table>${by}`;
}

function percentileTable(figures: ProbeFigures, kind: string, words: Texts): string {
  const trip = kind === 'stamp' || kind === 'icmp' ? words.roundTrip : words.connect;
  const rows = (
    [
      [trip, figures.roundTrip],
      [words.oneWayForward, figures.forward],
      [words.oneWayBack, figures.back],
      [words.variation, figures.variation],
    ] as const
  ).filter(([, { count }], at) => at === 0 || count > 0);
  const row = ([name, { p50, p95, p99, p999 }]: readonly [string, Percentiles]) =>
    `<tr><td>${name}</td>${[p50, p95, p99, p999].map((ms) => `<td class="n">${msText(ms)}</td>`).join('')}</tr>`;
  return `<h3>${words.percentiles}</h3><table><thead><tr><th></th><th class="n">p50</th><th class="n">p95</th><th class="n">p99</th><th class="n">p99.9</th></tr></thead><tbody>${rows.map(row).join('')}</tbody></table>`;
}

function notesOf(figures: ProbeFigures, words: Texts): string {
  const { forward, lostForward, lostReturn } = figures;
  const notes = [
    `${words.duplicates} ${countText(figures.duplicates)}`,
    `${words.reordered} ${countText(figures.reordered)}`,
    `${words.pathChanges} ${countText(figures.pathChanges)}`,
    ...(lostForward + lostReturn > 0
      ? [`${words.lostThere} ${countText(lostForward)}, ${words.lostBack} ${countText(lostReturn)}`]
      : []),
    ...(forward.count > 0 ? [`${words.oneWayForward} ± ${msText(figures.oneWayErrorMs)} ms`] : []),
    `${words.kernelStamped} ${countText(figures.kernelStamped)}`,
    `${words.records} ${countText(figures.records)}`,
  ];
  return `<p><small>${notes.join(' · ')}</small></p>`;
}

function exclusionTable(exclusions: readonly StatedExclusion[], words: Texts, { at }: Times): string {
  if (exclusions.length === 0) return `<h3>${words.exclusions}</h3><p class="muted">${words.none}</p>`;
  const rows = exclusions.slice(0, MOST_ROWS).map(({ fromMs, toMs, by, reason, enteredMs, withdrawn }) => {
    const flags = [
      ...(enteredMs > fromMs ? [words.retroactive] : []),
      ...(withdrawn ? [`${words.withdrawn} (${escaped(withdrawn.by)}, ${at(withdrawn.ms)})`] : []),
    ];
    return `<tr${withdrawn ? ' class="gone"' : ''}><td class="t">${at(fromMs)}</td><td class="t">${at(toMs)}</td><td>${escaped(by)}</td><td>${escaped(reason)}</td><td class="t">${at(enteredMs)}</td></tr>${flags.length > 0 ? `<tr><td></td><td colspan="4" class="flag">⚑ ${flags.join(' · ')}</td></tr>` : ''}`;
  });
  return `<h3>${words.exclusions} (${exclusions.length})</h3>${table([words.from, words.to, words.by, words.reason, words.entered], rows, exclusions.length, words)}`;
}

function outageTable({ outages }: ProbeFigures, words: Texts, { at }: Times): string {
  if (outages.length === 0) return `<h3>${words.outages}</h3><p class="muted">${words.none}</p>`;
  // The longest are what a page has room for, in order of time.
  const shown = [...outages]
    .sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))
    .slice(0, MOST_ROWS)
    .sort((a, b) => a.fromMs - b.fromMs);
  const rows = shown.map(
    ({ fromMs, toMs, probes, end, isStartKnown }) =>
      `<tr><td class="t">${at(fromMs)}${isStartKnown ? '' : ` (${words.startUnknown})`}</td><td class="t">${at(toMs)}</td><td class="n">${lengthText(toMs - fromMs)}</td><td class="n">${countText(probes)}</td><td>${words[end as 'answered']}</td></tr>`,
  );
  return `<h3>${words.outages} (${outages.length})</h3>${table([words.from, words.to, words.lasts, words.probes, ''], rows, outages.length, words, 2)}`;
}

function holeTable({ time: { holes } }: ProbeFigures, words: Texts, { at }: Times): string {
  if (holes.length === 0) return '';
  const rows = holes
    .slice(0, MOST_ROWS)
    .map(
      ({ fromMs, toMs }) =>
        `<tr><td class="t">${at(fromMs)}</td><td class="t">${at(toMs)}</td><td class="n">${lengthText(toMs - fromMs)}</td></tr>`,
    );
  return `<h3>${words.holes} (${holes.length})</h3>${table([words.from, words.to, words.lasts], rows, holes.length, words, 2)}`;
}

function othersTable(others: StatedLink['probes'], words: Texts): string {
  const rows = others.map(({ kind, figures }) => {
    const { roundTrip, account } = figures as ProbeFigures;
    const probes = account.received + account.lost + account.late;
    const loss = probes > 0 ? (account.lost + account.late) / probes : null;
    return `<tr><td>${kind}</td><td class="n">${countText(probes)}</td><td class="n">${percentText(loss)}</td><td class="n">${msText(roundTrip.p50)}</td><td class="n">${msText(roundTrip.p95)}</td></tr>`;
  });
  return `<h3>${words.alsoMeasured}</h3>${table([words.kind, words.samples, words.loss, 'p50, ms', 'p95, ms'], rows, rows.length, words, 1)}`;
}

/** Columns from `numbersFrom` on stand to the right. */
function table(
  heads: readonly string[],
  rows: readonly string[],
  all: number,
  words: Texts,
  numbersFrom = heads.length,
): string {
  const more = all > MOST_ROWS ? `<p class="muted">… ${all - MOST_ROWS} ${words.more}</p>` : '';
  const head = heads.map((text, at) => `<th${at >= numbersFrom ? ' class="n"' : ''}>${text}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>${more}`;
}
