import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { newId, newStorageKey } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import { ContentService, serviceToken, tenantToken } from './content-service.js';
import { file, hasty, message, path } from './content-requests.js';

describe('while Kafka is down', () => {
  let service: ContentService;
  beforeAll(async () => {
    const narrow = { CONTENT_UPLOAD_BYTES_AT_ONCE: '1048576', CONTENT_UPLOAD_WAIT_MS: '45000' };
    service = await ContentService.start({ ...hasty, ...narrow, KAFKA_BROKERS: '127.0.0.1:1' });
  });
  afterAll(() => service.stop());

  it('large contents pass one after the other, also when a sender gives up on the way', async () => {
    const token = await tenantToken(newId());
    const body = message({ attachments: [file(randomBytes(3_000_000))] });
    const send = async () =>
      (await service.request('PUT', path(newStorageKey()), { token, body })).status;
    await service.abandonUpload(path(newStorageKey()), token, 3_000_000);
    expect(await Promise.all([send(), send(), send()])).toEqual([201, 201, 201]);
    await service.rows('TRUNCATE content_objects, attachments, content_blobs, outbox');
  });

  it('contents are stored and served, and even a denied one is kept', async () => {
    const tenantId = newId();
    const token = await tenantToken(tenantId);
    const key = newStorageKey();
    expect((await service.request('PUT', path(key), { token, body: message() })).status).toBe(201);
    await eventually(async () => {
      const [row] = await service.rows('SELECT state FROM content_objects');
      expect(row.state).toBe('condemned');
    });
    await service.rows(
      `UPDATE content_objects SET references_denied_at = now() - interval '1 day'`,
    );
    const rounds = async () =>
      (
        await service.rows<{ count: string }>(
          `SELECT count(*) FROM outbox WHERE type = 'penguinmails.content.references_asked.v1'`,
        )
      )[0].count;
    expect(Number(await rounds())).toBe(1);
    // A younger content passes through the reaper, so rounds have gone over the denied one as well.
    const next = newStorageKey();
    await service.request('PUT', path(next), { token, body: message() });
    await eventually(async () => expect(Number(await rounds())).toBe(2));
    expect((await service.request('GET', path(key), { token })).status).toBe(200);
    const health = await service.request('GET', '/internal/health', {
      token: await serviceToken('gateway'),
    });
    expect(health.body).toMatchObject({ consumer: { state: 'connecting' }, outbox: { depth: 2 } });
  });
});
