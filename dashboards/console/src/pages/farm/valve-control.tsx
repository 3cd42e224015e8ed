import { useEffect, useRef, useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { useConsole } from '../../console.ts';
import type { StateMetric } from '../../farm.ts';
import { figureWithUnit, formatMetric, shortLabel } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useView } from '../../view.ts';
import type { Command } from './api.ts';
import { useFarm } from './farm-context.ts';
import { type FlowAnswer, flowAnswer, meterOf } from './flow-answer.ts';
import { FARM_WORDS } from './words.ts';
import { isCurrent } from './zone-state.ts';

const MINUTES = [5, 10, 20, 30];
const ASK_EVERY_MS = 1_000;
/** A command that has not reached its gateway by then must not act any more. */
const VALID_FOR_S = 30;

/** What was asked for, and what has become of it. */
interface Following {
  readonly command: Command;
  /** 0 for closing. */
  readonly minutes: number;
  readonly beforeLPerMin: number;
  /** Whether it could not be asked about the last time. */
  readonly isLost: boolean;
}

/** Opens a valve under a lease or closes it, and follows what comes of it. What state it is in stands above, as it is read back. */
export function ValveControl({ valve, place }: { readonly valve: StateMetric; readonly place: string }) {
  const { me } = useConsole();
  const { locale } = useView();
  const { isConnected } = useFarm();
  const words = useWords(FARM_WORDS);
  const [asked, setAsked] = useState<number>();
  const [following, setFollowing] = useFollowing();
  if (!may(me, 'command')) return null;
  const { tags } = valve.reading;
  const name = `${shortLabel(valve.quantity, locale)} ${tags.point ?? tags.device ?? ''}`;
  const isOpen = isCurrent(valve) && valve.reading.value !== 0;
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
              onClick={() => !trouble && setAsked(minutes)}
            >
              {words.minutes(n)}
            </Button>
          );
        })}
        {/* Also where it seems closed: what was read back may be wrong. */}
        <Button
          kind={isOpen ? 'main' : 'quiet'}
          aria-label={words.closeLabel(name)}
          aria-disabled={trouble ? true : undefined}
          onClick={() => !trouble && setAsked(0)}
        >
          {words.close}
        </Button>
      </div>
      {trouble && <p class="valve-trouble">{trouble}</p>}
      <Outcome following={following} valve={valve} />
      {asked !== undefined && (
        <AskFirst
          {...{ valve, name, place }}
          minutes={asked}
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
  readonly minutes: number;
  onClose(): void;
  onSent(following: Following): void;
}

function AskFirst({ valve, name, place, minutes, onClose, onSent }: AskFirstProps) {
  const { api, locale } = useConsole();
  const { flows } = useFarm();
  const words = useWords(FARM_WORDS);
  const n = locale.number(minutes, 0);
  const { site, gateway, device, point } = valve.reading.tags;
  const { measurement, field } = valve.reading;
  const send = async () => {
    const beforeLPerMin = Number(meterOf(valve, flows)?.reading.value ?? 0);
    const command = await api.send<Command>('POST', '/api/v1/commands', {
      ...{ site, gateway, device, measurement, field, point },
      value: minutes > 0,
      validForS: VALID_FOR_S,
      ...(minutes > 0 && { leaseS: minutes * 60 }),
    });
    onSent({ command, minutes, beforeLPerMin, isLost: false });
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
  const id = following?.command.id;
  const isPending = following?.command.state === 'pending';
  useEffect(() => {
    if (!isPending || id === undefined) return;
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const ask = async () => {
      const change = await api
        .get<Command>(`/api/v1/commands/${encodeURIComponent(id)}`)
        .then((command) => ({ command, isLost: false }))
        .catch(() => ({ isLost: true }));
      if (isOver) return;
      setFollowing((known) => (known?.command.id === id ? { ...known, ...change } : known));
      timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [api, id, isPending]);
  return [following, setFollowing];
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
  const { command, minutes, beforeLPerMin, isLost } = following;
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
      {isLost && state === 'pending' && <p>{words.commandLost}</p>}
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
