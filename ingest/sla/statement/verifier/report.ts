import type { Language } from '../../../../core/errors.ts';
import type { Json } from '../canonical-json.ts';
import type { ProbeFigures } from '../figures.ts';
import type { Finding, Verification } from '../verify-statement.ts';
import { FINDINGS } from './report-words.ts';

const VERDICTS = {
  pass: { en: 'pass', zh: '达标' },
  breach: { en: 'breach', zh: '不达标' },
  insufficient: { en: 'insufficient evidence', zh: '证据不足' },
} as const;

const LONGEST_VALUE = 120;
const MOST_LINES = 50;

/** What came of it, line by line, for somebody at a terminal. */
export function reportLines(verification: Verification, file: string, language: Language): string[] {
  const { statement, findings, isZoneKnown } = verification;
  const zh = language === 'zh';
  const lines = findings.slice(0, MOST_LINES).map((finding) => `✗ ${findingText(finding, language)}`);
  if (findings.length > MOST_LINES)
    lines.push(
      zh ? `… 另有 ${findings.length - MOST_LINES} 处` : `… and ${findings.length - MOST_LINES} more`,
    );
  if (statement) lines.unshift(...aboutLines(verification, language));
  if (statement && !isZoneKnown)
    lines.push(
      zh
        ? `！本机没有时区 ${statement.period.zone} 的数据，未能核对该月的起止时间`
        : `! this machine does not know the time zone ${statement.period.zone}, so where the month begins and ends was not looked at`,
    );
  lines.push(...keyLines(verification, language));
  if (findings.length === 0)
    lines.push(
      zh
        ? `✓ ${file}：全部 ${verification.figures} 个数值均由其中的证据重新算出，且完全一致`
        : `✓ ${file}: all ${verification.figures} figures were made anew from its evidence, and are the same`,
    );
  else lines.push(zh ? `✗ ${file}：不成立` : `✗ ${file}: does NOT hold`);
  return lines;
}

function aboutLines({ statement, sha256 }: Verification, language: Language): string[] {
  const { period, issuer, madeAtMs, links } = statement!;
  const zh = language === 'zh';
  const bounds = `${new Date(period.fromMs).toISOString()} → ${new Date(period.toMs).toISOString()}`;
  const provisional = period.provisional ? (zh ? '，临时' : ', provisional') : '';
  const verdicts = links.map(({ id, probes }) => {
    const verdict = (probes[0]!.figures as Partial<ProbeFigures> | null)?.verdict;
    const word = VERDICTS[verdict as 'pass']?.[language] ?? '?';
    return `  ${printable(id)}: ${word}`;
  });
  return [
    `${period.month} ${printable(period.zone)} (${bounds}${provisional})`,
    `${zh ? '出具方' : 'issued by'} ${printable(issuer.host)}, ${printable(issuer.program)}, ${new Date(madeAtMs).toISOString()}`,
    `SHA-256 ${sha256}`,
    ...verdicts,
  ];
}

/** Who signed is known only where the reader said whom to expect. */
function keyLines(
  { statement, fingerprint, isExpectedKey, findings }: Verification,
  language: Language,
): string[] {
  if (!statement) return [];
  const zh = language === 'zh';
  const lines = [`${zh ? '公钥指纹' : 'key'} ${fingerprint}`];
  if (isExpectedKey)
    lines.push(zh ? '✓ 与 --key 指定的密钥一致' : '✓ it is the key that was given with --key');
  if (isExpectedKey === undefined && !findings.some(({ kind }) => kind === 'signature'))
    lines.push(
      zh
        ? '！未指定密钥：签名只表明签名后内容未被改动，不能表明由谁签名。请通过其他途径向出具方索取指纹，并用 --key 给出。'
        : '! no key was given: the signature shows that nothing changed since it was signed, and NOT by whom. Ask the issuer for the fingerprint by another way, and give it with --key.',
    );
  return lines;
}

function findingText(finding: Finding, language: Language): string {
  if (finding.kind === 'form') return `${printable(finding.path)}: ${finding.problem}`;
  if (finding.kind === 'figure') {
    const { path, stated, made } = finding;
    const [says, is] = language === 'zh' ? ['所述', '应为'] : ['says', 'is'];
    return `${printable(path)}: ${says} ${valueText(stated)}, ${is} ${valueText(made)}`;
  }
  const words = FINDINGS[finding.kind][language];
  return 'path' in finding ? `${printable(finding.path)}: ${words}` : words;
}

function valueText(value: Json | undefined): string {
  const text = value === undefined ? '–' : JSON.stringify(value);
  return printable(text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);
}

/** What a file says must not move the cursor or colour the terminal: it could draw a tick of its own. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
