import { modbusDriver } from './modbus/modbus-driver.ts';
import { nmeaDriver } from './nmea/nmea-driver.ts';

/** Every driver that there is, by the name that a configuration gives it. */
export const DRIVERS = {
  'modbus-rtu': modbusDriver,
  nmea: nmeaDriver,
} as const;
