import type { DriverConfig } from '../config.ts';
import type { Driver, DriverContext, DriverKind } from '../driver.ts';
import { DRIVERS } from './drivers.ts';

/** Makes the driver that the settings name. */
export function createDriver(config: DriverConfig, context: DriverContext): Driver {
  // The schema of the union has tied the settings to the driver, which the type of the map cannot say.
  const kind = DRIVERS[config.driver] as DriverKind;
  return kind.create(config, context);
}
