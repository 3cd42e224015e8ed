import type { Language } from '../../../../core/errors.ts';
import type { ProbeFigures } from '../figures.ts';
import type { StatedLink, Statement } from '../statement-format.ts';
import { HATCHING } from './chart.ts';
import { escaped, msText, percentText, timesOf } from './format.ts';
import { anchorOf, linkSection, SIGNS } from './link-section.ts';
import { STYLE } from './style.ts';
import { WORDS } from './words.ts';

const LANGUAGE_TAGS = { en: 'en', zh: 'zh-CN' } as const;
const NAMES = { en: 'English', zh: '中文' } as const;

/**
 * A statement to be read and printed on A4: one file that runs nothing and fetches nothing. With several languages, the whole in one after the
 * other. `sha256` is that of the statement, as its seal says.
 */
export function statementHtml(statement: Statement, sha256: string, languages: readonly Language[]): string {
  const [first = 'en'] = languages;
  const nav =
    languages.length > 1
      ? `<nav>${languages.map((language) => `<a href="#${language}" lang="${LANGUAGE_TAGS[language]}">${NAMES[language]}</a>`).join(' · ')}</nav>`
      : '';
  const parts = languages.map((language) => part(statement, sha256, language));
  return `<!doctype html>
<html lang="${LANGUAGE_TAGS[first]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`${WORDS[first].title} ${statement.period.month}`)}</title>
<style>${STYLE}</style>
</head>
<body>
${HATCHING}${nav}
${parts.join('\n')}
</body>
</html>
`;
}

function part(statement: Statement, sha256: string, language: Language): string {
  const { period, links } = statement;
  const sections = links.map((link) => linkSection(link, period.zone, language)).join('\n');
  const [only] = links;
  return `<div class="language" id="${language}" lang="${LANGUAGE_TAGS[language]}">
${coverOf(statement, language)}
${links.length > 1 ? overview(links, language) : ''}
${links.length > 1 ? sealOf(statement, sha256, language) : ''}
${links.length === 1 && only ? sections.replace('class="link"', 'class="only"') : sections}
${links.length === 1 ? sealOf(statement, sha256, language) : ''}
</div>`;
}

function coverOf({ issuer, period, madeAtMs }: Statement, language: Language): string {
  const words = WORDS[language];
  const { at, name } = timesOf(period.zone);
  return `<h1>${words.title} · ${escaped(period.month)}</h1>
${period.provisional ? `<p class="provisional">${words.provisional}</p>` : ''}
<table><tbody>
<tr><th>${words.period}</th><td>${at(period.fromMs)} → ${at(period.toMs)}</td></tr>
<tr><th>UTC</th><td>${new Date(period.fromMs).toISOString()} → ${new Date(period.toMs).toISOString()}</td></tr>
<tr><th>${words.inZone}</th><td>${escaped(name)}</td></tr>
<tr><th>${words.issuer}</th><td>${escaped(issuer.host)} (${escaped(issuer.program)})</td></tr>
<tr><th>${words.made}</th><td>${at(madeAtMs)}</td></tr>
</tbody></table>`;
}

function overview(links: readonly StatedLink[], language: Language): string {
  const words = WORDS[language];
  const rows = links.map((link) => {
    const { verdict, judgements, objectiveMs, time } = link.probes[0]!.figures as ProbeFigures;
    const loss = judgements.find(({ objective }) => objective === 'loss');
    const wanted = time.lastsMs - time.excludedMs;
    const coverage = wanted > 0 ? percentText(time.coveredMs / wanted) : words.nothing;
    const name = (end: StatedLink['from']) => escaped(end.name[language]);
    return `<tr><td><a href="#${escaped(anchorOf(link, language))}">${name(link.from)} → ${name(link.to)}</a><br><small>${escaped(link.id)}</small></td><td>${words[link.class]}</td><td class="n">${msText(objectiveMs)} ms<br><small>&lt; ${link.objective.latencyMs} ms</small></td><td class="n">${percentText(loss?.share)}<br><small>&lt; ${percentText(link.objective.loss)}</small></td><td class="n">${coverage}</td><td class="${verdict} t"><b>${SIGNS[verdict]} ${words[verdict]}</b></td></tr>`;
  });
  return `<h3>${words.links} (${links.length})</h3>
<table><thead><tr><th>${words.link}</th><th>${words.class}</th><th class="n">${words.latency}</th><th class="n">${words.loss}</th><th class="n">${words.coverage}</th><th>${words.verdict}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function sealOf({ issuer }: Statement, sha256: string, language: Language): string {
  const words = WORDS[language];
  return `<div class="seal"><b>${words.seal}</b> (Ed25519)<br>${words.fingerprint}: <code>${escaped(issuer.fingerprint)}</code><br>${words.digest}: <code>${sha256}</code><br><b>${words.howToVerify}.</b> ${words.verifySteps}</div>`;
}
