import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { parseConfig } from './config.ts';

it('has defaults for a server on this machine', () => {
  expect(parseConfig({})).toMatchObject({
    servers: ['nats://127.0.0.1:4222'],
    stream: 'SLIPWAY',
    subjects: ['slipway.v1.>'],
    deduplicationWindowMs: 7_200_000,
  });
});

it('reads lists and numbers from text, and hides secrets', () => {
  const config = parseConfig({ servers: 'nats://a:1, nats://b:2', replicas: '3', user: 'u', password: 'hidden-word' });
  expect(config.servers).toEqual(['nats://a:1', 'nats://b:2']);
  expect(config.replicas).toBe(3);
  expect(config.password?.reveal()).toBe('hidden-word');
  expect(`${inspect(config)}${JSON.stringify(config)}`).not.toContain('hidden-word');
});

it('lists all problems with their settings', () => {
  expect(() => parseConfig({ servers: 'http://x', stream: 'a.b', typo: 1 })).toThrow(/servers.*stream/);
  expect(() => parseConfig({ user: 'u', maxAgeMs: 5_000 })).toThrow(/deduplicationWindowMs.*password/);
  expect(() => parseConfig({ token: 't', credentialsFile: '/x' })).toThrow(/credentialsFile/);
});
