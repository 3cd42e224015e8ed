import { type Static, Type } from 'typebox';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { deviceParts, namedId } from '../../profiles/device-parts.ts';

/** 0 speaks to all units of a serial line at once, and none answers. */
const serialUnit = Type.Integer({ minimum: 1, maximum: 247, description: 'Its address on the bus' });
/** 0 and 255 stand for the server itself (messaging guide 1.0b, clause 4.4.2.2). */
const tcpUnit = Type.Integer({
  minimum: 0,
  maximum: 255,
  description: 'Its address behind the server; 255, with some 0, where the server itself is the device',
});

const device = (unit: Type.TInteger) =>
  Type.Object(
    {
      ...deviceParts,
      unit,
      everyMs: Type.Optional(
        Type.Integer({
          minimum: 100,
          maximum: LONGEST_INTERVAL_MS,
          description: 'Polling interval, in place of those of the profile',
        }),
      ),
    },
    { additionalProperties: false },
  );

const timeoutMs = Type.Integer({
  minimum: 10,
  maximum: 60_000,
  default: 500,
  description: 'How long a device may take to begin its answer',
});
const baud = (description: string) =>
  Type.Integer({ minimum: 300, maximum: 1_000_000, default: 9_600, description });
const host = Type.String({
  pattern: '^[A-Za-z0-9._:%-]{1,255}$',
  description: 'Name or address, IPv4 or IPv6',
});
const tcpPort = (settings: { default?: number; description: string }) =>
  Type.Integer({ minimum: 1, maximum: 65_535, ...settings });
const devices = (unit: Type.TInteger, maxItems: number) =>
  Type.Array(device(unit), { minItems: 1, maxItems });

export const ModbusConfig = Type.Object(
  {
    driver: Type.Literal('modbus-rtu'),
    id: namedId('Name of the bus'),
    port: Type.String({
      minLength: 1,
      description: 'Serial port, such as /dev/ttyUSB0; a simulated one is named relative to the data folder',
    }),
    baud: baud('Bits per second'),
    parity: Type.Enum(['none', 'even', 'odd'], {
      default: 'none',
      description: 'Parity of the line, as its devices have it',
    }),
    stopBits: Type.Enum([1, 2], { default: 1, description: 'Stop bits of the line' }),
    timeoutMs,
    devices: devices(serialUnit, 247),
  },
  { additionalProperties: false },
);

export const ModbusRtuTcpConfig = Type.Object(
  {
    driver: Type.Literal('modbus-rtu-tcp'),
    id: namedId('Name of the bus'),
    host,
    port: tcpPort({ description: 'TCP port of the converter, often 4001, 8899 or 26' }),
    baud: baud('Bits per second of the line behind the converter, for the time that frames take on it'),
    timeoutMs,
    devices: devices(serialUnit, 247),
  },
  { additionalProperties: false },
);

export const ModbusTcpConfig = Type.Object(
  {
    driver: Type.Literal('modbus-tcp'),
    id: namedId('Name of the bus'),
    host,
    port: tcpPort({ default: 502, description: 'TCP port of the server' }),
    timeoutMs,
    devices: devices(tcpUnit, 256),
  },
  { additionalProperties: false },
);

export type ModbusConfig = Static<typeof ModbusConfig>;
export type ModbusRtuTcpConfig = Static<typeof ModbusRtuTcpConfig>;
export type ModbusTcpConfig = Static<typeof ModbusTcpConfig>;
export type ModbusDeviceConfig = ModbusConfig['devices'][number];
