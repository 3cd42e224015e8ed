import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';
import { resourceType } from '../../../core/lwm2m/objects.ts';
import { parsePath } from '../../../core/lwm2m/path.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../core/lwm2m/value.ts';
import { findQuantity, QUANTITIES } from '../../../core/quantities.ts';
import { converter } from '../../../core/units.ts';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { loadProfile, type ProfileProblem } from '../../profiles/load-profile.ts';

/** Object, instance and resource, such as /3303/0/5700; a fourth id for a resource with several values. */
const RESOURCE_PATH = '^(/[0-9]{1,5}){3,4}$';
const DAY_S = LONGEST_INTERVAL_MS / 1000;

const resource = {
  path: Type.String({ pattern: RESOURCE_PATH, description: 'LwM2M resource, such as /3303/0/5700' }),
  type: Type.Optional(
    Type.Enum([...RESOURCE_TYPES], {
      description: 'Its data type; that of the object where it is a known one',
    }),
  ),
};

const source = Type.Object(
  {
    ...resource,
    senml: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'Name of the record that a device posts as plain SenML; the path does as well',
      }),
    ),
    scale: Type.Number({ default: 1, description: 'value = raw × scale + offset' }),
    offset: Type.Number({ default: 0 }),
    unit: Type.Optional(Type.String({ description: 'What the device counts in; canonical where not given' })),
  },
  { additionalProperties: false },
);

const timer = Type.Object(
  { ...resource, unit: Type.Enum(['ms', 's', 'min'], { default: 's', description: 'What it counts in' }) },
  {
    additionalProperties: false,
    description: 'The device goes back to the safe value by itself after this; written before each opening',
  },
);

const write = Type.Object(
  {
    role: Type.Enum(['valve', 'pump', 'setting'], {
      description: 'What hangs on it, for leases and interlocks',
    }),
    path: Type.Optional(Type.String({ pattern: RESOURCE_PATH, description: 'That of read where not given' })),
    type: Type.Optional(Type.Enum([...RESOURCE_TYPES], { description: 'That of read where not given' })),
    execute: Type.Optional(
      Type.Object(
        {
          on: Type.String({ pattern: RESOURCE_PATH, description: 'Executed for true' }),
          off: Type.String({ pattern: RESOURCE_PATH, description: 'Executed for false' }),
        },
        { additionalProperties: false, description: 'For resources that are executed and not written' },
      ),
    ),
    safe: Type.Union([Type.Number(), Type.Boolean()], {
      description:
        'Harmless for ever: set on start, when a lease ends and by interlocks; in the canonical unit',
    }),
    min: Type.Optional(Type.Number({ description: 'Least that may be set, in the canonical unit' })),
    max: Type.Optional(Type.Number({ description: 'Most that may be set, in the canonical unit' })),
    timer: Type.Optional(timer),
  },
  { additionalProperties: false, description: 'Where it can be commanded' },
);

const report = Type.Object(
  {
    deadBand: Type.Number({
      minimum: 0,
      description: 'In the canonical unit: a value is sent when it has moved by more; 0 sends every change',
    }),
    longestSilenceS: Type.Integer({
      minimum: 1,
      maximum: DAY_S,
      description: 'After so many seconds a value is sent though it has not moved',
    }),
  },
  { additionalProperties: false, description: 'When a value is worth sending; every one where not given' },
);

const metric = Type.Object(
  {
    quantity: Type.String({ description: 'measurement/field of the catalogue, such as soil/moisture' }),
    point: Type.Optional(
      Type.String({ pattern: ID_PATTERN, description: 'Where a device has several of one quantity' }),
    ),
    read: source,
    observe: Type.Optional(
      Type.Object(
        {
          pminS: Type.Integer({
            minimum: 0,
            maximum: DAY_S,
            default: 0,
            description: 'Least time between two',
          }),
          pmaxS: Type.Integer({
            minimum: 1,
            maximum: DAY_S,
            default: 3_600,
            description: 'Longest time between two',
          }),
        },
        { additionalProperties: false, description: 'The device tells it by itself' },
      ),
    ),
    group: Type.Optional(
      Type.String({ description: 'Where it is not observed: the polling group that reads it' }),
    ),
    range: Type.Optional(
      Type.Tuple([Type.Number(), Type.Number()], {
        description: 'What the instrument can measure, in the canonical unit; a value outside is marked bad',
      }),
    ),
    report: Type.Optional(report),
    write: Type.Optional(write),
  },
  { additionalProperties: false },
);

export const NbiotProfile = Type.Object(
  {
    protocol: Type.Literal('lwm2m'),
    title: Type.Object({ en: Type.String(), zh: Type.String() }, { additionalProperties: false }),
    groups: Type.Record(
      Type.String({ pattern: ID_PATTERN }),
      Type.Object(
        {
          everyMs: Type.Integer({
            minimum: 1_000,
            maximum: LONGEST_INTERVAL_MS,
            description: 'Interval of polling',
          }),
        },
        { additionalProperties: false },
      ),
      { additionalProperties: false, default: {}, description: 'Polling groups by name' },
    ),
    metrics: Type.Array(metric, { minItems: 1, maxItems: 60 }),
  },
  { additionalProperties: false },
);

