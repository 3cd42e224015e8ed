import type { Words } from '../../../core/errors.ts';
import type { SmsPart } from './encode-submit.ts';

/** What is asked of a modem before it is used, and again while it is idle (3GPP TS 27.007 and 27.005; V.250). */
const SETUP = ['ATE0', 'AT+CMEE=1', 'AT+CMGF=0', 'AT+CPIN?', 'AT+CREG?', 'AT+CSQ'] as const;
const FIRST_CHECK = SETUP.indexOf('AT+CPIN?');

const ANSWER_MS = 5_000;
const PROMPT_MS = 10_000;
/** The network may take its time; 3GPP TS 24.011 gives it well under a minute. */
const SENT_MS = 60_000;
const CHECK_EVERY_MS = 30_000;
const TROUBLE_EVERY_MS = 5_000;
const RESTART_MS = 15_000;
/** Lines of one answer that are looked at. */
const MOST_LINES = 20;
/** Ends a prompt that nobody is waiting for any more. */
const ESCAPE = '\x1b';
const END = '\x1a';

export const MODEM_TROUBLES = {
  unplugged: { en: 'it is not plugged in', zh: '未接入' },
  silent: { en: 'it does not answer; it is being restarted', zh: '无应答，正在重启' },
  'no-sim': { en: 'it has no SIM card', zh: '没有 SIM 卡' },
  'pin-needed': {
    en: 'the SIM card wants a PIN: set notify.sms.pinFile, or switch the PIN off',
    zh: 'SIM 卡需要 PIN：请设置 notify.sms.pinFile，或关闭 PIN',
  },
  'pin-wrong': {
    en: 'the SIM card refuses the PIN, which is not tried again: a third wrong one would lock it',
    zh: 'SIM 卡拒绝了 PIN，且不再重试：第三次错误会锁卡',
  },
  'no-network': { en: 'there is no network', zh: '没有网络' },
} as const satisfies Record<string, Words>;
export type ModemTrouble = keyof typeof MODEM_TROUBLES;

interface Job {
  readonly id: string;
  readonly parts: readonly SmsPart[];
  /** Which part is being sent. */
  readonly at: number;
}

export interface ModemState {
  readonly phase: 'closed' | 'asking' | 'pin' | 'waiting' | 'idle' | 'prompt' | 'sending' | 'restarting';
  readonly step: number;
  readonly lines: readonly string[];
  readonly job?: Job | undefined;
  readonly trouble?: ModemTrouble | undefined;
  readonly signalDbm?: number | undefined;
  /** A PIN that the SIM has not taken is tried once in the life of this program. */
  readonly isPinTried: boolean;
  /** Commands in a row that had no answer. */
  readonly silences: number;
}

export const CLOSED_MODEM: ModemState = {
  ...{ phase: 'closed', step: 0, lines: [], trouble: 'unplugged', isPinTried: false, silences: 0 },
};

export type ModemInput =
  | { readonly kind: 'opened' | 'closed' | 'prompt' | 'timeout' }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'send'; readonly id: string; readonly parts: readonly SmsPart[] };

export type ModemEffect =
  | { readonly kind: 'write'; readonly text: string }
  /** The one timer, which takes the place of the one before. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'sent'; readonly id: string }
  | { readonly kind: 'failed'; readonly id: string; readonly reason: Words; readonly isForEver: boolean }
  /** Pull its control lines and open the port anew, for a modem that hears nothing more, or is another under this name by now. */
  | { readonly kind: 'hang-up' };

export interface ModemStep {
  readonly state: ModemState;
  readonly effects: readonly ModemEffect[];
}

