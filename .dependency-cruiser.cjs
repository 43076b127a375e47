// The layers of src/: a folder imports itself and folders to its left, nothing else, and nothing in a circle.
const layers = [
  'core',
  'protocol',
  'addon',
  'capture',
  'decode',
  'defrag',
  'flow',
  'stream',
  'applayer',
  'http',
  'files',
  'rules',
  'detect',
  'alert',
  'respond',
  'output',
  'sensor',
  'control',
  'cli',
];

const toTheRight = layers.slice(0, -1).map((layer, i) => ({
  name: `${layer}-imports-to-the-left`,
  comment: `src/${layer} may import src/${layers.slice(0, i + 1).join(', src/')} only`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${layers.slice(i + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...toTheRight,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'known-layer',
      comment: 'a new folder of src/ needs its place in the order',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${layers.join('|')})/` },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-tests-in-the-program',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|fuzz|scripts)/' },
    },
    {
      name: 'no-development-packages-in-the-program',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'addon-is-loaded-in-one-place',
      comment: 'only src/addon loads and types the .node file',
      severity: 'error',
      from: { pathNot: '^src/addon/' },
      to: { path: '\\.node$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
