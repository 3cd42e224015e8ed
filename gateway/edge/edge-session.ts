import { GATEWAY_ITSELF } from '../driver.ts';
import type { OutboxEntry } from '../outbox/outbox.ts';

/**
 * The Sparkplug 3.0 edge node session as a pure state machine. Clauses are those of the specification.
 *
 *     offline ──start, retry──▶ connecting ──connected──▶ awaiting-host ──STATE online──▶ online
 *        ▲                          │                          │                            │ STATE offline
 *        └──────────────────────────┴───────disconnected───────┴────────────────────────────┘
 *
 * `online` means that the births are out. Without a primary host, `connected` leads there at once. A STATE that has just been
 * said reaches all gateways in the same moment, so each waits for a moment of its own before it is born.
 */
export interface SessionState {
  readonly phase: 'offline' | 'connecting' | 'awaiting-host' | 'online' | 'stopped';
  /** Of the last CONNECT; -1 before the first ever. */
  readonly bdSeq: number;
  /** Of the next message. */
  readonly seq: number;
  readonly retryMs: number;
  readonly waitsForHost: boolean;
  /** Timestamp of the newest STATE; an older one is out of date (tck-id-message-flow-edge-node-birth-publish-phid-wait). */
  readonly hostTimeMs: number;
  /** The host has come while this gateway waited for it, and the births go out at `birth-due`. */
  readonly isBirthDue: boolean;
  readonly devices: ReadonlyMap<string, DeviceState>;
}

interface DeviceState {
  readonly isUp: boolean;
  /** What the hosts have been told in this session. A device that is born and not up still has data to go out. */
  readonly told: 'nothing' | 'born' | 'dead';
  /**
   * Born again after its death, because something of it had to be sent again. It stays until that is confirmed: a host whose store is
   * away would otherwise see it come and go with each repeat.
   */
  readonly isRevived?: boolean;
  /** It is none of this gateway's devices any more, and was born only for what was kept of it. */
  readonly isRetired?: boolean;
}

export type SessionInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'retry' }
  /** CONNACK and every SUBACK are in. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  /** `isRetained`: said before this gateway came. */
  | {
      readonly kind: 'host-state';
      readonly isOnline: boolean;
      readonly timeMs: number;
      readonly isRetained: boolean;
    }
  | { readonly kind: 'birth-due' }
  /** It has been online for so long that whatever ended the last connection is over. */
  | { readonly kind: 'settled' }
  /** A host asks for all births again (NCMD Node Control/Rebirth). */
  | { readonly kind: 'rebirth' }
  | { readonly kind: 'device-up'; readonly device: string }
  | { readonly kind: 'device-down'; readonly device: string }
  /** Nobody answers, though the connection stands: what the broker holds for this gateway may have got lost. */
  | { readonly kind: 'unheard' }
  /** Nothing of this device is waiting any more. */
  | { readonly kind: 'device-drained'; readonly device: string }
  /** They are no devices of this gateway any more. */
  | { readonly kind: 'devices-gone'; readonly devices: readonly string[] }
  /** `isRetired`: of a device that is none of this gateway's any more. */
  | { readonly kind: 'data'; readonly entry: OutboxEntry; readonly isRetired?: boolean }
  | { readonly kind: 'stop' };

export type SessionEffect =
  | { readonly kind: 'connect'; readonly bdSeq: number }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'retry-after'; readonly delayMs: number }
  /** At a random moment within this time. */
  | { readonly kind: 'birth-within'; readonly longestMs: number }
  /** Data that has not arrived by now is historical when it goes out. */
  | { readonly kind: 'hold-data' }
  | { readonly kind: 'node-birth'; readonly seq: number; readonly bdSeq: number }
  | { readonly kind: 'device-birth'; readonly device: string; readonly seq: number }
  | { readonly kind: 'data'; readonly entry: OutboxEntry; readonly seq: number }
  | { readonly kind: 'device-death'; readonly device: string; readonly seq: number }
  | { readonly kind: 'node-death'; readonly bdSeq: number };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const BIRTHS_SPREAD_MS = 2_000;

/** `lastBdSeq` is the one of the last CONNECT of an earlier run, or -1. */
export function createSession(lastBdSeq: number, waitsForHost: boolean): SessionState {
  return {
    phase: 'offline',
    bdSeq: lastBdSeq,
    seq: 0,
    retryMs: FIRST_RETRY_MS,
    waitsForHost,
    hostTimeMs: Number.NEGATIVE_INFINITY,
    isBirthDue: false,
    devices: new Map(),
  };
}

