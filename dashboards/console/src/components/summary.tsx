import type { Gateway } from '../api.ts';
import type { Farm, Problem } from '../farm.ts';
import { shortLabel } from '../format-metric.ts';
import type { Locale } from '../i18n/locale.ts';
import { useView } from '../view.ts';

const SHOWN_PROBLEMS = 4;

/** What a person wants to know before anything else: is something wrong, and is water running. */
export function Summary({ farm, gateways }: { readonly farm: Farm; readonly gateways: readonly Gateway[] }) {
  const { locale, nowMs, isLive } = useView();
  const { words } = locale;
  const known = farm.valves.filter(
    ({ condition }) => isLive && (condition === 'good' || condition === 'uncertain'),
  );
  const open = known.filter(({ reading }) => reading.value !== 0);
  const devices = gateways.flatMap((one) => one.devices.map((device) => one.online && device.online));
  const { problems } = farm;
  return (
    <section class="summary" aria-label={words.summary}>
      {/* Told once, when it changes: the list itself would be read again with every age in it. */}
      <p class="hidden" role="status">
        {problems.length === 0 ? words.allWell : words.attentionCount(locale.number(problems.length, 0))}
      </p>
      {problems.length === 0 ? (
        <p class="well">
          <span class="well-mark" aria-hidden="true">
            ✓
          </span>
          {words.allWell}
        </p>
      ) : (
        <div class="problems">
          <h2>{words.attention}</h2>
          <ul>
            {problems.slice(0, SHOWN_PROBLEMS).map((problem) => (
              <li key={problemKey(problem)}>{problemWords(problem, locale, nowMs)}</li>
            ))}
            {problems.length > SHOWN_PROBLEMS && (
              <li>{words.andMore(locale.number(problems.length - SHOWN_PROBLEMS, 0))}</li>
            )}
          </ul>
        </div>
      )}
      <dl class="counts">
        {farm.valves.length > 0 && (
          <Count
            label={words.valvesOpen}
            part={open.length}
            whole={farm.valves.length}
            unknown={farm.valves.length - known.length}
            isActive={open.length > 0}
          />
        )}
        {devices.length > 0 && (
          <Count label={words.devicesOnline} part={devices.filter(Boolean).length} whole={devices.length} />
        )}
      </dl>
    </section>
  );
}

interface CountProps {
  readonly label: string;
  readonly part: number;
  readonly whole: number;
  /** Of the whole, those of which nothing is known now. */
  readonly unknown?: number;
  readonly isActive?: boolean;
}

function Count({ label, part, whole, unknown = 0, isActive = false }: CountProps) {
  const { locale } = useView();
  return (
    <div class="count" data-active={isActive}>
      <dt>{label}</dt>
      <dd>
        {locale.words.ofTotal(locale.number(part, 0), locale.number(whole, 0))}
        {unknown > 0 && (
          <span class="count-unknown"> {locale.words.unknownCount(locale.number(unknown, 0))}</span>
        )}
      </dd>
    </div>
  );
}

function problemKey(problem: Problem): string {
  return [problem.kind, problem.name, 'metric' in problem ? problem.metric.key : ''].join(' ');
}

function problemWords(problem: Problem, locale: Locale, nowMs: number): string {
  const { words } = locale;
  if (problem.kind === 'offline') {
    return words.problemOffline(problem.name, locale.time(problem.sinceMs, nowMs));
  }
  if (problem.kind === 'locked') return words.problemLocked(problem.name);
  const label = shortLabel(problem.metric.quantity, locale);
  if (problem.kind === 'bad') return words.problemBad(problem.name, label);
  return words.problemOld(problem.name, label, locale.age(problem.metric.ageMs));
}
