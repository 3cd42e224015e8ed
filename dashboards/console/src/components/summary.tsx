import type { Gateway } from '../api.ts';
import type { Farm, Problem } from '../farm.ts';
import { shortLabel } from '../format-metric.ts';
import type { Locale } from '../i18n/locale.ts';
import { useView } from '../view.ts';

const SHOWN_PROBLEMS = 4;

/** What a person wants to know before anything else: is something wrong, and is water running. */
export function Summary({ farm, gateways }: { readonly farm: Farm; readonly gateways: readonly Gateway[] }) {
  const { locale, nowMs } = useView();
  const { words } = locale;
  const open = farm.valves.filter(({ reading, condition }) => reading.value !== 0 && condition !== 'offline');
  const devices = gateways.flatMap((one) => one.devices.map((device) => one.online && device.online));
  const { problems } = farm;
  return (
    <section class="summary" aria-label={words.summary}>
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
              <li key={`${problem.kind} ${problem.name}`}>{problemWords(problem, locale, nowMs)}</li>
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
  readonly isActive?: boolean;
}

function Count({ label, part, whole, isActive = false }: CountProps) {
  const { locale } = useView();
  return (
    <div class="count" data-active={isActive}>
      <dt>{label}</dt>
      <dd>{locale.words.ofTotal(locale.number(part, 0), locale.number(whole, 0))}</dd>
    </div>
  );
}

function problemWords(problem: Problem, locale: Locale, nowMs: number): string {
  const { words } = locale;
  if (problem.kind === 'offline') {
    return words.problemOffline(problem.name, locale.time(problem.sinceMs, nowMs));
  }
  const label = shortLabel(problem.metric.quantity, locale);
  if (problem.kind === 'bad') return words.problemBad(problem.name, label);
  return words.problemOld(problem.name, label, locale.age(problem.metric.ageMs));
}
