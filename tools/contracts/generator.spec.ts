import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { topics } from '../../libs/contracts/src/topics.ts';
import { check, generate } from './generator.ts';
import { extendLock, lockFaults } from './lock.ts';
import { readSources } from './outputs.ts';
import { writerSchema } from './writer-schema.ts';

const ROOT = join(import.meta.dirname, '../..');
const INPUTS = ['package.json', 'libs/contracts/events', 'libs/contracts/jobs'];
const OUTPUTS = ['libs/contracts/src/generated', 'docs/events.md', 'infra/kafka/topics.yaml'];

const schedule = (more: object) => ({
  cron: '0 3 * * *',
  time_zone: 'UTC',
  missed_runs: 'skip',
  ...more,
});
const generateFirst = 'run npm run generate:contracts';

describe('what is committed', () => {
  it('is what the generator writes today', async () => {
    expect(await check(ROOT)).toEqual([]);
  });

  it('lists every topic in topics.yaml with the settings of the one list', () => {
    const file = parse(readFileSync(join(ROOT, 'infra/kafka/topics.yaml'), 'utf8'));
    expect(file.topics.map(settingsInFile)).toEqual(
      topics.map(({ name, partitions, replicas, cleanupPolicy, retentionMs, retentionBytes }) => ({
        name,
        partitions,
        replicas,
        cleanup: cleanupPolicy,
        retention: [retentionMs, retentionBytes],
      })),
    );
  });

  it('locks every released schema', () => {
    const { lock, events } = readSources(ROOT);
    expect(Object.keys(lock)).toEqual(events.map((event) => `penguinmails.${event.name}`));
    expect(lockFaults(lock, events)).toEqual([]);
  });
});

describe('the generator', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'contracts-'));
    for (const path of [...INPUTS, ...OUTPUTS]) {
      cpSync(join(ROOT, path), join(root, path), { recursive: true });
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('refuses a change of a released schema and writes nothing', async () => {
    editSchema(root, 'email.withdrawn.v1', (schema) => ({ ...schema, required: ['email_id'] }));
    const before = readFileSync(join(root, 'docs/events.md'), 'utf8');
    const fault = [
      'penguinmails.email.withdrawn.v1: its schema is released and was changed; ' +
        'publish a new version beside it',
    ];
    expect(await check(root)).toEqual(fault);
    expect(await generate(root)).toEqual(fault);
    expect(readFileSync(join(root, 'docs/events.md'), 'utf8')).toBe(before);
  });

  it('refuses the removal of a released schema', async () => {
    rmSync(join(root, 'libs/contracts/events/email.sent.v1'), { recursive: true });
    expect(await check(root)).toEqual([
      'penguinmails.email.sent.v1: it is released and its schema is gone',
    ]);
  });

  it.each([
    ['no word on what it reports', { reports: undefined }, 'reports is delivery or nothing'],
    ['a waiting limit of nothing', { waiting_limit_seconds: 0 }, 'waiting_limit_seconds'],
    [
      'an outcome that is kept for no time',
      { retention_days: { completed: 30 } },
      'retention_days',
    ],
    ['a schedule to the second', { schedule: schedule({ cron: '0 * * * * *' }) }, 'cron has five'],
    ['a time zone that is none', { schedule: schedule({ time_zone: 'Mars' }) }, 'time_zone is a'],
    ['an unknown policy', { schedule: schedule({ missed_runs: 'all' }) }, 'missed_runs is skip'],
    [
      'a schedule, but a payload that is required',
      { schedule: schedule({}) },
      'a scheduled job has no payload',
    ],
  ])('refuses a job type with %s and writes nothing', async (_what, wrong, fault) => {
    const file = join(root, 'libs/contracts/jobs/send_email/meta.json');
    const meta = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...meta, ...wrong }));
    const faults = await generate(root);
    expect(faults).toEqual(
      expect.arrayContaining([expect.stringContaining(`job type send_email: ${fault}`)]),
    );
    const generated = readFileSync(join(root, OUTPUTS[0], 'job-types.ts'), 'utf8');
    expect(generated).toBe(readFileSync(join(ROOT, OUTPUTS[0], 'job-types.ts'), 'utf8'));
  });

  it('takes a new version beside the old one and locks it', async () => {
    copyEvent(root, 'email.withdrawn.v1', 'email.withdrawn.v2', 'EmailWithdrawnV2');
    expect(await check(root)).toContain(`libs/contracts/events/lock.json: ${generateFirst}`);
    expect(await generate(root)).toEqual([]);
    expect(await check(root)).toEqual([]);
    expect(readSources(root).lock).toHaveProperty(['penguinmails.email.withdrawn.v2']);
  });

  it('notices an edited and a left-over generated file', async () => {
    const generated = 'libs/contracts/src/generated';
    mkdirSync(join(root, generated, 'validators'), { recursive: true });
    writeFileSync(join(root, generated, 'event-data.ts'), 'export {};\n');
    writeFileSync(join(root, generated, 'validators/gone-v1.ts'), 'export {};\n');
    expect(await check(root)).toEqual([
      `${generated}/event-data.ts: ${generateFirst}`,
      `${generated}/validators/gone-v1.ts: ${generateFirst}`,
    ]);
  });

  it('never changes an entry of the lock', () => {
    const { events } = readSources(root);
    const lock = extendLock({ 'penguinmails.email.sent.v1': 'old' }, events);
    expect(lock['penguinmails.email.sent.v1']).toBe('old');
    expect(Object.keys(lock)).toHaveLength(events.length);
  });
});

describe('the schema for writers', () => {
  it('closes objects and enumerations at every depth and leaves the file open', () => {
    const item = {
      type: 'object',
      properties: { kind: { type: 'string', 'x-extensible-enum': ['a'] } },
    };
    const schema = { type: 'object', properties: { items: { type: 'array', items: item } } };
    expect(writerSchema(schema)).toEqual({
      type: 'object',
      additionalProperties: false,
      properties: {
        items: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            properties: { kind: { type: 'string', enum: ['a'] } },
          },
        },
      },
    });
    expect(schema).not.toHaveProperty('additionalProperties');
  });
});

interface TopicInFile {
  readonly name: string;
  readonly partitions: unknown;
  readonly replicas: unknown;
  readonly config: Readonly<Record<string, string>>;
}

function settingsInFile({ name, partitions, replicas, config }: TopicInFile) {
  return {
    name,
    partitions,
    replicas,
    cleanup: config['cleanup.policy'],
    retention: [Number(config['retention.ms']), Number(config['retention.bytes'])],
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function editSchema(root: string, event: string, edit: (schema: JsonObject) => JsonObject): void {
  const file = join(root, 'libs/contracts/events', event, 'schema.json');
  writeFileSync(file, JSON.stringify(edit(JSON.parse(readFileSync(file, 'utf8')))));
}

function copyEvent(root: string, from: string, to: string, title: string): void {
  const folder = join(root, 'libs/contracts/events');
  cpSync(join(folder, from), join(folder, to), { recursive: true });
  editSchema(root, to, (schema) => ({ ...schema, title, $id: `urn:penguinmails:event:${to}` }));
}
