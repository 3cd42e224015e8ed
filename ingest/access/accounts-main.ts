import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { ROLES, type Role } from '../../core/access.ts';
import { systemClock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { parsedOptions } from '../sla/command-line/parsed-options.ts';
import { AccessDesk } from './access-desk.ts';
import { AuditTrail } from './audit-trail.ts';
import { type Command, runCommandLine } from './command-line.ts';

const KNOWN = {
  list: 'list [--data FOLDER]',
  add: `add NAME --role ${ROLES.join('|')} [--site SITE …] [--link LINK …] [--data FOLDER]`,
  password: 'password NAME [--data FOLDER]',
  remove: 'remove NAME [--data FOLDER]',
};
const ALL = `${Object.values(KNOWN).join('\n  ')}\n`;

const USAGE = {
  en: `Usage: npm run accounts -- COMMAND

  ${ALL}
  Accounts of people, for whoever may write the data folder; ingest may run meanwhile. "add" and "password" make a password
  and print it once. Without --site or --link all are seen.
`,
  zh: `用法：npm run accounts -- 命令

  ${ALL}
  管理人员账号，供有数据目录写权限者使用；ingest 可同时运行。add 与 password 会生成密码并仅显示一次。
  不写 --site 或 --link 表示全部可见。
`,
} as const;

/** Whoever does it here stands in the audit trail as the user of this machine. */
async function withDesk(data: string, work: (desk: AccessDesk, by: string) => Promise<void> | void) {
  const folder = join(resolve(data), 'ingest');
  // A wrong folder would be made, with accounts that nobody asks for.
  if (!existsSync(folder)) throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder, reason: 'there is none' });
  const log = createLog('error');
  const audit = new AuditTrail({ folder, clock: systemClock, log });
  const limits = { idleMs: 1, mostMs: 1 };
  const desk = new AccessDesk({ folder, clock: systemClock, audit, limits });
  audit.open();
  try {
    await desk.start();
    await work(desk, `terminal:${userInfo().username}`);
  } finally {
    await desk.stop();
    await audit.stop();
  }
}

function named(args: readonly string[], known: string): [string, readonly string[]] {
  const [name, ...rest] = args;
  if (name !== undefined && !name.startsWith('-')) return [name, rest];
  throw new SluiceError('OPTION_INVALID', { problem: 'NAME', known });
}

const data = { data: { type: 'string', default: 'data' } } as const;

const list: Command = async (args, _language, print) => {
  const options = parsedOptions(args, data, KNOWN.list);
  await withDesk(options.data, (desk) => {
    for (const { name, role, sites, links, disabled } of desk.accounts()) {
      const [seenSites, seenLinks] = [sites, links].map((one) =>
        one === 'all' ? one : one.join(',') || '-',
      );
      print(`${name}  ${role}  sites ${seenSites}  links ${seenLinks}${disabled ? '  disabled' : ''}`);
    }
  });
  return 0;
};

const add: Command = async (args, _language, print) => {
  const [name, rest] = named(args, KNOWN.add);
  const several = { type: 'string', multiple: true } as const;
  const given = { ...data, role: { type: 'string' }, site: several, link: several } as const;
  const options = parsedOptions(rest, given, KNOWN.add);
  const role = ROLES.find((one) => one === options.role);
  if (!role) throw new SluiceError('OPTION_INVALID', { problem: '--role', known: KNOWN.add });
  const wish = { role: role as Role, sites: options.site ?? 'all', links: options.link ?? 'all' } as const;
  await withDesk(options.data, async (desk, by) => {
    print((await desk.addAccount(by, name, wish)).password!);
  });
  return 0;
};

const password: Command = async (args, _language, print) => {
  const [name, rest] = named(args, KNOWN.password);
  const options = parsedOptions(rest, data, KNOWN.password);
  await withDesk(options.data, async (desk, by) => {
    print((await desk.resetPassword(by, name)).password!);
  });
  return 0;
};

const remove: Command = async (args) => {
  const [name, rest] = named(args, KNOWN.remove);
  const options = parsedOptions(rest, data, KNOWN.remove);
  await withDesk(options.data, (desk, by) => void desk.removeAccount(by, name));
  return 0;
};

await runCommandLine('accounts', USAGE, { list, add, password, remove });
