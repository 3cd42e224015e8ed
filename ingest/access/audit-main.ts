import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { parsedOptions } from '../sla/command-line/parsed-options.ts';
import { type AuditHead, AuditTrail } from './audit-trail.ts';
import { type Command, runCommandLine } from './command-line.ts';

const KNOWN = 'verify [--data FOLDER] [--head N:HASH …]';

const USAGE = {
  en: `Usage: npm run audit -- ${KNOWN}

  Reads every entry of the audit trail, whether ingest runs or not, and says whether each is as it was written. --head: a head that
  was written down elsewhere, such as from the log. Exit status: 0 whole, 1 not.`,
  zh: `用法：npm run audit -- ${KNOWN}

  逐条读取审计记录（无论 ingest 是否运行），检查每条是否与写入时一致。--head：另行保存的链首，例如取自日志。
  退出状态：0 完整，1 不完整。`,
} as const;

const verify: Command = async (args, language, print) => {
  const options = parsedOptions(
    args,
    { data: { type: 'string', default: 'data' }, head: { type: 'string', multiple: true, default: [] } },
    KNOWN,
  );
  const known = options.head.map(parseHead);
  const folder = join(resolve(options.data), 'ingest');
  const file = join(folder, 'audit.db');
  // Opening a file that is not there would make one, and that would be whole.
  if (!existsSync(file)) throw new SluiceError('LEDGER_UNAVAILABLE', { file, reason: 'there is none' });
  const trail = new AuditTrail({ folder, clock: systemClock, log: createLog('silent') });
  trail.open();
  try {
    const { entries, isWhole, brokenAt, head } = await trail.check(known);
    const whole = { en: 'whole', zh: '完整' };
    const broken = {
      en: `NOT WHOLE: entry ${brokenAt} is missing or is not what was written`,
      zh: `不完整：第 ${brokenAt} 条缺失或被改动`,
    };
    const counted = { en: `${entries} entries`, zh: `共 ${entries} 条` };
    print(`${(isWhole ? whole : broken)[language]} · ${counted[language]} · ${head.n}:${head.hash}`);
    return isWhole ? 0 : 1;
  } finally {
    await trail.stop();
  }
};

function parseHead(text: string): AuditHead {
  const found = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (found) return { n: Number(found[1]), hash: found[2]! };
  throw new SluiceError('OPTION_INVALID', { problem: `--head ${text}`, known: KNOWN });
}

await runCommandLine('audit', USAGE, { verify });
