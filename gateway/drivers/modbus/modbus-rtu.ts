import { resolve } from 'node:path';
import type { DriverKind } from '../../driver.ts';
import { serialStream } from '../serial/serial-stream.ts';
import { ModbusConfig } from './config.ts';
import { ModbusDriver } from './modbus-driver.ts';

/** Modbus RTU on a serial port. */
export const modbusRtu: DriverKind<typeof ModbusConfig> = {
  schema: ModbusConfig,
  create(config, context) {
    const port = resolve(context.dataFolder, config.port);
    const open = serialStream({ ...config, port });
    return new ModbusDriver(config, { port, baud: config.baud, open }, context);
  },
};
