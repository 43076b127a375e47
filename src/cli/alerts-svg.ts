/** A timeline as a drawing: a bar chart of all alerts, below it one of each signature. SVG 1.1 without scripts or links. */
import { type Period, partCount, type Series } from '../output/query/timeline.js';
import { shortTime, sidText } from './alerts-row.js';
import { safe } from './format.js';

const enum Size {
  Width = 960,
  Left = 12,
  Right = 948,
  Total = 140,
  Row = 44,
  Label = 18,
  Bottom = 28,
}

const colours = ['#334155', '#b91c1c', '#b45309', '#0f766e', '#6b7280'];

/** Text as SVG holds it: nothing that steers, nothing that is markup. */
function escaped(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return safe(text).replace(/[&<>"']/g, (c) => names[c]);
}

function barsOf(s: Series, top: number, height: number, colour: string): string {
  const most = s.parts.reduce((a, b) => Math.max(a, b), 1);
  const width = (Size.Right - Size.Left) / s.parts.length;
  const bars = s.parts.map((n, i) => {
    if (n === 0) return '';
    const h = Math.max(1, (n / most) * height);
    const x = (Size.Left + i * width).toFixed(2);
    return `<rect x="${x}" y="${(top + height - h).toFixed(2)}" width="${Math.max(0.5, width * 0.9).toFixed(2)}" height="${h.toFixed(2)}"/>`;
  });
  const line = top + height;
  return `<g fill="${colour}">${bars.join('')}</g><path d="M${Size.Left} ${line}H${Size.Right}" stroke="#cbd5e1"/>`;
}

export function drawTimeline(series: readonly Series[], p: Period): string {
  const height = Size.Label + Size.Total + (series.length - 1) * (Size.Row + Size.Label) + Size.Bottom + Size.Label;
  const parts: string[] = [];
  let y = Size.Label;
  series.forEach((s, i) => {
    const size = i === 0 ? Size.Total : Size.Row;
    const name = i === 0 ? 'All alerts' : `${sidText(s.gid, s.sid)} ${s.signature}`;
    const most = s.parts.reduce((a, b) => Math.max(a, b), 0);
    parts.push(`<text x="${Size.Left}" y="${y}">${escaped(name)}: ${s.count}, at most ${most} a bar</text>`);
    parts.push(barsOf(s, y + 4, size - 4, colours[i === 0 ? 0 : Math.min(s.severity, colours.length - 1)]));
    y += size + Size.Label;
  });
  const end = p.fromUs + partCount(p) * p.stepUs;
  const label = (us: number): string => `${shortTime(us).slice(0, 19)} UTC`;
  parts.push(`<text x="${Size.Left}" y="${y}">${label(p.fromUs)}</text>`);
  parts.push(`<text x="${Size.Right}" y="${y}" text-anchor="end">${label(end)}</text>`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Size.Width} ${height}" width="${Size.Width}" height="${height}" font-family="sans-serif" font-size="12" fill="#0f172a">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}
