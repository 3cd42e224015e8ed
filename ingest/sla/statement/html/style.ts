/** For A4 and for a screen; every colour has a word or a sign beside it, and prints in grey. */
export const STYLE = `
@page { size: A4; margin: 14mm 14mm 16mm; }
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 182mm; padding: 6mm 0; color: #1b1f24; background: #fff;
  font: 9.5pt/1.4 "Noto Sans", "Helvetica Neue", Arial, "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 17pt; margin: 0 0 2mm; line-height: 1.2; }
h2 { font-size: 13pt; margin: 0 0 1mm; line-height: 1.25; }
h3 { font-size: 9.5pt; margin: 4mm 0 1mm; color: #45505c; break-after: avoid; }
p { margin: 1mm 0; }
small, .muted { color: #56616d; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 0.7mm 1.6mm; text-align: left; vertical-align: baseline; border-bottom: 0.2mm solid #d5dae0; }
th { font-weight: 600; color: #45505c; border-bottom-color: #8b96a3; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.link, .language + .language { break-before: page; }
.route { color: #45505c; margin: 0 0 2mm; }
.verdict { display: flex; gap: 3mm; align-items: center; border: 0.5mm solid; border-radius: 1.5mm; padding: 2mm 3mm; margin: 2mm 0 3mm; }
.verdict b { font-size: 13pt; white-space: nowrap; }
.verdict span { color: #1b1f24; }
.pass { color: #11693a; } .breach { color: #a3161d; } .insufficient { color: #7a5200; }
.verdict.pass { background: #eef8f1; } .verdict.breach { background: #fdefef; border-style: double; border-width: 1mm; }
.verdict.insufficient { background: #fff7e5; border-style: dashed; }
.provisional { border: 0.4mm dashed #7a5200; color: #7a5200; padding: 1.5mm 3mm; font-weight: 600; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 6mm; align-items: start; }
.flag { font-weight: 600; color: #a3161d; }
.gone td { text-decoration: line-through; } .gone td.flag { text-decoration: none; }
.seal { margin-top: 5mm; padding-top: 2mm; border-top: 0.4mm solid #8b96a3; font-size: 8.5pt; break-inside: avoid; }
code { font: 8pt/1.4 "DejaVu Sans Mono", Consolas, Menlo, monospace; overflow-wrap: anywhere; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: 8pt; color: #45505c; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 9px; fill: #45505c; }
nav { font-size: 9pt; margin-bottom: 3mm; } 
a { color: #0a4f8f; }
@media print { body { padding: 0; max-width: none; } nav { display: none; } a { color: inherit; text-decoration: none; } }
`;
