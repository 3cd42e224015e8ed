import type { Language } from '../../../../core/errors.ts';
import type { Finding } from '../verify-statement.ts';

type Kind = Exclude<Finding['kind'], 'figure' | 'form'>;

/** What each finding means, for somebody who has only this program and the file. */
export const FINDINGS: Readonly<Record<Kind, Readonly<Record<Language, string>>>> = {
  'not-json': {
    en: 'the file is no statement, or was cut off',
    zh: '该文件不是结算单，或内容被截断',
  },
  copy: {
    en: 'this is a copy to read, which nobody signed: the file to check is the .json that came with it',
    zh: '这只是供阅读的副本，没有签名：请校验随附的 .json 文件',
  },
  'not-canonical': {
    en: 'the file is not as it was written: something was put between its parts, left out, or stands in it twice',
    zh: '文件与生成时不一致：其中有插入、缺失或重复的内容',
  },
  digest: {
    en: 'the statement was altered after it was signed: its SHA-256 is another',
    zh: '结算单在签名后被改动：SHA-256 不符',
  },
  key: {
    en: 'the key inside is none, or is not the one of the fingerprint beside it',
    zh: '文件内的公钥无效，或与旁边的指纹不符',
  },
  signature: {
    en: 'the signature is not one of this key for this statement',
    zh: '签名不是该密钥对本结算单的签名',
  },
  'other-key': {
    en: 'it is signed with another key than the one that was given with --key',
    zh: '签名所用密钥不是 --key 指定的密钥',
  },
  sum: {
    en: 'scheduled is not received + lost + late + not sent + invalid, or records, counts and histograms tell of different numbers',
    zh: '计划数不等于收到 + 丢失 + 迟到 + 未发送 + 无效之和，或记录、计数与直方图的数目不一致',
  },
  records: {
    en: 'its records are not as many or not at the times that it says, or are longer than records can be',
    zh: '记录的数目或时间与所述不符，或单条记录过长',
  },
  order: {
    en: 'blocks overlap, are not in order, or are outside the month',
    zh: '数据块重叠、次序有误或不在该月之内',
  },
  exclusion: {
    en: 'records are left out that no exclusion covers, or counted though one does',
    zh: '剔除了不在剔除时段内的记录，或计入了应剔除的记录',
  },
  window: {
    en: 'a time that is taken out cannot be: it ends before it begins, or was entered or withdrawn after the statement was made',
    zh: '剔除时段不可能成立：结束早于开始，或在结算单生成之后才登记或撤销',
  },
  gap: { en: 'gaps do not fit the records', zh: '连续丢失时段与记录不符' },
  histogram: { en: 'a histogram cannot be read', zh: '直方图无法读取' },
  month: {
    en: 'the month does not begin and end where it does in its time zone',
    zh: '该月的起止时间与其时区不符',
  },
  provisional: {
    en: 'whether it is provisional is not what the time at which it was made says',
    zh: '“临时”标记与生成时间不符',
  },
  twice: {
    en: 'the same link, kind of probe or exclusion stands in it twice',
    zh: '同一链路、探测方式或剔除时段重复出现',
  },
};
