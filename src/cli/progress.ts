/** One line that is drawn over itself on a terminal: how far a replay is, how fast, and what it found. */
import type { ReplayProgress } from '../sensor/options.js';
import { byteSize, grouped } from './text.js';

const BarWidth = 24;

export class ProgressLine {
  private readonly out: NodeJS.WriteStream;
  private drawn = false;

  private constructor(out: NodeJS.WriteStream) {
    this.out = out;
  }

  /** A progress line on `out` when that is a terminal, else null. */
  static on(out: NodeJS.WriteStream): ProgressLine | null {
    return out.isTTY ? new ProgressLine(out) : null;
  }

  show(p: ReplayProgress): void {
    this.out.write(`\r\x1b[K${progressText(p, this.out.columns || 80)}`);
    this.drawn = true;
  }

  clear(): void {
    if (this.drawn) this.out.write('\r\x1b[K');
    this.drawn = false;
  }
}

/** The line's text, at most `width - 1` columns. */
export function progressText(p: ReplayProgress, width: number): string {
  const speed = p.elapsedMs > 0 ? byteSize((p.bytesRead / p.elapsedMs) * 1000) : '0 B';
  const facts = `${grouped(p.packets)} packets  ${speed}/s  ${grouped(p.alerts)} alerts`;
  if (p.bytesTotal <= 0) return facts.slice(0, width - 1);
  const part = Math.min(1, p.bytesRead / p.bytesTotal);
  const full = Math.round(part * BarWidth);
  const bar = `[${'='.repeat(full)}${' '.repeat(BarWidth - full)}]`;
  return `${bar} ${String(Math.floor(part * 100)).padStart(3)}%  ${facts}`.slice(0, width - 1);
}
