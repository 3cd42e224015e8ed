import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { openSealed, sealed } from './seal.ts';
import { KEY_FILE, type SigningKey, signingKey } from './signing-key.ts';

async function* parts() {
  yield { id: 'a', figure: 1.25 };
  yield { id: 'b', figure: null };
}

async function fileOf(key: SigningKey): Promise<string> {
  const issuer = { name: '上海—北京', publicKey: key.publicKey, fingerprint: key.fingerprint };
  let text = '';
  for await (const piece of sealed({ format: 'x', issuer }, { links: parts() }, key.sign)) text += piece;
  return text;
}

test('what was sealed opens, and says who sealed it', async () => {
  const key = signingKey(temporaryFolder());
  const opened = openSealed(await fileOf(key));
  expect(opened.faults).toEqual([]);
  expect(opened.fingerprint).toBe(key.fingerprint);
  expect(opened.fingerprint).toMatch(/^([0-9a-f]{8}-){7}[0-9a-f]{8}$/);
  expect(opened.statement?.links).toEqual([
    { id: 'a', figure: 1.25 },
    { id: 'b', figure: null },
  ]);
});

test('a file in which any one byte is another, or is not there, or is one too many, does not open without a fault', async () => {
  const bytes = Buffer.from(await fileOf(signingKey(temporaryFolder())));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = changed[at]! ^ 1;
    const cut = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    const longer = Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]);
    for (const other of [changed, cut, longer])
      expect(openSealed(other.toString()).faults, other.toString()).not.toEqual([]);
  }
});

test('a name that comes twice, which readers take differently, is a fault', async () => {
  const text = await fileOf(signingKey(temporaryFolder()));
  const twice = text.replace('"figure":1.25', '"figure":9,"figure":1.25');
  expect(openSealed(twice).faults).toEqual(['not-canonical']);
});

test('sealed again with another key it opens, with the other fingerprint: that is what pinning is for', async () => {
  const [ours, theirs] = [signingKey(temporaryFolder()), signingKey(temporaryFolder())];
  const opened = openSealed(await fileOf(theirs));
  expect(opened.faults).toEqual([]);
  expect(opened.fingerprint).not.toBe(ours.fingerprint);
  // The other's seal on a statement that names our key.
  const mixed = await fileOf({ ...ours, sign: theirs.sign });
  expect(openSealed(mixed).faults).toEqual(['signature']);
});

test('the key is made once, stays, and is for nobody else to read', () => {
  const folder = join(temporaryFolder(), 'ingest');
  const first = signingKey(folder);
  expect(signingKey(folder).fingerprint).toBe(first.fingerprint);
  expect(readdirSync(folder)).toEqual([KEY_FILE]);
  expect(statSync(join(folder, KEY_FILE)).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(first)).not.toContain('PRIVATE');
});

test('a key file that is damaged is named, and not written over', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, KEY_FILE), 'no key');
  chmodSync(join(folder, KEY_FILE), 0o600);
  expect(() => signingKey(folder)).toThrow(/statement-key\.pem/);
});
