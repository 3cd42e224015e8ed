import { modbusDriver } from './modbus/modbus-driver.ts';
import { nmeaDriver } from './nmea/nmea-driver.ts';
import { systemDriver } from './system/system-driver.ts';

/** Every driver that there is, by the name that a configuration gives it. */
export const DRIVERS = {
  'modbus-rtu': modbusDriver,
  nmea: nmeaDriver,
  system: systemDriver,
} as const;