/** A conversation with a modem, one command at a time. What it says unasked, such as RING, is passed over. */
export function stepModem(state: ModemState, input: ModemInput, pin?: string): ModemStep {
  switch (input.kind) {
    case 'opened':
      // Opened anew by us: it has its time to start.
      if (state.phase === 'restarting') return { state, effects: [] };
      return ask({ ...state, silences: 0 }, 0, [{ kind: 'write', text: ESCAPE }]);
    case 'closed':
      return failed({ ...state, phase: 'closed', trouble: 'unplugged' }, MODEM_TROUBLES.unplugged);
    case 'send':
      return begin(state, input);
    case 'timeout':
      return timedOut(state);
    case 'prompt': {
      if (state.phase !== 'prompt') return { state, effects: [] };
      const part = state.job!.parts[state.job!.at]!;
      return {
        state: { ...state, phase: 'sending', lines: [] },
        effects: [
          { kind: 'write', text: part.hex + END },
          { kind: 'wait', ms: SENT_MS },
        ],
      };
    }
    case 'line':
      return line(state, input.text.trim(), pin);
  }
}

function begin(state: ModemState, { id, parts }: { id: string; parts: readonly SmsPart[] }): ModemStep {
  const next = { ...state, job: { id, parts, at: 0 } };
  if (state.trouble) return failed(next, MODEM_TROUBLES[state.trouble]);
  // While it is being asked how it is, the message waits for the end of that.
  return state.phase === 'idle' ? sendPart(next) : { state: next, effects: [] };
}

function sendPart(state: ModemState): ModemStep {
  const { parts, at } = state.job!;
  return {
    state: { ...state, phase: 'prompt', lines: [] },
    effects: [
      { kind: 'write', text: `AT+CMGS=${parts[at]!.length}\r` },
      { kind: 'wait', ms: PROMPT_MS },
    ],
  };
}

function line(state: ModemState, text: string, pin: string | undefined): ModemStep {
  const isAnswer = ['asking', 'pin', 'prompt', 'sending'].includes(state.phase);
  if (!isAnswer || text === '') return { state, effects: [] };
  const isOk = text === 'OK';
  if (!isOk && !/^(ERROR$|\+CM[ES] ERROR)/.test(text)) {
    const lines = [...state.lines, text].slice(-MOST_LINES);
    return { state: { ...state, lines }, effects: [] };
  }
  const heard = { ...state, silences: 0 };
  if (state.phase === 'asking') return answered(heard, isOk, text, pin);
  if (state.phase === 'pin')
    // What it has taken once it may be given again: after a restart it asks again.
    return isOk
      ? ask({ ...heard, isPinTried: false }, FIRST_CHECK)
      : troubled(heard, 'pin-wrong', CHECK_EVERY_MS);
  if (!isOk) return refused(heard, text);
  // Some answer OK to a prompt that garbage has ended: only a reference says that the network has it.
  const isSent = state.phase === 'sending' && state.lines.some((one) => one.startsWith('+CMGS:'));
  if (!isSent)
    return failedThen(heard, { en: 'it took the message, and did not send it', zh: '已接收但未发送' });
  const { id, parts, at } = state.job!;
  if (at + 1 < parts.length) return sendPart({ ...heard, job: { id, parts, at: at + 1 } });
  return idle({ ...heard, job: undefined }, [{ kind: 'sent', id }]);
}

function answered(state: ModemState, isOk: boolean, last: string, pin: string | undefined): ModemStep {
  const all = [...state.lines, last].join('\n');
  switch (SETUP[state.step]) {
    case 'AT+CPIN?':
      if (/\+CPIN: READY/.test(all)) break;
      if (!/\+CPIN: SIM PIN$/m.test(all)) return troubled(state, 'no-sim', TROUBLE_EVERY_MS);
      if (state.isPinTried) return troubled(state, 'pin-wrong', CHECK_EVERY_MS);
      if (pin === undefined) return troubled(state, 'pin-needed', CHECK_EVERY_MS);
      return {
        state: { ...state, phase: 'pin', isPinTried: true, lines: [] },
        effects: [
          { kind: 'write', text: `AT+CPIN="${pin}"\r` },
          { kind: 'wait', ms: ANSWER_MS },
        ],
      };
    case 'AT+CREG?': {
      // 1 home, 5 roaming, 6 and 7 the same for SMS only (27.007 section 7.2); unasked it says one figure and no comma.
      const stat = /\+CREG: \d,(\d)/.exec(all)?.[1];
      if (!['1', '5', '6', '7'].includes(stat ?? '')) return troubled(state, 'no-network', TROUBLE_EVERY_MS);
      break;
    }
    case 'AT+CSQ': {
      const rssi = Number(/\+CSQ: (\d+)/.exec(all)?.[1] ?? 99);
      const ready = { ...state, trouble: undefined, signalDbm: rssi > 31 ? undefined : 2 * rssi - 113 };
      return ready.job ? sendPart(ready) : idle(ready);
    }
    default:
      // One that knows no +CMEE says ERROR to whatever is wrong: still a modem.
      if (!isOk && SETUP[state.step] === 'AT+CMGF=0') return troubled(state, 'silent', TROUBLE_EVERY_MS);
  }
  return ask(state, state.step + 1);
}

