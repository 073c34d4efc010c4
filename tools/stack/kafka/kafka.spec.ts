import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBroker, missingForJava, noBrokerMessage } from './choose-broker.ts';
import { checkJars, type Jar, wantedJars } from './jars.ts';
import { findJava, majorVersion } from './java.ts';
import { countBrokers } from './metadata-request.ts';
import { serverProperties } from './server-properties.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafka-spec-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const jarOf = (file: string, content: string): Jar => ({
  file,
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
});

describe('jars', () => {
  it('are the reviewed lean set', () => {
    const jars = wantedJars();
    expect(jars).toHaveLength(35);
    expect(jars.map(({ file }) => file)).toContain('kafka_2.13-4.4.0.jar');
    for (const jar of jars) expect(jar.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are refused when one is not the file that was reviewed', () => {
    writeFileSync(join(directory, 'a.jar'), 'good');
    writeFileSync(join(directory, 'b.jar'), 'evil');
    const [good, swapped] = [jarOf('a.jar', 'good'), jarOf('b.jar', 'good')];
    expect(() => checkJars(directory, [good])).not.toThrow();
    expect(() => checkJars(directory, [good, swapped])).toThrow(/b\.jar is not the file.*refused/);
    expect(() => checkJars(directory, [jarOf('c.jar', '')])).toThrow(/c\.jar is missing/);
  });
});

/** A JDK as the launcher sees it. */
function installJava(version: string): string {
  const home = join(directory, `jdk-${version}`);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'release'), `JAVA_VERSION="${version}"\n`);
  writeFileSync(join(home, 'bin', 'java'), '#!/bin/sh\n');
  chmodSync(join(home, 'bin', 'java'), 0o755);
  return home;
}

describe('the choice of a broker', () => {
  it('finds Java by JAVA_HOME, else by PATH through links, from version 17 on', () => {
    const home = installJava('21.0.2');
    expect(findJava({ JAVA_HOME: home })?.version).toBe('21.0.2');
    symlinkSync(join(home, 'bin', 'java'), join(directory, 'java'));
    expect(findJava({ PATH: `/nowhere:${directory}` })?.version).toBe('21.0.2');
    expect(findJava({ JAVA_HOME: installJava('11.0.1'), PATH: '' })).toBeUndefined();
    expect(['1.8.0_392', '17.0.15+6-Debian', '21'].map(majorVersion)).toEqual([8, 17, 21]);
  });

  it('stops in one sentence with the three remedies when there is nothing to run it', async () => {
    const settings = { port: 1, controllerPort: 2, dataDirectory: directory };
    const nothing = { PATH: directory };
    const message = await chooseBroker(nothing, settings, () => undefined).catch(String);
    expect(message).toContain('a Java runtime (JRE) of version 17 or later is missing');
    for (const remedy of ['install a JRE', 'start Docker', 'set KAFKA_BROKERS']) {
      expect(message).toContain(remedy);
    }
    expect(noBrokerMessage('Maven (mvn)')).toContain('Maven (mvn) is missing');
    expect(missingForJava(nothing)).toContain('Java');
  });

  it('does not take a docker command without an engine for one', async () => {
    writeFileSync(join(directory, 'docker'), '#!/bin/sh\necho Client only\nexit 1\n');
    chmodSync(join(directory, 'docker'), 0o755);
    const settings = { port: 1, controllerPort: 2, dataDirectory: directory };
    const message = await chooseBroker({ PATH: directory }, settings, () => undefined).catch(
      String,
    );
    expect(message).toContain('start Docker');
  });

  it('uses an engine that answers', async () => {
    writeFileSync(join(directory, 'docker'), '#!/bin/sh\necho 28.0\n');
    chmodSync(join(directory, 'docker'), 0o755);
    const settings = { port: 4711, controllerPort: 4712, dataDirectory: directory };
    const broker = await chooseBroker({ PATH: directory }, settings, () => undefined);
    const { file, args } = await broker.prepare();
    expect(file).toBe(join(directory, 'docker'));
    expect(args.at(-1)).toBe('apache/kafka:4.4.0');
    expect(args).toContain('KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:4711');
  });
});

describe('readiness', () => {
  it('is a Metadata answer that lists a broker', async () => {
    const answer = Buffer.from([0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write(answer.subarray(0, 5)); // in two pieces, as TCP may
        setImmediate(() => socket.write(answer.subarray(5)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await countBrokers('127.0.0.1', port, 60_000)).toBe(1);
    server.close();
  });

  it('is not an open port that says nothing', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(countBrokers('127.0.0.1', port, 50)).rejects.toThrow('no answer');
    server.close();
  });

  it('after a crash is quick: the broker’s own session is short', () => {
    const text = serverProperties('/data', { port: 1, controllerPort: 2 });
    expect(text).toContain('broker.session.timeout.ms=2000\n');
    expect(text).toContain('auto.create.topics.enable=false\n');
    expect(text).toContain('controller.quorum.voters=1@127.0.0.1:2\n');
  });
});
