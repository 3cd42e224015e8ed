import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { COMMAND_OUTCOMES } from './command.ts';
import type { SluiceError } from './errors.ts';

/**
 * What a gateway has to tell beside readings. An event travels as JSON text in the node metric `Event`, takes a number
 * of the ledger like any reading, and so arrives at least once and in spite of restarts; `id` tells repeats apart.
 */
export const EVENT_METRIC = 'Event';

/** What a host asks of the gateway itself: JSON text in the node metric `Care/Request` of an NCMD. */
export const CARE_METRIC = 'Care/Request';

const text = (description: string) => Type.String({ maxLength: 4_096, description });
/** Why, in both languages, and the code of the catalogue where it is an error. */
const reason = Type.Object({ code: Type.Optional(Type.String()), en: Type.String(), zh: Type.String() });
const common = {
  id: Type.String({ minLength: 1, maxLength: 64, description: 'Unique for ever' }),
  timeMs: Type.Number({ description: 'UTC' }),
};

/** How a command ended. Each command has exactly one. */
export const CommandEvent = Type.Object({
  ...common,
  kind: Type.Literal('command'),
  command: text('The id of the command'),
  outcome: Type.Enum([...COMMAND_OUTCOMES]),
  device: text('Empty for the gateway itself'),
  metric: text('Metric name'),
  value: Type.Union([Type.Number(), Type.Boolean()]),
  issuer: text('As the command named it'),
  /** When the lease that it was given ends, UTC; absent where it has none. */
  leaseEndsMs: Type.Optional(Type.Number()),
  reason: Type.Optional(reason),
});

/** A point is back at its safe value: its lease lapsed, somebody closed it, or an interlock did. */
export const LeaseEvent = Type.Object({
  ...common,
  kind: Type.Literal('lease-ended'),
  command: text('The command that had opened it; empty where nobody of ours had'),
  device: text('Empty for the gateway itself'),
  metric: text('Metric name'),
  cause: Type.Enum(['lapsed', 'closed', 'interlock', 'start', 'unleased']),
  /** False while the device has not confirmed: the gateway keeps trying, and tells again when it has. */
  isConfirmed: Type.Boolean(),
  reason: Type.Optional(reason),
});

export const SAFETY_RULES = [
  'leak',
  'no-flow',
  'low-flow',
  'high-flow',
  'low-pressure',
  'max-run',
  'exclusive-lines',
  'dry-pump',
  'unleased-open',
  'cannot-close',
  'meter-silent',
] as const;

/** An interlock was raised or has cleared. */
export const SafetyEvent = Type.Object({
  ...common,
  kind: Type.Literal('safety'),
  rule: Type.Enum([...SAFETY_RULES]),
  isRaised: Type.Boolean(),
  zone: Type.Optional(Type.String()),
  device: Type.Optional(Type.String()),
  metric: Type.Optional(Type.String()),
  /** What was measured, and the bound that it broke, in the canonical unit. */
  value: Type.Optional(Type.Number()),
  bound: Type.Optional(Type.Number()),
  unit: Type.Optional(Type.String()),
  /** Metric names with their devices that it closed or stopped. */
  closed: Type.Array(Type.Object({ device: Type.String(), metric: Type.String() })),
  reason,
});

/** What became of a care request: the answer to `Care/Request` with the same id. */
export const CareEvent = Type.Object({
  ...common,
  kind: Type.Literal('care'),
  request: text('The id of the request'),
  action: text('What was asked'),
  issuer: text('As the request named it'),
  isDone: Type.Boolean(),
  /** Depends on the action: a configuration, the lines of a probe. */
  result: Type.Optional(Type.Unknown()),
  reason: Type.Optional(reason),
});

/** The gateway's own condition: a disk that is full, readings dropped, a clock that was set. */
export const ConditionEvent = Type.Object({
  ...common,
  kind: Type.Literal('condition'),
  condition: Type.Enum([
    'disk-full',
    'outbox-dropped',
    'clock-set',
    'started',
    'config-rolled-back',
    'plan-refused',
  ]),
  isRaised: Type.Boolean(),
  reason,
});

export const GatewayEvent = Type.Union([CommandEvent, LeaseEvent, SafetyEvent, CareEvent, ConditionEvent]);
export type GatewayEvent = Static<typeof GatewayEvent>;
export type EventReason = Static<typeof reason>;
export type SafetyRule = (typeof SAFETY_RULES)[number];

/** `undefined` where the text is no event. Members that are not known are let through: a newer gateway may send them. */
export function parseGatewayEvent(text: string): GatewayEvent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(GatewayEvent, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As it is for who may not change settings: what care came to may be the settings of the gateway. */
export function withoutResult(event: GatewayEvent): GatewayEvent {
  if (event.kind !== 'care') return event;
  const { result: _result, ...rest } = event;
  return rest;
}

/** An error as the reason of an event. */
export function eventReason(error: SluiceError): EventReason {
  return { code: error.code, en: error.text('en'), zh: error.text('zh') };
}
