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

/** Names of objects, for what people read. */
export const OBJECT_NAMES: Readonly<Record<number, string>> = {
  0: 'Security',
  1: 'Server',
  2: 'Access Control',
  3: 'Device',
  4: 'Connectivity Monitoring',
  5: 'Firmware Update',
  6: 'Location',
  7: 'Connectivity Statistics',
  3200: 'Digital Input',
  3201: 'Digital Output',
  3202: 'Analog Input',
  3203: 'Analog Output',
  3300: 'Generic Sensor',
  3301: 'Illuminance',
  3303: 'Temperature',
  3304: 'Humidity',
  3306: 'Actuation',
  3308: 'Set Point',
  3315: 'Barometer',
  3316: 'Voltage',
  3317: 'Current',
  3320: 'Percentage',
  3323: 'Pressure',
  3325: 'Concentration',
  3326: 'Acidity',
  3327: 'Conductivity',
  3330: 'Distance',
  3337: 'Positioner',
  3342: 'On/Off Switch',
  3346: 'Rate',
  3424: 'Water Meter',
};

/** The type of a resource that is known here; `undefined` for others, which a profile then has to name. */
export function resourceType([object, , resource]: Path): ResourceType | undefined {
  if (object === undefined || resource === undefined) return undefined;
  return OBJECTS[object]?.[resource] ?? REUSABLE[resource];
}
