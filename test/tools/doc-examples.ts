/**
 * Examples in documents: console blocks of commands ("$ peccary …") each followed by what it prints. In what a document
 * shows, … stands for anything within a line, and a line of … for any lines.
 */
export interface DocExample {
  /** The words after "peccary", as a shell parts them. */
  args: string[];
  command: string;
  /** Lines that the document shows; none: the output is not told. */
  shown: string[];
  line: number;
}

/** Words with single and double quotes. */
export function shellWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map((m) =>
    m[0].replace(/'([^']*)'|"([^"]*)"/g, (_, a?: string, b?: string) => a ?? b ?? ''),
  );
}

export function docExamples(markdown: string): DocExample[] {
  const out: DocExample[] = [];
  let within = false;
  markdown.split('\n').forEach((text, i) => {
    if (text.startsWith('```')) within = text === '```console';
    else if (within && text.startsWith('$ ')) {
      const command = text.slice(2);
      out.push({ command, args: shellWords(command).slice(1), shown: [], line: i + 1 });
    } else if (within) out.at(-1)?.shown.push(text);
  });
  return out;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The lines shown as an expression for the whole output. */
export function expected(shown: readonly string[]): RegExp {
  const lines = shown.map((l) => (l === '…' ? '(?:.*\\n)*?' : `${escaped(l).replaceAll('…', '.*?')}[ ]*\\n`));
  return new RegExp(`^${lines.join('')}$`);
}
