import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkLines } from '../../core/audit-lines.ts';
import { systemClock } from '../../core/clock.ts';
import { type Language, SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { parsedOptions } from '../sla/command-line/parsed-options.ts';
import { type AuditHead, AuditTrail } from './audit-trail.ts';
import { type Command, type Print, runCommandLine } from './command-line.ts';

const KNOWN = 'verify [--data FOLDER] [--head N:HASH …]';

const USAGE = {
  en: `Usage: npm run audit -- ${KNOWN}

  Reads every entry of the audit trail, whether ingest runs or not, and says whether each is as it was written; and the broker's
  lines, where they are in the same folder. --head: a head that
  was written down elsewhere, such as from the log. Exit status: 0 whole, 1 not.`,
  zh: `用法：npm run audit -- ${KNOWN}

  逐条读取审计记录（无论 ingest 是否运行），检查每条是否与写入时一致；broker 的记录若在同一目录，也一并检查。--head：另行保存的链首，例如取自日志。
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
    const isBrokerWhole = verifyBroker(join(resolve(options.data), 'broker', 'audit'), language, print);
    return isWhole && isBrokerWhole ? 0 : 1;
  } finally {
    await trail.stop();
  }
};

/** The broker's own lines, where they are in the same data folder. */
function verifyBroker(folder: string, language: Language, print: Print): boolean {
  if (!existsSync(folder)) return true;
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const files = names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const { lines, unchained, brokenAt, head } = checkLines(files);
  const verdict =
    brokenAt === undefined
      ? { en: 'broker: whole', zh: 'broker：完整' }
      : {
          en: `broker: NOT WHOLE: ${brokenAt} is not what was written, or lines before it are missing`,
          zh: `broker：不完整：${brokenAt} 被改动，或其前有缺失`,
        };
  const counted = {
    en: `${lines} lines, ${unchained} of them from before they were chained`,
    zh: `共 ${lines} 行，其中 ${unchained} 行早于链式记录`,
  };
  print(`${verdict[language]} · ${counted[language]} · ${head}`);
  return brokenAt === undefined;
}

function parseHead(text: string): AuditHead {
  const found = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (found) return { n: Number(found[1]), hash: found[2]! };
  throw new SluiceError('OPTION_INVALID', { problem: `--head ${text}`, known: KNOWN });
}

await runCommandLine('audit', USAGE, { verify });
