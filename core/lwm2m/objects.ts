import type { Path } from './path.ts';
import type { ResourceType } from './value.ts';

/** Types of the resources that any IPSO object may have (OMA registry, reusable resources). */
const REUSABLE: Readonly<Record<number, ResourceType>> = {
  5500: 'boolean',
  5501: 'integer',
  5514: 'string',
  5515: 'string',
  5518: 'time',
  5534: 'integer',
  5535: 'string',
  5536: 'float',
  5537: 'float',
  5538: 'float',
  5550: 'boolean',
  5600: 'float',
  5601: 'float',
  5602: 'float',
  5603: 'float',
  5604: 'float',
  5650: 'float',
  5700: 'float',
  5701: 'string',
  5702: 'float',
  5703: 'float',
  5704: 'float',
  5705: 'float',
  5750: 'string',
  5800: 'float',
  5805: 'float',
  5815: 'float',
  5821: 'float',
  5822: 'float',
  5850: 'boolean',
  5851: 'integer',
  5852: 'integer',
  5900: 'float',
  6039: 'string',
  6042: 'integer',
};

/** Objects whose resources have numbers of their own. */
const OBJECTS: Readonly<Record<number, Readonly<Record<number, ResourceType>>>> = {
  // Server
  1: { 0: 'integer', 1: 'integer', 2: 'integer', 3: 'integer', 5: 'integer', 6: 'boolean', 7: 'string' },
  // Device
  3: {
    0: 'string',
    1: 'string',
    2: 'string',
    3: 'string',
    6: 'integer',
    7: 'integer',
    8: 'integer',
    9: 'integer',
    10: 'integer',
    11: 'integer',
    13: 'time',
    14: 'string',
    15: 'string',
    16: 'string',
    17: 'string',
    18: 'string',
    19: 'string',
    20: 'integer',
    21: 'integer',
  },
  // Connectivity monitoring
  4: {
    0: 'integer',
    1: 'integer',
    2: 'integer',
    3: 'integer',
    4: 'string',
    5: 'string',
    6: 'integer',
    7: 'string',
    8: 'integer',
    9: 'integer',
    10: 'integer',
    11: 'integer',
  },
  // Location
  6: { 0: 'float', 1: 'float', 2: 'float', 3: 'float', 4: 'opaque', 5: 'time', 6: 'float' },
  // Water meter (uCIFI)
  3424: {
    1: 'float',
    3: 'string',
    4: 'integer',
    9: 'boolean',
    10: 'boolean',
    11: 'boolean',
    12: 'boolean',
    13: 'boolean',
  },
};

/** The type of a resource that is known here; `undefined` for others, which a profile then has to name. */
export function resourceType([object, , resource]: Path): ResourceType | undefined {
  if (object === undefined || resource === undefined) return undefined;
  return OBJECTS[object]?.[resource] ?? REUSABLE[resource];
}
