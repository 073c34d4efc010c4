import { createConnection } from 'node:net';
import { once } from 'node:events';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  collectEvents,
  eventRecord,
  eventually,
  produceEvents,
  produceRecords,
  SmtpSink,
  testBrokers,
  type TestEvent,
} from '../../src/index.js';

function withdrawn(): TestEvent<'penguinmails.email.withdrawn.v1'> {
  const email_id = newId();
  return {
    type: 'penguinmails.email.withdrawn.v1',
    tenantId: newId(),
    subject: email_id,
    data: { email_id, reason: 'cancelled' },
  };
}

describe('events on a real Kafka', () => {
  test('what was produced is collected, whole and in order; nothing from before', async () => {
    const [early, first, second] = [withdrawn(), withdrawn(), withdrawn()];
    const { topic } = eventRecord(early);
    await produceEvents(testBrokers(), [early]);
    const collector = await collectEvents(testBrokers(), [topic]);
    const correlated = { ...first, id: newId(), correlationId: 'request-1' };
    await produceEvents(testBrokers(), [correlated, second]);
    const found = await collector.waitFor(({ id }) => id === correlated.id);
    expect(found).toMatchObject({
      topic,
      key: first.subject,
      type: first.type,
      tenantId: first.tenantId,
      subject: first.subject,
      data: first.data,
      headers: { ce_correlationid: 'request-1', ce_specversion: '1.0' },
    });
    await collector.waitFor(({ subject }) => subject === second.subject);
    expect(collector.events.filter(({ subject }) => subject === early.subject)).toEqual([]);
    await expect(collector.waitFor(() => false, 20)).rejects.toThrow('no such event within 20 ms');
    await collector.stop();
  });

  test('refuses data that does not fit its schema, but can put anything on a topic', async () => {
    const event = withdrawn();
    const misfit = { ...event, data: { ...event.data, reason: 1 } } as unknown as TestEvent;
    await expect(produceEvents(testBrokers(), [misfit])).rejects.toThrow();
    const record = { ...eventRecord(event), value: null };
    const collector = await collectEvents(testBrokers(), [record.topic]);
    await produceRecords(testBrokers(), [record]);
    const found = await collector.waitFor(({ subject }) => subject === event.subject);
    expect(found.data).toBeNull();
    await collector.stop();
  });
});

describe('SmtpSink', () => {
  let sink: SmtpSink;

  beforeAll(async () => {
    sink = await SmtpSink.start({
      slowMs: 50,
      replies: { greylisted: { code: 450, text: '4.7.1 come back' } },
      dataReplies: { spam: { code: 554, text: '5.7.1 looks like spam' } },
    });
  });
  afterAll(() => sink.stop());

  const send = (to: string) =>
    createTransport(sink.url).sendMail({ from: 'me@a.test', to, subject: 'hello', text: 'body' });

  test('keeps what it accepts', async () => {
    const arrival = sink.waitFor(({ to }) => to.includes('you@b.test'));
    await send('you@b.test');
    const message = await arrival;
    expect(message.from).toBe('me@a.test');
    expect(message.raw.toString()).toContain('Subject: hello');
    sink.clear();
    expect(sink.messages).toEqual([]);
  });

  test.each([
    ['bounced@b.test', 550],
    ['deferred+1@b.test', 451],
    ['greylisted@b.test', 450],
    ['spam@b.test', 554],
  ])('refuses %s with %i', async (to, responseCode) => {
    await expect(send(to)).rejects.toMatchObject({ responseCode });
  });

  test('answers late, and cuts after DATA', async () => {
    const started = Date.now();
    await send('slow@b.test');
    expect(Date.now() - started).toBeGreaterThanOrEqual(50);
    await expect(send('cut@b.test')).rejects.toThrow();
    expect(sink.messages.filter(({ to }) => to.includes('cut@b.test'))).toEqual([]);
  });

  test('asks for the login and stops with clients connected', async () => {
    const guarded = await SmtpSink.start({ credentials: { username: 'u', password: 'p@:/' } });
    const mail = { from: 'me@a.test', to: 'you@b.test', text: 'x' };
    await createTransport(guarded.url).sendMail(mail);
    const anonymous = createTransport({ host: guarded.host, port: guarded.port });
    await expect(anonymous.sendMail(mail)).rejects.toMatchObject({ responseCode: 530 });
    const idle = createConnection(guarded.port, guarded.host);
    await once(idle, 'data');
    await guarded.stop();
    await eventually(() => idle.closed);
    expect(guarded.messages).toHaveLength(1);
  });
});
