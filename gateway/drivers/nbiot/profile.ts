import { type Static, Type } from 'typebox';
import { resourceType } from '../../../core/lwm2m/objects.ts';
import { parsePath } from '../../../core/lwm2m/path.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../core/lwm2m/value.ts';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { loadProfile, type ProfileProblem } from '../../profiles/load-profile.ts';
import {
  type At,
  metricParts,
  metricProblems,
  pollingGroups,
  profileTitle,
  scaleParts,
  timerUnit,
  writeParts,
  writeProblems,
} from '../../profiles/profile-parts.ts';

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
    ...scaleParts,
  },
  { additionalProperties: false },
);

const timer = Type.Object(
  { ...resource, unit: timerUnit },
  {
    additionalProperties: false,
    description: 'The device goes back to the safe value by itself after this; written before each opening',
  },
);

const write = Type.Object(
  {
    ...writeParts,
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
    timer: Type.Optional(timer),
  },
  { additionalProperties: false, description: 'Where it can be commanded' },
);

const metric = Type.Object(
  {
    ...metricParts,
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
    write: Type.Optional(write),
  },
  { additionalProperties: false },
);

export const NbiotProfile = Type.Object(
  {
    protocol: Type.Literal('lwm2m'),
    title: profileTitle,
    groups: pollingGroups(1_000, { default: {} }),
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

function findProblems(profile: NbiotProfile): ProfileProblem[] {
  const paths = new Set<string>();
  return metricProblems(profile, (one, at) => {
    const { read, observe, group } = one;
    const problems: ProfileProblem[] = [];
    if (paths.has(read.path)) problems.push({ path: at('read', 'path'), text: 'stands here twice' });
    paths.add(read.path);
    if (observe && group !== undefined) {
      problems.push({ path: at('group'), text: 'a metric is observed or polled, not both' });
    }
    if (observe && observe.pminS > observe.pmaxS) {
      problems.push({ path: at('observe', 'pminS'), text: `is above pmaxS, ${observe.pmaxS}` });
    }
    return [...problems, ...sourceProblems(one, at), ...targetProblems(one, at)];
  });
}

function sourceProblems(one: ProfileMetric, at: At): ProfileProblem[] {
  const { path } = one.read;
  const type = typeOfRead(one);
  if (!parsePath(path)) return [{ path: at('read', 'path'), text: 'an id is above 65534' }];
  if (!type) return [{ path: at('read', 'path'), text: 'is not known here; give its type' }];
  const isText = type === 'string' || type === 'opaque';
  return isText ? [{ path: at('read'), text: `a ${type} is no measurement` }] : [];
}

function targetProblems(one: ProfileMetric, at: At): ProfileProblem[] {
  const { write } = one;
  if (!write) return [];
  const problem = (key: string, text: string): ProfileProblem[] => [{ path: at('write', key), text }];
  const isBoolean = typeOfRead(one) === 'boolean';
  // A node that sleeps cannot be told to close, so what must close has to do so by itself.
  if (write.role !== 'setting' && !write.timer) {
    return problem('role', `a ${write.role} behind a device that may sleep needs a timer in the device`);
  }
  if (write.execute && !isBoolean) return problem('execute', 'is for a value that is true or false');
  if (write.execute && write.path) return problem('path', 'a value is written or executed, not both');
  return writeProblems(one, write, isBoolean, at);
}
