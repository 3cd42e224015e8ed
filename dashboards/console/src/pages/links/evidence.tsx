import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Account, Direction, Judgement, Objective, Probe, Sla } from './api.ts';
import { judged, limitText, missingOf, msLimit, msText, shareText } from './figures.ts';
import { VerdictBadge } from './verdict-badge.tsx';
import { WORDS } from './words.ts';

/** Where losses in bursts widen the bounds by so much that it should be said. */
const NOTABLE_BURSTS = 1.2;

/** Why the verdict is what it is, for each kind of probe; the one that is judged first. */
export function Evidence({ sla }: { readonly sla: Sla }) {
  const words = useWords(WORDS);
  return (
    <section aria-label={words.evidence}>
      <h2>{words.evidence}</h2>
      {sla.probes.map((probe) => (
        <ProbeEvidence key={probe.kind} probe={probe} sla={sla} />
      ))}
      {sla.probes.length === 0 && <p class="card empty">{words.verdicts.unknown}</p>}
    </section>
  );
}

function ProbeEvidence({ probe, sla }: { readonly probe: Probe; readonly sla: Sla }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { objective } = sla;
  const lengthMs = (sla.toMs - sla.fromMs) * (probe.coverage.share || 1);
  const { latency, loss, roundTrip, coverage } = probe;
  return (
    <article class="card evidence" data-kind={probe.kind}>
      <h3>
        {probe.kind.toUpperCase()} <VerdictBadge verdict={probe.verdict} />
      </h3>
      <div class="judgements">
        <Judged name={words.loss} judgement={loss}>
          {loss.verdict === 'insufficient' && objective && (
            <Missing account={probe.account} objective={objective} lengthMs={lengthMs} />
          )}
          {loss.bursts.designEffect >= NOTABLE_BURSTS && (
            <p class="note">{words.bursts(locale.number(loss.bursts.designEffect, 1))}</p>
          )}
        </Judged>
        {latency && (
          <Judged name={words.slowShare(msLimit(latency.limitMs, locale))} judgement={latency}>
            {latency.verdict === 'insufficient' && latency.samples > 0 && (
              <p class="missing">{words.missingLatency}</p>
            )}
          </Judged>
        )}
        <dl class="facts">
          {(['p50', 'p95', 'p99'] as const).map((name) => (
            <div key={name}>
              <dt>{words[name]}</dt>
              <dd>{msText(roundTrip[name], locale)}</dd>
            </div>
          ))}
          <div>
            <dt>{words.jitter}</dt>
            <dd>{msText(probe.jitterMs, locale)}</dd>
          </div>
          <div>
            <dt>{words.coverage}</dt>
            <dd>{words.coverageOf(shareText(coverage.share, locale))}</dd>
          </div>
        </dl>
      </div>
      {probe.kind === 'stamp' && <Directions probe={probe} />}
      <h4>{words.account}</h4>
      <Accounts account={probe.account} />
      {coverage.holes.length > 0 && (
        <p class="note">
          {words.holes(locale.number(coverage.holes.length + coverage.holesLeftOut, 0))}:{' '}
          {locale.list(
            coverage.holes
              .slice(0, 5)
              .map(({ fromMs, toMs }) => locale.span(fromMs, toMs, sla.toMs).join(' – ')),
          )}
          {coverage.holes.length > 5 && ' …'}
        </p>
      )}
      {probe.withoutRetroactive && (
        <p class="note">
          {words.withoutRetroactive(words.verdicts[judged(probe.withoutRetroactive.verdict)])}
        </p>
      )}
      {probe.strangers.length > 0 && (
        <p class="note">
          {words.strangers(probe.strangers.map(({ site, gateway }) => `${site}/${gateway}`).join(', '))}
        </p>
      )}
      {probe.unreadable.length > 0 && (
        <p class="note">{words.unreadable(locale.number(probe.unreadable.length, 0))}</p>
      )}
    </article>
  );
}

/** Each way of the link by itself: only STAMP can tell them apart. */
function Directions({ probe }: { readonly probe: Probe }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { loss, forward, back, oneWayErrorMs } = probe;
  const isUntold = ({ bad }: Direction) => bad.least === 0 && bad.most > 0;
  return (
    <>
      <div class="judgements directions">
        {([forward, back] as const).map((way, at) => (
          <Judged key={words.ways[at]} name={words.ways[at]!} judgement={{ ...loss, ...way }}>
            {way.latency.count > 0 && oneWayErrorMs !== null && (
              <p class="note">
                {words.oneWay(
                  msText(way.latency.p50, locale),
                  msText(way.latency.p95, locale),
                  msText(oneWayErrorMs, locale),
                )}
              </p>
            )}
          </Judged>
        ))}
      </div>
      {isUntold(forward) && isUntold(back) && <p class="note">{words.waysUntold}</p>}
    </>
  );
}

interface JudgedProps {
  readonly name: string;
  readonly judgement: Judgement;
  readonly children?: preact.ComponentChildren;
}

/** A share, the interval that the evidence allows, and the limit that it is held to, on one scale. */
function Judged({ name, judgement, children }: JudgedProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { share, bounds, limit, bad, samples, confidence } = judgement;
  const top = Math.max((limit ?? 0) * 2, bounds.upper * 1.1, 1e-9);
  const at = (value: number) => `${Math.min(100, (100 * value) / top)}%`;
  return (
    <div class="judgement">
      <h4>
        {name} <VerdictBadge verdict={judgement.verdict} />
      </h4>
      <p class="judgement-figure">
        {share === null && samples > 0
          ? range(shareText(bad.least / samples, locale), shareText(bad.most / samples, locale))
          : shareText(share, locale)}{' '}
        <small class="aside">
          {range(locale.number(bad.least, 0), locale.number(bad.most, 0))} /{' '}
          {words.probes(locale.number(samples, 0))}
        </small>
      </p>
      <div class="interval" aria-hidden="true">
        <span
          class="interval-range"
          style={{ left: at(bounds.lower), width: `calc(${at(bounds.upper)} - ${at(bounds.lower)})` }}
        />
        {limit !== null && <span class="interval-limit" style={{ left: at(limit) }} />}
      </div>
      <p class="note">
        {words.between(shareText(bounds.lower, locale), shareText(bounds.upper, locale))} (
        {words.confidence(limitText(confidence, locale))})
        {limit !== null && ` · ${words.limit} ${limitText(limit, locale)}`}
      </p>
      {children}
    </div>
  );
}

/** How many were not below the limit is known to a step of the distribution only. */
function range(least: string, most: string): string {
  return least === most ? most : `${least} – ${most}`;
}

interface MissingProps {
  readonly account: Account;
  readonly objective: Objective;
  readonly lengthMs: number;
}

function Missing({ account, objective, lengthMs }: MissingProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { probes, ms } = missingOf(account, objective, lengthMs);
  return (
    <p class="missing">
      {probes > 0
        ? words.missing(locale.number(probes, 0), ms === undefined ? '' : locale.duration(ms))
        : words.missingNone}
    </p>
  );
}

function Accounts({ account }: { readonly account: Account }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  return (
    <dl class="facts accounts">
      {(Object.keys(words.accounts) as (keyof Account)[]).map((key) => (
        <div key={key}>
          <dt>{words.accounts[key]}</dt>
          <dd>{locale.number(account[key], 0)}</dd>
        </div>
      ))}
    </dl>
  );
}
