import { expect, it } from 'vitest';
import { toGcj02 } from './gcj02.ts';

// Latitude first, as published with the eviltransform library.
it.each([
  [
    [31.1774276, 121.5272106],
    [31.17530398364597, 121.531541859215],
  ],
  [
    [22.543847, 113.912316],
    [22.540796131694766, 113.9171764808363],
  ],
  [
    [39.911954, 116.377817],
    [39.91334545536069, 116.38404722455657],
  ],
])('shifts %j as published', ([lat, lon], [shownLat, shownLon]) => {
  const [east, north] = toGcj02(lon!, lat!);
  expect(east).toBeCloseTo(shownLon!, 6);
  expect(north).toBeCloseTo(shownLat!, 6);
});

it('shifts nothing outside China', () => {
  expect(toGcj02(2.35, 48.85)).toEqual([2.35, 48.85]);
  expect(toGcj02(-58.4, -34.6)).toEqual([-58.4, -34.6]);
});
