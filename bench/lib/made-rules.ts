/** A large rule set made from nothing: rules in the proportions and with the keywords of public sets, none of their text. */
import { seeded } from '../../test/tools/seeded.js';

const syllables = 'ba co di fu ga he ji ko lu ma ne po qui ra so tu va wo xe zy'.split(' ');
const buffers = ['http.uri', 'http.header', 'http.user_agent', 'http.host', 'http.request_body', 'file_data'];
const skipped = ['dns', 'tls', 'smtp', 'smb'];

/** `count` rules, one a line: six in ten look at HTTP, a third at protocols that are not inspected, the rest at payload. */
export function ruleSet(count: number): string {
  const random = seeded(20_000);
  const below = (n: number): number => Math.floor(random() * n);
  const word = (n: number): string => Array.from({ length: n }, () => syllables[below(syllables.length)]).join('');
  const meta = (): string =>
    `metadata:created_at 2024_01_${10 + below(19)}, deployment ${word(3)}, confidence ${word(2)}, signature_severity ${word(2)};`;
  const content = (): string => `content:"${word(2 + below(6))}${below(10) < 2 ? '|0d 0a 00 ff|' : ''}";`;
  const options = (kind: number): string => {
    if (kind >= 9) return `${content()} depth:${40 + below(60)}; ${content()} distance:0; within:${40 + below(80)};`;
    const uri = `http.method; content:"${below(2) === 0 ? 'GET' : 'POST'}"; http.uri; content:"/${word(3)}/"; ${content()}`;
    const more = `${buffers[below(buffers.length)]}; ${content()} nocase;`;
    const pcre = below(7) === 0 ? `pcre:"/^${word(2)}[a-z0-9]{${2 + below(8)}}\\x2f${word(2)}$/i";` : '';
    return `flow:established,to_server; ${below(2) === 0 ? uri : ''} ${more} ${pcre}`;
  };
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = below(10);
    const proto = kind < 3 ? skipped[below(skipped.length)] : kind < 9 ? 'http' : 'tcp';
    const body = kind < 3 ? `${skipped[0]}.query; ${content()}` : options(kind);
    const ports = kind === 9 ? String(1024 + below(60)) : 'any';
    lines.push(
      `alert ${proto} $HOME_NET any -> $EXTERNAL_NET ${ports} (msg:"MADE ${word(4)} ${word(3)} ${i}"; ${body} ` +
        `reference:url,${word(3)}.example/${word(4)}; classtype:web-application-attack; sid:${7_000_000 + i}; rev:${1 + below(5)}; ${meta()})`,
    );
  }
  return `${lines.join('\n')}\n`;
}
