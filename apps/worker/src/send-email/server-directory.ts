import type { HeldJob, HeldJobs } from '../lease/held-jobs.js';
import { serverKey } from '../smtp/smtp-server.js';
import { chooseServer, type PlatformServers } from './choose-server.js';
import { mailboxKey, type TransportDirectory } from './transport-directory.js';

/** Jobs whose server nobody knows, or that need none, share one name. */
const NO_SERVER = 'none';

/** To which server each job will speak; the name says no more than whether two are the same. */
export class ServerDirectory {
  constructor(
    private readonly held: HeldJobs,
    private readonly transports: TransportDirectory,
    private readonly servers: PlatformServers,
  ) {}

  /** @throws Problem when oltp is away */
  async group(jobs: readonly HeldJob[]): Promise<ReadonlyMap<string, HeldJob[]>> {
    const transports = await this.transports.of(this.held.grantsFor(jobs), jobs);
    const groups = new Map<string, HeldJob[]>();
    for (const some of Map.groupBy(jobs, sameServer).values()) {
      const transport = transports.get(mailboxKey(some[0]));
      const server = transport && chooseServer(modeOf(some[0]), transport, this.servers);
      const name = server ? serverKey(server) : NO_SERVER;
      groups.set(name, [...(groups.get(name) ?? []), ...some]);
    }
    return groups;
  }
}

function sameServer(job: HeldJob): string {
  return `${mailboxKey(job)}/${modeOf(job)}`;
}

/** Jobs from before the payload had a mode count as live mail. */
function modeOf({ payload }: HeldJob): 'live' | 'test' {
  return payload.mode === 'test' ? 'test' : 'live';
}
