import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, freePortBase, freePorts } from './free-port.js';

const FIRST_EPHEMERAL = 32_768;
const running: ChildProcess[] = [];
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Another process that takes a row; it prints the first port of it. */
const otherProcess = async (): Promise<{ base: number; child: ChildProcess }> => {
  const script = new URL('free-port.ts', import.meta.url).href;
  const program = `const { freePortBase } = await import('${script}');
    console.log(await freePortBase()); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { base: Number(line.toString()), child };
};

const canListen = async (port: number): Promise<boolean> => {
  const server = createServer();
  const tried = Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  server.listen(port, '127.0.0.1');
  return tried.finally(() => server.close());
};

describe('free ports', () => {
  it('are below those that the system gives to outgoing connections, each given once', async () => {
    const ports = await Promise.all(Array.from({ length: 250 }, () => freePort()));
    expect(new Set(ports).size).toBe(250);
    expect(Math.max(...ports)).toBeLessThan(FIRST_EPHEMERAL);
  });

  it('are passed over when another program listens there', async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer().listen(port + 1, '127.0.0.1');
    await once(server, 'listening');
    const following = await freePorts(2);
    server.close();
    expect(following).not.toContain(port + 1);
  });

  it('belong to one process until it ends, even by SIGKILL', async () => {
    const { base, child } = await otherProcess();
    expect(await canListen(base - 1)).toBe(false);
    expect(await freePortBase()).not.toBe(base);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await canListen(base - 1)).toBe(true);
  });
});
