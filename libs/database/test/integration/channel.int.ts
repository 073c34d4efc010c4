import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { createNotesDatabase, type NotesDatabase } from './notes-database.js';

let notes: NotesDatabase;
beforeAll(async () => {
  notes = await createNotesDatabase();
});
afterAll(() => notes.drop());

const SESSIONS = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'channel wake_up'`;

test('what one process sends another one hears, many notices within 2 ms as one', async () => {
  const heard: string[] = [];
  const listener = notes.open();
  listener.listen('wake_up', (payload) => heard.push(payload));
  const channel = notes.open().listen('wake_up', () => undefined);
  await eventually(
    async () => (await notes.admin.query(SESSIONS)).rowCount === 2 && heard.length > 0,
  );
  expect(heard.join('')).toBe('');
  for (const payload of ['a', 'b', 'c']) channel.send(payload);
  await eventually(() => heard.includes('c'));
  expect(heard.join('')).toBe('c');
  await listener.close();
  await eventually(async () => (await notes.admin.query(SESSIONS)).rowCount === 1);
});

test('a session that is lost is made anew, and its listener told that it may have missed something', async () => {
  const heard: string[] = [];
  const database = notes.open();
  const channel = database.listen('wake_up', (payload) => heard.push(payload));
  await eventually(() => heard.length > 0);
  const before = heard.length;
  await notes.admin.query(SESSIONS.replace('SELECT pid', 'SELECT pg_terminate_backend(pid)'));
  await eventually(() => heard.length > before);
  expect(heard.join('')).toBe('');
  channel.send('again');
  await eventually(() => heard.includes('again'));
});
