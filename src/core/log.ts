/** What a sensor tells its operator, a line each on standard error: text, or JSON for who collects logs. */
import { writeSync } from 'node:fs';

export type LogLevel = 'info' | 'warning' | 'error';
export type LogFormat = 'text' | 'json';

/** Facts beside the words; in text they follow as key=value. */
export type LogFacts = Record<string, string | number | boolean | null>;

export type Log = (level: LogLevel, message: string, facts?: LogFacts) => void;

/** A log on the descriptor `fd`. It never throws: a reader that went away is no fault of the sensor's. */
export function makeLog(format: LogFormat, fd = 2): Log {
  return (level, message, facts = {}) => {
    const line = format === 'json' ? jsonLine(level, message, facts) : textLine(level, message, facts);
    try {
      writeSync(fd, line);
    } catch {
      // nobody reads it
    }
  };
}

function jsonLine(level: LogLevel, message: string, facts: LogFacts): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...facts })}\n`;
}

function textLine(level: LogLevel, message: string, facts: LogFacts): string {
  const pairs = Object.entries(facts).map(([key, value]) => ` ${key}=${value}`);
  // Line breaks within would make one report look like two.
  const words = `${message}${pairs.join('')}`.replace(/[\r\n]+/g, ' ');
  return `${new Date().toISOString()} ${level === 'info' ? '' : `${level}: `}${words}\n`;
}
