import type { DriverKind } from '../../driver.ts';
import { addressOf, tcpStream } from '../serial/tcp-stream.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import { ModbusTcpConfig } from './config.ts';
import { tcpFraming } from './framing.ts';
import { ModbusDriver } from './modbus-driver.ts';

/** Modbus TCP: a server with units of its own, or a gateway with several behind it. */
export const modbusTcp: DriverKind<typeof ModbusTcpConfig> = {
  schema: ModbusTcpConfig,
  create: (config, context) =>
    new ModbusDriver(
      config,
      {
        port: addressOf(config),
        baud: 0,
        silenceMs: 0,
        framing: tcpFraming(),
        open: tcpStream(config, context.clock),
        network: { errors: NETWORK_ERRORS, random: Math.random },
      },
      context,
    ),
};
