/** Units that devices and people use, each as `canonical = value × scale + offset`. */
interface Conversion {
  readonly to: string;
  readonly scale: number;
  readonly offset: number;
}

const conversions = new Map<string, Conversion[]>();

function define(from: string, to: string, scale: number, offset = 0): void {
  const known = conversions.get(from) ?? [];
  known.push({ to, scale, offset });
  conversions.set(from, known);
}

define('1', '%', 100);
define('ratio', '%', 100);
define('m3/m3', '%', 100);
define('m³/m³', '%', 100);
define('%', '1', 0.01);
define('K', '°C', 1, -273.15);
define('°F', '°C', 5 / 9, -160 / 9);
for (const alias of ['C', 'Cel', 'degC', '℃']) define(alias, '°C', 1);
define('dS/m', 'µS/cm', 1000);
define('mS/cm', 'µS/cm', 1000);
define('S/m', 'µS/cm', 10_000);
define('uS/cm', 'µS/cm', 1);
define('bar', 'kPa', 100);
define('mbar', 'kPa', 0.1);
define('hPa', 'kPa', 0.1);
define('Pa', 'kPa', 0.001);
define('MPa', 'kPa', 1000);
define('psi', 'kPa', 6.894757293168361);
define('hPa', 'Pa', 100);
define('kPa', 'hPa', 10);
define('Pa', 'hPa', 0.01);
define('mbar', 'hPa', 1);
define('m3/h', 'L/min', 1000 / 60);
define('m³/h', 'L/min', 1000 / 60);
define('L/h', 'L/min', 1 / 60);
define('L/s', 'L/min', 60);
define('m3/s', 'L/min', 60_000);
define('L', 'm³', 0.001);
define('m3', 'm³', 1);
define('cm', 'm', 0.01);
define('mm', 'm', 0.001);
define('km', 'm', 1000);
define('m', 'mm', 1000);
define('cm', 'mm', 10);
define('km/h', 'm/s', 1 / 3.6);
define('kn', 'm/s', 1852 / 3600);
define('s', 'ms', 1000);
define('us', 'ms', 0.001);
define('µs', 'ms', 0.001);
define('ns', 'ms', 1e-6);
define('ms', 's', 0.001);
define('min', 's', 60);
define('mV', 'V', 0.001);
define('mA', 'A', 0.001);
define('kW', 'W', 1000);
define('Wh', 'kWh', 0.001);
define('klx', 'lx', 1000);
define('lux', 'lx', 1);
define('deg', '°', 1);
define('dBW', 'dBm', 1, 30);
define('kB', 'B', 1000);
define('MB', 'B', 1e6);
define('KiB', 'B', 1024);
define('MiB', 'B', 1_048_576);

/** The function that turns a value in `from` into `to`, or `undefined` where there is none. */
export function converter(from: string, to: string): ((value: number) => number) | undefined {
  if (from === to) return (value) => value;
  const conversion = conversions.get(from)?.find((one) => one.to === to);
  return conversion && ((value) => value * conversion.scale + conversion.offset);
}
