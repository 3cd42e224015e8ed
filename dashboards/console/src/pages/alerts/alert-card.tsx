import type { ComponentChildren } from 'preact';
import { useNow } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { AlertActions } from './alert-actions.tsx';
import type { Alert, Member, Severity as SeverityName } from './api.ts';
import { placeOf } from './arrange.ts';
import { WORDS } from './words.ts';

const TICK_MS = 15_000;

interface AlertCardProps {
  readonly alert: Alert;
  readonly say: (text: string) => void;
  readonly onChanged: () => void;
  /** All of it, on its own page. */
  readonly isWhole?: boolean;
  readonly children?: ComponentChildren;
}

/** One event: what, where, since when, who is at it, and what can be done. */
export function AlertCard({ alert, say, onChanged, isWhole = false, children }: AlertCardProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { severity, causing, silent, clearedMs } = alert;
  const sentence = alert.words[locale.language];
  const Heading = isWhole ? 'h2' : 'h3';
  const headingId = `alert-${alert.id}`;
  return (
    <article
      class="card alert"
      aria-labelledby={headingId}
      data-severity={severity}
      data-open={clearedMs === undefined}
    >
      <p class="alert-state">
        <Severity severity={severity} /> <Since alert={alert} />
      </p>
      <Heading id={headingId}>{sentence}</Heading>
      <People alert={alert} />
      <MemberLinks members={[...causing, ...silent]} />
      {(isWhole || causing.length > 1) && (
        <Members title={words.members} members={causing} isOpen={isWhole} />
      )}
      <Members title={words.silentMembers} members={silent} isOpen={isWhole} />
      <p class="actions">
        {clearedMs === undefined && <AlertActions {...{ alert, say, onChanged }} />}
        {!isWhole && (
          <a
            class="button button-quiet"
            href={hrefOf('alerts', [alert.id])}
            aria-label={`${words.details}: ${sentence}`}
          >
            {words.details}
          </a>
        )}
      </p>
      {children}
    </article>
  );
}

const SHAPES = { critical: '■', warning: '▲', info: '○' } as const;

/** A word and a shape, so that colour is never the only sign. */
export function Severity({ severity }: { readonly severity: SeverityName }) {
  const words = useWords(WORDS);
  return (
    <strong class="severity" data-severity={severity}>
      <span aria-hidden="true">{SHAPES[severity]} </span>
      {words.severities[severity]}
    </strong>
  );
}

function Since({ alert: { sinceMs, clearedMs } }: { readonly alert: Alert }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const nowMs = useNow(TICK_MS);
  if (clearedMs === undefined) {
    const lasting = locale.duration(Math.max(0, nowMs - sinceMs));
    return <span>{words.since(locale.time(sinceMs, nowMs), lasting)}</span>;
  }
  return (
    <span>
      {words.cleared}:{' '}
      {words.lasted(...locale.span(sinceMs, clearedMs, nowMs), locale.duration(clearedMs - sinceMs))}
    </span>
  );
}

/** Who is at it, who has silenced it, what became of the messages, and of which event it is a part. */
function People({ alert }: { readonly alert: Alert }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { acknowledged, silenced, foldedInto, after, deliveries } = alert;
  const nowMs = Date.now();
  const count = (n: number) => locale.number(n, 0);
  return (
    <>
      {acknowledged && (
        <p class="alert-note">
          ✓ {words.acknowledgedBy(acknowledged.who, locale.time(acknowledged.timeMs, nowMs))}
          {acknowledged.note && `: ${acknowledged.note}`}
        </p>
      )}
      {silenced && (
        <p class="alert-note">
          ⏸ {words.silencedUntil(silenced.who, locale.time(silenced.untilMs, nowMs))}: {silenced.reason}
        </p>
      )}
      {foldedInto !== undefined && (
        <p class="alert-note">
          {words.folded}: <a href={hrefOf('alerts', [foldedInto])}>{words.foldedInto}</a>
        </p>
      )}
      {after !== undefined && (
        <p class="alert-note">
          <a href={hrefOf('alerts', [after])}>{words.after}</a>
        </p>
      )}
      {deliveries.failed > 0 && (
        <p class="alert-note alert-failed">
          ⚠ {words.toldCounts(count(deliveries.sent), count(deliveries.waiting), count(deliveries.failed))}
        </p>
      )}
    </>
  );
}

const MOST_LINKS = 4;

/** To where one can see or mend it; each place once. */
function MemberLinks({ members }: { readonly members: readonly Member[] }) {
  const words = useWords(WORDS);
  const found = new Map<string, string>();
  for (const member of members) {
    const { site, zone, gateway, link } = placeOf(member);
    const { threshold } = member;
    if (link !== undefined) found.set(hrefOf('links', [link]), words.goLink(link));
    else if (zone !== undefined && site !== undefined)
      found.set(hrefOf('farm', [], { zone: `${site}/${zone}` }), words.goZone(zone));
    else if (gateway !== undefined && site !== undefined)
      found.set(hrefOf('devices', [site, gateway]), words.goGateway(gateway));
    if (threshold !== undefined) found.set(hrefOf('thresholds', [threshold]), words.goThreshold);
  }
  if (found.size === 0) return null;
  return (
    <p class="alert-links">
      {[...found].slice(0, MOST_LINKS).map(([href, text]) => (
        <a key={href} href={href}>
          {text}
        </a>
      ))}
    </p>
  );
}

interface MembersProps {
  readonly title: (n: string) => string;
  readonly members: readonly Member[];
  readonly isOpen: boolean;
}

function Members({ title, members, isOpen }: MembersProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const nowMs = Date.now();
  if (members.length === 0) return null;
  return (
    <details open={isOpen}>
      <summary>{title(locale.number(members.length, 0))}</summary>
      <ul class="members">
        {members.map((one) => (
          <li key={one.key}>
            {one.words[locale.language]}{' '}
            <span class="set-by">
              {words.since(
                locale.time(one.sinceMs, nowMs),
                locale.duration(Math.max(0, nowMs - one.sinceMs)),
              )}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
