import { useEffect, useRef, useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { ApiError } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { useConsole } from '../../console.ts';
import type { StateMetric } from '../../farm.ts';
import { figureWithUnit, formatMetric, shortLabel } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useView } from '../../view.ts';
import type { Command } from './api.ts';
import { deedFor } from './deeds.ts';
import { useFarm } from './farm-context.ts';
import { type FlowAnswer, flowAnswer, meterOf } from './flow-answer.ts';
import { FARM_WORDS } from './words.ts';
import { isCurrent } from './zone-state.ts';

const MINUTES = [5, 10, 20, 30];
const ASK_EVERY_MS = 1_000;
/** A command that has not reached its gateway by then must not act any more. */
const VALID_FOR_S = 30;

/** Where no answer came to a command, it is asked for so long whether it was taken. */
const UNSURE_MS = 60_000;

/** What was asked for, and what has become of it. */
interface Following {
  /** Chosen here, so that a tap that is repeated for want of an answer is the same command. */
  readonly id: string;
  /** Undefined while nobody has said that it was taken. */
  readonly command: Command | undefined;
  /** 0 for closing. */
  readonly minutes: number;
  readonly beforeLPerMin: number;
  /** `lost`: it could not be asked about the last time. `missing`: the server does not know it. */
  readonly trouble?: 'lost' | 'missing' | undefined;
}

/** Opens a valve under a lease or closes it, and follows what comes of it. What state it is in stands above, as it is read back. */
export function ValveControl({ valve, place }: { readonly valve: StateMetric; readonly place: string }) {
  const { me } = useConsole();
  const { locale } = useView();
  const { isConnected, flows, deeds } = useFarm();
  const words = useWords(FARM_WORDS);
  const deed = deedFor(deeds, valve.reading);
  const [asked, setAsked] = useState<{ readonly id: string; readonly minutes: number }>();
  const [following, setFollowing] = useFollowing();
  // A tap without an answer was taken after all: nothing is left to ask.
  const isTaken = following?.command !== undefined && following.id === asked?.id;
  useEffect(() => {
    if (isTaken) setAsked(undefined);
  }, [isTaken]);
  if (!may(me, 'command')) return deed ? <LastDeed deed={deed} /> : null;
  const { tags } = valve.reading;
  const name = `${shortLabel(valve.quantity, locale)} ${tags.point ?? tags.device ?? ''}`;
  const isOpen = isConnected && isCurrent(valve) && valve.reading.value !== 0;
  const trouble = !isConnected ? words.commandOffline : isCurrent(valve) ? undefined : words.valveOffline;
  return (
    <fieldset class="valve">
      <legend>{isOpen ? words.againFor(name) : words.openFor(name)}</legend>
      <div class="valve-buttons">
        {MINUTES.map((minutes) => {
          const n = locale.number(minutes, 0);
          return (
            <Button
              key={minutes}
              aria-label={words.openForLabel(name, n)}
              aria-disabled={trouble ? true : undefined}
              onClick={() => !trouble && setAsked({ id: commandId(), minutes })}
            >
              {words.minutes(n)}
            </Button>
          );
        })}
        {/* Also where it seems closed, or nothing is known of it: what was read may be wrong, and it may be reached all the same. */}
        <Button
          kind={isOpen ? 'main' : 'quiet'}
          aria-label={words.closeLabel(name)}
          onClick={() => setAsked({ id: commandId(), minutes: 0 })}
        >
          {words.close}
        </Button>
      </div>
      {trouble && <p class="valve-trouble">{trouble}</p>}
      {deed && isAfter(deed, following) ? (
        <LastDeed deed={deed} />
      ) : (
        <Outcome following={following} valve={valve} />
      )}
      {asked !== undefined && (
        <AskFirst
          {...{ valve, name, place }}
          {...asked}
          beforeLPerMin={Number(meterOf(valve, flows)?.reading.value ?? 0)}
          onClose={() => setAsked(undefined)}
          onSent={setFollowing}
        />
      )}
    </fieldset>
  );
}

interface AskFirstProps {
  readonly valve: StateMetric;
  readonly name: string;
  readonly place: string;
  readonly id: string;
  readonly minutes: number;
  readonly beforeLPerMin: number;
  onClose(): void;
  onSent(following: Following): void;
}

function AskFirst({ valve, name, place, id, minutes, beforeLPerMin, onClose, onSent }: AskFirstProps) {
  const { api, locale } = useConsole();
  const words = useWords(FARM_WORDS);
  const n = locale.number(minutes, 0);
  const { site, gateway, device, point } = valve.reading.tags;
  const { measurement, field } = valve.reading;
  const send = async () => {
    const sent = { id, minutes, beforeLPerMin };
    const body = {
      ...{ id, site, gateway, device, measurement, field, point },
      value: minutes > 0,
      validForS: VALID_FOR_S,
      ...(minutes > 0 && { leaseS: minutes * 60 }),
    };
    try {
      onSent({ ...sent, command: await api.send<Command>('POST', '/api/v1/commands', body) });
    } catch (error) {
      // What the server refuses was not taken; of all else nobody knows.
      if (!(error instanceof ApiError)) onSent({ ...sent, command: undefined });
      throw error;
    }
  };
  return (
    <Confirm
      title={minutes > 0 ? words.askOpen(name, n) : words.askClose(name)}
      action={minutes > 0 ? words.doOpen(n) : words.doClose}
      onConfirm={send}
      onClose={onClose}
    >
      <p>{minutes > 0 ? words.askOpenText(place, n) : words.askCloseText(place)}</p>
    </Confirm>
  );
}