function ask(state: ModemState, step: number, first: readonly ModemEffect[] = []): ModemStep {
  return {
    state: { ...state, phase: 'asking', step, lines: [] },
    effects: [...first, { kind: 'write', text: `${SETUP[step]}\r` }, { kind: 'wait', ms: ANSWER_MS }],
  };
}

function idle(state: ModemState, effects: readonly ModemEffect[] = []): ModemStep {
  return { state: { ...state, phase: 'idle' }, effects: [...effects, { kind: 'wait', ms: CHECK_EVERY_MS }] };
}

function troubled(state: ModemState, trouble: ModemTrouble, againMs: number): ModemStep {
  const { state: next, effects } = failed({ ...state, phase: 'waiting', trouble }, MODEM_TROUBLES[trouble]);
  return { state: next, effects: [...effects, { kind: 'wait', ms: againMs }] };
}

/** Causes for which the same message would fail again (24.011 annex E-2, 27.005 section 3.2.5): the number, or what the SIM may do. */
const FOR_EVER: ReadonlySet<number> = new Set([1, 8, 10, 28, 29, 30, 50, 304, 305]);

function refused(state: ModemState, text: string): ModemStep {
  const code = Number(/\+CMS ERROR: (\d+)/.exec(text)?.[1] ?? Number.NaN);
  const reason = { en: `the network or the SIM says "${text}"`, zh: `网络或 SIM 卡返回“${text}”` };
  return failedThen(state, reason, FOR_EVER.has(code));
}

/** The message has failed; before the next it is asked how it is. */
function failedThen(state: ModemState, reason: Words, isForEver = false): ModemStep {
  const { state: next, effects } = failed(state, reason, isForEver);
  const asked = ask(next, FIRST_CHECK);
  return { state: asked.state, effects: [...effects, ...asked.effects] };
}

function failed(state: ModemState, reason: Words, isForEver = false): ModemStep {
  const { job } = state;
  if (!job) return { state, effects: [] };
  return {
    state: { ...state, job: undefined },
    effects: [{ kind: 'failed', id: job.id, reason, isForEver }],
  };
}

/** First the conversation is begun anew, then the modem is restarted (27.007 section 8.2), then its lines are pulled too. */
function timedOut(state: ModemState): ModemStep {
  if (state.phase === 'closed') return { state, effects: [] };
  if (state.phase === 'waiting' || state.phase === 'idle') return ask(state, FIRST_CHECK);
  if (state.phase === 'restarting') return ask(state, 0, [{ kind: 'write', text: ESCAPE }]);
  const silences = state.silences + 1;
  const { state: next, effects } = failed({ ...state, silences }, MODEM_TROUBLES.silent);
  if (silences === 1) {
    const again = ask(next, 0, [{ kind: 'write', text: ESCAPE }]);
    return { state: again.state, effects: [...effects, ...again.effects] };
  }
  return {
    state: { ...next, phase: 'restarting', trouble: 'silent' },
    effects: [
      ...effects,
      ...(silences > 2 ? [{ kind: 'hang-up' } as const] : []),
      { kind: 'write', text: `${ESCAPE}\rAT+CFUN=1,1\r` },
      { kind: 'wait', ms: RESTART_MS },
    ],
  };
}
