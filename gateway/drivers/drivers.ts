import { linksDriver } from './links/links-driver.ts';
import { modbusRtu } from './modbus/modbus-rtu.ts';
import { modbusRtuTcp } from './modbus/modbus-rtu-tcp.ts';
import { modbusTcp } from './modbus/modbus-tcp.ts';
import { nbiotDriver } from './nbiot/nbiot-driver.ts';
import { nmeaDriver } from './nmea/nmea-driver.ts';
import { stampReflector } from './stamp/stamp-reflector.ts';
import { systemDriver } from './system/system-driver.ts';

/** Every driver that there is, by the name that a configuration gives it. */
export const DRIVERS = {
  links: linksDriver,
  'modbus-rtu': modbusRtu,
  'modbus-rtu-tcp': modbusRtuTcp,
  'modbus-tcp': modbusTcp,
  nbiot: nbiotDriver,
  nmea: nmeaDriver,
  'stamp-reflector': stampReflector,
  system: systemDriver,
} as const;
