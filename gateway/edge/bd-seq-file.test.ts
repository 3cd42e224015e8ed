import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { BdSeqFile } from './bd-seq-file.ts';

test('a new folder has no bdSeq; what was written is read after a restart', () => {
  const folder = temporaryFolder();
  expect(new BdSeqFile(folder).read()).toBe(-1);
  new BdSeqFile(folder).write(41);
  expect(new BdSeqFile(folder).read()).toBe(41);
});

test.each(['', 'x', '256', '-1', '1.5', '\0\0'])('a file with %j counts as none', (text) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'gateway-bdseq'), text);
  expect(new BdSeqFile(folder).read()).toBe(-1);
});
