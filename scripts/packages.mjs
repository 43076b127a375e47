// Debian packages that Peccary needs, and their installation. No dependencies: this runs before `npm install`.
import { spawnSync } from 'node:child_process';

const matcher = process.arch === 'x64' || process.arch === 'ia32' ? 'libhyperscan-dev' : 'libvectorscan-dev';

/** What building needs. */
export const buildPackages = [
  'build-essential',
  'python3',
  'pkg-config',
  'libpcap-dev',
  matcher,
  'libpcre2-dev',
  'libmnl-dev',
  'zlib1g-dev',
  'libbrotli-dev',
  'liblzma-dev',
  'libzstd-dev',
];

/** What the tests run besides: a web server with our own configuration, its clients, and an independent decoder. */
export const testPackages = [
  'apache2-bin',
  'apache2-utils',
  'curl',
  'dirb',
  'ethtool',
  'faketime',
  'iproute2',
  'iptables',
  'nftables',
  'tcpdump',
  'tcpreplay',
  'tshark',
];

const pkgConfigNames = ['libhs', 'libpcap', 'libpcre2-8', 'libmnl', 'zlib', 'libbrotlidec', 'liblzma', 'libzstd'];

/** Those of `packages` that dpkg does not list as installed; null where there is no dpkg. */
export function missingPackages(packages) {
  const query = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...packages], {
    encoding: 'utf8',
  });
  if (query.error) return null;
  const installed = new Set();
  for (const line of query.stdout.split('\n')) if (line.endsWith(' installed')) installed.add(line.split(' ')[0]);
  return packages.filter((name) => !installed.has(name));
}

/** Libraries that pkg-config does not find: the check on a system without dpkg. */
function missingLibraries() {
  return pkgConfigNames.filter((name) => spawnSync('pkg-config', ['--exists', name]).status !== 0);
}

function aptPrefix() {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error) return null;
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

/**
 * Installs what is missing of `packages` when that is possible without asking; else returns the message
 * that tells the user what to install. null: everything is there.
 */
export function ensurePackages(packages, say) {
  const missing = missingPackages(packages);
  if (missing === null) {
    const libraries = missingLibraries();
    if (libraries.length === 0) return null;
    return `These libraries (pkg-config names) are missing: ${libraries.join(' ')}\nOn Debian they are in: ${packages.join(' ')}`;
  }
  if (missing.length === 0) return null;
  const prefix = aptPrefix();
  const byHand = `Install these packages, then run the command again:\n\n    sudo apt-get install --no-install-recommends ${missing.join(' ')}\n`;
  if (prefix === null) return byHand;
  say(`installing ${missing.length} Debian packages: ${missing.join(' ')}`);
  const apt = (...args) => {
    const argv = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-y', ...args];
    return spawnSync(argv[0], argv.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  };
  const install = () => apt('install', '--no-install-recommends', ...missing);
  if (apt('update') && install()) return null;
  return `apt-get could not install all packages. ${byHand}`;
}
