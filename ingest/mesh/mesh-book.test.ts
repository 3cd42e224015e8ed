import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { MeshBook } from './mesh-book.ts';

const POPS = `
site: net
networks: { a: {} }
meshes: [{}]
pops:
  p1: { network: a, address4: 192.0.2.1 }
  p2: { network: a, address4: 192.0.2.2 }
`;
const ONE_MORE = `${POPS}  p3: { network: a, address4: 192.0.2.3 }\n`;

async function started(text: string, folder = temporaryFolder()) {
  const write = (changed: string) => writeFileSync(join(folder, 'mesh.yaml'), changed);
  write(text);
  const clock = new FakeClock();
  const { log, lines } = new KeptLog();
  const book = new MeshBook('mesh.yaml', {
    ...{ clock, log, configFolder: folder, folder: join(folder, 'data') },
    maxSeriesOfAgent: 30_000,
  });
  const changes: number[] = [];
  book.onChange(() => changes.push(book.mesh.links.size));
  await book.start();
  return { book, write, clock, changes, lines, folder, file: join(folder, 'mesh.yaml') };
}

it('a changed file is taken while it runs', async () => {
  const { book, write, clock, changes } = await started(POPS);
  write(ONE_MORE);
  await clock.advance(5_000);
  expect(changes).toEqual([2, 6]);
  expect(book.mesh.links.has('p3_p1')).toBe(true);
  // Only words: nothing that anybody goes by.
  write(`# told\n${ONE_MORE}`);
  await clock.advance(5_000);
  expect(changes).toEqual([2, 6]);
});

it('one that is not valid changes nothing, is told once, and is taken when it is mended', async () => {
  const { book, write, clock, lines } = await started(POPS);
  write(ONE_MORE.replace('network: a, address4: 192.0.2.3', 'network: b, address4: 192.0.2.3'));
  await clock.advance(60_000);
  expect(book.mesh.links.size).toBe(2);
  expect(book.trouble()?.message).toMatch(
    /mesh\.yaml is not taken: .*pops\.p3\.network: there is no network "b"/s,
  );
  expect(lines.filter((line) => JSON.stringify(line).includes('MESH_REFUSED'))).toHaveLength(1);
  write(ONE_MORE);
  await clock.advance(5_000);
  expect(book.trouble()).toBeUndefined();
  expect(book.mesh.links.size).toBe(6);
});

it('a file that is away leaves what is in force, and nothing is known where it never was there', async () => {
  const { book, file, clock } = await started(POPS);
  rmSync(file);
  await clock.advance(5_000);
  expect(book.mesh.links.size).toBe(2);
  expect(book.trouble()?.message).toMatch(/no such file/);
  const absent = new MeshBook('mesh.yaml', {
    clock,
    log: new KeptLog().log,
    configFolder: temporaryFolder(),
    folder: temporaryFolder(),
    maxSeriesOfAgent: 30_000,
  });
  await absent.start();
  expect(absent.expanded).toBeUndefined();
  expect(absent.mesh.links.size).toBe(0);
});

it('started with a file that is not valid, it goes on by the last one that was', async () => {
  const before = await started(ONE_MORE);
  await before.book.stop();
  const { book, write, clock, changes } = await started('pops: [', before.folder);
  expect(book.mesh).toEqual(before.book.mesh);
  expect(changes).toEqual([6]);
  expect(book.trouble()?.code).toBe('MESH_REFUSED');
  write(POPS);
  await clock.advance(5_000);
  expect(book.trouble()).toBeUndefined();
  expect(book.mesh.links.size).toBe(2);
});

it('one that is kept and damaged is passed over', async () => {
  const { folder, book } = await started(POPS);
  await book.stop();
  writeFileSync(join(folder, 'data/mesh-in-force.json'), '{');
  expect((await started('pops: [', folder)).book.expanded).toBeUndefined();
});
