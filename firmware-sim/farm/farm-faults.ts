import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';

const line = Type.Optional(
  Type.String({ pattern: ID_PATTERN, description: 'The supply line; the first where not set.' }),
);
const zone = Type.String({ pattern: ID_PATTERN });
const flowLPerMin = Type.Number({
  exclusiveMinimum: 0,
  maximum: 1e6,
  description: 'At 200 kPa; it goes with the root of the pressure.',
});
const times = {
  afterS: Type.Optional(
    Type.Number({
      minimum: 0,
      description: 'Seconds of pipes and valves until it begins; at once where not set.',
    }),
  ),
  forS: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'How long it lasts; until it is mended where not set.' }),
  ),
};
const closed = { additionalProperties: false } as const;

/** What can be wrong with valves and pipes. */
const KINDS = [
  Type.Object(
    {
      kind: Type.Literal('stuck'),
      zone,
      at: Type.Enum(['open', 'closed', 'here'], {
        description: 'Where the valve goes and stays, whatever it is told.',
      }),
      ...times,
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('leak'), line, flowLPerMin, ...times }, closed),
  Type.Object(
    {
      kind: Type.Literal('burst'),
      line,
      zone: Type.Optional(
        Type.String({
          pattern: ID_PATTERN,
          description: 'Behind this zone’s valve, so that water is lost while it is open; else in the line.',
        }),
      ),
      flowLPerMin: Type.Optional(flowLPerMin),
      ...times,
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('clogged'),
      zone,
      share: Type.Number({ minimum: 0, maximum: 1, description: 'Of the drippers that pass no water.' }),
      overS: Type.Optional(
        Type.Number({
          minimum: 0,
          description: 'Time in which it comes to that share; at once where not set.',
        }),
      ),
      ...times,
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('dry'), line, ...times }, closed),
] as const;

export type FarmFault = Static<(typeof KINDS)[number]>;

export const FarmFault = Type.Unsafe<FarmFault>({
  type: 'object',
  properties: { kind: { type: 'string' } },
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: KINDS,
  description: 'stuck: a valve; leak, burst: in a pipe; clogged: drippers; dry: well or tank give no water.',
});

/** Names in `fault` that the farm does not have. */
export function faultProblems(
  fault: FarmFault,
  zones: ReadonlySet<string>,
  lines: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  if ('zone' in fault && fault.zone !== undefined && !zones.has(fault.zone)) {
    problems.push(`there is no zone "${fault.zone}"; zones: ${[...zones].join(', ')}`);
  }
  if ('line' in fault && fault.line !== undefined && !lines.has(fault.line)) {
    problems.push(`there is no line "${fault.line}"; lines: ${[...lines].join(', ')}`);
  }
  return problems;
}
