const A_M = 6_378_245;
const E2 = 0.006693421622965943;
const { sin, cos, sqrt, abs, PI } = Math;

/** Where maps of China are shifted, by the bounds that the public transform is used with. */
function isInChina(lon: number, lat: number): boolean {
  return lon > 72.004 && lon < 137.8347 && lat > 0.8293 && lat < 55.8271;
}

/**
 * From WGS-84 to GCJ-02, which maps of China are drawn in: the transform as it is publicly known, right within some metres of what map
 * services do. Elsewhere nothing is shifted. One way only: what is kept here is WGS-84.
 */
export function toGcj02(lon: number, lat: number): [lon: number, lat: number] {
  if (!isInChina(lon, lat)) return [lon, lat];
  const [x, y] = [lon - 105, lat - 35];
  const phi = (lat * PI) / 180;
  const w2 = 1 - E2 * sin(phi) ** 2;
  const meridianM = (A_M * (1 - E2)) / (w2 * sqrt(w2));
  const parallelM = (A_M / sqrt(w2)) * cos(phi);
  return [lon + degrees(eastM(x, y) / parallelM), lat + degrees(northM(x, y) / meridianM)];
}

function degrees(radians: number): number {
  return (radians * 180) / PI;
}

function northM(x: number, y: number): number {
  const plain = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x));
  return plain + wavesM(x, [6, 20], [2, 20]) + wavesM(y, [1, 20], [1 / 3, 40], [1 / 12, 160], [1 / 30, 320]);
}

function eastM(x: number, y: number): number {
  const plain = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x));
  return plain + wavesM(x, [6, 20], [2, 20]) + wavesM(x, [1, 20], [1 / 3, 40], [1 / 12, 150], [1 / 30, 300]);
}

/** Each as how many half-turns a degree makes, and its height. */
function wavesM(at: number, ...waves: readonly (readonly [number, number])[]): number {
  return waves.reduce((sum, [turns, height]) => sum + (height * sin(turns * at * PI) * 2) / 3, 0);
}
