import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import { LONGEST_INTERVAL_MS } from '../driver.ts';

const LONGEST_LEASE_S = LONGEST_INTERVAL_MS / 1_000;

const id = (description: string) => Type.String({ pattern: ID_PATTERN, description });
const seconds = (initial: number, description: string, minimum = 0) =>
  Type.Number({ minimum, maximum: LONGEST_LEASE_S, default: initial, description });
const ofPoint = {
  device: id('Device that has it'),
  point: Type.Optional(id('Its point; left out where the device has only one')),
};
const group = { additionalProperties: false } as const;

const ofActuator = {
  ...ofPoint,
  maxRunS: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: LONGEST_LEASE_S,
      description: 'Longest time that it may stand open, however often its lease is renewed; else maxLeaseS',
    }),
  ),
  defaultLeaseS: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: LONGEST_LEASE_S,
      description:
        'Lease of an opening that names none, as plain Sparkplug hosts send; such are refused without it',
    }),
  ),
  unleased: Type.Union([Type.Literal('close'), Type.Literal('report'), Type.Literal('allow')], {
    default: 'close',
    description:
      'What to do where it is seen open and nobody here opened it: close it; only tell; or allow it, for a controller with a programme of its own. Interlocks and maxRunS close it all the same',
  }),
  settleS: seconds(15, 'How long it travels: so long after a command what it reports is not judged'),
};

const Valve = Type.Object(
  {
    ...ofActuator,
    flowLPerMin: Type.Optional(
      Type.Object(
        {
          low: Type.Optional(Type.Number({ minimum: 0, description: 'Below it, something is clogged' })),
          high: Type.Optional(
            Type.Number({ exclusiveMinimum: 0, description: 'Above it, a pipe has burst' }),
          ),
        },
        { ...group, description: 'What its zone should take. With several valves open the bounds add up' },
      ),
    ),
  },
  group,
);

const Line = Type.Object(
  {
    id: id('Name of the water line'),
    exclusive: Type.Optional(id('Lines with the same word here are never open at once')),
    pump: Type.Optional(
      Type.Object(
        {
          ...ofActuator,
          runDownS: Type.Number({
            minimum: 0,
            maximum: 60,
            default: 2,
            description:
              'It stops so long before the lease of the last valve ends. One that is closed earlier waits only for the stop to be confirmed, and never longer than this',
          }),
        },
        { ...group, description: 'Pump, or main valve: on only while a valve of the line is open' },
      ),
    ),
    flow: Type.Optional(Type.Object(ofPoint, { ...group, description: 'Flow meter of the whole line' })),
    pressure: Type.Optional(Type.Object(ofPoint, { ...group, description: 'Pressure of the line' })),
    valves: Type.Array(Valve, { minItems: 1, description: 'Every valve on the line' }),
    leak: Type.Object(
      {
        aboveLPerMin: Type.Number({ minimum: 0, default: 2, description: 'Flow with nothing open' }),
        afterS: seconds(30, 'For so long'),
      },
      { ...group, default: {}, description: 'Closes everything until somebody acknowledges it' },
    ),
    noFlow: Type.Object(
      {
        belowLPerMin: Type.Number({ minimum: 0, default: 0.5, description: 'Flow with a valve open' }),
        afterS: seconds(30, 'For so long'),
      },
      { ...group, default: {}, description: 'Closes the open valves and stops the pump' },
    ),
    flowAfterS: seconds(20, 'How long a flow above or below what the zones should take is let pass'),
    lowPressure: Type.Optional(
      Type.Object(
        {
          belowKPa: Type.Number({ description: 'Pressure with a valve open' }),
          afterS: seconds(20, 'For so long'),
        },
        { ...group, description: 'Closes the open valves and stops the pump' },
      ),
    ),
    holdOffS: seconds(600, 'After no flow or low pressure the line stays shut for so long'),
    staleAfterS: seconds(30, 'A meter that says nothing usable for so long counts as silent', 1),
    whenBlind: Type.Union([Type.Literal('refuse'), Type.Literal('allow')], {
      default: 'refuse',
      description: 'Whether a valve may be opened while a meter of the line is silent and nothing guards it',
    }),
  },
  group,
);

/** What the gateway may open, for how long, and what closes it. */
export const IrrigationConfig = Type.Object(
  {
    maxLeaseS: Type.Number({
      exclusiveMinimum: 0,
      maximum: LONGEST_LEASE_S,
      default: 3_600,
      description: 'Longest time that anything may stand open that has no maxRunS of its own',
    }),
    lines: Type.Array(Line, { default: [], description: 'Water lines and what guards them' }),
    points: Type.Array(Type.Object(ofActuator, group), {
      default: [],
      description: 'Settings of writable points that are on no line',
    }),
  },
  { ...group, default: {} },
);

export type IrrigationConfig = Static<typeof IrrigationConfig>;
export type LineConfig = Static<typeof Line>;
export type ActuatorConfig = IrrigationConfig['points'][number];
