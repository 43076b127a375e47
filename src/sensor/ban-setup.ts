/** Starts what bans: the configuration, the firewall, the bans that are still in force. */
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Settings } from '../core/settings.js';
import { systemClock } from '../respond/ban-clock.js';
import { banConfig } from '../respond/ban-config.js';
import { BanKeeper } from '../respond/bans.js';
import type { ClientTable } from '../respond/client-table.js';
import { NftTable } from '../respond/nft.js';
import type { BanPolicy } from '../rules/ban-spec.js';

/** Null unless `bans.enabled`. `clients`: what the workers of an inline sensor look into, else null. Throws PeccaryError when bans are wanted and cannot be had. */
export async function openBans(
  settings: Settings,
  logDir: string,
  policies: readonly BanPolicy[],
  clients: ClientTable | null,
  log: Log,
): Promise<BanKeeper | null> {
  const config = banConfig(settings, logDir);
  if (config === null) return null;
  const firewall = config.dryRun ? null : new NftTable(config.table, config.most);
  let keeper: BanKeeper;
  try {
    keeper = await BanKeeper.open(config, firewall, clients, systemClock(), log);
  } catch (e) {
    if (e instanceof PeccaryError) throw e;
    const remedy = 'run as root (CAP_NET_ADMIN), or only record what would be done with bans.dry-run';
    throw new PeccaryError('runtime', `bans cannot be enforced: ${(e as Error).message}; ${remedy}`);
  }
  keeper.setPolicies(policies);
  const rules = new Set(policies.flatMap((p) => p.rules.map(({ gid, sid }) => `${gid}:${sid}`))).size;
  const facts = { policies: policies.length, rules, in_force: keeper.list().length };
  log('info', config.dryRun ? 'bans are recorded, not enforced' : 'bans are enforced', facts);
  return keeper;
}