export type NbiotProfile = Static<typeof NbiotProfile>;
export type ProfileMetric = NbiotProfile['metrics'][number];

/** Throws `CONFIG_INVALID` with file and line of every problem. */
export function loadNbiotProfile(nameOrPath: string, configFolder: string): NbiotProfile {
  return loadProfile(NbiotProfile, nameOrPath, configFolder, findProblems);
}

/** The data type of what a metric reads: what the profile says, or the object. */
export function typeOfRead({ read }: ProfileMetric): ResourceType | undefined {
  return read.type ?? resourceType(parsePath(read.path) ?? []);
}

type At = (...path: string[]) => (string | number)[];

function findProblems(profile: NbiotProfile): ProfileProblem[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return profile.metrics.flatMap((one, index) => {
    const at: At = (...path) => ['metrics', index, ...path];
    const problems: ProfileProblem[] = [];
    const name = `${one.quantity} ${one.point ?? ''}`;
    if (names.has(name))
      problems.push({ path: at('quantity'), text: 'stands here twice; give each a point' });
    names.add(name);
    if (paths.has(one.read.path)) problems.push({ path: at('read', 'path'), text: 'stands here twice' });
    paths.add(one.read.path);
    if (one.observe && one.group !== undefined) {
      problems.push({ path: at('group'), text: 'a metric is observed or polled, not both' });
    }
    if (one.observe && one.observe.pminS > one.observe.pmaxS) {
      problems.push({ path: at('observe', 'pminS'), text: `is above pmaxS, ${one.observe.pmaxS}` });
    }
    if (one.group !== undefined && !Object.hasOwn(profile.groups, one.group)) {
      const known = Object.keys(profile.groups).join(', ') || 'none';
      problems.push({ path: at('group'), text: `there is no group "${one.group}"; groups: ${known}` });
    }
    return [...problems, ...readProblems(one, at), ...writeProblems(one, at)];
  });
}

function readProblems(one: ProfileMetric, at: At): ProfileProblem[] {
  const { quantity: name, read, range } = one;
  const problems: ProfileProblem[] = [];
  const [measurement = '', field = ''] = name.split('/');
  const quantity = findQuantity(measurement, field);
  if (!quantity) {
    const near = QUANTITIES.filter((other) => other.measurement === measurement).map((other) => other.field);
    const hint = near.length > 0 ? `${measurement} has ${near.join(', ')}` : 'see /api/v1/quantities';
    problems.push({ path: at('quantity'), text: `"${name}" is not in the catalogue; ${hint}` });
  } else if (read.unit !== undefined && !converter(read.unit, quantity.unit)) {
    problems.push({
      path: at('read', 'unit'),
      text: `"${read.unit}" cannot be converted to ${quantity.unit}`,
    });
  }
  const type = typeOfRead(one);
  if (!parsePath(read.path)) problems.push({ path: at('read', 'path'), text: 'an id is above 65534' });
  else if (!type) problems.push({ path: at('read', 'path'), text: 'is not known here; give its type' });
  else if (type === 'string' || type === 'opaque') {
    problems.push({ path: at('read'), text: `a ${type} is no measurement` });
  }
  if (read.scale === 0) problems.push({ path: at('read', 'scale'), text: 'must not be 0' });
  if (range && range[0] > range[1]) {
    problems.push({ path: at('range'), text: `its end, ${range[1]}, is before its beginning, ${range[0]}` });
  }
  return problems;
}

function writeProblems(one: ProfileMetric, at: At): ProfileProblem[] {
  const { quantity: name, range, write: own } = one;
  if (!own) return [];
  const problem = (key: string, text: string): ProfileProblem[] => [{ path: at('write', key), text }];
  const isBoolean = typeOfRead(one) === 'boolean';
  if (typeof own.safe !== (isBoolean ? 'boolean' : 'number')) {
    return problem('safe', isBoolean ? 'the value is true or false' : 'the value is a number');
  }
  // A node that sleeps cannot be told to close, so what must close has to do so by itself.
  if (own.role !== 'setting' && !own.timer) {
    return problem('role', `a ${own.role} behind a device that may sleep needs a timer in the device`);
  }
  if (own.execute && !isBoolean) return problem('execute', 'is for a value that is true or false');
  if (own.execute && own.path) return problem('path', 'a value is written or executed, not both');
  const quantity = findQuantity(...(name.split('/') as [string, string]));
  if (!quantity || typeof own.safe === 'boolean') return [];
  const { min = range?.[0] ?? quantity.min, max = range?.[1] ?? quantity.max } = own;
  if (min > max) return problem('max', `${max} is less than the least, ${min}`);
  if (own.safe < min || own.safe > max) return problem('safe', `${own.safe} is not within ${min} to ${max}`);
  return [];
}
