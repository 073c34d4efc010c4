import { freePortBase } from '../../../libs/testing/src/free-port.ts';
import { portsFrom } from '../../stack/ports.ts';
import { readStackFile } from '../../stack/stack-file.ts';
import { startTestStack } from '../../test/test-stack.ts';
import type { Stage } from './cell.ts';
import { Faults } from './faults.ts';
import { Link } from './link.ts';
import { failingParts } from './parts.ts';

/** The links of a product are behind its own ports, in the same row. */
const OFFSET = 50;

/** A product of this run's own; every way between an app and what it needs is a link. */
export interface OwnStage extends Stage {
  stop(): Promise<void>;
}

/** @param preloads arguments of `npm start` such as `--preload gateway=FILE` */
export async function startStage(
  portBase: number | undefined,
  preloads: readonly string[] = [],
): Promise<OwnStage> {
  const base = portBase ?? (await freePortBase());
  const links = await openLinks(base);
  const close = async (): Promise<void> => {
    await Promise.all([...links.values()].map((link) => link.close()));
  };
  try {
    const options = ['--no-demo', '--port-base', String(base), ...preloads];
    const linked = { STACK_LINK_OFFSET: String(OFFSET) };
    const stack = await startTestStack(options, linked);
    const stop = async (): Promise<void> => {
      await stack.stop();
      await close();
    };
    return { ...stageOf(stack.dataDirectory, links), stop };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A stack that runs already. @param links by part; none: nothing can be slow there */
export function stageOf(dataDirectory: string, links: ReadonlyMap<string, Link>): Stage {
  const description = readStackFile(dataDirectory);
  if (!description?.keys.platform || description.smtp.inbox_url === null)
    throw new Error(`no complete stack runs from ${dataDirectory}`);
  return {
    dataDirectory,
    gatewayUrl: description.gateway.url,
    platformKey: description.keys.platform,
    inboxUrl: description.smtp.inbox_url,
    faults: new Faults(dataDirectory, links),
  };
}

async function openLinks(base: number): Promise<Map<string, Link>> {
  const ports = portsFrom(base);
  const names = failingParts.map(({ name }) => name).filter((name) => name !== 'worker');
  const links = new Map(
    names.map((name) => [name, new Link((ports[name] ?? 0) + OFFSET, ports[name] ?? 0)]),
  );
  for (const link of links.values()) await link.open();
  return links;
}
