import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { Json } from './canonical-json.ts';
import { type Opened, openSealed, sealed } from './seal.ts';
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

function open(text: string): Opened & { readonly links: readonly Json[] } {
  const links: Json[] = [];
  return { ...openSealed(text, (link) => links.push(link)), links };
}

test('what was sealed opens, and says who sealed it', async () => {
  const key = signingKey(temporaryFolder());
  const opened = open(await fileOf(key));
  expect(opened.faults).toEqual([]);
  expect(opened.fingerprint).toBe(key.fingerprint);
  expect(opened.fingerprint).toMatch(/^([0-9a-f]{8}-){7}[0-9a-f]{8}$/);
  expect(opened.links).toEqual([
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
      expect(open(other.toString()).faults, other.toString()).not.toEqual([]);
  }
});

test('a name that comes twice, which readers take differently, is a fault', async () => {
  const text = await fileOf(signingKey(temporaryFolder()));
  const twice = text.replace('"figure":1.25', '"figure":9,"figure":1.25');
  expect(open(twice).faults).toEqual(['not-canonical']);
  expect(open(text.replace('"links":[', '"links":[],"links":[')).faults).toEqual(['not-canonical']);
  expect(open(JSON.stringify(JSON.parse(text), null, 2)).faults).toEqual(['not-canonical']);
});

test('sealed again with another key it opens, with the other fingerprint: that is what pinning is for', async () => {
  const [ours, theirs] = [signingKey(temporaryFolder()), signingKey(temporaryFolder())];
  const opened = open(await fileOf(theirs));
  expect(opened.faults).toEqual([]);
  expect(opened.fingerprint).not.toBe(ours.fingerprint);
  // The other's seal on a statement that names our key.
  const mixed = await fileOf({ ...ours, sign: theirs.sign });
  expect(open(mixed).faults).toEqual(['signature']);
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

test('what JSON can say and canonical JSON cannot is a fault, and no failure', async () => {
  const text = await fileOf(signingKey(temporaryFolder()));
  for (const value of ['1e400', '"\\ud800"'])
    expect(open(text.replace('1.25', value)).faults).toEqual(['not-canonical']);
  expect(open(text.replace('1.25', '1.250')).faults).toEqual(['not-canonical']);
  for (const value of ['-0', '"e\u0301"', '{"__proto__":1}'])
    expect(open(text.replace('1.25', value)).faults).toContain('digest');
});

test('a page or a table is told from a damaged statement', () => {
  expect(open('<!doctype html>').faults).toEqual(['copy']);
  expect(open('\uFEFFmonth,zone').faults).toEqual(['copy']);
  for (const text of ['', '{}', '{"links":[', '{"statement":{"links":[]},"signature":1}', '[{"links":[1]}]'])
    expect(open(text).faults).toEqual(['not-json']);
});