/** Asks what has become of the command until that is known. */
function useFollowing(): [Following | undefined, (following: Following) => void] {
  const { api } = useConsole();
  const [following, setFollowing] = useState<Following>();
  const id = following?.id;
  const isPending = following !== undefined && (following.command?.state ?? 'pending') === 'pending';
  useEffect(() => {
    if (!isPending || id === undefined) return;
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const beganMs = performance.now();
    const ask = async () => {
      const change = await api
        .get<Command>(`/api/v1/commands/${encodeURIComponent(id)}`)
        .then((command) => ({ command, trouble: undefined }))
        .catch((error) => ({ trouble: isUnknown(error) ? ('missing' as const) : ('lost' as const) }));
      if (isOver) return;
      setFollowing((known) => (known?.id === id ? { ...known, ...change } : known));
      const isGivenUp = change.trouble === 'missing' && performance.now() - beganMs > UNSURE_MS;
      if (!isGivenUp) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, id, isPending]);
  return [following, setFollowing];
}

/** What was asked for last, by whomever, is what holds; what was asked for here is followed more closely. */
function isAfter(deed: Command, following: Following | undefined): boolean {
  if (!following) return true;
  const { id, command } = following;
  return deed.id !== id && command !== undefined && deed.submittedMs > command.submittedMs;
}

/** Who asked last for what, when, and what became of it. */
function LastDeed({ deed }: { readonly deed: Command }) {
  const { locale } = useConsole();
  const { nowMs } = useView();
  const words = useWords(FARM_WORDS);
  const { state, reason, issuer, submittedMs, leaseS, value } = deed;
  const who = issuer.replace(/^\w+:/, '');
  const whoAndWhen = words.deed(locale.time(submittedMs, nowMs), issuer === 'api' ? words.somebody : who);
  const what = Number(value) === 0 ? words.deedClose : words.deedOpen(locale.number(leaseS / 60, 0));
  const said = words.states[state];
  const isBad = !['pending', 'applied'].includes(state);
  return (
    <div class="valve-outcome" data-state={state} data-bad={isBad || undefined} role="status">
      <p>
        {whoAndWhen} <strong>{what}</strong>
      </p>
      <p>{reason ? words.withReason(said, reason[locale.language]) : said}</p>
    </div>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Not `randomUUID`, which pages have over HTTPS only. */
function commandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function Outcome({
  following,
  valve,
}: {
  readonly following: Following | undefined;
  readonly valve: StateMetric;
}) {
  const { locale } = useConsole();
  const { nowMs } = useView();
  const { flows } = useFarm();
  const words = useWords(FARM_WORDS);
  // How soon the water came is told of the first value that shows it, while the flow is that of now.
  const first = useRef<{ readonly id: string; readonly afterMs: number } | undefined>(undefined);
  if (!following) return <p class="valve-outcome" role="status" />;
  const { command, minutes, beforeLPerMin, trouble } = following;
  if (!command) {
    const said = trouble === 'missing' ? words.commandMissing : words.commandUnsure;
    return (
      <p class="valve-outcome" data-bad role="status">
        {said}
      </p>
    );
  }
  const { state, reason, answeredMs } = command;
  const said = words.states[state];
  const meter = meterOf(valve, flows);
  const isApplied = state === 'applied' && answeredMs !== undefined;
  const flow =
    isApplied && minutes > 0 ? flowAnswer(meter, { openedMs: answeredMs, beforeLPerMin, nowMs }) : undefined;
  if (flow?.kind === 'flowing' && first.current?.id !== command.id)
    first.current = { id: command.id, afterMs: flow.afterMs };
  // Once the valve is seen closed again there is no water to wait for.
  const isOver = minutes > 0 && isApplied && valve.reading.timeMs > answeredMs && valve.reading.value === 0;
  const isBad = !['pending', 'applied'].includes(state) || (flow?.kind === 'none' && !isOver);
  return (
    <div class="valve-outcome" data-state={state} data-bad={isBad || undefined} role="status">
      <p>{reason ? words.withReason(said, reason[locale.language]) : said}</p>
      {trouble && state === 'pending' && <p>{words.commandLost}</p>}
      {isApplied && valve.reading.timeMs >= answeredMs && (
        <p>{words.readBack(formatMetric(valve, locale).figure)}</p>
      )}
      {flow && !isOver && <p>{flowWords(flow)}</p>}
    </div>
  );

  function flowWords(answer: FlowAnswer): string {
    if (answer.kind === 'no-meter') return words.noMeter;
    if (answer.kind === 'waiting') return words.flowWaiting;
    const afterMs = answer.kind === 'flowing' ? first.current!.afterMs : answer.afterMs;
    const seconds = locale.number(Math.max(1, Math.round(afterMs / 1_000)), 0);
    if (answer.kind === 'none') return words.noFlow(seconds);
    const shown = figureWithUnit(answer.lPerMin, meter!.quantity, locale);
    return answer.wasRunning ? words.flowAlready(shown) : words.flowAnswers(shown, seconds);
  }
}
