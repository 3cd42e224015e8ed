import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';

interface Running {
  readonly child: ChildProcess;
  readonly words: () => string;
  readonly exit: Promise<number | null>;
}

function start(...options: readonly string[]): Running {
  const child = spawn(process.execPath, ['gateway/node-red/start.ts', ...options]);
  let words = '';
  child.stdout.on('data', (data) => (words += data));
  child.stderr.on('data', (data) => (words += data));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { child, words: () => words, exit };
}

async function started(port: number, data: string): Promise<Running> {
  const running = start('--port', String(port), '--data', data);
  await eventually(() => running.words().includes(`Node-RED: http://127.0.0.1:${port}/`), {
    withinMs: 60_000,
  });
  return running;
}

function status(port: number, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    asked.once('error', reject).end();
  });
}

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

test('the first start has our nodes and the example flow, in both languages, for this machine alone', async () => {
  const [port, data] = [await freePort(), temporaryFolder()];
  const { child, exit, words } = await started(port, data);
  expect(words()).toContain('this machine only, no password');
  const url = `http://127.0.0.1:${port}`;
  const flows = (await (await fetch(`${url}/flows`)).json()) as { type: string; label?: string }[];
  expect(flows.filter(({ type }) => type === 'tab')).toEqual([
    expect.objectContaining({ label: 'Irrigate north by moisture 按墒情灌溉' }),
  ]);
  const types = ['sluice-broker', 'sluice-readings', 'sluice-zone', 'sluice-alert', 'sluice-valve'];
  for (const [language, help] of [
    ['en-US', 'The gateway closes the valve when the lease is over'],
    ['zh-CN', '租约到期时网关自行关闭阀门'],
  ] as const) {
    const accept = { accept: 'text/html', 'accept-language': language };
    const editor = await (await fetch(`${url}/nodes`, { headers: accept })).text();
    for (const type of types) expect(editor).toContain(`data-help-name="${type}"`);
    expect(editor).toContain(help);
  }
  const examples = await (await fetch(`${url}/library/examples/flows/@sluice/node-red/`)).text();
  expect(examples).toContain('irrigate-by-moisture');

  expect(await status(port, '/flows', { host: 'evil.example' })).toBe(403);
  expect(await status(port, '/flows', { origin: 'https://evil.example' })).toBe(403);
  expect(await status(port, '/comms', { ...upgrade, origin: 'https://evil.example' })).toBe(403);
  expect(await status(port, '/comms', { ...upgrade, origin: url })).toBe(101);

  const secret = join(data, 'node-red', 'credential-secret');
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  expect(readFileSync(secret, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);

  const sinceMs = performance.now();
  child.kill('SIGINT');
  expect(await exit).toBe(0);
  expect(performance.now() - sinceMs).toBeLessThan(10_000);
});

test('flows that are there are left alone; a folder in use and a taken port are said', async () => {
  const [port, data] = [await freePort(), temporaryFolder()];
  const { child, exit } = await started(port, data);
  const folderTaken = start('--port', String(await freePort()), '--data', data);
  expect(await folderTaken.exit).toBe(1);
  expect(folderTaken.words()).toMatch(/node-red: the data folder \S+ is in use/);
  const portTaken = start('--port', String(port), '--data', temporaryFolder());
  expect(await portTaken.exit).toBe(1);
  expect(portTaken.words()).toContain(`Node-RED cannot listen on 127.0.0.1:${port}`);
  child.kill('SIGTERM');
  expect(await exit).toBe(0);

  const own = [{ id: 'mine', type: 'tab', label: 'my own' }];
  writeFileSync(join(data, 'node-red', 'flows.json'), JSON.stringify(own));
  await started(port, data);
  expect(await (await fetch(`http://127.0.0.1:${port}/flows`)).json()).toEqual([
    expect.objectContaining({ label: 'my own' }),
  ]);
});

test.each([
  [['--port', '70000'], '--port 70000'],
  [['--colour', 'red'], '--colour'],
])('wrong options %j are said, with the right ones', async (options, words) => {
  const running = start(...options);
  expect(await running.exit).toBe(78);
  expect(running.words()).toContain(words);
  expect(running.words()).toContain('--port PORT, --data FOLDER');
});

test('on an address of others there is a password, for the editor and for what flows answer, and the broker stands in no flow', async () => {
  const [port, data] = [await freePort(), temporaryFolder()];
  const open = start('--host', '0.0.0.0');
  expect(await open.exit).toBe(78);
  expect(open.words()).toContain('--password-file');

  const files = ['editor', 'broker'].map((name) => join(data, name));
  for (const file of files) writeFileSync(file, `secret of ${file}\n`);
  const editor = ['--host', '0.0.0.0', '--site', 'my-farm', '--password-file', files[0]!];
  const broker = [
    '--broker',
    'mqtt://broker:1883',
    '--broker-user',
    'flows',
    '--broker-password-file',
    files[1]!,
  ];
  const running = start('--port', String(port), '--data', data, ...editor, ...broker);
  await eventually(() => running.words().includes('user admin'), { withinMs: 60_000 });

  const url = `http://127.0.0.1:${port}`;
  expect(await status(port, '/flows', {})).toBe(401);
  expect(await status(port, '/flows', { host: 'evil.example' })).toBe(403);
  expect(await status(port, '/http/anything', {})).toBe(401);
  const basic = Buffer.from(`admin:secret of ${files[0]}`).toString('base64');
  expect(await status(port, '/http/anything', { authorization: `Basic ${basic}` })).toBe(404);
  const signIn = (password: string) =>
    fetch(`${url}/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'node-red-admin',
        grant_type: 'password',
        scope: '*',
        username: 'admin',
        password,
      }),
    });
  expect((await signIn('wrong')).status).toBe(403);
  const { access_token: token } = (await (await signIn(`secret of ${files[0]}`)).json()) as {
    access_token: string;
  };
  const headers = { authorization: `Bearer ${token}` };
  const flows = (await (await fetch(`${url}/flows`, { headers })).json()) as {
    type: string;
    url?: string;
    site?: string;
  }[];
  expect(flows.find(({ type }) => type === 'sluice-broker')).toMatchObject({
    url: `\${SLUICE_BROKER_URL}`,
    site: `\${SLUICE_SITE}`,
  });
  const kept = ['flows.json', 'flows_cred.json'].map((name) =>
    readFileSync(join(data, 'node-red', name), 'utf8'),
  );
  expect(kept.join()).not.toContain('secret of');
  // The name of the host says that it was read from the environment: nobody is there to answer.
  await eventually(() => running.words().includes('mqtt://broker:1883'), { withinMs: 30_000 });
});
