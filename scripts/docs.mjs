// `npm run docs`: writes docs/keywords.md from the keyword files, docs/configuration.md from what the stages ask the
// configuration for and docs/limits.md from the table of limits, as compiled in out/ (--no-build: as it is there). --check only says whether they are up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const checking = process.argv.includes('--check');
if (!checking && !process.argv.includes('--no-build')) await setup('build');

const documents = {
  'docs/keywords.md': (await import('./docs-keywords.mjs')).keywordReference,
  'docs/configuration.md': (await import('./docs-configuration.mjs')).configurationReference,
  'docs/limits.md': (await import('./docs-limits.mjs')).limitReference,
};

for (const [name, make] of Object.entries(documents)) {
  const target = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const text = make();
  if (!checking) {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  } else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    process.stderr.write(`${name} is not what the source says: run \`npm run docs\`\n`);
    process.exitCode = 1;
  }
}
