import type { Words } from '../../core/errors.ts';
import type { Link } from '../../core/links/mesh.ts';
import { burnRate } from '../sla/budget/judge-burn.ts';
import type { BudgetKind, Share } from '../sla/budget/link-counts.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A window of which less is known is told by what is known of it. */
const MOSTLY = 0.9;

/** Such as "… has lost 2 % of its probes in 6 h": `allowed` is the share that may be bad. */
export function burnWords(
  { id, objective: { latencyMs } }: Pick<Link, 'id' | 'objective'>,
  kind: BudgetKind,
  allowed: number,
  { longMs, share }: { readonly longMs: number; readonly share: Share },
): Words {
  const rate = burnRate(share, allowed) ?? 0;
  const times = Number.isFinite(rate) ? rate.toFixed(1) : '∞';
  const percent = percentOf(share.bad / Math.max(1, share.probes));
  const may = percentOf(allowed);
  const over = timeOf(longMs, share.knownMs);
  const en = `${may} is allowed, so its budget is used up ${times} times as fast as it may be`;
  const zh = `（允许 ${may}），预算消耗速度为允许值的 ${times} 倍`;
  return kind === 'loss'
    ? {
        en: `${id} has lost ${percent} of its probes in ${over.en}; ${en}`,
        zh: `${id} 在${over.zh}内丢失 ${percent} 的探测${zh}`,
      }
    : {
        en: `${percent} of the answers on ${id} in ${over.en} took ${latencyMs} ms or longer; ${en}`,
        zh: `${id} 在${over.zh}内 ${percent} 的应答时延达到或超过 ${latencyMs} ms${zh}`,
      };
}

function timeOf(windowMs: number, knownMs: number): Words {
  const whole = lengthOf(windowMs);
  if (knownMs >= MOSTLY * windowMs) return { en: whole.en, zh: ` ${whole.zh}` };
  const known = lengthOf(knownMs);
  return {
    en: `the ${known.en} that are known of the last ${whole.en}`,
    zh: `最近 ${whole.zh}中已知的 ${known.zh}`,
  };
}

function lengthOf(ms: number): Words {
  const hours = Math.round(ms / HOUR_MS);
  if (ms >= 2 * HOUR_MS || ms === HOUR_MS) return { en: `${hours} h`, zh: `${hours} 小时` };
  const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
  return { en: `${minutes} min`, zh: `${minutes} 分钟` };
}

function percentOf(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