/**
 * Devices that the hosts believe alive and that are not. Each may die as soon as nothing of it is waiting to be sent; one that is
 * revived, as soon as nothing of it is unconfirmed.
 */
export function dyingDevices(
  state: SessionState,
): { readonly device: string; readonly isRevived: boolean }[] {
  if (state.phase !== 'online') return [];
  return [...state.devices]
    .filter(([, { isUp, told }]) => !isUp && told === 'born')
    .map(([device, { isRevived = false }]) => ({ device, isRevived }));
}

export function stepSession(state: SessionState, input: SessionInput): SessionStep {
  if (state.phase === 'stopped') return { state, effects: [] };
  switch (input.kind) {
    case 'start':
    case 'retry':
      return state.phase === 'offline' ? connect(state) : unchanged(state);
    case 'connected':
      if (state.phase !== 'connecting') return unchanged(state);
      return state.waitsForHost ? { state: { ...state, phase: 'awaiting-host' }, effects: [] } : bear(state);
    case 'disconnected':
      return state.phase === 'offline' ? unchanged(state) : goOffline(state);
    case 'host-state':
      return hostState(state, input);
    case 'birth-due':
      return state.phase === 'awaiting-host' && state.isBirthDue ? bear(state) : unchanged(state);
    case 'settled':
      return state.phase === 'online' ? unchanged({ ...state, retryMs: FIRST_RETRY_MS }) : unchanged(state);
    case 'rebirth':
      return state.phase === 'online' ? bear(state) : unchanged(state);
    case 'unheard':
      return state.phase === 'online' || state.phase === 'awaiting-host' ? leave(state) : unchanged(state);
    case 'device-up':
      return deviceUp(state, input.device);
    case 'device-down':
      return deviceDown(state, input.device);
    case 'device-drained':
      return dyingDevices(state).some(({ device }) => device === input.device)
        ? bury(state, input.device)
        : unchanged(state);
    case 'devices-gone':
      return devicesGone(state, input.devices);
    case 'data':
      return data(state, input.entry, input.isRetired ?? false);
    case 'stop':
      return stop(state);
  }
}

function unchanged(state: SessionState): SessionStep {
  return { state, effects: [] };
}

/** bdSeq counts every CONNECT, 0 to 255 and round again (tck-id-payloads-ndeath-bdseq, tck-id-operational-…-bdseq). */
function connect(state: SessionState): SessionStep {
  const bdSeq = (state.bdSeq + 1) % 256;
  return { state: { ...state, phase: 'connecting', bdSeq }, effects: [{ kind: 'connect', bdSeq }] };
}

/** NBIRTH with seq 0 and the will's bdSeq, then at once a DBIRTH of every known device, before any data. */
function bear(state: SessionState): SessionStep {
  let seq = 0;
  const effects: SessionEffect[] = state.phase === 'online' ? [] : [{ kind: 'hold-data' }];
  effects.push({ kind: 'node-birth', seq: seq++, bdSeq: state.bdSeq });
  const devices = new Map<string, DeviceState>();
  for (const [device, { isUp, isRetired }] of state.devices) {
    if (isRetired) continue;
    // One that is dead is born too, so that a host knows of it; its death follows when its last data is out.
    effects.push({ kind: 'device-birth', device, seq: seq++ % 256 });
    devices.set(device, { isUp, told: 'born' });
  }
  return {
    state: { ...state, phase: 'online', seq: seq % 256, isBirthDue: false, devices },
    effects,
  };
}

function goOffline(state: SessionState): SessionStep {
  const devices = new Map(
    [...state.devices].map(([id, { isUp }]) => [id, { isUp, told: 'nothing' as const }]),
  );
  const retryMs = Math.min(2 * state.retryMs, LONGEST_RETRY_MS);
  return {
    state: { ...state, phase: 'offline', retryMs, isBirthDue: false, devices },
    effects: [{ kind: 'hold-data' }, { kind: 'retry-after', delayMs: state.retryMs }],
  };
}

function hostState(
  state: SessionState,
  { isOnline, timeMs, isRetained }: Extract<SessionInput, { kind: 'host-state' }>,
): SessionStep {
  if (!state.waitsForHost || timeMs < state.hostTimeMs) return unchanged(state);
  const next = { ...state, hostTimeMs: timeMs };
  if (state.phase === 'awaiting-host') return hostWhileAwaited(next, isOnline, isRetained);
  if (isOnline || state.phase !== 'online') return unchanged(next);
  // tck-id-message-flow-edge-node-birth-publish-phid-offline: NDEATH, then disconnect, then start over.
  return leave(next);
}

