import { modbusDriver } from './modbus/modbus-driver.ts';

/** Every driver that there is, by the name that a configuration gives it. */
export const DRIVERS = {
  'modbus-rtu': modbusDriver,
} as const;
