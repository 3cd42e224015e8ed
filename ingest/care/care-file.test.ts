import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { CareFile } from './care-file.ts';

test('the record holds so many requests, and the oldest give way', () => {
  const file = new CareFile(temporaryFolder(), 3);
  const place = { site: 'farm', gateway: 'pump-house' };
  for (let n = 1; n <= 5; n++) {
    const request = { id: `r${n}`, action: 'restart', issuer: 'api', expiresAtMs: n } as const;
    file.add({ ...place, request, submittedMs: n });
  }
  expect(file.find('farm', 'pump-house', 10).map(({ request }) => request.id)).toEqual(['r5', 'r4', 'r3']);
  expect(file.get('r2')).toBeUndefined();
  file.close();
});
