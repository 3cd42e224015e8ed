import type { DriverKind } from '../../driver.ts';
import { addressOf, tcpStream } from '../serial/tcp-stream.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import { ModbusRtuTcpConfig } from './config.ts';
import { ModbusDriver } from './modbus-driver.ts';

/** The converter keeps the silence between frames on its line; so much is left for the copy of an answer to show. */
const SILENCE_MS = 1;

/** RTU frames over TCP, to a serial-to-network converter. */
export const modbusRtuTcp: DriverKind<typeof ModbusRtuTcpConfig> = {
  schema: ModbusRtuTcpConfig,
  create: (config, context) =>
    new ModbusDriver(
      config,
      {
        port: addressOf(config),
        baud: config.baud,
        silenceMs: SILENCE_MS,
        open: tcpStream(config, context.clock),
        network: { errors: NETWORK_ERRORS, random: Math.random },
      },
      context,
    ),
};