/** Of its own accord, and comes back. */
function leave(state: SessionState): SessionStep {
  const offline = goOffline(state);
  const farewell: SessionEffect[] = state.phase === 'online' ? [nodeDeath(state)] : [];
  return { state: offline.state, effects: [...farewell, { kind: 'disconnect' }, ...offline.effects] };
}

/** It goes before a deliberate DISCONNECT, which keeps the broker from sending the will. */
function nodeDeath({ bdSeq }: SessionState): SessionEffect {
  return { kind: 'node-death', bdSeq };
}

function hostWhileAwaited(state: SessionState, isOnline: boolean, isRetained: boolean): SessionStep {
  if (!isOnline) return unchanged({ ...state, isBirthDue: false });
  // Gateways that find it said come one by one, as they connect.
  if (isRetained) return bear(state);
  if (state.isBirthDue) return unchanged(state);
  return {
    state: { ...state, isBirthDue: true },
    effects: [{ kind: 'birth-within', longestMs: BIRTHS_SPREAD_MS }],
  };
}

function deviceUp(state: SessionState, device: string): SessionStep {
  const told = state.devices.get(device)?.told ?? 'nothing';
  if (state.phase === 'online' && told !== 'born') {
    const effect: SessionEffect = { kind: 'device-birth', device, seq: state.seq };
    return { state: withDevice(advanced(state), device, { isUp: true, told: 'born' }), effects: [effect] };
  }
  return unchanged(withDevice(state, device, { isUp: true, told }));
}

function deviceDown(state: SessionState, device: string): SessionStep {
  const told = state.devices.get(device)?.told ?? 'nothing';
  // A device that never answered is born to die, so that it is seen to be missing.
  if (state.phase === 'online' && told === 'nothing') {
    const effect: SessionEffect = { kind: 'device-birth', device, seq: state.seq };
    return { state: withDevice(advanced(state), device, { isUp: false, told: 'born' }), effects: [effect] };
  }
  return unchanged(withDevice(state, device, { isUp: false, told }));
}

/** What is still kept of them has them born again, for as long as it takes. */
function devicesGone(state: SessionState, gone: readonly string[]): SessionStep {
  const devices = new Map(state.devices);
  const effects: SessionEffect[] = [];
  let { seq } = state;
  for (const device of gone) {
    const isBorn = state.phase === 'online' && devices.get(device)?.told === 'born';
    devices.delete(device);
    if (!isBorn) continue;
    effects.push({ kind: 'device-death', device, seq });
    seq = (seq + 1) % 256;
  }
  return { state: { ...state, seq, devices }, effects };
}

function bury(state: SessionState, device: string): SessionStep {
  const effect: SessionEffect = { kind: 'device-death', device, seq: state.seq };
  if (state.devices.get(device)?.isRetired) {
    const devices = new Map(state.devices);
    devices.delete(device);
    return { state: { ...advanced(state), devices }, effects: [effect] };
  }
  return { state: withDevice(advanced(state), device, { isUp: false, told: 'dead' }), effects: [effect] };
}

/** Data of a device that is not born in this session bears it first (tck-id-payloads-ddata-order). */
function data(state: SessionState, entry: OutboxEntry, isRetired: boolean): SessionStep {
  if (state.phase !== 'online') return unchanged(state);
  const device = entry.kind === 'dropped' ? GATEWAY_ITSELF : entry.message.device;
  const known = state.devices.get(device);
  if (device === GATEWAY_ITSELF || known?.told === 'born') {
    return { state: advanced(state), effects: [{ kind: 'data', entry, seq: state.seq }] };
  }
  const isRevived = known?.told === 'dead' || isRetired;
  const isUp = known?.isUp ?? !isRetired;
  const born = withDevice(advanced(state), device, { isUp, told: 'born', isRevived, isRetired });
  return {
    state: advanced(born),
    effects: [
      { kind: 'device-birth', device, seq: state.seq },
      { kind: 'data', entry, seq: born.seq },
    ],
  };
}

function stop(state: SessionState): SessionStep {
  const stopped: SessionState = { ...state, phase: 'stopped' };
  if (state.phase === 'offline') return unchanged(stopped);
  const death: SessionEffect[] = state.phase === 'online' ? [nodeDeath(state)] : [];
  return { state: stopped, effects: [...death, { kind: 'disconnect' }] };
}

function advanced(state: SessionState): SessionState {
  return { ...state, seq: (state.seq + 1) % 256 };
}

function withDevice(state: SessionState, id: string, device: DeviceState): SessionState {
  return { ...state, devices: new Map(state.devices).set(id, device) };
}
