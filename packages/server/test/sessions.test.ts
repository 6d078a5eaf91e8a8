import { expect, test } from 'vitest';
import { createSessionStore } from '../src/http/apps/sessions.ts';

test('keeps state under an id of its own, until it is ended', () => {
  const sessions = createSessionStore<number>();
  const one = sessions.open(1);
  const other = sessions.open(2);
  expect(one.id).not.toBe(other.id);
  sessions.find(one.id, 'session_hash').state = 5;
  expect(sessions.find(one.id, 'session_hash').state).toBe(5);
  expect(sessions.find(other.id, 'session_hash').state).toBe(2);
  expect(sessions.end(one.id)).toBe(true);
  expect(sessions.end(one.id)).toBe(false);
  expect(() => sessions.find(one.id, 'session_hash')).toThrow(/does not exist/);
});

test('one over the bound ends the session that was used longest ago', () => {
  const sessions = createSessionStore<string>({ maxSessions: 2 });
  const a = sessions.open('a');
  const b = sessions.open('b');
  sessions.find(a.id, 'id');
  const c = sessions.open('c');
  expect(sessions.size).toBe(2);
  expect(sessions.find(a.id, 'id').state).toBe('a');
  expect(sessions.find(c.id, 'id').state).toBe('c');
  expect(() => sessions.find(b.id, 'id')).toThrow(/does not exist/);
});

test('a session is over once it was idle for maxIdleMs; use keeps it', () => {
  let at = 0;
  const sessions = createSessionStore<string>({ maxIdleMs: 100, now: () => at });
  const used = sessions.open('used');
  const idle = sessions.open('idle');
  at = 60;
  sessions.find(used.id, 'id');
  at = 100;
  expect(sessions.size).toBe(1);
  expect(() => sessions.find(idle.id, 'id')).toThrow(/does not exist/);
  at = 159;
  expect(sessions.find(used.id, 'id').state).toBe('used');
  at = 259;
  expect(sessions.size).toBe(0);
});

test('says what is wrong with options', () => {
  expect(() => createSessionStore({ maxSessions: 0 })).toThrow(/maxSessions must be an integer >= 1, got 0/);
  expect(() => createSessionStore({ maxIdleMs: 0 })).toThrow(/maxIdleMs must be a number > 0, got 0/);
});
