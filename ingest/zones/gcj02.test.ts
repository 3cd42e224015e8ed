import { expect, it } from 'vitest';
import { toGcj02 } from './gcj02.ts';

// Latitude first, as published in the tests of three libraries: googollee/eviltransform (three), wandergis/coordtransform, geotool.
it.each([
  [
    [39.915, 116.404],
    [39.91640428150164, 116.41024449916938],
  ],
  [
    [30.6107779, 121.0917077],
    [30.608604331756705, 121.09626935575027],
  ],
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
